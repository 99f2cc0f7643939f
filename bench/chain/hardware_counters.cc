#include "bench/chain/hardware_counters.h"

#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <initializer_list>

namespace tocsin {
namespace {

int Open(uint64_t event) {
  perf_event_attr attributes{};
  attributes.type = PERF_TYPE_HARDWARE;
  attributes.size = sizeof(attributes);
  attributes.config = event;
  attributes.disabled = 1;
  attributes.exclude_kernel = 1;
  attributes.exclude_hv = 1;
  return static_cast<int>(
      syscall(SYS_perf_event_open, &attributes, /*pid=*/0, /*cpu=*/-1, /*group_fd=*/-1, /*flags=*/0));
}

}  // namespace

HardwareCounters::HardwareCounters()
    : instructions_(Open(PERF_COUNT_HW_INSTRUCTIONS)), misses_(Open(PERF_COUNT_HW_CACHE_MISSES)) {}

HardwareCounters::~HardwareCounters() {
  for (const int file : {instructions_, misses_}) {
    if (file >= 0) close(file);
  }
}

void HardwareCounters::Start() {
  if (!available()) return;
  for (const int file : {instructions_, misses_}) ioctl(file, PERF_EVENT_IOC_ENABLE, 0);
}

void HardwareCounters::Stop() {
  if (!available()) return;
  for (const int file : {instructions_, misses_}) ioctl(file, PERF_EVENT_IOC_DISABLE, 0);
}

int64_t HardwareCounters::Value(int file) {
  int64_t value = 0;
  return file >= 0 && read(file, &value, sizeof(value)) == sizeof(value) ? value : 0;
}

}  // namespace tocsin
