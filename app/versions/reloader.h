// Calls for a reload on a thread of its own: when asked to, and when the files have changed.
//
// Thread-safe but for Start and Stop, which belong to one thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "app/versions/file_watch.h"

namespace tocsin {

class Reloader {
 public:
  struct Options {
    absl::Duration every = absl::Seconds(2);  // between two looks at the files; zero: none are looked at
    std::vector<std::string> paths;
    // With true when somebody asked, false when the files have changed. Never called twice at once.
    std::function<void(bool asked)> reload;
    std::function<void()> at_each_look;  // may be empty
  };

  explicit Reloader(Options options) : options_(std::move(options)), watch_(options_.paths) {}
  ~Reloader() { Stop(); }
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  void Start();
  // Nothing is begun from now on.
  void RequestStop();
  // RequestStop, and waits for what has begun.
  void Stop();
  // The reload happens soon, on the other thread.
  void Ask();

 private:
  void Run();

  const Options options_;
  FileWatch watch_;  // of the thread
  std::mutex mu_;
  std::condition_variable called_;
  bool asked_ = false;  // guarded by mu_, as the next
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace tocsin
