// What the negative posts are about: the type of a signal.
#pragma once

#include <cstdint>

#include "operators/incident/brand_monitor.h"
#include "operators/signal/signal.h"
#include "operators/window/brand_windows.h"

namespace tocsin {

// Fills `type` of `*signal` from the rows of [from_ms, windows.end_ms()). The way that a signal goes depends on it, so
// this is needed where nobody reads the signal too. Cost: one look at each row, no texts. A pure function.
void FillType(const BrandWindows& windows, int64_t from_ms, const EvidenceSource& source, Signal* signal);

}  // namespace tocsin
