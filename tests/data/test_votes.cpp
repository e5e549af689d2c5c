#include "data/votes.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/temporary_folder.h"

namespace lanet::test {
namespace {

constexpr std::string_view kClasses[] = {"anger", "fear"};

std::vector<double> read(const std::string& text) {
  const TemporaryFolder folder;
  folder.write("votes.csv", text);
  const std::vector<std::string> names = {"b.jpg", "a.jpg"};
  return read_votes(folder.path() / "votes.csv", names, kClasses);
}

std::string refusal(const std::string& text) {
  try {
    read(text);
  } catch (const InputError& error) {
    const std::string message = error.what();
    return message.substr(message.find("votes.csv"));
  }
  return "";
}

}  // namespace

TEST_CASE("votes: shares by name, whatever the order of rows and columns") {
  CHECK(read("image,fear,unknown,anger\na.jpg,1,5,3\nc.jpg,,,\nb.jpg,2,0,0\n") ==
        std::vector<double>{0, 1, 0.75, 0.25});
}

TEST_CASE("votes: what is wrong is named with file and row") {
  CHECK(refusal("image,anger,fear\na.jpg,1,1\n") == "votes.csv: no row for b.jpg");
  CHECK(refusal("image,anger,fear\na.jpg,1,1\nb.jpg,-1,2\n") ==
        "votes.csv:3: anger is '-1'; expected a number of votes");
  CHECK(refusal("image,anger,fear\na.jpg,1,1\nb.jpg,1,many\n") ==
        "votes.csv:3: fear is 'many'; expected a number of votes");
  CHECK(refusal("image,anger,fear\nb.jpg,0,0\na.jpg,1,1\n") ==
        "votes.csv:2: no votes; expected one for a class at least");
  CHECK(refusal("image,anger,feat\na.jpg,1,1\n").find("fear") != std::string::npos);
  const std::vector<std::string> names = {"a.jpg"};
  CHECK_THROWS_WITH_AS(read_votes("/none.csv", names, kClasses),
                       "data.votes /none.csv: there is no such file", InputError);
}

}  // namespace lanet::test
