// Alignment arithmetic. `alignment` is a power of two throughout.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>

namespace esc {

template <std::unsigned_integral T>
constexpr T AlignDown(T value, T alignment) {
  return value & ~(alignment - 1);
}

// Wraps to a small number when `value` lies within `alignment` of the type's end: check ranges first.
template <std::unsigned_integral T>
constexpr T AlignUp(T value, T alignment) {
  return AlignDown<T>(value + alignment - 1, alignment);
}

template <std::unsigned_integral T>
constexpr bool IsAligned(T value, T alignment) {
  return (value & (alignment - 1)) == 0;
}

template <std::unsigned_integral T>
constexpr T DivideRoundUp(T value, T divisor) {
  return value / divisor + (value % divisor != 0);
}

}  // namespace esc
