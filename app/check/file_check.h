// Everything that is wrong with a configuration and the files that it names, at once.
#pragma once

#include <string>
#include <vector>

#include "app/check/check_report.h"
#include "app/config/config.h"
#include "app/pipeline/settings.h"

namespace tocsin {

// Reads the configuration and, whatever is wrong with it, the watchlist, model and key that it names. One text for each
// file in which something is wrong: a line "file:line:column: what; what to do" for each error, with the line of the
// file and a caret below it. Empty: `run` would accept them. `*config` is what could be read.
std::vector<std::string> FindFileErrors(const std::string& path, const ConfigSources& sources, Config* config);

// What `run` accepts but is hardly meant: routes that nobody uses, brands with the same query, no broker.
CheckReport FindDoubtful(const PipelineSettings& settings);

// What the watchlist says besides queries of how is decided, in words, a line each: types of crises, rules of routes,
// thresholds and crisis histories of brands.
std::vector<std::string> ExplainDecisions(const Watchlist& watchlist);

}  // namespace tocsin
