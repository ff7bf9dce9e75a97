// The way in: one look-up by number, one indirect call.
#include <array>
#include <atomic>

#include "kernel/arch_api/upcalls.h"
#include "kernel/base/log.h"
#include "kernel/core/process.h"
#include "kernel/core/thread.h"
#include "kernel/linux_abi/call_names.h"
#include "kernel/linux_abi/linux_abi.h"
#include "kernel/linux_abi/signals.h"
#include "kernel/linux_abi/table.h"

namespace esc {
namespace linux_abi {
namespace {

std::atomic<std::uint64_t> unknown_calls{0};
// One bit a number below 512; all others share the last.
std::array<std::atomic<std::uint64_t>, 8> named_calls{};

void NameOnce(std::uint64_t number) {
  const std::uint64_t slot = number < 511 ? number : 511;
  const std::uint64_t bit = std::uint64_t{1} << (slot % 64);
  if ((named_calls[slot / 64].fetch_or(bit, std::memory_order_relaxed) & bit) != 0) return;
  const std::string_view name = CallName(number);
  Log("linux_abi: system call {} ({}) is not implemented, first asked for by pid {}", number,
      name.empty() ? "no such call on Linux" : name, core::CurrentProcess().pid());
}

// Out of line, as what follows: else each system call saves the registers that logging wants.
[[gnu::noinline, gnu::cold]] std::int64_t Unknown(std::uint64_t number) {
  unknown_calls.fetch_add(1, std::memory_order_relaxed);
  NameOnce(number);
  return Answer(Errno::kNoSys).value();
}

// An interrupted wait whose signal somebody else took meanwhile: no delivery will follow that could finish it.
[[gnu::noinline, gnu::cold]] void FinishUnlessSignalled(arch::UserRegisters& registers) {
  if (core::CurrentThread().signal_pending.load(std::memory_order_acquire)) return;
  RestoreMask();
  FinishCall(nullptr, registers);
}

}  // namespace

std::uint64_t UnknownCalls() { return unknown_calls.load(std::memory_order_relaxed); }

}  // namespace linux_abi

void upcall::OnSystemCall(arch::UserRegisters& registers) {
  using namespace linux_abi;
  const std::uint64_t number = registers.original_rax;
  const Handler handler = number < kTableSize ? kHandlers[number] : nullptr;
  const std::int64_t result = handler != nullptr ? handler(registers) : Unknown(number);
  registers.rax = static_cast<std::uint64_t>(result);
  constexpr auto kLowest = static_cast<std::int64_t>(Errno::kRestartBlock);
  constexpr auto kHighest = static_cast<std::int64_t>(Errno::kRestartSys);
  if (result <= -kHighest && result >= -kLowest && registers.original_rax != arch::kNoSystemCall) [[unlikely]] {
    FinishUnlessSignalled(registers);
  }
}

}  // namespace esc
