// Where tests find what they read and run, wherever they were copied to.
#pragma once

#include <filesystem>
#include <string>

namespace lanet::test {

/// The folder that holds golden/ and fixtures/: $LANET_TEST_DIR, else that of the test program if
/// it has a golden/, else that of the sources as they were when this was compiled.
std::filesystem::path tests_folder();

/// lanet-cuda of the same build: in the folder above the test program's.
std::string program();

}  // namespace lanet::test
