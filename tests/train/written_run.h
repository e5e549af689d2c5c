// Run folders as train writes them, without training: for tests of what is made of them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/temporary_folder.h"
#include "train/metrics.h"

namespace lanet::test {

/// A run of two classes, three training and eight test faces, and three epochs.
struct WrittenRun {
  std::vector<std::string> classes = {"sad", "a < \"b\" & c"};
  nlohmann::ordered_json config = {{"seed", 1},
                                   {"data", {{"root", "gone"}, {"noise", {{"rate", 0.3}}}}},
                                   {"train", {{"epochs", 3}}}};
  std::vector<Confusion> confusions = {Confusion(2, {1, 3, 3, 1}), Confusion(2, {4, 0, 0, 4}),
                                       Confusion(2, {3, 1, 2, 2})};
  bool recent = true;  ///< with what runs of earlier versions have not

  nlohmann::ordered_json line(size_t epoch) const {
    const nlohmann::ordered_json test = to_json(confusions[epoch]);
    nlohmann::ordered_json line = {
        {"epoch", epoch + 1},
        {"losses", {{"expression", 2.5 - epoch}, {"total", 2.5 - epoch}}},
        {"train_accuracy", 0.25},
        {"test_accuracy", test["accuracy"]},
        {"test_balanced_accuracy", test["balanced_accuracy"]},
        {"test_recall", test["recall"]},
        {"memorised", 0.125},
        {"corrected", 0.875},
        {"label_accuracy", 0.625},
        {"estimates_confident", 0.5},
        {"images_per_second", 10.0 + epoch},
        {"seconds", 4.0}};
    if (recent) line["test_confusion"] = test["confusion"];
    return line;
  }

  /// Writes it to the folder `name`, whose path is returned.
  std::filesystem::path write(const TemporaryFolder& folder, const std::string& name) const {
    std::string metrics;
    std::vector<EpochScores> scores;
    for (size_t epoch = 0; epoch < confusions.size(); ++epoch) {
      metrics += line(epoch).dump() + "\n";
      scores.push_back({confusions[epoch].accuracy(), confusions[epoch].balanced_accuracy(), {}});
    }
    folder.write(name + "/config.json", config.dump());
    folder.write(name + "/metrics.jsonl", metrics);
    folder.write(name + "/summary.json", to_json(summarize(scores)).dump());
    if (!recent) return folder.path() / name;
    folder.write(name + "/environment.json",
                 R"({"program": {"version": "9.9", "commit": null}, "threads": 3})");
    folder.write(name + "/classes.json", nlohmann::json(classes).dump());
    folder.write(name + "/labels.csv",
                 "image,given_label,sad,\"a < \"\"b\"\" & c\"\n<1>.png,sad,0.125,0.875\n"
                 "2.png,sad,0.75,0.25\n3.png,\"a < \"\"b\"\" & c\",0.9375,0.0625\n");
    folder.write(name + "/noise.csv",
                 "image,true_label,given_label,changed\n<1>.png,\"a < \"\"b\"\" & c\",sad,1\n"
                 "2.png,sad,sad,0\n3.png,\"a < \"\"b\"\" & c\",\"a < \"\"b\"\" & c\",0\n");
    return folder.path() / name;
  }
};

}  // namespace lanet::test
