// Creation: fork, vfork, threads, init and kernel threads. Everything that can fail comes before anybody else sees the
// new thread; what was made before a failure goes with its references.
#include <cstring>
#include <utility>

#include "kernel/arch_api/thread.h"
#include "kernel/base/check.h"
#include "kernel/base/port.h"
#include "kernel/core/dispatch/dispatcher.h"
#include "kernel/core/dispatch/switch.h"
#include "kernel/core/process.h"
#include "kernel/core/process/life.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/sched_api/thread_access.h"
#include "kernel/core/thread.h"
#include "kernel/core/thread/thread_factory.h"
#include "kernel/mm/user_copy.h"

namespace esc::core {
namespace {

// A user thread's first step, interrupts off.
void EnterUserThread(void* argument) {
  auto& self = *static_cast<Thread*>(argument);
  FinishSwitch();
  port::EnableInterrupts();
  if (self.set_child_tid.value != 0) {
    // A bad address is the program's own trouble, as on Linux.
    (void)mm::WriteUser<std::int32_t>(self.set_child_tid, self.tid().value);
  }
  arch::EnterUser(self.context);
}

struct KernelThreadStart {
  void (*entry)(void*);
  void* argument;
};

// A kernel thread's first step, interrupts off; its entry and argument lie where a user thread's registers would.
void EnterKernelThread(void* argument) {
  auto& self = *static_cast<Thread*>(argument);
  FinishSwitch();
  KernelThreadStart start;
  std::memcpy(&start, &arch::UserFrame(self.context), sizeof start);
  port::EnableInterrupts();
  start.entry(start.argument);
  ExitThread();
}

void Inherit(Thread& child, const Thread& parent) {
  sched::Parameters parameters = parent.dispatch.base;
  // A budget was admitted for one thread: its children have to ask for their own.
  parameters.runtime = parameters.deadline = parameters.period = Nanos{};
  child.dispatch.base = parameters;
  sched::ThreadAccess::SetParameters(child, parameters);
  sched::ThreadAccess::SetAffinity(child, parent.affinity());
}

// The child's registers and thread-local state, as the running thread's are now.
void CopyThreadState(Thread& child, Thread& self, const CloneOptions& options, const arch::UserRegisters& registers) {
  Inherit(child, self);
  child.context.fs_base = options.set_tls ? options.tls : self.context.fs_base;
  child.context.gs_base = self.context.gs_base;
  {
    InterruptGuard interrupts;
    arch::SaveFpu(self.context);
    std::memcpy(child.context.fpu, self.context.fpu, arch::FpuStateBytes());
  }
  arch::InitThread(child.context, &EnterUserThread, &child);
  arch::UserRegisters& frame = child.user_registers();
  frame = registers;
  frame.rax = 0;
  if (options.stack.value != 0) frame.rsp = options.stack.value;
  child.blocked_signals = self.blocked_signals;
  if (!options.share_memory || options.suspend_parent) {
    child.signal_stack = self.signal_stack;
    child.signal_stack_bytes = self.signal_stack_bytes;
    child.signal_stack_flags = self.signal_stack_flags;
    child.rseq_area = self.rseq_area;
  }
  child.clear_child_tid = options.clear_child_tid;
  child.set_child_tid = options.set_child_tid;
}

void TellParentTid(const CloneOptions& options, Tid tid) {
  if (options.set_parent_tid.value == 0) return;
  (void)mm::WriteUser<std::int32_t>(options.set_parent_tid, tid.value);
}

Result<Tid> CloneThread(Thread& self, const CloneOptions& options, const arch::UserRegisters& registers) {
  NewId id = ESC_TRY(ProcessTable::AllocateId(ProcessTable::For::kThread));
  Process& process = self.process();
  const mm::RefPtr<Thread> thread =
      ESC_TRY(ThreadFactory::Create(process, id.id(), ThreadFactory::Kind::kUser));
  CopyThreadState(*thread, self, options, registers);
  thread->dispatch.space = self.dispatch.space;
  {
    SpinLockGuard guard(process.lock);
    // The caller is about to end, too: no thread may slip in behind the one that ends them all.
    if (process.exiting || self.exit_requested.load(std::memory_order_relaxed)) return Status::kRestart;
    process.threads.push_back(*thread);
    process.multithreaded.store(true, std::memory_order_relaxed);
  }
  const Tid tid = id.Keep();
  ProcessTable::Remember(*thread);
  TellParentTid(options, tid);
  MakeReady(*thread);
  return tid;
}

// Copies what fork copies and shares what the options share.
Status FillProcess(Process& child, Process& parent, const CloneOptions& options) {
  mm::RefPtr<mm::AddressSpace> memory;
  mm::RefPtr<DescriptorTable> descriptors;
  mm::RefPtr<PathContext> paths;
  {
    SpinLockGuard guard(parent.lock);
    memory = parent.memory;
    descriptors = parent.descriptors;
    paths = parent.paths;
  }
  if (!options.share_memory) memory = ESC_TRY(memory->Fork());
  if (!options.share_descriptors && descriptors) descriptors = ESC_TRY(descriptors->Fork());
  if (!options.share_paths && paths) paths = ESC_TRY(paths->Fork());
  child.exit_signal = options.exit_signal;
  // Two locks of one rank are never held together: what is the parent's goes through this copy.
  struct Copied {
    Credentials credentials;
    GroupList groups;
    std::array<Limit, kResources> limits;
    std::array<SignalAction, 65> actions;
    ProgramInfo program;
    CpuSet affinity;
  };
  mm::Owned<Copied> copied = ESC_TRY(mm::New<Copied>());
  {
    SpinLockGuard guard(parent.lock);
    *copied = {parent.credentials, parent.groups, parent.limits, parent.actions, parent.program, parent.affinity};
  }
  SpinLockGuard guard(child.lock);
  child.memory = std::move(memory);
  child.descriptors = std::move(descriptors);
  child.paths = std::move(paths);
  child.credentials = copied->credentials;
  child.groups = copied->groups;
  child.limits = copied->limits;
  child.actions = copied->actions;
  child.program = copied->program;
  child.affinity = copied->affinity;
  child.vfork_pending = options.suspend_parent;
  return Status::kOk;
}

// RLIMIT_NPROC; root has none.
Status CheckProcessLimit(Process& parent) {
  std::uint64_t limit;
  std::uint32_t uid;
  {
    SpinLockGuard guard(parent.lock);
    limit = parent.limits[static_cast<std::size_t>(Resource::kProcesses)].current;
    uid = parent.credentials.uid;
  }
  if (uid == 0 || limit == ~std::uint64_t{0}) return Status::kOk;
  std::uint64_t owned = 0;
  ForEachProcess([&](Process& process) {
    SpinLockGuard guard(process.lock);
    owned += process.credentials.uid == uid ? 1 : 0;
  });
  return owned < limit ? Status::kOk : Status::kWouldBlock;
}

// A thread that is to end does not wait on: its child may pause for ever. The child keeps the memory alive.
void WaitForVforkChild(Process& child) {
  SpinLockGuard guard(child.lock);
  while (child.vfork_pending && Ok(child.vfork_done.Wait(child.lock, Interruptible::kByEnd))) {
  }
}

// Links process and thread, and lets it run.
void Launch(const mm::RefPtr<Process>& process, const mm::RefPtr<Thread>& thread, NewId id, Process* parent,
            const CloneOptions& options) {
  {
    SpinLockGuard guard(process->lock);
    thread->dispatch.space = process->memory;
    process->threads.push_back(*thread);
  }
  {
    SpinLockGuard guard(process_table_lock);
    if (parent == nullptr) {
      ProcessTable::Link(*process, std::move(id), ProcessTable::Kernel(), process->pid(), process->pid());
    } else {
      const Pid group = parent->group;
      const Pid session = parent->session;
      if (options.parent_is_siblings && parent->parent != nullptr) parent = parent->parent;
      ProcessTable::Link(*process, std::move(id), *parent, group, session);
    }
  }
  ProcessTable::Remember(*thread);
  TellParentTid(options, thread->tid());
  MakeReady(*thread);
}

}  // namespace

Result<Tid> Clone(const CloneOptions& options, const arch::UserRegisters& registers) {
  Thread& self = CurrentThread();
  if (options.same_process) return CloneThread(self, options, registers);
  Process& parent = self.process();
  ESC_TRY(CheckProcessLimit(parent));
  NewId id = ESC_TRY(ProcessTable::AllocateId(ProcessTable::For::kProcess));
  const mm::RefPtr<Process> process = ESC_TRY(ProcessTable::NewProcess(id));
  const mm::RefPtr<Thread> thread =
      ESC_TRY(ThreadFactory::Create(*process, id.id(), ThreadFactory::Kind::kUser));
  ESC_TRY(FillProcess(*process, parent, options));
  CopyThreadState(*thread, self, options, registers);
  const Pid pid = process->pid();
  Launch(process, thread, std::move(id), &parent, options);
  if (options.suspend_parent) WaitForVforkChild(*process);
  return pid;
}

Result<Pid> StartInit(mm::RefPtr<mm::AddressSpace> memory, mm::RefPtr<DescriptorTable> descriptors,
                      mm::RefPtr<PathContext> paths, const ProgramInfo& program,
                      const arch::UserRegisters& registers) {
  NewId id = ESC_TRY(ProcessTable::AllocateInitId());
  const mm::RefPtr<Process> process = ESC_TRY(ProcessTable::NewProcess(id));
  const mm::RefPtr<Thread> thread =
      ESC_TRY(ThreadFactory::Create(*process, id.id(), ThreadFactory::Kind::kUser));
  arch::InitThread(thread->context, &EnterUserThread, thread.get());
  thread->user_registers() = registers;
  {
    SpinLockGuard guard(process->lock);
    process->memory = std::move(memory);
    process->descriptors = std::move(descriptors);
    process->paths = std::move(paths);
    process->program = program;
  }
  const Pid pid = process->pid();
  Launch(process, thread, std::move(id), nullptr, CloneOptions{});
  return pid;
}

Result<mm::RefPtr<Thread>> StartKernelThread(std::string_view name, void (*entry)(void*), void* argument,
                                             const sched::Parameters& parameters) {
  static_assert(sizeof(KernelThreadStart) <= sizeof(arch::UserRegisters));
  NewId id = ESC_TRY(ProcessTable::AllocateId(ProcessTable::For::kThread));
  Process& process = ProcessTable::Kernel();
  mm::RefPtr<Thread> thread = ESC_TRY(ThreadFactory::Create(process, id.id(), ThreadFactory::Kind::kKernel));
  name.copy(thread->name.data(), thread->name.size() - 1);
  thread->dispatch.base = parameters;
  sched::ThreadAccess::SetParameters(*thread, parameters);
  arch::InitThread(thread->context, &EnterKernelThread, thread.get());
  const KernelThreadStart start{entry, argument};
  std::memcpy(&arch::UserFrame(thread->context), &start, sizeof start);
  {
    SpinLockGuard guard(process.lock);
    process.threads.push_back(*thread);
  }
  id.Keep();
  ProcessTable::Remember(*thread);
  MakeReady(*thread);
  return thread;
}

}  // namespace esc::core
