// A host stack that simulated kernel code runs on, and the switch between two of them. The address sanitizer
// is told of each switch. No signal masks, no host threads.
#pragma once

#include <cstddef>

namespace esc::host {

class Fiber {
 public:
  // The stack that the process already runs on.
  Fiber() = default;
  // A stack of its own, with a guard page below.
  explicit Fiber(std::size_t bytes);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Forgets whatever the stack held: the first switch to it calls entry(argument), which never returns.
  void Prepare(void (*entry)(void*), void* argument);
  // Leaves the running stack `from` for `to`; returns when something switches back.
  static void Switch(Fiber& from, Fiber& to);
  // Leaves `from` for ever.
  [[noreturn]] static void Abandon(Fiber& from, Fiber& to);

 private:
  [[noreturn]] static void Begin();
  static void Arrived(Fiber& fiber);

  void* mapping_ = nullptr;  // nullptr: not ours
  std::size_t mapping_bytes_ = 0;
  const void* bottom_ = nullptr;
  std::size_t bytes_ = 0;
  void* stack_pointer_ = nullptr;
  void* sanitizer_stack_ = nullptr;
  void (*entry_)(void*) = nullptr;
  void* argument_ = nullptr;
};

}  // namespace esc::host
