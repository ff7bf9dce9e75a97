// What creation, exec, exit and signals share of a process's life. Core's own.
#pragma once

#include "kernel/base/spin_lock.h"
#include "kernel/core/process.h"
#include "kernel/core/process/process_table.h"
#include "kernel/core/thread.h"

namespace esc::core {

// The parent of a vfork goes on.
void ReleaseVforkParent(Process& process);
// The running thread leaves its memory: nothing of it is loaded on this CPU any more.
void LeaveAddressSpace(Thread& self);
// Tells the parent of a stop, a continuation or an end: SIGCHLD and a look for waiters.
void NotifyParent(Process& process) ESC_REQUIRES(process_table_lock);
// A stop or continuation, for wait and the parent.
void ReportChange(Process& process, ExitStatus::Kind kind, Signal signal) ESC_REQUIRES(process_table_lock);
// After somebody's end: SIGHUP and SIGCONT to the group if it has lost its last outside parent and somebody in it is stopped
// (POSIX, _exit()).
void HangUpOrphanedGroup(Pid group) ESC_REQUIRES(process_table_lock);
// All threads of the process are to end; `ending` is what wait will tell, unless it was ending already.
void BeginExit(Process& process, const ExitStatus& ending) ESC_REQUIRES(process.lock);
// Makes the thread look at its signals soon, wherever it is.
void WakeForSignal(Thread& thread);
[[noreturn]] void RunInitExitHook(const ExitStatus& status);

}  // namespace esc::core
