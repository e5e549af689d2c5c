#include "core/base64.h"

#include <doctest/doctest.h>

#include <vector>

#include "core/xml_text.h"

namespace lanet::test {

TEST_CASE("base64: the examples of RFC 4648, and bytes above 127") {
  auto encoded = [](std::string_view text) {
    return base64(std::vector<uint8_t>(text.begin(), text.end()));
  };
  CHECK(encoded("").empty());
  CHECK(encoded("f") == "Zg==");
  CHECK(encoded("fo") == "Zm8=");
  CHECK(encoded("foo") == "Zm9v");
  CHECK(encoded("foobar") == "Zm9vYmFy");
  CHECK(encoded("\xff\xfe\xfd\xfb") == "//79+w==");
}

TEST_CASE("xml text: what would end a text or an attribute is written otherwise") {
  CHECK(xml_text("a <b> & \"c\" d's") == "a &lt;b&gt; &amp; &quot;c&quot; d's");
}

}  // namespace lanet::test
