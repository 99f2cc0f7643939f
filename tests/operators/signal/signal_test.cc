#include "operators/signal/signal.h"

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/operators/signal/schema_check.h"

namespace tocsin {
namespace {

using Json = nlohmann::json;
using ::testing::Pair;

Signal AnySignal() {
  Signal signal;
  signal.deployment = "prod-eu";
  signal.brand_id = "united";
  signal.brand_name = "United Airlines";
  signal.incident_id = IncidentId("united", 1'795'168'800'000);
  signal.sequence = 3;
  signal.summary = "Something happens. It is sure.";
  signal.message = SignalMessage::kUpdate;
  signal.state = IncidentState::kConfirmed;
  signal.level = 3;
  signal.previous_level = 2;
  signal.certainty = 0.97;
  signal.times.onset_ms = 1'795'168'800'000;
  signal.times.window_start_ms = 1'795'168'800'000;
  signal.times.window_end_ms = 1'795'170'600'000;
  signal.times.watermark_ms = signal.times.window_end_ms;
  signal.times.detected_at_ms = 1'795'169'100'000;
  signal.times.detection_delay_ms = 300'000;
  signal.velocity.per_minute = 12.345678;
  signal.sentiment.negative_ratio = 0.45;
  signal.quality.sources = 4;
  signal.quality.sources_complete = 3;
  SignalTest test;
  test.name = "negative_share";
  test.window_s = 300;
  test.observed = 30;
  test.trials = 60;
  test.one_in = 10'000;
  test.threshold = 23;
  test.passed = true;
  signal.tests.push_back(test);
  SignalPost post;
  post.id = "1";
  post.text = "text";
  post.source = {"posts", 2};
  post.offset = 99;
  signal.evidence.samples.push_back(post);
  signal.evidence.first_post = post;
  signal.networks.push_back({Network::kTwitter, 5, 1'795'168'800'123});
  signal.matching.reasons.push_back({"handle", 4});
  return signal;
}

TEST(SignalTest, StructuredEventValidatesAgainstThePublishedSchema) {
  EXPECT_EQ(SchemaErrors(RenderStructuredCloudEvent(AnySignal(), std::nullopt)), "");
  EXPECT_EQ(SchemaErrors(RenderStructuredCloudEvent(AnySignal(), 1'795'170'601'234)), "");
  EXPECT_EQ(SchemaErrors(RenderIncident(AnySignal(), std::nullopt)), "");
}

HandledAction AnyAction(ActionKind kind) {
  HandledAction action;
  action.kind = kind;
  action.by = "anna";
  action.at_ms = 1'795'170'600'000;
  if (kind == ActionKind::kSilence) action.until_ms = 1'795'174'200'000;
  action.level = 2;
  return action;
}

TEST(SignalTest, WhatPeopleDidIsRenderedAndValid) {
  Signal signal = AnySignal();
  signal.status = SignalStatus::kExercise;
  signal.incident_id = "drill-united-20261120T100000Z";
  signal.handling.acknowledged = AnyAction(ActionKind::kAcknowledge);
  signal.handling.silenced = AnyAction(ActionKind::kSilence);
  signal.handling.ended = AnyAction(ActionKind::kFalseAlarm);
  for (size_t kind = 0; kind < kActionKinds; ++kind) {
    signal.handling.actions.push_back(AnyAction(static_cast<ActionKind>(kind)));
  }
  signal.handling.actions.back().note = "so it is";
  EXPECT_EQ(SchemaErrors(RenderStructuredCloudEvent(signal, std::nullopt)), "");
  const Json handling = Json::parse(RenderSignalData(signal, std::nullopt))["handling"];
  EXPECT_EQ(handling["acknowledged"]["by"], "anna");
  EXPECT_EQ(handling["acknowledged"]["at"], "2026-11-20T10:30:00Z");
  EXPECT_TRUE(handling["acknowledged"]["until"].is_null());
  EXPECT_EQ(handling["silenced"]["until"], "2026-11-20T11:30:00Z");
  EXPECT_EQ(handling["ended"]["action"], "false_alarm");
  EXPECT_EQ(handling["actions"][5]["note"], "so it is");
  EXPECT_TRUE(handling["actions"][0]["note"].is_null());
}

TEST(SignalTest, WhoIsNextIsRenderedAndValid) {
  Signal signal = AnySignal();
  signal.route.next = "head-of-comms";
  signal.route.escalate_by_ms = 1'795'170'600'000;
  Json route = Json::parse(RenderSignalData(signal, std::nullopt))["route"];
  EXPECT_EQ(route["next"], "head-of-comms");
  EXPECT_EQ(route["calls_next"], false);
  EXPECT_EQ(route["escalate_by"], "2026-11-20T10:30:00Z");
  EXPECT_TRUE(route["escalated_at"].is_null());
  signal.route.calls_next = true;
  signal.route.escalated_at_ms = signal.route.escalate_by_ms;
  signal.route.escalate_by_ms.reset();
  EXPECT_EQ(SchemaErrors(RenderStructuredCloudEvent(signal, std::nullopt)), "");
  route = Json::parse(RenderSignalData(signal, std::nullopt))["route"];
  EXPECT_EQ(route["calls_next"], true);
  EXPECT_EQ(route["escalated_at"], "2026-11-20T10:30:00Z");
  EXPECT_TRUE(route["escalate_by"].is_null());
}

TEST(SignalTest, TheSchemaRefusesWhatBreaksTheContract) {
  const Json good = Json::parse(RenderStructuredCloudEvent(AnySignal(), std::nullopt));
  Json renamed = good;
  renamed["data"].erase("certainty");
  renamed["data"]["confidence"] = 0.9;
  EXPECT_NE(SchemaErrors(renamed.dump()), "") << "a renamed field";
  Json level = good;
  level["data"]["level"] = 6;
  EXPECT_NE(SchemaErrors(level.dump()), "") << "a level out of range";
  Json state = good;
  state["data"]["state"] = "open";
  EXPECT_NE(SchemaErrors(state.dump()), "") << "an unknown state";
  Json type = good;
  for (const auto& [name, valid] : std::map<std::string, bool>{
           {"spillover", true}, {"strike", true}, {"Strike", false}, {"", false}, {std::string(41, 'a'), false}}) {
    type["data"]["type"]["name"] = name;
    EXPECT_EQ(SchemaErrors(type.dump()).empty(), valid) << name;
  }
  Json more = good;
  more["data"]["new_field"] = 1;
  EXPECT_EQ(SchemaErrors(more.dump()), "") << "more fields may be added";
}

TEST(SignalTest, PostCrisisRecordValidatesAgainstItsSchema) {
  Signal signal = AnySignal();
  PostCrisis record;
  record.first_signal_ms = record.confirmed_ms = record.resolved_ms = record.peak_ms = 1'795'170'600'000;
  record.timeline.push_back({1'795'170'600'000, IncidentState::kConfirmed, 2, ""});
  record.timeline.push_back({1'795'172'400'000, IncidentState::kConfirmed, 2, "head-of-comms"});
  record.actions = {AnyAction(ActionKind::kAcknowledge), AnyAction(ActionKind::kClose)};
  signal.handling.ended = record.actions.back();
  signal.post_crisis = record;
  EXPECT_EQ(SchemaErrors(RenderPostCrisis(signal), "deploy/schemas/post-crisis.schema.json"), "");
  const Json timeline = Json::parse(RenderPostCrisis(signal))["timeline"];
  EXPECT_TRUE(timeline[0]["escalated_to"].is_null());
  EXPECT_EQ(timeline[1]["escalated_to"], "head-of-comms");
}

TEST(SignalTest, NumbersHaveFourDecimalsAndUnknownsAreNull) {
  const Json data = Json::parse(RenderSignalData(AnySignal(), std::nullopt));
  EXPECT_EQ(data["velocity"]["per_minute"], 12.3457);
  EXPECT_TRUE(data["velocity"]["expected"].is_null());
  EXPECT_TRUE(data["sentiment"]["corrected"].is_null());
  EXPECT_TRUE(data["times"]["emitted_at"].is_null());
  EXPECT_TRUE(data["quality"]["lag_ms"].is_null());
  EXPECT_EQ(data["quality"]["completeness"], "3/4");
  EXPECT_EQ(data["spread"]["networks"][0]["first_seen"], "2026-11-20T10:00:00.123Z");
}

TEST(SignalTest, WallClockShowsInEmittedAtAndLagOnly) {
  Json with = Json::parse(RenderSignalData(AnySignal(), 1'795'170'601'234));
  Json without = Json::parse(RenderSignalData(AnySignal(), std::nullopt));
  EXPECT_EQ(with["times"]["emitted_at"], "2026-11-20T10:30:01.234Z");
  EXPECT_EQ(with["quality"]["lag_ms"], 1'234);
  for (Json* data : {&with, &without}) {
    (*data)["times"].erase("emitted_at");
    (*data)["quality"].erase("lag_ms");
  }
  EXPECT_EQ(with, without);
}

TEST(SignalTest, RendersOneLineOfValidUtf8WhateverTheTextHolds) {
  Signal signal = AnySignal();
  signal.brand_name = "a \"quoted\"\n\\name\x01";
  signal.evidence.samples[0].text = "broken \xC3\x28 and \xF0\x9F\x98\xA1";
  const std::string line = RenderStructuredCloudEvent(signal, std::nullopt);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const Json event = Json::parse(line);
  EXPECT_EQ(event["data"]["brand_name"], signal.brand_name);
  EXPECT_EQ(event["data"]["evidence"]["samples"][0]["text"], "broken \xEF\xBF\xBD( and \xF0\x9F\x98\xA1");
}

TEST(SignalTest, KeysComeInTheOrderOfTheContract) {
  const std::string data = RenderSignalData(AnySignal(), std::nullopt);
  size_t position = 0;
  for (const char* key :
       {"schema_version", "brand_id", "incident_id", "summary",   "state",  "certainty", "tests",
        "times",          "volume",   "velocity",    "sentiment", "course", "spread",    "coordination",
        "evidence",       "type",     "response",    "matching",  "sector", "quality",   "route"}) {
    const size_t at = data.find("\"" + std::string(key) + "\":", position);
    ASSERT_NE(at, std::string::npos) << key;
    position = at;
  }
}

TEST(SignalTest, TheIdFollowsFromTheDecisionAlone) {
  const Signal signal = AnySignal();
  EXPECT_EQ(SignalId(signal), SignalId(AnySignal()));
  EXPECT_EQ(SignalId(signal).size(), 32U);
  std::set<std::string> ids = {SignalId(signal)};
  const auto differs = [&ids](const Signal& changed) { return ids.insert(SignalId(changed)).second; };
  Signal other = signal;
  other.deployment = "prod-us";
  EXPECT_TRUE(differs(other));
  other = signal;
  other.brand_id = "delta";
  EXPECT_TRUE(differs(other));
  other = signal;
  other.incident_id += "x";
  EXPECT_TRUE(differs(other));
  other = signal;
  ++other.sequence;
  EXPECT_TRUE(differs(other));
  other = signal;
  other.times.window_end_ms += 5'000;
  EXPECT_TRUE(differs(other));
  other = signal;
  other.kind = SignalKind::kSurge;
  EXPECT_TRUE(differs(other));
  other = signal;
  other.velocity.per_minute = 1;
  EXPECT_FALSE(differs(other)) << "what was measured does not make another signal";
}

TEST(SignalTest, BinaryModeCarriesTheSameAttributesAsTheStructuredEvent) {
  const Signal signal = AnySignal();
  const Json event = Json::parse(RenderStructuredCloudEvent(signal, std::nullopt));
  const auto headers = CloudEventHeaders(signal);
  EXPECT_THAT(headers, ::testing::ElementsAre(Pair("ce_specversion", "1.0"), Pair("ce_id", event["id"]),
                                              Pair("ce_type", "tocsin.signal.v1"), Pair("ce_source", "/tocsin/prod-eu"),
                                              Pair("ce_subject", "united"), Pair("ce_time", "2026-11-20T10:30:00Z"),
                                              Pair("content-type", "application/json")));
  EXPECT_EQ(event["data"].dump(), Json::parse(RenderSignalData(signal, std::nullopt)).dump());
}

TEST(SignalTest, EventTimesAreRfc3339) {
  EXPECT_EQ(FormatEventTime(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatEventTime(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(FormatEventTime(1'709'208'000'007), "2024-02-29T12:00:00.007Z");
  EXPECT_EQ(IncidentId("united", 1'795'168'800'000), "united-20261120T100000Z");
}

}  // namespace
}  // namespace tocsin
