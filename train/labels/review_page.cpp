#include "train/labels/review_page.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files/base64.h"
#include "core/hash.h"

namespace lanet {

namespace {

constexpr std::string_view kTemplate =
#include "review.html.inc"
    ;

nlohmann::json rounded(double share) {
  return std::isnan(share) ? nlohmann::json() : nlohmann::json(std::round(1e4 * share) / 1e4);
}

/// JSON that may stand in a <script> element: nothing in it ends the element.
std::string in_script(const nlohmann::json& value) {
  std::string text;
  for (const char c : value.dump()) text += c == '<' ? std::string("\\u003c") : std::string(1, c);
  return text;
}

}  // namespace

std::string review_page(std::span<const Suspect> suspects, std::span<const std::string> names,
                        std::span<const std::string> classes, const SuspectEvidence& evidence,
                        const std::function<std::vector<uint8_t>(int64_t face)>& jpeg) {
  nlohmann::json faces = nlohmann::json::array();
  std::string labels;
  for (const Suspect& suspect : suspects) {
    const int64_t face = suspect.face;
    const int64_t twin = evidence.duplicate_of.empty() ? -1 : evidence.duplicate_of[face];
    faces.push_back({{"image", names[face]},
                     {"given", suspect.given},
                     {"suggested", suspect.suggested},
                     {"score", rounded(suspect.score)},
                     {"p", rounded(suspect.p_suggested)},
                     {"agreement", evidence.agreement.empty() ? nlohmann::json()
                                                              : rounded(evidence.agreement[face])},
                     {"duplicate", twin < 0 ? nlohmann::json() : nlohmann::json(names[twin])},
                     {"jpeg", base64(jpeg(face))}});
    labels += fmt::format("{} {}\n", names[face], classes[suspect.given]);
  }
  const nlohmann::json data = {{"key", fmt::format("lanet-cuda review {:016x}", fnv1a(labels))},
                               {"classes", classes},
                               {"faces", std::move(faces)}};
  constexpr std::string_view kPlace = "{{data}}";
  const size_t place = kTemplate.find(kPlace);
  LANET_REQUIRE(place != std::string_view::npos, "the page has no place for the data");
  return fmt::format("{}{}{}", kTemplate.substr(0, place), in_script(data),
                     kTemplate.substr(place + kPlace.size()));
}

}  // namespace lanet
