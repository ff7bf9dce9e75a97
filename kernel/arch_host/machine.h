// The simulated machine: RAM, an MMU, one CPU, a clock, a timer and a console that tests script.
//
// Everything runs on virtual time and is deterministic: the clock advances by a fixed amount a simulated user
// instruction, by Advance(), and jumps to the next event when the CPU waits for an interrupt; kernel code takes
// no time. Interrupts are delivered where kernel code enables them, at each user instruction, in
// WaitForInterrupt and in Advance, and only when the interrupt flag is set. One machine exists at a time; the functions
// of kernel/arch_api and kernel/base/port.h act on it.
//
//   Machine machine;
//   machine.TypeAt(Nanos::Millis(5), "ls\n");
//   const Outcome outcome = machine.Run([] { ... kernel code, on the boot stack, interrupts off ... });
//   EXPECT_EQ(outcome.end, Outcome::End::kPoweredOff);
//
// What ends the machine (PowerOff, Reset, Halt, a panic, idling with nothing to come, the time limit) abandons every
// simulated stack and returns from Run; destructors on those stacks do not run. Outside Run each of them aborts
// the test with a message.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/arch_api/boot_info.h"
#include "kernel/arch_api/thread.h"
#include "kernel/arch_host/fiber.h"
#include "kernel/arch_host/mmu.h"
#include "kernel/base/cpu_set.h"
#include "kernel/base/spin_lock.h"
#include "kernel/base/units.h"

namespace esc::host {

struct MachineModule {
  std::string name;
  std::vector<std::byte> contents;
};

struct MachineOptions {
  std::uint64_t ram_bytes = 64u << 20;
  std::uint32_t cpus = 1;  // only 1 runs today; what is a CPU's is kept a CPU
  Nanos instruction_time{1};
  Nanos time_limit = Nanos::Seconds(3600);  // of virtual time: ends a program that loops for ever
  Nanos wall_clock_at_boot = Nanos::Seconds(1'767'225'600);  // 2026-01-01
  std::uint64_t random_seed = 1;
  std::string command_line;
  std::vector<MachineModule> modules;      // laid into the end of RAM
  std::vector<arch::MemoryRange> memory;   // empty: one usable range that is all of RAM
};

// How a run ended.
struct Outcome {
  enum class End : std::uint8_t {
    kReturned,     // the body of Run came back
    kPoweredOff,   // arch::PowerOff: exit_code
    kReset,
    kHalted,
    kPanicked,     // port::Panic or a failed check: message
    kIdleForever,  // WaitForInterrupt with no event to come: message
    kTimeLimit,    // virtual time ran past the limit: message
  };
  End end = End::kReturned;
  int exit_code = 0;
  std::string message;
  std::string console;  // everything written so far
};

class Machine {
 public:
  explicit Machine(MachineOptions options = {});
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  // The one machine; a panic-like abort when there is none.
  static Machine& Current();
  static bool Exists();

  // Runs `body` on the boot stack with interrupts off, until it returns or the machine ends. May be called again
  // after kReturned.
  Outcome Run(std::function<void()> body);
  // Runs upcall::KernelMain.
  Outcome Boot();
  const arch::BootInfo& boot_info() const { return boot_info_; }

  // --- the script ---
  Nanos now() const { return now_; }
  // Lets `duration` pass as if kernel code had taken it; delivers what falls due, if interrupts are on.
  void Advance(Nanos duration);
  void TypeAt(Nanos when, std::string_view text);  // console input, a byte an interrupt
  void RaiseTimerAt(Nanos when);                   // a timer interrupt that nobody asked for
  void RaiseRescheduleAt(Nanos when);
  // What a program's HostCall does: between two of its instructions, in no kernel code, so that a test can look at the
  // system, or arrange for something to happen in the next system call. It may change the registers, and must not block.
  std::function<void(std::uint64_t which, arch::UserRegisters& registers)> on_host_call;

  // --- what happened ---
  const std::string& console() const { return console_; }
  Mmu& mmu() { return mmu_; }
  std::uint64_t user_instructions() const { return user_instructions_; }
  std::uint64_t interrupts_delivered() const { return interrupts_delivered_; }
  Nanos idle_time() const { return idle_time_; }

  // --- the architecture's side: called by this package only ---
  static constexpr std::size_t kFpuRegisters = 8;
  struct Cpu {
    bool interrupts_enabled = true;
    bool reschedule_pending = false;
    Nanos timer = Nanos::Max();
    void* local = nullptr;
    LockTrace lock_trace;
    arch::ThreadContext* running = nullptr;
    std::array<std::uint64_t, kFpuRegisters> fpu{};
    std::uint64_t fs_base = 0;
    std::uint64_t gs_base = 0;
    std::uint64_t relaxations = 0;  // CpuRelax calls in a row with interrupts off
  };
  Cpu& cpu() { return cpus_[0]; }
  const MachineOptions& options() const { return options_; }

  // Delivers every due interrupt, if the flag is set. `user`: the registers of the user code that is interrupted, or
  // nullptr in kernel code.
  void DeliverInterrupts(arch::UserRegisters* user);
  void WaitForInterrupt();
  // One user instruction's time (or several); ends the run past the time limit.
  void CountUserInstructions(std::uint64_t count);
  // Instructions until something is due: at least one.
  std::uint64_t InstructionsToNextEvent() const;
  void WriteConsole(std::string_view text);
  std::uint64_t NextRandom();
  [[noreturn]] void End(Outcome::End end, int exit_code, std::string_view message);

  // The host stack of the kernel stack that begins at `stack_bottom`; made at the first use, then reused.
  Fiber& FiberFor(VirtAddr stack_bottom);
  Fiber& current_fiber() { return *current_fiber_; }
  void SwitchFiber(Fiber& to);

 private:
  enum class Interrupt : std::uint8_t { kTimer, kReschedule, kConsole };
  struct ScriptedEvent {
    Interrupt kind;
    char input = 0;
  };
  static constexpr std::size_t kBootStackBytes = 1u << 20;

  void LayOutModules();
  Nanos NextEventTime() const;
  bool TakeDueInterrupt(ScriptedEvent& taken);
  void Handle(ScriptedEvent event);
  static void RunBody(void* machine);

  const MachineOptions options_;
  Mmu mmu_;
  arch::BootInfo boot_info_;
  std::vector<arch::MemoryRange> memory_;
  std::vector<arch::MemoryRange> reserved_;
  std::vector<arch::BootModule> modules_;

  Nanos now_{};
  Nanos idle_time_{};
  std::multimap<Nanos, ScriptedEvent> script_;  // events of one time stay in the order they were scripted
  std::uint64_t user_instructions_ = 0;
  std::uint64_t interrupts_delivered_ = 0;
  std::uint64_t random_state_;
  std::string console_;
  std::array<Cpu, 1> cpus_;

  Fiber test_fiber_;  // the stack that called Run
  std::unique_ptr<Fiber> boot_fiber_;
  std::map<std::uint64_t, std::unique_ptr<Fiber>> fibers_;
  Fiber* current_fiber_ = &test_fiber_;
  std::function<void()> body_;
  Outcome outcome_;
  bool running_ = false;
};

}  // namespace esc::host
