// Errors: what is thrown, and the checks that throw.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace lanet {

/// A failure at run time (a library call, a device, a file that went away). Exit code 1.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Something the user gave is wrong: a file, a field, a value, an option. Exit code 2.
/// The message is one line that names the file, the field and the value, and what was expected.
class InputError : public Error {
 public:
  using Error::Error;
};

/// The nearest of `choices` to `word` by edit distance; empty if none is near enough to suggest.
template <typename Range>
std::string nearest_choice(const std::string& word, const Range& choices);

[[noreturn]] void throw_requirement(const char* expression, const char* file, int line,
                                    const std::string& message);

/// `; did you mean 'x'?`, or nothing if no choice is near `word`.
template <typename Range>
std::string suggestion(const std::string& word, const Range& choices) {
  const std::string nearest = nearest_choice(word, choices);
  return nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest);
}

/// Levenshtein distance between two words.
int edit_distance(const std::string& a, const std::string& b);

/// A name that came out of a file, fit for a message of one line: escaped() (core/printable.h),
/// and what is longer than 80 bytes is cut.
std::string printable(std::string_view name);

template <typename Range>
std::string nearest_choice(const std::string& word, const Range& choices) {
  std::string best;
  int best_distance = static_cast<int>(word.size()) / 2 + 1;
  for (const auto& choice : choices) {
    const std::string candidate(choice);
    if (const int d = edit_distance(word, candidate); d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

}  // namespace lanet

/// A programming mistake of the caller: throws Error with the expression, the place and a message
/// that holds the offending values: LANET_REQUIRE(k > 0, "k is {}", k).
#define LANET_REQUIRE(condition, ...)                                                         \
  do {                                                                                        \
    if (!(condition))                                                                         \
      ::lanet::throw_requirement(#condition, __FILE__, __LINE__, ::fmt::format(__VA_ARGS__)); \
  } while (false)
