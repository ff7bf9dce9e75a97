// The PC's real-time clock (MC146818), in UTC.
#pragma once

#include <cstdint>

#include "kernel/base/units.h"

namespace esc::arch::x86 {

// As the registers give them: perhaps in BCD, perhaps with 12 hours.
struct RtcRegisters {
  std::uint8_t second = 0, minute = 0, hour = 0, day = 0, month = 0, year = 0;
  std::uint8_t status_b = 0;
  bool operator==(const RtcRegisters&) const = default;
};

// Days from 1970-01-01 to a date of the Gregorian calendar.
constexpr std::int64_t DaysSince1970(std::int64_t year, unsigned month, unsigned day) {
  // Years that begin in March put the leap day last; 400 of them have 146,097 days.
  year -= month <= 2;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719'468;
}

// Two-digit years are of this century. What no calendar has counts as 1970-01-01.
constexpr Nanos TimeOf(const RtcRegisters& registers) {
  constexpr std::uint8_t kBinary = 0x04, k24Hours = 0x02, kAfternoon = 0x80;
  const auto decode = [&](std::uint8_t value) -> unsigned {
    return (registers.status_b & kBinary) != 0 ? value : (value >> 4) * 10u + (value & 0xF);
  };
  unsigned hour = decode(registers.hour & static_cast<std::uint8_t>(~kAfternoon));
  if ((registers.status_b & k24Hours) == 0) hour = hour % 12 + ((registers.hour & kAfternoon) != 0 ? 12 : 0);
  const unsigned month = decode(registers.month), day = decode(registers.day);
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23) return Nanos{};
  const std::int64_t days = DaysSince1970(2000 + decode(registers.year), month, day);
  return Nanos::Seconds(((days * 24 + hour) * 60 + decode(registers.minute)) * 60 + decode(registers.second));
}

Nanos ReadRealTimeClock();

}  // namespace esc::arch::x86
