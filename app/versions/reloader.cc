#include "app/versions/reloader.h"

#include <utility>

namespace tocsin {

void Reloader::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Reloader::RequestStop() {
  {
    const std::lock_guard<std::mutex> lock(mu_);
    ends_ = true;
  }
  called_.notify_all();
}

void Reloader::Stop() {
  RequestStop();
  if (thread_.joinable()) thread_.join();
}

void Reloader::Ask() {
  {
    const std::lock_guard<std::mutex> lock(mu_);
    asked_ = true;
  }
  called_.notify_all();
}

void Reloader::Run() {
  const bool looks = options_.every > absl::ZeroDuration();
  for (;;) {
    bool asked = false;
    {
      std::unique_lock<std::mutex> lock(mu_);
      const auto called = [this] { return asked_ || ends_; };
      if (looks) {
        called_.wait_for(lock, absl::ToChronoMilliseconds(options_.every), called);
      } else {
        called_.wait(lock, called);
      }
      if (ends_) return;
      asked = std::exchange(asked_, false);
    }
    if (asked) watch_.Know();
    const bool changed = !asked && looks && watch_.Look();
    if (asked || changed) options_.reload(asked);
    if (options_.at_each_look) options_.at_each_look();
  }
}

}  // namespace tocsin
