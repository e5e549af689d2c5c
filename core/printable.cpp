#include "core/printable.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"

namespace lanet {
namespace {

struct Character {
  uint32_t code = 0;
  size_t bytes = 0;  // 0: the text does not begin with one
};

Character first_character(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const size_t bytes = lead < 0x80                   ? 1
                       : lead >= 0xC2 && lead < 0xE0 ? 2
                       : lead >= 0xE0 && lead < 0xF0 ? 3
                       : lead >= 0xF0 && lead < 0xF5 ? 4
                                                     : text.size() + 1;
  if (bytes > text.size()) return {};
  uint32_t code = bytes == 1 ? lead : lead & (0x7Fu >> bytes);
  for (size_t k = 1; k < bytes; ++k) {
    if ((byte(k) & 0xC0) != 0x80) return {};
    code = code << 6 | (byte(k) & 0x3Fu);
  }
  // None is longer than it has to be, half of a surrogate pair, or above U+10FFFF.
  const bool too_long = (bytes == 3 && code < 0x800) || (bytes == 4 && code < 0x10000);
  if (too_long || (code >= 0xD800 && code < 0xE000) || code > 0x10FFFF) return {};
  return {code, bytes};
}

/// Spaces that are no space, marks of width zero, and what turns the direction of writing.
bool is_invisible(uint32_t code) {
  constexpr std::pair<uint32_t, uint32_t> kRanges[] = {
      {0x80, 0xA0},     {0xAD, 0xAD},     {0x2000, 0x200B}, {0x200E, 0x200F},  {0x2028, 0x202F},
      {0x205F, 0x206F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF}, {0xE0000, 0xE0FFF}};
  return std::any_of(std::begin(kRanges), std::end(kRanges), [&](const auto& range) {
    return code >= range.first && code <= range.second;
  });
}

/// Takes the first character, or byte, of a text and shows it.
std::string take_shown(std::string_view& text) {
  const auto [code, bytes] = first_character(text);
  const std::string_view taken = text.substr(0, std::max<size_t>(bytes, 1));
  text.remove_prefix(taken.size());
  if (bytes == 0) return fmt::format("\\x{:02X}", static_cast<unsigned char>(taken[0]));
  if (code < 0x20 || code == 0x7F) return fmt::format("\\x{:02X}", code);
  if (is_invisible(code)) return fmt::format("\\u{:04X}", code);
  return std::string(taken);
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t bytes = first_character(text).bytes;
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

std::string escaped(std::string_view text) {
  std::string shown;
  while (!text.empty()) shown += take_shown(text);
  return shown;
}

std::string printable(std::string_view name) {
  constexpr size_t kMost = 80;
  std::string shown;
  while (!name.empty()) {
    std::string_view rest = name;
    const std::string next = take_shown(rest);
    if (shown.size() + next.size() > kMost) return shown + "...";
    shown += next;
    name = rest;
  }
  return shown;
}

}  // namespace lanet
