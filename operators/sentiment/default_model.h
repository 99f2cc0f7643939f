// The model file that is shipped, as part of the program's read-only data.
#pragma once

#include <cstdint>
#include <span>

namespace tocsin {

[[nodiscard]] std::span<const uint8_t> DefaultModelBytes();

}  // namespace tocsin
