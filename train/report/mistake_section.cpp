#include "core/error.h"
#include "core/xml_text.h"
#include "train/report/face_card.h"
#include "train/report/html.h"
#include "train/report/sections.h"

namespace lanet {

std::string mistake_section(const RunFacts& run, const ReportContent& content) {
  if (content.mistakes.empty()) return "";
  std::string cards;
  for (const Mistake& mistake : content.mistakes)
    cards +=
        face_card({.name = mistake.name,
                   .about = fmt::format("truly <b>{}</b>", xml_text(run.classes.at(mistake.truth))),
                   .address = content.faces ? data_address(mistake.picture) : "",
                   .probabilities = mistake.probabilities,
                   .marked = static_cast<size_t>(mistake.truth)},
                  run.classes);
  return html_section(
      "Confident mistakes",
      html_paragraph("The faces of the test set that the network is most certain to be of another "
                     "class, after the last epoch; their true class is in bold.") +
          fmt::format("<div class=\"faces\">\n{}</div>\n", cards));
}

}  // namespace lanet
