// Event files as TensorBoard reads them, and the files of its projector.
#include "train/tensorboard/event_file.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/temporary_folder.h"
#include "tests/train/read_events.h"
#include "train/tensorboard/projector.h"

namespace lanet::test {
namespace {

using nlohmann::ordered_json;
using Curve = std::map<int64_t, float>;

const std::vector<std::string> kClasses = {"sad", "a|b"};

ordered_json line(int epoch, double loss) {
  return {{"epoch", epoch},
          {"losses", {{"expression", loss / 2}, {"total", loss}}},
          {"learning_rate", 0.001},
          {"train_accuracy", 0.25},
          {"test_accuracy", 0.5},
          {"test_recall", {0.75, nullptr}},
          {"test_confusion", {{3, 1}, {0, 0}}},
          {"val_accuracy", 0.125},
          {"memorised", nullptr},
          {"label_accuracy", 0.625},
          {"estimates_spread", 0.375},
          {"images_per_second", 11.5},
          {"seconds", 4}};
}

}  // namespace

TEST_CASE("event file: each number of a line has a tag of its group, and null has none") {
  const std::vector<std::pair<std::string, double>> expected = {{"train/loss_expression", 1},
                                                                {"train/loss", 2},
                                                                {"train/learning_rate", 0.001},
                                                                {"train/accuracy", 0.25},
                                                                {"test/accuracy", 0.5},
                                                                {"test/recall/sad", 0.75},
                                                                {"validation/accuracy", 0.125},
                                                                {"labels/accuracy", 0.625},
                                                                {"labels/estimates_spread", 0.375},
                                                                {"speed/images_per_second", 11.5},
                                                                {"speed/seconds", 4}};
  CHECK(scalars_of(line(1, 2), kClasses) == expected);
}

TEST_CASE("event file: the confusion matrix is a table in Markdown, whatever a class is called") {
  CHECK(confusion_markdown(line(1, 2), kClasses) ==
        "| truly \\\\ predicted | sad | a\\|b |\n"
        "|---|---:|---:|\n"
        "| sad | **3** | 1 |\n"
        "| a\\|b | 0 | **0** |\n");
}

TEST_CASE("event file: what is added is read back by epoch") {
  const TemporaryFolder folder;
  EventFile file(folder.path(), kClasses, {});
  file.add(line(1, 2));
  file.add(line(2, 1.5));
  REQUIRE(event_files(folder.path()).size() == 1);
  const auto scalars = shown_events<float>(folder.path());
  CHECK(scalars.size() == 11);
  CHECK(scalars.at("train/loss") == Curve{{1, 2}, {2, 1.5F}});
  CHECK(scalars.at("train/learning_rate") == Curve{{1, 0.001F}, {2, 0.001F}});
  const auto texts = shown_events<std::string>(folder.path());
  CHECK(texts.size() == 1);
  CHECK(texts.at("test/confusion").at(2) == confusion_markdown(line(2, 1.5), kClasses));
  for (const Event& event : read_event_file(event_files(folder.path())[0])) {
    CHECK(event.wall_time > 1.7e9);
    CHECK((event.plugin == "text") == !event.text.empty());
  }
}

TEST_CASE("event file: a run that goes on has a further file, and shows no epoch twice") {
  const TemporaryFolder folder;
  EventFile first(folder.path(), kClasses, {});
  for (const int epoch : {1, 2, 3}) first.add(line(epoch, epoch));
  // The third epoch was not finished: it is trained again.
  const std::vector<ordered_json> finished = {line(1, 1), line(2, 2)};
  EventFile second(folder.path(), kClasses, finished);
  CHECK(event_files(folder.path()).size() == 2);
  CHECK(shown_events<float>(folder.path()).at("train/loss") == Curve{{1, 1}, {2, 2}});
  second.add(line(3, 30));
  second.add(line(4, 40));
  CHECK(shown_events<float>(folder.path()).at("train/loss") ==
        Curve{{1, 1}, {2, 2}, {3, 30}, {4, 40}});
  CHECK(shown_events<std::string>(folder.path()).at("test/confusion").size() == 4);
  // Names order the files even where the clock was put back.
  folder.write("events.out.tfevents.9999999998.lanet-cuda", "");
  const EventFile third(folder.path(), kClasses, finished);
  CHECK(event_files(folder.path()).back().filename() ==
        "events.out.tfevents.9999999999.lanet-cuda");
}

TEST_CASE("event file: epochs of before the first file are in it") {
  const TemporaryFolder folder;
  const std::vector<ordered_json> finished = {line(1, 1), line(2, 2)};
  EventFile file(folder.path(), kClasses, finished);
  file.add(line(3, 3));
  CHECK(shown_events<float>(folder.path()).at("train/loss") == Curve{{1, 1}, {2, 2}, {3, 3}});
}

TEST_CASE("event file: epochs of a time without events are in the next file, between two others") {
  const TemporaryFolder folder;
  EventFile first(folder.path(), kClasses, {});
  for (const int epoch : {1, 2}) first.add(line(epoch, epoch));
  // The third and the fourth epoch were trained without events.
  const std::vector<ordered_json> finished = {line(1, 1), line(2, 2), line(3, 3), line(4, 4)};
  EventFile second(folder.path(), kClasses, finished);
  second.add(line(5, 5));
  CHECK(shown_events<float>(folder.path()).at("train/loss") ==
        Curve{{1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 5}});
  CHECK(shown_events<std::string>(folder.path()).at("test/confusion").size() == 5);
}

TEST_CASE("projector: a row of features and a row of names for each face") {
  const TemporaryFolder folder;
  write_projector(folder.path(), {.features = {0.5F, -1, 1e-7F, 3, 0.1F, 12345.678F},
                                  .names = {"1.png", "2\t.png"},
                                  .labels = {"sad", "a b"},
                                  .predicted = {"a b", "sad"}});
  CHECK(read_text(folder.path() / "tensors.tsv") == "0.5\t-1\t1e-07\n3\t0.1\t12345.7\n");
  CHECK(read_text(folder.path() / "metadata.tsv") ==
        "image\tlabel\tpredicted\n1.png\tsad\ta b\n2 .png\ta b\tsad\n");
  const std::string config = read_text(folder.path() / "projector_config.pbtxt");
  CHECK(config.find("tensor_path: \"tensors.tsv\"") != std::string::npos);
  CHECK(config.find("metadata_path: \"metadata.tsv\"") != std::string::npos);
}

}  // namespace lanet::test
