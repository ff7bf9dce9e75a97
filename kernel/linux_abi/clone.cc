// fork and its kin: flags into core::CloneOptions.
#include <algorithm>

#include "kernel/arch_api/paging.h"
#include "kernel/core/process.h"
#include "kernel/core/thread.h"
#include "kernel/linux_abi/layout.h"
#include "kernel/linux_abi/numbers.h"
#include "kernel/linux_abi/processes.h"
#include "kernel/mm/user_copy.h"

namespace esc::linux_abi {
namespace {

constexpr std::uint64_t kUnderstood = kCloneMemory | kCloneFs | kCloneFiles | kCloneHandlers | kCloneVfork | kCloneParent |
                                      kCloneThread | kCloneSystemV | kCloneSetTls | kCloneParentSetTid |
                                      kCloneChildClearTid | kCloneDetached | kCloneUntraced | kCloneChildSetTid | kCloneIo;

struct CloneWish {
  std::uint64_t flags = 0;  // without the exit signal
  std::uint64_t exit_signal = 0;
  VirtAddr stack, parent_tid, child_tid;
  std::uint64_t tls = 0;
};

// The combinations that clone(2) refuses, and those that core does not do.
Status CheckWish(const CloneWish& wish) {
  const auto has = [&](std::uint64_t flag) { return (wish.flags & flag) != 0; };
  if ((wish.flags & ~kUnderstood) != 0) return Status::kInvalidArgument;  // namespaces, pidfds, cgroups
  if (wish.exit_signal > static_cast<std::uint64_t>(core::Signal::kLast)) return Status::kInvalidArgument;
  if (has(kCloneThread) && !has(kCloneHandlers)) return Status::kInvalidArgument;
  if (has(kCloneHandlers) && !has(kCloneMemory)) return Status::kInvalidArgument;
  if (has(kCloneHandlers) && !has(kCloneThread)) return Status::kInvalidArgument;
  if (has(kCloneSetTls) && wish.tls >= arch::kUserEnd.value) return Status::kPermissionDenied;
  return Status::kOk;
}

Answer CloneAs(const CloneWish& wish, const arch::UserRegisters& registers) {
  ESC_TRY(CheckWish(wish));
  const auto has = [&](std::uint64_t flag) { return (wish.flags & flag) != 0; };
  core::CloneOptions options;
  options.share_memory = has(kCloneMemory);
  options.share_descriptors = has(kCloneFiles);
  options.share_paths = has(kCloneFs);
  options.share_handlers = has(kCloneHandlers);
  options.same_process = has(kCloneThread);
  options.suspend_parent = has(kCloneVfork);
  options.parent_is_siblings = has(kCloneParent);
  options.exit_signal = static_cast<core::Signal>(wish.exit_signal);
  options.stack = wish.stack;
  options.set_tls = has(kCloneSetTls);
  options.tls = wish.tls;
  if (has(kCloneChildSetTid)) options.set_child_tid = wish.child_tid;
  if (has(kCloneParentSetTid)) options.set_parent_tid = wish.parent_tid;
  if (has(kCloneChildClearTid)) options.clear_child_tid = wish.child_tid;
  return ESC_TRY(core::Clone(options, registers)).value;
}

}  // namespace

Answer Fork(arch::UserRegisters& registers) {
  CloneWish wish;
  wish.exit_signal = static_cast<std::uint64_t>(core::Signal::kChild);
  return CloneAs(wish, registers);
}

Answer VFork(arch::UserRegisters& registers) {
  CloneWish wish;
  wish.flags = kCloneVfork | kCloneMemory;
  wish.exit_signal = static_cast<std::uint64_t>(core::Signal::kChild);
  return CloneAs(wish, registers);
}

Answer Clone(arch::UserRegisters& registers, std::uint64_t flags, VirtAddr stack, VirtAddr parent_tid, VirtAddr child_tid,
             std::uint64_t tls) {
  return CloneAs({.flags = flags & ~kCloneSignalMask & 0xffffffff,
                  .exit_signal = flags & kCloneSignalMask,
                  .stack = stack,
                  .parent_tid = parent_tid,
                  .child_tid = child_tid,
                  .tls = tls},
                 registers);
}

Answer Clone3(arch::UserRegisters& registers, VirtAddr at, std::uint64_t bytes) {
  constexpr std::uint64_t kFirstSize = 64;  // CLONE_ARGS_SIZE_VER0
  if (bytes < kFirstSize) return Status::kInvalidArgument;
  if (bytes > kPageSize) return Errno::kTooBig;
  CloneArguments arguments{};
  ESC_TRY(mm::CopyFromUser(&arguments, at, std::min<std::uint64_t>(bytes, sizeof(arguments))));
  // What a later Linux adds must be zero here, so that it is not passed over in silence.
  for (std::uint64_t extra = sizeof(arguments); extra < bytes; ++extra) {
    if (ESC_TRY(mm::ReadUser<std::uint8_t>(at + extra)) != 0) return Errno::kTooBig;
  }
  const bool stack_in_part = (arguments.stack == 0) != (arguments.stack_bytes == 0);
  if ((arguments.flags & kCloneSignalMask) != 0 || arguments.set_tid_count != 0 || stack_in_part) return Status::kInvalidArgument;
  const std::uint64_t top = arguments.stack == 0 ? 0 : arguments.stack + arguments.stack_bytes;
  return CloneAs({.flags = arguments.flags,
                  .exit_signal = arguments.exit_signal,
                  .stack = {top},
                  .parent_tid = {arguments.parent_tid},
                  .child_tid = {arguments.child_tid},
                  .tls = arguments.tls},
                 registers);
}

}  // namespace esc::linux_abi
