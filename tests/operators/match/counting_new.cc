// Replaces operator new to count its calls, so the test that links it is a program of its own. All forms, since a
// sanitizer brings its own for those that are left out.
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
void* operator new[](size_t size) { return operator new(size); }
void* operator new(size_t size, const std::nothrow_t& /*unused*/) noexcept { return operator new(size); }
void* operator new[](size_t size, const std::nothrow_t& /*unused*/) noexcept { return operator new(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t /*unused*/) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t /*unused*/) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t& /*unused*/) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t& /*unused*/) noexcept { std::free(memory); }
