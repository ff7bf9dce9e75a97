#include "kernel/core/process/process_table.h"

#include <array>
#include <atomic>
#include <new>
#include <utility>

#include "kernel/arch_api/clock.h"
#include "kernel/base/check.h"
#include "kernel/base/log.h"
#include "kernel/core/process/pid_allocator.h"
#include "kernel/mm/heap.h"

namespace esc::core {

constinit SpinLock process_table_lock{LockRank::kProcessTable};

namespace {

// What a number stands for. `process` and `thread` are guarded by the entry's leaf lock, `uses` by the table's lock: a
// number is free again when no process, thread, group or session has it.
struct Entry {
  mm::RefPtr<Process> process;
  Thread* thread = nullptr;  // alive for as long as it stands here
  std::uint32_t uses = 0;
};

constexpr std::size_t kLeafEntries = 512;
constexpr std::size_t kLeaves = PidAllocator::kMaxPid / kLeafEntries + 1;
struct Leaf {
  std::array<Entry, kLeafEntries> entries;
};
struct LeafLock {
  SpinLock lock{LockRank::kLeaf};
};

struct Table {
  PidAllocator pids ESC_GUARDED_BY(process_table_lock);
  std::array<std::atomic<Leaf*>, kLeaves> leaves{};  // made at need, never freed
  std::array<LeafLock, 64> leaf_locks;
  std::atomic<std::uint32_t> processes{0};  // written under the table's lock
  std::uint32_t max_processes = 0;
  Process* kernel = nullptr;  // its reference stands in entry 0
  Process* init ESC_GUARDED_BY(process_table_lock) = nullptr;
};
constinit Table table;

SpinLock& LockOf(Pid pid) { return table.leaf_locks[static_cast<std::size_t>(pid.value) % table.leaf_locks.size()].lock; }

Entry* EntryOf(Pid pid) {
  if (pid.value < 0 || pid.value > PidAllocator::kMaxPid) return nullptr;
  const auto index = static_cast<std::size_t>(pid.value);
  Leaf* leaf = table.leaves[index / kLeafEntries].load(std::memory_order_acquire);
  return leaf == nullptr ? nullptr : &leaf->entries[index % kLeafEntries];
}

Status MakeLeafFor(Pid pid) {
  std::atomic<Leaf*>& slot = table.leaves[static_cast<std::size_t>(pid.value) / kLeafEntries];
  if (slot.load(std::memory_order_relaxed) != nullptr) return Status::kOk;
  mm::Owned<Leaf> leaf = ESC_TRY(mm::New<Leaf>());
  slot.store(leaf.release(), std::memory_order_release);
  return Status::kOk;
}

void Hold(Pid pid) ESC_REQUIRES(process_table_lock) {
  if (pid.value != 0) ++EntryOf(pid)->uses;
}

void Drop(Pid pid) ESC_REQUIRES(process_table_lock) {
  if (pid.value == 0) return;
  Entry* entry = EntryOf(pid);
  ESC_CHECK(entry != nullptr && entry->uses != 0);
  if (--entry->uses == 0) table.pids.Release(pid);
}

}  // namespace

NewId::~NewId() {
  if (id_.value == 0) return;
  SpinLockGuard guard(process_table_lock);
  if (process_) table.processes.fetch_sub(1, std::memory_order_relaxed);
  Drop(id_);
}

Status ProcessTable::Init(std::uint32_t max_processes) {
  new (&table) Table();  // a simulated machine starts anew in the same program
  table.max_processes = max_processes;
  ESC_TRY(MakeLeafFor(Pid{0}));
  EntryOf(Pid{0})->process = ESC_TRY(mm::MakeRef<Process>());
  table.kernel = EntryOf(Pid{0})->process.get();
  Process& kernel = *table.kernel;
  constexpr std::string_view kName = "kernel";
  SpinLockGuard guard(process_table_lock);
  SetState(kernel, State::kReady);
  SpinLockGuard kernel_guard(kernel.lock);
  kName.copy(kernel.program.name.data(), kernel.program.name.size() - 1);
  return Status::kOk;
}

Process& ProcessTable::Kernel() { return *table.kernel; }
Process* ProcessTable::InitProcess() { return table.init; }

Result<NewId> ProcessTable::AllocateId(For what) {
  SpinLockGuard guard(process_table_lock);
  const bool process = what == For::kProcess;
  if (process && table.processes.load(std::memory_order_relaxed) >= table.max_processes) return Status::kWouldBlock;
  const Pid id = ESC_TRY(table.pids.Allocate());
  if (const Status status = MakeLeafFor(id); !Ok(status)) {
    table.pids.Release(id);
    return status;
  }
  Hold(id);
  if (process) table.processes.fetch_add(1, std::memory_order_relaxed);
  return NewId(id, process);
}

Result<NewId> ProcessTable::AllocateInitId() {
  SpinLockGuard guard(process_table_lock);
  ESC_TRY(MakeLeafFor(Pid{1}));
  ESC_TRY(table.pids.Take(Pid{1}));
  Hold(Pid{1});
  table.processes.fetch_add(1, std::memory_order_relaxed);
  return NewId(Pid{1}, true);
}

Result<mm::RefPtr<Process>> ProcessTable::NewProcess(const NewId& id) {
  mm::RefPtr<Process> process = ESC_TRY(mm::MakeRef<Process>());
  process->pid_ = id.id();
  SpinLockGuard guard(process->lock);
  process->started = arch::Now();
  return process;
}

void ProcessTable::Link(Process& process, NewId id, Process& parent, Pid group, Pid session) {
  const Pid pid = id.Keep();
  if (pid == Pid{1}) table.init = &process;
  process.linked_ = true;
  process.parent = &parent;
  parent.children.push_back(process);
  SetGroup(process, group);
  SetSession(process, session);
  SetState(process, State::kReady);
  SpinLockGuard guard(LockOf(pid));
  EntryOf(pid)->process = mm::RefPtr<Process>(&process);
}

mm::RefPtr<Process> ProcessTable::Unlink(Process& process) {
  ESC_CHECK(process.linked_);
  process.linked_ = false;
  process.parent->children.remove(process);
  process.parent = nullptr;
  SetState(process, State::kDead);
  SetGroup(process, Pid{});
  SetSession(process, Pid{});
  mm::RefPtr<Process> reference;
  {
    SpinLockGuard guard(LockOf(process.pid_));
    reference = std::move(EntryOf(process.pid_)->process);
  }
  table.processes.fetch_sub(1, std::memory_order_relaxed);
  Drop(process.pid_);
  return reference;
}

void ProcessTable::SetParent(Process& child, Process& parent) {
  child.parent->children.remove(child);
  child.parent = &parent;
  parent.children.push_back(child);
}

void ProcessTable::SetGroup(Process& process, Pid group) {
  Hold(group);
  Drop(std::exchange(process.group, group));
}

void ProcessTable::SetSession(Process& process, Pid session) {
  Hold(session);
  Drop(std::exchange(process.session, session));
}

void ProcessTable::SetState(Process& process, State to) {
  ESC_CHECK(LegalTransition(process.state, to));
  process.state = to;
}

void ProcessTable::Remember(Thread& thread) {
  SpinLockGuard guard(LockOf(thread.tid()));
  EntryOf(thread.tid())->thread = &thread;
}

void ProcessTable::Forget(Thread& thread) {
  SpinLockGuard guard(LockOf(thread.tid()));
  EntryOf(thread.tid())->thread = nullptr;
}

void ProcessTable::ReleaseThreadId(Tid tid) {
  SpinLockGuard guard(process_table_lock);
  Drop(tid);
}

bool ProcessTable::ForEachInGroup(Pid group, FunctionRef<void(Process&)> visit) {
  bool any = false;
  for (Pid pid = table.pids.NextUsed(Pid{1}); pid.value != 0; pid = table.pids.NextUsed(Pid{pid.value + 1})) {
    Process* process;
    {
      SpinLockGuard guard(LockOf(pid));
      process = EntryOf(pid)->process.get();
    }
    // Alive: leaving the table takes the lock that our caller holds.
    if (process == nullptr || process->group != group) continue;
    any = true;
    visit(*process);
  }
  return any;
}

bool ProcessTable::SessionExists(Pid session) {
  for (Pid pid = table.pids.NextUsed(Pid{1}); pid.value != 0; pid = table.pids.NextUsed(Pid{pid.value + 1})) {
    SpinLockGuard guard(LockOf(pid));
    const Process* process = EntryOf(pid)->process.get();
    if (process != nullptr && process->session == session) return true;
  }
  return false;
}

Pid ProcessTable::NextId(Pid from) {
  SpinLockGuard guard(process_table_lock);
  return table.pids.NextUsed(from);
}

mm::RefPtr<Process> FindProcess(Pid pid) {
  Entry* entry = EntryOf(pid);
  if (entry == nullptr) return nullptr;
  SpinLockGuard guard(LockOf(pid));
  return entry->process;
}

mm::RefPtr<Thread> FindThread(Tid tid) {
  Entry* entry = EntryOf(tid);
  if (entry == nullptr) return nullptr;
  SpinLockGuard guard(LockOf(tid));
  return entry->thread == nullptr ? mm::RefPtr<Thread>() : mm::RefPtr<Thread>(entry->thread);
}

Status UpdateProcess(Pid pid, FunctionRef<Status(Process&)> f) {
  const mm::RefPtr<Process> process = FindProcess(pid);
  if (!process) return Status::kNoSuchProcess;
  SpinLockGuard guard(process->lock);
  return f(*process);
}

void ForEachProcess(FunctionRef<void(Process&)> visit) {
  for (Pid pid = ProcessTable::NextId(Pid{1}); pid.value != 0; pid = ProcessTable::NextId(Pid{pid.value + 1})) {
    const mm::RefPtr<Process> process = FindProcess(pid);
    if (process) visit(*process);
  }
}

std::uint32_t CountProcesses() { return table.processes.load(std::memory_order_relaxed); }

}  // namespace esc::core
