// What people give the program by mistake: each is refused in one line with exit code 2, which
// names the file and the field, and nothing is created.
#include <sys/stat.h>

#include <string>
#include <vector>

#include "tests/program.h"

namespace lanet::test {
namespace {

using namespace std::string_literals;
namespace fs = std::filesystem;

/// {} in the arguments is the folder that the file is written into.
struct Mistake {
  std::string arguments, file, content;
  std::vector<std::string> said;
};

/// A drawn data set, its configuration, and a folder for a table of two faces.
class Place {
 public:
  Place() {
    REQUIRE(run("synth --out " + path("faces") + " --train 20 --test 4 --size 64").code == 0);
    folder_.write("c.json", R"({"data": {"root": "faces", "landmarks": "landmarks_19.csv",
        "landmark_size": 64, "image_size": 64}, "train": {"epochs": 1, "batch": 10}})");
    for (const char* picture : {"set/a.jpg", "set/b.jpg"}) folder_.write(picture, "");
  }
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  /// Makes one mistake, and puts the folder in order again.
  void check(const Mistake& mistake) const {
    const std::string file = path(mistake.file);
    const bool known = !mistake.file.empty() && fs::exists(file);
    const std::string before = known ? read_text(file) : "";
    if (!mistake.file.empty()) folder_.write(mistake.file, mistake.content);
    std::string arguments = mistake.arguments;
    for (size_t at = arguments.find("{}"); at != arguments.npos; at = arguments.find("{}"))
      arguments.replace(at, 2, folder_.path().string());
    const Outcome outcome = run(arguments);
    const std::string line = without_notes(outcome.err);
    CAPTURE(arguments);
    CAPTURE(line);
    CHECK(outcome.code == 2);
    CHECK(outcome.out.empty());
    CHECK(line.find('\n') == line.size() - 1);
    for (const std::string& part : mistake.said)
      CHECK_MESSAGE(line.find(part) != std::string::npos, part);
    CHECK_FALSE(fs::exists(path("run")));
    if (known)
      folder_.write(mistake.file, before);
    else if (!mistake.file.empty())
      fs::remove(file);
  }

 private:
  TemporaryFolder folder_;
};

const Place& place() {
  static const Place one;
  return one;
}

void check(const std::vector<Mistake>& mistakes) {
  for (const Mistake& mistake : mistakes) {
    CAPTURE(mistake.content);
    place().check(mistake);
  }
}

const std::string kTrain = "train {}/c.json --run {}/run", kSet = kTrain + " --set ";
const std::string kPage = "\n<!DOCTYPE HTML><html><body>404 Not Found</body></html>";
const std::string kPointer =
    "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";

Mistake configuration(const std::string& content, std::vector<std::string> said) {
  return {"train {}/x.json --run {}/run", "x.json", content, std::move(said)};
}
Mistake label_list(const std::string& content, std::vector<std::string> said) {
  return {kSet + "data.labels=x.txt", "faces/x.txt", content, std::move(said)};
}
Mistake table_of_faces(const std::string& content, std::vector<std::string> said) {
  return {kSet +
              "data.root={}/set --set data.labels=x.csv --set data.landmarks=null --set "
              "method=baseline",
          "set/x.csv", content, std::move(said)};
}
Mistake picture(const std::string& content, std::vector<std::string> said) {
  return {kTrain, "faces/basic/Image/aligned/train_00003_aligned.jpg", content, std::move(said)};
}
Mistake noise(const std::string& content, std::vector<std::string> said) {
  return {kSet + "data.noise.file={}/x.csv", "x.csv", content, std::move(said)};
}
Mistake rates(const std::string& content, std::vector<std::string> said) {
  return {kSet + "data.noise.rates={}/x.csv", "x.csv", content, std::move(said)};
}
Mistake corrections(const std::string& content, std::vector<std::string> said) {
  return {kSet + "data.corrections={}/x.csv", "x.csv", content, std::move(said)};
}
Mistake votes(const std::string& content, std::vector<std::string> said) {
  return {kSet + "data.votes=x.csv", "faces/x.csv", content, std::move(said)};
}
Mistake golden(const std::string& content, std::vector<std::string> said) {
  return {"verify {}/x.json", "x.json", content, std::move(said)};
}
Mistake plan(const std::string& content, std::vector<std::string> said) {
  return {"experiment {}/x.json --runs {}/run", "x.json", content, std::move(said)};
}
Mistake landmarks(const std::string& file, const std::string& content,
                  std::vector<std::string> said) {
  return {kSet + "data.landmarks=" + file, "faces/" + file, content, std::move(said)};
}
Mistake weights(const std::string& file, const std::string& content,
                std::vector<std::string> said) {
  return {"inspect {}/" + file, file, content, std::move(said)};
}
Mistake words(const std::string& arguments, std::vector<std::string> said) {
  return {arguments, "", "", std::move(said)};
}

}  // namespace

TEST_CASE("malformed inputs: configurations") {
  check({
      configuration("{\"data\": {\"root\": \"faces\"},}"s, {"x.json", "line 1, column 28"}),
      configuration("{\"data\": {\"root\": NaN}}"s, {"x.json", "unexpected 'N'"}),
      configuration("{\"seed\": 1, \"seed\": 2}"s, {"x.json", "'seed' occurs twice"}),
      configuration("{\"seed\": 1} // one"s, {"x.json", "not JSON"}),
      configuration("[1]"s, {"x.json", "expected an object"}),
      configuration(""s, {"x.json", "the text ends too early"}),
      configuration("\xff\xfe{\x00\"\x00s\x00"
                    "e\x00"
                    "e\x00"
                    "d\x00\"\x00:\x00 \x00"
                    "1\x00}\x00"s,
                    {"x.json", "UTF-16"}),
      configuration(kPage, {"x.json", "is a web page"}),
      configuration(kPointer, {"x.json", "is a Git LFS pointer"}),
      configuration("\x1f\x8b\x08\x00"
                    "abc"s,
                    {"x.json", "gzip"}),
      configuration("\x00\x01\x02\x03"s, {"x.json", "binary data"}),
      configuration(std::string(100, '['), {"x.json", "nested more than"}),
      configuration("{\"data\": {\"root\": \"faces\"}, \"train\": {\"lr\": 0.1}}"s,
                    {"x.json", "train.lr", "train.learning_rate"}),
      configuration("{\"data\": {\"root\": \"faces\", \"landmark\": \"x\"}}"s,
                    {"x.json", "data.landmark", "data.landmarks"}),
      configuration("{\"data\": {\"root\": \"faces\"}, \"seed\": \"one\"}"s,
                    {"x.json", "seed", "\"one\"; expected an integer"}),
      configuration("{\"data\": {\"root\": \"faces\"}, \"train\": {\"batch\": 1}}"s,
                    {"x.json", "train.batch", "1; expected an integer from"}),
      configuration("{\"data\": {\"root\": \"faces\"}, \"train\": {\"device\": \"gpu\"}}"s,
                    {"x.json", "train.device", "did you mean 'cuda'"}),
      configuration("{\"data\": {\"root\": \"faces\", \"noise\": 0.3}}"s,
                    {"x.json", "data.noise", "0.3; expected an object"}),
      configuration("{\"extends\": \"no.json\"}"s, {"x.json", "extends", "there is no"}),
      configuration("{\"extends\": \"x.json\"}"s, {"x.json", "extends", "does not itself extend"}),
      configuration("{\"data\": {\"root\": \"faces\"}, \"a\\u001b[2J\\nb\": 1}"s,
                    {"x.json", "a\\x1B[2J b", "unknown key"}),
      configuration("{\"seed\": 1}"s, {"x.json", "data.root", "missing"}),
  });
}

TEST_CASE("malformed inputs: fields and options") {
  check({
      words(kSet + "train.lr=0.1", {"--set", "train.learning_rate"}),
      words(kSet + "data.noise=0.3", {"--set", "data.noise", "data.noise.rate"}),
      words(kSet + "train.device=gpu", {"--set", "train.device", "did you mean 'cuda'"}),
      words(kSet + "seed", {"--set seed", "key=value"}),
      words(kSet + "data.landmark=x.csv", {"--set", "did you mean 'data.landmarks'"}),
      words(kSet + "data.root=/no/such", {"data.root /no/such", "no such folder"}),
      words(kSet + "data.landmark_size=0", {"data.landmark_size", "above 0"}),
      words(kTrain + " --epochs 3", {"--epochs", "--set train.epochs="}),
      words(kTrain + " --device gpu", {"--device", "did you mean 'cuda'"}),
      words("trian {}/c.json", {"trian", "did you mean 'train'"}),
      words("train {}/no.json", {"no.json", "no such file"}),
      words("train", {"CONFIG is missing"}),
      words("predict {}/no a.jpg", {"/no: "}),
  });
}

TEST_CASE("malformed inputs: lists and tables of faces") {
  check({
      label_list("train_00001.jpg\n"s, {"x.txt", "x.txt:1", "expected a picture and its label"}),
      label_list("train_00001.jpg 9\n"s, {"x.txt", "x.txt:1", "label 9"}),
      label_list("train_00001.jpg 5\ntrain_00001.jpg 4\n"s, {"x.txt", "x.txt:2", "second time"}),
      label_list("train_99999.jpg 5\n"s, {"x.txt", "x.txt:1", "does not exist"}),
      label_list("test_00001.jpg 5\n"s, {"x.txt", "no line for the train split"}),
      label_list("\xff\xfet\x00r\x00"
                 "a\x00i\x00n\x00_\x00"
                 "0\x00"
                 "0\x00"
                 "0\x00"
                 "0\x00"
                 "1\x00.\x00j\x00p\x00g\x00 \x00"
                 "5\x00\n\x00"s,
                 {"x.txt", "UTF-16"}),
      label_list(kPage, {"x.txt", "is a web page"}),
      label_list("train_00001.jpg\xc2\xa0"
                 "5\n"s,
                 {"x.txt", "x.txt:1", "\\u00A05"}),
      label_list("train_\xe9.jpg 5\n"s, {"x.txt", "x.txt:1", "\\xE9", "UTF-8"}),
      label_list("a/train_00001.jpg 5\n"s, {"x.txt", "x.txt:1", "expected a picture"}),
      label_list(""s, {"x.txt", "x.txt"}),
      table_of_faces("path,lable\na.jpg,sad\n"s,
                     {"x.csv", "x.csv", "no column 'label'; did you mean 'lable'"}),
      table_of_faces("\"path,label\"\na.jpg,sad\n"s, {"x.csv", "x.csv:1", "one field in quotes"}),
      table_of_faces("path;label\na.jpg,sad\n"s, {"x.csv", "x.csv:2", "1 field"}),
      table_of_faces("path,label,split\na.jpg,sad,train\nb.jpg,happy\n"s,
                     {"x.csv", "x.csv:3", "2 fields"}),
      table_of_faces("path,label,split\na.jpg,\"sad,train\n"s, {"x.csv", "x.csv:2", "not closed"}),
      table_of_faces("path,label,split\na.jpg,sad,trian\n"s,
                     {"x.csv", "x.csv:2", "'trian'", "did you mean 'train'"}),
      table_of_faces("path,label,split\n/a.jpg,sad,train\nb.jpg,happy,test\n"s,
                     {"x.csv", "x.csv:2", "absolute"}),
      table_of_faces("path,label,split\n../a.jpg,sad,train\nb.jpg,happy,test\n"s,
                     {"x.csv", "x.csv:2", "outside data.root"}),
      table_of_faces("path,label,split\nc.jpg,sad,train\nb.jpg,happy,test\n"s,
                     {"x.csv", "x.csv:2", "does not exist"}),
      table_of_faces("path,label,split\na.jpg,sad,train\na.jpg,happy,test\n"s,
                     {"x.csv", "x.csv:3", "second time"}),
      table_of_faces("path,label,split\na.jpg,sad,train\nb.jpg,3,test\n"s,
                     {"x.csv", "x.csv:3", "'3'", "expected a name"}),
      table_of_faces("path,label,split\na.jpg,1,train\nb.jpg,3,test\n"s,
                     {"x.csv", "x.csv:2", "data.classes"}),
      table_of_faces("path,label,split,box_x\na.jpg,sad,train,3\nb.jpg,fear,test,4\n"s,
                     {"x.csv", "x.csv:1", "box_x", "box_y"}),
      table_of_faces(
          "path,label,split,box_x,box_y,box_width,box_height\na.jpg,sad,train,1,1,0,5\nb.jpg,fear,test,1,1,5,5\n"s,
          {"x.csv", "x.csv:2", "box_width"}),
      table_of_faces("path,label,label\na.jpg,sad,sad\n"s, {"x.csv", "x.csv:1", "twice"}),
      table_of_faces("path,label,split\na.jpg,s\x1b[2Jad,train\nb.jpg,fear,test\n"s,
                     {"x.csv", "x.csv:2", "\\x1B", "control"}),
      table_of_faces("path,label,split\n,sad,train\n"s, {"x.csv", "x.csv:2", "empty"}),
  });
}

TEST_CASE("malformed inputs: landmarks") {
  check({
      landmarks("x.csv", "image,x_0,y_0\n"s, {"x.csv", "1 landmarks per face"}),
      landmarks("x.csv", "image,a,b\ntrain_00001.jpg,1,2\n"s, {"x.csv", "no landmarks"}),
      landmarks("x.csv", "brow_l_outer_x,brow_l_outer_y\n1,2\n"s, {"x.csv", "no column 'image'"}),
      landmarks(
          "x.csv",
          "image,left_eye_x,left_eye_y,right_eye_x,right_eye_y,nose_x,nose_y,mouth_left_x,mouth_left_y,mouth_right_x,mouth_right_y\ntrain_00001.jpg,a,1,2,3,4,5,6,7,8,9\n"s,
          {"x.csv", "x.csv:2", "'a'", "coordinate"}),
      landmarks(
          "x.csv",
          "image,ok,left_eye_x,left_eye_y,right_eye_x,right_eye_y,nose_x,nose_y,mouth_left_x,mouth_left_y,mouth_right_x,mouth_right_y\ntrain_00001.jpg,yes,1,1,2,3,4,5,6,7,8,9\n"s,
          {"x.csv", "x.csv:2", "'yes'", "0 or 1"}),
      landmarks("x.csv",
                "\xff\xfei\x00m\x00"
                "a\x00g\x00"
                "e\x00"s,
                {"x.csv", "UTF-16"}),
      landmarks("x.csv", kPointer, {"x.csv", "Git LFS"}),
      landmarks("x.xml", "<a/>"s, {"x.xml", "'.xml'"}),
      landmarks("x.json", "{\"a\": [1, 2]"s, {"x.json", "too early"}),
      landmarks("x.json", "[]"s, {"x.json", "object"}),
      landmarks("x.json", "{\"a\": [[1, 2], [3]]}"s, {"x.json", "a: ", "landmark [x, y]"}),
      landmarks("x.json", "{\"a\\u001b\": [[1, 2], [\"x\", 2]]}"s,
                {"x.json", "a\\x1B: ", "coordinate"}),
      landmarks("x.npy", "nothing"s, {"x.npy", ".npy"}),
      landmarks("x.npy",
                "\x93NUMPY\x01\x00"
                "A\x00{'descr': '<f4', 'fortran_order': False, 'shape': (20, 19, 2), }\n"s,
                {"x.npy", "takes 3040 bytes"}),
      landmarks(
          "x.npy",
          "\x93NUMPY\x01\x00@\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1, 19, 2), }\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"s,
          {"x.npy", "1 row", "20"}),
      landmarks(
          "x.npy",
          "\x93NUMPY\x01\x00:\x00{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }\n"s,
          {"x.npy", "'<c8'"}),
      landmarks(
          "x.npy",
          "\x93NUMPY\x01\x00P\x00{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 99999999999), }\n"s,
          {"x.npy", "shape"}),
      landmarks("x.pth", "nothing"s, {"x.pth", "x.pth"}),
      landmarks("x.csv", "image,ok,brow_l_outer_x\n"s, {"x.csv", "x.csv", "'brow_l_outer_y'"}),
      landmarks("x.pth", kPage, {"x.pth", "web page"}),
  });
}

TEST_CASE("malformed inputs: pictures") {
  check({
      picture(""s, {"train_00003_aligned.jpg", "is empty"}),
      picture(kPage, {"train_00003_aligned.jpg", "web page"}),
      picture(kPointer, {"train_00003_aligned.jpg", "Git LFS"}),
      picture("GIF89a\x01\x01"s, {"train_00003_aligned.jpg", "GIF"}),
      picture("BM\x00\x00"s, {"train_00003_aligned.jpg", "BMP"}),
      picture("hello"s, {"train_00003_aligned.jpg", "is not a JPEG, PNG or WebP"}),
      picture("\xff\xd8\xff\xe0\x00\x10JFIF"s, {"train_00003_aligned.jpg", "cut short"}),
      picture("\x89PNG\x0d\n\x1a\n\x00\x00"s, {"train_00003_aligned.jpg", "cut short"}),
  });
}

TEST_CASE("malformed inputs: files of weights") {
  check({
      weights("x.safetensors", ""s, {"x.safetensors", "cut off"}),
      weights("x.safetensors", kPage, {"x.safetensors", "web page"}),
      weights("x.safetensors", kPointer, {"x.safetensors", "Git LFS"}),
      weights("x.safetensors", "\x05\x00\x00\x00\x00\x00\x00\x00{\"w\":"s,
              {"x.safetensors", "not JSON"}),
      weights(
          "x.safetensors",
          "6\x00\x00\x00\x00\x00\x00\x00{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}1234"s,
          {"x.safetensors", "'w'", "cut off"}),
      weights(
          "x.safetensors",
          "6\x00\x00\x00\x00\x00\x00\x00{\"w\":{\"dtype\":\"F33\",\"shape\":[2],\"data_offsets\":[0,8]}}12345678"s,
          {"x.safetensors", "'w'", "'F33'"}),
      weights(
          "x.safetensors",
          "<\x00\x00\x00\x00\x00\x00\x00{\"w\\u001b\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}12345678"s,
          {"x.safetensors", "w\\x1B"}),
      weights("x.safetensors", "\xff\xff\xff\xff\xff\xff\xff\x7f{}"s,
              {"x.safetensors", "header of"}),
      weights("x.pth", ""s, {"x.pth", "x.pth"}),
      weights("x.pth", kPage, {"x.pth", "web page"}),
      weights("x.pth", kPointer, {"x.pth", "Git LFS"}),
      weights("x.pth", "\x80\x04K\x01."s, {"x.pth", "x.pth", "without tensors"}),
      weights("x.pth",
              "\x80\x02"
              "cos\nsystem\n(X\x02\x00\x00\x00idtR."s,
              {"x.pth", "x.pth"}),
      weights("x.pth", "PK\x03\x04half"s, {"x.pth", "x.pth"}),
      weights("x.pkl", "\x80\x04\x95\x10"s, {"x.pkl", "x.pkl"}),
      weights("x.onnx", "x"s, {"x.onnx", "x.onnx"}),
  });
}

TEST_CASE("malformed inputs: tables beside the data, golden files and plans") {
  check({
      noise("image,a\n"s, {"x.csv", "x.csv"}),
      noise(kPage, {"x.csv", "web page"}),
      rates("from,to,rate\nanger,angre,0.1\n"s,
            {"x.csv", "x.csv:2", "'angre'", "did you mean 'anger'"}),
      rates("from,to,rate\nanger,fear,1.5\n"s, {"x.csv", "x.csv:2", "'1.5'"}),
      corrections("image,label\nno.jpg,anger\n"s, {"x.csv", "x.csv:2", "no.jpg"}),
      corrections("image,label\ntrain_00001.jpg,angry?\n"s, {"x.csv", "x.csv:2", "angry?"}),
      votes("image,anger\ntrain_00001.jpg,1\n"s, {"x.csv", "x.csv"}),
      golden("{}"s, {"x.json", "format"}),
      golden("{\"format\": \"lanet-golden/9\"}"s, {"x.json", "lanet-golden/9"}),
      golden(""s, {"x.json", "too early"}),
      golden("{\"format\": 3}"s, {"x.json", "format"}),
      golden("[]"s, {"x.json", "x.json"}),
      plan("{\"configs\": 3}"s, {"x.json", "x.json"}),
      plan(""s, {"x.json", "too early"}),
      plan("[]"s, {"x.json", "x.json"}),
  });
}

TEST_CASE("malformed inputs: pipes, devices and loops of links do not hang and take no memory") {
  const std::string pipe = place().path("pipe"), loop = place().path("loop");
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  fs::create_symlink("loop", loop);
  for (const std::string& file : {pipe, loop, "/dev/zero"s}) {
    const std::string name = fs::path(file).filename().string();
    std::vector<Mistake> mistakes = {
        words("train " + file + " --run {}/run", {name}),
        words("inspect " + file, {name}),
        words("predict " + file + " a.jpg", {name}),
        words("verify " + file, {name}),
        words("experiment " + file + " --runs {}/run", {name}),
        words(kSet + "model.pretrained=" + file + " --set method=baseline", {name})};
    for (const char* field : {"data.labels=", "data.landmarks=", "data.votes=", "data.noise.file=",
                              "data.noise.rates=", "data.corrections=", "data.root="})
      mistakes.push_back(words(kSet + field + file, {name}));
    check(mistakes);
  }
  fs::remove(pipe);
  fs::remove(loop);
}

TEST_CASE("malformed inputs: a name that no file system takes is refused wherever it stands") {
  const std::string name(300, 'x');
  std::vector<Mistake> mistakes;
  for (const char* command :
       {"train ", "data ", "eval ", "report ", "plot --out y.svg ", "inspect ", "audit ",
        "experiment ", "verify ", "data {}/c.json --out ", "audit {}/c.json --out ",
        "noise {}/c.json --rate 0.1 --out ", "align {}/c.json --out ",
        "synth --train 3 --test 3 --out ", "train {}/c.json --run "})
    mistakes.push_back(words(command + name, {name}));
  for (const char* field :
       {"data.root=", "data.landmarks=", "data.labels=", "data.noise.file=", "data.noise.rates=",
        "data.votes=", "data.corrections=", "data.true_labels=", "model.pretrained="})
    mistakes.push_back(words(kSet + field + name, {name}));
  check(mistakes);
}

}  // namespace lanet::test
