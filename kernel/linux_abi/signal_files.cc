#include "kernel/linux_abi/signal_files.h"

#include <atomic>
#include <cstring>

#include "kernel/core/park.h"
#include "kernel/core/signal.h"
#include "kernel/core/wait_queue.h"
#include "kernel/fs/anonymous_node.h"
#include "kernel/linux_abi/current.h"
#include "kernel/linux_abi/layout.h"
#include "kernel/linux_abi/numbers.h"
#include "kernel/linux_abi/signal_frame.h"
#include "kernel/linux_abi/signals.h"
#include "kernel/linux_abi/state.h"
#include "kernel/mm/user_copy.h"

namespace esc::linux_abi {
namespace {

using core::Signal;
using core::SignalInfo;
using core::SignalSet;

SignalFileRecord FileRecordOf(const SignalInfo& info) {
  const SignalInfoRecord told = RecordOf(info);
  SignalFileRecord record;
  std::memset(&record, 0, sizeof(record));
  record.signal = static_cast<std::uint32_t>(info.signal);
  record.code = info.code;
  record.pid = static_cast<std::uint32_t>(info.sender.value);
  record.uid = info.sender_uid;
  if (info.signal == Signal::kChild) record.status = told.child.status;
  if (info.code == kCodeQueue) {
    record.pointer = info.address;
    record.integer = static_cast<std::int32_t>(info.address);
  }
  return record;
}

// Whose signals it gives is decided by who reads: the running process, as on Linux.
class SignalFile final : public fs::OpenFile {
 public:
  SignalFile(core::OpenMode mode, mm::RefPtr<fs::Node> node, SignalSet set) : OpenFile(mode, std::move(node)), set_(set.bits()) {}

  Result<std::size_t> Read(core::IoBuffer buffer) override {
    if (buffer.remaining() < sizeof(SignalFileRecord)) return Status::kInvalidArgument;
    SignalInfo info = ESC_TRY(WaitForOne());
    do {
      const SignalFileRecord record = FileRecordOf(info);
      ESC_TRY(buffer.CopyOut(&record, sizeof(record)));
      if (buffer.remaining() < sizeof(record)) break;
      info = TakePending(set());
    } while (info.signal != Signal::kNone);
    return buffer.done();
  }
  Result<std::size_t> Write(core::IoBuffer) override { return Status::kInvalidArgument; }
  core::Readiness Poll() override {
    return (PendingSignals().bits() & set().bits()) != 0 ? core::Readiness::kReadable : core::Readiness::kNone;
  }
  core::WaitQueue* PollQueue() override { return &GlobalState().held_signals; }
  bool IsSignalFile() const override { return true; }

  void SetSignals(SignalSet set) {
    set_.store(set.bits(), std::memory_order_relaxed);
    GlobalState().held_signals.WakeAll();
  }

 private:
  SignalSet set() const { return SignalSet(set_.load(std::memory_order_relaxed)); }

  Result<SignalInfo> WaitForOne() {
    while (true) {
      SignalInfo info = TakePending(set());
      if (info.signal != Signal::kNone) return info;
      if (mode().non_blocking) return Status::kWouldBlock;
      core::PreparePark();
      core::Waiter waiter(GlobalState().held_signals);
      // Linked first: what comes from here on wakes us.
      info = TakePending(set());
      if (info.signal != Signal::kNone) return info;
      if (core::Park(core::Interruptible::kYes) == Status::kInterrupted) return Status::kRestart;
    }
  }

  std::atomic<std::uint64_t> set_;  // one word, which readers may see before or after a change
};

Answer ChangeSignals(int descriptor, SignalSet set) {
  const mm::RefPtr<core::File> file = ESC_TRY(FileOf(descriptor));
  if (!fs::AsOpenFile(*file).IsSignalFile()) return Status::kInvalidArgument;
  static_cast<SignalFile&>(*file).SetSignals(set);
  return descriptor;
}

}  // namespace

Answer MakeSignalFile4(int descriptor, VirtAddr set_at, std::uint64_t set_bytes, std::uint32_t flags) {
  if (set_bytes != sizeof(std::uint64_t)) return Status::kInvalidArgument;
  SignalSet set(ESC_TRY(mm::ReadUser<std::uint64_t>(set_at)));
  if ((flags & ~(kOpenCloseOnExec | kOpenNonBlock)) != 0) return Status::kInvalidArgument;
  set.Remove(Signal::kKill);
  set.Remove(Signal::kStop);
  if (descriptor != -1) return ChangeSignals(descriptor, set);
  const core::OpenMode mode{.readable = true, .writable = true, .non_blocking = (flags & kOpenNonBlock) != 0};
  const auto file = ESC_TRY(mm::MakeRef<SignalFile>(mode, ESC_TRY(fs::AnonymousNode::Create()), set));
  return CurrentDescriptors()->Add(
      file, (flags & kOpenCloseOnExec) != 0 ? core::CloseOnExec::kYes : core::CloseOnExec::kNo);
}

Answer MakeSignalFile(int descriptor, VirtAddr set, std::uint64_t set_bytes) {
  return MakeSignalFile4(descriptor, set, set_bytes, 0);
}

}  // namespace esc::linux_abi
