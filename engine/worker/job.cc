#include "engine/worker/job.h"

#include <algorithm>
#include <utility>

#include "absl/log/check.h"

namespace tocsin {
namespace {

bool RestartMends(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return false;
    default:
      return true;
  }
}

}  // namespace

Job::~Job() {
  RequestStop();
  for (const auto& member : members_) {
    if (member->thread.joinable()) member->thread.join();
  }
}

void Job::Add(std::string name, Factory factory) {
  auto member = std::make_unique<Member>();
  member->name = std::move(name);
  member->factory = std::move(factory);
  members_.push_back(std::move(member));
}

void Job::Start() {
  for (const auto& member : members_) {
    CHECK(!member->thread.joinable()) << "started twice";
    member->thread = std::thread([this, m = member.get()] { Run(m); });
  }
}

void Job::RequestStop() {
  {
    const std::lock_guard<std::mutex> lock(mu_);
    stopping_.store(true, std::memory_order_relaxed);
  }
  stop_signal_.notify_all();
}

absl::Status Job::Wait() {
  for (const auto& member : members_) {
    if (member->thread.joinable()) member->thread.join();
  }
  const std::lock_guard<std::mutex> lock(mu_);
  return failure_;
}

bool Job::ready() const {
  return std::all_of(members_.begin(), members_.end(),
                     [](const auto& member) { return member->ready.load(std::memory_order_relaxed); });
}

void Job::Run(Member* member) {
  absl::Duration backoff = options_.backoff_min;
  while (!stopping()) {
    const absl::Status status = RunOnce(member);
    // A worker that got as far as being ready was healthy: its next trouble is a new one.
    if (member->ready.exchange(false)) backoff = options_.backoff_min;
    if (status.ok()) return;
    const bool restarts = RestartMends(status) && !stopping();
    if (options_.on_error) options_.on_error(member->name, status, restarts);
    if (!restarts) {
      Fail(status);
      return;
    }
    restarts_.fetch_add(1, std::memory_order_relaxed);
    Pause(backoff);
    backoff = std::min(backoff * 2, options_.backoff_max);
  }
}

absl::Status Job::RunOnce(Member* member) {
  absl::StatusOr<std::unique_ptr<Worker>> worker = member->factory();
  if (!worker.ok()) return worker.status();
  while (!stopping()) {
    if (absl::Status status = (*worker)->Step(options_.step_wait); !status.ok()) return status;
    member->ready.store((*worker)->ready(), std::memory_order_relaxed);
  }
  return (*worker)->Drain();
}

void Job::Fail(const absl::Status& status) {
  {
    const std::lock_guard<std::mutex> lock(mu_);
    if (failure_.ok()) failure_ = status;
    stopping_.store(true, std::memory_order_relaxed);
  }
  stop_signal_.notify_all();
}

void Job::Pause(absl::Duration duration) {
  std::unique_lock<std::mutex> lock(mu_);
  stop_signal_.wait_for(lock, absl::ToChronoMilliseconds(duration), [this] { return stopping(); });
}

}  // namespace tocsin
