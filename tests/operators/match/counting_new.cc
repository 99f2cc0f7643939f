// Replaces operator new to count its calls, so the test that links it is a program of its own.
#include <atomic>
#include <cstdlib>
#include <new>

std::atomic<size_t> allocations{0};

void* operator new(size_t size) {
  ++allocations;
  void* const memory = std::malloc(size);
  if (memory == nullptr) std::abort();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
