#include "train/tensorboard/event_file.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/error.h"
#include "core/files/file.h"
#include "core/files/protobuf_writer.h"
#include "core/files/tf_record.h"

namespace lanet {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

constexpr std::string_view kPrefix = "events.out.tfevents.";

// Fields of event.proto and summary.proto, and values of their enumerations.
namespace event {
constexpr int kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSessionLog = 7;
}
namespace session_log {
constexpr int kStatus = 1;
constexpr int64_t kStart = 1;
}  // namespace session_log
namespace summary {
constexpr int kValue = 1;
constexpr int kTag = 1, kSimpleValue = 2, kTensor = 8, kMetadata = 9;  // of a value
constexpr int kPlugin = 1, kDataClass = 4;                             // of its metadata
constexpr int kPluginName = 1;
constexpr int64_t kTensorClass = 2;
}  // namespace summary
namespace tensor {
constexpr int kType = 1, kShape = 2, kStringValue = 8;
constexpr int64_t kString = 7;
}  // namespace tensor

/// An event with the current time.
ProtobufWriter event_of_now() {
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  ProtobufWriter message;
  message.float64(event::kWallTime, now.count());
  return message;
}

std::string version_record() {
  ProtobufWriter message = event_of_now();
  message.text(event::kFileVersion, "brain.Event:2");
  return tf_record(message.bytes());
}

/// Tells readers to forget what earlier files say of the epochs. Those that have not seen such a
/// record before take it for the start of the run, so the first file has one too.
std::string start_record() {
  constexpr int64_t kFirstEpoch = 1;
  ProtobufWriter log, message = event_of_now();
  log.integer(session_log::kStatus, session_log::kStart);
  message.integer(event::kStep, kFirstEpoch);
  message.message(event::kSessionLog, log);
  return tf_record(message.bytes());
}

std::string summary_record(int64_t epoch, const ProtobufWriter& value) {
  ProtobufWriter content, message = event_of_now();
  content.message(summary::kValue, value);
  message.integer(event::kStep, epoch);
  message.message(event::kSummary, content);
  return tf_record(message.bytes());
}

ProtobufWriter scalar_value(const std::string& tag, double number) {
  ProtobufWriter value;
  value.text(summary::kTag, tag);
  value.float32(summary::kSimpleValue, static_cast<float>(number));
  return value;
}

/// A text in Markdown, for the page of texts.
ProtobufWriter text_value(const std::string& tag, const std::string& markdown) {
  ProtobufWriter plugin, metadata, content, value;
  plugin.text(summary::kPluginName, "text");
  metadata.message(summary::kPlugin, plugin);
  metadata.integer(summary::kDataClass, summary::kTensorClass);
  content.integer(tensor::kType, tensor::kString);
  content.message(tensor::kShape, ProtobufWriter());  // of no dimensions
  content.text(tensor::kStringValue, markdown);
  value.text(summary::kTag, tag);
  value.message(summary::kTensor, content);
  value.message(summary::kMetadata, metadata);
  return value;
}

/// The name of a number that has the key `key`: TensorBoard groups names by what is before a slash.
std::string tag_of(std::string_view key) {
  constexpr std::pair<std::string_view, std::string_view> kGroups[] = {
      {"train_", "train/"}, {"test_", "test/"}, {"val_", "validation/"}, {"label_", "labels/"}};
  for (const auto& [prefix, group] : kGroups)
    if (key.starts_with(prefix)) return std::string(group).append(key.substr(prefix.size()));
  const char* group = key == "learning_rate"                           ? "train/"
                      : key == "seconds" || key == "images_per_second" ? "speed/"
                                                                       : "labels/";
  return std::string(group).append(key);
}

/// A text that Markdown shows as it is, in a cell.
std::string markdown_text(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (std::string_view("\\`*_{}[]()<>#+-.!|").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c == '\n' || c == '\r' ? ' ' : c;
  }
  return escaped;
}

/// The second at which a file of events was begun, by its name.
std::optional<int64_t> second_of(const std::string& name) {
  int64_t second = 0;
  if (!name.starts_with(kPrefix)) return std::nullopt;
  const auto [end, error] =
      std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), second);
  return error == std::errc() ? std::optional(second) : std::nullopt;
}

/// The second at which the last file of events in a folder was begun.
std::optional<int64_t> last_second(const fs::path& folder) {
  std::optional<int64_t> last;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    last = std::max(last, second_of(entry.path().filename().string()));
  return last;
}

}  // namespace

std::vector<std::pair<std::string, double>> scalars_of(const ordered_json& line,
                                                       const std::vector<std::string>& classes) {
  std::vector<std::pair<std::string, double>> scalars;
  const auto add = [&](const std::string& tag, const ordered_json& value) {
    if (value.is_number()) scalars.emplace_back(tag, value.get<double>());
  };
  for (const auto& [key, value] : line.items()) {
    if (key == "epoch") continue;
    if (key == "losses") {
      for (const auto& [name, loss] : value.items())
        add(name == "total" ? "train/loss" : "train/loss_" + name, loss);
    } else if (key == "test_recall") {
      LANET_REQUIRE(value.size() == classes.size(), "{} recalls of {} classes", value.size(),
                    classes.size());
      for (size_t c = 0; c < classes.size(); ++c) add(tag_of(key) + "/" + classes[c], value[c]);
    } else {
      add(tag_of(key), value);
    }
  }
  return scalars;
}

std::string confusion_markdown(const ordered_json& line, const std::vector<std::string>& classes) {
  std::string head = "| truly \\\\ predicted |", rule = "|---|";
  for (const std::string& name : classes) {
    head += fmt::format(" {} |", markdown_text(name));
    rule += "---:|";
  }
  std::string table = head + "\n" + rule + "\n";
  const ordered_json& counts = line.at("test_confusion");
  for (size_t i = 0; i < classes.size(); ++i) {
    table += fmt::format("| {} |", markdown_text(classes[i]));
    for (size_t j = 0; j < classes.size(); ++j) {
      const std::string count = counts.at(i).at(j).dump();
      table += i == j ? fmt::format(" **{}** |", count) : fmt::format(" {} |", count);
    }
    table += "\n";
  }
  return table;
}

EventFile::EventFile(const fs::path& folder, std::vector<std::string> classes,
                     std::span<const ordered_json> lines)
    : classes_(std::move(classes)) {
  const std::optional<int64_t> last = last_second(folder);
  const int64_t now = std::chrono::duration_cast<std::chrono::seconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  // Readers take the files by name, so this one has to come after those that are there.
  path_ =
      folder / fmt::format("{}{:010}.lanet-cuda", kPrefix, last ? std::max(now, *last + 1) : now);
  append_text(path_, version_record() + start_record());
  for (const ordered_json& line : lines) add(line);
}

void EventFile::add(const ordered_json& line) {
  const auto epoch = line.at("epoch").get<int64_t>();
  std::string records;
  for (const auto& [tag, number] : scalars_of(line, classes_))
    records += summary_record(epoch, scalar_value(tag, number));
  if (line.contains("test_confusion"))  // not written by the first versions
    records +=
        summary_record(epoch, text_value("test/confusion", confusion_markdown(line, classes_)));
  append_text(path_, records);
}

}  // namespace lanet
