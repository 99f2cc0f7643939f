// The matchers that are compared, behind one interface.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/match/workload.h"

namespace tocsin::bench {

class Contender {
 public:
  virtual ~Contender() = default;

  // `post`: without, `spaced`: with a space at either end. The queries that match, ascending.
  virtual void Match(std::string_view post, std::string_view spaced, std::vector<uint32_t>* matches) = 0;
  virtual size_t MemoryBytes() const = 0;  // 0: the library does not say
};

struct ContenderKind {
  std::string_view name;
  // Null, with `*why` set, where it can't take so many queries. Borrows the workload.
  std::unique_ptr<Contender> (*make)(const Workload& workload, std::string* why);
};

// Those that this build has; Tocsin's first.
std::vector<ContenderKind> Contenders();

}  // namespace tocsin::bench
