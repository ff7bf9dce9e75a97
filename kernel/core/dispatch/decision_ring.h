// The last scheduling decisions of one CPU, for a panic's last words. Written by its CPU with interrupts off; read
// racily by a panic only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernel/base/units.h"

namespace esc::core {

class DecisionRing {
 public:
  static constexpr std::size_t kSize = 16;
  struct Decision {
    Nanos time{};
    Tid from{};
    Tid to{};
  };
  void Add(Nanos time, Tid from, Tid to) { decisions_[count_++ % kSize] = {time, from, to}; }
  std::size_t size() const { return count_ < kSize ? static_cast<std::size_t>(count_) : kSize; }
  // The latest for 0.
  const Decision& FromLast(std::size_t back) const { return decisions_[(count_ - 1 - back) % kSize]; }

 private:
  std::uint64_t count_ = 0;
  std::array<Decision, kSize> decisions_{};
};

}  // namespace esc::core
