// Our structures against the host's headers, size by size and offset by offset.
#include "kernel/linux_abi/layout.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/ucontext.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <ucontext.h>

#include <gtest/gtest.h>

namespace esc::linux_abi {
namespace {

#define EXPECT_SAME(ours, our_member, theirs, their_member)                    \
  EXPECT_EQ(offsetof(ours, our_member), offsetof(theirs, their_member));       \
  EXPECT_EQ(sizeof(ours::our_member), sizeof(theirs::their_member))

TEST(Layout, Times) {
  EXPECT_EQ(sizeof(TimeSpec), sizeof(timespec));
  EXPECT_EQ(sizeof(TimeValue), sizeof(timeval));
  EXPECT_EQ(sizeof(IntervalTimerValue), sizeof(itimerval));
  EXPECT_EQ(sizeof(IntervalTimerSpec), sizeof(itimerspec));
  EXPECT_SAME(IntervalTimerSpec, value, itimerspec, it_value);
  EXPECT_EQ(sizeof(Times), sizeof(tms));
}

TEST(Layout, SignalEvents) {
  EXPECT_EQ(sizeof(SignalEvent), sizeof(sigevent));
  EXPECT_SAME(SignalEvent, value, sigevent, sigev_value);
  EXPECT_SAME(SignalEvent, signal, sigevent, sigev_signo);
  EXPECT_SAME(SignalEvent, notify, sigevent, sigev_notify);
  EXPECT_EQ(offsetof(SignalEvent, thread), offsetof(sigevent, _sigev_un._tid));
}

TEST(Layout, SignalFiles) {
  EXPECT_EQ(sizeof(SignalFileRecord), sizeof(signalfd_siginfo));
  EXPECT_SAME(SignalFileRecord, signal, signalfd_siginfo, ssi_signo);
  EXPECT_SAME(SignalFileRecord, code, signalfd_siginfo, ssi_code);
  EXPECT_SAME(SignalFileRecord, pid, signalfd_siginfo, ssi_pid);
  EXPECT_SAME(SignalFileRecord, uid, signalfd_siginfo, ssi_uid);
  EXPECT_SAME(SignalFileRecord, status, signalfd_siginfo, ssi_status);
  EXPECT_SAME(SignalFileRecord, integer, signalfd_siginfo, ssi_int);
  EXPECT_SAME(SignalFileRecord, pointer, signalfd_siginfo, ssi_ptr);
  EXPECT_SAME(SignalFileRecord, address, signalfd_siginfo, ssi_addr);
}

TEST(Layout, FileStatus) {
  using Theirs = struct stat;
  EXPECT_EQ(sizeof(Stat), sizeof(Theirs));
  EXPECT_SAME(Stat, device, Theirs, st_dev);
  EXPECT_SAME(Stat, inode, Theirs, st_ino);
  EXPECT_SAME(Stat, links, Theirs, st_nlink);
  EXPECT_SAME(Stat, mode, Theirs, st_mode);
  EXPECT_SAME(Stat, uid, Theirs, st_uid);
  EXPECT_SAME(Stat, gid, Theirs, st_gid);
  EXPECT_SAME(Stat, special_device, Theirs, st_rdev);
  EXPECT_SAME(Stat, size, Theirs, st_size);
  EXPECT_SAME(Stat, block_size, Theirs, st_blksize);
  EXPECT_SAME(Stat, blocks, Theirs, st_blocks);
  EXPECT_SAME(Stat, accessed, Theirs, st_atim);
  EXPECT_SAME(Stat, modified, Theirs, st_mtim);
  EXPECT_SAME(Stat, changed, Theirs, st_ctim);
}

TEST(Layout, ExtendedFileStatus) {
  using Theirs = struct statx;
  EXPECT_EQ(sizeof(Statx), sizeof(Theirs));
  EXPECT_SAME(Statx, mode, Theirs, stx_mode);
  EXPECT_SAME(Statx, inode, Theirs, stx_ino);
  EXPECT_SAME(Statx, blocks, Theirs, stx_blocks);
  EXPECT_SAME(Statx, accessed, Theirs, stx_atime);
  EXPECT_SAME(Statx, created, Theirs, stx_btime);
  EXPECT_SAME(Statx, changed, Theirs, stx_ctime);
  EXPECT_SAME(Statx, modified, Theirs, stx_mtime);
  EXPECT_SAME(Statx, special_major, Theirs, stx_rdev_major);
  EXPECT_SAME(Statx, device_minor, Theirs, stx_dev_minor);
}

TEST(Layout, FileSystemStatus) {
  using Theirs = struct statfs;
  EXPECT_EQ(sizeof(StatFs), sizeof(Theirs));
  EXPECT_SAME(StatFs, blocks_free, Theirs, f_bfree);
  EXPECT_SAME(StatFs, name_length, Theirs, f_namelen);
  EXPECT_SAME(StatFs, fragment_size, Theirs, f_frsize);
}

TEST(Layout, DirectoryRecords) {
  using Theirs = struct dirent64;
  EXPECT_SAME(DirectoryRecord, inode, Theirs, d_ino);
  EXPECT_SAME(DirectoryRecord, next_cursor, Theirs, d_off);
  EXPECT_SAME(DirectoryRecord, record_bytes, Theirs, d_reclen);
  EXPECT_SAME(DirectoryRecord, type, Theirs, d_type);
  EXPECT_EQ(kDirectoryNameOffset, offsetof(Theirs, d_name));
}

TEST(Layout, SmallOnes) {
  EXPECT_EQ(sizeof(IoVector), sizeof(iovec));
  EXPECT_EQ(sizeof(LinuxLimit), sizeof(rlimit));
  EXPECT_EQ(sizeof(PollDescriptor), sizeof(pollfd));
  EXPECT_EQ(sizeof(SystemName), sizeof(utsname));
  EXPECT_EQ(sizeof(CloneArguments), sizeof(clone_args));
  EXPECT_SAME(CloneArguments, stack_bytes, clone_args, stack_size);
  EXPECT_SAME(CloneArguments, tls, clone_args, tls);
  using Lock = struct flock;
  EXPECT_EQ(sizeof(FileLock), sizeof(Lock));
  EXPECT_SAME(FileLock, pid, Lock, l_pid);
}

TEST(Layout, Usage) {
  EXPECT_EQ(sizeof(ResourceUsage), sizeof(rusage));
  EXPECT_SAME(ResourceUsage, minor_faults, rusage, ru_minflt);
  EXPECT_SAME(ResourceUsage, voluntary_switches, rusage, ru_nvcsw);
  EXPECT_SAME(ResourceUsage, involuntary_switches, rusage, ru_nivcsw);
  using Info = struct sysinfo;
  EXPECT_EQ(sizeof(SystemInfo), sizeof(Info));
  EXPECT_SAME(SystemInfo, total_ram, Info, totalram);
  EXPECT_SAME(SystemInfo, processes, Info, procs);
  EXPECT_SAME(SystemInfo, memory_unit, Info, mem_unit);
}

TEST(Layout, SignalInformation) {
  EXPECT_EQ(sizeof(SignalInfoRecord), sizeof(siginfo_t));
  siginfo_t theirs{};
  const auto offset = [&](const void* member) {
    return static_cast<std::size_t>(static_cast<const char*>(member) - reinterpret_cast<const char*>(&theirs));
  };
  EXPECT_EQ(offsetof(SignalInfoRecord, code), offset(&theirs.si_code));
  EXPECT_EQ(offsetof(SignalInfoRecord, sent.pid), offset(&theirs.si_pid));
  EXPECT_EQ(offsetof(SignalInfoRecord, sent.uid), offset(&theirs.si_uid));
  EXPECT_EQ(offsetof(SignalInfoRecord, sent.value), offset(&theirs.si_value));
  EXPECT_EQ(offsetof(SignalInfoRecord, child.status), offset(&theirs.si_status));
  EXPECT_EQ(offsetof(SignalInfoRecord, child.user), offset(&theirs.si_utime));
  EXPECT_EQ(offsetof(SignalInfoRecord, fault.address), offset(&theirs.si_addr));
  EXPECT_EQ(sizeof(SignalStack), sizeof(stack_t));
  EXPECT_SAME(SignalStack, bytes, stack_t, ss_size);
}

TEST(Layout, EpollEvent) {
  EXPECT_EQ(sizeof(EpollEvent), sizeof(epoll_event));
  EXPECT_EQ(offsetof(EpollEvent, data), offsetof(epoll_event, data));
}

TEST(Layout, MachineContext) {
  EXPECT_EQ(offsetof(UserContext, machine), offsetof(ucontext_t, uc_mcontext));
  EXPECT_EQ(offsetof(UserContext, stack), offsetof(ucontext_t, uc_stack));
  EXPECT_EQ(offsetof(UserContext, mask), offsetof(ucontext_t, uc_sigmask));
  EXPECT_EQ(offsetof(MachineContext, r8) / 8, REG_R8 + 0u);
  EXPECT_EQ(offsetof(MachineContext, rdi) / 8, REG_RDI + 0u);
  EXPECT_EQ(offsetof(MachineContext, rax) / 8, REG_RAX + 0u);
  EXPECT_EQ(offsetof(MachineContext, rsp) / 8, REG_RSP + 0u);
  EXPECT_EQ(offsetof(MachineContext, rip) / 8, REG_RIP + 0u);
  EXPECT_EQ(offsetof(MachineContext, rflags) / 8, REG_EFL + 0u);
  EXPECT_EQ(offsetof(MachineContext, cs) / 8, REG_CSGSFS + 0u);
  EXPECT_EQ(offsetof(MachineContext, trap) / 8, REG_TRAPNO + 0u);
  EXPECT_EQ(offsetof(MachineContext, fault_address) / 8, REG_CR2 + 0u);
  EXPECT_EQ(offsetof(MachineContext, fpu_state), offsetof(mcontext_t, fpregs));
}

}  // namespace
}  // namespace esc::linux_abi
