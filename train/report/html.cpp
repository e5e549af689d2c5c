#include "train/report/html.h"

#include <algorithm>

#include "core/error.h"
#include "core/xml_text.h"

namespace lanet {

namespace {

/// Whether a cell may be broken into lines; markup, such as a bar, is not counted as text.
bool is_long_text(const std::string& cell) {
  return cell.size() > 30 && cell.find('<') == std::string::npos;
}

constexpr const char* kStart =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
    "<meta name=\"generator\" content=\"lanet-cuda report\"/>\n";

// Okabe and Ito's colours, darker on light pages and lighter on dark ones, so that each stands out
// from the page; texts have a contrast of 4.5 or more on every ground that they stand on.
constexpr const char* kStyle = R"(
:root { color-scheme: light dark;
  --page: #ffffff; --text: #1c1c1c; --dim: #555b61; --rule: #d4d8dc; --card: #f4f6f8;
  --heat: 0 114 178;
  --c0: #0072b2; --c1: #c04a00; --c2: #007d5a; --c3: #a8497f; --c4: #8f6600; --c5: #2b83b8;
  --c6: #333333; }
@media (prefers-color-scheme: dark) { :root {
  --page: #14171a; --text: #e8eaec; --dim: #a9b0b7; --rule: #3a4046; --card: #1e2328;
  --heat: 86 180 233;
  --c0: #56b4e9; --c1: #ff9457; --c2: #3fcf9f; --c3: #ec9fcb; --c4: #f0b429; --c5: #a6d8f5;
  --c6: #e0e0e0; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 16px; max-width: 1240px; background: var(--page);
  color: var(--text); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0.5rem 0 0.25rem; }
h2 { font-size: 1.2rem; margin: 2.25rem 0 0.5rem; padding-top: 0.75rem;
  border-top: 1px solid var(--rule); }
p { margin: 0.4rem 0; max-width: 75ch; }
.dim, caption { color: var(--dim); font-size: 0.9rem; }
.tiles { display: grid; gap: 12px; margin: 1rem 0;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 220px), 1fr)); }
.tile { background: var(--card); border-radius: 8px; padding: 12px 14px; }
.tile b { display: block; font-size: 1.7rem; line-height: 1.3; font-variant-numeric: tabular-nums; }
.tile span { display: block; color: var(--dim); font-size: 0.9rem; }
.scroll { overflow-x: auto; margin: 0.75rem 0; }
table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 9px 4px 0; text-align: right; border-bottom: 1px solid var(--rule);
  vertical-align: bottom; overflow-wrap: normal; }
th { font-weight: 600; }
td { white-space: nowrap; }
td.long { white-space: normal; overflow-wrap: anywhere; min-width: 10rem; max-width: 22rem; }
th:first-child { text-align: left; min-width: 5.5rem; }
.beside { display: flex; flex-wrap: wrap; gap: 0 48px; }
.beside > * { min-width: 0; }
.figures { display: grid; gap: 20px 28px;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 350px), 1fr)); }
figure { margin: 0.5rem 0; max-width: 560px; min-width: 0; }
figcaption { font-weight: 600; }
figcaption span { display: block; color: var(--dim); font-weight: 400; font-size: 0.9rem; }
svg.chart { display: block; width: 100%; height: auto; font: 12px system-ui, sans-serif; }
.grid { stroke: var(--rule); }
.axis { stroke: var(--dim); }
.label { fill: var(--text); }
.line { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; }
.mark, .band { fill: currentColor; }
.c0 { color: var(--c0); } .c1 { color: var(--c1); } .c2 { color: var(--c2); }
.c3 { color: var(--c3); } .c4 { color: var(--c4); } .c5 { color: var(--c5); }
.c6 { color: var(--c6); }
.d1 { stroke-dasharray: 7 3; } .d2 { stroke-dasharray: 2 3; } .d3 { stroke-dasharray: 10 3 2 3; }
.d4 { stroke-dasharray: 14 5; } .d5 { stroke-dasharray: 5 2 2 2 2 2; } .d6 { stroke-dasharray: 1 5; }
figure.map { flex: 1 1 320px; max-width: 480px; }
.point { fill: currentColor; }
.hollow { fill: var(--page); fill-opacity: 0.6; stroke: currentColor; stroke-width: 1.4; }
ul.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 0; padding: 0;
  font-size: 0.9rem; }
ul.legend svg { width: 30px; height: 10px; margin-right: 6px; }
ul.legend svg.dot { width: 12px; height: 12px; margin-bottom: -1px; }
table.matrix th, table.matrix td { padding: 4px; text-align: center; min-width: 2.1rem; }
table.matrix tbody th { min-width: 0; text-align: left; padding-right: 8px; }
table.matrix thead th { writing-mode: vertical-rl; transform: rotate(180deg); text-align: left;
  height: 6.5rem; padding: 4px; border-bottom: 0; }
table.matrix td { background: rgb(var(--heat) / calc(var(--share) * 0.45)); }
table.matrix td.right { font-weight: 700; }
.bar { display: block; min-width: clamp(2.5rem, 12vw, 7rem); height: 0.75rem; background: var(--card);
  border-radius: 2px; }
.bar i { display: block; height: 100%; background: var(--c0); border-radius: 2px; }
.given .bar i { background: var(--c1); }
.faces { display: grid; gap: 12px;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 270px), 1fr)); }
.face { display: flex; gap: 12px; background: var(--card); border-radius: 8px; padding: 10px;
  font-size: 0.85rem; line-height: 1.35; min-width: 0; }
.face img { flex: none; width: 88px; height: 88px; object-fit: contain; border-radius: 4px; }
.heat img { width: 144px; height: 144px; }
.face > div { flex: 1; min-width: 0; }
.face table { width: 100%; font-size: 0.85rem; margin-top: 4px; }
.face th, .face td { min-width: 0; padding: 1px 6px 1px 0; border: 0; text-align: left; font-weight: 400;
  vertical-align: middle; }
.face tr.given th, .face tr.given td { font-weight: 700; }
.face .bar { background: var(--page); min-width: 2.5rem; }
)";

}  // namespace

std::string html_table(const std::vector<std::string>& head,
                       const std::vector<std::vector<std::string>>& rows) {
  const auto is_empty = [&](size_t column) {
    return std::all_of(rows.begin(), rows.end(),
                       [&](const std::vector<std::string>& row) { return row[column].empty(); });
  };
  std::vector<size_t> columns;
  for (size_t column = 0; column < head.size(); ++column)
    if (!is_empty(column)) columns.push_back(column);
  std::string text = "<div class=\"scroll\"><table>\n<thead><tr>";
  for (const size_t column : columns)
    text += fmt::format("<th scope=\"col\">{}</th>", xml_text(head[column]));
  text += "</tr></thead>\n<tbody>\n";
  for (const std::vector<std::string>& row : rows) {
    LANET_REQUIRE(row.size() == head.size(), "{} cells below {}", row.size(), head.size());
    text += "<tr>";
    for (const size_t column : columns) {
      const std::string& cell = row[column];
      text += column == 0          ? fmt::format("<th scope=\"row\">{}</th>", cell)
              : is_long_text(cell) ? fmt::format("<td class=\"long\">{}</td>", cell)
                                   : fmt::format("<td>{}</td>", cell);
    }
    text += "</tr>\n";
  }
  return text + "</tbody></table></div>\n";
}

std::string html_section(const std::string& heading, const std::string& content) {
  return fmt::format("<section>\n<h2>{}</h2>\n{}</section>\n", xml_text(heading), content);
}

std::string html_paragraph(const std::string& content, const std::string& style_class) {
  if (style_class.empty()) return fmt::format("<p>{}</p>\n", content);
  return fmt::format("<p class=\"{}\">{}</p>\n", style_class, content);
}

std::string html_figure(const Chart& chart) {
  std::string legend;
  for (const Chart::Series& series : chart.series)
    legend += fmt::format("<li><svg viewBox=\"0 0 30 10\"><path d=\"M0 5h30\" {}/></svg>{}</li>",
                          chart_line_attribute(series.colour), xml_text(series.name));
  return fmt::format(
      "<figure><figcaption>{} <span>{}</span></figcaption>\n{}<ul "
      "class=\"legend\">{}</ul></figure>\n",
      xml_text(chart.title), xml_text(chart.subtitle), svg_chart_in_page(chart), legend);
}

std::string html_page(const std::string& title, const std::string& body) {
  return fmt::format(
      "{}<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
      "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n{}</body>\n</html>\n",
      kStart, xml_text(title), kStyle, body);
}

bool is_report(const std::string& text) {
  return text.starts_with(kStart);
}

}  // namespace lanet
