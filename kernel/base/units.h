// Units as types, so that a frame number is never an address and a duration never a count.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace esc {

inline constexpr std::size_t kPageSize = 4096;
inline constexpr unsigned kPageShift = 12;

// A duration, or a point on the monotonic clock that starts at boot; in nanoseconds.
struct Nanos {
  std::int64_t value = 0;

  static constexpr Nanos Micros(std::int64_t us) { return {us * 1'000}; }
  static constexpr Nanos Millis(std::int64_t ms) { return {ms * 1'000'000}; }
  static constexpr Nanos Seconds(std::int64_t s) { return {s * 1'000'000'000}; }
  static constexpr Nanos Max() { return {std::numeric_limits<std::int64_t>::max()}; }

  constexpr auto operator<=>(const Nanos&) const = default;
  constexpr Nanos operator+(Nanos other) const { return {value + other.value}; }
  constexpr Nanos operator-(Nanos other) const { return {value - other.value}; }
  constexpr Nanos operator*(std::int64_t factor) const { return {value * factor}; }
  constexpr Nanos operator/(std::int64_t divisor) const { return {value / divisor}; }
  constexpr Nanos& operator+=(Nanos other) { return *this = *this + other; }
  constexpr Nanos& operator-=(Nanos other) { return *this = *this - other; }
};

// Physical page frame: physical address divided by kPageSize.
struct FrameNumber {
  std::uint64_t value = 0;
  constexpr auto operator<=>(const FrameNumber&) const = default;
  constexpr FrameNumber operator+(std::uint64_t frames) const { return {value + frames}; }
};

struct PhysAddr {
  std::uint64_t value = 0;
  constexpr auto operator<=>(const PhysAddr&) const = default;
  constexpr PhysAddr operator+(std::uint64_t bytes) const { return {value + bytes}; }
  constexpr std::uint64_t operator-(PhysAddr other) const { return value - other.value; }
  constexpr FrameNumber Frame() const { return {value >> kPageShift}; }
};

struct VirtAddr {
  std::uint64_t value = 0;
  constexpr auto operator<=>(const VirtAddr&) const = default;
  constexpr VirtAddr operator+(std::uint64_t bytes) const { return {value + bytes}; }
  constexpr VirtAddr operator-(std::uint64_t bytes) const { return {value - bytes}; }
  constexpr std::uint64_t operator-(VirtAddr other) const { return value - other.value; }
  constexpr VirtAddr PageDown() const { return {value & ~(kPageSize - 1)}; }
  constexpr bool PageAligned() const { return value % kPageSize == 0; }
  constexpr std::uint64_t PageOffset() const { return value % kPageSize; }
};

constexpr PhysAddr AddressOf(FrameNumber frame) { return {frame.value << kPageShift}; }

// Dense from 0; the boot CPU is 0.
struct CpuId {
  std::uint32_t value = 0;
  constexpr auto operator<=>(const CpuId&) const = default;
};
inline constexpr CpuId kNoCpu{std::numeric_limits<std::uint32_t>::max()};

// A process's number, and a thread's; the first thread of a process has the process's number.
struct Pid {
  std::int32_t value = 0;
  constexpr auto operator<=>(const Pid&) const = default;
};
using Tid = Pid;

}  // namespace esc
