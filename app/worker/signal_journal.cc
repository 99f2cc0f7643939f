#include "app/worker/signal_journal.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/base/hash.h"
#include "operators/signal/signal.h"

namespace tocsin {

void SignalJournal::Add(absl::Span<const DetectOutput> outputs) {
  for (const DetectOutput& output : outputs) {
    if (output.kind != DetectOutput::Kind::kSignal) continue;
    ++signals;
    digest = Hash64(SignalId(*output.signal), digest);
  }
}

std::string EncodeJournal(const SignalJournal& journal) {
  return absl::StrCat("v1 ", journal.since, " ", journal.signals, " ", absl::Hex(journal.digest));
}

bool DecodeJournal(std::string_view text, SignalJournal* journal) {
  const std::vector<std::string_view> fields = absl::StrSplit(text, ' ');
  return fields.size() == 4 && fields[0] == "v1" && absl::SimpleAtoi(fields[1], &journal->since) &&
         absl::SimpleAtoi(fields[2], &journal->signals) && absl::SimpleHexAtoi(fields[3], &journal->digest);
}

}  // namespace tocsin
