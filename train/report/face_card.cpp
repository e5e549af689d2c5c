#include "train/report/face_card.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "core/files/base64.h"
#include "core/xml_text.h"

namespace lanet {

namespace {

constexpr size_t kProbable = 4;  // classes shown

}  // namespace

std::string face_card(const FaceCard& card, const std::vector<std::string>& classes) {
  const std::span<const double> p = card.probabilities;
  LANET_REQUIRE(p.size() == classes.size() && card.marked < classes.size(),
                "{} probabilities of {} classes", p.size(), classes.size());
  std::vector<size_t> order(classes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return p[a] > p[b]; });
  const auto place = std::find(order.begin(), order.end(), card.marked) - order.begin();
  order.resize(std::min(classes.size(), kProbable));
  if (place >= std::ssize(order)) order.back() = card.marked;

  const std::string name = xml_text(card.name);
  std::string text = "<div class=\"face\">";
  if (!card.address.empty())
    text += fmt::format("<img alt=\"{}\" src=\"{}\"/>", name, card.address);
  text += fmt::format("<div>{}<br/>{}<table>", name, card.about);
  for (const size_t c : order)
    text += fmt::format(
        "<tr{}><th scope=\"row\">{}</th><td><span class=\"bar\"><i style=\"width:{:.1f}%\"></i>"
        "</span></td><td>{:.2f}</td></tr>",
        c == card.marked ? " class=\"given\"" : "", xml_text(classes[c]), 100 * p[c], p[c]);
  return text + "</table></div></div>\n";
}

std::string data_address(const HostImage& picture, int side) {
  return "data:image/jpeg;base64," + base64(thumbnail(picture, side));
}

}  // namespace lanet
