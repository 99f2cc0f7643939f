// Plain sentences about a signal: the summary in the route's language, and what each test says.
//
// Pure functions, thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "operators/signal/signal.h"

namespace tocsin {

// Two sentences: what happens and how big; since when, how sure and how bad. `language`: en, fr or it; others get
// English.
std::string Summarise(const Signal& signal, std::string_view language);

// One English sentence without a full stop: "41 authors of negative posts in 15 minutes; 4.2 are usual, 16 are needed".
std::string DescribeTest(const SignalTest& test);

}  // namespace tocsin
