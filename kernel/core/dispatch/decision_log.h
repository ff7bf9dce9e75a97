// The last events of one run queue, as a plugin was told of them and as it decided: what a panic shows, and what is kept of a
// plugin that was ejected. With the threads that the queue still holds they say what it held at each step, so the decisions
// can be gone through again. Not thread-safe: the run queue's lock guards it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernel/base/units.h"

namespace esc::core {

class DecisionLog {
 public:
  static constexpr std::size_t kSize = 32;
  enum class What : std::uint8_t { kEnqueue, kDequeue, kPick };
  struct Event {
    Nanos time{};
    Tid thread{};
    What what = What::kEnqueue;
    std::uint8_t detail = 0;  // EnqueueReason, DequeueReason, or the CPU that was picked for
  };
  void Add(Nanos time, Tid thread, What what, std::uint8_t detail) {
    events_[count_++ % kSize] = {time, thread, what, detail};
  }
  std::size_t size() const { return count_ < kSize ? count_ : kSize; }
  // The latest for 0.
  const Event& FromLast(std::size_t back) const { return events_[(count_ - 1 - back) % kSize]; }

 private:
  std::uint32_t count_ = 0;
  std::array<Event, kSize> events_{};
};

}  // namespace esc::core
