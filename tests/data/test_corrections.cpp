#include "data/corrections.h"

#include <doctest/doctest.h>

#include "data/expressions.h"
#include "tests/input_error.h"
#include "tests/temporary_folder.h"

namespace lanet::test {
namespace {

const std::vector<std::string> kNames = {"a.jpg", "b.jpg", "c,1.jpg"};
const std::vector<int32_t> kLabels = {0, 3, 6};

}  // namespace

TEST_CASE("corrections: labels are put right, with or without the column of given ones") {
  const TemporaryFolder folder;
  std::vector<int32_t> labels = kLabels;
  const auto whole = folder.write("corrections.csv",
                                  "image,given,label\n\"c,1.jpg\",neutral,fear\n"
                                  "a.jpg,anger,anger\n");
  CHECK(apply_corrections(whole, kNames, kExpressionNames, labels) == 1);
  CHECK(labels == std::vector<int32_t>{0, 3, 2});
  const auto bare = folder.write("bare.csv", "label,image\nsurprise,b.jpg\n");
  CHECK(apply_corrections(bare, kNames, kExpressionNames, labels) == 1);
  CHECK(labels == std::vector<int32_t>{0, 5, 2});
  const auto none = folder.write("none.csv", "image,given,label\n");
  CHECK(apply_corrections(none, kNames, kExpressionNames, labels) == 0);
}

TEST_CASE("corrections: what is not of these faces is refused, and the line is named") {
  const TemporaryFolder folder;
  struct Case {
    std::string text;
    const char* message;
  };
  const Case cases[] = {
      {"image,given\na.jpg,anger\n", "label"},
      {"picture,label\na.jpg,anger\n", "image"},
      {"image,label\na.jpg,fear\nb.jpeg,fear\n",
       ":3: image 'b.jpeg' is not one of the 3 training faces; did you mean 'b.jpg'?"},
      {"image,label\na.jpg,feer\n", ":2: label 'feer' is not a class; did you mean 'fear'?"},
      {"image,label\na.jpg,fear\na.jpg,anger\n", ":3: a second row of a.jpg"},
      {"image,given,label\nb.jpg,happy,fear\n", ":2: given 'happy' is not a class"},
      {"image,given,label\nb.jpg,sadness,fear\n",
       ":2: b.jpg was labelled sadness when it was corrected; its label is now happiness"},
  };
  for (const Case& c : cases) {
    const auto path = folder.write("corrections.csv", c.text);
    std::vector<int32_t> labels = kLabels;
    const auto message =
        input_error([&] { apply_corrections(path, kNames, kExpressionNames, labels); });
    CAPTURE(message);
    CHECK(is_line_with(message, c.message));
  }
  std::vector<int32_t> labels = kLabels;
  CHECK(is_line_with(input_error([&] {
                       apply_corrections(folder.path() / "no.csv", kNames, kExpressionNames,
                                         labels);
                     }),
                     "no.csv: there is no such file"));
}

}  // namespace lanet::test
