#include "kernel/arch_x86_64/clock.h"

#include <algorithm>

#include "kernel/arch_api/clock.h"
#include "kernel/arch_api/user_clock.h"
#include "kernel/arch_x86_64/instructions.h"
#include "kernel/arch_x86_64/rate.h"
#include "kernel/arch_x86_64/rtc.h"
#include "kernel/base/log.h"

namespace esc::arch {
namespace x86 {
namespace {

constexpr std::uint64_t kNanosecondsHertz = 1'000'000'000;
constexpr std::uint64_t kPitHertz = 1'193'182;
constexpr std::uint64_t kPmTimerHertz = 3'579'545;
constexpr std::uint64_t kMeasureMillis = 5;

// 8254 counter 2, whose gate and output are in port 0x61, and which nothing else uses.
constexpr std::uint16_t kPitCounter2 = 0x42, kPitCommand = 0x43, kSystemControl = 0x61;

// Written by InitClock on the boot CPU, before anybody asks for the time.
constinit std::uint64_t boot_tsc = 0;
constinit std::uint64_t tsc_hertz = 0;
constinit RateScale to_nanos{};
constinit RateScale to_tsc{};
constinit Nanos wall_clock_at_boot{};

// A counter's value and the TSC's at one moment, as near as several tries get them.
struct Sample {
  std::uint64_t counter = 0;
  std::uint64_t tsc = 0;
};

template <class ReadCounter>
Sample TakeSample(ReadCounter read) {
  Sample best;
  std::uint64_t best_width = ~std::uint64_t{0};
  for (int attempt = 0; attempt < 4; ++attempt) {
    const std::uint64_t before = ReadTsc();
    const std::uint64_t counter = read();
    const std::uint64_t width = ReadTsc() - before;
    if (width < best_width) {
      best_width = width;
      best = Sample{counter, before + width / 2};
    }
  }
  return best;
}

// Ticks of a counter of `mask` bits that passed between two readings.
std::uint64_t Passed(std::uint64_t from, std::uint64_t to, std::uint64_t mask) { return (to - from) & mask; }

// The TSC's rate against an upwards counter; 0 when that does not move.
template <class ReadCounter>
std::uint64_t MeasureAgainst(ReadCounter read, std::uint64_t hertz, std::uint64_t mask) {
  constexpr unsigned kMaxReads = 3'000'000;
  const std::uint64_t wanted = hertz * kMeasureMillis / 1000;
  const Sample first = TakeSample(read);
  unsigned reads = 0;
  while (Passed(first.counter, read(), mask) < wanted) {
    if (++reads == kMaxReads) return 0;
  }
  const Sample last = TakeSample(read);
  const std::uint64_t ticks = Passed(first.counter, last.counter, mask);
  return (last.tsc - first.tsc) * hertz / ticks;
}

std::uint64_t MeasureByPit() {
  Out8(kSystemControl, (In8(kSystemControl) & ~0x02) | 0x01);  // gate on, speaker off
  Out8(kPitCommand, 0xB0);                                     // counter 2, both bytes, mode 0
  Out8(kPitCounter2, 0xFF);
  Out8(kPitCounter2, 0xFF);
  const auto read = [] {
    Out8(kPitCommand, 0x80);  // latch counter 2
    const std::uint64_t low = In8(kPitCounter2);
    return ~(low | std::uint64_t{In8(kPitCounter2)} << 8) & 0xFFFF;  // it counts down
  };
  return MeasureAgainst(read, kPitHertz, 0xFFFF);
}

std::uint64_t MeasureByPmTimer(std::uint16_t port) {
  if (port == 0) return 0;
  return MeasureAgainst([port] { return std::uint64_t{In32(port)} & 0xFFFFFF; }, kPmTimerHertz, 0xFFFFFF);
}

// CPUID 0x15: crystal and ratio (SDM vol. 2). Hypervisors: leaf 0x40000010, eax in kHz.
std::uint64_t TscHertzFromCpuid() {
  if (Cpuid(0).eax >= 0x15) {
    const CpuidResult leaf = Cpuid(0x15);
    if (leaf.eax != 0 && leaf.ebx != 0 && leaf.ecx != 0) return std::uint64_t{leaf.ecx} * leaf.ebx / leaf.eax;
  }
  const bool under_hypervisor = (Cpuid(1).ecx >> 31) != 0;
  if (!under_hypervisor || Cpuid(0x40000000).eax < 0x40000010) return 0;
  return std::uint64_t{Cpuid(0x40000010).eax} * 1000;
}

std::uint64_t FindTscHertz(std::uint16_t pm_timer_port) {
  if (const std::uint64_t told = TscHertzFromCpuid()) return told;
  // The ACPI timer first: its 24 bits last for 4.7 s, the PIT's 16 for 55 ms. If a hypervisor's host is busy elsewhere for longer
  // than that, the counter has gone round unseen, and the TSC seems to be many times as fast as it is.
  if (const std::uint64_t by_pm_timer = MeasureByPmTimer(pm_timer_port)) return SnapToMegahertz(by_pm_timer);
  if (const std::uint64_t by_pit = MeasureByPit()) return SnapToMegahertz(by_pit);
  Log("escapement: clock: neither CPUID, ACPI timer nor PIT tells the TSC's rate; 1 GHz is assumed");
  return kNanosecondsHertz;
}

}  // namespace

void InitClock(std::uint16_t pm_timer_port) {
  boot_tsc = ReadTsc();
  tsc_hertz = FindTscHertz(pm_timer_port);
  to_tsc = RateScale::Between(kNanosecondsHertz, tsc_hertz);
  to_nanos = RateScale::Between(tsc_hertz, kNanosecondsHertz);
  wall_clock_at_boot = ReadRealTimeClock() - Now();
}

std::uint64_t TscHertz() { return tsc_hertz; }
std::uint64_t TscAt(Nanos when) {
  const std::uint64_t since_boot = to_tsc.ApplySaturating(static_cast<std::uint64_t>(when.value));
  return std::max(since_boot, boot_tsc + since_boot);  // a sum past the end is as good as the end
}

}  // namespace x86

Nanos Now() {
  // Not before what precedes it in the program: SDM vol. 2, RDTSC.
  asm volatile("lfence" ::: "memory");
  return Nanos{static_cast<std::int64_t>(x86::to_nanos.Apply(x86::ReadTsc() - x86::boot_tsc))};
}

UserClock GetUserClock() {
  // CR4.TSD is clear (SDM vol. 3, 2.5): RDTSC is for everybody.
  return {.readable = true, .start = x86::boot_tsc, .multiplier = x86::to_nanos.multiplier};
}

Nanos WallClockAtBoot() { return x86::wall_clock_at_boot; }

}  // namespace esc::arch
