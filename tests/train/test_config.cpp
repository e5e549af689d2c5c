#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "tests/files.h"
#include "tests/input_error.h"
#include "tests/temporary_folder.h"
#include "train/config/config.h"
#include "train/config/config_fields.h"

namespace lanet::test {
namespace {

namespace fs = std::filesystem;

Config load(const std::string& text, const std::vector<std::string>& overrides = {}) {
  TemporaryFolder folder;
  return load_config(folder.write("raf.json", text), overrides);
}

/// The message with which the text is refused, without the folder's name.
std::string refusal(const std::string& text, const std::vector<std::string>& overrides = {}) {
  TemporaryFolder folder;
  const fs::path file = folder.write("raf.json", text);
  try {
    load_config(file, overrides);
  } catch (const InputError& error) {
    std::string message = error.what();
    CHECK(message.find('\n') == std::string::npos);
    const std::string prefix = folder.path().string() + "/";
    if (message.starts_with(prefix)) message = message.substr(prefix.size());
    return message;
  }
  return "accepted";
}

}  // namespace

TEST_CASE("config: what a file says is read, and the rest has its default") {
  const Config config = load(
      R"({"seed": 7, "data": {"root": "/faces", "noise": {"rate": 0.3, "kind": "class_dependent"},
          "flip_swap_landmarks": false}, "train": {"learning_rate": 2e-3, "batch": 64}})");
  CHECK(config.seed == 7);
  CHECK(config.data.root == "/faces");
  CHECK(config.data.noise.rate == 0.3);
  CHECK(config.data.noise.kind == NoiseKind::class_dependent);
  CHECK(config.data.flip_swap_landmarks == false);
  CHECK(config.train.learning_rate == 2e-3);
  CHECK(config.train.batch == 64);
  CHECK(config.method == Method::lanet);
  CHECK(config.data.labels == "basic/EmoLabel/list_patition_label.txt");
  CHECK(config.data.landmarks.empty());
  CHECK(config.data.true_labels.empty());
  CHECK(config.data.validation == 0);
  CHECK(config.train.weights.contrastive == 0.1);
}

TEST_CASE("config: an unknown key is named with its path, and with the nearest that there is") {
  CHECK(refusal(R"({"data": {"root": "x", "noise": {"rat": 0.3}}})") ==
        "raf.json: data.noise.rat: unknown key; did you mean 'data.noise.rate'?");
  CHECK(refusal(R"({"dta": {}})") == "raf.json: dta: unknown key; did you mean 'data'?");
  CHECK_THROWS_WITH_AS(parse_config("{}", "raf.json", {"data.noise=0.3"}),
                       "--set: data.noise: a group of fields; expected one of data.noise.rate, "
                       "data.noise.kind, data.noise.rates, data.noise.file",
                       InputError);
  CHECK(refusal(R"({"epochs": 3})") ==
        "raf.json: epochs: unknown key; did you mean 'train.epochs'?");
  CHECK(refusal(R"({"noise": {}})") == "raf.json: noise: unknown key; did you mean 'data.noise'?");
  CHECK(refusal(R"({"zzz": 1})") == "raf.json: zzz: unknown key");
  CHECK(refusal(R"({"data": {"landmark": "x.csv"}})") ==
        "raf.json: data.landmark: unknown key; did you mean 'data.landmarks'?");
  CHECK(refusal(R"({"train": {"lr": 0.1}})") ==
        "raf.json: train.lr: unknown key; did you mean 'train.learning_rate'?");
}

TEST_CASE("config: a value of the wrong type or out of its range is refused with what fits") {
  auto train = [](const std::string& member) {
    return refusal(R"({"data": {"root": "x"}, "train": {)" + member + "}}");
  };
  CHECK(train(R"("epochs": "ten")") ==
        R"(raf.json: train.epochs: "ten"; expected an integer from 1 to 100000)");
  CHECK(train(R"("epochs": 1.5)") ==
        "raf.json: train.epochs: 1.5; expected an integer from 1 to 100000");
  CHECK(train(R"("epochs": 0)") ==
        "raf.json: train.epochs: 0; expected an integer from 1 to 100000");
  CHECK(train(R"("epochs": {})") ==
        "raf.json: train.epochs: an object; expected an integer from 1 to 100000");
  CHECK(train(R"("epochs": 18446744073709551615)").find("expected an integer") !=
        std::string::npos);
  CHECK(train(R"("learning_rate": 0)") ==
        "raf.json: train.learning_rate: 0; expected a number above 0 and up to 10");
  CHECK(
      train(R"("dtype": "bf61")") ==
      R"(raf.json: train.dtype: "bf61"; expected one of f32, bf16, f64, auto; did you mean 'bf16'?)");
  CHECK(refusal(R"({"data": {"root": 3}})") == "raf.json: data.root: 3; expected a path");
  CHECK(refusal(R"({"data": {"root": "x", "landmarks": 3}})") ==
        "raf.json: data.landmarks: 3; expected a path or null");
  CHECK(refusal(R"({"data": {"root": "x", "validation": 0.6}})") ==
        "raf.json: data.validation: 0.6; expected a number from 0 to 0.5");
  CHECK(refusal(R"({"data": {"root": "x", "fold": 101}})") ==
        "raf.json: data.fold: 101; expected an integer from 0 to 100");
  CHECK(refusal(R"({"data": {"root": "x", "fold": 4, "folds": 3}})") ==
        "raf.json: data.fold: 4; expected at most data.folds = 3");
  CHECK(refusal(R"({"data": {"root": "x", "true_labels": ""}})") ==
        R"(raf.json: data.true_labels: ""; expected a path or null)");
  CHECK(refusal(R"({"data": {"root": "x", "skip_bad_images": 1}})") ==
        "raf.json: data.skip_bad_images: 1; expected true or false");
  CHECK(refusal(R"({"data": [1]})") == "raf.json: data: an array; expected an object");
}

TEST_CASE("config: wrong labels come from a rate or from a file") {
  CHECK(refusal(R"({"data": {"root": "x", "noise": {"file": "n.csv"}}})") == "accepted");
  CHECK(refusal(R"({"data": {"root": "x", "noise": {"rate": 0.3, "file": "n.csv"}}})") ==
        "raf.json: data.noise.file: given, and data.noise.rate is 0.3; expected one of them: set "
        "data.noise.rate=0 to take the labels of the file");
  CHECK(refusal(R"({"data": {"root": "x", "noise": {"rates": "r.csv"}}})") == "accepted");
  CHECK(refusal(R"({"data": {"root": "x", "noise": {"rate": 0.3, "rates": "r.csv"}}})") ==
        "raf.json: data.noise.rates: given, and data.noise.rate is 0.3; expected one of them: set "
        "data.noise.rate=0 to take the rates of the file");
  CHECK(refusal(R"({"data": {"root": "x", "noise": {"rates": "r.csv", "file": "n.csv"}}})") ==
        "raf.json: data.noise.rates: given, and data.noise.file too; expected one of them");
}

TEST_CASE("config: sides are multiples of 32 from 64 on") {
  auto side = [](int size) {
    return refusal(fmt::format(R"({{"data": {{"root": "x", "image_size": {}}}}})", size));
  };
  CHECK(side(64) == "accepted");
  CHECK(side(224) == "accepted");
  CHECK(side(100) ==
        "raf.json: data.image_size: 100; expected an integer, a multiple of 32, from 64 to 1024");
  CHECK(side(32).find("expected") != std::string::npos);
}

TEST_CASE(
    "config: a batch holds K + 2 samples, a bank a batch, and a smallest is not above its "
    "largest") {
  CHECK(refusal(R"({"data": {"root": "x"}, "train": {"batch": 10}})") == "accepted");
  CHECK(refusal(R"({"data": {"root": "x"}, "train": {"batch": 9}})") ==
        "raf.json: train.batch: 9; expected at least model.neighbours + 2 = 10");
  CHECK(refusal(R"({"data": {"root": "x"}, "model": {"bank": 100}})") ==
        "raf.json: model.bank: 100; expected at least train.batch = 128");
  CHECK(refusal(R"({"data": {"root": "x"}})", {"train.batch=9"}) ==
        "--set: train.batch: 9; expected at least model.neighbours + 2 = 10");
  CHECK(refusal(R"({"data": {"root": "x", "augment": {"jitter_min": 2}}})") ==
        "raf.json: data.augment.jitter_min: 2; expected at most data.augment.jitter_max = 1.4");
  CHECK(refusal(R"({"data": {"root": "x"}, "train": {"dtype": "f64", "device": "cuda"}})") ==
        R"(raf.json: train.dtype: "f64" runs on the CPU; expected f32 or bf16)");
}

TEST_CASE("config: a warm-up ends before the run does, and a schedule is one that there is") {
  const std::string text = R"({"data": {"root": "x"}, "train": {"epochs": 5}})";
  const Config config =
      load(text, {"train.schedule=cosine", "train.warmup_epochs=4.5", "train.weight_decay=0.01"});
  CHECK(config.train.schedule == Schedule::cosine);
  CHECK(config.train.warmup_epochs == 4.5);
  CHECK(config.train.weight_decay == 0.01);
  CHECK(refusal(text, {"train.warmup_epochs=5"}) ==
        "--set: train.warmup_epochs: 5; expected less than train.epochs = 5");
  CHECK(refusal(text, {"train.warmup_epochs=-1"}) ==
        "--set: train.warmup_epochs: -1; expected a number from 0 to 100000");
  CHECK(
      refusal(text, {"train.schedule=cosin"}) ==
      R"(--set: train.schedule: "cosin"; expected one of linear, cosine; did you mean 'cosine'?)");
  CHECK(refusal(text, {"train.weight_decay=2"}) ==
        "--set: train.weight_decay: 2; expected a number from 0 to 1");
}

TEST_CASE("config: a data folder is required, by the file or by --set") {
  CHECK(refusal("{}") == "raf.json: data.root: missing; expected the data set's folder");
  CHECK(refusal("{}", {"data.root=x"}) == "accepted");
}

TEST_CASE("config: what is not JSON is refused with line and column; so are comments and repeats") {
  CHECK(refusal("{\n  \"seed\": ,\n}").starts_with("raf.json: not JSON: line 2, column 11"));
  CHECK(refusal("").starts_with("raf.json: not JSON: line 1, column 1"));
  CHECK(refusal("{} // note").starts_with("raf.json: not JSON: line 1"));
  CHECK(refusal("[]") == "raf.json: an array; expected an object");
  CHECK(refusal(R"({"seed": 1, "data": {"root": "x"}, "seed": 2})") ==
        "raf.json: 'seed' occurs twice in one object; expected it once");
  CHECK_THROWS_WITH_AS(load_config("/no/such.json"),
                       "/no/such.json: no such file; expected a configuration file (JSON)",
                       InputError);
  CHECK_THROWS_WITH_AS(load_config("/"), "/: a folder; expected a configuration file", InputError);
}

TEST_CASE("config: overrides lie over the file and are checked as it is") {
  const std::string text = R"({"data": {"root": "x"}, "train": {"epochs": 5}})";
  const Config config = load(text, {"train.epochs=7", "data.landmarks=a=b.csv", "method=baseline",
                                    "data.skip_bad_images=true", "data.noise.rate=0.25"});
  CHECK(config.train.epochs == 7);
  CHECK(config.data.landmarks == "a=b.csv");
  CHECK(config.method == Method::baseline);
  CHECK(config.data.skip_bad_images);
  CHECK(config.data.noise.rate == 0.25);
  CHECK(load(text, {"data.landmarks=null"}).data.landmarks.empty());
  CHECK(refusal(text, {"train.epoch=3"}) ==
        "--set: train.epoch: unknown key; did you mean 'train.epochs'?");
  CHECK(refusal(text, {"train.epochs=three"}) ==
        R"(--set: train.epochs: "three"; expected an integer from 1 to 100000)");
  CHECK(refusal(text, {"train.device=gpu"}) ==
        R"(--set: train.device: "gpu"; expected one of auto, cpu, cuda; did you mean 'cuda'?)");
  CHECK(refusal(text, {"train.epochs"}) == "--set train.epochs: expected key=value");
  CHECK(refusal(text, {"method=base"}) ==
        "--set: method: \"base\"; expected one of lanet, baseline, corrected, "
        "confident_learning, label_smoothing, elr");
}

TEST_CASE("config: root and backbone become absolute, from the file's folder or the working one") {
  TemporaryFolder folder;
  const fs::path file = folder.write(
      "configs/a.json",
      R"({"data": {"root": "../faces", "landmarks": "l.csv"}, "model": {"pretrained": "b.pth"}})");
  const Config config = load_config(file);
  CHECK(config.data.root == (folder.path() / "faces").string());
  CHECK(config.model.pretrained == (folder.path() / "configs/b.pth").string());
  CHECK(config.data.landmarks == "l.csv");
  const Config moved = load_config(file, {"data.root=faces", "model.pretrained=b.pth"});
  CHECK(moved.data.root == (fs::current_path() / "faces").string());
  CHECK(moved.model.pretrained == (fs::current_path() / "b.pth").string());
  CHECK(moved.data.landmarks == "l.csv");
}

TEST_CASE("config: a path that no shell has seen may begin in the user's folder; paths are UTF-8") {
  const char* home = std::getenv("HOME");
  REQUIRE(home);
  const std::string file = R"({"data": {"root": "~/faces", "landmarks": "~/l.csv"}})";
  const Config config = load(file, {"model.pretrained=~/b.pth"});
  CHECK(config.data.root == std::string(home) + "/faces");
  CHECK(config.data.landmarks == std::string(home) + "/l.csv");
  CHECK(config.model.pretrained == std::string(home) + "/b.pth");
  CHECK(load(R"({"data": {"root": "/a~/~"}})").data.root == "/a~/~");
  CHECK(load(R"({"data": {"root": "~"}})").data.root == home);
  const std::string latin = refusal(file, {"data.root=/caf\xE9"});
  CHECK(latin.starts_with("--set: data.root: "));
  CHECK(latin.find(R"( in UTF-8, which '/caf\xE9' is not)") != std::string::npos);
}

TEST_CASE("config: the dump holds every field and reads back to itself") {
  const Config config = load(R"({"data": {"root": "x", "landmarks": "l.csv"}, "seed": 3})",
                             {"model.backbone=resnet50", "train.weights.landmark=0.5"});
  const auto document = to_json(config);
  for (const Field& field : config_fields()) {
    std::string pointer = fmt::format("/{}", field.path);
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    CAPTURE(pointer);
    CHECK(document.contains(nlohmann::ordered_json::json_pointer(pointer)));
    CHECK(config_help().find(field.path) != std::string::npos);
  }
  CHECK(document["model"]["pretrained"].is_null());
  CHECK(document["data"]["landmarks"] == "l.csv");
  CHECK(to_json(load(document.dump())) == document);
}

TEST_CASE("config: a key of an earlier version is read as the one that took its place") {
  const std::string text = R"({"data": {"root": "x"}, "model": {"label_momentum": 0.5}})";
  CHECK(load(text).model.bank_momentum == 0.5);
  CHECK(load(R"({"data": {"root": "x"}})", {"model.label_momentum=0.25"}).model.bank_momentum ==
        0.25);
  CHECK(refusal(text, {"model.label_momentum=2"}) ==
        "--set: model.bank_momentum: 2; expected a number from 0 to 1");
  CHECK(to_json(load(text))["model"].contains("label_momentum") == false);
  CHECK(refusal(R"({"label_momentum": 0.5})").find("unknown key") != std::string::npos);
}

TEST_CASE("config: every default lies in its field's range") {
  auto document = to_json(Config{});
  document["data"]["root"] = "/x";
  CHECK(to_json(load(document.dump())) == document);
}

TEST_CASE("config: a sampler on label estimates is for methods that have them") {
  const std::string text = R"({"data": {"root": "x"}, "train": {"sampler": "estimates"}})";
  for (const char* method : {"lanet", "corrected"})
    CHECK_NOTHROW(load(text, {fmt::format("method={}", method)}));
  for (const std::string method : {"baseline", "confident_learning", "label_smoothing", "elr"})
    CHECK(refusal(text, {"method=" + method}) ==
          "raf.json: train.sampler: \"estimates\"; expected given or none: method " + method +
              " has no label estimates");
}

TEST_CASE("config: batch and bank are bounded by neighbours only where there are some") {
  const std::string text =
      R"({"data": {"root": "x"}, "model": {"bank": 4}, "train": {"batch": 8}})";
  CHECK(refusal(text, {}).find("train.batch: 8; expected at least") != std::string::npos);
  CHECK_NOTHROW(load(text, {"method=baseline"}));
  CHECK_NOTHROW(load(text, {"model.recipe=robust"}));
  CHECK(refusal(text, {"model.recipe=robust", "model.shapes=batch"}).find("train.batch: 8") !=
        std::string::npos);
}

TEST_CASE("config: what starts from landmarks needs them, the other methods need none") {
  const std::string text = R"({"data": {"root": "x"}})";
  for (const char* method : {"lanet", "corrected"})
    CHECK_THROWS_WITH_AS(
        check_trainable(load(text, {fmt::format("method={}", method)}), "raf.json"),
        doctest::Contains("raf.json: data.landmarks: null; expected a landmark file"), InputError);
  for (const char* method : {"baseline", "confident_learning", "label_smoothing", "elr"})
    CHECK_NOTHROW(check_trainable(load(text, {fmt::format("method={}", method)}), "raf.json"));
  CHECK_NOTHROW(check_trainable(load(text, {"data.landmarks=l.csv"}), "raf.json"));
}

TEST_CASE("config: a file lies over the one that it extends, relative to its folder") {
  TemporaryFolder folder;
  folder.write("sets/base.json", R"({"seed": 4, "data": {"root": "faces", "image_size": 64},
                                     "train": {"epochs": 5}})");
  folder.write("noisy.json", R"({"extends": "sets/base.json", "data": {"noise": {"rate": 0.2}}})");
  const fs::path file = folder.write(
      "deep/last.json",
      R"({"extends": "../noisy.json", "train": {"epochs": 7}, "model": {"pretrained": "b.pth"}})");
  const Config config = load_config(file, {"data.noise.rate=0.3"});
  CHECK(config.seed == 4);
  CHECK(config.data.root == (folder.path() / "sets/faces").string());
  CHECK(config.data.image_size == 64);
  CHECK(config.data.noise.rate == 0.3);
  CHECK(load_config(file).data.noise.rate == 0.2);
  CHECK(config.train.epochs == 7);
  CHECK(config.model.pretrained == (folder.path() / "deep/b.pth").string());

  auto message = [&](const std::string& text) {
    const fs::path made = folder.write("made.json", text);
    return input_error([&] { load_config(made); });
  };
  const std::string made = (folder.path() / "made.json").string();
  CHECK(message(R"({"extends": "made.json"})") ==
        made + ": extends: \"made.json\"; expected a file that does not itself extend this one");
  CHECK(message(R"({"extends": "none.json"})") ==
        made + ": extends: \"none.json\"; there is no " + (folder.path() / "none.json").string());
  CHECK(message(R"({"extends": 3})") ==
        made + ": extends: 3; expected a configuration file, relative to this one");
  CHECK(message(R"({"extends": ""})").starts_with(made + ": extends: \"\"; expected a conf"));
  CHECK(message(R"({"data": {"extends": "noisy.json"}})").find("unknown key") != std::string::npos);
  // What is wrong in the base is said of the base, and what two files make wrong of the later one.
  folder.write("bad.json", R"({"data": {"root": "x"}, "train": {"epoch": 5}})");
  CHECK(message(R"({"extends": "bad.json"})")
            .starts_with((folder.path() / "bad.json").string() + ": train.epoch: unknown key"));
  CHECK(message(R"({"extends": "noisy.json", "train": {"batch": 9}})")
            .starts_with(made + ": train.batch: 9; expected at least"));
  folder.write("a.json", R"({"extends": "b.json"})");
  folder.write("b.json", R"({"extends": "./a.json"})");
  CHECK(is_line_with(input_error([&] { load_config(folder.path() / "a.json"); }),
                     "b.json: extends: \"./a.json\"; expected a file that does not itself extend"));
}

TEST_CASE("config: the configurations of a data set differ in what their names say") {
  const fs::path configs = tests_folder() / "../configs";
  const auto of = [&](const std::string& name) { return to_json(load_config(configs / name)); };
  for (const std::string set : {"raf", "ferplus", "affectnet7", "affectnet8"}) {
    for (const Backbone backbone : {Backbone::resnet18, Backbone::resnet50}) {
      for (const int percent : {0, 10, 20, 30}) {
        const std::string name =
            fmt::format("{}{}{}.json", set, backbone == Backbone::resnet50 ? "_resnet50" : "",
                        percent ? fmt::format("_noise{}", percent) : "");
        CAPTURE(name);
        auto expected = of(set + ".json");
        expected["model"]["backbone"] = name_of(backbone);
        expected["data"]["noise"]["rate"] = percent / 100.0;
        CHECK(of(name) == expected);
      }
    }
  }
  // The sets differ in their data alone.
  for (const std::string set : {"ferplus", "affectnet7", "affectnet8"}) {
    CAPTURE(set);
    auto config = of(set + ".json");
    CHECK(config["data"]["classes"] == (set == "affectnet7" ? "7" : "8"));
    CHECK(set.starts_with(config["data"]["format"].get<std::string>()));
    config["data"] = of("raf.json")["data"];
    CHECK(config == of("raf.json"));
  }
}

TEST_CASE("config: the configurations that come with the program are accepted") {
  int count = 0;
  for (const auto& entry : fs::directory_iterator(tests_folder() / "../configs")) {
    if (entry.is_directory()) continue;  // plans of experiments
    CAPTURE(entry.path());
    CHECK_NOTHROW(check_trainable(load_config(entry.path()), entry.path().string()));
    ++count;
  }
  CHECK(count >= 34);
}

}  // namespace lanet::test
