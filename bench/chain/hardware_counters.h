// Instructions and last-level cache misses of the calling thread in user space, where the machine counts them.
//
// Over perf_event_open. Virtual machines often have no counters, containers often no right to them: then available()
// is false and the rest does nothing. Not thread-safe: for the thread that made it.
#pragma once

#include <cstdint>

namespace tocsin {

class HardwareCounters {
 public:
  HardwareCounters();
  ~HardwareCounters();
  HardwareCounters(const HardwareCounters&) = delete;
  HardwareCounters& operator=(const HardwareCounters&) = delete;

  bool available() const { return instructions_ >= 0 && misses_ >= 0; }
  void Start();  // goes on counting
  void Stop();
  int64_t instructions() const { return Value(instructions_); }
  int64_t cache_misses() const { return Value(misses_); }

 private:
  static int64_t Value(int file);

  int instructions_ = -1;
  int misses_ = -1;
};

}  // namespace tocsin
