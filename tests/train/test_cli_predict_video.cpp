// predict of videos: their frames, with stand-ins for ffmpeg and ffprobe and with the real ones,
// and what is said where a video cannot be read.
#include <fmt/format.h>

#include <cmath>
#include <sstream>

#include "core/files/npy.h"
#include "data/csv.h"
#include "data/image.h"
#include "tests/train/trained_runs.h"

namespace lanet::test {
namespace {

namespace fs = std::filesystem;
using namespace trained;
using nlohmann::json;

constexpr int kWidth = 90, kHeight = 80;

HostImage frame(int number) {
  return resize_image(decode_image(runs().picture(number)), kWidth, kHeight);
}

/// A folder of frames as PNG files 0.png, 1.png, …, and of programs that stand in for ffmpeg's:
/// they take any file for a video of these frames.
class FakeVideo {
 public:
  /// `numbers`: of the pictures that the frames are made of.
  explicit FakeVideo(const std::vector<int>& numbers) {
    std::string raw;
    for (const int number : numbers) {
      const HostImage image = frame(number);
      const std::string picture = path(std::to_string(count_++) + ".png");
      write_png(picture, image);
      pictures_ += picture + " ";
      raw.append(image.rgb.begin(), image.rgb.end());
    }
    folder_.write("frames.rgb", raw);
    folder_.write("clip.mp4", "a video");
    probe(fmt::format(R"({{"width": {}, "height": {}}})", kWidth, kHeight));
    ffmpeg("cat " + path("frames.rgb"));
  }

  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  std::string clip() const { return path("clip.mp4"); }
  const TemporaryFolder& folder() const { return folder_; }
  /// The frames as pictures.
  const std::string& pictures() const { return pictures_; }
  /// ffprobe finds these streams.
  void probe(const std::string& streams) const {
    write_program(folder_, "bin/ffprobe", "#!/bin/sh\necho '{\"streams\": [" + streams + "]}'\n");
  }
  void ffmpeg(const std::string& script) const {
    write_program(folder_, "bin/ffmpeg",
                  "#!/bin/sh\nprintf '%s\\n' \"$@\" > " + path("words") + "\n" + script + "\n");
  }
  Outcome predict(const std::string& arguments) const {
    return run_shell("PATH=" + path("bin") + ":$PATH " + program() + " predict " +
                     runs().baseline() + " " + arguments);
  }

 private:
  TemporaryFolder folder_;
  std::string pictures_;
  int count_ = 0;
};

/// What predict prints as JSON, with this exit code.
json answers_of(const Outcome& outcome, int code = 0) {
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == code);
  return json::parse(outcome.out);
}

void check_same_probabilities(const json& found, const json& expected) {
  CHECK(found.at("label") == expected.at("label"));
  REQUIRE(found.at("probabilities").size() == expected.at("probabilities").size());
  for (const auto& [name, p] : expected.at("probabilities").items())
    CHECK(std::abs(found.at("probabilities").at(name).get<double>() - p.get<double>()) < 1e-5);
}

/// One line on stderr after what is said of the machine, which holds `what`.
void check_one_line(const Outcome& outcome, const std::string& what) {
  const std::string line = without_notes(outcome.err);
  CAPTURE(line);
  CHECK(std::count(line.begin(), line.end(), '\n') == 1);
  CHECK(line.find(what) != std::string::npos);
}

}  // namespace

TEST_CASE(
    "cli predict: the frames of a video are answered as their pictures are, each with its time") {
  const FakeVideo video({1, 2, 3});
  const json pictures = answers_of(
      run("predict " + runs().baseline() + " --json " + video.pictures() + runs().picture(4)));
  const json answers = answers_of(video.predict(runs().picture(4) + " " + video.clip() + " " +
                                                runs().picture(4) + " --every 0.1 --json"));
  REQUIRE(answers.size() == 5);
  const std::vector<std::string> names = {"@0s", "@0.1s", "@0.2s"};
  for (size_t i = 0; i < 3; ++i) {
    CHECK(answers[i + 1]["image"] == video.clip() + names[i]);
    CHECK(answers[i + 1]["time"] == 0.1 * i);
    check_same_probabilities(answers[i + 1], pictures[i]);
  }
  for (const size_t i : {0, 4}) {
    CHECK(answers[i]["image"] == runs().picture(4));
    CHECK_FALSE(answers[i].contains("time"));
    check_same_probabilities(answers[i], pictures[3]);
  }
  const std::string words = read_text(video.path("words"));
  CHECK(words.find("\nfile:" + video.clip() + "\n") != std::string::npos);
  CHECK(words.find("fps=1/0.1:") != std::string::npos);

  // The names are the same in every form, with a second between frames unless it is said.
  const Outcome text = video.predict(video.clip());
  CHECK(text.out.find(video.clip() + "@2s: ") != std::string::npos);
  const CsvTable table =
      read_csv(video.folder().write("table.csv", video.predict(video.clip() + " --csv").out));
  REQUIRE(table.rows.size() == 3);
  CHECK(table.rows[1][table.column("image")] == video.clip() + "@1s");
}

TEST_CASE(
    "cli predict: more frames than a batch are answered in their order, turned as ffprobe says") {
  std::vector<int> numbers;
  for (int i = 0; i < 35; ++i) numbers.push_back(1 + i % 3);
  const FakeVideo video(numbers);
  // The other way round in the file than ffmpeg writes it.
  video.probe(
      fmt::format(R"({{"width": {}, "height": {}, "side_data_list": [{{"rotation": -90}}]}})",
                  kHeight, kWidth));
  const json pictures =
      answers_of(run("predict " + runs().baseline() + " --json " + video.path("0.png") + " " +
                     video.path("1.png") + " " + video.path("2.png")));
  const json answers = answers_of(video.predict(video.clip() + " --every 0.04 --json"));
  REQUIRE(answers.size() == 35);
  for (size_t i = 0; i < 35; ++i) check_same_probabilities(answers[i], pictures[i % 3]);
  CHECK(answers[34]["image"] == video.clip() + "@1.36s");
}

TEST_CASE("cli predict: videos are named or matched; a folder stands for its pictures alone") {
  const FakeVideo video({1, 2});
  const std::string folder = video.path("some/anger");
  fs::create_directories(folder);
  fs::copy_file(video.clip(), folder + "/CLIP.MKV");
  fs::copy_file(runs().picture(1), folder + "/a.jpg");
  const json of_folder = answers_of(video.predict(video.path("some") + " --json"));
  REQUIRE(of_folder.size() == 1);
  CHECK(of_folder[0]["image"] == folder + "/a.jpg");

  // Each frame has the label of its video, and a row of features.
  const std::string features = video.path("features.npy");
  const json matched =
      answers_of(video.predict("'" + folder + "/*' --json --labelled --features " + features));
  REQUIRE(matched.size() == 3);
  CHECK(matched[1]["image"] == folder + "/CLIP.MKV@1s");
  for (const json& answer : matched) CHECK(answer["given"] == "anger");
  CHECK(read_npy(features).shape == std::vector<int64_t>{3, 512});
  const std::string list = video.folder().write("list.txt", folder + "/CLIP.MKV\n").string();
  CHECK(answers_of(video.predict("--list " + list + " --json")).size() == 2);
}

TEST_CASE("cli predict: without ffmpeg, and with landmarks, a video is refused") {
  const FakeVideo video({1});
  const std::string command = program() + " predict " + runs().baseline() + " ";
  const auto refused = [&](const Outcome& outcome, const std::string& what) {
    CHECK(outcome.code == 2);
    CHECK(outcome.out.empty());
    check_one_line(outcome, what);
  };
  fs::remove(video.path("bin/ffmpeg"));
  refused(run_shell("PATH=" + video.path("bin") + " " + command + runs().picture(1) + " " +
                    video.clip() + " --json"),
          video.clip() +
              ": is a video, and ffmpeg, which reads videos, is not in PATH; install it "
              "(apt-get install ffmpeg)");
  video.ffmpeg("");
  fs::remove(video.path("bin/ffprobe"));
  refused(run_shell("PATH=" + video.path("bin") + " " + command + video.clip()),
          "and ffprobe, which reads videos, is not in PATH");
  refused(run_shell(command + video.clip() + " --align --landmarks " +
                    runs().path("faces/landmarks_19.csv")),
          "--align: " + video.clip() + " is a video; expected pictures");
}

TEST_CASE(
    "cli predict: a video that cannot be read to its end is named, and the rest is answered") {
  const FakeVideo video({1, 2, 3});
  const std::string arguments = video.clip() + " " + runs().picture(1) + " --json";
  const auto failed = [&](const std::string& what, size_t frames) {
    CAPTURE(what);
    const Outcome outcome = video.predict(arguments);
    const json answers = answers_of(outcome, 1);
    CHECK(answers.size() == frames + 1);
    CHECK(answers.back()["image"] == runs().picture(1));
    check_one_line(outcome, video.clip() + ": " + what);
  };
  const int bytes = 3 * kWidth * kHeight;
  const auto some = [&](int count) {
    return fmt::format("head -c {} {}\n", count, video.path("frames.rgb"));
  };
  video.ffmpeg(some(2 * bytes) + "kill -9 $$");
  failed("ffmpeg, after 2 frames: ", 2);
  video.ffmpeg(some(bytes + 10) + "exit 3");
  failed("ffmpeg, after 1 frame: ", 1);
  video.ffmpeg(some(bytes + 10));
  failed("ffmpeg, after 1 frame: its last frame is cut off", 1);
  video.ffmpeg(some(3 * bytes) + "printf '[h264 @ 0x5] a block is damaged\nand more\n' >&2");
  failed("ffmpeg, after 3 frames: a block is damaged\n", 3);
  video.ffmpeg("");
  failed("ffmpeg, after 0 frames: it has found no frame", 0);

  video.probe("");
  failed("no video in it", 0);
  video.probe(R"({"width": 0, "height": 80})");
  failed("frames of 0 x 80 pixels; expected 1 to 16384", 0);
  write_program(video.folder(), "bin/ffprobe",
                "#!/bin/sh\nyes 'not a video' | head -n 100000 >&2\nexit 1\n");
  failed("ffprobe: not a video\n", 0);
  fs::remove(video.clip());
  failed("there is no such file", 0);
}

TEST_CASE("cli predict: ffmpeg's own frames of a video are answered as the same pictures") {
  if (run_shell("ffmpeg -version && ffprobe -version").code != 0) {
    MESSAGE("SKIPPED: ffmpeg is not installed");
    return;
  }
  const FakeVideo frames({1, 2, 3, 4, 5, 6});
  const std::string made = frames.path("made.MKV");
  const Outcome encoded =
      run_shell("ffmpeg -v error -framerate 4 -i " + frames.path("%d.png") + " -c:v png " + made);
  CAPTURE(encoded.err);
  REQUIRE(encoded.code == 0);
  const json pictures =
      answers_of(run("predict " + runs().baseline() + " --json " + frames.pictures()));
  const std::string command = "predict " + runs().baseline() + " --json " + made;
  const json all = answers_of(run(command + " --every 0.25"));
  REQUIRE(all.size() == 6);
  for (size_t i = 0; i < 6; ++i) check_same_probabilities(all[i], pictures[i]);
  const json some = answers_of(run(command + " --every 0.6"));
  REQUIRE(some.size() == 3);  // at 0, 0.6 and 1.2 of 1.5 seconds
  check_same_probabilities(some[0], pictures[0]);
  check_same_probabilities(some[1], pictures[2]);
  check_same_probabilities(some[2], pictures[4]);

  const std::string broken = frames.folder().write("broken.mp4", "no video").string();
  const Outcome outcome = run("predict " + runs().baseline() + " --json " + broken);
  CHECK(answers_of(outcome, 1).empty());
  check_one_line(outcome, broken + ": ffprobe: ");
}

}  // namespace lanet::test
