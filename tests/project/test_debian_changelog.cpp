// scripts/debian-changelog: CHANGELOG.md in the form that a Debian package needs.
#include "tests/program.h"

namespace lanet::test {
namespace {

Outcome debian_changelog(const std::string& text) {
  const TemporaryFolder folder;
  const std::string file = folder.write("changelog.md", text).string();
  return run_shell("SOURCE_DATE_EPOCH=86400 " +
                   (tests_folder().parent_path() / "scripts/debian-changelog").string() + " " +
                   file + " 0.2.0 'A B <a@example.org>'");
}

}  // namespace

TEST_CASE("debian changelog: each release is an entry with its items, in lines that are not long") {
  const Outcome outcome = debian_changelog(
      "# Changelog\n\n- not of a release\n\n## [Unreleased]\n\nA remark.\n\n### Added\n\n"
      "- A thing ([guide](docs/guide.md)) that takes more than the eighty characters of a line,\n"
      "  even of two lines.\n- `another`\n\n"
      "## [0.1.0] - 2026-01-31\n\n### Fixed\n\n- One.\n");
  CHECK(outcome.code == 0);
  CHECK(outcome.err.empty());
  CHECK(outcome.out ==
        "lanet-cuda (0.2.0) UNRELEASED; urgency=medium\n\n"
        "  A remark.\n\n"
        "  [ Added ]\n"
        "  * A thing (guide) that takes more than the eighty characters of a line, even\n"
        "    of two lines.\n"
        "  * `another`\n\n"
        " -- A B <a@example.org>  Fri, 02 Jan 1970 00:00:00 +0000\n\n"
        "lanet-cuda (0.1.0) unstable; urgency=medium\n\n"
        "  [ Fixed ]\n"
        "  * One.\n\n"
        " -- A B <a@example.org>  Sat, 31 Jan 2026 00:00:00 +0000\n\n");
}

TEST_CASE("debian changelog: a file without a release is refused") {
  const Outcome outcome = debian_changelog("# Changelog\n\n- An item\n");
  CHECK(outcome.code == 1);
  CHECK(outcome.err.find("no heading such as ## [0.1.0] - 2026-01-31") != std::string::npos);
}

}  // namespace lanet::test
