#include <cmath>

#include "core/error.h"
#include "core/xml_text.h"
#include "train/experiment/statistics.h"
#include "train/report/feature_map.h"
#include "train/report/html.h"
#include "train/report/sections.h"

namespace lanet {

namespace {

std::string interval_text(double share, int64_t count) {
  const Interval interval = wilson_interval(share, count);
  return fmt::format("{:.1f} to {:.1f}", 100 * interval.low, 100 * interval.high);
}

std::string bar(double share) {
  return fmt::format("<span class=\"bar\"><i style=\"width:{:.1f}%\"></i></span>", 100 * share);
}

/// The sum over the seeds; nothing if one of them has none, or other classes.
std::optional<Confusion> confusion_of(const RunGroup& group) {
  const RunFacts& first = *group.runs[0];
  std::vector<int64_t> sums(first.classes.size() * first.classes.size());
  for (const RunFacts* run : group.runs) {
    if (!run->confusion || run->classes != first.classes) return std::nullopt;
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += run->confusion->counts()[i];
  }
  return Confusion(static_cast<int>(first.classes.size()), std::move(sums));
}

/// Each cell is shaded by its share of the row.
std::string matrix(const Confusion& confusion, const std::vector<std::string>& classes,
                   const std::string& title) {
  std::string text =
      fmt::format("<div class=\"scroll\"><table class=\"matrix\">\n{}<thead><tr><td></td>",
                  title.empty() ? "" : fmt::format("<caption>{}</caption>\n", xml_text(title)));
  for (const std::string& name : classes)
    text += fmt::format("<th scope=\"col\">{}</th>", xml_text(name));
  text += "</tr></thead>\n<tbody>\n";
  for (int i = 0; i < confusion.classes(); ++i) {
    text += fmt::format("<tr><th scope=\"row\">{}</th>", xml_text(classes[i]));
    const auto total = static_cast<double>(std::max<int64_t>(1, confusion.total(i)));
    for (int j = 0; j < confusion.classes(); ++j) {
      const int64_t count = confusion.count(i, j);
      text +=
          fmt::format("<td{} style=\"--share:{:.3f}\">{}</td>", i == j ? " class=\"right\"" : "",
                      static_cast<double>(count) / total, count);
    }
    text += "</tr>\n";
  }
  return text + "</tbody></table></div>\n";
}

/// A row for each class: of one run with the interval, of several the mean over the seeds.
std::string recall_table(const std::vector<RunGroup>& groups) {
  const RunFacts& first = *groups[0].runs[0];
  const bool one = groups.size() == 1 && groups[0].runs.size() == 1;
  std::vector<std::string> head = {"recall"};
  if (one) {
    head.insert(head.end(), {"", "per cent", "95 % interval", "test faces"});
  } else {
    for (const RunGroup& group : groups) head.push_back(group.name);
  }
  std::vector<std::vector<std::string>> rows;
  for (size_t c = 0; c < first.classes.size(); ++c) {
    std::vector<std::string> row = {xml_text(first.classes[c])};
    for (const RunGroup& group : groups) {
      std::vector<double> recalls;
      for (const RunFacts* run : group.runs)
        if (const double recall = run->last(fmt::format("test_recall/{}", c));
            std::isfinite(recall))
          recalls.push_back(recall);
      if (one) row.push_back(recalls.empty() ? "" : bar(recalls[0]));
      row.push_back(mean_text(recalls, 100, 1));
      const int64_t faces =
          one && first.confusion ? first.confusion->total(static_cast<int>(c)) : 0;
      if (!one) continue;
      row.push_back(faces > 0 && !recalls.empty() ? interval_text(recalls[0], faces) : "");
      row.push_back(faces > 0 ? std::to_string(faces) : "");
    }
    rows.push_back(row);
  }
  return html_table(head, rows);
}

}  // namespace

std::string class_section(const std::vector<RunGroup>& groups, const ReportContent& content) {
  const std::vector<std::string>& classes = groups[0].runs[0]->classes;
  bool same = true;
  for (const RunGroup& group : groups)
    for (const RunFacts* run : group.runs) same = same && run->classes == classes;
  std::string tables =
      same ? recall_table(groups)
           : html_paragraph(
                 "The runs have different classes, so their recalls are not put side by side.");
  bool any = false;
  for (const RunGroup& group : groups) {
    const std::optional<Confusion> confusion = confusion_of(group);
    if (!confusion) continue;
    any = true;
    std::string title = groups.size() == 1 ? "" : group.name;
    if (group.runs.size() > 1)
      title += fmt::format("{}{} seeds together", title.empty() ? "" : ", ", group.runs.size());
    tables += matrix(*confusion, group.runs[0]->classes, title);
  }
  std::string about =
      any ? "The rows of a confusion matrix are the true classes, its columns what is predicted."
          : "There is no confusion matrix: it was not recorded.";
  if (content.map) {
    about +=
        " The map (t-SNE) has faces near each other whose features are alike; how far apart groups "
        "are says little.";
    tables += feature_map(*content.map, classes);
  }
  if (!content.test_set_read)
    about += " There is no map of the features: the checkpoint or the data cannot be read.";
  return html_section("Classes",
                      html_paragraph("The test set after the last epoch. " + about, "dim") +
                          fmt::format("<div class=\"beside\">\n{}</div>\n", tables));
}

}  // namespace lanet
