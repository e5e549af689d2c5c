// The page on which a person puts doubtful labels right (docs/audit.md): one HTML file, without any
// reference to another.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "train/labels/suspects.h"

namespace lanet {

/// The page of these suspects, in their order. names: [N] and classes: [C] as in suspects_csv();
/// jpeg(face): the encoded picture of a face. The browser keeps a person's progress under a key
/// made of the faces and their labels, so that the page of other faces begins with none.
std::string review_page(std::span<const Suspect> suspects, std::span<const std::string> names,
                        std::span<const std::string> classes, const SuspectEvidence& evidence,
                        const std::function<std::vector<uint8_t>(int64_t face)>& jpeg);

}  // namespace lanet
