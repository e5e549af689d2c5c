#include "train/device.h"

#include "core/context.h"
#include "train/environment.h"
#include "train/progress.h"

namespace lanet {

DeviceChoice choose_device(DeviceSetting setting) {
  if (setting == DeviceSetting::cpu) return {Device::cpu, ""};
  if (setting == DeviceSetting::cuda) return {Device::cuda, ""};
  const std::string problem = device_problem(Device::cuda);
  if (!problem.empty()) return {Device::cpu, fmt::format("device: cpu (cuda: {})", problem)};
  return {Device::cuda, fmt::format("device: cuda ({})", device_name(Device::cuda))};
}

void report_environment(const DeviceChoice& choice) {
  if (!choice.reason.empty()) say(choice.reason);
  for (const EnvironmentProblem& problem : environment_problems()) {
    if (!problem.device || *problem.device == choice.device) say("note: " + problem.text);
  }
}

}  // namespace lanet
