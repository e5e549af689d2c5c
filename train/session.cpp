#include "train/session.h"

#include "train/environment.h"
#include "train/progress.h"
#include "train/run_folder.h"

namespace lanet {

namespace fs = std::filesystem;

DType dtype_from(const std::string& name) {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    if (to_string(dtype) == name) return dtype;
  }
  throw InputError(fmt::format("dtype {}: expected f32, bf16 or f64", name));
}

DeviceChoice choose_device(const std::string& name) {
  if (name == "cpu") return {Device::cpu, ""};
  if (name == "cuda") return {Device::cuda, ""};
  const std::string problem = device_problem(Device::cuda);
  if (!problem.empty()) return {Device::cpu, fmt::format("device: cpu (cuda: {})", problem)};
  return {Device::cuda, fmt::format("device: cuda ({})", device_name(Device::cuda))};
}

void say(const std::string& line) {
  fmt::print(stderr, "{}\n", line);
}

Faces read_faces(Context& context, const Config& config, Split split, bool with_landmarks,
                 bool quiet) {
  if (quiet)
    return load_faces(context, config, split, with_landmarks, [](const std::string&) {}, {});
  return load_faces(
      context, config, split, with_landmarks, say,
      progress_function(fmt::format("decoding the {} set", to_string(split)), "faces"));
}

void report_environment(const DeviceChoice& choice) {
  if (!choice.reason.empty()) say(choice.reason);
  for (const EnvironmentProblem& problem : environment_problems()) {
    if (!problem.device || *problem.device == choice.device) say("note: " + problem.text);
  }
}

TrainedModel open_trained(const std::string& target, bool best) {
  TrainedModel model;
  model.path = target;
  if (fs::is_directory(target)) {
    RunFolder::open(target);  // says so where it is none
    const fs::path file = fs::path(target) / (best ? RunFolder::kBest : RunFolder::kLast);
    if (!fs::exists(file))
      throw InputError(fmt::format("{}: no {} in it; the run has not finished an epoch", target,
                                   file.filename().string()));
    model.path = file.string();
  } else if (best) {
    throw InputError(fmt::format("{}: --best is for a run folder; this is a file", target));
  }
  model.checkpoint = read_checkpoint(model.path);
  model.info = checkpoint_info(model.checkpoint, model.path);
  return model;
}

}  // namespace lanet
