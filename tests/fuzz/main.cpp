// The loop of every fuzz target: writes the bytes that libFuzzer made up to a file and has the
// target read it. Exceptions other than InputError, and what the sanitizers find, end the fuzzer.
#include <stdlib.h>

#include <fstream>
#include <iostream>

#include "core/error.h"
#include "tests/fuzz/fuzz.h"

namespace lanet::fuzz {

void attempt(const std::function<void()>& read) {
  try {
    read();
  } catch (const InputError& error) {
    const std::string message = error.what();
    for (const unsigned char c : message)
      if (c < 0x20 || c == 0x7F) {
        std::cerr << "not one printable line: " << message << '\n';
        abort();
      }
  }
}

}  // namespace lanet::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::filesystem::path folder = [] {
    std::string name = (std::filesystem::temp_directory_path() / "lanet-fuzz-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) abort();
    return name;
  }();
  const std::filesystem::path file = folder / lanet::fuzz::kFileName;
  std::ofstream(file, std::ios::binary).write(reinterpret_cast<const char*>(data), size);
  lanet::fuzz::attempt([&] { lanet::fuzz::parse(file); });
  return 0;
}
