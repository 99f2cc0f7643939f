// operators/parse/markup.h, the slow and plain way.
#pragma once

#include <string>
#include <vector>

namespace tocsin {

std::string NaiveHtmlToText(const std::string& html);
std::string NaiveDecodeEntities(const std::string& text);
std::vector<std::string> NaiveLinks(const std::string& html);

}  // namespace tocsin
