// Matcher::Explain: the same evaluation as Match, with the texts of what was found.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "operators/match/match_run.h"
#include "operators/match/matcher.h"
#include "operators/mention/mention.h"

namespace tocsin {
namespace {

void AddTerms(const QueryNode& query, uint32_t node, const QueryProgram& program, MatchRun* run,
              std::vector<std::string>* terms) {
  if (query.op == QueryOp::kNot) return;
  if (query.op == QueryOp::kLiteral && run->Counts(node)) {
    std::string text = PrintQuery(query);
    if (std::ranges::find(*terms, text) == terms->end()) terms->push_back(std::move(text));
  }
  uint32_t child = node + 1;
  for (const QueryNode& below : query.children) {
    AddTerms(below, child, program, run, terms);
    child += ProgramNode(program.words[child]).size;
  }
}

}  // namespace

MatchExplanation Matcher::Explain(const Post& post, uint32_t brand, const Source& source, MatchScratch* scratch) const {
  MatchExplanation explanation;
  std::vector<BrandMatch> matches;
  Match(post, scratch, &matches);
  MatchScratch::State& state = scratch->state();
  const uint32_t place = places_[brand];
  if (!std::ranges::binary_search(state.candidates, place)) return explanation;
  MatchRun run(*this, post, &state);
  run.FindCovers(state.candidates);
  const MatchRun::Verdict verdict = run.EvaluateQuery(place);
  AddTerms(*source.query, place + 1, program_, &run, &explanation.terms);
  if (source.context != nullptr) {
    uint32_t at = place + 1 + ProgramNode(program_.words[place + 1]).size;
    for (const ContextTerm& term : source.context->terms) {
      if (run.IsPresent(at + 1)) {
        explanation.context.push_back(
            {PrintQuery(term.literal), term.language, term.weight, run.SpeaksInPost(program_.words[at])});
      }
      at += 1 + ProgramNode(program_.words[at + 1]).size;
    }
  }
  if (!verdict.holds) return explanation;
  explanation.clear = verdict.clear || source.context == nullptr || source.context->empty();
  explanation.reasons = verdict.reasons;
  explanation.outcome = MatchExplanation::Outcome::kMatched;
  if (explanation.clear) return explanation;
  const MatchRun::Context context = run.EvaluateContext(place);
  explanation.score = context.score;
  if (context.dropped) {
    explanation.outcome = MatchExplanation::Outcome::kRejected;
  } else if (context.unsure) {
    explanation.outcome = MatchExplanation::Outcome::kAmbiguous;
    explanation.ambiguity = AmbiguityOf(context.score);
  } else {
    explanation.reasons |= kByContext;
  }
  return explanation;
}

}  // namespace tocsin
