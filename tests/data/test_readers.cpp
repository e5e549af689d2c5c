// The formats of data sets: what each reader makes of its folder, and what it refuses.
#include "data/readers.h"

#include <algorithm>
#include <set>

#include "data/expressions.h"
#include "data/landmarks.h"
#include "data/rafdb.h"
#include "tests/data/read_sets.h"

namespace lanet::test {

TEST_CASE("expressions: synonyms in any case, and the known before others") {
  CHECK(known_expression("Angry") == "anger");
  CHECK(known_expression("surprised") == "surprise");
  CHECK(known_expression("Contempt") == "contempt");
  CHECK_FALSE(known_expression("joy"));
  CHECK(in_class_order(Names{"joy", "contempt", "neutral", "boredom", "anger", "joy"}) ==
        Names{"anger", "neutral", "contempt", "joy", "boredom"});
}

TEST_CASE("formats: auto says which it is and why") {
  const TemporaryFolder raf, folders, plain, table, nothing;
  write_pictures(raf, {"basic/EmoLabel/list.txt"});
  CHECK(recognised({.root = raf.path()}) == "rafdb: it has a folder basic/EmoLabel");
  write_pictures(folders, {"train/happy/a.jpg", "test/happy/a.jpg"});
  folders.write("labels.csv", "image,label\n");
  CHECK(recognised({.root = folders.path()}) == "folder: it has folders of classes in test");
  write_pictures(plain, {"happy/a.jpg", "sad/a.PNG"});
  CHECK(recognised({.root = plain.path()}) == "folder: it has folders of pictures, such as happy");
  write_pictures(table, {"part1/a.jpg", "part2/b.jpg"});
  table.write("faces.csv", "filename,label\npart1/a.jpg,sad\n");
  CHECK(recognised({.root = table.path()}) == "csv: its faces.csv has pictures and labels");
  CHECK(recognised({.root = nothing.path(), .labels = "list.csv"}) ==
        "csv: data.labels names the table list.csv");
  // A table that is named is what the user wants, whatever else there is.
  folders.write("faces.csv", "path,label,split\ntrain/happy/a.jpg,sad,train\n");
  CHECK(recognised({.root = folders.path(), .labels = "faces.CSV"}) ==
        "csv: data.labels names the table faces.CSV");
  check_refused({.root = folders.path(), .labels = "faces.csv"}, DataFormat::folder,
                "data.labels: faces.csv; expected it unset: data.format folder has no list");
  table.write("notes.csv", "\"not closed\n");
  std::filesystem::rename(table.path() / "faces.csv", table.path() / "FACES.CSV");
  CHECK(recognised({.root = table.path()}) == "csv: its FACES.CSV has pictures and labels");
  CHECK(is_line_with(input_error([&] { recognise_format({.root = nothing.path()}); }),
                     "a data set of an unknown format; expected a folder basic/EmoLabel (rafdb), "
                     "or fer2013new.csv (ferplus), or training.csv"));
  CHECK(is_line_with(input_error([&] { recognise_format({.root = nothing.path() / "no"}); }),
                     "there is no such folder"));
}

TEST_CASE("rafdb: lists and pictures as they are found") {
  const TemporaryFolder folder;
  const std::string pictures = "basic/Image/aligned/";
  write_pictures(folder, {pictures + "train_1_aligned.JPG", pictures + "train_2.jpg",
                          pictures + "train_3_aligned.jpeg", pictures + "train_4.png"});
  folder.write(kDefaultLabelList,
               "\xEF\xBB\xBFtrain_1.jpg\t1\textra\r\ntrain_2.jpg 2 0.5 3\r\ntrain_3.jpg 3\r\n"
               "train_4.jpg 7\r\n");
  const FaceList list = read_split({.root = folder.path()}, DataFormat::rafdb, Split::train);
  CHECK(named_labels(list) == Names{"train_1.jpg:surprise", "train_2.jpg:fear",
                                    "train_3.jpg:disgust", "train_4.jpg:neutral"});
  CHECK(list.paths[0].filename() == "train_1_aligned.JPG");
  CHECK(list.paths[1].filename() == "train_2.jpg");
  CHECK(list.classes == expression_names());
  CHECK(read_split({.root = folder.path()}, DataFormat::rafdb, Split::validation).size() == 0);
}

TEST_CASE("rafdb: compound expressions have eleven classes") {
  const TemporaryFolder folder;
  write_pictures(folder, {"compound/Image/aligned/train_1_aligned.jpg",
                          "compound/Image/aligned/train_2_aligned.jpg"});
  folder.write("compound/EmoLabel/list_patition_label.txt", "train_1.jpg 1\ntrain_2.jpg 11\n");
  const DataSource source{.root = folder.path()};
  CHECK(recognised(source) == "rafdb: it has a folder compound/EmoLabel");
  const FaceList list = read_split(source, DataFormat::rafdb, Split::train);
  CHECK(named_labels(list) ==
        Names{"train_1.jpg:happily_surprised", "train_2.jpg:disgustedly_surprised"});
  CHECK(list.num_classes() == 11);
  folder.write("compound/EmoLabel/list_patition_label.txt", "train_1.jpg 12\n");
  check_refused(source, DataFormat::rafdb, ".txt:1: label 12 of train_1.jpg; expected 1 to 11");
}

TEST_CASE("folder: splits and classes by name, faces ordered by name") {
  const TemporaryFolder folder;
  write_pictures(folder, {"train/Happy/b.jpg", "train/angry/c.PNG", "train/contempt/a.jpg",
                          "train/Happy/notes.txt", "train/Happy/.hidden.jpg", "val/joy/d.jpg",
                          "test/sad/e.jpg", "other/readme.txt"});
  const DataSource source{.root = folder.path()};
  const FaceList train = read_split(source, DataFormat::folder, Split::train);
  CHECK(train.classes == Names{"anger", "happiness", "sadness", "contempt", "joy"});
  CHECK(named_labels(train) == Names{"a.jpg:contempt", "b.jpg:happiness", "c.PNG:anger"});
  CHECK(train.paths[1] == folder.path() / "train/Happy/b.jpg");
  const FaceList validation = read_split(source, DataFormat::folder, Split::validation);
  CHECK(named_labels(validation) == Names{"d.jpg:joy"});
  CHECK(validation.classes == train.classes);
  CHECK(named_labels(read_split(source, DataFormat::folder, Split::test)) ==
        Names{"e.jpg:sadness"});
}

TEST_CASE("folder: FER2013's names of splits, below the only folder there is") {
  const TemporaryFolder folder;
  write_pictures(folder, {"archive/Training/sad/1.jpg", "archive/PublicTest/fear/1.jpg",
                          "archive/PrivateTest/fear/2.jpg"});
  const DataSource source{.root = folder.path()};
  // Two files have one name: faces are named by their paths below data.root.
  CHECK(named_labels(read_split(source, DataFormat::folder, Split::train)) ==
        Names{"archive/Training/sad/1.jpg:sadness"});
  CHECK(named_labels(read_split(source, DataFormat::folder, Split::validation)) ==
        Names{"archive/PublicTest/fear/1.jpg:fear"});
  CHECK(named_labels(read_split(source, DataFormat::folder, Split::test)) ==
        Names{"archive/PrivateTest/fear/2.jpg:fear"});
}

TEST_CASE("folder: each face has its row of a landmark table of the same folders") {
  const auto rows_found = [](const Names& pictures) {
    const TemporaryFolder folder;
    write_pictures(folder, pictures);
    std::string table = "image,ok";
    for (int l = 0; l < kFewLandmarks; ++l) table += fmt::format(",x_{},y_{}", l, l);
    table += "\n";
    for (const std::string& name : pictures) table += name + ",1,1,1,2,1,1,2,1,3,2,3\n";
    const FaceList list = read_split({.root = folder.path()}, DataFormat::folder, Split::train);
    const auto states = read_landmarks(folder.write("landmarks.csv", table), list.names).states;
    return std::count(states.begin(), states.end(), LandmarkState::good);
  };
  CHECK(rows_found({"train/sad/1.jpg", "train/fear/2.jpg", "test/sad/3.jpg"}) == 2);
  CHECK(rows_found({"train/sad/1.jpg", "train/fear/1.jpg", "test/sad/1.jpg"}) == 2);
  CHECK(rows_found({"train/sad/1.jpg", "train/sad/1.png", "test/fear/2.jpg"}) == 2);
  CHECK(rows_found({"in/train/sad/1.jpg", "in/train/fear/1.jpg", "in/test/sad/2.jpg"}) == 2);
}

TEST_CASE("folder: without a test split, the validation split is what is tested on") {
  const TemporaryFolder folder;
  write_pictures(folder, {"train/sad/1.jpg", "valid/fear/2.jpg"});
  const DataSource source{.root = folder.path()};
  CHECK(named_labels(read_split(source, DataFormat::folder, Split::test)) == Names{"2.jpg:fear"});
  CHECK(read_split(source, DataFormat::folder, Split::validation).size() == 0);
}

TEST_CASE("folder: without splits a share of each class is tested on") {
  const TemporaryFolder folder;
  for (int i = 0; i < 20; ++i)
    write_pictures(folder, {fmt::format("sad/{:02}.jpg", i), fmt::format("fear/x{:02}.jpg", i)});
  DataSource source{.root = folder.path()};
  check_refused(source, DataFormat::folder, "data.validation: 0; expected a share above 0");
  source.validation = 0.25;
  const FaceList train = read_split(source, DataFormat::folder, Split::train);
  const FaceList test = read_split(source, DataFormat::folder, Split::test);
  CHECK(train.size() == 30);
  CHECK(test.size() == 10);
  CHECK(std::count(test.labels.begin(), test.labels.end(), 0) == 5);
  std::set<std::string> all(train.names.begin(), train.names.end());
  all.insert(test.names.begin(), test.names.end());
  CHECK(all.size() == 40);
  CHECK(read_split(source, DataFormat::folder, Split::validation).size() == 0);
}

TEST_CASE("folder: numbers are named by data.classes, from 0 or from 1") {
  const TemporaryFolder zero, one;
  write_pictures(zero, {"train/0/a.jpg", "train/2/b.jpg"});
  write_pictures(one, {"train/1/a.jpg", "train/3/b.jpg"});
  for (const TemporaryFolder* folder : {&zero, &one}) {
    DataSource source{.root = folder->path()};
    check_refused(source, DataFormat::folder, "expected data.classes to name the numbers");
    source.classes = "sad, joy,angry";
    const FaceList list = read_split(source, DataFormat::folder, Split::train);
    CHECK(list.classes == Names{"anger", "sadness", "joy"});
    CHECK(named_labels(list) == Names{"a.jpg:sadness", "b.jpg:anger"});
    source.classes = "sad,joy";
    check_refused(source, DataFormat::folder, "for the 2 names of data.classes");
    source.classes = "sad,sadness";
    check_refused(source, DataFormat::folder, "data.classes: 'sad,sadness'; expected different");
  }
  check_refused({.root = one.path(), .classes = "sad,joy,angry,fear"}, DataFormat::folder,
                "it is not clear whether they count from 0 or from 1");
}

TEST_CASE("folder: a table beside numbered folders, as in the re-release of RAF-DB") {
  const TemporaryFolder folder;
  write_pictures(folder,
                 {"DATASET/train/1/train_1_aligned.jpg", "DATASET/train/4/train_2_aligned.jpg",
                  "DATASET/test/7/test_1_aligned.jpg"});
  folder.write("train_labels.csv", "image,label\ntrain_1_aligned.jpg,1\ntrain_2_aligned.jpg,4\n");
  folder.write("test_labels.csv", "image,label\ntest_1_aligned.jpg,7\n");
  const DataSource source{.root = folder.path()};
  // The tables lie beside the folder that holds the splits.
  CHECK(recognised(source) == "folder: it has folders of classes in DATASET/test");
  CHECK(named_labels(read_split(source, DataFormat::folder, Split::train)) ==
        Names{"train_1_aligned.jpg:surprise", "train_2_aligned.jpg:happiness"});
  CHECK(named_labels(read_split(source, DataFormat::folder, Split::test)) ==
        Names{"test_1_aligned.jpg:neutral"});
  const auto refuse = [&](const std::string& rows, const std::string& what) {
    folder.write("train_labels.csv", "image,label\n" + rows);
    check_refused(source, DataFormat::folder, what);
  };
  refuse("train_1_aligned.jpg,1\n", "train_2_aligned.jpg: it has no row in the tables of labels");
  refuse(
      "train_1_aligned.jpg,1\ntrain_2_aligned.jpg,3\n",
      "train_labels.csv:3: label 3 of train_2_aligned.jpg; expected 4, the folder that it is in");
  refuse("train_1_aligned.jpg,1\ntrain_2_aligned.jpg,4\ntrain_9_aligned.jpg,4\n",
         "train_labels.csv:4: picture train_9_aligned.jpg is not in the folders");
  refuse("train_1_aligned.jpg,1\ntrain_1_aligned.jpg,1\n",
         "train_labels.csv:3: train_1_aligned.jpg occurs a second time");
  folder.write("train_labels.csv", "picture,label\n");
  check_refused(source, DataFormat::folder, "train_labels.csv: its header has no column 'image'");
}

TEST_CASE("folder: a table beside numbered folders can name them") {
  const TemporaryFolder folder;
  write_pictures(folder, {"train/0/a.jpg", "train/0/b.jpg", "train/1/c.jpg"});
  folder.write("labels.csv", "image,label\na.jpg,happy\nb.jpg,happy\ntrain/1/c.jpg,joy\n");
  const DataSource source{.root = folder.path()};
  CHECK(named_labels(read_split(source, DataFormat::folder, Split::train)) ==
        Names{"a.jpg:happiness", "b.jpg:happiness", "c.jpg:joy"});
  folder.write("labels.csv", "image,label\na.jpg,happy\nb.jpg,sad\nc.jpg,joy\n");
  check_refused(
      source, DataFormat::folder,
      "labels.csv:3: label 'sad' of b.jpg; expected happy, as other pictures of folder 0");
  std::string rows = "image,label\na.jpg,happy\nb.jpg,happy\nc.jpg,joy\n";
  for (int i = 5; i < 12; ++i) rows += fmt::format("x{}.jpg,joy\n", i);
  folder.write("labels.csv", rows);  // of lines 5 to 11, line 5 is the first
  check_refused(source, DataFormat::folder, "labels.csv:5: picture x5.jpg is not in the folders");
}

TEST_CASE("folder: pictures of one name have rows by their paths, with or without outer folders") {
  const TemporaryFolder folder;
  write_pictures(folder, {"in/train/0/1.jpg", "in/train/1/1.jpg", "in/train/1/2.jpg"});
  const DataSource source{.root = folder.path()};
  folder.write("labels.csv", "image,label\n./train/0/1.jpg,sad\n1/1.jpg,fear\nelse/2.jpg,fear\n");
  CHECK(named_labels(read_split(source, DataFormat::folder, Split::train)) ==
        Names{"in/train/0/1.jpg:sadness", "in/train/1/1.jpg:fear", "in/train/1/2.jpg:fear"});
  folder.write("labels.csv", "image,label\n1.jpg,sad\n2.jpg,fear\n");
  check_refused(source, DataFormat::folder, "labels.csv:2: the row of two pictures, of which ");
}

TEST_CASE("folder: what is wrong is named") {
  const TemporaryFolder misspelt, named, latin, one, no_train;
  write_pictures(misspelt, {"train/sad/a.jpg", "train/fear/b.jpg", "tets/sad/c.jpg"});
  check_refused({.root = misspelt.path()}, DataFormat::folder,
                "tets: 'tets' is not a split; expected one of train, training, test, privatetest, "
                "val, valid, validation, publictest; did you mean 'test'?");
  write_pictures(named, {"train/sad/a.jpg", "train/happines/b.jpg", "train/fear/c.jpg"});
  check_refused({.root = named.path(), .classes = "sad,happy,fear"}, DataFormat::folder,
                "b.jpg: label 'happines'; expected one of sadness, happiness, fear (data.classes); "
                "did you mean 'happiness'?");
  write_pictures(named, {"train/3/d.jpg"});
  check_refused({.root = named.path()}, DataFormat::folder,
                "expected a number, as the others have");
  write_pictures(latin, {"train/sad/caf\xE9.jpg", "train/fear/b.jpg"});
  check_refused({.root = latin.path()}, DataFormat::folder,
                R"(the name 'caf\xE9.jpg' is not UTF-8; expected a name in that encoding)");
  write_pictures(one, {"train/sad/a.jpg"});
  check_refused({.root = one.path()}, DataFormat::folder,
                "1 class (sadness); expected two or more");
  write_pictures(no_train, {"test/sad/a.jpg", "test/fear/b.jpg"});
  check_refused({.root = no_train.path()}, DataFormat::folder, "it has no face of the train split");
  const TemporaryFolder empty;
  check_refused({.root = empty.path()}, DataFormat::folder,
                "no pictures in folders of classes; expected train/happiness/picture.jpg");
}

}  // namespace lanet::test
