// Text inside XML and HTML.
#pragma once

#include <string>
#include <string_view>

namespace lanet {

/// A text as XML and HTML hold it, between tags or in an attribute in double quotes.
inline std::string xml_text(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '"')
      result += "&quot;";
    else
      result += c;
  }
  return result;
}

}  // namespace lanet
