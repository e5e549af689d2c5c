#include "core/xml_text.h"

#include <doctest/doctest.h>

namespace lanet::test {

TEST_CASE("xml text: what would end a text or an attribute is written otherwise") {
  CHECK(xml_text("a <b> & \"c\" d's") == "a &lt;b&gt; &amp; &quot;c&quot; d's");
}

}  // namespace lanet::test
