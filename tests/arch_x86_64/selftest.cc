// What only the machine can show: each check prints a line; "case=NAME" on the command line runs one that
// must end in a panic, whose text the QEMU test expects.
#include <cstring>
#include <string_view>

#include "kernel/arch_api/clock.h"
#include "kernel/arch_api/cpu.h"
#include "kernel/arch_api/paging.h"
#include "kernel/arch_api/power.h"
#include "kernel/arch_api/thread.h"
#include "kernel/arch_api/upcalls.h"
#include "kernel/arch_x86_64/instructions.h"
#include "kernel/arch_x86_64/paging.h"
#include "kernel/arch_x86_64/per_cpu.h"
#include "kernel/base/check.h"
#include "kernel/base/log.h"
#include "tests/arch_x86_64/world.h"

extern "C" {
extern const char UserRegistersKept[], UserRewritten[], UserFaults[], UserFpu[], UserSpins[], UserReadsFs[],
    UserDivides[], UserUndefined[], UserBreakpoint[], UserPrivileged[], UserSidt[], UserWritesKernel[],
    UserRunsStack[], UserOddFlags[], UserDropsFs[], UserLoadsSegments[], UserReadsSegments[], UserIretsAway[],
    UserSysenters[];
}

namespace esc::selftest {
namespace {

constinit UserThread first{};
constinit UserThread second{};
constinit unsigned checks = 0;

#define EXPECT(condition)                                             \
  do {                                                                \
    ++checks;                                                         \
    if (!(condition)) Panic("FAIL {}:{}: {}", __FILE__, __LINE__, #condition); \
  } while (false)

std::uint64_t RunOne(const char* program, std::uint64_t argument) {
  StartUser(first, program, argument);
  RunUntilEnd(&first);
  return first.exit_code;
}

void TestSystemCalls() {
  EXPECT(RunOne(UserRegistersKept, 0) == kPassed);
  EXPECT(RunOne(UserRewritten, 0) == kPassed);
  EXPECT(RunOne(UserOddFlags, 0) == kPassed);
  EXPECT((observed.echo_flags & 0x40400) == 0);
}

void TestRegistersFromUsers() {
  arch::UserRegisters registers = arch::InitialUserRegisters(kCode, kStack);
  EXPECT(arch::SanitizeUserRegisters(registers));
  registers.cs = 0x10;
  registers.ss = 0x18;
  registers.rflags = ~std::uint64_t{0};
  EXPECT(arch::SanitizeUserRegisters(registers));
  EXPECT(registers.cs == 0x33 && registers.ss == 0x2B);
  EXPECT((registers.rflags & 0x3000) == 0 && (registers.rflags & 0x200) != 0);
  registers.rip = 0x8000'0000'0000;
  EXPECT(!arch::SanitizeUserRegisters(registers));
  registers.rip = ~std::uint64_t{0};
  EXPECT(!arch::SanitizeUserRegisters(registers));
}

// Below each stack of a trap that brings its own lies a page that is not there.
void TestTrapStacks() {
  const auto mapped = [](std::uint64_t at) { return arch::LookupPage(arch::KernelRoot(), VirtAddr{at}).has_value(); };
  for (int i = 0; i < 3; ++i) {
    const std::uint64_t top = arch::x86::ThisPerCpu().tss.ist[i];
    EXPECT(mapped(top - kPageSize));
    EXPECT(mapped(top - 2 * kPageSize));
    EXPECT(!mapped(top - 3 * kPageSize));
  }
}

// The kernel's NMI handler comes back to where it was; a machine that uses x2APIC is left out.
void TestNmi() {
  using namespace arch::x86;  // NOLINT: the test reaches below the contract
  constexpr std::uint32_t kToSelf = 1 << 18, kNmi = 4 << 8;
  if ((ReadMsr(kMsrApicBase) >> 10 & 1) != 0) return;
  auto* command = reinterpret_cast<volatile std::uint32_t*>(kDeviceWindow + 0x300);
  const std::uint64_t kernel_gs = ReadMsr(kMsrGsBase);
  *command = kToSelf | kNmi;
  for (int i = 0; i < 1000; ++i) port::CpuRelax();
  EXPECT(ReadMsr(kMsrGsBase) == kernel_gs);
  // As in the window between an entry from user mode and its SWAPGS: the user's base is loaded.
  const port::InterruptState state = port::DisableInterrupts();
  WriteMsr(kMsrKernelGsBase, kernel_gs);
  WriteMsr(kMsrGsBase, 0x1234000);
  *command = kToSelf | kNmi;
  for (int i = 0; i < 1000; ++i) asm volatile("pause");
  const bool kept = ReadMsr(kMsrGsBase) == 0x1234000 && ReadMsr(kMsrKernelGsBase) == kernel_gs;
  WriteMsr(kMsrGsBase, kernel_gs);
  WriteMsr(kMsrKernelGsBase, 0);
  port::RestoreInterrupts(state);
  EXPECT(kept);
}

void TestUserFaults() {
  observed.map_on_demand = true;
  EXPECT(RunOne(UserFaults, (kData + kPageSize).value) == kPassed);
  EXPECT(observed.faults == 1);
  EXPECT(observed.last_fault.from_user && !observed.last_fault.page_present);
  EXPECT(observed.last_fault.address == kData + kPageSize);
  observed.map_on_demand = false;
  EXPECT(RunOne(UserWritesKernel, 0) == 0xFA);
  EXPECT(observed.last_fault.access == arch::Access::kWrite);
  EXPECT(RunOne(UserRunsStack, 0) == 0xFA);
  EXPECT(observed.last_fault.access == arch::Access::kExecute && observed.last_fault.page_present);
}

void TestUserExceptions() {
  using upcall::UserException;
  const struct {
    const char* program;
    UserException expected;
  } cases[] = {{UserDivides, UserException::kDivideError},
               {UserUndefined, UserException::kInvalidOpcode},
               {UserBreakpoint, UserException::kBreakpoint},
               {UserPrivileged, UserException::kGeneralProtection},
               {UserIretsAway, UserException::kGeneralProtection},
               {UserSidt, UserException::kGeneralProtection}};  // UMIP, which -cpu max has
  for (const auto& test : cases) {
    EXPECT(RunOne(test.program, 0) == 0xEE);
    EXPECT(first.exception == test.expected);
  }
  // A general protection on Intel's CPUs, an invalid opcode on AMD's, whose name -cpu max has.
  EXPECT(RunOne(UserSysenters, 0) == 0xEE);
}

void TestFpu() {
  StartUser(first, UserFpu, 1000);
  StartUser(second, UserFpu, 5'000'000);
  RunUntilEnd(&first, &second);
  EXPECT(first.exit_code == kPassed && second.exit_code == kPassed);
  // Garbage from user memory is mended or refused.
  auto* area = static_cast<std::uint8_t*>(first.context.fpu);
  std::memset(area + 24, 0xFF, 4);
  EXPECT(arch::SanitizeFpuState(area));
  EXPECT((area[27] & 0xFF) == 0);
  area[512 + 16] = 1;
  EXPECT(!arch::SanitizeFpuState(area));
}

void TestFsBase() {
  *static_cast<std::uint64_t*>(arch::DirectMap(arch::LookupPage(UserRoot(), kData)->frame)) = 4711;
  StartUser(first, UserReadsFs, 0);
  first.context.fs_base = kData.value;
  RunUntilEnd(&first);
  EXPECT(first.exit_code == 4711);
  // What one program does to its FS, another one with the same base does not feel.
  StartUser(first, UserDropsFs, 0);
  StartUser(second, UserReadsFs, 0);
  first.context.fs_base = second.context.fs_base = kData.value;
  RunUntilEnd(&first, &second);
  EXPECT(second.exit_code == 4711);
  first.context.fs_base = second.context.fs_base = 0;
}

void TestSegments() {
  EXPECT(RunOne(UserReadsSegments, 0) == 0);
  StartUser(first, UserLoadsSegments, 0);
  StartUser(second, UserReadsSegments, 0);
  RunUntilEnd(&first, &second);
  EXPECT(second.exit_code == 0);
}

// Two endless loops share the CPU by the timer.
void TestPreemption() {
  auto* counters = static_cast<std::uint64_t*>(arch::DirectMap(arch::LookupPage(UserRoot(), kData)->frame));
  counters[0] = counters[1] = 0;
  observed.timers = 0;
  observed.switch_on_timer = true;
  StartUser(first, UserSpins, kData.value);
  StartUser(second, UserSpins, kData.value + 8);
  const port::InterruptState state = port::DisableInterrupts();
  arch::SetTimer(arch::Now() + Nanos::Millis(1));
  RunUntilEnd(&first, &second);
  observed.switch_on_timer = false;
  arch::SetTimer(Nanos::Max());
  port::RestoreInterrupts(state);
  EXPECT(first.exit_code == kPassed && second.exit_code == kPassed);
  EXPECT(counters[0] > 100 && counters[1] > 100);
}

Nanos WaitForTimer() {
  observed.timers = 0;
  while (observed.timers == 0) arch::WaitForInterrupt();
  return observed.timer_at;
}

void TestTimer() {
  const port::InterruptState state = port::DisableInterrupts();
  observed.kernel_returns = 0;
  Nanos start = arch::Now();
  arch::SetTimer(start + Nanos::Millis(3));
  EXPECT(WaitForTimer() >= start + Nanos::Millis(3));
  EXPECT(observed.kernel_returns > 0);
  // A later call replaces the deadline, both ways.
  start = arch::Now();
  arch::SetTimer(start + Nanos::Seconds(30));
  arch::SetTimer(start + Nanos::Millis(2));
  const Nanos fired = WaitForTimer();
  EXPECT(fired >= start + Nanos::Millis(2) && fired < start + Nanos::Seconds(20));
  start = arch::Now();
  arch::SetTimer(start + Nanos::Micros(100));
  arch::SetTimer(start + Nanos::Millis(4));
  EXPECT(WaitForTimer() >= start + Nanos::Millis(4));
  // Longer than the local APIC's 32 bits count.
  start = arch::Now();
  arch::SetTimer(start + Nanos::Millis(4'500));
  EXPECT(WaitForTimer() >= start + Nanos::Millis(4'500));
  // What has passed fires at once; so does what is negative.
  for (const Nanos past : {start, Nanos{0}, Nanos{-1}}) {
    arch::SetTimer(past);
    WaitForTimer();
  }
  // None at all.
  observed.timers = 0;
  arch::SetTimer(Nanos::Millis(1));
  arch::SetTimer(Nanos::Max());
  port::RestoreInterrupts(state);
  const Nanos until = arch::Now() + Nanos::Millis(3);
  while (arch::Now() < until) port::CpuRelax();
  EXPECT(observed.timers <= 1);  // the first may have been on its way
  EXPECT(arch::WallClockAtBoot() > Nanos::Seconds(1'500'000'000));
}

void TestUserCopies() {
  const VirtAddr last_page = kData + 16 * kPageSize;
  MapUser(last_page, arch::Access::kRead | arch::Access::kWrite);
  std::uint8_t bytes[64];
  std::memset(bytes, 0xA5, sizeof(bytes));
  for (std::size_t room = 0; room <= 40; ++room) {
    const VirtAddr at = last_page + (kPageSize - room);
    EXPECT(arch::CopyToUser(at, bytes, 40) == room);
    std::uint8_t back[64] = {};
    EXPECT(arch::CopyFromUser(back, at, 40) == room);
    EXPECT(std::memcmp(back, bytes, room) == 0 && back[room] == 0);
    EXPECT(arch::ZeroUser(at, 40) == room);
  }
  EXPECT(!observed.last_fault.from_user && observed.last_fault.access == arch::Access::kWrite);
  // Beyond the user's half nothing is copied, whatever is there.
  EXPECT(arch::CopyFromUser(bytes, VirtAddr{0xFFFF'FFFF'8020'0000}, 8) == 0);
  EXPECT(arch::CopyFromUser(bytes, arch::kUserEnd - 4, 8) == 0);
  EXPECT(arch::CopyFromUser(bytes, VirtAddr{8}, 8) == 0);
  EXPECT(arch::CopyToUser(last_page, bytes, ~std::size_t{0}) == 0);
  EXPECT(*arch::CompareExchangeUser(last_page, 0, 9) == 0);
  EXPECT(*arch::CompareExchangeUser(last_page, 0, 10) == 9);
  EXPECT(arch::CompareExchangeUser(last_page + kPageSize, 0, 1).status() == Status::kFault);
  EXPECT(arch::CompareExchangeUser(last_page + 2, 0, 1).status() == Status::kInvalidArgument);
  // A fault that is mended on the way.
  observed.map_on_demand = true;
  (void)arch::UnmapPage(UserRoot(), kData + kPageSize);
  arch::FlushPage(kData + kPageSize);
  EXPECT(arch::CopyToUser(kData + (2 * kPageSize - 32), bytes, 32) == 32);
  observed.map_on_demand = false;
}

void TestPaging() {
  using arch::Access;
  const VirtAddr page = kData + 32 * kPageSize;
  const arch::PageMapping mapping{frames.Take(), Access::kRead | Access::kWrite, arch::Mode::kUser, true};
  EXPECT(Ok(arch::MapPage(UserRoot(), page, mapping, frames)));
  EXPECT(arch::MapPage(UserRoot(), page, mapping, frames) == Status::kAlreadyExists);
  EXPECT(arch::LookupPage(UserRoot(), page) == mapping);
  std::uint8_t byte = 1;
  EXPECT(arch::CopyToUser(page, &byte, 1) == 1);
  EXPECT(arch::LookupPage(UserRoot(), page)->dirty);
  arch::PageMapping read_only = mapping;
  read_only.access = Access::kRead;
  EXPECT(Ok(arch::ReplacePage(UserRoot(), page, read_only)));
  arch::FlushPage(page);
  EXPECT(arch::CopyToUser(page, &byte, 1) == 0);  // CR0.WP
  EXPECT(observed.last_fault.page_present);
  const arch::PageMapping kernel_wx{frames.Take(), Access::kWrite | Access::kExecute, arch::Mode::kKernel};
  EXPECT(!Ok(arch::MapPage(arch::KernelRoot(), arch::kKernelVirtualEnd - kPageSize, kernel_wx, frames)));
  // A root shares the kernel's half, also what is mapped there later.
  const auto other = arch::CreateRoot(frames);
  EXPECT(other.ok());
  const VirtAddr shared = arch::kKernelVirtualEnd - kPageSize;
  const arch::PageMapping kernel{frames.Take(), Access::kRead | Access::kWrite, arch::Mode::kKernel};
  EXPECT(Ok(arch::MapPage(arch::KernelRoot(), shared, kernel, frames)));
  EXPECT(arch::LookupPage(*other, shared).has_value());
  *reinterpret_cast<volatile int*>(shared.value) = 3;
  EXPECT(arch::UnmapPage(arch::KernelRoot(), shared).has_value());
  // Another frame at the same address: FlushAll forgets global pages too.
  const arch::PageMapping again{frames.Take(), Access::kRead | Access::kWrite, arch::Mode::kKernel};
  EXPECT(Ok(arch::MapPage(arch::KernelRoot(), shared, again, frames)));
  arch::FlushAll();
  EXPECT(*reinterpret_cast<volatile int*>(shared.value) == 0);
  EXPECT(arch::UnmapPage(arch::KernelRoot(), shared).has_value());
  arch::FlushPage(shared);
  EXPECT(Ok(arch::MapPage(*other, kCode, mapping, frames)));
  EXPECT(arch::UnmapPage(*other, kCode).has_value());
  const unsigned freed = frames.freed;
  arch::DestroyRoot(*other, frames);
  EXPECT(frames.freed == freed + 4);  // root and three tables
}

// Against loops that the compiler may not turn into the functions under test.
void TestMemory() {
  static constinit unsigned char from[80], to[80], expected[80];
  for (std::size_t size = 0; size <= 40; ++size) {
    for (std::size_t shift = 0; shift <= 20; ++shift) {
      for (unsigned i = 0; i < 80; ++i) from[i] = to[i] = expected[i] = static_cast<unsigned char>(i * 7 + 1);
      // memmove, both directions of overlap.
      std::memmove(to + shift, to + 10, size);
      for (std::size_t i = 0; i < size; ++i) expected[shift + i] = from[10 + i];
      for (unsigned i = 0; i < 80; ++i) EXPECT(to[i] == expected[i]);
      std::memset(to + shift, 0x1A5, size);
      for (std::size_t i = 0; i < size; ++i) expected[shift + i] = 0xA5;
      for (unsigned i = 0; i < 80; ++i) EXPECT(to[i] == expected[i]);
      std::memcpy(to + shift, from + 3, size);
      for (std::size_t i = 0; i < size; ++i) expected[shift + i] = from[3 + i];
      for (unsigned i = 0; i < 80; ++i) EXPECT(to[i] == expected[i]);
      EXPECT(std::memcmp(to + shift, from + 3, size) == 0);
      if (size == 0) continue;
      const std::size_t at = (shift * 5) % size;
      to[shift + at] = 0xFF;
      EXPECT(std::memcmp(to + shift, from + 3, size) > 0 && std::memcmp(from + 3, to + shift, size) < 0);
      EXPECT(std::memchr(to + shift, 0xFF, size) == to + shift + at);
      EXPECT(std::memchr(to + shift, 0xFE, size) == nullptr);
    }
  }
  char text[8] = "abcdefg";
  for (std::size_t size = 7; size > 0; --size) {
    text[size] = 0;
    const char* volatile hidden = text;
    EXPECT(std::strlen(hidden) == size);
  }
}

[[gnu::noinline]] int Overflow(volatile int* depth) {
  volatile char room[512];
  room[0] = 1;
  *depth = *depth + 1;
  return *depth < 0 ? 0 : Overflow(depth) + room[0];
}

extern "C" const char kernel_text_begin[];
constinit char data_bytes[16] = {'\xC3'};

void RunCase(std::string_view name) {
  if (name == "write_text") *const_cast<volatile char*>(kernel_text_begin) = 1;
  if (name == "write_text_alias") {
    const auto physical = reinterpret_cast<std::uint64_t>(kernel_text_begin) - 0xFFFFFFFF80000000;
    *static_cast<volatile char*>(arch::DirectMap(PhysAddr{physical})) = 1;
  }
  if (name == "run_data") reinterpret_cast<void (*)()>(data_bytes)();
  if (name == "null") *reinterpret_cast<volatile int*>(8) = 1;
  if (name == "smap") (void)*reinterpret_cast<volatile int*>(kData.value);
  if (name == "smep") reinterpret_cast<void (*)()>(kCode.value)();
  if (name == "exception") asm volatile("ud2");
  if (name == "lost_stack") asm volatile("movabs %0, %%rbp; ud2" ::"i"(arch::kKernelVirtualEnd.value - 64));
  if (name == "canary") asm volatile("call __stack_chk_fail");
  if (name == "check") ESC_CHECK(name.empty());
  if (name == "boot_stack") {
    volatile int depth = 0;
    Overflow(&depth);
  }
  if (name == "thread_stack") {
    static constinit arch::ThreadContext thread{};
    MapKernelStack(thread);
    arch::InitThread(
        thread,
        [](void*) {
          volatile int depth = 0;
          Overflow(&depth);
        },
        nullptr);
    SwitchTo(thread);
  }
  if (name == "reset") arch::Reset();
  Panic("case {} came back", name);
}

}  // namespace
}  // namespace esc::selftest

namespace esc::upcall {

void KernelMain(const arch::BootInfo& info) {
  using namespace selftest;  // NOLINT: the test's main function
  Log("self-test by {}, command line '{}'", info.protocol, info.command_line);
  InitWorld(info);
  constexpr std::string_view kCase = "case=";
  const std::size_t at = info.command_line.find(kCase);
  if (at != std::string_view::npos) {
    std::string_view name = info.command_line.substr(at + kCase.size());
    RunCase(name.substr(0, name.find(' ')));
  }
  const struct {
    std::string_view name;
    void (*run)();
  } tests[] = {{"system calls", TestSystemCalls},     {"user faults", TestUserFaults},
               {"user exceptions", TestUserExceptions}, {"fpu", TestFpu},
               {"fs base", TestFsBase},               {"segments", TestSegments},
               {"timer", TestTimer},
               {"preemption", TestPreemption},        {"user copies", TestUserCopies},
               {"paging", TestPaging},
               {"memory functions", TestMemory},
               {"registers from users", TestRegistersFromUsers},
               {"nmi", TestNmi},                      {"trap stacks", TestTrapStacks}};
  port::RestoreInterrupts(port::InterruptState{1});
  for (const auto& test : tests) {
    test.run();
    Log("PASS {}", test.name);
  }
  Log("SELFTEST PASSED, {} checks", checks);
  arch::PowerOff(0);
}

}  // namespace esc::upcall
