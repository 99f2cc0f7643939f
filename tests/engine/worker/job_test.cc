#include "engine/worker/job.h"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/status_matchers.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tocsin {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::testing::ElementsAre;

// A worker of which the test says what its steps and its drain return.
class ScriptedWorker : public Worker {
 public:
  ScriptedWorker(std::function<absl::Status()> step, std::function<absl::Status()> drain)
      : step_(std::move(step)), drain_(std::move(drain)) {}
  absl::Status Step(absl::Duration) override {
    absl::Status status = step_();
    ready_ = status.ok();
    return status;
  }
  absl::Status Drain() override { return drain_(); }
  bool ready() const override { return ready_; }

 private:
  const std::function<absl::Status()> step_, drain_;
  bool ready_ = false;
};

absl::Status Fine() { return absl::OkStatus(); }

// What the job told of its workers' errors; thread-safe.
class Errors {
 public:
  Job::Options Options() {
    Job::Options options;
    options.backoff_min = absl::Milliseconds(1);
    options.backoff_max = absl::Milliseconds(2);
    options.on_error = [this](std::string_view worker, const absl::Status& error, bool restarts) {
      const std::lock_guard<std::mutex> lock(mu_);
      told_.push_back(std::string(worker) + ": " + std::string(error.message()) + (restarts ? ", again" : ", the end"));
    };
    return options;
  }
  std::vector<std::string> told() const {
    const std::lock_guard<std::mutex> lock(mu_);
    return told_;
  }

 private:
  mutable std::mutex mu_;
  std::vector<std::string> told_;
};

TEST(JobTest, AWorkerThatFailsIsMadeAnewUntilItWorks) {
  Errors errors;
  Job job(errors.Options());
  std::atomic<int> made = 0;
  absl::Notification works;
  job.Add("w", [&]() -> absl::StatusOr<std::unique_ptr<Worker>> {
    const int number = ++made;
    if (number == 1) return absl::UnavailableError("no broker");
    return std::make_unique<ScriptedWorker>(
        [&works, number]() -> absl::Status {
          if (number == 2) return absl::AbortedError("fenced");
          if (!works.HasBeenNotified()) works.Notify();
          return absl::OkStatus();
        },
        Fine);
  });
  job.Start();
  works.WaitForNotification();
  job.RequestStop();
  EXPECT_THAT(job.Wait(), IsOk());
  EXPECT_EQ(made, 3);
  EXPECT_EQ(job.restarts(), 2);
  EXPECT_THAT(errors.told(), ElementsAre("w: no broker, again", "w: fenced, again"));
}

TEST(JobTest, AnErrorThatNoRestartMendsStopsAllWorkersAndIsTheJobs) {
  Errors errors;
  Job job(errors.Options());
  std::atomic<bool> drained = false;
  absl::Notification made;
  job.Add("healthy", [&] {
    made.Notify();
    return std::make_unique<ScriptedWorker>(Fine, [&drained] {
      drained = true;
      return absl::OkStatus();
    });
  });
  job.Add("broken", [&made] {
    made.WaitForNotification();
    return std::make_unique<ScriptedWorker>([] { return absl::DataLossError("history is missing"); }, Fine);
  });
  job.Start();
  EXPECT_THAT(job.Wait(), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_TRUE(drained);
  EXPECT_EQ(job.restarts(), 0);
  EXPECT_THAT(errors.told(), ElementsAre("broken: history is missing, the end"));
}

TEST(JobTest, StoppingDrainsAndADrainThatFailsIsTold) {
  Errors errors;
  Job job(errors.Options());
  absl::Notification stepped;
  job.Add("w", [&] {
    return std::make_unique<ScriptedWorker>(
        [&stepped] {
          if (!stepped.HasBeenNotified()) stepped.Notify();
          return absl::OkStatus();
        },
        [] { return absl::UnavailableError("the last commit got no answer"); });
  });
  job.Start();
  stepped.WaitForNotification();
  job.RequestStop();
  EXPECT_THAT(job.Wait(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(errors.told(), ElementsAre("w: the last commit got no answer, the end"));
}

TEST(JobTest, IsReadyWhenEveryWorkerIs) {
  Errors errors;
  Job job(errors.Options());
  absl::Notification go;
  absl::Notification first_ready;
  job.Add("first", [&] {
    return std::make_unique<ScriptedWorker>(
        [&first_ready, steps = 0]() mutable {
          // With the second step the first one's readiness has been taken over.
          if (++steps == 2) first_ready.Notify();
          return absl::OkStatus();
        },
        Fine);
  });
  absl::Notification second_ready;
  job.Add("second", [&] {
    return std::make_unique<ScriptedWorker>(
        [&, steps = 0]() mutable {
          go.WaitForNotification();
          if (++steps == 2) second_ready.Notify();
          return absl::OkStatus();
        },
        Fine);
  });
  job.Start();
  first_ready.WaitForNotification();
  EXPECT_FALSE(job.ready());
  go.Notify();
  second_ready.WaitForNotification();
  EXPECT_TRUE(job.ready());
  job.RequestStop();
  EXPECT_THAT(job.Wait(), IsOk());
  EXPECT_FALSE(job.ready());
}

}  // namespace
}  // namespace tocsin
