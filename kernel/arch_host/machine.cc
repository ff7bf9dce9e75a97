#include "kernel/arch_host/machine.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "kernel/arch_api/upcalls.h"
#include "kernel/base/bits.h"
#include "kernel/base/check.h"

namespace esc::host {
namespace {
Machine* current_machine = nullptr;

// Host frames under the sanitizers are larger than the kernel's 16 KiB stacks allow.
constexpr std::size_t kFiberBytes = 256u << 10;

constexpr std::string_view EndName(Outcome::End end) {
  constexpr std::string_view kNames[] = {"returned", "powered off", "reset", "halted", "panic", "idle for ever", "time limit"};
  return kNames[static_cast<std::size_t>(end)];
}
}  // namespace

Machine& Machine::Current() {
  if (current_machine == nullptr) {
    std::fputs("simulated machine: there is none; the test makes one first\n", stderr);
    std::abort();
  }
  return *current_machine;
}

bool Machine::Exists() { return current_machine != nullptr; }

Machine::Machine(MachineOptions options)
    : options_(std::move(options)), mmu_(options_.ram_bytes), random_state_(options_.random_seed) {
  ESC_CHECK(current_machine == nullptr);
  ESC_CHECK(options_.cpus == cpus_.size());
  current_machine = this;
  memory_ = options_.memory;
  if (memory_.empty()) memory_.push_back({PhysAddr{0}, options_.ram_bytes, arch::MemoryKind::kUsable});
  reserved_.push_back({PhysAddr{0}, AddressOf(Mmu::kFirstFreeFrame).value, arch::MemoryKind::kReserved});
  LayOutModules();
  boot_info_ = {.protocol = "simulated",
                .command_line = options_.command_line,
                .memory = memory_,
                .reserved = reserved_,
                .modules = modules_};
}

Machine::~Machine() {
  ESC_CHECK(!running_);
  current_machine = nullptr;
}

void Machine::LayOutModules() {
  std::uint64_t end = options_.ram_bytes;
  for (const MachineModule& module : options_.modules) {
    const std::uint64_t bytes = AlignUp<std::uint64_t>(module.contents.size(), kPageSize);
    ESC_CHECK(bytes < end - AddressOf(Mmu::kFirstFreeFrame).value);
    end -= bytes;
    std::byte* at = mmu_.Ram(PhysAddr{end}, bytes);
    if (!module.contents.empty()) std::memcpy(at, module.contents.data(), module.contents.size());
    if (bytes != 0) reserved_.push_back({PhysAddr{end}, bytes, arch::MemoryKind::kReserved});
    modules_.push_back({module.name, std::span<const std::byte>(at, module.contents.size())});
  }
}

// --- running ---

void Machine::RunBody(void* machine) {
  auto& self = *static_cast<Machine*>(machine);
  self.body_();
  self.End(Outcome::End::kReturned, 0, "");
}

Outcome Machine::Run(std::function<void()> body) {
  ESC_CHECK(!running_);
  running_ = true;
  body_ = std::move(body);
  outcome_ = {};
  if (boot_fiber_ == nullptr) boot_fiber_ = std::make_unique<Fiber>(kBootStackBytes);
  boot_fiber_->Prepare(&RunBody, this);
  cpu().interrupts_enabled = false;
  cpu().running = nullptr;
  current_fiber_ = boot_fiber_.get();
  Fiber::Switch(test_fiber_, *boot_fiber_);
  current_fiber_ = &test_fiber_;
  running_ = false;
  body_ = nullptr;
  outcome_.console = console_;
  return outcome_;
}

Outcome Machine::Boot() {
  return Run([this] { upcall::KernelMain(boot_info_); });
}

void Machine::End(Outcome::End end, int exit_code, std::string_view message) {
  if (!running_) {
    std::fprintf(stderr, "simulated machine: %s outside a run: %.*s\n", EndName(end).data(),
                 static_cast<int>(message.size()), message.data());
    std::abort();
  }
  outcome_.end = end;
  outcome_.exit_code = exit_code;
  outcome_.message = message;
  Fiber::Abandon(*current_fiber_, test_fiber_);
}

Fiber& Machine::FiberFor(VirtAddr stack_bottom) {
  std::unique_ptr<Fiber>& fiber = fibers_[stack_bottom.value];
  if (fiber == nullptr) fiber = std::make_unique<Fiber>(kFiberBytes);
  return *fiber;
}

void Machine::SwitchFiber(Fiber& to) {
  Fiber& from = *current_fiber_;
  ESC_CHECK(&from != &to);
  current_fiber_ = &to;
  Fiber::Switch(from, to);
}

// --- time and interrupts ---

void Machine::TypeAt(Nanos when, std::string_view text) {
  for (const char c : text) script_.emplace(when, ScriptedEvent{Interrupt::kConsole, c});
}
void Machine::RaiseTimerAt(Nanos when) { script_.emplace(when, ScriptedEvent{Interrupt::kTimer}); }
void Machine::RaiseRescheduleAt(Nanos when) { script_.emplace(when, ScriptedEvent{Interrupt::kReschedule}); }

Nanos Machine::NextEventTime() const {
  const Cpu& cpu = cpus_[0];
  if (cpu.reschedule_pending) return now_;
  Nanos next = cpu.timer;
  if (!script_.empty() && script_.begin()->first < next) next = script_.begin()->first;
  return next < now_ ? now_ : next;
}

bool Machine::TakeDueInterrupt(ScriptedEvent& taken) {
  if (!script_.empty() && script_.begin()->first <= now_) {
    taken = script_.begin()->second;
    script_.erase(script_.begin());
    return true;
  }
  if (std::exchange(cpu().reschedule_pending, false)) {
    taken = {Interrupt::kReschedule};
    return true;
  }
  if (cpu().timer > now_ || cpu().timer == Nanos::Max()) return false;
  cpu().timer = Nanos::Max();
  taken = {Interrupt::kTimer};
  return true;
}

void Machine::Handle(ScriptedEvent event) {
  ++interrupts_delivered_;
  switch (event.kind) {
    case Interrupt::kTimer:
      upcall::OnTimer();
      break;
    case Interrupt::kReschedule:
      upcall::OnRescheduleRequest();
      break;
    case Interrupt::kConsole:
      upcall::OnConsoleInput(event.input);
      break;
  }
  ESC_CHECK(!cpu().interrupts_enabled);
}

void Machine::DeliverInterrupts(arch::UserRegisters* user) {
  ScriptedEvent event;
  while (cpu().interrupts_enabled && TakeDueInterrupt(event)) {
    cpu().interrupts_enabled = false;
    if (user != nullptr) user->original_rax = arch::kNoSystemCall;
    Handle(event);
    if (user != nullptr) {
      upcall::BeforeReturnToUser(*user);
    } else {
      upcall::BeforeReturnToKernel();
    }
    ESC_CHECK(!cpu().interrupts_enabled);
    cpu().interrupts_enabled = true;
  }
}

void Machine::WaitForInterrupt() {
  ESC_CHECK(!cpu().interrupts_enabled);
  const Nanos next = NextEventTime();
  if (next == Nanos::Max()) {
    End(Outcome::End::kIdleForever, 0, "the CPU waits for an interrupt, and none will ever come");
  }
  if (next > options_.time_limit) End(Outcome::End::kTimeLimit, 0, "virtual time ran out while idle");
  idle_time_ += next - now_;
  now_ = next;
  cpu().interrupts_enabled = true;
  DeliverInterrupts(nullptr);
  cpu().interrupts_enabled = false;
}

void Machine::Advance(Nanos duration) {
  ESC_CHECK(duration >= Nanos{});
  const Nanos end = now_ + duration;
  // Each event at its own time, so that a handler sees the time it asked for.
  while (cpu().interrupts_enabled && NextEventTime() <= end) {
    if (const Nanos next = NextEventTime(); next > now_) now_ = next;
    DeliverInterrupts(nullptr);
  }
  if (end > now_) now_ = end;
}

void Machine::CountUserInstructions(std::uint64_t count) {
  user_instructions_ += count;
  now_ += options_.instruction_time * static_cast<std::int64_t>(count);
  if (now_ > options_.time_limit) End(Outcome::End::kTimeLimit, 0, "a user program ran past the time limit");
}

std::uint64_t Machine::InstructionsToNextEvent() const {
  Nanos next = NextEventTime();
  if (next > options_.time_limit) next = options_.time_limit + options_.instruction_time;
  if (options_.instruction_time.value == 0 || next <= now_) return 1;
  return DivideRoundUp(static_cast<std::uint64_t>((next - now_).value),
                       static_cast<std::uint64_t>(options_.instruction_time.value));
}

void Machine::WriteConsole(std::string_view text) { console_ += text; }

std::uint64_t Machine::NextRandom() {
  // splitmix64: small, and the same everywhere.
  std::uint64_t z = random_state_ += 0x9E37'79B9'7F4A'7C15;
  z = (z ^ z >> 30) * 0xBF58'476D'1CE4'E5B9;
  z = (z ^ z >> 27) * 0x94D0'49BB'1331'11EB;
  return z ^ z >> 31;
}

}  // namespace esc::host
