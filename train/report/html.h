// Pieces of the report's page. All of it is well-formed XML.
#pragma once

#include <string>
#include <vector>

#include "train/experiment/svg_chart.h"

namespace lanet {

/// A table in a box that scrolls where the page is narrow. head: texts. rows: HTML, the first cell
/// of each being its heading. A column without any content is left out.
std::string html_table(const std::vector<std::string>& head,
                       const std::vector<std::vector<std::string>>& rows);

/// A section; `content` is HTML.
std::string html_section(const std::string& heading, const std::string& content);

/// A paragraph; `content` is HTML.
std::string html_paragraph(const std::string& content, const std::string& style_class = "");

/// A chart with its title, subtitle and legend.
std::string html_figure(const Chart& chart);

/// The whole page. It refers to nothing outside itself and has no script. title: a text.
std::string html_page(const std::string& title, const std::string& body);

/// Whether a file begins as html_page() writes it.
bool is_report(const std::string& text);

}  // namespace lanet
