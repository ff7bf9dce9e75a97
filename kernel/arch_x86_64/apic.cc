#include "kernel/arch_x86_64/apic.h"

#include <algorithm>

#include "kernel/arch_api/clock.h"
#include "kernel/arch_api/cpu.h"
#include "kernel/arch_api/upcalls.h"
#include "kernel/arch_x86_64/clock.h"
#include "kernel/arch_x86_64/descriptor_tables.h"
#include "kernel/arch_x86_64/instructions.h"
#include "kernel/arch_x86_64/per_cpu.h"
#include "kernel/arch_x86_64/rate.h"
#include "kernel/arch_x86_64/traps.h"

namespace esc::arch {
namespace x86 {
namespace {

// Register offsets of xAPIC mode; x2APIC's MSR is 0x800 + offset / 16 (SDM vol. 3A, table 11-6).
enum Register : std::uint32_t {
  kId = 0x20,
  kTaskPriority = 0x80,
  kEndOfInterrupt = 0xB0,
  kSpuriousVector = 0xF0,
  kCommandLow = 0x300,
  kCommandHigh = 0x310,
  kTimerEntry = 0x320,
  kErrorEntry = 0x370,
  kLint0Entry = 0x350,
  kLint1Entry = 0x360,
  kInitialCount = 0x380,
  kCurrentCount = 0x390,
  kDivide = 0x3E0,
};
constexpr std::uint32_t kMasked = 1 << 16, kTscDeadlineMode = 2 << 17, kNmiDelivery = 4 << 8;
constexpr std::uint32_t kDivideByOne = 0xB;
constexpr std::uint32_t kSoftwareEnable = 1 << 8;
constexpr std::uint64_t kBaseX2Apic = 1 << 10, kBaseEnable = 1 << 11;

// Written on the boot CPU before interrupts are enabled.
constinit bool x2apic = false;
constinit bool tsc_deadline = false;
constinit std::uint64_t mmio = 0;
constinit RateScale nanos_to_counts{};

volatile std::uint32_t* Mmio(std::uint64_t base, std::uint32_t offset) {
  return reinterpret_cast<volatile std::uint32_t*>(base + offset);
}

std::uint32_t Read(Register reg) {
  if (x2apic) return static_cast<std::uint32_t>(ReadMsr(kMsrX2ApicFirst + reg / 16));
  return *Mmio(mmio, reg);
}

void Write(Register reg, std::uint32_t value) {
  if (x2apic) {
    WriteMsr(kMsrX2ApicFirst + reg / 16, value);
  } else {
    *Mmio(mmio, reg) = value;
  }
}

void EndInterrupt() { Write(kEndOfInterrupt, 0); }

// The count for `deadline`, at least 1 (0 would stop the timer); a long way off is cut to what 32 bits hold.
std::uint32_t CountUntil(Nanos deadline) {
  const Nanos now = Now();
  if (deadline <= now) return 1;
  const std::uint64_t counts = nanos_to_counts.ApplySaturating(static_cast<std::uint64_t>((deadline - now).value));
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(counts, 0xFFFFFFFE) + 1);
}

void Arm(Nanos deadline) {
  if (tsc_deadline) {
    // Zero would disarm (SDM vol. 3A, 11.5.4.1); a value that has passed fires at once.
    WriteMsr(kMsrTscDeadline, std::max<std::uint64_t>(TscAt(std::max(deadline, Nanos{})), 1));
  } else {
    Write(kInitialCount, CountUntil(deadline));
  }
}

void Disarm() {
  if (tsc_deadline) {
    WriteMsr(kMsrTscDeadline, 0);
  } else {
    Write(kInitialCount, 0);
  }
}

// An interrupt before the deadline comes from a cut count, from a rate measured a little too high, or from
// an older deadline that was pending when it was replaced: it arms again.
void TimerInterrupt() {
  PerCpu& cpu = ThisPerCpu();
  const Nanos deadline{cpu.timer_deadline_ns};
  if (deadline == Nanos::Max()) return;
  if (Now() < deadline) return Arm(deadline);
  cpu.timer_deadline_ns = Nanos::Max().value;
  upcall::OnTimer();
}

std::uint64_t MeasureTimerHertz() {
  const std::uint64_t wait = TscHertz() / 1000;
  Write(kTimerEntry, kMasked | kVectorTimer);
  const std::uint64_t begin = ReadTsc();
  Write(kInitialCount, 0xFFFFFFFF);
  while (ReadTsc() - begin < wait) port::CpuRelax();
  const std::uint32_t left = Read(kCurrentCount);
  const std::uint64_t ticks = ReadTsc() - begin;
  Write(kInitialCount, 0);
  const std::uint64_t hertz = std::uint64_t{0xFFFFFFFF - left} * TscHertz() / ticks;
  return SnapToMegahertz(std::max<std::uint64_t>(hertz, 1));
}

void RescheduleInterrupt() { upcall::OnRescheduleRequest(); }

std::uint32_t ReadIoApic(std::uint64_t base, std::uint32_t index) {
  *Mmio(base, 0) = index;
  return *Mmio(base, 0x10);
}
void WriteIoApic(std::uint64_t base, std::uint32_t index, std::uint32_t value) {
  *Mmio(base, 0) = index;
  *Mmio(base, 0x10) = value;
}

}  // namespace

// Moved away from the exceptions' vectors and masked; they may still raise spurious interrupts (8259A data
// sheet, "default IR7").
void SilencePic() {
  Out8(0x20, 0x11);
  Out8(0xA0, 0x11);
  Out8(0x21, kVectorPicBase);
  Out8(0xA1, kVectorPicBase + 8);
  Out8(0x21, 4);
  Out8(0xA1, 2);
  Out8(0x21, 1);
  Out8(0xA1, 1);
  Out8(0x21, 0xFF);
  Out8(0xA1, 0xFF);
}

void InitLocalApic(std::uint64_t registers) {
  mmio = registers;
  const std::uint64_t base = ReadMsr(kMsrApicBase);
  const bool has_x2apic = (Cpuid(1).ecx >> 21 & 1) != 0;
  if (has_x2apic || (base & kBaseX2Apic) != 0) {
    WriteMsr(kMsrApicBase, base | kBaseEnable);
    WriteMsr(kMsrApicBase, base | kBaseEnable | kBaseX2Apic);
    x2apic = true;
  } else if ((base & kBaseEnable) == 0) {
    WriteMsr(kMsrApicBase, base | kBaseEnable);
  }
  Write(kTaskPriority, 0);
  Write(kTimerEntry, kMasked);
  Write(kErrorEntry, kMasked);
  Write(kLint0Entry, kMasked);
  Write(kLint1Entry, kNmiDelivery);
  Write(kSpuriousVector, kSoftwareEnable | kVectorSpurious);
  SetEndOfInterrupt(EndInterrupt);
  SetInterruptHandler(kVectorReschedule, RescheduleInterrupt);
  ThisPerCpu().apic_id = LocalApicId();
}

std::uint32_t LocalApicId() { return x2apic ? Read(kId) : Read(kId) >> 24; }

void InitApicTimer() {
  ThisPerCpu().timer_deadline_ns = Nanos::Max().value;
  SetInterruptHandler(kVectorTimer, TimerInterrupt);
  tsc_deadline = (Cpuid(1).ecx >> 24 & 1) != 0;
  if (tsc_deadline) {
    Write(kTimerEntry, kTscDeadlineMode | kVectorTimer);
    // The mode must be set before the deadline is written (SDM vol. 3A, 11.5.4.1).
    asm volatile("mfence" ::: "memory");
    return;
  }
  Write(kDivide, kDivideByOne);
  nanos_to_counts = RateScale::Between(1'000'000'000, MeasureTimerHertz());
  Write(kTimerEntry, kVectorTimer);
}

unsigned InitIoApic(std::uint64_t registers) {
  const unsigned pins = (ReadIoApic(registers, 1) >> 16 & 0xFF) + 1;
  for (unsigned pin = 0; pin < pins; ++pin) WriteIoApic(registers, 0x10 + 2 * pin, kMasked);
  return pins;
}

void RouteInterrupt(std::uint64_t registers, unsigned pin, const IsaRoute& route, unsigned vector) {
  constexpr std::uint32_t kActiveLow = 1 << 13, kLevel = 1 << 15;
  const std::uint32_t low = vector | (route.active_low ? kActiveLow : 0) | (route.level ? kLevel : 0);
  // Masked while the halves disagree.
  WriteIoApic(registers, 0x10 + 2 * pin, kMasked);
  WriteIoApic(registers, 0x10 + 2 * pin + 1, LocalApicId() << 24);
  WriteIoApic(registers, 0x10 + 2 * pin, low);
}

}  // namespace x86

void SetTimer(Nanos deadline) {
  x86::ThisPerCpu().timer_deadline_ns = deadline.value;
  if (deadline == Nanos::Max()) {
    x86::Disarm();
  } else {
    x86::Arm(deadline);
  }
}

void SendReschedule(CpuId cpu) {
  const x86::PerCpu* target = x86::PerCpuOf(cpu);
  if (target == nullptr || cpu == ThisCpu()) return;
  if (x86::x2apic) {
    x86::WriteMsr(x86::kMsrX2ApicFirst + x86::kCommandLow / 16,
                  std::uint64_t{target->apic_id} << 32 | x86::kVectorReschedule);
    return;
  }
  // Both halves by the same CPU without an interrupt between.
  const port::InterruptState state = port::DisableInterrupts();
  x86::Write(x86::kCommandHigh, target->apic_id << 24);
  x86::Write(x86::kCommandLow, x86::kVectorReschedule);
  port::RestoreInterrupts(state);
}

}  // namespace esc::arch
