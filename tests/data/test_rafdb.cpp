#include <doctest/doctest.h>

#include "data/rafdb.h"
#include "tests/input_error.h"
#include "tests/temporary_folder.h"

namespace lanet::test {
namespace {

constexpr const char* kPictures = "basic/Image/aligned/";

/// A data set with this list and these pictures (empty files: only their names matter here).
std::filesystem::path data_set(const TemporaryFolder& folder, const std::string& list,
                               const std::vector<std::string>& pictures) {
  std::filesystem::create_directories(folder.path() / kPictures);
  for (const auto& name : pictures) folder.write(kPictures + name, "");
  folder.write(kDefaultLabelList, list);
  return folder.path();
}

}  // namespace

TEST_CASE("rafdb: labels 1 to 7 become the classes of the same name") {
  const TemporaryFolder folder;
  std::string list;
  std::vector<std::string> pictures;
  for (int label = 1; label <= 7; ++label) {
    list += fmt::format("train_0000{}.jpg {}\n", label, label);
    pictures.push_back(fmt::format("train_0000{}_aligned.jpg", label));
  }
  const auto faces =
      read_face_list(data_set(folder, list, pictures), kDefaultLabelList, Split::train);
  std::vector<std::string_view> classes;
  for (const int32_t label : faces.labels)
    classes.push_back(kExpressionNames[static_cast<size_t>(label)]);
  CHECK(classes == std::vector<std::string_view>{"surprise", "fear", "disgust", "happiness",
                                                 "sadness", "anger", "neutral"});
}

TEST_CASE("rafdb: each split has its own lines, in the list's order") {
  const TemporaryFolder folder;
  const auto root =
      data_set(folder, "train_00002.jpg 5\r\ntest_0001.jpg 1\n\n  train_00001.jpg\t4  ",
               {"train_00001_aligned.jpg", "train_00001_aligned.png", "train_00002_aligned.png",
                "test_0001_aligned.jpg"});
  const auto train = read_face_list(root, kDefaultLabelList, Split::train);
  CHECK(train.names == std::vector<std::string>{"train_00002.jpg", "train_00001.jpg"});
  CHECK(train.labels == std::vector<int32_t>{4, 3});
  CHECK(train.paths == std::vector<std::filesystem::path>{
                           root / kPictures / "train_00002_aligned.png",  // no .jpg is there
                           root / kPictures / "train_00001_aligned.jpg"});
  const auto test = read_face_list(root, kDefaultLabelList, Split::test);
  CHECK(test.names == std::vector<std::string>{"test_0001.jpg"});
  CHECK(test.labels == std::vector<int32_t>{5});
}

TEST_CASE("rafdb: a list with test lines only serves the test split") {
  const TemporaryFolder folder;
  const auto root = data_set(folder, "test_0001.jpg 7\n", {"test_0001_aligned.jpg"});
  CHECK(read_face_list(root, kDefaultLabelList, Split::test).size() == 1);
  CHECK(is_line_with(input_error([&] { read_face_list(root, kDefaultLabelList, Split::train); }),
                     "it has no line for the train split"));
}

TEST_CASE("rafdb: only the pictures of the split that is read need to be there") {
  const TemporaryFolder folder;
  const auto root = data_set(folder, "train_1.jpg 7\ntest_1.jpg 7\n", {"test_1_aligned.jpg"});
  CHECK(read_face_list(root, kDefaultLabelList, Split::test).size() == 1);
  const auto message = input_error([&] { read_face_list(root, kDefaultLabelList, Split::train); });
  CHECK(is_line_with(message, "list_patition_label.txt:1: picture " +
                                  (root / kPictures / "train_1_aligned.jpg").string() +
                                  " does not exist (tried .jpg, .jpeg and .png, with and "
                                  "without _aligned)"));
}

TEST_CASE("rafdb: another list is read where data.labels names one") {
  const TemporaryFolder folder;
  const auto root = data_set(folder, "train_1.jpg 7\n", {"train_1_aligned.jpg"});
  folder.write("other.txt", "train_1.jpg 1\n");
  CHECK(read_face_list(root, "other.txt", Split::train).labels == std::vector<int32_t>{5});
  CHECK(is_line_with(input_error([&] { read_face_list(root, "absent.txt", Split::train); }),
                     "data.labels " + (root / "absent.txt").string() + ": there is no such file"));
}

TEST_CASE("rafdb: what is wrong with a list or a folder is named") {
  struct Case {
    const char* list;
    const char* message;
  };
  const Case cases[] = {
      {"", "it has no line for the train split"},
      {"train_1.jpg 9\n", ".txt:1: label 9 of train_1.jpg; expected 1 to 7"},
      {"train_1.jpg 0\n", "label 0 of train_1.jpg; expected 1 to 7"},
      {"train_1.jpg 1.5\n", "label 1.5 of train_1.jpg"},
      {"train_1.jpg -1\n", "label -1 of train_1.jpg"},
      {"train_1.jpg 12\n", "label 12 of train_1.jpg"},
      {"train_1.jpg 1\ntrain_2.jpg\n", ".txt:2: 'train_2.jpg'; expected a picture and its label"},
      {"train_1.jpg x 2\n", ".txt:1: label x of train_1.jpg; expected 1 to 7"},
      {"valid_1.jpg 1\n", ".txt:1: 'valid_1.jpg 1'; expected"},
      {"train_/../x.jpg 1\n", "expected a picture and its label"},
      {"train_1,2.jpg 1\n", "expected a picture and its label"},
      {"train_1.jpg 1\ntrain_1.jpg 2\n", ".txt:2: train_1.jpg occurs a second time"},
      {"train_1.jpg 1\ntest_1.jpg 8\n", ".txt:2: label 8 of test_1.jpg"},
  };
  for (const Case& c : cases) {
    const TemporaryFolder folder;
    const auto root = data_set(folder, c.list, {"train_1_aligned.jpg"});
    const auto message =
        input_error([&] { read_face_list(root, kDefaultLabelList, Split::train); });
    CAPTURE(message);
    CHECK(is_line_with(message, c.message));
  }
  const TemporaryFolder folder;
  auto message = [](const std::filesystem::path& root) {
    return input_error([&] { read_face_list(root, kDefaultLabelList, Split::train); });
  };
  CHECK(is_line_with(message(folder.path() / "absent"), "there is no such folder"));
  CHECK(is_line_with(message(folder.path()), "list_patition_label.txt: there is no such file"));
  folder.write(kDefaultLabelList, "train_1.jpg 1\n");
  CHECK(is_line_with(message(folder.path()), "it has no folder basic/Image/aligned"));
}

TEST_CASE("rafdb: true labels are found by name, and need no pictures") {
  const TemporaryFolder folder;
  folder.write("true.txt", "train_2.jpg 1\ntrain_1.jpg 4\ntrain_3.jpg 7\n");
  const std::vector<std::string> names = {"train_1.jpg", "train_2.jpg"};
  CHECK(read_true_labels(folder.path(), "true.txt", Split::train, names) ==
        std::vector<int32_t>{3, 5});
}

TEST_CASE("rafdb: a list of true labels has each face of a split; of the test split all or none") {
  const TemporaryFolder folder;
  const std::string list = (folder.path() / "true.txt").string();
  auto message = [&](Split split, const std::vector<std::string>& names) {
    return input_error([&] { read_true_labels(folder.path(), "true.txt", split, names); });
  };
  CHECK(message(Split::train, {"train_1.jpg"}) ==
        "data.true_labels " + list + ": there is no such file");
  folder.write("true.txt", "train_1.jpg 4\n");
  CHECK(message(Split::train, {"train_1.jpg", "train_2.jpg"}) ==
        "data.true_labels " + list +
            ": it has no line for train_2.jpg; expected one for each train face of data.labels");
  const std::vector<std::string> tests = {"test_1.jpg", "test_2.jpg"};
  CHECK(read_true_labels(folder.path(), "true.txt", Split::test, tests).empty());
  folder.write("true.txt", "train_1.jpg 4\ntest_2.jpg 5\n");
  CHECK(is_line_with(message(Split::test, tests), "it has no line for test_1.jpg"));
  folder.write("true.txt", "test_1.jpg 4\n");
  CHECK(is_line_with(message(Split::train, {"train_1.jpg"}), "it has no line for train_1.jpg"));
  folder.write("true.txt", "train_1.jpg 9\n");
  CHECK(is_line_with(message(Split::train, {"train_1.jpg"}), "true.txt:1: label 9 of train_1.jpg"));
}

}  // namespace lanet::test
