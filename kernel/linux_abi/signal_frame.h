// The frame of a signal handler on the user stack, as Linux lays it out (struct rt_sigframe). Pure but for SignalFpu:
// builds and reads bytes.
//
//   higher  | interrupted stack, red zone (128 bytes, AMD64 supplement 3.2.2)
//           | FPU state as XSAVE writes it, 64-byte aligned, with a magic word behind
//   rsp ->  | return address (the restorer) | ucontext | siginfo          rsp + 8 is a multiple of 16
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernel/arch_api/user_registers.h"
#include "kernel/base/status.h"
#include "kernel/base/units.h"
#include "kernel/core/signal.h"
#include "kernel/linux_abi/layout.h"

namespace esc::linux_abi {

inline constexpr std::uint64_t kRedZoneBytes = 128;
inline constexpr std::uint64_t kFpuMagicBytes = 4;

// AT_MINSIGSTKSZ: what a frame takes at most, without anything that the handler itself needs.
std::uint64_t MinimumSignalStackBytes();

// An alternate stack as sigaltstack left it; bytes 0: none.
struct AlternateStack {
  std::uint64_t base = 0, bytes = 0;
  bool Contains(std::uint64_t stack_pointer) const { return stack_pointer > base && stack_pointer - base <= bytes; }
};

struct FramePlaces {
  std::uint64_t frame = 0;  // the handler's stack pointer
  std::uint64_t fpu = 0;
};
// Where the frame goes. kFault when that wraps or leaves the alternate stack that it is to be on.
Result<FramePlaces> PlaceFrame(const arch::UserRegisters& registers, const AlternateStack& alternate, bool on_alternate,
                               std::uint64_t fpu_bytes);

SignalInfoRecord RecordOf(const core::SignalInfo& info);

MachineContext ContextOf(const arch::UserRegisters& registers);
// Takes over what rt_sigreturn restores; segments and flags are made safe by arch::SanitizeUserRegisters after.
void RestoreContext(const MachineContext& context, arch::UserRegisters& registers);

// What Linux writes into bytes 464 to 511 of a saved FPU state of `state_bytes`, so that programs (and rt_sigreturn) find
// its size and the components that it may have.
FpuSoftwareBytes MakeFpuMarks(std::size_t state_bytes, std::uint64_t components);
// Whether the marks and the word behind the state are those of a state of that size; else only its legacy part counts.
bool AreFpuMarks(const FpuSoftwareBytes& marks, std::uint32_t magic_behind, std::size_t state_bytes);

}  // namespace esc::linux_abi
