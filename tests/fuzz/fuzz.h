// One parser of files under libFuzzer. main.cpp has the loop; each fuzz_*.cpp defines kFileName and
// parse() for its parser.
#pragma once

#include <filesystem>
#include <functional>

namespace lanet::fuzz {

/// The name of the file that the parser is given, for readers that go by its extension.
extern const char* const kFileName;

/// Reads the file as the program would. May throw InputError, and nothing else.
void parse(const std::filesystem::path& file);

/// Runs a reader. It may throw InputError with a message of one printable line; with any other
/// message, the program aborts.
void attempt(const std::function<void()>& read);

}  // namespace lanet::fuzz
