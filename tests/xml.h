// Enough of XML to check the SVG files and pages that the program writes.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

namespace lanet::test {

struct XmlElement {
  std::string name;
  std::map<std::string, std::string> attributes;
  std::string text;  // directly in it, entities resolved
};

/// The elements in the order of their beginnings. Fails the test where the text is not well-formed
/// XML of one root without comments.
inline std::vector<XmlElement> parse_xml(const std::string& text) {
  std::vector<XmlElement> elements;
  std::vector<size_t> open;
  size_t at = 0;
  auto resolved = [](std::string part) {
    const std::map<std::string, std::string> entities = {
        {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}};
    CHECK(part.find('<') == std::string::npos);
    for (size_t i = part.find('&'); i != std::string::npos; i = part.find('&', i + 1)) {
      const std::string entity = part.substr(i, part.find(';', i) - i + 1);
      REQUIRE(entities.contains(entity));
      part.replace(i, entity.size(), entities.at(entity));
    }
    return part;
  };
  while (at < text.size()) {
    const size_t tag = text.find('<', at);
    const std::string between = text.substr(at, tag - at);
    if (tag == std::string::npos) {
      CHECK(between == "\n");
      break;
    }
    if (!open.empty()) elements[open.back()].text += resolved(between);
    const size_t end = text.find('>', tag);
    REQUIRE(end != std::string::npos);
    std::string inside = text.substr(tag + 1, end - tag - 1);
    at = end + 1;
    if (inside.starts_with("/")) {
      REQUIRE(!open.empty());
      CHECK(elements[open.back()].name == inside.substr(1));
      open.pop_back();
      continue;
    }
    const bool closed = inside.ends_with("/");
    if (closed) inside.pop_back();
    size_t place = inside.find(' ');
    XmlElement element{.name = inside.substr(0, place)};
    while (place != std::string::npos && place < inside.size()) {
      const size_t equals = inside.find("=\"", place);
      REQUIRE(equals != std::string::npos);
      const size_t quote = inside.find('"', equals + 2);
      REQUIRE(quote != std::string::npos);
      const std::string name = inside.substr(place + 1, equals - place - 1);
      CHECK(name.find_first_of(" \"<>&") == std::string::npos);
      CHECK(
          element.attributes.emplace(name, resolved(inside.substr(equals + 2, quote - equals - 2)))
              .second);
      place = quote + 1;
      CHECK((place == inside.size() || inside[place] == ' '));
    }
    CHECK((elements.empty() || !open.empty()));  // one root
    elements.push_back(std::move(element));
    if (!closed) open.push_back(elements.size() - 1);
  }
  CHECK(open.empty());
  return elements;
}

}  // namespace lanet::test
