// Reads a small file whole.
#pragma once

#include <optional>
#include <string>

namespace tocsin {

// nullopt if it can't be read.
std::optional<std::string> ReadWholeFile(const std::string& path);

}  // namespace tocsin
