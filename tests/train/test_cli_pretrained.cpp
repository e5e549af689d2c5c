// Weights to start from as a user gives them: `inspect`, and model.pretrained of a training.
#include <nlohmann/json.hpp>

#include "core/files/safetensors.h"
#include "core/hash.h"
#include "tests/train/trained_runs.h"

namespace lanet::test {
namespace {

using namespace trained;
using nlohmann::json;

const std::string kFixtures = (tests_folder() / "fixtures/").string();

}  // namespace

TEST_CASE("cli inspect: lists tensors, what each starts, and what was skipped") {
  const Outcome text = run("inspect " + kFixtures + "old_format.pth");
  CHECK(text.code == 0);
  CHECK(text.err.empty());
  CHECK(text.out.find("name               dtype  shape   starts\n"
                      "half               f32    [2]     -\n"
                      "state_dict.column  f32    [4]     -\n"
                      "state_dict.weight  f32    [4, 3]  -\n"
                      "skipped: extra (posix.system)\n"
                      "not used: half (1), state_dict (2)\n"
                      "resnet18: no: nothing in it fits") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists("torch-file-was-executed"));

  const Outcome outcome = run("inspect --json " + kFixtures + "old_format.pth");
  CHECK(outcome.code == 0);
  const json result = json::parse(outcome.out);
  CHECK(result.at("backbone").is_null());
  CHECK(result.at("skipped") == json{{"extra", "posix.system"}});
  const float half[] = {0.5f, -2};
  const std::string_view bytes(reinterpret_cast<const char*>(half), sizeof(half));
  CHECK(result.at("tensors").at(0) == json{{"name", "half"},
                                           {"dtype", "f32"},
                                           {"shape", {2}},
                                           {"fnv1a", fmt::format("{:016x}", fnv1a(bytes))},
                                           {"starts", json::array()}});
  check_refused("inspect " + kFixtures + "runs_command_protocol4.pth", "holds posix.system");
  check_refused("inspect " + kFixtures + "fortran.npy", "not a file of weights");
  check_refused("inspect " + runs().path("none.pth"), "none.pth");
}

TEST_CASE("cli: a run starts from the weights of a finished one, which inspect says beforehand") {
  const std::string finished = runs().baseline();
  const Outcome inspected = run("inspect --json " + finished);
  REQUIRE(inspected.code == 0);
  const json result = json::parse(inspected.out);
  CHECK(result.at("file") == finished + "/last.safetensors");
  CHECK(result.at("backbone") == "resnet18");
  CHECK(result.at("refusals").at("resnet18") == "");
  CHECK(result.at("refusals").at("resnet34").get<std::string>().starts_with("lacks layer1.2."));
  CHECK(result.at("refusals").at("resnet50") != "");
  for (const json& tensor : result.at("tensors"))
    if (tensor.at("name") == "f_q.fer_layer2.0.conv1.weight")
      CHECK(tensor.at("starts") ==
            json{"f_q.fer_layer2.0.conv1.weight", "f_q.lm_layer2.0.conv1.weight"});

  const std::string setting = "--set model.pretrained=" + finished;
  // Without steps that count: the learning rate is tiny.
  const Outcome outcome = run(runs().train("started",
                                           "--set method=baseline --set train.epochs=1 "
                                           "--set train.learning_rate=1e-12 " +
                                               setting));
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(outcome.err.find(finished + "/last.safetensors: 100 parameters of resnet18 loaded; "
                                    "not used: adam (124), fer_fc (2)") != std::string::npos);
  const auto weight = [](const std::string& folder) {
    return read_safetensors(folder + "/last.safetensors")
        .arrays.at("f_q.layer1.0.conv1.weight")
        .to<double>();
  };
  const std::vector<double> before = weight(finished), after = weight(runs().path("started"));
  double difference = 0;
  for (size_t i = 0; i < before.size(); ++i)
    difference = std::max(difference, std::abs(before[i] - after[i]));
  CHECK(difference < 1e-7);

  check_refused(runs().train("refused", setting + " --set model.backbone=resnet50"),
                "holds a resnet18; model.backbone is resnet50");
  CHECK_FALSE(std::filesystem::exists(runs().path("refused")));
}

}  // namespace lanet::test
