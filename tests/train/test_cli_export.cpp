// lanet-cuda export: the tensors of torchvision's network (tests/fixtures/resnets.json), with the
// values of the checkpoint.
#include <nlohmann/json.hpp>

#include "core/files/file.h"
#include "core/files/safetensors.h"
#include "tests/golden.h"
#include "tests/train/trained_runs.h"

namespace lanet::test {

TEST_CASE("cli export: a run becomes the state that torchvision's ResNet loads strictly") {
  const trained::Runs runs;
  const auto networks = nlohmann::json::parse(read_text(tests_folder() / "fixtures/resnets.json"));
  for (const std::string& folder : {runs.lanet(), runs.baseline()}) {
    const std::string file = folder + "/out/weights.safetensors";
    const Outcome done = run("export " + folder + " --safetensors " + file);
    CAPTURE(done.err);
    REQUIRE(done.code == 0);
    NamedArrays weights = read_safetensors(file);
    const NamedArrays checkpoint = read_safetensors(folder + "/last.safetensors");
    for (const auto& [name, shape] : networks.at("resnet18").at("tensors").items()) {
      CAPTURE(name);
      REQUIRE(weights.arrays.contains(name));
      const HostArray& array = weights.arrays.at(name);
      CHECK(array.shape == shape.get<std::vector<int64_t>>());
      const bool counter = name.ends_with("num_batches_tracked");
      CHECK(array.dtype == (counter ? HostDType::i64 : HostDType::f32));
      if (!counter) {
        const bool branch = name.starts_with("fc.") || name.find("layer") == 0;
        const std::string ours =
            (branch && !name.starts_with("layer1") ? "f_q.fer_" : "f_q.") + name;
        CHECK(array == checkpoint.arrays.at(ours));
      }
      weights.arrays.erase(name);
    }
    CHECK(weights.arrays.empty());
    CHECK(weights.metadata.at("backbone") == "resnet18");
    CHECK(weights.metadata.at("image_size") == "64");
    CHECK(nlohmann::json::parse(weights.metadata.at("classes")).size() == 7);
    CHECK(nlohmann::json::parse(weights.metadata.at("mean"))[0] == 0.5412);
    check_refused("export " + folder + " --safetensors " + file, "exists; expected a new file");
  }
  check_refused("export " + runs.lanet(), "--safetensors is required");
  check_refused("export " + runs.path("none") + " --safetensors x", "none");
  check_refused("export " + runs.path("faces") + " --safetensors " + runs.path("x"), "faces");
  CHECK_FALSE(std::filesystem::exists(runs.path("x")));
}

}  // namespace lanet::test
