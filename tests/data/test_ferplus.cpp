// FER+ and AffectNet in the shapes of their releases.
#include "data/ferplus.h"

#include <doctest/doctest.h>

#include <cstring>

#include "data/affectnet.h"
#include "data/readers.h"
#include "tests/input_error.h"
#include "tests/temporary_folder.h"

namespace lanet::test {
namespace {

using Names = std::vector<std::string>;

constexpr const char* kVotesHeader =
    "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n";
constexpr const char* kVotes =
    "Training,fer0000001.png,4,0,0,1,3,2,0,0,0,0\n"  // neutral; sadness' single vote is dropped
    "Training,,0,0,0,0,0,0,0,0,0,10\n"               // no face
    "Training,fer0000000.png,0,0,0,0,0,0,0,8,2,0\n"  // contempt
    "PublicTest,fer0000002.png,0,10,0,0,0,0,0,0,0,0\n"
    "Training,fer0000004.png,1,1,1,1,1,1,1,1,1,1\n"  // no two agree
    "PrivateTest,fer0000003.png,0,0,0,0,0,0,9,1,0,0\n";

/// The class of a row of votes; "" if the face is left out.
std::string class_of(const std::vector<double>& votes) {
  const std::optional<size_t> found = ferplus_class(votes);
  return found ? std::string(kFerPlusClasses[*found]) : "";
}

std::string pixels(int grey, int count = 48 * 48) {
  std::string text;
  for (int i = 0; i < count; ++i) text += (i ? " " : "") + std::to_string(i == 0 ? 255 : grey);
  return text;
}

/// fer2013.csv, a grey for each row; `usages`: of each row.
std::string pixel_table(const Names& usages, const std::string& header = "emotion,pixels,Usage\n") {
  const bool usage_first = header.find("Usage") < header.find("pixels");
  std::string text = header;
  for (size_t i = 0; i < usages.size(); ++i) {
    const std::string picture = pixels(static_cast<int>(i));
    text += "0," + (usage_first ? usages[i] + "," + picture : picture + "," + usages[i]) + "\n";
  }
  return text;
}

const Names kUsages = {"Training", "Training", "Training", "PublicTest", "Training", "PrivateTest"};

Names named_labels(const FaceList& list) {
  Names text;
  for (size_t i = 0; i < list.size(); ++i)
    text.push_back(list.names[i] + ":" + list.classes[static_cast<size_t>(list.labels[i])]);
  return text;
}

void check_refused(const DataSource& source, DataFormat format, const std::string& what) {
  const std::string message = input_error([&] { read_split(source, format, Split::train); });
  CAPTURE(message);
  CAPTURE(what);
  CHECK(is_line_with(message, what));
}

/// An .npy file of version 1 with these bytes.
std::string npy(const std::string& type, const std::string& shape, const std::string& bytes) {
  std::string header =
      "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }";
  header.resize((10 + header.size() + 64) / 64 * 64 - 11, ' ');
  header += '\n';
  const auto size = static_cast<uint16_t>(header.size());
  std::string file("\x93NUMPY\x01\x00", 8);
  file += static_cast<char>(size & 255);
  file += static_cast<char>(size >> 8);
  return file + header + bytes;
}

template <typename T>
std::string bytes_of(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

}  // namespace

TEST_CASE("ferplus: the rule by which votes become a class") {
  CHECK(class_of({4, 0, 0, 0, 3, 3, 0, 0, 0, 0}) == "neutral");
  CHECK(class_of({0, 0, 0, 5, 5, 0, 0, 0, 0, 0}) == "sadness");  // the first of equals
  CHECK(class_of({1, 0, 0, 0, 0, 2, 0, 0, 0, 0}) == "disgust");  // one vote alone is none
  CHECK(class_of({0, 0, 0, 0, 0, 0, 0, 0, 0, 10}) == "");
  CHECK(class_of({3, 0, 0, 0, 0, 0, 0, 0, 7, 0}) == "");
  CHECK(class_of({5, 0, 0, 0, 0, 0, 0, 0, 5, 0}) == "");  // what is taken is not more than half
  CHECK(class_of({6, 0, 0, 0, 0, 0, 0, 0, 4, 0}) == "neutral");
  CHECK(class_of({2, 2, 2, 2, 2, 0, 0, 0, 0, 0}) == "");         // more than three
  CHECK(class_of({4, 2, 2, 2, 0, 0, 0, 0, 0, 0}) == "");         // the second level has three
  CHECK(class_of({3, 3, 2, 0, 0, 0, 0, 0, 2, 0}) == "neutral");  // up to the turn of unknown
  CHECK(class_of({0, 0, 0, 0, 0, 0, 0, 0, 0, 0}) == "");
}

TEST_CASE("ferplus: pictures and votes of fer2013.csv, or of Kaggle's file") {
  for (const bool kaggle : {false, true}) {
    CAPTURE(kaggle);
    const TemporaryFolder folder;
    folder.write("fer2013new.csv", std::string(kVotesHeader) + kVotes);
    folder.write(
        kaggle ? "icml_face_data.csv" : "fer2013/fer2013.csv",
        pixel_table(kUsages, kaggle ? "emotion, Usage, pixels\n" : "emotion,pixels,Usage\n"));
    const DataSource source{.root = folder.path()};
    CHECK(recognise_format(source).format == DataFormat::ferplus);
    const FaceList train = read_split(source, DataFormat::ferplus, Split::train);
    CHECK(train.classes == Names{"anger", "disgust", "fear", "happiness", "sadness", "surprise",
                                 "neutral", "contempt"});
    CHECK(named_labels(train) == Names{"fer0000000.png:contempt", "fer0000001.png:neutral"});
    CHECK(train.votes == std::vector<double>{0, 0, 0, 0, 0, 0, 0, 1,  //
                                             3.0 / 9, 2.0 / 9, 0, 0, 0, 0, 4.0 / 9, 0});
    CHECK(train.note ==
          "left out of the train split of FER+: 1 face whose votes agree on no class");
    REQUIRE(train.pictures.size() == 2);
    CHECK(train.paths.empty());
    CHECK(train.pictures[1].width == 48);
    CHECK(train.pictures[1].rgb[0] == 255);
    CHECK(train.pictures[1].rgb[3] == 0);  // the first row's
    CHECK(train.pictures[0].rgb[3] == 2);  // the third row's
    CHECK(train.pictures[0].rgb.size() == 3 * 48 * 48);
    CHECK(named_labels(read_split(source, DataFormat::ferplus, Split::validation)) ==
          Names{"fer0000002.png:happiness"});
    CHECK(named_labels(read_split(source, DataFormat::ferplus, Split::test)) ==
          Names{"fer0000003.png:fear"});
  }
}

TEST_CASE("ferplus: its tables are read once for all splits") {
  const TemporaryFolder folder;
  folder.write("fer2013new.csv", std::string(kVotesHeader) + kVotes);
  folder.write("fer2013.csv", pixel_table(kUsages, "emotion,pixels,Usage\n"));
  const SplitReader read = open_data_set({.root = folder.path()}, DataFormat::ferplus);
  for (const char* table : {"fer2013new.csv", "fer2013.csv"})
    std::filesystem::remove(folder.path() / table);
  CHECK(read(Split::train).pictures.size() == 2);
  CHECK(named_labels(read(Split::test)) == Names{"fer0000003.png:fear"});
}

TEST_CASE("ferplus: folders of pictures, and seven classes") {
  const TemporaryFolder folder;
  folder.write("fer2013new.csv", std::string(kVotesHeader) + kVotes);
  folder.write("FER2013Train/fer0000001.png", "");
  const DataSource source{.root = folder.path(), .classes = "7"};
  const FaceList train = read_split(source, DataFormat::ferplus, Split::train);
  CHECK(named_labels(train) == Names{"fer0000001.png:neutral"});
  CHECK(train.num_classes() == 7);
  CHECK(train.votes.size() == 7);
  CHECK(train.paths[0] == folder.path() / "FER2013Train/fer0000001.png");
  check_refused({.root = folder.path()}, DataFormat::ferplus, "fer2013new.csv:4: picture ");
  CHECK(train.note ==
        "left out of the train split of FER+: 1 face whose votes agree on no class, 1 face of "
        "contempt (data.classes is 7)");
  folder.write("fer2013new.csv",
               std::string(kVotesHeader) + "Training,../a.png,9,0,0,0,0,0,0,0,0,0\n");
  check_refused(source, DataFormat::ferplus, "fer2013new.csv:2: picture '../a.png' is outside");
}

TEST_CASE("ferplus: what is wrong is named with file and line") {
  const TemporaryFolder folder;
  const DataSource source{.root = folder.path()};
  const auto refuse = [&](const std::string& what, const std::string& classes = "") {
    check_refused({.root = folder.path(), .classes = classes}, DataFormat::ferplus, what);
  };
  refuse("no fer2013new.csv in it");
  folder.write("fer2013new.csv", std::string(kVotesHeader) + kVotes);
  refuse("no pictures for fer2013new.csv; expected fer2013.csv");
  folder.write("fer2013.csv", pixel_table(kUsages));
  refuse("data.classes: '6'; expected 7 or 8", "6");
  folder.write("fer2013.csv", pixel_table({"Training"}));
  refuse("fer2013.csv: 1 row; expected 6, as ");
  Names usages = kUsages;
  usages[2] = "PublicTest";
  folder.write("fer2013.csv", pixel_table(usages));
  refuse("fer2013.csv:4: Usage 'PublicTest'; expected 'Training', as ");
  std::string table = pixel_table(kUsages);
  folder.write("fer2013.csv", "emotion,pixels,Usage\n0,1 2 3,Training\n" +
                                  table.substr(table.find('\n', table.find('\n') + 1) + 1));
  refuse("fer2013.csv:2: 3 pixels; expected 2304");
  folder.write("fer2013.csv", table.replace(table.find("255"), 3, "256"));
  refuse("fer2013.csv:2: pixel 0 is '256'; expected 0 to 255");
  folder.write("fer2013.csv", pixel_table(kUsages, "emotion,picture,Usage\n"));
  refuse("fer2013.csv: its header has no column 'pixels'");
  folder.write("fer2013.csv", pixel_table({"Training"}));
  folder.write("fer2013new.csv", std::string(kVotesHeader) + "Trainig,a.png,9,0,0,0,0,0,0,0,0,0\n");
  refuse("fer2013new.csv:2: Usage 'Trainig' is not a split; expected one of");
  folder.write("fer2013new.csv",
               std::string(kVotesHeader) + "Training,a.png,9,0,0,x,0,0,0,0,0,0\n");
  refuse("fer2013new.csv:2: sadness is 'x'; expected a number of votes");
  folder.write("fer2013new.csv", "Usage,Image name,neutral\nTraining,a.png,9\n");
  refuse("fer2013new.csv: its header has no column 'happiness'");
  folder.write("fer2013new.csv", std::string(kVotesHeader) +
                                     "Training,a.png,9,0,0,0,0,0,0,0,0,0\n"
                                     "Training,a.png,9,0,0,0,0,0,0,0,0,0\n");
  folder.write("fer2013.csv", pixel_table({"Training", "Training"}));
  refuse("fer2013new.csv:3: a.png occurs a second time");
}

TEST_CASE("affectnet: the release of 2017, cropped to the box with a margin") {
  const TemporaryFolder folder;
  folder.write("Manually_Annotated_Images/1/a.jpg", "");
  folder.write("Manually_Annotated_Images/1/b.jpg", "");
  folder.write("Manually_Annotated_Images/2/c.jpg", "");
  // Point 17 is the outer end of the left brow, the first of the 19.
  std::string points = "60;70";
  for (int i = 1; i < 68; ++i) points += i == 17 ? ";60;70" : ";10;20";
  // Of the points 0 to 16 only 8, the chin, is trained with.
  std::string in_one_place = "60;70";
  for (int i = 1; i < 68; ++i) in_one_place += ";10;20";
  const std::string header =
      "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,"
      "valence,arousal\n";
  const auto row = [&](const std::string& name, const std::string& expression) {
    return name + ",10,20,100,100," + points + "," + expression + ",0.1,-0.2\n";
  };
  folder.write("training.csv", header + row("1/b.jpg", "7") + row("1/a.jpg", "1") +
                                   row("1/x.jpg", "8") + row("1/y.jpg", "10"));
  check_refused({.root = folder.path()}, DataFormat::affectnet,
                "training.csv without validation.csv; expected both");
  folder.write("validation.csv", row("2/c.jpg", "6"));  // without a header, as released
  DataSource source{.root = folder.path()};
  CHECK(recognise_format(source).format == DataFormat::affectnet);
  const FaceList train = read_split(source, DataFormat::affectnet, Split::train);
  CHECK(named_labels(train) == Names{"1/a.jpg:happiness", "1/b.jpg:contempt"});
  CHECK(train.num_classes() == 8);
  CHECK(train.note ==
        "left out of the train split of AffectNet: 2 faces labelled none, uncertain or no face");
  CHECK(train.boxes[0].x == 0);
  CHECK(train.boxes[0].y == 10);
  CHECK(train.boxes[0].width == 120);
  const Landmarks& landmarks = train.landmarks;
  CHECK(train.landmark_shares);
  CHECK(landmarks.valid() == std::vector<uint8_t>{1, 1});
  REQUIRE(landmarks.points.size() == size_t{2} * 2 * 19);
  CHECK(landmarks.points[0] == doctest::Approx(60 / 120.));
  CHECK(landmarks.points[1] == doctest::Approx(60 / 120.));
  CHECK(landmarks.points[2] == doctest::Approx(10 / 120.));
  CHECK(named_labels(read_split(source, DataFormat::affectnet, Split::test)) ==
        Names{"2/c.jpg:anger"});
  CHECK(read_split(source, DataFormat::affectnet, Split::validation).size() == 0);
  source.classes = "7";
  CHECK(named_labels(read_split(source, DataFormat::affectnet, Split::train)) ==
        Names{"1/a.jpg:happiness"});
  CHECK(read_split(source, DataFormat::affectnet, Split::train).note ==
        "left out of the train split of AffectNet: 2 faces labelled none, uncertain or no face, "
        "1 face of contempt (data.classes is 7)");
  folder.write("training.csv",
               header + "1/a.jpg,10,20,100,100," + in_one_place + ",1,0,0\n" + row("1/b.jpg", "0"));
  CHECK(read_split(source, DataFormat::affectnet, Split::train).landmarks.valid() ==
        std::vector<uint8_t>{0, 1});

  const auto refuse = [&](const std::string& rows, const std::string& what) {
    folder.write("training.csv", header + rows);
    check_refused(source, DataFormat::affectnet, what);
  };
  refuse(row("1/a.jpg", "11"),
         "training.csv:2: expression 11; expected a whole number from 0 to 10");
  refuse(row("1/a.jpg", "happy"), "training.csv:2: expression is 'happy'; expected a number");
  refuse("1/a.jpg,1,1,0,9," + points + ",1,0,0\n", "training.csv:2: a face of 0 x 9 pixels");
  refuse("1/a.jpg,1,1,9,9,1;2;3,1,0,0\n",
         "training.csv:2: facial_landmarks has 3 numbers; expected 136");
  refuse("1/a.jpg,1,1\n", "training.csv:2: 3 fields; the header has 9");
  refuse(row("1/z.jpg", "1"), "training.csv:2: picture ");
  refuse(row("/tmp/z.jpg", "1"), "training.csv:2: picture '/tmp/z.jpg' is absolute");
  refuse(row("", "1"), "training.csv:2: the name is empty");
  refuse(row("1/a.jpg", "8"), "it has no face of the train split");
  refuse(row("1/a.jpg", "1") + row("2/c.jpg", "8"), "training.csv:3: 2/c.jpg is also at ");
  refuse(row("2/c.jpg", "6"), "validation.csv:1; expected each picture in one of the tables");
  // The training table is not read for another split.
  CHECK(read_split(source, DataFormat::affectnet, Split::test).size() == 1);
  const FaceList none = read_split(source, DataFormat::affectnet, Split::validation);
  CHECK(none.size() == 0);
  CHECK(none.num_classes() == 7);
}

TEST_CASE("affectnet: the later release, with numbers and texts") {
  const TemporaryFolder folder;
  std::vector<double> points(136, 112);
  points[16] = 168;  // point 8, the chin
  points[17] = 56;
  const auto face = [&](const std::string& set, const std::string& name,
                        const std::string& expression) {
    folder.write(set + "/images/" + name + ".jpg", "");
    folder.write(set + "/annotations/" + name + "_exp.npy", expression);
    folder.write(set + "/annotations/" + name + "_lnd.npy", npy("<f8", "(136,)", bytes_of(points)));
  };
  face("train_set", "0", npy("<i8", "()", bytes_of<int64_t>({1})));
  face("train_set", "1", npy("<U1", "()", bytes_of<uint32_t>({'3'})));
  face("train_set", "2", npy("<U2", "()", bytes_of<uint32_t>({'1', '0'})));
  face("val_set", "0", npy("<U1", "()", bytes_of<uint32_t>({'7'})));
  DataSource source{.root = folder.path()};
  CHECK(recognise_format(source).format == DataFormat::affectnet);
  const FaceList train = read_split(source, DataFormat::affectnet, Split::train);
  CHECK(named_labels(train) == Names{"train_set/0.jpg:happiness", "train_set/1.jpg:surprise"});
  CHECK(train.landmark_shares);
  CHECK(train.landmarks.valid() == std::vector<uint8_t>{1, 1});
  REQUIRE(train.landmarks.points.size() == size_t{2} * 2 * 19);
  CHECK(train.landmarks.points[0] == 0.5f);
  CHECK(named_labels(read_split(source, DataFormat::affectnet, Split::test)) ==
        Names{"val_set/0.jpg:contempt"});
  CHECK(train.landmarks.points[2 * 18] == 0.75f);
  CHECK(train.landmarks.points[2 * 18 + 1] == 0.25f);
  face("train_set", "1", npy("<U1", "()", bytes_of<uint32_t>({'x'})));
  CHECK(read_split(source, DataFormat::affectnet, Split::test).size() == 1);  // its folder alone
  check_refused(source, DataFormat::affectnet, "1_exp.npy: the text is 'x'; expected a number");
  points.pop_back();
  folder.write("train_set/annotations/0_lnd.npy", npy("<f8", "(135,)", bytes_of(points)));
  check_refused(source, DataFormat::affectnet, "0_lnd.npy: 135 numbers; expected 136");
  std::filesystem::remove_all(folder.path() / "val_set");
  check_refused(source, DataFormat::affectnet, "no val_set/images in it");
}

}  // namespace lanet::test
