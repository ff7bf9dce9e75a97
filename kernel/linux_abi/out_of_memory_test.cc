// All or nothing: memory that runs out at any allocation of a system call or a page fault leaves the system as it was, and the
// same call succeeds when there is memory again.
#include <cerrno>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "kernel/core/descriptor_table.h"
#include "kernel/core/process.h"
#include "kernel/core/thread.h"
#include "kernel/linux_abi/abi_machine.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/machine_fixture.h"

namespace esc::linux_abi {
namespace {

using host::Label;
using host::Register;

constexpr std::uint64_t kRead = 0, kWrite = 1, kOpen = 2, kClose = 3, kStat = 4, kPoll = 7, kSeek = 8, kMmap = 9, kMprotect = 10,
                        kMunmap = 11, kBrk = 12, kSigaction = 13, kSigprocmask = 14, kPread = 17, kReadv = 19, kPipe = 22,
                        kSelect = 23, kMremap = 25, kMadvise = 28, kNanosleep = 35, kSendfile = 40, kClone = 56, kFork = 57,
                        kVfork = 58, kExecve = 59, kExit = 60, kWait4 = 61, kFcntl = 72, kFlock = 73, kTruncate = 76,
                        kFtruncate = 77, kGetcwd = 79, kChdir = 80, kRename = 82, kMkdir = 83, kRmdir = 84, kLink = 86,
                        kUnlink = 87, kSymlink = 88, kReadlink = 89, kSigtimedwait = 128, kSigqueue = 129, kSigaltstack = 131,
                        kMknod = 133, kChroot = 161, kSetHostName = 170, kFutex = 202,
                        kGetdents = 217, kTimerCreate = 283, kFallocate = 285, kTimerSet = 286, kEventFd = 290,
                        kEpollCreate = 291, kPipe2 = 293, kEpollCtl = 233, kEpollWait = 232, kDup2 = 33, kMemfd = 319,
                        kSetItimer = 38, kSetAffinity = 203, kGetpid = 39, kSetsid = 112;
constexpr std::uint64_t kData = TestProgram::kData;
constexpr std::uint64_t kReadWrite = 3, kAnonymous = 0x22, kSharedAnonymous = 0x21;
constexpr std::uint64_t kPage = 0x1000, kArea = 0x1000'0000;  // nothing else lies there
constexpr std::uint64_t kFixed = 0x10;

// What a program asks of the test.
enum Ask : std::uint64_t { kArm, kCheck, kUndone, kDisarm, kBeforeChild, kSurvived, kAfterChild };

struct System {
  mm::MemoryInUse memory;
  std::uint32_t processes = 0;
  std::size_t threads = 0;
  int descriptors = 0;
  bool operator==(const System&) const = default;
};

std::ostream& operator<<(std::ostream& out, const System& system) {
  return out << system.memory.blocks << " blocks, " << system.memory.frames << " frames, " << system.processes << " processes, "
             << system.threads << " threads, " << system.descriptors << " descriptors";
}

System Look() {
  core::Process& self = core::CurrentProcess();
  System system{.memory = mm::CurrentMemoryInUse(), .processes = core::CountProcesses()};
  mm::RefPtr<core::DescriptorTable> table;
  {
    SpinLockGuard guard(self.lock);
    system.threads = self.threads.size();
    table = self.descriptors;
  }
  for (int at = 0; (at = table->NextOpen(at)) >= 0; ++at) ++system.descriptors;
  return system;
}

using Part = std::function<void(TestProgram&, Label child)>;

struct Case {
  std::string_view name;
  Part prepare;  // once; descriptors are opened from 3 on
  Part call;     // its result is in rax
  Part undo;     // brings back what was before the call; the call's result is in rbx
  int fewest_failures = 1;
  std::int64_t also = -ENOMEM;  // another error that says the same
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

class OutOfMemory : public AbiTest, public testing::WithParamInterface<Case> {
 protected:
  void SetUp() override {
    machine().on_host_call = [this](std::uint64_t which, arch::UserRegisters& registers) {
      mm::FailAllocationsAfter(~std::uint64_t{0});
      Answer(static_cast<Ask>(which), registers);
    };
    AddFile("/file", std::string(3 * kPage, 'f'), 0644);
  }
  void TearDown() override { mm::FailAllocationsAfter(~std::uint64_t{0}); }

  // A few files; and the data is there, so that the calls themselves need no memory for their results.
  static void Settle(TestProgram& program) {
    program.ExpectCall(0, kMkdir, {program.Text("/dir"), 0755});
    program.ExpectCall(3, kOpen, {program.Text("/dir/entry"), 0102, 0644});
    program.ExpectCall(0, kClose, {3});
    for (std::uint64_t at = 0; at < TestProgram::kDataBytes; at += kPage) program.Put64(kData + at, 0);
  }

  int failures_ = 0;
  bool survived_ = false;

 private:
  void Answer(Ask ask, arch::UserRegisters& registers) {
    switch (ask) {
      case kArm:
        before_ = Look();
        if (warm_) mm::FailAllocationsAfter(static_cast<std::uint64_t>(failures_));
        return;
      case kCheck: return Check(registers);
      case kUndone:
        if (warm_) EXPECT_EQ(Look(), before_) << "after it succeeded and was undone";
        registers.r15 = warm_ ? 0 : 1;
        warm_ = true;
        return;
      case kDisarm: return;
      case kBeforeChild:
        before_child_ = Look();
        survived_ = false;
        return;
      case kSurvived: survived_ = true; return;
      case kAfterChild:
        if (warm_) EXPECT_EQ(Look(), before_child_) << "after a child that had " << failures_ << " allocations";
        registers.r15 = warm_ && survived_ ? 0 : 1;
        if (warm_ && !survived_) ++failures_;
        warm_ = true;
        EXPECT_LT(failures_, 200);
        if (failures_ >= 200) registers.r15 = 0;
        return;
    }
  }

  void Check(arch::UserRegisters& registers) {
    const auto result = static_cast<std::int64_t>(registers.rax);
    registers.r15 = 0;
    if (result >= 0 || result < -4095) return;
    EXPECT_TRUE(warm_) << "the call does not work at all: " << result;
    EXPECT_TRUE(result == -ENOMEM || result == GetParam().also) << result << " with " << failures_ << " allocations";
    EXPECT_EQ(Look(), before_) << "with " << failures_ << " allocations";
    ++failures_;
    EXPECT_LT(failures_, 200);
    registers.r15 = warm_ && failures_ < 200 ? 1 : 0;
  }

  // Whether everything has been done once, so that what is kept for reuse is there.
  bool warm_ = false;
  System before_;
  System before_child_;
};

class Calls : public OutOfMemory {};

TEST_P(Calls, FailWholeAndSucceedLater) {
  const Case& c = GetParam();
  TestProgram program;
  const Label again = program.NewLabel(), child = program.NewLabel();
  Settle(program);
  if (c.prepare) c.prepare(program, child);
  program.Bind(again);
  program.HostCall(kArm);
  c.call(program, child);
  program.Copy(Register::rbx, Register::rax);
  program.HostCall(kCheck);
  program.JumpIfNotZero(Register::r15, again);
  if (c.undo) c.undo(program, child);
  program.HostCall(kUndone);
  program.JumpIfNotZero(Register::r15, again);
  program.Exit(0);
  program.Bind(child);
  program.HostCall(kDisarm);
  program.SystemCall(kExit, {0});
  Expect(program);
  EXPECT_GE(failures_, c.fewest_failures);
}

// What ends its process when there is no memory, and leaves nothing then.
class Children : public OutOfMemory {};

TEST_P(Children, EndWholeAndSucceedLater) {
  const Case& c = GetParam();
  TestProgram other;
  other.HostCall(kSurvived);
  other.Exit(0);
  AddFile("/other", other.Elf());
  TestProgram program;
  const Label again = program.NewLabel(), child = program.NewLabel(), inner = program.NewLabel();
  Settle(program);
  if (c.prepare) c.prepare(program, child);
  program.Bind(again);
  program.HostCall(kBeforeChild);
  program.SystemCall(kFork);
  program.JumpIfZero(Register::rax, child);
  program.SystemCall(kWait4, {~0ull, 0, 0, 0});
  program.HostCall(kAfterChild);
  program.JumpIfNotZero(Register::r15, again);
  program.Exit(0);
  program.Bind(child);
  program.Bind(inner);
  program.HostCall(kArm);
  program.Move(Register::rax, 0);
  c.call(program, child);
  program.HostCall(kCheck);
  program.JumpIfNotZero(Register::r15, inner);
  program.HostCall(kSurvived);
  program.Exit(0);
  Expect(program);
  EXPECT_GE(failures_, c.fewest_failures);
}

// --- what the table is made of ---

void CloseResult(TestProgram& p, Label) {
  p.Copy(Register::rdi, Register::rbx);
  p.Move(Register::rax, kClose);
  p.SystemCall();
}

Part Do(std::uint64_t number, std::initializer_list<std::uint64_t> arguments) {
  return [number, list = std::vector<std::uint64_t>(arguments)](TestProgram& p, Label) {
    const Register registers[] = {Register::rdi, Register::rsi, Register::rdx, Register::r10, Register::r8, Register::r9};
    for (std::size_t i = 0; i < list.size(); ++i) p.Move(registers[i], list[i]);
    p.Move(Register::rax, number);
    p.SystemCall();
  };
}

// The same with a path, or two, before the other arguments.
Part At(std::uint64_t number, std::string_view path, std::uint64_t second = 0, std::uint64_t third = 0) {
  return [=](TestProgram& p, Label) { p.SystemCall(number, {p.Text(path), second, third}); };
}
Part From(std::uint64_t number, std::string_view path, std::string_view to) {
  return [=](TestProgram& p, Label) { p.SystemCall(number, {p.Text(path), p.Text(to)}); };
}
template <class... Parts>
Part All(Parts... parts) {
  return [=](TestProgram& p, Label child) { (parts(p, child), ...); };
}
Part Put(std::uint64_t offset, std::uint64_t value) {
  return [=](TestProgram& p, Label) { p.Put64(kData + offset, value); };
}
Part MapArea(std::uint64_t pages, std::uint64_t flags = kAnonymous) {
  return Do(kMmap, {kArea, pages * kPage, kReadWrite, flags | kFixed, ~0ull, 0});
}
Part UnmapArea(std::uint64_t pages) { return Do(kMunmap, {kArea, pages * kPage}); }
Part Forks(std::uint64_t number) {
  return [=](TestProgram& p, Label child) {
    p.SystemCall(number);
    p.JumpIfZero(Register::rax, child);
  };
}
const Part kWaitForIt = Do(kWait4, {~0ull, 0, 0, 0});
const Part kSleepALittle = All(Put(0, 0), Put(8, 1'000'000), Do(kNanosleep, {kData, 0}));
// A thread of this process on its own stack, which is kArea.
const Part kStartThread = [](TestProgram& p, Label child) {
  p.SystemCall(kClone, {0x50f00, kArea + kPage});
  p.JumpIfZero(Register::rax, child);
};

const Case kFileCases[] = {
    {"open", {}, At(kOpen, "/file"), CloseResult, 1},
    {"open_create", {}, At(kOpen, "/dir/new", 0102, 0644), All(CloseResult, At(kUnlink, "/dir/new")), 2},
    {"open_truncate", {}, All(At(kOpen, "/file", 01002)), CloseResult, 1},
    {"open_proc", {}, At(kOpen, "/proc/self/status"), CloseResult, 1},
    {"open_proc_fd", {}, At(kOpen, "/proc/self/fd", 0200000), CloseResult, 1},
    {"read_proc", At(kOpen, "/proc/self/status"), All(Do(kSeek, {3, 0, 0}), Do(kRead, {3, kData, 500})), {}, 0},
    {"read_maps", At(kOpen, "/proc/self/maps"), Do(kPread, {3, kData, 500, 0}), {}, 0},
    {"stat", {}, At(kStat, "/dir/entry", kData), {}, 0},
    {"stat_proc", {}, At(kStat, "/proc/self/status", kData), {}, 0},
    {"readlink_proc", {}, At(kReadlink, "/proc/self/exe", kData, 100), {}, 0},
    {"mkdir", {}, At(kMkdir, "/dir/sub", 0755), At(kRmdir, "/dir/sub"), 2},
    {"rmdir", At(kMkdir, "/dir/sub", 0755), At(kRmdir, "/dir/sub"), At(kMkdir, "/dir/sub", 0755), 0},
    {"unlink", {}, At(kUnlink, "/dir/entry"), From(kLink, "/file", "/dir/entry"), 0},
    {"symlink", {}, From(kSymlink, "/a/target/that/does/not/fit/a/small/one", "/dir/link"), At(kUnlink, "/dir/link"), 2},
    {"link", {}, From(kLink, "/file", "/dir/hard"), At(kUnlink, "/dir/hard"), 1},
    {"rename", {}, From(kRename, "/file", "/dir/with_a_far_longer_name_than_before"),
     From(kRename, "/dir/with_a_far_longer_name_than_before", "/file"), 1},
    {"rename_over", From(kLink, "/file", "/hard"), From(kRename, "/file", "/dir/entry"),
     All(From(kLink, "/dir/entry", "/file")), 0},
    {"mknod_fifo", {}, At(kMknod, "/dir/fifo", 0010644), At(kUnlink, "/dir/fifo"), 2},
    {"open_fifo", At(kMknod, "/dir/fifo", 0010644), At(kOpen, "/dir/fifo", 2), CloseResult, 1},
    {"chdir", {}, At(kChdir, "/dir"), At(kChdir, "/"), 0},
    {"chroot", {}, At(kChroot, "/"), {}, 0},
    {"getcwd", At(kChdir, "/dir"), Do(kGetcwd, {kData, 200}), {}, 0},
    {"write_first_page", At(kOpen, "/dir/new", 0102, 0644), Do(kWrite, {3, kData, kPage}),
     All(Do(kFtruncate, {3, 0}), Do(kSeek, {3, 0, 0})), 1, -ENOSPC},
    {"write_far_away", At(kOpen, "/dir/new", 0102, 0644), All(Do(kSeek, {3, 1 << 30, 0}), Do(kWrite, {3, kData, 10})),
     Do(kFtruncate, {3, 0}), 1, -ENOSPC},
    {"ftruncate_up", At(kOpen, "/dir/new", 0102, 0644), Do(kFtruncate, {3, 1 << 30}), Do(kFtruncate, {3, 0}), 0},
    {"fallocate", At(kOpen, "/dir/new", 0102, 0644), Do(kFallocate, {3, 0, 0, 5 * kPage}), Do(kFtruncate, {3, 0}), 0, -ENOSPC},
    {"truncate_down", {}, At(kTruncate, "/file", 100), {}, 0},
    {"getdents", At(kOpen, "/dir", 0200000), All(Do(kSeek, {3, 0, 0}), Do(kGetdents, {3, kData, 1000})), {}, 0},
    {"getdents_proc", At(kOpen, "/proc", 0200000), All(Do(kSeek, {3, 0, 0}), Do(kGetdents, {3, kData, 1000})), {}, 0},
    {"sendfile", All(At(kOpen, "/file"), At(kOpen, "/dir/new", 0102, 0644)),
     All(Do(kSeek, {3, 0, 0}), Do(kSendfile, {4, 3, 0, kPage})), All(Do(kFtruncate, {4, 0}), Do(kSeek, {4, 0, 0})), 1, -ENOSPC},
    {"readv", All(At(kOpen, "/file"), Put(0, kData + 100), Put(8, 10), Put(16, kData + 200), Put(24, 10)),
     Do(kReadv, {3, kData, 2}), Do(kSeek, {3, 0, 0}), 0},
    {"record_lock", All(At(kOpen, "/file", 2), Put(0, 1), Put(8, 0), Put(16, 1000)), Do(kFcntl, {3, 6, kData}),
     All(Put(0, 2), Do(kFcntl, {3, 6, kData}), Put(0, 1)), 1, -ENOLCK},
    // A lock out of whose middle a part is taken away.
    {"record_lock_split",
     All(At(kOpen, "/file", 2), Put(0, 1), Put(8, 0), Put(16, 1000), Do(kFcntl, {3, 6, kData}), Put(0, 2), Put(8, 500),
         Put(16, 100)),
     Do(kFcntl, {3, 6, kData}), All(Put(0, 1), Do(kFcntl, {3, 6, kData}), Put(0, 2)), 0, -ENOLCK},
    {"flock", At(kOpen, "/file"), Do(kFlock, {3, 2}), Do(kFlock, {3, 8}), 1, -ENOLCK},
};

const Case kDescriptorCases[] = {
    {"pipe2", {}, Do(kPipe2, {kData, 0}), All(Do(kClose, {3}), Do(kClose, {4})), 3},
    // The table has room for these when it has grown once.
    {"dup2_grows", {}, Do(kDup2, {1, 500}), Do(kClose, {500}), 0},
    {"dupfd_grows", {}, Do(kFcntl, {1, 0, 600}), CloseResult, 0},
    {"eventfd", {}, Do(kEventFd, {0, 0}), CloseResult, 1},
    {"timerfd", {}, Do(kTimerCreate, {1, 0}), CloseResult, 1},
    {"timerfd_set", All(Do(kTimerCreate, {1, 0}), Put(24, 1000)), Do(kTimerSet, {3, 0, kData, 0}), {}, 0},
    {"epoll_create", {}, Do(kEpollCreate, {0}), CloseResult, 1},
    {"epoll_add", All(Do(kEpollCreate, {0}), Do(kEventFd, {0, 0}), Put(0, 1)), Do(kEpollCtl, {3, 1, 4, kData}),
     Do(kEpollCtl, {3, 2, 4, kData}), 1},
    {"epoll_wait", All(Do(kEpollCreate, {0}), Do(kEventFd, {1, 0}), Put(0, 1), Do(kEpollCtl, {3, 1, 4, kData})),
     Do(kEpollWait, {3, kData, 10, 0}), {}, 0},
    {"memfd", {}, [](TestProgram& p, Label) { p.SystemCall(kMemfd, {p.Text("m"), 0}); }, CloseResult, 2},
    {"poll_many", All(Put(0, ~0ull), Put(8, ~0ull)), Do(kPoll, {kData, 1000, 0}), {}, 0},
    {"poll_pipes", Do(kPipe, {kData}), All(Put(0, 3), Put(8, 4), Do(kPoll, {kData, 2, 1})), {}, 0},
    {"select_many", {}, Do(kSelect, {1000, kData, kData + 200, kData + 400, kData + 600}), {}, 0},
};

const Case kProcessCases[] = {
    {"fork", {}, Forks(kFork), kWaitForIt, 5},
    {"vfork", {}, Forks(kVfork), kWaitForIt, 4},
    {"thread", All(MapArea(1), Put(0, 0), Do(kPread, {0, kArea, 0, 0})), kStartThread, kSleepALittle, 2, -EAGAIN},
    {"rt_sigaction", {}, Do(kSigaction, {10, kData, 0, 8}), {}, 0},
    {"rt_sigqueueinfo", All(Put(0, 1 << 9), Do(kSigprocmask, {0, kData, 0, 8}), Put(64, 0), Put(72, 0xffffffff)),
     [](TestProgram& p, Label) {
       p.SystemCall(kGetpid);
       p.Copy(Register::rdi, Register::rax);
       p.Move(Register::rsi, 10);
       p.Move(Register::rdx, kData + 64);
       p.Move(Register::rax, kSigqueue);
       p.SystemCall();
     },
     Do(kSigtimedwait, {kData, 0, 0, 8}), 0, -EAGAIN},
    {"sigaltstack", All(Put(0, kArea), Put(16, 8192)), Do(kSigaltstack, {kData, 0}), {}, 0},
    {"futex_wait", All(Put(0, 7), Put(8, 0), Put(16, 1000)),
     // Times out, which is its success.
     All(Do(kFutex, {kData, 0x80, 7, kData + 8}), [](TestProgram& p, Label) { p.Add(Register::rax, ETIMEDOUT); }), {}, 0},
    {"setitimer", Put(24, 0), Do(kSetItimer, {0, kData, 0}), {}, 0},
    {"set_affinity", Put(0, 1), Do(kSetAffinity, {0, 8, kData}), {}, 0},
    {"sethostname", {}, At(kSetHostName, "name", 4), {}, 0},
};

const Case kMemoryCases[] = {
    {"mmap", {}, MapArea(4), UnmapArea(4), 0},
    {"mmap_shared", {}, MapArea(4, kSharedAnonymous), UnmapArea(4), 0},
    {"mmap_file", At(kOpen, "/file"), Do(kMmap, {kArea, 2 * kPage, 1, 2 | kFixed, 3, 0}), UnmapArea(2), 0},
    {"mmap_shared_file", At(kOpen, "/file", 2), Do(kMmap, {kArea, 2 * kPage, 3, 1 | kFixed, 3, 0}), UnmapArea(2), 0},
    {"mmap_splits", MapArea(8), Do(kMmap, {kArea + 3 * kPage, kPage, 1, kAnonymous | kFixed, ~0ull, 0}), MapArea(8), 0},
    {"munmap_splits", MapArea(8), Do(kMunmap, {kArea + 3 * kPage, kPage}), MapArea(8), 0},
    {"mprotect_splits", MapArea(8), Do(kMprotect, {kArea + 3 * kPage, kPage, 1}), Do(kMprotect, {kArea, 8 * kPage, 3}), 0},
    {"madvise_splits", MapArea(8), Do(kMadvise, {kArea + 3 * kPage, kPage, 4}), {}, 0},
    {"mremap_grows", MapArea(2), Do(kMremap, {kArea, 2 * kPage, 9 * kPage, 0}), Do(kMunmap, {kArea + 2 * kPage, 7 * kPage}), 0},
    {"mremap_moves",
     All(MapArea(2), Do(kMmap, {kArea + 2 * kPage, kPage, 1, kAnonymous | kFixed, ~0ull, 0}), Do(kPread, {0, kArea, 1, 0})),
     Do(kMremap, {kArea, 2 * kPage, 4 * kPage, 1}),
     All([](TestProgram& p, Label) {
           p.Copy(Register::rdi, Register::rbx);
           p.Move(Register::rsi, 4 * kPage);
           p.Move(Register::rax, kMunmap);
           p.SystemCall();
         },
         MapArea(2)),
     0},
    {"brk", {}, [](TestProgram& p, Label) {
       // Linux answers the old end when it fails: here made an error.
       const Label well = p.NewLabel();
       p.SystemCall(kBrk, {0});
       p.Copy(Register::r12, Register::rax);
       p.Copy(Register::rdi, Register::rax);
       p.Add(Register::rdi, 0x5000);
       p.Copy(Register::r13, Register::rdi);
       p.Move(Register::rax, kBrk);
       p.SystemCall();
       p.JumpIfEqual(Register::rax, Register::r13, well);
       p.Move(Register::rax, static_cast<std::uint64_t>(-ENOMEM));
       p.Bind(well);
     },
     [](TestProgram& p, Label) {
       p.Copy(Register::rdi, Register::r12);
       p.Move(Register::rax, kBrk);
       p.SystemCall();
     }, 0},
};

const Part kTouchArea = [](TestProgram& p, Label) {
  p.Move(Register::r9, kArea);
  p.Store64(Register::r9, 0, Register::r9);
  p.Store64(Register::r9, kPage, Register::r9);
};
const Part kWriteData = [](TestProgram& p, Label) {
  p.Move(Register::r9, kData);
  p.Store64(Register::r9, 0, Register::r9);
};
const Part kReadArea = [](TestProgram& p, Label) {
  p.Move(Register::r9, kArea);
  p.Load64(Register::r10, Register::r9, 0);
};

const Case kChildCases[] = {
    {"first_touch", {}, All(MapArea(4), kTouchArea), {}, 3},
    {"first_read", {}, All(MapArea(4), kReadArea), {}, 1},
    {"copy_on_write", {}, kWriteData, {}, 1},
    {"shared_touch", MapArea(4, kSharedAnonymous), kTouchArea, {}, 1},
    {"file_page", All(At(kOpen, "/file", 2), Do(kMmap, {kArea, 2 * kPage, 3, 2 | kFixed, 3, 0})), kTouchArea, {}, 1},
    {"hole_of_a_shared_file",
     All(At(kOpen, "/dir/new", 0102, 0644), Do(kFtruncate, {3, 2 * kPage}), Do(kMmap, {kArea, 2 * kPage, 3, 1 | kFixed, 3, 0})),
     kTouchArea, {}, 1},
    {"stack_grows", {}, [](TestProgram& p, Label) { p.Store64(Register::rsp, -0x8000, Register::rax); }, {}, 1},
    // The kernel touches the memory for the program.
    {"read_into_new_memory", At(kOpen, "/file"), All(MapArea(4), Do(kPread, {3, kArea, 2 * kPage, 0})), {}, 3, -EFAULT},
    {"execve", {}, [](TestProgram& p, Label) { p.SystemCall(kExecve, {p.Text("/other"), 0, 0}); }, {}, 10},
    {"setsid", {}, Do(kSetsid, {}), {}, 0},
    {"exit_with_files_and_memory", All(MapArea(4), Do(kPipe, {kData})), kTouchArea, {}, 1},
};

std::string NameOf(const testing::TestParamInfo<Case>& info) { return std::string(info.param.name); }

INSTANTIATE_TEST_SUITE_P(Files, Calls, testing::ValuesIn(kFileCases), NameOf);
INSTANTIATE_TEST_SUITE_P(Descriptors, Calls, testing::ValuesIn(kDescriptorCases), NameOf);
INSTANTIATE_TEST_SUITE_P(Processes, Calls, testing::ValuesIn(kProcessCases), NameOf);
INSTANTIATE_TEST_SUITE_P(Memory, Calls, testing::ValuesIn(kMemoryCases), NameOf);
INSTANTIATE_TEST_SUITE_P(All, Children, testing::ValuesIn(kChildCases), NameOf);

}  // namespace
}  // namespace esc::linux_abi
