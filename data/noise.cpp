#include "data/noise.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "core/files/file.h"
#include "core/rng.h"
#include "data/csv.h"

namespace lanet {
namespace {

constexpr std::string_view kHeader = "image,true_label,given_label,changed";

std::string row_text(const std::string& name, int32_t true_label, int32_t given_label,
                     std::span<const std::string_view> class_names) {
  const auto label = [&](int32_t c) {
    return csv_field(std::string(class_names[static_cast<size_t>(c)]));
  };
  return fmt::format("{},{},{},{}", csv_field(name), label(true_label), label(given_label),
                     true_label == given_label ? 0 : 1);
}

}  // namespace

std::vector<int32_t> add_label_noise(std::span<const int32_t> labels, int num_classes, double rate,
                                     NoiseKind kind, uint64_t seed) {
  LANET_REQUIRE(rate >= 0 && rate <= 1, "a noise rate of {}", rate);
  LANET_REQUIRE(num_classes >= 2, "noise on {} classes", num_classes);
  LANET_REQUIRE(kind == NoiseKind::symmetric || num_classes == kNumExpressions,
                "class-dependent noise on {} classes; it is defined for {}", num_classes,
                kNumExpressions);
  std::vector<int32_t> noisy(labels.begin(), labels.end());
  for (size_t i = 0; i < noisy.size(); ++i) {
    int32_t& label = noisy[i];
    LANET_REQUIRE(label >= 0 && label < num_classes, "label {} of sample {}", label, i);
    RandomStream stream(seed, Purpose::label_noise, 0, static_cast<uint32_t>(i));
    if (stream.uniform() >= rate) continue;
    if (kind == NoiseKind::class_dependent) {
      label = kConfusedWith[static_cast<size_t>(label)];
    } else {
      const auto other = static_cast<int32_t>(stream.below(static_cast<uint32_t>(num_classes - 1)));
      label = other < label ? other : other + 1;
    }
  }
  return noisy;
}

std::vector<int32_t> add_label_noise(std::span<const int32_t> labels, int num_classes,
                                     const NoiseRates& rates, uint64_t seed) {
  const auto classes = static_cast<size_t>(num_classes);
  LANET_REQUIRE(rates.size() == classes * classes, "{} rates of {} classes", rates.size(),
                num_classes);
  std::vector<int32_t> noisy(labels.begin(), labels.end());
  for (size_t i = 0; i < noisy.size(); ++i) {
    const auto label = static_cast<size_t>(noisy[i]);
    LANET_REQUIRE(label < classes, "label {} of sample {}", noisy[i], i);
    std::vector<double> row(rates.begin() + label * classes, rates.begin() + (label + 1) * classes);
    row[label] = 0;
    const double wrong = std::accumulate(row.begin(), row.end(), 0.0);
    RandomStream stream(seed, Purpose::label_noise, 0, static_cast<uint32_t>(i));
    if (stream.uniform() >= wrong) continue;
    double at = stream.uniform() * wrong;
    for (size_t c = 0; c < classes; ++c) {
      if (row[c] == 0) continue;
      noisy[i] = static_cast<int32_t>(c);
      if (at < row[c]) break;
      at -= row[c];
    }
  }
  return noisy;
}

void write_noise_csv(const std::filesystem::path& path, std::span<const std::string> names,
                     std::span<const int32_t> true_labels, std::span<const int32_t> given_labels,
                     std::span<const std::string_view> class_names) {
  LANET_REQUIRE(names.size() == true_labels.size() && names.size() == given_labels.size(),
                "{} names, {} true and {} given labels", names.size(), true_labels.size(),
                given_labels.size());
  std::string text(kHeader);
  text += '\n';
  for (size_t i = 0; i < names.size(); ++i)
    text += row_text(names[i], true_labels[i], given_labels[i], class_names) + '\n';
  write_text(path, text);
}

std::vector<int32_t> read_noise_csv(const std::filesystem::path& path,
                                    std::span<const std::string> names,
                                    std::span<const int32_t> true_labels,
                                    std::span<const std::string_view> class_names) {
  const CsvTable table = read_csv(path);
  if (fmt::format("{}", fmt::join(table.header, ",")) != kHeader)
    throw InputError(fmt::format("{}:1: expected the header '{}'", table.file, kHeader));
  if (table.rows.size() != names.size())
    throw InputError(fmt::format("{}: {} row{}; there are {} training faces: the data have changed",
                                 table.file, table.rows.size(), table.rows.size() == 1 ? "" : "s",
                                 names.size()));
  std::vector<int32_t> given;
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string& label = table.rows[i][2];
    const auto found = std::find(class_names.begin(), class_names.end(), label);
    if (found == class_names.end())
      throw InputError(fmt::format("{}: given_label '{}' is not a class{}", table.place(i),
                                   printable(label), suggestion(label, class_names)));
    given.push_back(static_cast<int32_t>(found - class_names.begin()));
    const std::string expected = row_text(names[i], true_labels[i], given[i], class_names);
    std::vector<std::string> fields;
    for (const std::string& field : table.rows[i]) fields.push_back(csv_field(field));
    const std::string row = fmt::format("{}", fmt::join(fields, ","));
    if (row != expected)
      throw InputError(fmt::format("{}: '{}' where '{}' is expected: the data have changed",
                                   table.place(i), printable(row), expected));
  }
  return given;
}

}  // namespace lanet
