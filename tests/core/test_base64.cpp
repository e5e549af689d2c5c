#include <doctest/doctest.h>

#include <string_view>

#include "core/files/base64.h"

namespace lanet::test {

TEST_CASE("base64: the examples of RFC 4648") {
  auto of = [](std::string_view text) {
    return base64({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  };
  CHECK(of("") == "");
  CHECK(of("f") == "Zg==");
  CHECK(of("fo") == "Zm8=");
  CHECK(of("foo") == "Zm9v");
  CHECK(of("foob") == "Zm9vYg==");
  CHECK(of("fooba") == "Zm9vYmE=");
  CHECK(of("foobar") == "Zm9vYmFy");
  CHECK(of("\xff\xfe\xfb") == "//77");
}

}  // namespace lanet::test
