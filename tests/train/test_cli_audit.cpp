// lanet-cuda audit: the faces of a small drawn set whose labels were made wrong come first.
#include <map>
#include <set>

#include "core/files/file.h"
#include "data/csv.h"
#include "tests/program.h"

namespace lanet::test {
namespace {

namespace fs = std::filesystem;

/// 210 drawn faces, a third with wrong labels, two of them one picture.
class WrongSet {
 public:
  WrongSet() {
    REQUIRE(run("synth --out " + file("faces") + " --train 210 --test 8 --size 48").code == 0);
    const fs::path pictures = folder_.path() / "faces/basic/Image/aligned";
    fs::copy_file(pictures / "train_00003_aligned.jpg", pictures / "train_00009_aligned.jpg",
                  fs::copy_options::overwrite_existing);
    folder_.write("faces.json", R"({"data": {"root": "faces", "image_size": 64,
        "landmarks": "landmarks_19.csv", "landmark_size": 48, "noise": {"rate": 0.3}},
        "model": {"recipe": "robust"}, "train": {"batch": 32, "epochs": 1, "threads": 1}})");
  }
  std::string file(const std::string& name) const { return (folder_.path() / name).string(); }
  const TemporaryFolder& folder() const { return folder_; }

 private:
  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("cli audit: wrong labels come first, by landmarks alone and by what a run learned") {
  const WrongSet set;
  const std::string config = set.file("faces.json"), table = set.file("new/suspects.csv");
  const Outcome quick = run("audit " + config + " --out " + table);
  CAPTURE(quick.err);
  REQUIRE(quick.code == 0);
  CHECK(quick.out.find("labels are more probably wrong than right\n") != std::string::npos);
  CHECK(quick.out.find("truth: ") != std::string::npos);
  const CsvTable suspects = read_csv(table);
  REQUIRE(suspects.rows.size() == 210);
  const int image = suspects.column("image"), given = suspects.column("given"),
            duplicate = suspects.column("duplicate_of");

  REQUIRE(run("noise " + config + " --out " + set.file("noise.csv")).code == 0);
  const CsvTable noise = read_csv(set.file("noise.csv"));
  std::map<std::string, std::vector<std::string>> truth;
  for (const auto& row : noise.rows) truth[row[0]] = row;
  int wrong_among_first = 0;
  for (size_t i = 0; i < suspects.rows.size(); ++i) {
    const auto& row = suspects.rows[i];
    CHECK(row[given] == truth[row[image]][2]);
    if (i < 30) wrong_among_first += truth[row[image]][3] == "1";
    CHECK((row[duplicate] == "train_00003.jpg") == (row[image] == "train_00009.jpg"));
  }
  CHECK(wrong_among_first >= 21);  // by chance 9

  const std::string page = set.file("review.html");
  REQUIRE(run("audit " + config + " --review " + page + " --review-faces 5").code == 0);
  const std::string text = read_text(page);
  for (size_t i = 0; i < 10; ++i)
    CHECK((text.find(suspects.rows[i][image]) != std::string::npos) == (i < 5));
  for (const char* elsewhere : {"http:", "https:", "src=", "href=", "url(", "@import"})
    CHECK(text.find(elsewhere) == std::string::npos);

  REQUIRE(run("train " + config + " --run " + set.file("run")).code == 0);
  const Outcome of_run = run("audit " + set.file("run") + " --out " + set.file("run.csv"));
  CAPTURE(of_run.err);
  CHECK(of_run.code == 0);
  CHECK(of_run.out.find("weaker evidence") != std::string::npos);
  CHECK(read_csv(set.file("run.csv")).rows.size() == 210);

  check_refused("audit " + config + " --out " + table, "exists; expected a new file");
  check_refused("audit " + config + " --review " + page, "exists; expected a new file");
  check_refused("audit " + config + " --out " + set.file("x") + " --review " + set.file("x"),
                "expected two files");
  check_refused("audit " + config + " --review-faces 5", "--review");
  check_refused("audit " + set.file("run") + " --set seed=2", "a run has its own");
  check_refused("audit " + set.file("none.json"), "none.json: no such file");
  check_refused("audit " + config + " --set data.landmarks=null", "expected a landmark file");
  std::string labels = read_text(set.file("run/labels.csv"));
  labels.replace(labels.find("train_00002"), 11, "train_99999");
  set.folder().write("run/labels.csv", labels);
  check_refused("audit " + set.file("run"), "labels.csv:3: train_99999.jpg labelled");
  set.folder().write("run/labels.csv", "image,given_label\n");
  check_refused("audit " + set.file("run"), "labels.csv");
  fs::remove(set.file("run/labels.csv"));
  check_refused("audit " + set.file("run"), "it has no labels.csv");
}

TEST_CASE(
    "cli audit: with folds, networks that have not seen a face judge it, and are trained once") {
  const WrongSet set;
  const std::string command = "audit " + set.file("faces.json") +
                              " --set method=baseline --folds 2 --runs " + set.file("runs") +
                              " --out " + set.file("suspects");
  const Outcome first = run(command + "1.csv");
  CAPTURE(first.err);
  REQUIRE(first.code == 0);
  CHECK(first.out.find("joined: pictures^") != std::string::npos);
  CHECK(first.out.find("truth: ") != std::string::npos);
  CHECK(read_csv(set.file("suspects1.csv")).rows.size() == 210);
  std::set<std::string> judged;
  for (const std::string fold : {"fold-1", "fold-2"}) {
    const fs::path folder = fs::path(set.file("runs")) / fold / "seed-1";
    for (const auto& row : read_csv(folder / "held_out.csv").rows) judged.insert(row[0]);
    for (const auto& row : read_csv(folder / "noise.csv").rows)  // that it was trained on
      CHECK(read_text(folder / "held_out.csv").find(row[0] + ",") == std::string::npos);
    CHECK(!fs::exists(folder / "last.safetensors"));
  }
  CHECK(judged.size() == 210);

  const auto trained = fs::last_write_time(set.file("runs/fold-1/seed-1/metrics.jsonl"));
  REQUIRE(run(command + "2.csv").code == 0);
  CHECK(fs::last_write_time(set.file("runs/fold-1/seed-1/metrics.jsonl")) == trained);
  CHECK(read_text(set.file("suspects2.csv")) == read_text(set.file("suspects1.csv")));

  const std::string held_out = "runs/fold-2/seed-1/held_out.csv";
  std::string text = read_text(set.file(held_out));
  const size_t name = text.find("train_");
  text.replace(name, 11, "train_99999");
  set.folder().write(held_out, text);
  const Outcome changed = run(command + "3.csv");  // which also says that the runs are finished
  CHECK(changed.code == 2);
  CHECK(changed.err.find("held_out.csv:2: train_99999.jpg labelled") != std::string::npos);
  CHECK(!fs::exists(set.file("suspects3.csv")));
  check_refused(command + "3.csv --set seed=2 --set train.epochs=0", "train.epochs: 0");
  check_refused(command + "3.csv --set data.fold=1", "data.fold: 1; expected 0");
  fs::copy(set.file("faces"), set.file("moved"), fs::copy_options::recursive);
  check_refused(command + "3.csv --set data.root=" + set.file("moved"),
                "a run on " + set.file("faces") + "; expected one on " + set.file("moved"));
  check_refused("audit " + set.file("faces.json") + " --folds 1", "--folds");
  check_refused("audit " + set.file("faces.json") + " --jobs 2", "--folds");
  check_refused("audit " + (fs::path(set.file("runs")) / "fold-1/seed-1").string() + " --folds 2",
                "is a run, which was trained with all faces; expected a configuration");
}

}  // namespace lanet::test
