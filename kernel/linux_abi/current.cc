#include "kernel/linux_abi/current.h"

#include <atomic>
#include <utility>

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

namespace {

// The running process's table when only this thread can change it, else null. Only this thread could make a second one, or let
// another process share the table; who looks at it from outside (/proc/PID/fd) takes references and changes nothing.
core::DescriptorTable* OwnDescriptors(core::Process& process) ESC_NO_THREAD_SAFETY_ANALYSIS {
  if (process.multithreaded.load(std::memory_order_acquire)) return nullptr;
  core::DescriptorTable* const table = process.descriptors.get();
  if (table->references() != 1) return nullptr;
  // Behind it lies all that a process which shared the table until now has done to it.
  std::atomic_thread_fence(std::memory_order_acquire);
  return table;
}

}  // namespace

HeldFile::HeldFile(int descriptor) {
  if (core::DescriptorTable* const own = OwnDescriptors(CurrentProcess()); own != nullptr) {
    file_ = own->Peek(descriptor);
    return;
  }
  if (Result<mm::RefPtr<core::File>> file = FileOf(descriptor); file.ok()) {
    counted_ = *std::move(file);
    file_ = counted_.get();
  }
}

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
