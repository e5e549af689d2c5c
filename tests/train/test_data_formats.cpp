// The same drawn faces in every format: each trains, is evaluated and resumes, with the same bits.
#include <fstream>
#include <map>
#include <sstream>

#include "core/files/file.h"
#include "data/image.h"
#include "data/rafdb.h"
#include "tests/input_error.h"
#include "tests/program.h"
#include "tests/train/small_training.h"

namespace lanet::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kSide = 48;  // FER2013's

struct Face {
  std::string stem, expression, landmarks;  // landmarks: the fields of its row after the name
  Split split;
  HostImage picture;  // grey
};

struct DrawnFaces {
  std::vector<Face> faces;
  std::string landmark_header;
};

HostImage grey(HostImage image) {
  for (size_t i = 0; i < image.rgb.size(); i += 3)
    image.rgb[i + 1] = image.rgb[i + 2] = image.rgb[i];
  return image;
}

const DrawnFaces& drawn() {
  static const DrawnFaces drawn = [] {
    const TemporaryFolder folder;
    const fs::path out = folder.path() / "faces";
    write_synth({.out = out, .train = 24, .test = 6, .size = kSide, .seed = 4}, {});
    DrawnFaces result;
    std::map<std::string, std::string> landmarks;
    std::ifstream table(out / "landmarks_19.csv");
    std::getline(table, result.landmark_header);
    for (std::string row; std::getline(table, row);)
      landmarks[row.substr(0, row.find(','))] = row.substr(row.find(','));
    for (const Split split : {Split::train, Split::test}) {
      const FaceList list = read_face_list(out, kDefaultLabelList, split);
      for (size_t i = 0; i < list.size(); ++i)
        result.faces.push_back({fs::path(list.names[i]).stem().string(),
                                list.classes[static_cast<size_t>(list.labels[i])],
                                landmarks[list.names[i]], split,
                                grey(decode_image(list.paths[i].string()))});
    }
    return result;
  }();
  return drawn;
}

void write_picture(const fs::path& path, const HostImage& picture) {
  fs::create_directories(path.parent_path());
  write_png(path.string(), picture);
}

/// The drawn faces in one format. name: of a face in it, from its stem.
struct Format {
  const char* format;
  std::string classes;
  std::string (*name)(const std::string& stem);
  void (*write)(const TemporaryFolder& folder);
};

int rafdb_label(const std::string& expression) {
  const auto names = expression_names();
  const auto at = std::find(names.begin(), names.end(), expression) - names.begin();
  return static_cast<int>(std::find(kRafLabelToClass.begin(), kRafLabelToClass.end(), at) -
                          kRafLabelToClass.begin()) +
         1;
}

void write_rafdb(const TemporaryFolder& folder) {
  std::string list;
  for (const Face& face : drawn().faces) {
    write_picture(folder.path() / "basic/Image/aligned" / (face.stem + "_aligned.png"),
                  face.picture);
    list += fmt::format("{}.jpg {}\n", face.stem, rafdb_label(face.expression));
  }
  folder.write(kDefaultLabelList, list);
}

void write_class_folders(const TemporaryFolder& folder) {
  for (const Face& face : drawn().faces)
    write_picture(folder.path() / to_string(face.split) / face.expression / (face.stem + ".png"),
                  face.picture);
}

void write_csv_faces(const TemporaryFolder& folder) {
  std::string table = "Label;Path;Split\n";
  for (const Face& face : drawn().faces) {
    write_picture(folder.path() / "pictures" / (face.stem + ".png"), face.picture);
    table +=
        fmt::format("{};pictures/{}.png;{}\n", face.expression, face.stem, to_string(face.split));
  }
  folder.write("faces.csv", table);
}

void write_ferplus(const TemporaryFolder& folder) {
  std::string pictures = "emotion,pixels,Usage\n",
              votes =
                  "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,"
                  "contempt,unknown,NF\n";
  constexpr const char* kColumns[] = {"neutral", "happiness", "surprise", "sadness",
                                      "anger",   "disgust",   "fear"};
  for (const Face& face : drawn().faces) {
    const char* usage = face.split == Split::train ? "Training" : "PrivateTest";
    std::string pixels;
    for (size_t i = 0; i < face.picture.rgb.size(); i += 3)
      pixels += fmt::format("{}{}", i ? " " : "", face.picture.rgb[i]);
    pictures += fmt::format("0,{},{}\n", pixels, usage);
    votes += fmt::format("{},{}.png", usage, face.stem);
    for (const char* column : kColumns) votes += column == face.expression ? ",9" : ",0";
    votes += ",1,0,0\n";
  }
  folder.write("fer2013.csv", pictures);
  folder.write("fer2013new.csv", votes);
}

void write_affectnet(const TemporaryFolder& folder) {
  constexpr const char* kLabels[] = {"neutral", "happiness", "sadness", "surprise",
                                     "fear",    "disgust",   "anger"};
  std::string tables[2];
  std::string points = "24;24";
  for (int i = 1; i < 68; ++i) points += ";24;24";
  for (const Face& face : drawn().faces) {
    write_picture(folder.path() / "Manually_Annotated_Images" / (face.stem + ".png"), face.picture);
    const auto label = std::find(std::begin(kLabels), std::end(kLabels), face.expression);
    // With its margin the box is the whole picture.
    tables[face.split == Split::test] +=
        fmt::format("{}.png,4,4,40,40,{},{},0,0\n", face.stem, points, label - kLabels);
  }
  const std::string header =
      "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,"
      "valence,arousal\n";
  folder.write("training.csv", header + tables[0]);
  folder.write("validation.csv", header + tables[1]);
}

std::string jpg(const std::string& stem) {
  return stem + ".jpg";
}
std::string png(const std::string& stem) {
  return stem + ".png";
}
std::string in_pictures(const std::string& stem) {
  return "pictures/" + stem + ".png";
}

constexpr const char* kSeven = "anger,disgust,fear,happy,sad,surprised,neutral";

const Format kFormats[] = {{"rafdb", "", jpg, write_rafdb},
                           {"folder", kSeven, png, write_class_folders},
                           {"csv", kSeven, in_pictures, write_csv_faces},
                           {"ferplus", "7", png, write_ferplus},
                           {"affectnet", "7", png, write_affectnet}};

Config config_of(const Format& format, const TemporaryFolder& folder, const std::string& method) {
  format.write(folder);
  std::string landmarks = drawn().landmark_header + "\n";
  for (const Face& face : drawn().faces)
    landmarks += format.name(face.stem) + face.landmarks + "\n";
  folder.write("landmarks.csv", landmarks);
  Config config = small_config(method);
  config.data.root = folder.path().string();
  config.data.classes = format.classes;
  config.data.landmarks = "landmarks.csv";
  config.data.landmark_size = kSide;
  config.data.noise.rate = 0.3;
  config.train.epochs = 2;
  return config;
}

std::map<std::string, std::vector<std::byte>> bits(const NamedArrays& checkpoint) {
  std::map<std::string, std::vector<std::byte>> all;
  for (const auto& [name, array] : checkpoint.arrays) all[name] = array.bytes;
  return all;
}

}  // namespace

TEST_CASE("data formats: the same faces give the same training bits, and a resumed run too") {
  std::map<std::string, std::vector<std::byte>> expected;
  std::vector<float> landmarks;
  for (const Format& format : kFormats) {
    CAPTURE(format.format);
    const TemporaryFolder folder;
    const Config config = config_of(format, folder, "baseline");
    CHECK(name_of(choose_format(config.data).format) == format.format);
    Session whole(config);
    whole.trainer->run_epoch();
    const NamedArrays after_one = read_tensors(whole.trainer->checkpoint(/*with_state=*/true));
    whole.trainer->run_epoch();
    const auto after_two = bits(read_tensors(whole.trainer->checkpoint(/*with_state=*/true)));
    CHECK(whole.trainer->evaluate().total() == 6);
    if (expected.empty()) expected = after_two;
    CHECK((after_two == expected));
    Session resumed(config);
    resumed.trainer->load(after_one, "checkpoint");
    resumed.trainer->run_epoch();
    CHECK((bits(read_tensors(resumed.trainer->checkpoint(/*with_state=*/true))) == expected));
    CHECK(checkpoint_info(after_one, "checkpoint").classes == expression_names());

    Context context;
    const Faces faces =
        load_faces(context, config, Split::train, true, [](const std::string&) {}, {});
    if (landmarks.empty()) landmarks = faces.landmarks;
    CHECK(faces.landmarks == landmarks);
  }
}

TEST_CASE("data formats: a set's own validation split serves as such") {
  const TemporaryFolder folder;
  write_class_folders(folder);
  fs::rename(folder.path() / "test", folder.path() / "val");
  fs::create_directories(folder.path() / "test/happiness");
  write_picture(folder.path() / "test/happiness/a.png", drawn().faces[0].picture);
  Config config = small_config("baseline");
  config.data.root = folder.path().string();
  Context context;
  const auto load = [&](Split split) {
    return load_faces(context, config, split, false, [](const std::string&) {}, {});
  };
  CHECK(load(Split::validation).size() == 6);
  CHECK(load(Split::test).size() == 1);
  CHECK(load(Split::train).size() == 24);
}

TEST_CASE("data formats: landmarks and votes of a table are trained with and compared with") {
  const TemporaryFolder folder;
  const Config named = config_of(kFormats[2], folder, "lanet");
  std::istringstream rows(read_text(folder.path() / "faces.csv"));
  std::string line, table;
  std::getline(rows, line);
  // The landmarks' table has commas: so has this one.
  const auto commas = [](std::string text) {
    std::replace(text.begin(), text.end(), ';', ',');
    return text;
  };
  table = commas(line) + drawn().landmark_header.substr(drawn().landmark_header.find(',')) + "\n";
  for (const Face& face : drawn().faces) {
    std::getline(rows, line);
    table += commas(line) + face.landmarks + "\n";
  }
  folder.write("faces.csv", table);
  Config own = named;
  own.data.landmarks.clear();
  Context context;
  const auto load = [&](const Config& config) {
    return load_faces(context, config, Split::train, true, [](const std::string&) {}, {});
  };
  CHECK(load(own).landmarks == load(named).landmarks);
  CHECK(load(own).valid == load(named).valid);
  check_trainable(own, "own.json");
  own.data.format = DataFormat::folder;
  CHECK(is_line_with(input_error([&] { check_trainable(own, "own.json"); }),
                     "own.json: data.landmarks: null; expected a landmark file"));
}

TEST_CASE("data formats: noise that depends on the class is for the seven expressions") {
  const TemporaryFolder folder;
  Config config = config_of(kFormats[1], folder, "baseline");
  config.data.classes += ",contempt";
  config.data.noise.kind = NoiseKind::class_dependent;
  Context context;
  const auto load = [&] {
    return load_faces(context, config, Split::train, false, [](const std::string&) {}, {});
  };
  CHECK(is_line_with(input_error(load), "data.noise.kind: class_dependent; expected symmetric"));
  config.data.noise.kind = NoiseKind::symmetric;
  config.data.noise.rate = 1;
  const Faces faces = load();
  CHECK(faces.list.num_classes() == 8);
  CHECK(std::count(faces.given.begin(), faces.given.end(), 7) > 0);
}

TEST_CASE("cli formats: class names come from the data, and other classes are refused by name") {
  const TemporaryFolder folder;
  for (const Face& face : drawn().faces) {
    const std::string name = face.expression == "happiness" ? "joy" : "other";
    write_picture(folder.path() / "faces" / to_string(face.split) / name / (face.stem + ".png"),
                  face.picture);
  }
  const auto config = folder.write("two.json", R"({"method": "baseline",
      "data": {"root": "faces", "image_size": 64}, "train": {"batch": 10, "epochs": 1}})");
  const std::string run_folder = (folder.path() / "run").string();
  const Outcome outcome = run("train " + config.string() + " --run " + run_folder);
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(outcome.err.find("data.format: folder: ") != std::string::npos);
  CHECK(outcome.err.find("(it has folders of classes in test)") != std::string::npos);
  const std::string picture =
      (folder.path() / "faces/train/joy").string() + "/" +
      fs::directory_iterator(folder.path() / "faces/train/joy")->path().filename().string();
  const json predicted = json_of("predict " + run_folder + " --json " + picture);
  CHECK(predicted[0]["probabilities"].size() == 2);
  CHECK(predicted[0]["probabilities"].contains("joy"));
  const json judged = json_of("eval " + run_folder + " --json");
  CHECK(judged["confusion"].size() == 2);
  CHECK(judged["classes"] == json({"joy", "other"}));
  CHECK(json::parse(read_text(run_folder + "/classes.json")) == judged["classes"]);
  CHECK(read_text(run_folder + "/noise.csv").find(",joy,joy,0\n") != std::string::npos);

  const std::string arguments = "train " + config.string() + " --run " + run_folder + " --resume";
  for (const char* split : {"train", "test"})
    if (const fs::path faces = folder.path() / "faces" / split; fs::exists(faces / "joy"))
      fs::rename(faces / "joy", faces / "glee");
  check_refused("eval " + run_folder,
                "last.safetensors: a network of the classes joy, other; the data have glee, other");
  check_refused(arguments,
                "last.safetensors: a network of the classes joy, other; the data have glee, other");
}

}  // namespace lanet::test
