#include "operators/signal/summary.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tocsin {
namespace {

Signal Crisis() {
  Signal signal;
  signal.brand_name = "United Airlines";
  signal.state = IncidentState::kConfirmed;
  signal.level = 3;
  signal.certainty = 0.97;
  signal.times.onset_ms = 1'795'168'800'000;
  signal.times.window_start_ms = 1'795'168'800'000;
  signal.times.window_end_ms = 1'795'172'400'000;
  signal.sentiment.negative = 312;
  signal.sentiment.negative_ratio = 0.46;
  signal.sentiment.baseline = 0.12;
  signal.volume.negative_authors = 210;
  signal.velocity.ratio = 7.31;
  return signal;
}

int64_t Sentences(const std::string& text) {
  int64_t count = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '.' && (i + 1 == text.size() || text[i + 1] == ' ')) ++count;
  }
  return count;
}

TEST(SummaryTest, SaysWhatHowBigSinceWhenAndHowSureInTheRoutesLanguage) {
  EXPECT_EQ(
      Summarise(Crisis(), "en"),
      "United Airlines: 312 negative mentions (46 % of those classified, usually 12 %) by 210 authors in the last 60 "
      "minutes, 7.3 times the usual volume. Crisis confirmed at level 3 of 5 since 2026-11-20 10:00 UTC (certainty "
      "97 %).");
  EXPECT_EQ(
      Summarise(Crisis(), "fr"),
      "United Airlines : 312 mentions négatives (46 % des mentions classées, 12 % d'habitude) par 210 auteurs ces 60 "
      "dernières minutes, 7,3 fois le volume habituel. Crise confirmée au niveau 3 sur 5 depuis 2026-11-20 10:00 UTC "
      "(certitude 97 %).");
  EXPECT_EQ(
      Summarise(Crisis(), "it"),
      "United Airlines: 312 menzioni negative (46 % di quelle classificate, di solito 12 %) di 210 autori negli "
      "ultimi 60 minuti, 7,3 volte il volume abituale. Crisi confermata al livello 3 su 5 da 2026-11-20 10:00 UTC "
      "(certezza 97 %).");
  EXPECT_EQ(Summarise(Crisis(), "de"), Summarise(Crisis(), "en")) << "other languages get English";
}

TEST(SummaryTest, EveryKindAndStateHasTwoSentencesInEveryLanguage) {
  for (const char* language : {"en", "fr", "it"}) {
    for (const IncidentState state :
         {IncidentState::kProvisional, IncidentState::kConfirmed, IncidentState::kEasing, IncidentState::kResolved}) {
      Signal signal = Crisis();
      signal.state = state;
      EXPECT_EQ(Sentences(Summarise(signal, language)), 2) << Summarise(signal, language);
    }
    for (const SignalKind kind : {SignalKind::kSurge, SignalKind::kFeedHealth}) {
      Signal signal = Crisis();
      signal.kind = kind;
      signal.level_reasons = {"no record for 10 minutes"};
      EXPECT_EQ(Sentences(Summarise(signal, language)), 2) << Summarise(signal, language);
      EXPECT_EQ(Summarise(signal, language).find('{'), std::string::npos);
    }
  }
}

TEST(SummaryTest, WhatSomeoneEndedAndWhatIsADrillSaySo) {
  Signal ended = Crisis();
  ended.state = IncidentState::kResolved;
  ended.handling.ended = HandledAction{.kind = ActionKind::kClose, .by = "anna", .note = ""};
  EXPECT_THAT(Summarise(ended, "en"), testing::EndsWith("What began at 2026-11-20 10:00 UTC was closed by anna."));
  ended.handling.ended->kind = ActionKind::kFalseAlarm;
  EXPECT_THAT(Summarise(ended, "en"), testing::EndsWith("was a false alarm, says anna."));
  Signal drill = Crisis();
  drill.status = SignalStatus::kExercise;
  EXPECT_EQ(Summarise(drill, "en"),
            "EXERCISE: drill for United Airlines since 2026-11-20 10:00 UTC. Level 3 of 5 is rehearsed, nothing has "
            "happened.");
  for (const char* language : {"en", "fr", "it"}) {
    for (const IncidentState state : {IncidentState::kConfirmed, IncidentState::kResolved}) {
      drill.state = state;
      EXPECT_EQ(Sentences(Summarise(drill, language)), 2) << Summarise(drill, language);
    }
    EXPECT_EQ(Sentences(Summarise(ended, language)), 2) << Summarise(ended, language);
    EXPECT_EQ(Summarise(ended, language).find('{'), std::string::npos);
  }
}

TEST(SummaryTest, WhoIsCalledBecauseNobodyHasAcknowledgedIsAThirdSentence) {
  Signal signal = Crisis();
  signal.route.next = "head-of-comms";
  EXPECT_EQ(Sentences(Summarise(signal, "en")), 2) << "who would be called is no news";
  signal.route.calls_next = true;
  EXPECT_THAT(Summarise(signal, "en"), testing::EndsWith(" Nobody has acknowledged it; next: head-of-comms."));
  EXPECT_THAT(Summarise(signal, "fr"),
              testing::EndsWith(" Personne ne l'a prise en charge ; à prévenir maintenant : head-of-comms."));
  EXPECT_THAT(Summarise(signal, "it"), testing::EndsWith(" Nessuno l'ha presa in carico; ora tocca a: head-of-comms."));
  signal.status = SignalStatus::kExercise;
  EXPECT_THAT(Summarise(signal, "en"),
              testing::EndsWith("nothing has happened. Nobody has acknowledged it; next: head-of-comms."));
}

TEST(SummaryTest, TestsAreToldInPlainWords) {
  SignalTest test;
  test.name = "negative_authors";
  test.window_s = 900;
  test.observed = 41;
  test.expected = 4.23;
  test.threshold = 16;
  EXPECT_EQ(DescribeTest(test), "41 authors of negative posts in 15 minutes; 4.2 are usual, 16 are needed");
}

}  // namespace
}  // namespace tocsin
