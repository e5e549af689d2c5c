// What libFuzzer calls: writes the bytes that it made up to a file and has the parser that the
// environment variable LANET_FUZZ_PARSER names read it. What a parser throws ends the fuzzer.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

#include "tests/fuzz/parsers.h"

namespace {

namespace fs = std::filesystem;

const lanet::fuzz::Parser& chosen_parser() {
  const char* name = std::getenv("LANET_FUZZ_PARSER");
  const auto all = lanet::fuzz::parsers();
  const auto found = std::ranges::find(all, name ? name : "", &lanet::fuzz::Parser::name);
  if (found != all.end()) return *found;
  std::cerr << "LANET_FUZZ_PARSER: expected one of";
  for (const auto& parser : all) std::cerr << ' ' << parser.name;
  std::cerr << '\n';
  std::exit(2);
}

fs::path new_folder() {
  std::string name = (fs::temp_directory_path() / "lanet-fuzz-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) abort();
  return name;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto& parser = chosen_parser();
  static const fs::path file = new_folder() / parser.file_name;
  std::ofstream(file, std::ios::binary).write(reinterpret_cast<const char*>(data), size);
  parser.parse(file);
  return 0;
}
