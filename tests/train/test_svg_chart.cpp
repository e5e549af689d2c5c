#include "train/experiment/svg_chart.h"

#include <doctest/doctest.h>

#include <cmath>
#include <set>
#include <string>

#include "tests/xml.h"

namespace lanet::test {
namespace {

using Numbers = std::vector<double>;

Chart example() {
  return {.title = "a < b & c > d",
          .subtitle = "per cent",
          .x_label = "epoch",
          .series = {{.name = "plain",
                      .colour = 0,
                      .x = {1, 2, 3},
                      .y = {40, 50, 45},
                      .low = {38, 49, 44},
                      .high = {41, 52, 47}},
                     {.name = "ours", .colour = 8, .x = {1, 3}, .y = {30, 61}}}};
}

}  // namespace

TEST_CASE("svg chart: ticks are round numbers that hold the values") {
  CHECK(round_ticks(0, 100) == Numbers{0, 20, 40, 60, 80, 100});
  CHECK(round_ticks(1, 60) == Numbers{0, 20, 40, 60});
  CHECK(round_ticks(41.3, 72.9) == Numbers{40, 50, 60, 70, 80});
  CHECK(round_ticks(0, 5) == Numbers{0, 1, 2, 3, 4, 5});
  CHECK(round_ticks(7, 7).front() < 7);
  CHECK(round_ticks(7, 7).back() > 7);
  CHECK(round_ticks(0, 0).size() >= 2);
  for (const double high : {0.013, 0.5, 3.1, 77.0, 1e6}) {
    CAPTURE(high);
    const Numbers ticks = round_ticks(high / 7, high);
    CHECK(ticks.front() <= high / 7);
    CHECK(ticks.back() >= high * (1 - 1e-9));
    CHECK(ticks.size() >= 4);
    CHECK(ticks.size() <= 8);
  }
}

TEST_CASE("svg chart: is well-formed, and says what it shows") {
  const std::string svg = svg_chart(example());
  const std::vector<XmlElement> elements = parse_xml(svg);
  REQUIRE(!elements.empty());
  CHECK(elements[0].name == "svg");
  std::string texts;
  int bands = 0, dashed = 0;
  for (const XmlElement& element : elements) {
    if (element.name == "text") texts += element.text + "|";
    bands += element.attributes.contains("fill-opacity");
    dashed += element.attributes.contains("stroke-dasharray");
  }
  CHECK(texts.starts_with("a < b & c > d|per cent|"));
  for (const char* text : {"|epoch|", "|plain|", "|ours|", "|30|", "|50|", "|70|"})
    CHECK(texts.find(text) != std::string::npos);
  CHECK(bands == 1);
  CHECK(dashed == 2);                 // the line and its entry in the legend
  CHECK(elements[1].name == "rect");  // behind all: white
  CHECK(elements[1].attributes.at("fill") == "#ffffff");
}

TEST_CASE("svg chart: several lie one below the other in one file") {
  Chart second = example();
  second.title = "the second";
  second.series[0].name = std::string(60, 'W');
  const std::vector<Chart> charts = {example(), second};
  const std::vector<XmlElement> one = parse_xml(svg_chart(charts[0])),
                                other = parse_xml(svg_chart(charts[1])),
                                both = parse_xml(svg_charts(charts));
  const auto number = [](const XmlElement& element, const char* name) {
    return std::stod(element.attributes.at(name));
  };
  CHECK(svg_charts({charts.data(), 1}) == svg_chart(charts[0]));
  CHECK(number(both[0], "height") == number(one[0], "height") + number(other[0], "height"));
  CHECK(number(both[0], "width") == number(other[0], "width"));
  CHECK(number(both[1], "height") == number(both[0], "height"));  // the white rectangle
  REQUIRE(both.size() == one.size() + other.size() - 1);
  const XmlElement& group = both[one.size()];
  CHECK(group.name == "g");
  CHECK(group.attributes.at("transform") == "translate(0 " + one[0].attributes.at("height") + ")");
  CHECK(both[one.size() + 1].text == "the second");
}

TEST_CASE("svg chart: in a page it has classes of the page and no colours, and refers to nothing") {
  const std::string svg = svg_chart_in_page(example());
  CHECK(svg.find('#') == std::string::npos);
  CHECK(svg.find("http") == std::string::npos);
  const std::vector<XmlElement> elements = parse_xml(svg);
  CHECK(elements[0].attributes.at("aria-label") == "a < b & c > d");
  std::multiset<std::string> classes;
  for (const XmlElement& element : elements)
    if (element.attributes.contains("class")) classes.insert(element.attributes.at("class"));
  CHECK(classes == std::multiset<std::string>{"chart", "grid", "axis", "label", "band c0",
                                              "line c0 d0", "mark c0", "line c1 d2", "mark c1"});
  std::set<std::string> looks;
  for (size_t colour = 0; colour < 49; ++colour) looks.insert(chart_line_attribute(colour));
  CHECK(looks.size() == 49);
}

TEST_CASE("svg chart: everything lies in the picture, and no text on another or on the lines") {
  Chart chart = example();
  for (size_t i = 2; i < 20; ++i)
    chart.series.push_back({.name = std::string(3 * i, 'W'), .colour = i, .x = {1}, .y = {50}});
  chart.title = std::string(70, 'M');
  const std::vector<XmlElement> elements = parse_xml(svg_chart(chart));
  const double width = std::stod(elements[0].attributes.at("width")),
               height = std::stod(elements[0].attributes.at("height"));
  struct Box {
    double left, right, top, bottom;
  };
  std::vector<Box> boxes;
  for (const XmlElement& element : elements) {
    if (element.name != "text") continue;
    const auto& attributes = element.attributes;
    const double size =
        attributes.contains("font-size") ? std::stod(attributes.at("font-size")) : 12;
    const double length = 0.6 * size * static_cast<double>(element.text.size());
    const double x = std::stod(attributes.at("x")), y = std::stod(attributes.at("y"));
    const std::string anchor =
        attributes.contains("text-anchor") ? attributes.at("text-anchor") : "start";
    const double left = anchor == "start" ? x : anchor == "end" ? x - length : x - length / 2;
    boxes.push_back({left, left + length, y - 0.8 * size, y + 0.2 * size});
    CHECK(boxes.back().left >= 0);
    CHECK(boxes.back().right <= width);
    CHECK(boxes.back().bottom <= height);
  }
  CHECK(boxes.size() > 30);
  for (size_t i = 0; i < boxes.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      const Box &a = boxes[i], &b = boxes[j];
      CHECK_FALSE((a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom));
    }
  }
}

}  // namespace lanet::test
