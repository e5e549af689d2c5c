#include "core/files/json_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <vector>

#include "core/error.h"

namespace lanet {
namespace {

using nlohmann::json;

/// Looks at a text before it is parsed. The library's own callback for that takes a time that grows
/// with the square of the number of values.
class JsonCheck : public json::json_sax_t {
 public:
  JsonCheck(const std::string& source, std::string_view text, size_t deepest)
      : source_(source), text_(text), deepest_(deepest) {}

  bool start_object(size_t) override { return enter(); }
  bool start_array(size_t) override { return enter(); }
  bool end_object() override { return leave(); }
  bool end_array() override { return leave(); }
  bool key(std::string& name) override {
    if (!names_.back().insert(name).second)
      refuse(fmt::format("'{}' occurs twice in one object; expected it once", printable(name)));
    return true;
  }
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(int64_t) override { return true; }
  bool number_unsigned(uint64_t) override { return true; }
  bool number_float(double, const std::string&) override { return true; }
  bool string(std::string&) override { return true; }
  bool binary(json::binary_t&) override { return true; }
  bool parse_error(size_t place, const std::string&, const json::exception&) override {
    const size_t at = place == 0 ? 0 : place - 1;
    const std::string_view before = text_.substr(0, at), rest = text_.substr(before.size());
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const size_t column = before.size() - (before.rfind('\n') + 1) + 1;
    refuse(fmt::format("not JSON: line {}, column {}: {}{}", line, column,
                       rest.empty() ? "the text ends too early"
                                    : fmt::format("unexpected '{}'", printable(rest.substr(0, 1))),
                       rest.starts_with("NaN") ? " (null stands for what is unknown)" : ""));
  }

 private:
  bool enter() {
    names_.emplace_back();
    if (names_.size() > deepest_)
      refuse(fmt::format("values are nested more than {} deep", deepest_));
    return true;
  }
  bool leave() {
    names_.pop_back();
    return true;
  }
  [[noreturn]] void refuse(const std::string& what) const {
    throw InputError(fmt::format("{}: {}", source_, what));
  }

  const std::string& source_;
  std::string_view text_;
  size_t deepest_;
  std::vector<std::unordered_set<std::string>> names_;  // of the members of each open object
};

}  // namespace

json parse_json(const std::string& source, std::string_view text, size_t deepest) {
  JsonCheck check(source, text, deepest);
  json::sax_parse(text, &check);
  try {
    return json::parse(text);
  } catch (const json::exception& error) {  // such as a number beyond double
    throw InputError(fmt::format("{}: not JSON: {}", source, printable(error.what())));
  }
}

}  // namespace lanet
