// lanet-cuda plot: what is drawn, by whom, and what is refused.
#include <fmt/format.h>

#include <set>

#include "data/image.h"
#include "tests/program.h"
#include "tests/train/written_run.h"
#include "tests/xml.h"

namespace lanet::test {
namespace {

namespace fs = std::filesystem;

/// Two methods with two seeds each.
class Runs {
 public:
  Runs() {
    WrittenRun run;
    for (const std::string method : {"baseline", "lanet"})
      for (const int seed : {1, 2}) {
        run.config["method"] = method;
        run.config["seed"] = seed;
        names += " " + run.write(folder, fmt::format("{}/seed-{}", method, seed)).string();
      }
    one = (folder.path() / "lanet/seed-1").string();
  }
  std::string file(const std::string& name) const { return (folder.path() / name).string(); }

  TemporaryFolder folder;
  std::string names, one;
};

/// The texts of a drawing, each followed by "|".
std::string texts_of(const std::string& file) {
  std::string texts;
  for (const XmlElement& element : parse_xml(read_text(file)))
    if (element.name == "text") texts += element.text + "|";
  return texts;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("cli plot: of one run a chart for each of the main curves") {
  const Runs runs;
  const Outcome outcome = run("plot " + runs.one + " --out " + runs.file("new/curves.svg"));
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(outcome.out.empty());
  CHECK(outcome.err == "written: " + runs.file("new/curves.svg") + "\n");
  const std::string texts = texts_of(runs.file("new/curves.svg"));
  CHECK(has(texts, "lanet/seed-1: Accuracy|per cent|"));
  CHECK(has(texts, "|test|test, balanced|training, by the given labels|"));
  CHECK(texts.find("lanet/seed-1: Accuracy") < texts.find("lanet/seed-1: Wrongly labelled"));
  CHECK(texts.find("lanet/seed-1: Wrongly labelled") < texts.find("lanet/seed-1: Loss"));
  CHECK_FALSE(has(texts, "Label estimates"));
}

TEST_CASE("cli plot: of several groups a line for each, in a band over the seeds") {
  const Runs runs;
  REQUIRE(run("plot" + runs.names + " --curves loss,accuracy,labels --out " + runs.file("a.svg"))
              .code == 0);
  const std::string texts = texts_of(runs.file("a.svg"));
  CHECK(texts.starts_with("Loss: expression|mean over an epoch, mean and range of the seeds|"));
  CHECK(has(texts, "Accuracy: test|per cent, mean and range of the seeds|"));
  CHECK(has(texts, "Label estimates: right|"));
  CHECK(has(texts, "|baseline|lanet|"));
  CHECK_FALSE(has(texts, "balanced"));
  int bands = 0;
  for (const XmlElement& element : parse_xml(read_text(runs.file("a.svg"))))
    bands += element.attributes.contains("fill-opacity");
  CHECK(bands == 6);
}

TEST_CASE("cli plot: .png and .pdf files are made by a converter, which must be there") {
  const Runs runs;
  const auto with_path = [&](const std::string& path, const std::string& more) {
    return run_shell("PATH=" + path + " " + program() + " plot " + runs.one + " " + more);
  };
  const Outcome missing = with_path(runs.file("nothing"), "--out " + runs.file("a.PNG"));
  CHECK(missing.code == 2);
  CHECK(missing.err ==
        "lanet-cuda: .png files are made by rsvg-convert (Debian package librsvg2-bin), which is "
        "not in PATH; install it, or write an .svg file\n");
  // In its place one that keeps what it was told and given.
  write_program(runs.folder, "bin/rsvg-convert",
                "#!/bin/sh\neval drawing=\\${$#}\necho \"$@\" >" + runs.file("words") +
                    "\ncp \"$drawing\" " + runs.file("drawing") +
                    "\nwhile [ \"$1\" != --output ]; do shift; done\n" + "echo made >\"$2\"\n");
  const std::string path = runs.file("bin") + ":$PATH";
  // Files of these names are not those of the work.
  runs.folder.write("a.png.tmp", "mine");
  runs.folder.write("a.png.tmp.svg", "mine too");
  REQUIRE(with_path(path, "--width 700 --out " + runs.file("a.png")).code == 0);
  CHECK(read_text(runs.file("a.png")) == "made\n");
  CHECK(read_text(runs.file("a.png.tmp")) == "mine");
  CHECK(read_text(runs.file("a.png.tmp.svg")) == "mine too");
  std::string words = read_text(runs.file("words"));
  CHECK(words.starts_with("--format png --output " + runs.file("a.png.")));
  CHECK(has(words, " --keep-aspect-ratio --width 700 /"));
  CHECK(has(texts_of(runs.file("drawing")), "Accuracy"));
  REQUIRE(with_path(path, "--out " + runs.file("a.pdf")).code == 0);
  words = read_text(runs.file("words"));
  CHECK(words.starts_with("--format pdf --output " + runs.file("a.pdf.")));
  CHECK_FALSE(has(words, "--width"));
  write_program(runs.folder, "bin/rsvg-convert", "#!/bin/sh\nexit 3\n");
  const Outcome failed = with_path(path, "--out " + runs.file("b.png"));
  CHECK(failed.code == 1);
  CHECK(has(failed.err, "b.png: rsvg-convert (process "));
  CHECK(has(failed.err, "exit code 3"));
  // Nothing is left of the work.
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(runs.folder.path()))
    names.insert(entry.path().filename());
  CHECK(names == std::set<std::string>{"a.pdf", "a.png", "a.png.tmp", "a.png.tmp.svg", "baseline",
                                       "bin", "drawing", "lanet", "words"});
}

TEST_CASE("cli plot: the converter of this machine draws what was asked for, if it has one") {
  if (run_shell("command -v rsvg-convert").code != 0) {
    MESSAGE("no rsvg-convert in PATH; nothing is converted");
    return;
  }
  const Runs runs;
  REQUIRE(run("plot " + runs.one + " --width 700 --out " + runs.file("a.png")).code == 0);
  const HostImage picture = decode_image(runs.file("a.png"));
  CHECK(picture.width == 700);
  CHECK(picture.height > 700);  // three charts
  CHECK(picture.rgb[0] == 255);
  REQUIRE(run("plot " + runs.one + " --curves accuracy --out " + runs.file("a.pdf")).code == 0);
  CHECK(read_text(runs.file("a.pdf")).starts_with("%PDF-"));
}

TEST_CASE("cli plot: what cannot be drawn is refused, and no file replaced") {
  const Runs runs;
  const std::string svg = " --out " + runs.file("a.svg");
  check_refused("plot " + runs.one + " --out " + runs.file("a.jpg"),
                "a.jpg: expected a file that ends in .svg, .pdf or .png");
  check_refused("plot " + runs.one + svg + " --width 700", "--width 700: is for .png files");
  check_refused("plot " + runs.one + svg + " --curves acuracy", "did you mean 'accuracy'?");
  check_refused("plot " + runs.one + svg + " --curves votes",
                "--curves: votes: not in the metrics of the run");
  check_refused("plot" + runs.names + svg + " --curves accuracy,votes",
                "--curves: votes: not in the metrics of any of the runs");
  check_refused("plot " + runs.one + " " + runs.one + svg, "given twice");
  check_refused("plot " + runs.file("none") + svg, "no such folder; expected a run");
  CHECK_FALSE(fs::exists(runs.file("a.svg")));
  runs.folder.write("a.svg", "mine");
  check_refused("plot " + runs.one + svg, "a.svg: exists; expected a new file");
  CHECK(read_text(runs.file("a.svg")) == "mine");
}

}  // namespace lanet::test
