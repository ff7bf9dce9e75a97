#include "kernel/core/thread/thread_factory.h"

#include <new>

#include "kernel/arch_api/thread.h"
#include "kernel/base/bits.h"
#include "kernel/base/check.h"
#include "kernel/core/sched_api/thread_access.h"
#include "kernel/core/thread/thread_slab.h"
#include "kernel/mm/heap.h"
#include "kernel/mm/kernel_stack.h"

namespace esc::core {
namespace {

constinit ThreadSlab slab;
constexpr std::size_t kStateOffset = AlignUp<std::size_t>(sizeof(Thread), sched::Thread::kStateAlignment);
constexpr std::size_t kPendingInfos = 65;  // index: signal number

}  // namespace

Status ThreadFactory::Init(std::size_t plugin_state_bytes) {
  new (&slab) ThreadSlab();  // a simulated machine starts anew in the same program
  return slab.Init(kStateOffset + plugin_state_bytes);
}

Result<mm::RefPtr<Thread>> ThreadFactory::CreateIdle(Process& process) {
  void* slot = slab.Allocate();
  if (slot == nullptr) return Status::kNoMemory;
  mm::RefPtr<Thread> thread(new (slot) Thread());
  thread->process_ = mm::RefPtr<Process>(&process);
  sched::ThreadAccess::SetState(*thread, static_cast<std::byte*>(slot) + kStateOffset);
  return thread;
}

// What was made before a failure goes with the thread's last reference.
Result<mm::RefPtr<Thread>> ThreadFactory::Create(Process& process, Tid tid, Kind kind) {
  mm::RefPtr<Thread> thread = ESC_TRY(CreateIdle(process));
  sched::ThreadAccess::SetId(*thread, tid);
  thread->stack_ = ESC_TRY(mm::AllocateKernelStack());
  thread->context.stack_bottom = thread->stack_.bottom;
  thread->context.stack_top = thread->stack_.top;
  if (kind == Kind::kKernel) return thread;
  thread->context.fpu = mm::Allocate(arch::FpuStateBytes(), 64);
  if (thread->context.fpu == nullptr) return Status::kNoMemory;
  arch::InitFpuState(thread->context.fpu);
  void* infos = mm::Allocate(kPendingInfos * sizeof(SignalInfo));
  if (infos == nullptr) return Status::kNoMemory;
  thread->pending_info = new (infos) SignalInfo[kPendingInfos];
  return thread;
}

bool ThreadFactory::IsThread(const void* address) { return slab.IsUsed(address); }

void ThreadFactory::Release(Thread& thread) {
  mm::Free(thread.pending_info);
  mm::Free(thread.context.fpu);
  if (thread.stack_.top.value != 0) mm::FreeKernelStack(thread.stack_);
}

void ThreadFactory::Destroy(Thread* thread) {
  // Its process may be destroyed with it, after the slot is free.
  const mm::RefPtr<Process> process = std::move(thread->process_);
  thread->~Thread();
  slab.Free(thread);
}

}  // namespace esc::core
