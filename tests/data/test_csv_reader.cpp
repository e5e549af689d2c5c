// Data sets that are a table: what its reader makes of it, and what it refuses.
#include "data/csv.h"

#include <algorithm>

#include "data/landmarks.h"
#include "tests/data/read_sets.h"

namespace lanet::test {

TEST_CASE("csv: columns in any order, with quotes, and a split for each face") {
  const TemporaryFolder folder;
  write_pictures(folder, {"p/b.jpg", "p/a, \"1\".jpg", "c.jpg", "d.jpg"});
  folder.write("faces.csv",
               "\xEF\xBB\xBF Label ; SPLIT;Filename;note\r\n"
               "Happy;train;p/b.jpg;\"two\nlines\"\r\n"
               "angry;Training;\"p/a, \"\"1\"\".jpg\";x\r\n"
               "joy;PublicTest; c.jpg ;x\r\n"
               "sad;test;d.jpg;x\r\n\r\n");
  const DataSource source{.root = folder.path()};
  const FaceList train = read_split(source, DataFormat::csv, Split::train);
  CHECK(train.classes == Names{"anger", "happiness", "sadness", "joy"});
  CHECK(named_labels(train) == Names{"p/a, \"1\".jpg:anger", "p/b.jpg:happiness"});
  CHECK(named_labels(read_split(source, DataFormat::csv, Split::validation)) == Names{"c.jpg:joy"});
  CHECK(named_labels(read_split(source, DataFormat::csv, Split::test)) == Names{"d.jpg:sadness"});
  CHECK(train.votes.empty());
  CHECK(train.boxes.empty());
  CHECK(train.landmarks.states.empty());
}

TEST_CASE("csv: the table is read once for all splits") {
  const TemporaryFolder folder;
  folder.write("faces.csv", "path,label,split\na.jpg,happy,train\nb.jpg,sad,test\n");
  const SplitReader read =
      open_data_set({.root = folder.path(), .require_pictures = false}, DataFormat::csv);
  std::filesystem::remove(folder.path() / "faces.csv");
  CHECK(named_labels(read(Split::train)) == Names{"a.jpg:happiness"});
  CHECK(named_labels(read(Split::test)) == Names{"b.jpg:sadness"});
}

TEST_CASE("csv: boxes, landmarks and votes") {
  const TemporaryFolder folder;
  write_pictures(folder, {"a.jpg", "b.jpg"});
  std::string header = "path\tlabel\tsplit\tok\tbox_x\tbox_y\tbox_width\tbox_height\tsad\tFear",
              a = "a.jpg\tsad\ttrain\t1\t10\t20\t100\t50\t3\t1",
              b = "b.jpg\tfear\ttrain\t0\t0\t0\t10\t10\t0\t4";
  for (const std::string_view name : kLandmarkNames) {
    header += fmt::format("\t{}_x\t{}_y", name, name);
    a += name == "chin" ? "\t60\t70" : "\t60\t45";
    b += "\t\t";
  }
  folder.write("faces.tsv", header + "\n" + a + "\n" + b + "\n");
  const FaceList list = read_split({.root = folder.path()}, DataFormat::csv, Split::train);
  REQUIRE(list.boxes.size() == 2);
  CHECK(list.boxes[0].x == 10);
  CHECK(list.boxes[0].y == 20);
  CHECK(list.boxes[0].width == 100);
  CHECK(list.boxes[0].height == 50);
  CHECK(list.classes == Names{"fear", "sadness"});
  CHECK(list.votes == std::vector<double>{0.25, 0.75, 1, 0});
  CHECK(list.landmark_shares);
  CHECK(list.landmarks.valid() == std::vector<uint8_t>{1, 0});
  const std::vector<float>& points = list.landmarks.points;
  REQUIRE(points.size() == size_t{2} * 2 * kNumLandmarks);
  CHECK(points[0] == 0.5f);  // the middle of the box
  CHECK(points[1] == 0.5f);
  CHECK(points[2 * kNumLandmarks - 1] == 1);
}

TEST_CASE("csv: what is wrong is named with file and line") {
  struct Case {
    const char* text;
    const char* message;
  };
  const Case cases[] = {
      {"image,labl\na.jpg,sad\n", "faces.csv: its header has no column 'label'; did you mean"},
      {"pth,label\na.jpg,sad\n",
       "faces.csv:1: its header has no column 'path' (or 'image' or "
       "'filename'); did you mean 'pth'?"},
      {"path,label\na.jpg\n", "faces.csv:2: 1 field; the header has 2"},
      {"path,label\na.jpg,sad,x\n", "faces.csv:2: 3 fields; the header has 2"},
      {"path,label,split\na.jpg,sad,trian\n",
       "faces.csv:2: split 'trian' is not a split; expected one of train,"},
      {"path,label,split\na.jpg,sad,train\nb.jpg,fear,\n",
       "faces.csv:3: no split; expected one, as other faces have"},
      {"path,label,split\na.jpg,sad,train\nb.jpg,fear,train\na.jpg,fear,train\n",
       "faces.csv:4: a.jpg occurs a second time; expected each picture once"},
      {"path,label,split\na.jpg,sad,train\nb.jpg,,train\n",
       "faces.csv:3: label ''; expected a name, as the others have"},
      {"path,label,split\na.jpg,sad,train\nb.jpg,4,train\n",
       "faces.csv:3: label '4'; expected a name, as the others have"},
      {"path,label,split\na.jpg,1,train\nb.jpg,2,train\n",
       "faces.csv:2: label 1; expected data.classes to name the numbers"},
      {"path,label,split\na.jpg,sad,train\nx.jpg,fear,train\n", "faces.csv:3: picture "},
      {"path,label,split\n,sad,train\nb.jpg,fear,train\n", "faces.csv:2: path is empty"},
      {"path,label,split\na\xFF.jpg,sad,train\nb.jpg,fear,train\n",
       R"(faces.csv:2: the name 'a\xFF.jpg' is not UTF-8)"},
      {"path,label,split\n\"a.jpg,sad,train\nb.jpg,fear,train\n",
       "faces.csv:2: a quoted field is not closed; expected a closing"},
      {"path,label,split\n\"a.jpg\"x,sad,train\n",
       "faces.csv:2: 'x' after a quoted field; expected ','"},
      {"path\tlabel\n\"a.jpg\"\xC3\xA9\x01\tsad\n",
       "faces.csv:2: '\xC3\xA9\\x01' after a quoted field; expected a tab or the end of the line"},
      {"path,label,label\na.jpg,sad,fear\n",
       "faces.csv:1: column 'label' occurs twice; expected it once"},
      {"path,label,split,box_x,box_y,box_width\na.jpg,sad,train,1,1,1\n",
       "faces.csv:1: column 'box_x' without 'box_height'; expected all of box_x, box_y, box_width, "
       "box_height, or none"},
      {"path,label,split,box_x,box_y,box_width,box_height\na.jpg,sad,train,1,1,0,5\n",
       "faces.csv:2: box_width is '0'; expected a width of 1 pixel or more"},
      {"path,label,split,box_x,box_y,box_width,box_height\na.jpg,sad,train,1,1,5,0.5\n",
       "faces.csv:2: box_height is '0.5'; expected a height of 1 pixel or more"},
      {"path,label,split,box_x,box_y,box_width,box_height\na.jpg,sad,train,x,1,5,5\n",
       "faces.csv:2: box_x is 'x'; expected a position in pixels"},
      {"path,label,split,chin_x,chin_y\na.jpg,sad,train,1,1\n",
       "faces.csv: its header has no column 'brow_l_outer_x'"},
      {"path,label,split,sad\na.jpg,sad,train,1\nb.jpg,fear,train,1\n",
       "faces.csv:1: a column of votes for 'sad' without one for 'fear'"},
      {"path,label,split,sad,fear,Sadness\na.jpg,sad,train,1,1,1\nb.jpg,fear,train,1,1,1\n",
       "faces.csv:1: 'sad' and 'Sadness' are both columns of votes for 'sadness'"},
      {"path,label,split,sad,fear\na.jpg,sad,train,1,-1\nb.jpg,fear,train,1,1\n",
       "faces.csv:2: fear is '-1'; expected a number of votes"},
      {"path,label,split,sad,fear\na.jpg,sad,train,1,1\nb.jpg,fear,train,0,0\n",
       "faces.csv:3: no votes; expected at least one for a class"},
      {"path,label\n", "0 classes; expected two or more"},
  };
  for (const Case& c : cases) {
    const TemporaryFolder folder;
    write_pictures(folder, {"a.jpg", "b.jpg"});
    folder.write("faces.csv", c.text);
    check_refused({.root = folder.path(), .labels = "faces.csv"}, DataFormat::csv, c.message);
  }
  const TemporaryFolder folder;
  check_refused({.root = folder.path(), .labels = "no.csv"}, DataFormat::csv,
                "no.csv: there is no such file");
  check_refused({.root = folder.path()}, DataFormat::csv,
                "no table (.csv, .tsv) with columns 'path' and 'label' in it");
  folder.write("a.csv", "path,label\n");
  folder.write("b.csv", "path,label\n");
  check_refused({.root = folder.path()}, DataFormat::csv,
                "a.csv and b.csv are both tables of faces; expected data.labels to name one");
  folder.write("faces.csv", "path,label,split\na.jpg,sad,train\nb.jpg,happines,train\n");
  check_refused({.root = folder.path(), .labels = "faces.csv", .classes = "sad,happy"},
                DataFormat::csv,
                "faces.csv:3: label 'happines'; expected one of sadness, happiness");
}

TEST_CASE("csv: a table is found whatever the case of its ending, among files that are none") {
  const TemporaryFolder folder;
  write_pictures(folder, {"part1/a.jpg", "part2/b.jpg"});
  folder.write("broken.csv", "\"path,label\na.jpg,sad\n");
  folder.write("odd.csv", "\"path\"x,label\n");
  folder.write("FACES.CSV", "path,label,split\npart1/a.jpg,sad,train\npart2/b.jpg,fear,train\n");
  const DataSource source{.root = folder.path()};
  CHECK(recognised(source) == "csv: its FACES.CSV has pictures and labels");
  CHECK(read_split(source, DataFormat::csv, Split::train).size() == 2);
}

TEST_CASE("csv: a header may have line breaks and delimiters between quotes") {
  const TemporaryFolder folder;
  const auto path = folder.write(
      "t.csv", "\xEF\xBB\xBF\"two\nlines, \"\"quoted\"\"\";path;label\r\nx;a.jpg;sad\n");
  const std::vector<std::string> header = {"two\nlines, \"quoted\"", "path", "label"};
  CHECK(read_csv_header(path).header == header);
  const CsvTable table = read_csv(path);
  CHECK(table.header == header);
  REQUIRE(table.rows.size() == 1);
  CHECK(table.rows[0] == std::vector<std::string>{"x", "a.jpg", "sad"});
  CHECK(table.place(0) == path.string() + ":3");
  CHECK(is_line_with(input_error([&] { read_csv_header(folder.write("u.csv", "\"a\nb,c\n")); }),
                     "u.csv:1: a quoted field is not closed"));
}

TEST_CASE("csv: a column is found by its exact name, which must be the only one") {
  const CsvTable table{
      .file = "t.csv", .header = {"x_0", "X_0", "Ok", "b", "b", "C", "C"}, .rows = {}, .lines = {}};
  CHECK(table.find_column("x_0") == 0);
  CHECK(table.find_column("X_0") == 1);
  CHECK(table.find_column("ok") == 2);
  CHECK(table.find_column("d") == -1);
  CHECK(input_error([&] { table.find_column("b"); }) ==
        "t.csv:1: column 'b' occurs twice; expected it once");
  CHECK(input_error([&] { table.column("c"); }) ==
        "t.csv:1: column 'C' occurs twice; expected it once");
}

TEST_CASE("csv: a field that is written is read as it was") {
  const TemporaryFolder folder;
  for (const std::string& text : Names{"plain", "a,b", "a \"b\"", " spaces ", "two\nlines", ""}) {
    CAPTURE(text);
    CHECK(read_csv(folder.write("t.csv", "x,y\n" + csv_field(text) + ",1\n")).rows[0][0] == text);
  }
}

}  // namespace lanet::test
