// predict --align: the same as align and then predict, and what is refused.
#include <fmt/format.h>

#include "data/align.h"
#include "data/csv.h"
#include "data/image.h"
#include "tests/train/trained_runs.h"

namespace lanet::test {
namespace {

namespace fs = std::filesystem;
using namespace trained;
using nlohmann::json;

constexpr int kFaces = 3;

/// Drawn faces that were turned by a right angle, as PNG files in a folder, and their landmarks in
/// a table, in shares of the pictures. Face 2 is in a folder of its own.
class TurnedFaces {
 public:
  TurnedFaces() {
    const CsvTable table = read_csv(runs().path("faces/landmarks_19.csv"));
    for (size_t i = 0; i < table.header.size(); ++i)
      header_ += (i == 0 ? "" : ",") + table.header[i];
    fs::create_directories(folder() + "/below");
    for (int number = 1; number <= kFaces; ++number) {
      const HostImage face = decode_image(runs().picture(number));
      const std::string name = number == 2 ? "below/2.png" : fmt::format("{}.png", number);
      write_png(folder() + "/" + name, align_image(face, {.a = 0, .b = 1, .dx = 64}, 64));
      rows_.push_back(name);
      const auto& row = *std::find_if(table.rows.begin(), table.rows.end(), [&](const auto& r) {
        return r[0].starts_with(fmt::format("test_0000{}", number));
      });
      for (size_t l = 0; l < 19; ++l)
        rows_.back() += fmt::format(",{},{}", (64 - std::stod(row[2 + 2 * l])) / 64,
                                    std::stod(row[1 + 2 * l]) / 64);
      rows_.back() += ",1";
    }
  }
  std::string folder() const { return runs().path("turned"); }
  /// A table of the landmarks of the first `count` faces.
  std::string table(size_t count) const {
    std::string text = header_ + "\n";
    for (size_t i = 0; i < count; ++i) text += rows_[i] + "\n";
    return runs().folder().write(fmt::format("turned-{}.csv", count), text).string();
  }

 private:
  std::string header_;
  std::vector<std::string> rows_;
};

const TurnedFaces& faces() {
  static const TurnedFaces faces;
  return faces;
}

std::string predict(const std::string& pictures) {
  return "predict " + runs().baseline() + " --device cpu --json " + pictures;
}

std::string aligned(const std::string& table, const std::string& more = "--coordinates share") {
  return " --align --landmarks " + table + " " + more;
}

double largest_difference(const json& one, const json& other) {
  double largest = 0;
  for (const auto& [name, p] : one.at("probabilities").items())
    largest =
        std::max(largest, std::abs(p.get<double>() - other["probabilities"][name].get<double>()));
  return largest;
}

}  // namespace

TEST_CASE("cli predict: --align says what align and then predict say") {
  const std::string table = faces().table(kFaces), out = runs().path("upright");
  REQUIRE(run("align --landmarks " + table + " --coordinates share --in " + faces().folder() +
              " --out " + out + " --size 64")
              .code == 0);
  fs::remove(out + "/grid.png");
  const json expected = json_of(predict(out)), turned = json_of(predict(faces().folder()));
  const Outcome outcome = run(predict(faces().folder() + aligned(table)));
  REQUIRE(outcome.code == 0);
  CHECK(outcome.err.find("landmarks") == std::string::npos);
  const json found = json::parse(outcome.out);
  REQUIRE(found.size() == kFaces);
  for (size_t i = 0; i < kFaces; ++i) {
    CHECK(largest_difference(found[i], expected[i]) < 1e-5);
    CHECK(largest_difference(found[i], turned[i]) > 1e-3);
  }
  // Named one by one, in another order.
  const json one_by_one = json_of(
      predict(faces().folder() + "/3.png " + faces().folder() + "/below/2.png" + aligned(table)));
  CHECK(largest_difference(one_by_one[0], expected[1]) < 1e-5);
  CHECK(largest_difference(one_by_one[1], expected[2]) < 1e-5);
}

TEST_CASE("cli predict: --align only resizes a picture without landmarks, and says so") {
  const Outcome outcome = run(predict(faces().folder() + aligned(faces().table(2))));
  CHECK(outcome.code == 0);
  CHECK(outcome.err.find("1 of 3 faces have no usable landmarks (1 without a row): 3.png; they "
                         "are only resized\n") != std::string::npos);
  const json found = json::parse(outcome.out), turned = json_of(predict(faces().folder()));
  CHECK(largest_difference(found[0], turned[0]) > 1e-3);
  CHECK(largest_difference(found[1], turned[1]) < 1e-5);  // 3.png; below/2.png comes after it
}

TEST_CASE("cli predict: --align tells pictures of one name in two folders apart, or refuses them") {
  const std::string whole = faces().folder(), below = whole + "/below",
                    other = runs().path("other");
  fs::create_directories(other);
  fs::copy(whole + "/1.png", other + "/2.png");
  const std::string both = predict(below + " " + other);
  // The rows of 1.png and below/2.png, by other names.
  const auto table = [&](const std::string& first, const std::string& second) {
    std::string text = read_text(faces().table(2));
    text.replace(text.find("\n1.png,") + 1, 5, first);
    text.replace(text.find("\nbelow/2.png,") + 1, 11, second);
    return runs().folder().write("namesakes.csv", text).string();
  };
  const std::string refusal = ": " + below + "/2.png and " + other +
                              "/2.png are both named 2.png; expected rows with these paths, or "
                              "one predict for each folder";
  check_refused(both + aligned(table("1.png", "2.png")), refusal);
  check_refused(both + aligned(table("1.png", "below/2.png")), refusal);

  const json found = json_of(both + aligned(table(other + "/2.png", below + "/2.png")));
  const json expected = json_of(predict(whole + aligned(faces().table(kFaces))));
  CHECK(largest_difference(found[0], expected[2]) < 1e-5);  // 1.png, 3.png, below/2.png
  CHECK(largest_difference(found[1], expected[0]) < 1e-5);
  // The same folder twice is no second picture.
  CHECK(run(predict(below + " " + below) + aligned(table("1.png", "2.png"))).code == 0);
}

TEST_CASE("cli predict: --align refuses landmarks that cannot be those of the pictures") {
  const std::string pictures = predict(faces().folder());
  const std::string table = faces().table(kFaces);
  check_refused(pictures + " --align", "--landmarks");
  check_refused(pictures + " --landmarks " + table, "--align");
  check_refused(pictures + " --coordinates share", "--landmarks");
  check_refused(pictures + aligned(table, "--coordinates shares"), "did you mean 'share'?");
  check_refused(pictures + aligned(runs().path("none.csv")),
                "none.csv: there is no such file; expected landmarks");
  check_refused(pictures + aligned(faces().folder() + "/1.png"),
                "unsupported landmark file type '.png'");
  // In pixels of a square of 224 the faces would all be in one corner of it, and in shares of the
  // picture those of a table in pixels are outside.
  check_refused(predict(runs().picture(1)) + aligned(runs().path("faces/landmarks_19.csv")),
                "1 of 1 faces have no usable landmarks (1 outside the picture): " +
                    runs().picture(1) + "; are the pictures' names and sizes those of the file?");
  check_refused(predict(runs().picture(1)) + aligned(table), "1 without a row");
  const std::string bad =
      runs().folder().write("bad.csv", "image,x_0,y_0\n1.png,0.5,0.5\n").string();
  check_refused(pictures + aligned(bad), "bad.csv: 1 landmarks per face; expected 5 ");
}

}  // namespace lanet::test
