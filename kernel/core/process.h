// Process: the unit of ownership. Memory, descriptors, signal handlers, credentials, accounting and the tree of
// parents and children; threads run in it (thread.h).
//
// Locking. Fields are grouped by what guards them. The tree, the state and the exit status: the process table's
// lock (kProcessTable). The rest: lock (kProcess), directly or through UpdateProcess. Creation is all or
// nothing: each step has its undo.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kernel/arch_api/user_registers.h"
#include "kernel/base/cpu_set.h"
#include "kernel/base/function_ref.h"
#include "kernel/base/intrusive_list.h"
#include "kernel/base/spin_lock.h"
#include "kernel/base/status.h"
#include "kernel/base/units.h"
#include "kernel/core/descriptor_table.h"
#include "kernel/core/signal.h"
#include "kernel/core/thread_state.h"
#include "kernel/core/wait_queue.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::core {

class Thread;

struct Credentials {
  std::uint32_t uid = 0, euid = 0, suid = 0;
  std::uint32_t gid = 0, egid = 0, sgid = 0;
};

// The supplementary groups (setgroups).
struct GroupList {
  static constexpr std::size_t kMost = 32;
  std::array<std::uint32_t, kMost> ids{};
  std::uint32_t count = 0;
};

// The limits of setrlimit; `current` is the soft one. In the resource's own unit; ~0 is none.
enum class Resource : std::uint8_t {
  kCpu, kFileSize, kData, kStack, kCore, kResident, kProcesses, kOpenFiles, kLockedMemory, kAddressSpace, kLocks,
  kPendingSignals, kMessageQueues, kNice, kRealTimePriority, kRealTimeTime,
};
inline constexpr std::size_t kResources = 16;
struct Limit {
  std::uint64_t current = ~std::uint64_t{0};
  std::uint64_t maximum = ~std::uint64_t{0};
};

// CPU time and events of a process, or of its waited-for children together.
struct Accounting {
  Nanos user{};
  Nanos system{};
  Nanos waiting{};  // ready but not running
  std::uint64_t voluntary_switches = 0;
  std::uint64_t involuntary_switches = 0;
  std::uint64_t minor_faults = 0;
  Accounting& operator+=(const Accounting& other);
};

// Where path names start: fs derives from it (working directory, root, umask). Copied by fork.
class PathContext : public mm::RefCounted<PathContext> {
 public:
  virtual ~PathContext() = default;
  virtual Result<mm::RefPtr<PathContext>> Fork() = 0;
};

// How a process ended or changed, as wait reports it.
struct ExitStatus {
  enum class Kind : std::uint8_t { kExited, kSignaled, kStopped, kContinued } kind = Kind::kExited;
  std::int32_t code = 0;           // kExited
  Signal signal = Signal::kNone;   // the others
};

// What exec replaces, told by the loader for /proc and brk.
struct ProgramInfo {
  std::array<char, 16> name{};      // as `comm`: the file's last component, cut at 15
  std::array<char, 256> path{};     // /proc/PID/exe
  VirtAddr entry;
  VirtAddr argument_begin, argument_end;        // /proc/PID/cmdline
  VirtAddr environment_begin, environment_end;  // /proc/PID/environ
  VirtAddr stack_top;
};

struct ProcessTableTag {};
struct SiblingTag {};
struct ProcessThreadTag {};

class Process : public mm::RefCounted<Process>, public ListHook<ProcessTableTag>, public ListHook<SiblingTag> {
 public:
  Pid pid() const { return pid_; }

  // --- guarded by the process table's lock (process_table.h) ---
  Process* parent = nullptr;
  IntrusiveList<Process, SiblingTag> children;
  Pid group{};    // job control
  Pid session{};
  State state = State::kCreating;   // kReady while it has live threads, then kZombie, kDead
  ExitStatus exit_status;
  bool wait_reported = true;        // a stop or continue that wait has not told yet when false
  Signal exit_signal = Signal::kChild;  // what the parent gets
  Accounting children_accounting;
  WaitQueue child_changed;          // the parent waits here

  // --- guarded by lock ---
  SpinLock lock{LockRank::kProcess};
  IntrusiveList<Thread, ProcessThreadTag> threads ESC_GUARDED_BY(lock);
  mm::RefPtr<mm::AddressSpace> memory ESC_GUARDED_BY(lock);  // replaced by exec; null for the kernel's own process
  mm::RefPtr<DescriptorTable> descriptors ESC_GUARDED_BY(lock);
  mm::RefPtr<PathContext> paths ESC_GUARDED_BY(lock);
  Credentials credentials ESC_GUARDED_BY(lock);
  GroupList groups ESC_GUARDED_BY(lock);
  std::array<Limit, kResources> limits ESC_GUARDED_BY(lock);
  std::array<SignalAction, 65> actions ESC_GUARDED_BY(lock);  // index: signal number
  std::array<SignalInfo, 65> pending_info ESC_GUARDED_BY(lock);
  SignalSet pending ESC_GUARDED_BY(lock);                     // for any thread of the process
  Accounting accounting ESC_GUARDED_BY(lock);                 // of threads that have ended
  ProgramInfo program ESC_GUARDED_BY(lock);
  CpuSet affinity ESC_GUARDED_BY(lock) = CpuSet::All();
  bool exiting ESC_GUARDED_BY(lock) = false;
  Nanos started ESC_GUARDED_BY(lock){};
  ExitStatus ending ESC_GUARDED_BY(lock);                     // why, once `exiting` is set
  bool vfork_pending ESC_GUARDED_BY(lock) = false;            // the parent waits for exec or exit
  WaitQueue vfork_done;
  WaitQueue thread_ended;                                     // exec waits here for its siblings
  // It is exiting, or SIGKILL is pending for it: ends waits that nothing else may end. Written under lock.
  std::atomic<bool> end_requested{false};
  // It has more than one thread. While it has not, nobody but the running thread replaces `memory`, `descriptors` and `paths`:
  // that one reads them without the lock (acquire). Written under lock, by threads of the process.
  std::atomic<bool> multithreaded{false};
  // Orphans among its descendants become its children, not init's. Its own to write; read when one of them ends.
  std::atomic<bool> adopts_orphans{false};
  // Stopped by a job-control signal. Written under lock; read by dispatch under a run queue's lock.
  std::atomic<bool> stop_requested{false};

  bool InSupplementaryGroup(std::uint32_t gid);

  Process() = default;
  ~Process();

 private:
  friend class ProcessTable;
  Pid pid_{};
  bool linked_ = false;  // in the table, guarded by the table's lock
};

// The running thread's process; the kernel's own (pid 0) for kernel threads.
Process& CurrentProcess();
Thread& CurrentThread();

// Runs f under the process's lock; kNoSuchProcess. No clones, no lost updates.
Status UpdateProcess(Pid pid, FunctionRef<Status(Process&)> f);
mm::RefPtr<Process> FindProcess(Pid pid);  // null when there is none
// Every process that is in the table now, ascending by pid, each with a reference held during the call.
void ForEachProcess(FunctionRef<void(Process&)> visit);

std::uint32_t CountProcesses();
// CPU time and events of the living threads and of those that have ended, up to this moment.
Accounting TotalAccounting(Process& process);
Accounting ThreadAccounting(Thread& thread);

// What the tree says of a process, read in one step under the process table's lock: for /proc and getppid.
struct ProcessRelations {
  Pid parent{}, group{}, session{};
  Accounting children_accounting;
};
ProcessRelations GetRelations(Process& process);

// --- life ---

struct CloneOptions {
  bool share_memory = false;       // CLONE_VM
  bool share_descriptors = false;  // CLONE_FILES
  bool share_paths = false;        // CLONE_FS
  bool share_handlers = false;     // CLONE_SIGHAND (only with same_process)
  bool same_process = false;       // CLONE_THREAD: a thread of this process
  bool suspend_parent = false;     // CLONE_VFORK: until the child execs or exits
  bool parent_is_siblings = false; // CLONE_PARENT
  Signal exit_signal = Signal::kChild;
  VirtAddr stack{};                // new stack pointer; 0: the caller's
  bool set_tls = false;
  std::uint64_t tls = 0;
  VirtAddr set_child_tid{};        // written in the child when not 0 (CLONE_CHILD_SETTID)
  VirtAddr set_parent_tid{};       // written in the parent before the child runs (CLONE_PARENT_SETTID)
  VirtAddr clear_child_tid{};      // zeroed and woken at the thread's exit (CLONE_CHILD_CLEARTID)
};
// A copy of the running thread, which returns from its system call with `rax` 0. The child's number. All or nothing:
// kNoMemory, kWouldBlock (RLIMIT_NPROC, process table full).
Result<Tid> Clone(const CloneOptions& options, const arch::UserRegisters& registers);

// Replaces the running process's image: ends its other threads, switches memory, resets handlers, closes descriptors
// marked so. The caller then enters the new program. kRestart, with nothing changed, when another thread of the process
// was first to exec or exit: the caller returns, and ends on its way to user mode. Nothing else can fail: the loader has
// done everything that can.
Status ReplaceImage(mm::RefPtr<mm::AddressSpace> memory, const ProgramInfo& program);

// The first user process: pid 1, with the given memory, descriptors and paths; its thread enters at `registers`.
Result<Pid> StartInit(mm::RefPtr<mm::AddressSpace> memory, mm::RefPtr<DescriptorTable> descriptors,
                      mm::RefPtr<PathContext> paths, const ProgramInfo& program, const arch::UserRegisters& registers);

[[noreturn]] void ExitThread();                      // the running one; the last one ends the process with status 0
[[noreturn]] void ExitProcess(const ExitStatus& status);  // all threads of the running process

struct WaitSelector {
  enum class Kind : std::uint8_t { kAny, kPid, kGroup } kind = Kind::kAny;
  Pid id{};
};
struct WaitOptions {
  bool no_hang = false;
  bool stopped = false;    // WUNTRACED
  bool continued = false;  // WCONTINUED
  bool keep = false;       // WNOWAIT
};
struct WaitResult {
  Pid pid{};  // 0: no_hang and nothing to report
  ExitStatus status;
  std::uint32_t uid = 0;
  Accounting accounting;  // of the child and its waited-for children
};
// kNoChild; kRestart on a signal.
Result<WaitResult> WaitForChild(const WaitSelector& selector, const WaitOptions& options);

// --- job control ids (setsid, setpgid) ---
Result<Pid> StartSession();
Status SetGroup(Pid pid, Pid group);
// Whether nobody of the group has a parent who could continue it: one of the same session in another group (POSIX 3.264).
bool IsOrphanedGroup(Pid group);

// --- signals ---
Status SendSignal(Process& process, const SignalInfo& info);
Status SendSignalToThread(Thread& thread, const SignalInfo& info);
// Every process of the group but pid 1's children rules are the caller's; kNoSuchProcess when there is none.
Status SendSignalToGroup(Pid group, const SignalInfo& info);
// A fault of the running thread: cannot be ignored or blocked (the default action is taken then).
void ForceSignal(const SignalInfo& info);
// The running thread's mask (SIGKILL and SIGSTOP stay unblocked); what is pending and unblocked by it is delivered
// before the return to user mode. Whoever writes Thread::blocked_signals itself sets signal_pending afterwards.
void SetSignalMask(SignalSet mask);

// --- hooks of the layers above, each set once at boot ---
// Init has ended; must not return. Without one the machine is powered off with init's exit code.
void SetInitExitHook(void (*hook)(const ExitStatus& status));
// A session leader has ended: the terminal sends SIGHUP and SIGCONT to its foreground group. No lock held.
void SetSessionEndHook(void (*hook)(Pid session));

}  // namespace esc::core
