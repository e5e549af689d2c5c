#include "train/labels/label_table.h"

#include <vector>

#include "core/error.h"
#include "tests/input_error.h"
#include "tests/temporary_folder.h"

namespace lanet::test {

TEST_CASE("label table: labels.csv is read with names, given labels and estimates") {
  const TemporaryFolder folder;
  const LabelTable table = read_label_table(folder.write(
      "labels.csv", "image,given_label,sad,\"so,so\"\n\"a,b\",sad,0.25,0.75\nc,\"so,so\",0,1\n"));
  CHECK(table.classes == std::vector<std::string>{"sad", "so,so"});
  CHECK(table.names == std::vector<std::string>{"a,b", "c"});
  CHECK(table.given == std::vector<int32_t>{0, 1});
  CHECK(table.estimates == std::vector<double>{0.25, 0.75, 0, 1});
  CHECK(table.place(1).ends_with("labels.csv:3"));
}

TEST_CASE("label table: what is written is read, and other faces are refused") {
  const TemporaryFolder folder;
  const std::vector<std::string> names = {"a,b", "c"}, classes = {"sad", "so,so"};
  const std::vector<int32_t> given = {0, 1};
  const std::vector<double> estimates = {0.25, 0.75, 1.5e-7, 1};
  const LabelTable table = read_label_table(
      folder.write("labels.csv", label_table_csv(names, given, classes, estimates)));
  CHECK(table.names == names);
  CHECK(table.given == given);
  CHECK(table.classes == classes);
  CHECK(table.estimates == estimates);

  table.require(names, given, classes);
  using Names = std::vector<std::string>;
  const auto refusal = [&](const Names& faces, const std::vector<int32_t>& labels,
                           const Names& expected) {
    return input_error([&] { table.require(faces, labels, expected); });
  };
  CHECK(refusal(names, given, {"sad", "happy"}).find("classes sad, so,so; expected sad, happy") !=
        std::string::npos);
  CHECK(refusal({"a,b"}, {0}, classes).find("2 rows; the data of the run have 1") !=
        std::string::npos);
  CHECK(refusal({"a,b", "d"}, given, classes).find(":3: c labelled so,so; expected d labelled") !=
        std::string::npos);
  CHECK(refusal(names, {0, 0}, classes).find("expected c labelled sad: the data have changed") !=
        std::string::npos);
}

TEST_CASE("label table: what is no labels.csv is refused with file and line") {
  const TemporaryFolder folder;
  const std::string head = "image,given_label,sad,happy\n";
  for (const auto& damaged : std::vector<std::pair<std::string, std::string>>{
           {"image,label,sad\na,sad,1\n", ": expected the header image,given_label"},
           {"image,given_label\n", ": expected the header image,given_label"},
           {head, ": expected the header image,given_label"},
           {head + "a,sad,1,0\nb,angry,1,0\n",
            ":3: given_label 'angry'; expected one of sad, happy"},
           {head + "a,sad,1.5,0\n", ":2: '1.5'; expected a probability from 0 to 1"},
           {head + "a,sad,,0\n", ":2: ''; expected a probability from 0 to 1"},
           {head + "a,sad,0.5x,0\n", ":2: '0.5x'; expected a probability from 0 to 1"}}) {
    const auto& text = damaged.first;
    CAPTURE(text);
    const std::filesystem::path file = folder.write("labels.csv", text);
    const std::string message = input_error([&] { read_label_table(file); });
    CHECK(message.starts_with(file.string() + damaged.second));
  }
}

}  // namespace lanet::test
