#include "kernel/linux_abi/current.h"

#include "kernel/linux_abi/numbers.h"

namespace esc::linux_abi {

using core::CurrentProcess;
using core::CurrentThread;

mm::RefPtr<core::DescriptorTable> CurrentDescriptors() {
  core::Process& process = CurrentProcess();
  SpinLockGuard guard(process.lock);
  return process.descriptors;
}

mm::RefPtr<mm::AddressSpace> CurrentMemory() {
  core::Process& process = CurrentProcess();
  SpinLockGuard guard(process.lock);
  return process.memory;
}

core::Credentials CurrentCredentials() {
  core::Process& process = CurrentProcess();
  SpinLockGuard guard(process.lock);
  return process.credentials;
}

Result<mm::RefPtr<core::File>> FileOf(int descriptor) { return CurrentDescriptors()->Get(descriptor); }

Result<mm::RefPtr<fs::Node>> BaseOf(int descriptor, std::string_view path) {
  if (descriptor == kAtWorkingDirectory || path.starts_with('/')) return mm::RefPtr<fs::Node>();
  const mm::RefPtr<core::File> file = ESC_TRY(FileOf(descriptor));
  mm::RefPtr<fs::Node> node = fs::AsOpenFile(*file).node_ref();
  if (!node) return Status::kNotDirectory;
  if (node->type() != fs::NodeType::kDirectory && !path.empty()) return Status::kNotDirectory;
  return node;
}

mm::RefPtr<core::Thread> FindThread(Tid tid) {
  mm::RefPtr<core::Thread> found;
  const auto search = [&](core::Process& process) {
    SpinLockGuard guard(process.lock);
    for (core::Thread& thread : process.threads) {
      if (thread.tid() == tid) found = mm::RefPtr<core::Thread>(&thread);
    }
  };
  if (CurrentThread().tid() == tid) return mm::RefPtr<core::Thread>(&CurrentThread());
  search(CurrentProcess());
  if (found) return found;
  if (const mm::RefPtr<core::Process> process = core::FindProcess(tid); process) search(*process);
  if (!found) core::ForEachProcess(search);
  return found;
}

core::SignalSet CurrentMask() {
  core::Process& process = CurrentProcess();
  SpinLockGuard guard(process.lock);
  return CurrentThread().blocked_signals;
}

}  // namespace esc::linux_abi
