#include "operators/signal/summary.h"

#include <cmath>
#include <cstdio>

namespace tocsin {
namespace {

enum class Language : uint8_t { kEnglish, kFrench, kItalian };

Language LanguageOf(std::string_view language) {
  if (language.substr(0, 2) == "fr") return Language::kFrench;
  return language.substr(0, 2) == "it" ? Language::kItalian : Language::kEnglish;
}

// The sentence of the language; the three must carry the same placeholders {0}, {1}, ... in any order.
struct Wording {
  std::string_view english;
  std::string_view french;
  std::string_view italian;

  std::string_view In(Language language) const {
    if (language == Language::kFrench) return french;
    return language == Language::kItalian ? italian : english;
  }
};

std::string Fill(std::string_view wording, std::initializer_list<std::string> values) {
  std::string text;
  for (size_t i = 0; i < wording.size(); ++i) {
    if (wording[i] == '{' && i + 2 < wording.size() && wording[i + 2] == '}') {
      const auto index = static_cast<size_t>(wording[i + 1] - '0');
      if (index < values.size()) text += values.begin()[index];
      i += 2;
    } else {
      text += wording[i];
    }
  }
  return text;
}

// At most one decimal; French and Italian write a comma.
std::string Decimal(double value, Language language = Language::kEnglish) {
  char text[32];
  const bool whole = std::abs(value - std::round(value)) < 0.05;
  std::snprintf(text, sizeof(text), whole ? "%.0f" : "%.1f", value);
  std::string result(text);
  if (language != Language::kEnglish) {
    for (char& c : result) c = c == '.' ? ',' : c;
  }
  return result;
}

std::string Percent(double share) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.0f", share * 100);
  return text;
}

// "2026-11-20 10:00 UTC".
std::string Moment(int64_t epoch_ms) {
  const std::string time = FormatEventTime(epoch_ms);
  return time.substr(0, 10) + " " + time.substr(11, 5) + " UTC";
}

std::string Minutes(int64_t from_ms, int64_t to_ms) { return std::to_string((to_ms - from_ms) / 60'000); }

constexpr Wording kBigWording = {
    "{0}: {1} negative mentions ({2} % of those classified, usually {3} %) by {4} authors in the last {5} minutes",
    "{0} : {1} mentions négatives ({2} % des mentions classées, {3} % d'habitude) par {4} auteurs ces {5} dernières "
    "minutes",
    "{0}: {1} menzioni negative ({2} % di quelle classificate, di solito {3} %) di {4} autori negli ultimi {5} minuti"};
constexpr Wording kVolumeWording = {", {0} times the usual volume", ", {0} fois le volume habituel",
                                    ", {0} volte il volume abituale"};
constexpr Wording kProvisionalWording = {"Possible crisis since {0}, not confirmed yet (certainty {1} %)",
                                         "Crise possible depuis {0}, pas encore confirmée (certitude {1} %)",
                                         "Possibile crisi da {0}, non ancora confermata (certezza {1} %)"};
constexpr Wording kConfirmedWording = {"Crisis confirmed at level {2} of 5 since {0} (certainty {1} %)",
                                       "Crise confirmée au niveau {2} sur 5 depuis {0} (certitude {1} %)",
                                       "Crisi confermata al livello {2} su 5 da {0} (certezza {1} %)"};
constexpr Wording kEasingWording = {"The crisis that began at {0} is easing, highest level {2} of 5 (certainty {1} %)",
                                    "La crise commencée le {0} s'apaise, niveau maximal {2} sur 5 (certitude {1} %)",
                                    "La crisi iniziata alle {0} si attenua, livello massimo {2} su 5 (certezza {1} %)"};
constexpr Wording kResolvedWording = {"What began at {0} is over; nothing more is due",
                                      "L'épisode commencé le {0} est terminé ; plus rien n'est attendu",
                                      "L'episodio iniziato alle {0} è finito; non serve altro"};
constexpr Wording kClosedWording = {"What began at {0} was closed by {1}",
                                    "L'épisode commencé le {0} a été clos par {1}",
                                    "L'episodio iniziato alle {0} è stato chiuso da {1}"};
constexpr Wording kFalseAlarmWording = {"What began at {0} was a false alarm, says {1}",
                                        "L'épisode commencé le {0} était une fausse alerte, selon {1}",
                                        "L'episodio iniziato alle {0} era un falso allarme, secondo {1}"};
constexpr Wording kDrillWording = {"EXERCISE: drill for {0} since {1}", "EXERCICE : simulation pour {0} depuis {1}",
                                   "ESERCITAZIONE: simulazione per {0} da {1}"};
constexpr Wording kDrillLevelWording = {"Level {0} of 5 is rehearsed, nothing has happened",
                                        "Le niveau {0} sur 5 est répété, rien ne s'est passé",
                                        "Si prova il livello {0} su 5, non è successo nulla"};
constexpr Wording kDrillOverWording = {"The drill is over, nothing had happened",
                                       "La simulation est terminée, rien ne s'était passé",
                                       "La simulazione è finita, non era successo nulla"};
constexpr Wording kCallsNextWording = {"Nobody has acknowledged it; next: {0}",
                                       "Personne ne l'a prise en charge ; à prévenir maintenant : {0}",
                                       "Nessuno l'ha presa in carico; ora tocca a: {0}"};
constexpr Wording kSurgeWording = {"{0}: {1} mentions in the last {2} minutes, {3} times the usual volume",
                                   "{0} : {1} mentions ces {2} dernières minutes, {3} fois le volume habituel",
                                   "{0}: {1} menzioni negli ultimi {2} minuti, {3} volte il volume abituale"};
constexpr Wording kSurgeCalmWording = {"The negative share is as usual ({0} %), so this is a surge and no crisis",
                                       "La part négative est habituelle ({0} %) : c'est un pic, pas une crise",
                                       "La quota negativa è quella abituale ({0} %): è un picco, non una crisi"};
constexpr Wording kFeedWording = {"{0}: the feed needs attention ({1})", "{0} : le flux demande attention ({1})",
                                  "{0}: il flusso richiede attenzione ({1})"};
constexpr Wording kSilentWording = {"{0}: no mention for {1} hours, where {2} an hour are usual",
                                    "{0} : aucune mention depuis {1} heures, {2} par heure d'habitude",
                                    "{0}: nessuna menzione da {1} ore, di solito {2} all'ora"};
constexpr Wording kSilentCauseWording = {"Either nobody speaks of it any more, or its feed has stopped",
                                         "Soit personne n'en parle plus, soit son flux s'est arrêté",
                                         "O nessuno ne parla più, o il suo flusso si è fermato"};
constexpr Wording kSilenceOverWording = {"{0}: mentioned again after {1} hours of silence",
                                         "{0} : de nouveau des mentions après {1} heures de silence",
                                         "{0}: di nuovo menzioni dopo {1} ore di silenzio"};
constexpr Wording kMissedWording = {"What was posted meanwhile may come late or never",
                                    "Ce qui a été publié entre-temps peut arriver tard ou jamais",
                                    "Ciò che è stato pubblicato nel frattempo può arrivare tardi o mai"};
constexpr Wording kIncompleteWording = {"{0}: only {1} of {2} source partitions are up to date",
                                        "{0} : seules {1} partitions sources sur {2} sont à jour",
                                        "{0}: solo {1} partizioni sorgente su {2} sono aggiornate"};
constexpr Wording kLowVolumeWording = {"{0}: {1} mentions in 24 hours, where {2} are usual",
                                       "{0} : {1} mentions en 24 heures, {2} d'habitude",
                                       "{0}: {1} menzioni in 24 ore, di solito {2}"};
constexpr Wording kLowVolumeCauseWording = {"A part of the feed may be missing, or its sampling may have changed",
                                            "Une partie du flux manque peut-être, ou son échantillonnage a changé",
                                            "Forse manca una parte del flusso, o è cambiato il suo campionamento"};
constexpr Wording kFeedSureWording = {
    "Until it is whole again, no incident is opened or resolved on what is missing",
    "Tant qu'il n'est pas complet, aucun incident n'est ouvert ou clos sur ce qui manque",
    "Finché non è completo, nessun incidente è aperto o chiuso in base a ciò che manca"};

const Wording& StateWording(IncidentState state) {
  switch (state) {
    case IncidentState::kConfirmed:
      return kConfirmedWording;
    case IncidentState::kEasing:
      return kEasingWording;
    case IncidentState::kResolved:
      return kResolvedWording;
    case IncidentState::kQuiet:
    case IncidentState::kProvisional:
      break;
  }
  return kProvisionalWording;
}

// A sentence more where nobody has acknowledged it and who is next is called.
std::string CallSentence(const Signal& signal, Language language) {
  if (!signal.route.calls_next) return {};
  return " " + Fill(kCallsNextWording.In(language), {signal.route.next}) + ".";
}

std::string SummariseDrill(const Signal& signal, Language language) {
  const std::string since = Moment(signal.times.onset_ms.value_or(signal.times.window_start_ms));
  const bool over = signal.state == IncidentState::kResolved;
  return Fill(kDrillWording.In(language), {signal.brand_name, since}) + ". " +
         Fill((over ? kDrillOverWording : kDrillLevelWording).In(language), {std::to_string(signal.level)}) + "." +
         CallSentence(signal, language);
}

// How it stands, or what someone has decided.
std::string StateSentence(const Signal& signal, Language language) {
  const std::string since = Moment(signal.times.onset_ms.value_or(signal.times.window_start_ms));
  if (signal.state == IncidentState::kResolved && signal.handling.ended.has_value()) {
    const bool false_alarm = signal.handling.ended->kind == ActionKind::kFalseAlarm;
    return Fill((false_alarm ? kFalseAlarmWording : kClosedWording).In(language), {since, signal.handling.ended->by});
  }
  return Fill(StateWording(signal.state).In(language),
              {since, Percent(signal.certainty.value_or(0)), std::to_string(signal.level)});
}

std::string SummariseCrisis(const Signal& signal, Language language) {
  if (signal.status == SignalStatus::kExercise) return SummariseDrill(signal, language);
  const std::string minutes = Minutes(signal.times.window_start_ms, signal.times.window_end_ms);
  std::string text = Fill(kBigWording.In(language), {signal.brand_name, std::to_string(signal.sentiment.negative),
                                                     Percent(signal.sentiment.negative_ratio.value_or(0)),
                                                     Percent(signal.sentiment.baseline.value_or(0)),
                                                     std::to_string(signal.volume.negative_authors), minutes});
  if (signal.velocity.ratio) {
    text += Fill(kVolumeWording.In(language), {Decimal(*signal.velocity.ratio, language)});
  }
  return text + ". " + StateSentence(signal, language) + "." + CallSentence(signal, language);
}

std::string SummariseFeed(const Signal& signal, Language language) {
  if (!signal.tests.empty()) {
    const SignalTest& test = signal.tests.front();
    const std::string observed = Decimal(test.observed, language);
    const std::string expected = Decimal(test.expected.value_or(0), language);
    const auto sentences = [&](const Wording& what, const Wording& cause) {
      return Fill(what.In(language), {signal.brand_name, observed, expected}) + ". " + std::string(cause.In(language)) +
             ".";
    };
    if (test.name == "feed_complete") {
      return Fill(kIncompleteWording.In(language), {signal.brand_name, observed, Decimal(test.threshold, language)}) +
             ". " + std::string(kMissedWording.In(language)) + ".";
    }
    if (test.name == "silence") return sentences(kSilentWording, kSilentCauseWording);
    if (test.name == "silence_over") return sentences(kSilenceOverWording, kMissedWording);
    if (test.name == "volume_24h") return sentences(kLowVolumeWording, kLowVolumeCauseWording);
  }
  const std::string reason = signal.level_reasons.empty() ? std::string("-") : signal.level_reasons.front();
  return Fill(kFeedWording.In(language), {signal.brand_name, reason}) + ". " +
         std::string(kFeedSureWording.In(language)) + ".";
}

}  // namespace

std::string Summarise(const Signal& signal, std::string_view language_name) {
  const Language language = LanguageOf(language_name);
  switch (signal.kind) {
    case SignalKind::kCrisis:
      return SummariseCrisis(signal, language);
    case SignalKind::kSurge:
      return Fill(kSurgeWording.In(language), {signal.brand_name, std::to_string(signal.volume.mentions),
                                               Minutes(signal.times.window_start_ms, signal.times.window_end_ms),
                                               Decimal(signal.velocity.ratio.value_or(0), language)}) +
             ". " + Fill(kSurgeCalmWording.In(language), {Percent(signal.sentiment.negative_ratio.value_or(0))}) + ".";
    case SignalKind::kFeedHealth:
      return SummariseFeed(signal, language);
  }
  return {};
}

std::string DescribeTest(const SignalTest& test) {
  const std::string minutes = std::to_string(test.window_s / 60);
  const std::string observed = Decimal(test.observed);
  const std::string threshold = Decimal(test.threshold);
  const std::string expected = Decimal(test.expected.value_or(0));
  const std::string_view name = test.name;
  const auto starts = [name](std::string_view prefix) { return name.substr(0, prefix.size()) == prefix; };
  if (name == "negative_authors") {
    return Fill("{0} authors of negative posts in {1} minutes; {2} are usual, {3} are needed",
                {observed, minutes, expected, threshold});
  }
  if (name == "negative_share" || name == "negative_share_since_opening") {
    return Fill("{0} of {1} classified mentions in {2} minutes are negative; {3} are usual, {4} are needed",
                {observed, std::to_string(test.trials.value_or(0)), minutes, expected, threshold});
  }
  if (name == "velocity_over_sector") {
    return Fill("volume over {0} minutes is {1} times the usual; {2} times would stand out of the sector",
                {minutes, observed, threshold});
  }
  if (name == "negative_low_over_sector") {
    return Fill("at least {0} % of the mentions of {1} minutes are negative; {2} % would stand out of the sector",
                {Percent(test.observed), minutes, Percent(test.threshold)});
  }
  if (name == "negative_balance_since_onset") {
    return Fill("negative minus positive is at least {0} % of the mentions of {1} minutes; {2} % are needed",
                {Percent(test.observed), minutes, Percent(test.threshold)});
  }
  if (name == "negative_low_of_originals_since_onset") {
    return Fill("at least {0} % of what is no repost in {1} minutes is negative; {2} % are needed",
                {Percent(test.observed), minutes, Percent(test.threshold)});
  }
  if (starts("velocity")) {
    return Fill("volume over {0} minutes is {1} times the usual; {2} times {3}",
                {minutes, observed, threshold, test.below ? "or less is calm" : "are needed"});
  }
  if (starts("negative_low")) {
    return Fill(
        "at least {0} % of the mentions of {1} minutes are negative; {2} % {3}",
        {Percent(test.observed), minutes, Percent(test.threshold), test.below ? "or less is calm" : "are needed"});
  }
  if (name == "negative_authors_since_onset") {
    return Fill("{0} authors of negative posts since onset; {1} are needed", {observed, threshold});
  }
  if (name == "safety_or_breach_authors") {
    return Fill("{0} authors write of safety or of a breach; {1} are needed", {observed, threshold});
  }
  if (name == "raise_second_network") {
    return Fill("{0} negative posts on a second network; {1} raise the level", {observed, threshold});
  }
  if (name == "raise_high_reach") {
    return Fill("{0} negative posts by authors with 100,000 followers or more; {1} raises the level",
                {observed, threshold});
  }
  if (name == "raise_call_to_action") {
    return Fill("{0} authors call to action; {1} raise the level", {observed, threshold});
  }
  if (name == "raise_crisis_history")
    return Fill("{0} crises before this one; {1} raises the level", {observed, threshold});
  if (name == "surge_score") {
    return Fill("the hour's volume is {0} standard deviations over the usual; {1} make a surge", {observed, threshold});
  }
  if (name == "surge_mentions") return Fill("{0} mentions in the hour; {1} are needed", {observed, threshold});
  if (name == "surge_velocity")
    return Fill("the hour's volume is {0} times the usual; {1} are needed", {observed, threshold});
  if (name == "surge_negative_share") {
    return Fill("{0} mentions of the hour are negative; fewer than {1} are as usual", {observed, threshold});
  }
  if (name == "silence") {
    return Fill("no mention for {0} hours; {1} an hour are usual, {2} hours are out of the ordinary",
                {observed, expected, threshold});
  }
  if (name == "silence_over") return Fill("mentioned again after {0} hours of silence", {observed});
  if (name == "volume_24h") {
    return Fill("{0} mentions in 24 hours; {1} are usual, fewer than {2} are out of the ordinary",
                {observed, expected, threshold});
  }
  return Fill("{0} is {1}; {2} are needed", {test.name, observed, threshold});
}

}  // namespace tocsin
