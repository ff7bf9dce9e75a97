#include "kernel/linux_abi/signal_frame.h"

#include <cstring>

#include "kernel/arch_api/thread.h"
#include "kernel/base/bits.h"
#include "kernel/linux_abi/numbers.h"

namespace esc::linux_abi {

using core::Signal;

std::uint64_t MinimumSignalStackBytes() {
  // As many bytes as the two alignments may cost are added (64 for the state, 16 for the frame).
  return sizeof(SignalFrame) + AlignUp<std::uint64_t>(arch::FpuStateBytes() + kFpuMagicBytes, 64) + kRedZoneBytes + 64 + 16;
}

Result<FramePlaces> PlaceFrame(const arch::UserRegisters& registers, const AlternateStack& alternate, bool on_alternate,
                               std::uint64_t fpu_bytes) {
  const std::uint64_t needed = MinimumSignalStackBytes();
  std::uint64_t at = registers.rsp - kRedZoneBytes;
  const bool already_there = alternate.bytes != 0 && alternate.Contains(registers.rsp);
  const bool switches = on_alternate && alternate.bytes != 0 && !already_there;
  if (switches) at = alternate.base + alternate.bytes;
  if (at < needed) return Status::kFault;  // one that wraps ends outside of user memory, where the write fails
  FramePlaces places;
  places.fpu = AlignDown<std::uint64_t>(at - fpu_bytes - kFpuMagicBytes, 64);
  places.frame = AlignDown<std::uint64_t>(places.fpu - sizeof(SignalFrame), 16) - 8;
  if ((switches || (on_alternate && already_there)) && places.frame < alternate.base) return Status::kFault;
  return places;
}

SignalInfoRecord RecordOf(const core::SignalInfo& info) {
  SignalInfoRecord record;
  std::memset(&record, 0, sizeof(record));
  record.signal = static_cast<std::int32_t>(info.signal);
  record.code = info.code;
  const bool from_kernel = info.code > 0 && info.code != kCodeKernel;
  switch (info.signal) {
    case Signal::kIllegal:
    case Signal::kTrap:
    case Signal::kBus:
    case Signal::kFloatingPoint:
    case Signal::kSegmentation:
      if (from_kernel || info.address != 0) {
        record.fault.address = info.address;
        return record;
      }
      break;
    case Signal::kChild:
      if (from_kernel) {
        record.child.pid = info.sender.value;
        record.child.uid = info.sender_uid;
        record.child.status = info.status;
        return record;
      }
      break;
    default: break;
  }
  record.sent.pid = info.sender.value;
  record.sent.uid = info.sender_uid;
  record.sent.value = info.address;
  return record;
}

MachineContext ContextOf(const arch::UserRegisters& r) {
  MachineContext context{};
  context.r8 = r.r8, context.r9 = r.r9, context.r10 = r.r10, context.r11 = r.r11;
  context.r12 = r.r12, context.r13 = r.r13, context.r14 = r.r14, context.r15 = r.r15;
  context.rdi = r.rdi, context.rsi = r.rsi, context.rbp = r.rbp, context.rbx = r.rbx;
  context.rdx = r.rdx, context.rax = r.rax, context.rcx = r.rcx, context.rsp = r.rsp;
  context.rip = r.rip, context.rflags = r.rflags;
  context.cs = static_cast<std::uint16_t>(r.cs);
  context.ss = static_cast<std::uint16_t>(r.ss);
  return context;
}

void RestoreContext(const MachineContext& context, arch::UserRegisters& r) {
  r.r8 = context.r8, r.r9 = context.r9, r.r10 = context.r10, r.r11 = context.r11;
  r.r12 = context.r12, r.r13 = context.r13, r.r14 = context.r14, r.r15 = context.r15;
  r.rdi = context.rdi, r.rsi = context.rsi, r.rbp = context.rbp, r.rbx = context.rbx;
  r.rdx = context.rdx, r.rax = context.rax, r.rcx = context.rcx, r.rsp = context.rsp;
  r.rip = context.rip, r.rflags = context.rflags;
  r.cs = context.cs, r.ss = context.ss;
}

FpuSoftwareBytes MakeFpuMarks(std::size_t state_bytes, std::uint64_t components) {
  FpuSoftwareBytes marks{};
  marks.magic1 = kFpuMagic1;
  marks.extended_bytes = static_cast<std::uint32_t>(state_bytes + kFpuMagicBytes);
  marks.features = components;
  marks.state_bytes = static_cast<std::uint32_t>(state_bytes);
  return marks;
}

bool AreFpuMarks(const FpuSoftwareBytes& marks, std::uint32_t magic_behind, std::size_t state_bytes) {
  return marks.magic1 == kFpuMagic1 && marks.state_bytes == state_bytes && magic_behind == kFpuMagic2;
}

}  // namespace esc::linux_abi
