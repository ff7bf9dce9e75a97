// Every process and thread by its number, and the tree of processes. Core's own; others use process.h.
//
// Locking: lock() (kProcessTable) guards the tree, the numbers, groups and sessions, states and exit statuses. Finding a
// process by number takes none of it but one of many small leaf locks, held for as long as it takes to add a reference.
#pragma once

#include <cstdint>

#include "kernel/base/function_ref.h"
#include "kernel/base/spin_lock.h"
#include "kernel/base/status.h"
#include "kernel/base/units.h"
#include "kernel/core/process.h"
#include "kernel/core/thread.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::core {

extern SpinLock process_table_lock;

// A number that goes back unless it is kept: the undo of creation.
class NewId {
 public:
  NewId() = default;
  NewId(Pid id, bool process) : id_(id), process_(process) {}
  NewId(NewId&& other) noexcept : id_(other.id_), process_(other.process_) { other.id_ = Pid{}; }
  NewId& operator=(NewId&&) = delete;
  ~NewId();
  Pid id() const { return id_; }
  Pid Keep() {
    const Pid id = id_;
    id_ = Pid{};
    return id;
  }

 private:
  Pid id_{};
  bool process_ = false;
};

class ProcessTable {
 public:
  static Status Init(std::uint32_t max_processes);
  // Pid 0: owns the kernel threads.
  static Process& Kernel();
  // Pid 1; nullptr before StartInit.
  static Process* InitProcess() ESC_REQUIRES(process_table_lock);

  enum class For : std::uint8_t { kProcess, kThread };
  // kNoMemory; kWouldBlock when there are max_processes, or no number is free.
  static Result<NewId> AllocateId(For what);
  static Result<NewId> AllocateInitId();

  // A process that nobody knows yet, with `id` for a number.
  static Result<mm::RefPtr<Process>> NewProcess(const NewId& id);
  // Enters it into the table and below `parent`, in `group` and `session`. It keeps its number.
  static void Link(Process& process, NewId id, Process& parent, Pid group, Pid session)
      ESC_REQUIRES(process_table_lock);
  // Takes a zombie out of both and frees its number; the table's reference is the caller's to drop, without locks.
  static mm::RefPtr<Process> Unlink(Process& process) ESC_REQUIRES(process_table_lock);
  static void SetParent(Process& child, Process& parent) ESC_REQUIRES(process_table_lock);
  static void SetGroup(Process& process, Pid group) ESC_REQUIRES(process_table_lock);
  static void SetSession(Process& process, Pid session) ESC_REQUIRES(process_table_lock);
  static void SetState(Process& process, State to) ESC_REQUIRES(process_table_lock);

  // Threads by number. Forget before the thread's last reference can go; the leader's number is its process's.
  static void Remember(Thread& thread);
  static void Forget(Thread& thread);
  static void ReleaseThreadId(Tid tid);

  // Every process of the group, under the lock.
  static bool ForEachInGroup(Pid group, FunctionRef<void(Process&)> visit) ESC_REQUIRES(process_table_lock);
  static bool SessionExists(Pid session) ESC_REQUIRES(process_table_lock);
  // The lowest number in use that is at least `from`, of a process or thread; 0 for none.
  static Pid NextId(Pid from);
};

}  // namespace esc::core
