// Damaged copies of a valid file: whatever is in a file, a reader gives a value or an InputError.
#pragma once

#include <doctest/doctest.h>

#include "core/rng.h"
#include "tests/input_error.h"
#include "tests/temporary_folder.h"

namespace lanet::test {

/// Gives `read` every proper beginning of `content` (each must be refused), and `content` with each
/// byte changed in three ways (each must be read or refused; any other exception fails the test).
/// The copies have the name `name`, for its ending. Returns how many of the changed ones were
/// refused.
template <typename Read>
int read_damaged(const std::string& content, const std::string& name, Read&& read) {
  const TemporaryFolder folder;
  const auto path = folder.path() / name;
  auto refused = [&](const std::string& text) {
    const auto file = folder.write(name, text);
    return !input_error([&] { read(path); }).empty();
  };
  for (size_t length = 0; length < content.size(); ++length) {
    CAPTURE(length);
    CHECK(refused(content.substr(0, length)));
  }
  int count = 0;
  RandomStream stream(1, Purpose::test);
  for (size_t i = 0; i < content.size(); ++i) {
    CAPTURE(i);
    for (const uint32_t change : {1u << stream.below(8), 0xFFu, 1 + stream.below(255)}) {
      std::string damaged = content;
      damaged[i] = static_cast<char>(static_cast<uint8_t>(damaged[i]) ^ change);
      CHECK_NOTHROW(count += refused(damaged));
    }
  }
  return count;
}

}  // namespace lanet::test
