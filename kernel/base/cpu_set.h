// A set of CPUs, up to kMaxCpus; a plain value. Not thread-safe.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "kernel/base/units.h"

namespace esc {

inline constexpr std::size_t kMaxCpus = 64;

class CpuSet {
 public:
  constexpr CpuSet() = default;
  static constexpr CpuSet FromMask(std::uint64_t mask) { return CpuSet(mask); }
  static constexpr CpuSet All() { return CpuSet(~std::uint64_t{0}); }
  static constexpr CpuSet Of(CpuId cpu) { return CpuSet(std::uint64_t{1} << cpu.value); }
  static constexpr CpuSet FirstN(std::size_t count) {
    return count >= kMaxCpus ? All() : CpuSet((std::uint64_t{1} << count) - 1);
  }

  constexpr bool Contains(CpuId cpu) const { return cpu.value < kMaxCpus && (mask_ >> cpu.value & 1) != 0; }
  constexpr void Add(CpuId cpu) { mask_ |= std::uint64_t{1} << cpu.value; }
  constexpr void Remove(CpuId cpu) { mask_ &= ~(std::uint64_t{1} << cpu.value); }
  constexpr bool Empty() const { return mask_ == 0; }
  constexpr int Count() const { return std::popcount(mask_); }
  // kNoCpu when empty.
  constexpr CpuId First() const {
    return Empty() ? kNoCpu : CpuId{static_cast<std::uint32_t>(std::countr_zero(mask_))};
  }
  constexpr std::uint64_t mask() const { return mask_; }
  constexpr CpuSet operator&(CpuSet other) const { return CpuSet(mask_ & other.mask_); }
  constexpr CpuSet operator|(CpuSet other) const { return CpuSet(mask_ | other.mask_); }
  constexpr bool operator==(const CpuSet&) const = default;

 private:
  explicit constexpr CpuSet(std::uint64_t mask) : mask_(mask) {}
  std::uint64_t mask_ = 0;
};

}  // namespace esc
