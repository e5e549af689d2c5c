#include "train/report/report.h"

#include "core/error.h"
#include "core/files/file.h"
#include "core/xml_text.h"
#include "train/config/choices.h"
#include "train/report/charts.h"
#include "train/report/html.h"
#include "train/report/run_facts.h"
#include "train/report/sections.h"

namespace lanet {

namespace fs = std::filesystem;

namespace {

/// What a single run was: "lanet (robust), resnet18 at 64 px, noise of 0.3, 60 of 60 epochs".
std::string description(const RunFacts& run) {
  const Config& config = run.config;
  std::string method(name_of(config.method));
  if (config.method == Method::lanet) method += fmt::format(" ({})", name_of(config.model.recipe));
  std::string text = fmt::format("{}, {} at {} px, seed {}, {} of {} epochs, data {}", method,
                                 name_of(config.model.backbone), config.data.image_size,
                                 config.seed, run.lines.size(), config.train.epochs,
                                 fs::path(config.data.root).filename().string());
  if (config.data.noise.rate > 0)
    text += fmt::format(" with {:g} % wrong labels planted", 100 * config.data.noise.rate);
  return text;
}

}  // namespace

std::string run_report(const std::vector<fs::path>& runs, const ReportContent& content) {
  LANET_REQUIRE(!runs.empty(), "a report of no runs");
  std::vector<RunFacts> facts;
  for (const fs::path& run : runs) facts.push_back(read_run_facts(run));
  name_runs(facts);
  const std::vector<RunGroup> groups = group_by_seed(facts);
  const std::string title =
      facts.size() == 1 ? facts[0].name : fmt::format("{} runs: {}", facts.size(), [&] {
        std::vector<std::string> names;
        for (const RunGroup& group : groups) names.push_back(group.name);
        return fmt::format("{}", fmt::join(names, ", "));
      }());
  std::string body = fmt::format("<h1>{}</h1>\n", xml_text(title));
  if (facts.size() == 1) body += html_paragraph(xml_text(description(facts[0])), "dim");
  body += result_section(groups);
  std::string figures;
  for (const Chart& chart : epoch_charts(groups)) figures += html_figure(chart);
  body +=
      html_section("Over the epochs", fmt::format("<div class=\"figures\">\n{}</div>\n", figures));
  body += class_section(groups, content) + mistake_section(facts[0], content) +
          landmark_section(facts[0], content) + label_section(groups, content.faces) +
          setup_section(groups);
  return html_page(fmt::format("{} – lanet-cuda", title), body);
}

void require_report_or_nothing(const fs::path& path) {
  if (!fs::exists(path)) return;
  if (fs::is_directory(path) || !is_report(read_text(path)))
    throw InputError(
        fmt::format("{}: exists and is not a report; expected a new file, or a report "
                    "to replace",
                    path.string()));
}

}  // namespace lanet
