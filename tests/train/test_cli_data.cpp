// lanet-cuda data and noise: what they find in, and make of, a small drawn set.
#include <fmt/format.h>

#include <sstream>

#include "core/files/file.h"
#include "data/image.h"
#include "tests/data/mirrored.h"
#include "tests/program.h"

namespace lanet::test {
namespace {

namespace fs = std::filesystem;

/// Drawn faces with faults, and a configuration of them.
class FaultySet {
 public:
  FaultySet() {
    REQUIRE(run("synth --out " + root().string() + " --train 24 --test 6 --size 48").code == 0);
    config_ = folder_.write("faces.json", R"({"data": {"root": "faces", "image_size": 64,
        "landmarks": "landmarks_19.csv", "landmark_size": 48}, "train": {"batch": 10}})");
  }
  fs::path root() const { return folder_.path() / "faces"; }
  std::string config() const { return config_.string(); }
  std::string file(const std::string& name) const { return (folder_.path() / name).string(); }
  fs::path picture(const std::string& name) const {
    return root() / "basic/Image/aligned" / (name + "_aligned.jpg");
  }
  void write(const fs::path& path, const std::string& text) const {
    std::ofstream(path, std::ios::binary) << text;
  }

 private:
  TemporaryFolder folder_;
  fs::path config_;
};

}  // namespace

TEST_CASE("cli data: counts, and finds what was planted") {
  const FaultySet set;
  fs::copy_file(set.picture("train_00001"), set.picture("test_00002"),
                fs::copy_options::overwrite_existing);
  write_jpeg(set.picture("test_00003").string(),
             mirrored(decode_image(set.picture("train_00004").string())), 70);
  write_jpeg(set.picture("train_00005").string(),
             {30, 40, std::vector<uint8_t>(size_t{3} * 30 * 40, 9)}, 90);
  set.write(set.picture("train_00006"), "GIF89a");

  const auto report = json_of("data " + set.config() + " --json --out " + set.file("look"));
  REQUIRE(report["splits"].size() == 2);
  for (const auto& split : report["splits"]) {
    int64_t sum = 0;
    for (const auto& count : split["classes"]) sum += count.get<int64_t>();
    CHECK(sum == split["faces"].get<int64_t>());
    CHECK(sum == (split["split"] == "train" ? 24 : 6));
    CHECK(split["sizes"][0]["width"] == 48);
  }
  REQUIRE(report["unreadable"].size() == 1);
  CHECK(report["unreadable"][0]["face"] == "train_00006.jpg");
  CHECK(report["unreadable"][0]["problem"].get<std::string>().find("is a GIF picture") !=
        std::string::npos);
  REQUIRE(report["blank"].size() == 1);
  CHECK(report["blank"][0]["face"] == "train_00005.jpg");
  auto pair_of = [&](const std::string& face) {
    for (const auto& pair : report["duplicates"])
      if (pair["b"]["face"] == face && pair["a"]["split"] == "train") return pair;
    return nlohmann::json();
  };
  const auto exact = pair_of("test_00002.jpg"), mirror = pair_of("test_00003.jpg");
  REQUIRE_FALSE(exact.is_null());
  CHECK(exact["a"]["face"] == "train_00001.jpg");
  CHECK(exact["exact"] == true);
  REQUIRE_FALSE(mirror.is_null());
  CHECK(mirror["a"]["face"] == "train_00004.jpg");
  CHECK(mirror["mirrored"] == true);
  CHECK(mirror["exact"] == false);
  CHECK(report["landmarks"]["faces"] == 24);
  CHECK(report["landmarks"]["missing"].empty());
  CHECK(report["landmarks"]["mirrored"].empty());

  CHECK(nlohmann::json::parse(read_text(set.file("look/data.json"))) == report);
  const HostImage sheet = decode_image(set.file("look/contact_sheet.png"));
  CHECK(sheet.width == 10 * 112 + 9 * 12 + 16);  // the longest name is that of happiness
  CHECK(sheet.height == 7 * 112);

  check_refused("data " + set.config() + " --out " + set.file("look"),
                "data.json exists; expected a folder without it");
  const Outcome text = run("data " + set.config() + " --set data.validation=0.25");
  CHECK(text.code == 0);
  for (const char* part :
       {"train: ", "validation: ", "test: 6 faces\n", "  anger        ", "unreadable pictures: 1\n",
        "pictures of one colour: 1\n", "train_00001.jpg (train, ", "the same pixels",
        "of 256 bits differ, mirrored", "landmarks of 24 faces\n",
        "with left and right exchanged: 0\n"})
    CHECK_MESSAGE(text.out.find(part) != std::string::npos, part);
}

TEST_CASE("cli data: a picture that does not exist is named, and takes no other face away") {
  const FaultySet set;
  fs::remove(set.picture("train_00007"));
  fs::remove(set.picture("test_00001"));
  const auto report = json_of("data " + set.config() + " --json");
  REQUIRE(report["splits"].size() == 2);
  CHECK(report["splits"][0]["faces"] == 24);
  REQUIRE(report["unreadable"].size() == 2);
  CHECK(report["unreadable"][0]["face"] == "train_00007.jpg");
  CHECK(report["unreadable"][1]["problem"].get<std::string>().find("no such picture") !=
        std::string::npos);
  check_refused("train " + set.config() + " --run " + set.file("run"),
                "train_00007_aligned.jpg does not exist");
}

TEST_CASE("cli data: a class that only one split has is named with the one that was meant") {
  const TemporaryFolder folder;
  const HostImage picture{8, 8, std::vector<uint8_t>(size_t{3} * 8 * 8, 90)};
  for (const char* place :
       {"train/happy", "train/hapyness", "train/sad", "test/happy", "test/sad"}) {
    fs::create_directories(folder.path() / "faces" / place);
    write_jpeg((folder.path() / "faces" / place / "a.jpg").string(), picture, 90);
  }
  const fs::path config = folder.write("faces.json", R"({"data": {"root": "faces"}})");
  const auto report = json_of("data " + config.string() + " --json");
  REQUIRE(report["problems"].size() == 1);
  CHECK(report["problems"][0] ==
        "classes without test faces: hapyness (did you mean 'happiness'?)");
}

TEST_CASE("cli data: a missing split and bad landmarks are reported, no split at all is refused") {
  const FaultySet set;
  set.write(set.root() / "few.csv", "image,ok\n");
  set.write(set.root() / "train.txt", "train_00001.jpg 1\ntrain_00002.jpg 2\n");
  const Outcome partial =
      run("data " + set.config() + " --set data.landmarks=few.csv --set data.labels=train.txt");
  CHECK(partial.code == 0);
  CHECK(partial.out.find("train: 2 faces\n") != std::string::npos);
  CHECK(std::count(partial.out.begin(), partial.out.end(), '\n') > 8);
  CHECK(partial.out.find("problem: ") != partial.out.rfind("problem: "));
  CHECK(partial.out.find("few.csv") != std::string::npos);
  CHECK(partial.out.find("landmarks: none\n") != std::string::npos);
  check_refused("data " + set.config() + " --set data.labels=none.txt", "none.txt");
}

TEST_CASE("cli noise: the labels that training would plant, which data.noise.file reads back") {
  const FaultySet set;
  const std::string table = set.file("noise.csv");
  const Outcome made = run("noise " + set.config() + " --rate 0.5 --seed 3 --out " + table);
  CAPTURE(made.err);
  CHECK(made.code == 0);
  CHECK(made.out.empty());
  CHECK(made.err.find("of 24 training labels are wrong") != std::string::npos);

  check_refused("noise " + set.config() + " --rate 0.5 --out " + table,
                "exists; expected a new file");
  const std::string train =
      "train " + set.config() + " --set method=baseline --set train.epochs=1 ";
  const std::string planted = set.file("planted"), read = set.file("read");
  REQUIRE(run(train + "--set data.noise.rate=0.5 --set seed=3 --run " + planted).code == 0);
  REQUIRE(run(train + "--set data.noise.file=" + table + " --set seed=3 --run " + read).code == 0);
  CHECK(read_text(planted + "/noise.csv") == read_text(table));
  CHECK(read_text(read + "/noise.csv") == read_text(table));
  auto summary = [&](const std::string& folder) {
    return nlohmann::json::parse(read_text(folder + "/summary.json"));
  };
  CHECK(summary(planted)["last"]["accuracy"].is_number());
  CHECK(summary(planted)["last"] == summary(read)["last"]);

  check_refused("noise " + set.config() + " --out " + table, "data.noise.rate is 0");
  check_refused("noise " + set.config() + " --rate 0.3 --rates r.csv --out " + table,
                "data.noise.rates: given, and data.noise.rate is 0.3");
  check_refused("noise " + set.config() + " --rate 2 --out " + table, "data.noise.rate");
  check_refused(train + "--set data.noise.file=" + table + " --set data.noise.rate=0.1 --run " +
                    set.file("both"),
                "set data.noise.rate=0");
  set.write(table, "image,true_label,given_label,changed\n");
  check_refused(train + "--set data.noise.file=" + table + " --run " + set.file("short"),
                "there are 24 training faces");
}

TEST_CASE("cli noise: a table of rates plants what it says, for any classes") {
  const FaultySet set;
  const std::string rates = set.file("rates.csv"), table = set.file("noise.csv");
  set.write(rates, "from,to,rate\nhappy,neutral,1\nneutral,happy,1\n");
  const Outcome made = run("noise " + set.config() + " --rates " + rates + " --out " + table);
  CAPTURE(made.err);
  CHECK(made.code == 0);
  std::istringstream rows(read_text(table));
  std::string row;
  std::getline(rows, row);
  int changed = 0;
  while (std::getline(rows, row)) {
    const bool swapped =
        row.ends_with(",happiness,neutral,1") || row.ends_with(",neutral,happiness,1");
    changed += swapped;
    CHECK((swapped || row.ends_with(",0")));
    CHECK_FALSE(row.ends_with(",happiness,happiness,0"));
    CHECK_FALSE(row.ends_with(",neutral,neutral,0"));
  }
  CHECK(changed > 0);
  CHECK(made.err.find(fmt::format("{} of 24 training labels are wrong", changed)) !=
        std::string::npos);

  const std::string config = set.file("rates.json"), run_folder = set.file("run");
  set.write(config, R"({"method": "baseline", "data": {"root": "faces", "image_size": 64,
      "noise": {"rates": "rates.csv"}}, "train": {"batch": 10, "epochs": 1}})");
  REQUIRE(run("train " + config + " --run " + run_folder).code == 0);
  CHECK(read_text(run_folder + "/noise.csv") == read_text(table));
  CHECK(read_text(run_folder + "/metrics.jsonl").find("\"memorised\"") != std::string::npos);
  set.write(rates, "from,to,rate\nhappy,bored,1\n");
  check_refused("train " + config + " --run " + set.file("other"),
                "rates.csv:2: 'bored' is not a class; expected one of anger, disgust");
}

TEST_CASE("cli: doctor says how much memory the training of a configuration takes") {
  const FaultySet set;
  const nlohmann::json report = json_of("doctor --json --config " + set.config());
  const nlohmann::json& memory = report.at("memory");
  CHECK(memory["device"] == "cpu");
  CHECK(memory["picture_bytes"] == 30 * 3 * 64 * 64);
  const auto training = memory["training_bytes"].get<int64_t>();
  CHECK(memory["total_bytes"] > training + memory["picture_bytes"].get<int64_t>());
  CHECK(memory["free_bytes"] > 0);
  const nlohmann::json larger =
      json_of("doctor --json --config " + set.config() + " --set train.batch=20");
  CHECK(larger["memory"]["training_bytes"] > training);

  const Outcome text = run("doctor --config " + set.config());
  CHECK(text.out.find("\nmemory      ") != std::string::npos);
  CHECK(run("doctor").out.find("\nmemory ") == std::string::npos);
  check_refused("doctor --set train.batch=20", "--config");
  check_refused("doctor --config none.json", "none.json");
}

}  // namespace lanet::test
