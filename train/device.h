// Where to compute.
#pragma once

#include <string>

#include "core/tensor.h"
#include "train/config/choices.h"

namespace lanet {

/// Where to compute and, if that was chosen automatically, a line that says why.
struct DeviceChoice {
  Device device = Device::cpu;
  std::string reason;  ///< empty: it was asked for by name
};
/// The device of a setting; automatic is a GPU where one works.
DeviceChoice choose_device(DeviceSetting setting);

/// Prints to stderr which device was chosen, and what is wrong with this build or machine for
/// computing there, one line each.
void report_environment(const DeviceChoice& choice);

}  // namespace lanet
