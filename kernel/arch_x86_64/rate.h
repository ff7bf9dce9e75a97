// Arithmetic of counters and their rates. Pure.
#pragma once

#include <cstdint>

namespace esc::arch::x86 {

// value * multiplier / 2^32, for counters of one rate in units of another: 64 by 64 to 128 bits, so that
// only a result past 64 bits overflows. The error is below 1 part in 10^8 for rates from 1 MHz to 10 GHz.
struct RateScale {
  std::uint64_t multiplier = 0;
  static constexpr RateScale Between(std::uint64_t from_hz, std::uint64_t to_hz) {
    // Long division in two steps of 16 bits: the compiler's 128-bit division is a library function.
    std::uint64_t quotient = to_hz / from_hz, rest = to_hz % from_hz;
    for (int step = 0; step < 2; ++step) {
      rest <<= 16;
      quotient = quotient << 16 | rest / from_hz;
      rest %= from_hz;
    }
    return {quotient};
  }
  constexpr std::uint64_t Apply(std::uint64_t value) const {
    return static_cast<std::uint64_t>(static_cast<unsigned __int128>(value) * multiplier >> 32);
  }
  // The largest value there is where Apply would drop the upper bits: for instants that may lie centuries off.
  constexpr std::uint64_t ApplySaturating(std::uint64_t value) const {
    const unsigned __int128 scaled = static_cast<unsigned __int128>(value) * multiplier >> 32;
    return scaled > ~std::uint64_t{0} ? ~std::uint64_t{0} : static_cast<std::uint64_t>(scaled);
  }
};

// Measured rates are off by some 10^-4; clocks are made for whole MHz. Within 50 parts in a million of one,
// it is that one.
constexpr std::uint64_t SnapToMegahertz(std::uint64_t hz) {
  constexpr std::uint64_t kMega = 1'000'000;
  const std::uint64_t near = (hz + kMega / 2) / kMega * kMega;
  const std::uint64_t off = near > hz ? near - hz : hz - near;
  return near != 0 && off <= near / 20'000 ? near : hz;
}

}  // namespace esc::arch::x86
