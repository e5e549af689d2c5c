// The seeds of scripts/fuzz, among them what it has found, as ordinary tests.
#include <doctest/doctest.h>

#include <algorithm>

#include "core/files/file.h"
#include "tests/files.h"
#include "tests/fuzz/parsers.h"
#include "tests/temporary_folder.h"

namespace lanet {
namespace {

namespace fs = std::filesystem;

const fs::path kSeeds = test::tests_folder() / "fuzz/seeds";

TEST_CASE("fuzz: every parser reads or refuses its seeds, and nothing else happens") {
  for (const fuzz::Parser& parser : fuzz::parsers()) {
    if (!fs::exists(kSeeds / parser.name)) continue;  // all its seeds are in tests/fixtures
    const test::TemporaryFolder folder;
    for (const auto& seed : fs::directory_iterator(kSeeds / parser.name)) {
      CAPTURE(seed.path());
      CHECK_NOTHROW(parser.parse(folder.write(parser.file_name, read_text(seed.path()))));
    }
  }
}

TEST_CASE("fuzz: every folder of seeds belongs to a parser") {
  for (const auto& folder : fs::directory_iterator(kSeeds))
    CHECK_MESSAGE(std::ranges::count(fuzz::parsers(), folder.path().filename().string(),
                                     &fuzz::Parser::name) == 1,
                  folder.path());
}

}  // namespace
}  // namespace lanet
