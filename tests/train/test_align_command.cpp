// align: drawn faces, turned and scaled, come back to one position.
#include <doctest/doctest.h>

#include <cmath>

#include "core/files/file.h"
#include "core/files/npy.h"
#include "data/align.h"
#include "data/csv.h"
#include "data/landmarks.h"
#include "data/rafdb.h"
#include "data/synth/synth.h"
#include "tests/input_error.h"
#include "tests/temporary_folder.h"
#include "train/commands/commands.h"

namespace lanet::test {
namespace {

namespace fs = std::filesystem;

constexpr int kFaces = 12;

fs::path draw(const TemporaryFolder& folder) {
  const fs::path out = folder.path() / "faces";
  write_synth({.out = out, .train = kFaces - 2, .test = 2, .size = 64, .seed = 4}, {});
  return out;
}

/// The mean distance of the good landmarks of a file from the template, in shares of the side.
double distance_from_template(const fs::path& file, double side) {
  const CsvTable table = read_csv(file);
  const std::vector<double> expected = aligned_template(19);
  double sum = 0;
  int count = 0;
  for (const auto& row : table.rows) {
    if (row.back() != "1") continue;
    for (size_t l = 0; l < 19; ++l, ++count)
      sum += std::hypot(std::stod(row[1 + 2 * l]) / side - expected[2 * l],
                        std::stod(row[2 + 2 * l]) / side - expected[2 * l + 1]);
  }
  REQUIRE(count > 0);
  return sum / count;
}

}  // namespace

TEST_CASE("align command: the pictures of a folder, by landmarks in pixels of them") {
  const TemporaryFolder folder;
  const fs::path faces = draw(folder), out = folder.path() / "out";
  // Two faces lose their landmarks, and one picture is damaged.
  std::string rows = read_text(faces / "landmarks_19.csv");
  rows.erase(rows.find("train_00002"), rows.find("train_00003") - rows.find("train_00002"));
  rows.replace(rows.find(",1\ntrain_00004"), 2, ",0");
  const fs::path landmarks = folder.write("landmarks.csv", rows);
  write_text(faces / "basic/Image/aligned/train_00005_aligned.jpg", "damaged");
  CHECK(run_align({.landmarks = landmarks.string(),
                   .in = (faces / "basic").string(),
                   .out = out.string(),
                   .size = 80}) == 0);
  const CsvTable table = read_csv(out / "landmarks.csv");
  CHECK(table.rows.size() == kFaces - 1);
  int good = 0;
  for (const auto& row : table.rows) {
    CHECK(row[0].starts_with("Image/aligned/"));
    const HostImage picture = decode_image((out / row[0]).string());
    CHECK(picture.width == 80);
    CHECK(picture.height == 80);
    good += row.back() == "1";
  }
  CHECK(good == kFaces - 3);
  CHECK_FALSE(fs::exists(out / "Image/aligned/train_00005_aligned.jpg"));
  const HostImage grid = decode_image((out / "grid.png").string());
  CHECK(grid.width == 9 * 80);
  CHECK(grid.height == 80);
  const double before = distance_from_template(landmarks, 64),
               after = distance_from_template(out / "landmarks.csv", 80);
  CHECK(after < 0.04);
  CHECK(after < before);
}

TEST_CASE("align command: a picture that was turned is aligned as it was before") {
  const TemporaryFolder folder;
  const fs::path faces = draw(folder), pictures = faces / "basic/Image/aligned";
  const HostImage face = decode_image((pictures / "train_00001_aligned.jpg").string());
  // By a right angle: the levels are the same, and what differs is interpolation alone.
  const Similarity turn{.a = 0, .b = 1, .dx = 64};
  fs::create_directory(folder.path() / "in");
  write_png((folder.path() / "in/a.png").string(), face);
  write_png((folder.path() / "in/b.png").string(), align_image(face, turn, 64));
  const CsvTable table = read_csv(faces / "landmarks_19.csv");
  std::string text = "image", a = "a.png", b = "b.png";
  for (int l = 0; l < 19; ++l) {
    const auto at = static_cast<size_t>(2 * l + 1);
    const double x = std::stod(table.rows[0][at]), y = std::stod(table.rows[0][at + 1]);
    text += fmt::format(",{0}_x,{0}_y", kLandmarkNames.at(static_cast<size_t>(l)));
    a += fmt::format(",{},{}", x / 64, y / 64);
    b += fmt::format(",{},{}", (64 - y) / 64, x / 64);
  }
  const fs::path landmarks = folder.write("l.csv", text + "\n" + a + "\n" + b + "\n");
  const fs::path out = folder.path() / "out";
  CHECK(run_align({.landmarks = landmarks.string(),
                   .in = (folder.path() / "in").string(),
                   .coordinates = "share",
                   .out = out.string()}) == 0);
  const HostImage one = decode_image((out / "a.png").string()),
                  other = decode_image((out / "b.png").string());
  int largest = 0;
  for (size_t i = 0; i < one.rgb.size(); ++i)
    largest = std::max(largest, std::abs(one.rgb[i] - other.rgb[i]));
  CHECK(largest <= 1);
}

TEST_CASE("align command: the pictures of a configuration keep their places, and can be trained") {
  const TemporaryFolder folder;
  draw(folder);
  const fs::path config = folder.write("faces.json", R"({"data": {"root": "faces",
      "landmarks": "landmarks_19.csv", "landmark_size": 64, "image_size": 64}})");
  const fs::path out = folder.path() / "out";
  CHECK(run_align({.config = config.string(), .out = out.string()}) == 0);
  fs::create_directories((out / kDefaultLabelList).parent_path());
  fs::copy_file(folder.path() / "faces" / kDefaultLabelList, out / kDefaultLabelList);
  const FaceList list = read_face_list(out, kDefaultLabelList, Split::train);
  CHECK(list.size() == kFaces - 2);
  Landmarks landmarks = read_landmarks(out / "landmarks.csv", list.names);
  place_landmarks(landmarks, {.square = 100, .image_size = 100});
  CHECK(check_landmarks(landmarks, list.names, "landmarks.csv", 0).empty());
  CHECK(distance_from_template(out / "landmarks.csv", 100) < 0.04);
}

TEST_CASE(
    "align command: a table in capitals is read by name, an array by row for training faces") {
  const TemporaryFolder folder;
  const fs::path faces = draw(folder), out = folder.path() / "out";
  fs::rename(faces / "landmarks_19.csv", faces / "LANDMARKS.CSV");
  const auto config = [&](const std::string& file) {
    return folder
        .write("faces.json", fmt::format(R"({{"data": {{"root": "faces", "landmarks": "{}",
            "landmark_size": 64, "image_size": 64}}}})",
                                         file))
        .string();
  };
  // Rows of the table in another order change nothing.
  const CsvTable table = read_csv(faces / "LANDMARKS.CSV");
  std::vector<float> rows;
  std::string reversed = fmt::format("{}\n", fmt::join(table.header, ","));
  for (size_t i = table.rows.size(); i-- > 0;)
    reversed += fmt::format("{}\n", fmt::join(table.rows[i], ","));
  for (const auto& row : table.rows)
    for (size_t i = 0; i < 38 && row[0].starts_with("train_"); ++i)
      rows.push_back(std::stof(row[1 + i]));
  write_text(faces / "LANDMARKS.CSV", reversed);
  REQUIRE(run_align({.config = config("LANDMARKS.CSV"), .out = out.string()}) == 0);
  const std::string by_name = read_text(out / "landmarks.csv");
  CHECK(read_csv(out / "landmarks.csv").rows.size() == kFaces);
  CHECK(distance_from_template(out / "landmarks.csv", 100) < 0.04);

  fs::remove_all(out);
  write_npy(faces / "rows.NPY", rows, 38);
  REQUIRE(run_align({.config = config("rows.NPY"), .out = out.string()}) == 0);
  const std::string by_row = read_text(out / "landmarks.csv");
  CHECK(read_csv(out / "landmarks.csv").rows.size() == kFaces - 2);
  CHECK(by_name.starts_with(by_row));
}

TEST_CASE("align command: a set without test faces, and pictures of other formats") {
  const TemporaryFolder folder;
  const fs::path faces = draw(folder), pictures = faces / "basic/Image/aligned";
  // A table in which one face is a PNG file, and another has the ending of a format that is not
  // written. Both are decoded whatever they are called.
  std::string table = "path,label,split\n", landmarks = read_text(faces / "landmarks_19.csv");
  const char* names[] = {"p/a.Png", "p/b.webp", "p/c.JPG"};
  const char* labels[] = {"sad", "happy", "sad"};
  fs::create_directory(folder.path() / "set");
  fs::create_directory(folder.path() / "set/p");
  for (size_t i = 0; i < 3; ++i) {
    table += fmt::format("{},{},train\n", names[i], labels[i]);
    const fs::path to = folder.path() / "set" / names[i];
    const HostImage face =
        decode_image((pictures / fmt::format("train_{:05}_aligned.jpg", i + 1)).string());
    if (i == 0)
      write_png(to.string(), face);
    else
      write_jpeg(to.string(), face, 95);
    const std::string old = fmt::format("train_{:05}.jpg", i + 1);
    landmarks.replace(landmarks.find(old), old.size(), names[i]);
  }
  folder.write("set/faces.csv", table);
  folder.write("set/landmarks.csv", landmarks);
  const fs::path config = folder.write("set.json", R"({"data": {"root": "set",
      "landmarks": "landmarks.csv", "landmark_size": 64, "image_size": 64}})");
  const fs::path out = folder.path() / "out";
  const auto align = [&] { return run_align({.config = config.string(), .out = out.string()}); };
  REQUIRE(align() == 0);
  const auto start = [&](const char* name) { return read_text(out / name).substr(0, 4); };
  CHECK(start("p/a.Png") == "\x89PNG");
  CHECK(start("p/b.jpg").starts_with("\xFF\xD8"));
  CHECK(start("p/c.JPG").starts_with("\xFF\xD8"));
  CHECK_FALSE(fs::exists(out / "p/b.webp"));
  const CsvTable aligned = read_csv(out / "landmarks.csv");
  REQUIRE(aligned.rows.size() == 3);
  CHECK(aligned.rows[0][0] == "p/a.Png");
  CHECK(aligned.rows[1][0] == "p/b.jpg");
  CHECK(aligned.rows[2][0] == "p/c.JPG");

  // Pictures behind links stay below --out, and what they are linked to stays as it was.
  fs::remove_all(out);
  fs::rename(folder.path() / "set/p", folder.path() / "elsewhere");
  fs::create_directory_symlink("../elsewhere", folder.path() / "set/p");
  const std::string before = read_text(folder.path() / "elsewhere/c.JPG");
  REQUIRE(align() == 0);
  CHECK(start("p/c.JPG").starts_with("\xFF\xD8"));
  CHECK(read_text(folder.path() / "elsewhere/c.JPG") == before);

  fs::remove_all(out);
  fs::copy_file(folder.path() / "elsewhere/c.JPG", folder.path() / "elsewhere/b.jpg");
  folder.write("set/faces.csv", table + "p/b.jpg,sad,train\n");
  const std::string two = input_error(align);
  CAPTURE(two);
  CHECK(is_line_with(two, "p/b.webp: its aligned picture would be "));
  CHECK(is_line_with(two, "p/b.jpg, as p/b.jpg is; rename one"));
  fs::copy_file(folder.path() / "elsewhere/c.JPG", folder.path() / "c.jpg");
  folder.write("set/faces.csv", table + "../c.jpg,sad,train\n");
  CHECK(is_line_with(input_error(align), "faces.csv:5: picture '../c.jpg' is outside data.root"));
  folder.write("set/faces.csv", "path,label,split\np/a.Png,sad,none\n");
  CHECK(is_line_with(input_error(align), "'none' is not a split"));
}

TEST_CASE("align command: what cannot be aligned is refused in a line") {
  const TemporaryFolder folder;
  const fs::path faces = draw(folder), out = folder.path() / "out";
  const std::string landmarks = (faces / "landmarks_19.csv").string();
  const auto refused = [&](AlignOptions options, const char* part) {
    if (options.out.empty()) options.out = out.string();
    const std::string message = input_error([&] { run_align(options); });
    CAPTURE(message);
    CHECK(is_line_with(message, part));
  };
  refused({}, "align: expected CONFIG, or --landmarks FILE and --in DIR");
  refused({.landmarks = landmarks, .in = "absent"}, "--in absent: no such folder");
  refused({.landmarks = "absent.csv", .in = faces.string()}, "absent.csv: there is no such file");
  refused({.landmarks = landmarks, .in = (faces / "basic/EmoLabel").string()},
          "EmoLabel: no picture (.jpg, .png, .webp) in it");
  refused({.landmarks = landmarks, .in = faces.string(), .out = faces.string()},
          "exists and is not an empty folder");
  refused({.landmarks = landmarks, .in = faces.string(), .coordinates = "share"},
          "no picture was aligned");
  CHECK_FALSE(fs::exists(out));
}

}  // namespace lanet::test
