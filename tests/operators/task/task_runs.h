// Runs of a whole detect task over blocks, and how two of them are compared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "operators/task/detect_task.h"
#include "tests/operators/task/post_stream.h"

namespace tocsin {

// Baselines are ready within half an hour.
DetectTaskOptions QuickTaskOptions();

// One line per output; what the promise excludes is blanked out: feed quality and, unless asked for, places in the log.
std::vector<std::string> Lines(const std::vector<DetectOutput>& outputs, bool with_places);

// Says where two runs part instead of printing both.
void ExpectSameLines(const std::vector<std::string>& actual, const std::vector<std::string>& expected);

std::vector<DetectOutput> ApplyAll(DetectTask* task, const std::vector<std::string>& blocks, size_t from = 0);

std::vector<DetectOutput> RunWhole(const std::vector<std::string>& blocks, const DetectTaskOptions& options,
                                   size_t brands);

int64_t CountSignals(const std::vector<DetectOutput>& outputs);

// What a mentions log holds on a bad day: repeats, overlaps, gaps, torn blocks, copies with other times, late rows.
std::vector<std::string> BadDay(uint64_t seed, const StreamOptions& stream);

// Applies `blocks`; takes a snapshot at each 97th record, restores it, rebuilds from where it says, replays some blocks
// and applies the rest: the ids of replayed signals, every later output and the final state must be the same byte for
// byte. Returns the counters of the straight run.
DetectCounters ExpectRestoresAnywhere(const std::vector<std::string>& blocks, const DetectTaskOptions& options,
                                      size_t brands);

// A block of one source partition, with a row of the brand for each time (ms since kStreamStartMs).
std::string OneBlock(Offset from, Offset to, const std::vector<int64_t>& times, bool idle = false, uint8_t flags = 0,
                     std::string_view brand = "brand-00", int64_t written_ms = kUnknownTime);

}  // namespace tocsin
