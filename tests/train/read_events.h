// The event files of a run, as TensorBoard takes them.
#pragma once

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/files/file.h"
#include "tests/protobuf_reader.h"
#include "tests/tf_record_reader.h"

namespace lanet::test {

struct Event {
  double wall_time = 0;
  int64_t step = 0;
  std::string version;
  bool start = false;
  std::string tag;
  std::optional<float> scalar;
  std::string plugin, text;
};

/// Throws where a field is none that TensorBoard knows, or the file is damaged.
inline std::vector<Event> read_event_file(const std::filesystem::path& file) {
  const auto only = [](std::string_view message, uint64_t number) {
    const auto fields = read_protobuf(message);
    if (fields.size() != 1 || fields[0].number != number) throw std::runtime_error("other fields");
    return fields[0];
  };
  std::vector<Event> events;
  const std::string bytes = read_text(file);
  for (const std::string& record : read_tf_records(bytes)) {
    Event event;
    for (const ProtobufField& field : read_protobuf(record)) {
      if (field.number == 1) {
        event.wall_time = field.real<double>();
      } else if (field.number == 2) {
        event.step = field.integer();
      } else if (field.number == 3) {
        event.version = field.text();
      } else if (field.number == 7) {
        event.start = only(field.text(), 1).integer() == 1;
      } else if (field.number == 5) {
        const ProtobufField value = only(field.text(), 1);
        for (const ProtobufField& part : read_protobuf(value.text())) {
          if (part.number == 1) {
            event.tag = part.text();
          } else if (part.number == 2) {
            event.scalar = part.real<float>();
          } else if (part.number == 8) {
            const auto tensor = read_protobuf(part.text());
            // A string (7), of no dimensions.
            if (tensor.size() != 3 || tensor[0].integer() != 7 || !tensor[1].text().empty() ||
                tensor[2].number != 8)
              throw std::runtime_error("another tensor");
            event.text = tensor[2].text();
          } else if (part.number == 9) {
            const auto metadata = read_protobuf(part.text());
            event.plugin = only(metadata.at(0).text(), 1).text();
            if (metadata.at(1).integer() != 2) throw std::runtime_error("another class of data");
          } else {
            throw std::runtime_error("an unknown field of a value");
          }
        }
      } else {
        throw std::runtime_error("an unknown field of an event");
      }
    }
    events.push_back(std::move(event));
  }
  return events;
}

/// The names of a run's event files, in the order in which they are read.
inline std::vector<std::filesystem::path> event_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().filename().string().find("tfevents") != std::string::npos)
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

/// What is shown of a run: the values of each tag by step. Each start but the first makes what was
/// there of its step and of later ones void. Throws if a step has two values.
template <typename Value>
std::map<std::string, std::map<int64_t, Value>> shown_events(const std::filesystem::path& folder) {
  std::map<std::string, std::map<int64_t, Value>> shown;
  bool started = false;
  for (const auto& file : event_files(folder)) {
    const std::vector<Event> events = read_event_file(file);
    if (events.empty() || events[0].version != "brain.Event:2")
      throw std::runtime_error("no version");
    for (const Event& event : events) {
      if (event.start && started)
        for (auto& [tag, values] : shown)
          values.erase(values.lower_bound(event.step), values.end());
      started = started || event.start;
      if (event.tag.empty()) continue;
      Value value;
      if constexpr (std::is_same_v<Value, float>) {
        if (!event.scalar) continue;
        value = *event.scalar;
      } else {
        if (event.scalar) continue;
        value = event.text;
      }
      if (!shown[event.tag].emplace(event.step, value).second)
        throw std::runtime_error("twice: " + event.tag);
    }
  }
  return shown;
}

}  // namespace lanet::test
