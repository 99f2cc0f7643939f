// Evidence from the rows that are held: who, where, how coordinated, and which posts show it.
//
// The result depends on the rows' content only, never on the order in which they arrived or on how ingest cut its
// flushes: texts are looked up only for rows whose text is sure to be kept, by sample_rule.h. Pure functions.
#pragma once

#include <cstdint>

#include "operators/incident/brand_monitor.h"
#include "operators/incident/incident.h"
#include "operators/signal/signal.h"
#include "operators/window/brand_windows.h"

namespace tocsin {

// REQUIRES: whole > 0.
inline double ShareOf(int64_t part, int64_t whole) { return static_cast<double>(part) / static_cast<double>(whole); }

// Posts that a signal shows.
inline constexpr size_t kSamplesOfSignal = 5;

// Fills volume, sentiment counts, coordination, top lists, samples and wording of `*signal` from the rows of
// [from_ms, windows.end_ms()), with signal->brand_name set. Cost is linear in the rows of the last hour.
void FillEvidence(const BrandWindows& windows, int64_t from_ms, int64_t slide_ms, const EvidenceSource& source,
                  Signal* signal);

// Sets the incident's first post and first high-reach post from rows of [from_ms, windows.end_ms()), where not yet
// known. Which they are is exact; their texts may not have been kept, but their places in the source are known.
void FindFirstPosts(const BrandWindows& windows, int64_t from_ms, int64_t slide_ms, const EvidenceSource& source,
                    Incident* incident);

// "en"; "und" for 0.
std::string LanguageName(uint16_t language);

}  // namespace tocsin
