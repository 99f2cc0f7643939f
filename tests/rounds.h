// How often a random test tries. A sanitizer looks for what any input of a kind brings to light, at five to twenty
// times the cost: there a part of the rounds does, while the presets at full speed run all of them.
#pragma once

namespace tocsin {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
#else
inline constexpr bool kSanitized = false;
#endif

// `all`, or with a sanitizer `sanitized`.
template <typename T>
constexpr T Rounds(T all, T sanitized) {
  return kSanitized ? sanitized : all;
}

}  // namespace tocsin
