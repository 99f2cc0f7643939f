#include "app/watch/signal_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "operators/signal/signal.h"

namespace tocsin {
namespace {

using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::Not;

Signal AnySignal() {
  Signal signal;
  signal.deployment = "test";
  signal.brand_id = "united";
  signal.brand_name = "United Airlines";
  signal.incident_id = "united-20261120T100000Z";
  signal.sequence = 3;
  signal.summary = "Something happens.\x1B[2J It is sure.";
  signal.message = SignalMessage::kUpdate;
  signal.state = IncidentState::kConfirmed;
  signal.level = 3;
  signal.previous_level = 2;
  signal.certainty = 0.97;
  signal.times.window_end_ms = 1'795'170'600'000;
  signal.volume.mentions = 412;
  signal.volume.unique_authors = 380;
  signal.volume.negative_authors = 250;
  signal.sentiment.negative = 270;
  signal.route.channel = "#crisis";
  return signal;
}

TEST(SignalViewTest, ShowsWhoHowBadHowSureAndHowMany) {
  const std::optional<SignalView> view = ViewSignal(RenderSignalData(AnySignal(), std::nullopt));
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->brand_id, "united");
  EXPECT_EQ(view->level, 3);
  EXPECT_EQ(view->time_ms, 1'795'170'600'000);
  for (const char* part :
       {"2026-11-20T10:30:00", "united (United Airlines)", "level 3 (was 2)", "confirmed", "update", "certainty 0.97",
        "412 mentions by 380 authors", "270 negative by 250 authors", "united-20261120T100000Z #3", "#crisis"}) {
    EXPECT_THAT(view->text, HasSubstr(part));
  }
}

TEST(SignalViewTest, ShowsTheSameOfAStructuredCloudEvent) {
  const std::optional<SignalView> data = ViewSignal(RenderSignalData(AnySignal(), std::nullopt));
  const std::optional<SignalView> event = ViewSignal(RenderStructuredCloudEvent(AnySignal(), std::nullopt));
  ASSERT_TRUE(data.has_value() && event.has_value());
  EXPECT_EQ(data->text, event->text);
}

TEST(SignalViewTest, LetsNoPostSteerTheTerminal) {
  EXPECT_THAT(ViewSignal(RenderSignalData(AnySignal(), std::nullopt))->text, Not(HasSubstr("\x1B")));
}

TEST(SignalViewTest, MarksExercises) {
  Signal drill = AnySignal();
  EXPECT_THAT(ViewSignal(RenderSignalData(drill, std::nullopt))->text, Not(HasSubstr("***")));
  drill.status = SignalStatus::kExercise;
  EXPECT_THAT(ViewSignal(RenderSignalData(drill, std::nullopt))->text, HasSubstr("*** EXERCISE ***"));
}

TEST(SignalViewTest, PassesOverWhatIsNoSignal) {
  for (const char* json : {"", "x", "[]", "{}", "{\"brand_id\":\"a\"}", "{\"data\":3}", "{\"level\":2}",
                           "{\"data\":{}}", "{\"brand_id\":7,\"level\":1}"}) {
    EXPECT_THAT(ViewSignal(json).has_value(), Eq(false)) << json;
  }
  EXPECT_TRUE(ViewSignal(R"({"brand_id":"a","level":1,"times":7,"volume":{"mentions":null},"route":[]})").has_value());
}

TEST(SignalFilterTest, AdmitsByBrandAndByLevelOnTheWayUpAndDown) {
  SignalView view;
  view.brand_id = "a";
  view.level = 0;
  view.previous_level = 3;
  EXPECT_TRUE((SignalFilter{{}, 0}.Admits(view)));
  EXPECT_TRUE((SignalFilter{{"b", "a"}, 3}.Admits(view)));
  EXPECT_FALSE((SignalFilter{{"b"}, 0}.Admits(view)));
  EXPECT_FALSE((SignalFilter{{}, 4}.Admits(view)));
}

}  // namespace
}  // namespace tocsin
