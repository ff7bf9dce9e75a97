#include "kernel/arch_x86_64/rtc.h"

#include "kernel/arch_x86_64/instructions.h"

namespace esc::arch::x86 {
namespace {

std::uint8_t ReadCmos(std::uint8_t index) {
  Out8(0x70, index);
  return In8(0x71);
}

bool UpdateInProgress() { return (ReadCmos(0x0A) & 0x80) != 0; }

RtcRegisters ReadRegisters() {
  constexpr unsigned kMaxPolls = 100'000;  // an update takes 2 ms; without a clock the bit may be stuck
  for (unsigned polls = 0; UpdateInProgress() && polls < kMaxPolls; ++polls) {
  }
  return RtcRegisters{.second = ReadCmos(0),
                      .minute = ReadCmos(2),
                      .hour = ReadCmos(4),
                      .day = ReadCmos(7),
                      .month = ReadCmos(8),
                      .year = ReadCmos(9),
                      .status_b = ReadCmos(0x0B)};
}

}  // namespace

Nanos ReadRealTimeClock() {
  // Twice the same: no update fell between the registers.
  RtcRegisters registers = ReadRegisters();
  for (int attempt = 0; attempt < 4; ++attempt) {
    const RtcRegisters again = ReadRegisters();
    if (again == registers) break;
    registers = again;
  }
  return TimeOf(registers);
}

}  // namespace esc::arch::x86
