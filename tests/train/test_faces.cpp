// The faces of a configuration: the labels they are trained on and judged by, and the part that is
// split off for validation.
#include "train/data_digest.h"
#include "train/faces.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "core/files/file.h"
#include "core/parameter_io.h"
#include "data/noise.h"
#include "tests/input_error.h"
#include "tests/train/small_training.h"

namespace lanet::test {
namespace {

Faces load(Context& context, const Config& config, Split split = Split::train) {
  return load_faces(context, config, split, split == Split::train, [](const std::string&) {}, {});
}

/// The drawn faces' list with every label turned to the next, without the lines that start so.
void write_turned_list(const std::string& name, const std::string& without) {
  std::ifstream list(drawn_faces() / kDefaultLabelList);
  std::ofstream turned(drawn_faces() / name);
  std::string picture;
  for (int label = 0; list >> picture >> label;)
    if (without.empty() || !picture.starts_with(without))
      turned << picture << " " << label % 7 + 1 << "\n";
}

/// 18 of 24 people see class i mod 7 in training face i, and one each of the other classes. Returns
/// the name of the file.
std::string write_votes(const std::string& name) {
  Context context;
  const Faces faces = load(context, small_config());
  std::ofstream votes(drawn_faces() / name);
  votes << fmt::format("image,{}\n", fmt::join(kExpressionNames, ","));
  for (int64_t i = 0; i < faces.size(); ++i) {
    votes << faces.list.names[i];
    for (int c = 0; c < kNumExpressions; ++c) votes << (c == i % kNumExpressions ? ",18" : ",1");
    votes << "\n";
  }
  return name;
}

std::vector<double> pixels(Context& context, const Faces& faces, int64_t i) {
  return read_tensor(context, faces.set.picture(i));
}

}  // namespace

TEST_CASE("faces: noise is planted in what is trained on, and predictions are judged without it") {
  Context context;
  Config config = small_config();
  const Faces clean = load(context, config);
  CHECK(clean.given == clean.list.labels);
  CHECK(clean.judged_by == clean.list.labels);
  config.data.noise.rate = 0.5;
  const Faces noisy = load(context, config);
  CHECK(noisy.list.labels == clean.list.labels);
  CHECK(noisy.judged_by == clean.list.labels);
  CHECK(noisy.given != clean.list.labels);
  const Faces test = load(context, config, Split::test);
  CHECK(test.given == test.list.labels);
}

TEST_CASE(
    "faces: a noise file gives the labels that its seed would plant, whatever the run's seed") {
  const TemporaryFolder folder;
  Context context;
  Config config = small_config();
  config.data.noise.rate = 0.5;
  const Faces planted = load(context, config);
  const auto table = folder.path() / "noise.csv";
  write_noise_csv(table, planted.list.names, planted.list.labels, planted.given, kExpressionNames);
  config.data.noise = {.rate = 0, .file = table.string()};
  config.seed += 1;
  const Faces read = load(context, config);
  CHECK(read.given == planted.given);
  CHECK(read.judged_by == read.list.labels);
  const Faces test = load(context, config, Split::test);
  CHECK(test.given == test.list.labels);
  folder.write("noise.csv", "image,true_label,given_label,changed\n");
  CHECK(input_error([&] { load(context, config); }).find("0 rows; there are") != std::string::npos);
}

TEST_CASE(
    "faces: corrections are trained on, and are the truth where no label is wrong on purpose") {
  const TemporaryFolder folder;
  Context context;
  Config config = small_config();
  const Faces clean = load(context, config);
  const std::string& name = clean.list.names[1];
  const int32_t right = (clean.given[1] + 1) % kNumExpressions;
  const std::string row = fmt::format("{},{}\n", name, kExpressionNames[right]);
  config.data.corrections = folder.write("corrections.csv", "image,label\n" + row).string();
  const Faces corrected = load(context, config);
  std::vector<int32_t> expected = clean.given;
  expected[1] = right;
  CHECK(corrected.given == expected);
  CHECK(corrected.list.labels == expected);
  CHECK(corrected.judged_by == expected);
  const Faces test = load(context, config, Split::test);
  CHECK(test.given == load(context, small_config(), Split::test).given);

  config.data.noise.rate = 0.5;
  const Faces noisy = load(context, config);
  CHECK(noisy.given[1] == right);
  CHECK(noisy.list.labels == clean.list.labels);
  CHECK(noisy.judged_by == clean.list.labels);
  config.data.corrections.clear();
  const Faces planted = load(context, config);
  CHECK(std::equal(noisy.given.begin() + 2, noisy.given.end(), planted.given.begin() + 2));
}

TEST_CASE("faces: a picture that is skipped changes no other face's noise") {
  Context context;
  Config config = small_config();
  config.data.noise.rate = 0.5;
  config.data.skip_bad_images = true;
  const Faces whole = load(context, config);
  const TemporaryFolder folder;
  std::filesystem::copy(drawn_faces(), folder.path() / "faces",
                        std::filesystem::copy_options::recursive);
  config.data.root = (folder.path() / "faces").string();
  folder.write("faces/basic/Image/aligned/train_00002_aligned.jpg", "damaged");
  const Faces fewer = load(context, config);
  REQUIRE(fewer.size() == whole.size() - 1);
  CHECK(fewer.given[0] == whole.given[0]);
  CHECK(std::equal(fewer.given.begin() + 1, fewer.given.end(), whole.given.begin() + 2));
}

TEST_CASE("faces: true labels judge, and noise is planted on the labels of the list") {
  write_turned_list("turned.txt", "");
  write_turned_list("turned_train.txt", "test_");
  Context context;
  Config config = small_config();
  config.data.noise.rate = 0.5;
  const Faces without = load(context, config);
  const Faces test_without = load(context, config, Split::test);
  config.data.true_labels = "turned.txt";
  const Faces with = load(context, config);
  CHECK(with.list.labels == without.list.labels);
  CHECK(with.given == without.given);
  for (int64_t i = 0; i < with.size(); ++i) CHECK(with.judged_by[i] != with.list.labels[i]);
  const Faces test = load(context, config, Split::test);
  CHECK(test.list.labels == test_without.list.labels);
  CHECK(test.judged_by != test.list.labels);
  // A list of training faces alone leaves the test set as it is.
  config.data.true_labels = "turned_train.txt";
  CHECK(load(context, config).judged_by == with.judged_by);
  CHECK(load(context, config, Split::test).judged_by == test.list.labels);
  write_turned_list("turned_but.txt", "train_00007");
  config.data.true_labels = "turned_but.txt";
  CHECK(is_line_with(input_error([&] { load(context, config); }),
                     "turned_but.txt: it has no line for train_00007.jpg"));
}

TEST_CASE("faces: faces that are split off take all that is theirs along") {
  Context context;
  Config config = small_config();
  config.data.votes = write_votes("votes.csv");
  const Faces all = load(context, config);
  CHECK(load(context, config, Split::test).votes.empty());
  Faces rest = load(context, config);
  const std::vector<int32_t> positions = {0, 3, 4, kTrain - 1};
  const Faces apart = split_off(rest, positions);
  REQUIRE(apart.size() == 4);
  REQUIRE(rest.size() == kTrain - 4);
  CHECK(apart.set.size() == 4);
  CHECK(rest.set.size() == kTrain - 4);
  CHECK(apart.set.images.data == rest.set.images.data);
  int64_t moved = 0, kept = 0;
  for (int64_t i = 0; i < kTrain; ++i) {
    const bool is_apart = std::find(positions.begin(), positions.end(), i) != positions.end();
    const Faces& faces = is_apart ? apart : rest;
    const int64_t at = is_apart ? moved++ : kept++;
    CAPTURE(i);
    CHECK(faces.list.names[at] == all.list.names[i]);
    CHECK(faces.list.labels[at] == all.list.labels[i]);
    CHECK(faces.list.paths[at] == all.list.paths[i]);
    CHECK(faces.given[at] == all.given[i]);
    CHECK(faces.judged_by[at] == all.judged_by[i]);
    CHECK(faces.valid[at] == all.valid[i]);
    for (int c = 0; c < kNumExpressions; ++c)
      CHECK(faces.votes[at * kNumExpressions + c] ==
            (c == i % kNumExpressions ? 18.0 / 24 : 1.0 / 24));
    for (int k = 0; k < 2 * kNumLandmarks; ++k)
      CHECK(faces.landmarks[at * 2 * kNumLandmarks + k] ==
            all.landmarks[i * 2 * kNumLandmarks + k]);
    CHECK((pixels(context, faces, at) == pixels(context, all, i)));
  }
}

TEST_CASE("faces: validation keeps the list's labels, and changes no other face's noise") {
  write_turned_list("turned.txt", "");
  Context context;
  Config config = small_config();
  config.data.noise.rate = 0.5;
  config.data.true_labels = "turned.txt";
  const Faces all = load(context, config);
  Faces none = load(context, config);
  CHECK(split_off_validation(config, none).size() == 0);
  CHECK(none.size() == kTrain);

  config.data.validation = 0.25;
  Faces train = load(context, config);
  const Faces validation = split_off_validation(config, train);
  CHECK(validation.size() > 0);
  CHECK(train.size() + validation.size() == kTrain);
  CHECK(validation.given == validation.list.labels);
  CHECK(validation.judged_by == validation.list.labels);
  std::map<std::string, int32_t> given;
  for (int64_t i = 0; i < all.size(); ++i) given[all.list.names[i]] = all.given[i];
  for (int64_t i = 0; i < train.size(); ++i) CHECK(train.given[i] == given.at(train.list.names[i]));
  for (const std::string& name : validation.list.names)
    CHECK(std::count(train.list.names.begin(), train.list.names.end(), name) == 0);
}

TEST_CASE("faces: those of one fold are left out of training, and no other face changes") {
  Context context;
  Config config = small_config();
  config.data.noise.rate = 0.5;
  const Faces all = load(context, config);
  config.data.folds = 4;
  std::multiset<std::string> left_out;
  for (config.data.fold = 1; config.data.fold <= 4; ++config.data.fold) {
    const Faces rest = load(context, config);
    CHECK(rest.size() == kTrain - kTrain / 4);
    size_t next = 0;
    for (int64_t i = 0; i < all.size(); ++i) {
      if (next < rest.list.size() && rest.list.names[next] == all.list.names[i])
        CHECK(rest.given[next++] == all.given[i]);
      else
        left_out.insert(all.list.names[i]);
    }
    CHECK(next == rest.list.size());
  }
  CHECK(left_out == std::multiset<std::string>(all.list.names.begin(), all.list.names.end()));
  CHECK(load_faces(context, config, Split::test, false, [](const std::string&) {}, {}).size() ==
        kTest);
}

TEST_CASE("faces: a validation share that is less than a face is refused") {
  Context context;
  Config config = small_config();
  config.data.validation = 0.01;
  Faces train = load(context, config);
  CHECK(is_line_with(input_error([&] { split_off_validation(config, train); }),
                     "data.validation: 0.01; expected a share"));
}

TEST_CASE("faces: a digest tells pictures, labels and what judges from one another") {
  Context context;
  const Faces faces = load(context, small_config());
  Faces other = load(context, small_config());
  CHECK(digest(context, other) == digest(context, faces));
  std::set<nlohmann::ordered_json> digests = {digest(context, faces)};
  other.list.labels[0] = (other.list.labels[0] + 1) % 7;
  digests.insert(digest(context, other));
  other.judged_by[0] = (other.judged_by[0] + 1) % 7;
  digests.insert(digest(context, other));
  other.set.images.as<uint8_t>()[5] ^= 1;
  digests.insert(digest(context, other));
  CHECK(digests.size() == 4);
}

}  // namespace lanet::test
