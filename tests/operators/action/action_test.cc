#include "operators/action/action.h"

#include <random>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace tocsin {
namespace {

constexpr int64_t kAt = 1'795'132'800'000;  // 2026-11-20T00:00:00Z
constexpr int64_t kUnknownAppendTime = -1;

ActionError ErrorOf(std::string_view json, std::string_view* field, int64_t append_ms = kUnknownAppendTime) {
  Action action;
  return ParseAction(json, append_ms, &action, field);
}

TEST(ActionTest, EveryKindSurvivesTheRecord) {
  for (size_t kind = 0; kind < kActionKinds; ++kind) {
    Action action;
    action.kind = static_cast<ActionKind>(kind);
    action.brand_id = "united";
    if (action.kind != ActionKind::kDrill) action.incident_id = "united-20261120T000000Z";
    action.by = "Anna \"A.\" Rossi";
    action.note = "è in corso";
    action.at_ms = kAt;
    if (action.kind == ActionKind::kSilence || action.kind == ActionKind::kDrill) action.for_ms = 7'200'000;
    if (action.kind == ActionKind::kDrill) action.level = 2;
    Action read;
    std::string_view field;
    ASSERT_EQ(ParseAction(RenderAction(action), kAt, &read, &field), ActionError::kNone) << field;
    EXPECT_EQ(read, action);
  }
}

TEST(ActionTest, TimesMayBeTextAndADrillHasDefaults) {
  Action action;
  std::string_view field;
  ASSERT_EQ(ParseAction(R"({"action":"drill","brand_id":"b","by":"x","at":"2026-11-20T00:00:00Z","more":[1]})", kAt,
                        &action, &field),
            ActionError::kNone);
  EXPECT_EQ(action.at_ms, kAt);
  EXPECT_EQ(action.for_ms, 1'800'000);
  EXPECT_EQ(action.level, 3);
}

TEST(ActionTest, WhatCanNotBeUsedSaysWhyAndWhichField) {
  const std::string good = R"("action":"ack","brand_id":"b","by":"x","at":1795132800000)";
  struct Case {
    std::string json;
    ActionError error;
    std::string_view field;
  };
  const Case cases[] = {
      {"", ActionError::kEmpty, ""},
      {std::string(kMaxActionBytes + 1, ' '), ActionError::kTooLarge, ""},
      {"{", ActionError::kNotJson, ""},
      {"[]", ActionError::kNotJson, ""},
      {"{\"action\":\"\xff\"}", ActionError::kNotJson, ""},
      {"{}", ActionError::kMissingField, "action"},
      {R"({"action":7})", ActionError::kWrongType, "action"},
      {R"({"action":"explode"})", ActionError::kUnknownAction, "action"},
      {R"({"action":"ack","by":"x","at":1})", ActionError::kMissingField, "brand_id"},
      {R"({"action":"ack","brand_id":"b","at":1})", ActionError::kMissingField, "by"},
      {R"({"action":"ack","brand_id":"b","by":"","at":1})", ActionError::kMissingField, "by"},
      {R"({"action":"ack","brand_id":"b","by":"x"})", ActionError::kMissingField, "at"},
      {R"({"action":"ack","brand_id":"b","by":"x","at":"soon"})", ActionError::kWrongType, "at"},
      {R"({"action":"note","brand_id":"b","by":"x","at":1})", ActionError::kMissingField, "note"},
      {R"({"action":"silence","brand_id":"b","by":"x","at":1})", ActionError::kMissingField, "for_s"},
      {R"({"action":"silence","brand_id":"b","by":"x","at":1,"for_s":0})", ActionError::kWrongType, "for_s"},
      {R"({"action":"silence","brand_id":"b","by":"x","at":1,"for_s":18446744073709551615})", ActionError::kWrongType,
       "for_s"},
      {R"({"action":"drill","brand_id":"b","by":"x","at":1,"level":6})", ActionError::kWrongType, "level"},
      {R"({"action":"drill","brand_id":"b","by":"x","at":1,"incident_id":"i"})", ActionError::kWrongType,
       "incident_id"},
      {absl::StrCat("{", good, R"(,"note":")", std::string(kMaxActionNoteBytes + 1, 'a'), "\"}"),
       ActionError::kWrongType, "note"},
  };
  for (const Case& each : cases) {
    std::string_view field;
    EXPECT_EQ(ActionErrorName(ErrorOf(each.json, &field)), ActionErrorName(each.error)) << each.json.substr(0, 200);
    EXPECT_EQ(field, each.field) << each.json.substr(0, 200);
  }
  std::string_view field;
  EXPECT_EQ(ErrorOf(absl::StrCat("{", good, "}"), &field, kAt - 60'000), ActionError::kNone);
  EXPECT_EQ(ErrorOf(absl::StrCat("{", good, "}"), &field, kAt - 60'001), ActionError::kAbsurdTime);
}

TEST(ActionTest, NoBytesBreakIt) {
  std::mt19937_64 random(1);
  const std::string good =
      R"({"action":"silence","brand_id":"b","incident_id":null,"by":"x","at":1795132800000,"for_s":60})";
  int64_t usable = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    for (uint64_t flips = 1 + random() % 3; flips > 0; --flips) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    std::string_view field;
    Action action;
    if (ParseAction(bytes, kUnknownAppendTime, &action, &field) != ActionError::kNone) continue;
    ++usable;
    EXPECT_GT(action.for_ms, 0);
    EXPECT_LE(action.for_ms, kMaxSilenceMs);
  }
  EXPECT_GT(usable, 100);
}

}  // namespace
}  // namespace tocsin
