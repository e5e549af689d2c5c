#include "train/report/charts.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "train/experiment/statistics.h"

namespace lanet {

namespace {

/// What is drawn over the epochs.
struct Quantity {
  std::string path;  // in a line of metrics.jsonl
  std::string name;
};
struct Theme {
  std::string_view curve;  // of kCurves
  std::string title, subtitle;
  double scale;
  std::vector<Quantity> quantities;
};

constexpr const char* kPerCent = "per cent";

/// "losses/total", …: the total, then the parts in the order of the first line that has them.
std::vector<Quantity> losses_of(const std::vector<RunGroup>& groups) {
  std::vector<Quantity> losses;
  for (const RunGroup& group : groups) {
    const nlohmann::ordered_json& line = group.runs[0]->lines[0];
    if (!line.contains("losses")) continue;
    for (const auto& loss : line["losses"].items()) {
      const auto same = [&](const Quantity& other) { return other.name == loss.key(); };
      if (std::none_of(losses.begin(), losses.end(), same))
        losses.push_back({"losses/" + loss.key(), loss.key()});
    }
  }
  const auto is_total = [](const Quantity& loss) { return loss.name == "total"; };
  if (losses.size() == 2) std::erase_if(losses, is_total);  // the only loss is the same
  std::stable_partition(losses.begin(), losses.end(), is_total);
  return losses;
}

std::vector<Theme> themes(const std::vector<RunGroup>& groups) {
  return {
      {"accuracy",
       "Accuracy",
       kPerCent,
       100,
       {{"test_accuracy", "test"},
        {"test_balanced_accuracy", "test, balanced"},
        {"val_accuracy", "validation"},
        {"train_accuracy", "training, by the given labels"}}},
      {"memorised",
       "Wrongly labelled training faces",
       "per cent predicted as",
       100,
       {{"memorised", "what they are labelled (memorised)"}, {"corrected", "what they are"}}},
      {"loss", "Loss", "mean over an epoch", 1, losses_of(groups)},
      {"labels",
       "Label estimates",
       kPerCent,
       100,
       {{"label_accuracy", "right"},
        {"label_average_precision", "average precision for wrong labels"},
        {"wrong_labels_found", "wrong labels changed"},
        {"right_labels_doubted", "right labels changed"}}},
      {"certainty",
       "Certainty of the label estimates",
       "per cent of the training faces",
       100,
       {{"estimates_confident", "confident"}, {"estimates_changed", "not the given label"}}},
      {"votes",
       "Distance of labels from the votes",
       "Jensen-Shannon divergence, nats",
       1,
       {{"estimates_from_votes", "estimates"},
        {"given_from_votes", "given labels"},
        {"smoothed_from_votes", "smoothed labels"}}},
  };
}

/// The curve of a group; without points if no run has the quantity.
Chart::Series series_of(const RunGroup& group, const std::string& path, double scale) {
  std::vector<std::vector<double>> curves;
  size_t epochs = 0;
  for (const RunFacts* run : group.runs) {
    curves.push_back(run->curve(path));
    epochs = std::max(epochs, curves.back().size());
  }
  Chart::Series series;
  for (size_t epoch = 0; epoch < epochs; ++epoch) {
    std::vector<double> values;
    for (const std::vector<double>& curve : curves)
      if (epoch < curve.size() && std::isfinite(curve[epoch])) values.push_back(curve[epoch]);
    if (values.empty()) continue;
    series.x.push_back(static_cast<double>(epoch + 1));
    series.y.push_back(scale * spread_of(values).mean);
    if (group.runs.size() == 1) continue;
    series.low.push_back(scale * *std::min_element(values.begin(), values.end()));
    series.high.push_back(scale * *std::max_element(values.begin(), values.end()));
  }
  return series;
}

std::string with_seeds(const std::string& text, size_t seeds) {
  return seeds == 1 ? text : fmt::format("{}, mean and range of {} seeds", text, seeds);
}

/// All quantities of a theme in one chart.
Chart chart_of(const Theme& theme, const RunGroup& group) {
  Chart chart{.title = theme.title,
              .subtitle = with_seeds(theme.subtitle, group.runs.size()),
              .x_label = "epoch"};
  for (const Quantity& quantity : theme.quantities) {
    Chart::Series series = series_of(group, quantity.path, theme.scale);
    if (series.x.empty()) continue;
    series.name = quantity.name;
    series.colour = chart.series.size();
    chart.series.push_back(std::move(series));
  }
  return chart;
}

/// One quantity of all groups.
Chart chart_of(const Theme& theme, const Quantity& quantity, const std::vector<RunGroup>& groups) {
  const bool seeds = std::any_of(groups.begin(), groups.end(),
                                 [](const RunGroup& group) { return group.runs.size() > 1; });
  Chart chart{.title = fmt::format("{}: {}", theme.title, quantity.name),
              .subtitle = fmt::format("{}{}", theme.scale == 100 ? kPerCent : theme.subtitle,
                                      seeds ? ", mean and range of the seeds" : ""),
              .x_label = "epoch"};
  for (size_t i = 0; i < groups.size(); ++i) {
    Chart::Series series = series_of(groups[i], quantity.path, theme.scale);
    if (series.x.empty()) continue;
    series.name = groups[i].name;
    series.colour = i;
    chart.series.push_back(std::move(series));
  }
  return chart;
}

}  // namespace

std::vector<Chart> epoch_charts(const std::vector<RunGroup>& groups) {
  std::vector<Chart> charts;
  for (const Theme& theme : themes(groups)) {
    if (groups.size() == 1) {
      charts.push_back(chart_of(theme, groups[0]));
      continue;
    }
    for (const Quantity& quantity : theme.quantities)
      charts.push_back(chart_of(theme, quantity, groups));
  }
  std::erase_if(charts, [](const Chart& chart) { return chart.series.empty(); });
  return charts;
}

std::vector<Chart> curve_charts(const std::vector<RunGroup>& groups,
                                std::span<const std::string> curves) {
  std::vector<Chart> charts;
  const std::vector<Theme> all = themes(groups);
  for (const std::string& curve : curves) {
    const auto theme = std::find_if(all.begin(), all.end(),
                                    [&](const Theme& other) { return other.curve == curve; });
    LANET_REQUIRE(theme != all.end(), "{} is none of kCurves", curve);
    if (theme->quantities.empty()) continue;
    if (groups.size() == 1) {
      charts.push_back(chart_of(*theme, groups[0]));
      charts.back().title = fmt::format("{}: {}", groups[0].name, theme->title);
    } else {
      charts.push_back(chart_of(*theme, theme->quantities[0], groups));
    }
    if (charts.back().series.empty()) charts.pop_back();
  }
  return charts;
}

Chart confidence_histogram(const RunFacts& run) {
  constexpr int kBins = 20;
  const LabelTable& labels = *run.labels;
  const size_t classes = labels.classes.size();
  std::array<std::vector<double>, 2> counts = {std::vector<double>(kBins),
                                               std::vector<double>(kBins)};
  std::array<double, 2> faces = {};
  for (size_t i = 0; i < labels.names.size(); ++i) {
    const bool wrong = !run.truth.empty() && run.truth[i] != run.given[i];
    const double p = labels.estimates[i * classes + labels.given[i]];
    ++counts[wrong][std::min(kBins - 1, static_cast<int>(p * kBins))];
    ++faces[wrong];
  }
  Chart chart{.title = "Estimated probability of the given label",
              .subtitle = "per cent of the training faces",
              .x_label = "probability"};
  for (const size_t wrong : {size_t{0}, size_t{1}}) {
    if (faces[wrong] == 0) continue;
    Chart::Series series{.colour = wrong};
    series.name = run.truth.empty()
                      ? "all training faces"
                      : fmt::format("the {:.0f} {} label{}", faces[wrong],
                                    wrong ? "wrong" : "right", faces[wrong] == 1 ? "" : "s");
    for (int bin = 0; bin < kBins; ++bin)
      for (const int edge : {bin, bin + 1}) {
        series.x.push_back(static_cast<double>(edge) / kBins);
        series.y.push_back(100 * counts[wrong][bin] / faces[wrong]);
      }
    series.high = series.y;
    series.low.resize(series.y.size());
    chart.series.push_back(std::move(series));
  }
  return chart;
}

}  // namespace lanet
