// The version of this build.
#pragma once

namespace tocsin {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace tocsin
