#include "app/files/read_file.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

namespace tocsin {

std::optional<std::string> ReadWholeFile(const std::string& path) {
  // A folder opens as a file and then reads as nothing.
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  if (file.bad()) return std::nullopt;
  return std::move(text).str();
}

}  // namespace tocsin
