// Our constants against the host's headers.
#include "kernel/linux_abi/numbers.h"

#include <elf.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/magic.h>
#include <linux/reboot.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#include <gtest/gtest.h>

// The kernel's own headers for the terminal: glibc's <termios.h> has another struct of the same name.
#include <asm/ioctls.h>
#include <asm/prctl.h>
#include <asm/termbits.h>

namespace esc::linux_abi {
namespace {

#define EXPECT_NUMBER(ours, theirs) EXPECT_EQ(static_cast<std::uint32_t>(ours), static_cast<std::uint32_t>(theirs)) << #theirs

TEST(Numbers, Events) {
  EXPECT_NUMBER(kEpollAdd, EPOLL_CTL_ADD);
  EXPECT_NUMBER(kEpollDelete, EPOLL_CTL_DEL);
  EXPECT_NUMBER(kEpollModify, EPOLL_CTL_MOD);
  EXPECT_NUMBER(kEpollOneShot, EPOLLONESHOT);
  EXPECT_NUMBER(kEpollEdge, EPOLLET);
  EXPECT_NUMBER(kPollIn, EPOLLIN);
  EXPECT_NUMBER(kPollOut, EPOLLOUT);
  EXPECT_NUMBER(kPollError, EPOLLERR);
  EXPECT_NUMBER(kPollHangUp, EPOLLHUP);
  EXPECT_NUMBER(kOpenCloseOnExec, EPOLL_CLOEXEC);
  EXPECT_NUMBER(kOpenCloseOnExec, EFD_CLOEXEC);
  EXPECT_NUMBER(kOpenNonBlock, EFD_NONBLOCK);
  EXPECT_NUMBER(kEventSemaphore, EFD_SEMAPHORE);
  EXPECT_NUMBER(kTimerAbsolute, TFD_TIMER_ABSTIME);
  EXPECT_NUMBER(kTimerCancelOnSet, TFD_TIMER_CANCEL_ON_SET);
}

TEST(Numbers, Files) {
  EXPECT_NUMBER(kOpenAccessMode, O_ACCMODE);
  EXPECT_NUMBER(kOpenWriteOnly, O_WRONLY);
  EXPECT_NUMBER(kOpenReadWrite, O_RDWR);
  EXPECT_NUMBER(kOpenCreate, O_CREAT);
  EXPECT_NUMBER(kOpenExclusive, O_EXCL);
  EXPECT_NUMBER(kOpenNoControllingTerminal, O_NOCTTY);
  EXPECT_NUMBER(kOpenTruncate, O_TRUNC);
  EXPECT_NUMBER(kOpenAppend, O_APPEND);
  EXPECT_NUMBER(kOpenNonBlock, O_NONBLOCK);
  EXPECT_NUMBER(kOpenDirectory, O_DIRECTORY);
  EXPECT_NUMBER(kOpenNoFollow, O_NOFOLLOW);
  EXPECT_NUMBER(kOpenCloseOnExec, O_CLOEXEC);
  EXPECT_NUMBER(kOpenPath, O_PATH);
  EXPECT_NUMBER(kOpenSync, O_SYNC);
  EXPECT_NUMBER(kOpenDirect, O_DIRECT);
  EXPECT_NUMBER(kOpenNoAccessTime, O_NOATIME);
  EXPECT_NUMBER(kAtWorkingDirectory, AT_FDCWD);
  EXPECT_NUMBER(kAtNoFollow, AT_SYMLINK_NOFOLLOW);
  EXPECT_NUMBER(kAtRemoveDirectory, AT_REMOVEDIR);
  EXPECT_NUMBER(kAtEffectiveAccess, AT_EACCESS);
  EXPECT_NUMBER(kAtFollow, AT_SYMLINK_FOLLOW);
  EXPECT_NUMBER(kAtNoAutomount, AT_NO_AUTOMOUNT);
  EXPECT_NUMBER(kAtEmptyPath, AT_EMPTY_PATH);
  EXPECT_NUMBER(kAtStatxSync, AT_STATX_SYNC_TYPE);
  EXPECT_NUMBER(kFcntlDuplicate, F_DUPFD);
  EXPECT_NUMBER(kFcntlGetDescriptorFlags, F_GETFD);
  EXPECT_NUMBER(kFcntlSetDescriptorFlags, F_SETFD);
  EXPECT_NUMBER(kFcntlGetFlags, F_GETFL);
  EXPECT_NUMBER(kFcntlSetFlags, F_SETFL);
  EXPECT_NUMBER(kFcntlGetLock, F_GETLK);
  EXPECT_NUMBER(kFcntlSetLock, F_SETLK);
  EXPECT_NUMBER(kFcntlSetLockWait, F_SETLKW);
  EXPECT_NUMBER(kFcntlDuplicateCloseOnExec, F_DUPFD_CLOEXEC);
  EXPECT_NUMBER(kFcntlGetPipeSize, F_GETPIPE_SZ);
  EXPECT_NUMBER(kDescriptorCloseOnExec, FD_CLOEXEC);
  EXPECT_NUMBER(kFcntlSetPipeSize, F_SETPIPE_SZ);
  EXPECT_NUMBER(kFcntlGetDescriptionLock, F_OFD_GETLK);
  EXPECT_NUMBER(kFcntlSetDescriptionLock, F_OFD_SETLK);
  EXPECT_NUMBER(kFcntlSetDescriptionLockWait, F_OFD_SETLKW);
  EXPECT_NUMBER(kLockRead, F_RDLCK);
  EXPECT_NUMBER(kLockWrite, F_WRLCK);
  EXPECT_NUMBER(kLockUnlocked, F_UNLCK);
  EXPECT_NUMBER(kLockFileShared, LOCK_SH);
  EXPECT_NUMBER(kLockFileExclusive, LOCK_EX);
  EXPECT_NUMBER(kLockFileNoWait, LOCK_NB);
  EXPECT_NUMBER(kLockFileUnlock, LOCK_UN);
  EXPECT_NUMBER(kMountRemount, MS_REMOUNT);
  EXPECT_NUMBER(kMountBind, MS_BIND);
  EXPECT_NUMBER(kMountMove, MS_MOVE);
  EXPECT_NUMBER(kAccessExecute, X_OK);
  EXPECT_NUMBER(kAccessWrite, W_OK);
  EXPECT_NUMBER(kAccessRead, R_OK);
  EXPECT_NUMBER(kSeekStart, SEEK_SET);
  EXPECT_NUMBER(kSeekCurrent, SEEK_CUR);
  EXPECT_NUMBER(kSeekEnd, SEEK_END);
  EXPECT_NUMBER(kSeekData, SEEK_DATA);
  EXPECT_NUMBER(kSeekHole, SEEK_HOLE);
  EXPECT_NUMBER(kTemporaryFsMagic, TMPFS_MAGIC);
  EXPECT_NUMBER(kTimeNow, UTIME_NOW);
  EXPECT_NUMBER(kTimeOmit, UTIME_OMIT);
  EXPECT_NUMBER(kModeType, S_IFMT);
  EXPECT_NUMBER(kModeSocket, S_IFSOCK);
  EXPECT_NUMBER(kModeLink, S_IFLNK);
  EXPECT_NUMBER(kModeFile, S_IFREG);
  EXPECT_NUMBER(kModeBlock, S_IFBLK);
  EXPECT_NUMBER(kModeDirectory, S_IFDIR);
  EXPECT_NUMBER(kModeCharacter, S_IFCHR);
  EXPECT_NUMBER(kModeFifo, S_IFIFO);
}

TEST(Numbers, Auxiliary) {
  EXPECT_NUMBER(kAuxNull, AT_NULL);
  EXPECT_NUMBER(kAuxHeaders, AT_PHDR);
  EXPECT_NUMBER(kAuxHeaderSize, AT_PHENT);
  EXPECT_NUMBER(kAuxHeaderCount, AT_PHNUM);
  EXPECT_NUMBER(kAuxPageSize, AT_PAGESZ);
  EXPECT_NUMBER(kAuxBase, AT_BASE);
  EXPECT_NUMBER(kAuxFlags, AT_FLAGS);
  EXPECT_NUMBER(kAuxEntry, AT_ENTRY);
  EXPECT_NUMBER(kAuxUid, AT_UID);
  EXPECT_NUMBER(kAuxEuid, AT_EUID);
  EXPECT_NUMBER(kAuxGid, AT_GID);
  EXPECT_NUMBER(kAuxEgid, AT_EGID);
  EXPECT_NUMBER(kAuxPlatform, AT_PLATFORM);
  EXPECT_NUMBER(kAuxHardware, AT_HWCAP);
  EXPECT_NUMBER(kAuxClockTicks, AT_CLKTCK);
  EXPECT_NUMBER(kAuxSecure, AT_SECURE);
  EXPECT_NUMBER(kAuxRandom, AT_RANDOM);
  EXPECT_NUMBER(kAuxHardware2, AT_HWCAP2);
  EXPECT_NUMBER(kAuxPath, AT_EXECFN);
  EXPECT_NUMBER(kAuxSystemInfo, AT_SYSINFO_EHDR);
  EXPECT_NUMBER(kAuxMinimumSignalStack, AT_MINSIGSTKSZ);
}

TEST(Numbers, Memory) {
  EXPECT_NUMBER(kProtRead, PROT_READ);
  EXPECT_NUMBER(kProtWrite, PROT_WRITE);
  EXPECT_NUMBER(kProtExecute, PROT_EXEC);
  EXPECT_NUMBER(kProtGrowsDown, PROT_GROWSDOWN);
  EXPECT_NUMBER(kMapShared, MAP_SHARED);
  EXPECT_NUMBER(kMapPrivate, MAP_PRIVATE);
  EXPECT_NUMBER(kMapSharedValidate, MAP_SHARED_VALIDATE);
  EXPECT_NUMBER(kMapTypeMask, MAP_TYPE);
  EXPECT_NUMBER(kMapFixed, MAP_FIXED);
  EXPECT_NUMBER(kMapAnonymous, MAP_ANONYMOUS);
  EXPECT_NUMBER(kMapGrowsDown, MAP_GROWSDOWN);
  EXPECT_NUMBER(kMapFixedNew, MAP_FIXED_NOREPLACE);
  EXPECT_NUMBER(kRemapMayMove, MREMAP_MAYMOVE);
  EXPECT_NUMBER(kRemapFixed, MREMAP_FIXED);
  EXPECT_NUMBER(kRemapDontUnmap, MREMAP_DONTUNMAP);
  EXPECT_NUMBER(kAdviseDontNeed, MADV_DONTNEED);
  EXPECT_NUMBER(kAdviseFree, MADV_FREE);
  EXPECT_NUMBER(kAdviseRemove, MADV_REMOVE);
  EXPECT_NUMBER(kSyncAsync, MS_ASYNC);
  EXPECT_NUMBER(kSyncInvalidate, MS_INVALIDATE);
  EXPECT_NUMBER(kSyncSync, MS_SYNC);
}

TEST(Numbers, Processes) {
  EXPECT_NUMBER(kCloneSignalMask, CSIGNAL);
  EXPECT_NUMBER(kCloneMemory, CLONE_VM);
  EXPECT_NUMBER(kCloneFs, CLONE_FS);
  EXPECT_NUMBER(kCloneFiles, CLONE_FILES);
  EXPECT_NUMBER(kCloneHandlers, CLONE_SIGHAND);
  EXPECT_NUMBER(kCloneVfork, CLONE_VFORK);
  EXPECT_NUMBER(kCloneParent, CLONE_PARENT);
  EXPECT_NUMBER(kCloneThread, CLONE_THREAD);
  EXPECT_NUMBER(kCloneSystemV, CLONE_SYSVSEM);
  EXPECT_NUMBER(kCloneSetTls, CLONE_SETTLS);
  EXPECT_NUMBER(kCloneParentSetTid, CLONE_PARENT_SETTID);
  EXPECT_NUMBER(kCloneChildClearTid, CLONE_CHILD_CLEARTID);
  EXPECT_NUMBER(kCloneDetached, CLONE_DETACHED);
  EXPECT_NUMBER(kCloneUntraced, CLONE_UNTRACED);
  EXPECT_NUMBER(kCloneChildSetTid, CLONE_CHILD_SETTID);
  EXPECT_NUMBER(kCloneIo, CLONE_IO);
  EXPECT_NUMBER(kWaitNoHang, WNOHANG);
  EXPECT_NUMBER(kWaitStopped, WUNTRACED);
  EXPECT_NUMBER(kWaitExited, WEXITED);
  EXPECT_NUMBER(kWaitContinued, WCONTINUED);
  EXPECT_NUMBER(kWaitNoWait, WNOWAIT);
  EXPECT_NUMBER(kWaitNoThread, __WNOTHREAD);
  EXPECT_NUMBER(kWaitAll, __WALL);
  EXPECT_NUMBER(kWaitClone, __WCLONE);
  EXPECT_NUMBER(kIdAll, P_ALL);
  EXPECT_NUMBER(kIdPid, P_PID);
  EXPECT_NUMBER(kIdGroup, P_PGID);
  EXPECT_NUMBER(kUsageSelf, RUSAGE_SELF);
  EXPECT_NUMBER(kUsageChildren, RUSAGE_CHILDREN);
  EXPECT_NUMBER(kUsageThread, RUSAGE_THREAD);
  EXPECT_NUMBER(kArchSetGs, ARCH_SET_GS);
  EXPECT_NUMBER(kArchSetFs, ARCH_SET_FS);
  EXPECT_NUMBER(kArchGetFs, ARCH_GET_FS);
  EXPECT_NUMBER(kArchGetGs, ARCH_GET_GS);
  EXPECT_NUMBER(kProcessSetName, PR_SET_NAME);
  EXPECT_NUMBER(kProcessSetDeathSignal, PR_SET_PDEATHSIG);
  EXPECT_NUMBER(kProcessGetDeathSignal, PR_GET_PDEATHSIG);
  EXPECT_NUMBER(kProcessGetKeepCapabilities, PR_GET_KEEPCAPS);
  EXPECT_NUMBER(kProcessGetSeccomp, PR_GET_SECCOMP);
  EXPECT_NUMBER(kProcessReadBoundingSet, PR_CAPBSET_READ);
  EXPECT_NUMBER(kProcessSetTimerSlack, PR_SET_TIMERSLACK);
  EXPECT_NUMBER(kProcessSetSubreaper, PR_SET_CHILD_SUBREAPER);
  EXPECT_NUMBER(kProcessGetSubreaper, PR_GET_CHILD_SUBREAPER);
  EXPECT_NUMBER(kProcessGetName, PR_GET_NAME);
  EXPECT_NUMBER(kProcessGetDumpable, PR_GET_DUMPABLE);
  EXPECT_NUMBER(kProcessSetDumpable, PR_SET_DUMPABLE);
  EXPECT_NUMBER(kProcessSetNoNewPrivileges, PR_SET_NO_NEW_PRIVS);
  EXPECT_NUMBER(kProcessGetNoNewPrivileges, PR_GET_NO_NEW_PRIVS);
  EXPECT_NUMBER(kProcessGetTimerSlack, PR_GET_TIMERSLACK);
  EXPECT_NUMBER(kPriorityProcess, PRIO_PROCESS);
  EXPECT_NUMBER(kPriorityGroup, PRIO_PGRP);
  EXPECT_NUMBER(kPriorityUser, PRIO_USER);
  EXPECT_NUMBER(kPolicyNormal, SCHED_OTHER);
  EXPECT_NUMBER(kPolicyFifo, SCHED_FIFO);
  EXPECT_NUMBER(kPolicyRoundRobin, SCHED_RR);
  EXPECT_NUMBER(kPolicyBatch, SCHED_BATCH);
  EXPECT_NUMBER(kPolicyIdle, SCHED_IDLE);
  EXPECT_NUMBER(kRebootMagic, LINUX_REBOOT_MAGIC1);
  EXPECT_NUMBER(kRebootMagic2, LINUX_REBOOT_MAGIC2);
  EXPECT_NUMBER(kRebootMagic2b, LINUX_REBOOT_MAGIC2A);
  EXPECT_NUMBER(kRebootMagic2c, LINUX_REBOOT_MAGIC2B);
  EXPECT_NUMBER(kRebootMagic2d, LINUX_REBOOT_MAGIC2C);
  EXPECT_NUMBER(kRebootRestart, LINUX_REBOOT_CMD_RESTART);
  EXPECT_NUMBER(kRebootHalt, LINUX_REBOOT_CMD_HALT);
  EXPECT_NUMBER(kRebootPowerOff, LINUX_REBOOT_CMD_POWER_OFF);
  EXPECT_NUMBER(kRebootCadOn, LINUX_REBOOT_CMD_CAD_ON);
  EXPECT_NUMBER(kRebootCadOff, LINUX_REBOOT_CMD_CAD_OFF);
}

TEST(Numbers, Signals) {
  EXPECT_NUMBER(kActionNoChildStop, SA_NOCLDSTOP);
  EXPECT_NUMBER(kActionNoChildWait, SA_NOCLDWAIT);
  EXPECT_NUMBER(kActionSigInfo, SA_SIGINFO);
  EXPECT_NUMBER(kActionOnStack, SA_ONSTACK);
  EXPECT_NUMBER(kActionRestart, SA_RESTART);
  EXPECT_NUMBER(kActionNoDefer, SA_NODEFER);
  EXPECT_NUMBER(kActionResetHandler, SA_RESETHAND);
  EXPECT_NUMBER(kMaskBlock, SIG_BLOCK);
  EXPECT_NUMBER(kMaskUnblock, SIG_UNBLOCK);
  EXPECT_NUMBER(kMaskSet, SIG_SETMASK);
  EXPECT_NUMBER(kStackOn, SS_ONSTACK);
  EXPECT_NUMBER(kStackDisable, SS_DISABLE);
  EXPECT_NUMBER(kIoHintFlags, RWF_HIPRI | RWF_DSYNC | RWF_SYNC);
  EXPECT_NUMBER(kNotifySignal, SIGEV_SIGNAL);
  EXPECT_NUMBER(kNotifyNone, SIGEV_NONE);
  EXPECT_NUMBER(kNotifyThread, SIGEV_THREAD);
  EXPECT_NUMBER(kNotifyThreadId, SIGEV_THREAD_ID);
  EXPECT_NUMBER(kCodeUser, SI_USER);
  EXPECT_NUMBER(kCodeKernel, SI_KERNEL);
  EXPECT_NUMBER(kCodeQueue, SI_QUEUE);
  EXPECT_NUMBER(kCodeThreadKill, SI_TKILL);
  EXPECT_NUMBER(kCodeTimer, SI_TIMER);
  EXPECT_NUMBER(kChildExited, CLD_EXITED);
  EXPECT_NUMBER(kChildKilled, CLD_KILLED);
  EXPECT_NUMBER(kChildDumped, CLD_DUMPED);
  EXPECT_NUMBER(kChildStopped, CLD_STOPPED);
  EXPECT_NUMBER(kChildContinued, CLD_CONTINUED);
}

TEST(Numbers, TimeAndPoll) {
  EXPECT_NUMBER(kClockReal, CLOCK_REALTIME);
  EXPECT_NUMBER(kClockMonotonic, CLOCK_MONOTONIC);
  EXPECT_NUMBER(kClockProcess, CLOCK_PROCESS_CPUTIME_ID);
  EXPECT_NUMBER(kClockThread, CLOCK_THREAD_CPUTIME_ID);
  EXPECT_NUMBER(kClockMonotonicRaw, CLOCK_MONOTONIC_RAW);
  EXPECT_NUMBER(kClockRealCoarse, CLOCK_REALTIME_COARSE);
  EXPECT_NUMBER(kClockMonotonicCoarse, CLOCK_MONOTONIC_COARSE);
  EXPECT_NUMBER(kClockBoot, CLOCK_BOOTTIME);
  EXPECT_NUMBER(kTimerAbsolute, TIMER_ABSTIME);
  EXPECT_NUMBER(kPollIn, POLLIN);
  EXPECT_NUMBER(kPollPriority, POLLPRI);
  EXPECT_NUMBER(kPollOut, POLLOUT);
  EXPECT_NUMBER(kPollError, POLLERR);
  EXPECT_NUMBER(kPollHangUp, POLLHUP);
  EXPECT_NUMBER(kPollInvalid, POLLNVAL);
  EXPECT_NUMBER(kPollReadNormal, POLLRDNORM);
  EXPECT_NUMBER(kPollReadBand, POLLRDBAND);
  EXPECT_NUMBER(kPollWriteNormal, POLLWRNORM);
  EXPECT_NUMBER(kPollWriteBand, POLLWRBAND);
  EXPECT_NUMBER(kMaxSelect, FD_SETSIZE);
}

TEST(Numbers, Futex) {
  EXPECT_NUMBER(kFutexWait, FUTEX_WAIT);
  EXPECT_NUMBER(kFutexWake, FUTEX_WAKE);
  EXPECT_NUMBER(kFutexRequeue, FUTEX_REQUEUE);
  EXPECT_NUMBER(kFutexCompareRequeue, FUTEX_CMP_REQUEUE);
  EXPECT_NUMBER(kFutexWakeOp, FUTEX_WAKE_OP);
  EXPECT_NUMBER(kFutexWaitBits, FUTEX_WAIT_BITSET);
  EXPECT_NUMBER(kFutexWakeBits, FUTEX_WAKE_BITSET);
  EXPECT_NUMBER(kFutexPrivate, FUTEX_PRIVATE_FLAG);
  EXPECT_NUMBER(kFutexRealClock, FUTEX_CLOCK_REALTIME);
  EXPECT_NUMBER(kFutexCommandMask, FUTEX_CMD_MASK);
  EXPECT_NUMBER(kFutexAllBits, FUTEX_BITSET_MATCH_ANY);
  EXPECT_NUMBER(kFutexWaiters, FUTEX_WAITERS);
  EXPECT_NUMBER(kFutexOwnerDied, FUTEX_OWNER_DIED);
  EXPECT_NUMBER(kFutexTidMask, FUTEX_TID_MASK);
}

TEST(Numbers, Terminal) {
  EXPECT_NUMBER(kTtyGet, TCGETS);
  EXPECT_NUMBER(kTtySet, TCSETS);
  EXPECT_NUMBER(kTtySetWait, TCSETSW);
  EXPECT_NUMBER(kTtySetFlush, TCSETSF);
  EXPECT_NUMBER(kTtySendBreak, TCSBRK);
  EXPECT_NUMBER(kTtyFlow, TCXONC);
  EXPECT_NUMBER(kTtyFlush, TCFLSH);
  EXPECT_NUMBER(kTtySetControlling, TIOCSCTTY);
  EXPECT_NUMBER(kTtyGetGroup, TIOCGPGRP);
  EXPECT_NUMBER(kTtySetGroup, TIOCSPGRP);
  EXPECT_NUMBER(kTtyGetWindow, TIOCGWINSZ);
  EXPECT_NUMBER(kTtySetWindow, TIOCSWINSZ);
  EXPECT_NUMBER(kTtyNoControlling, TIOCNOTTY);
  EXPECT_NUMBER(kTtyGetSession, TIOCGSID);
  EXPECT_NUMBER(kTtyGet2, TCGETS2);
  EXPECT_NUMBER(kTtySet2, TCSETS2);
  EXPECT_NUMBER(kTtySetWait2, TCSETSW2);
  EXPECT_NUMBER(kTtySetFlush2, TCSETSF2);
  EXPECT_NUMBER(kBytesReadable, FIONREAD);
  EXPECT_NUMBER(kSetNonBlocking, FIONBIO);
  EXPECT_NUMBER(kSetCloseOnExec, FIOCLEX);
  EXPECT_NUMBER(kClearCloseOnExec, FIONCLEX);
  EXPECT_NUMBER(kFlushInput, TCIFLUSH);
  EXPECT_NUMBER(kFlushOutput, TCOFLUSH);
  EXPECT_NUMBER(kFlushBoth, TCIOFLUSH);
  EXPECT_NUMBER(kInputIgnoreCr, IGNCR);
  EXPECT_NUMBER(kInputCrToNl, ICRNL);
  EXPECT_NUMBER(kInputNlToCr, INLCR);
  EXPECT_NUMBER(kInputXon, IXON);
  EXPECT_NUMBER(kOutputProcess, OPOST);
  EXPECT_NUMBER(kOutputNlToCrNl, ONLCR);
  EXPECT_NUMBER(kLocalSignals, ISIG);
  EXPECT_NUMBER(kLocalCanonical, ICANON);
  EXPECT_NUMBER(kLocalEcho, ECHO);
  EXPECT_NUMBER(kLocalEchoErase, ECHOE);
  EXPECT_NUMBER(kLocalEchoKill, ECHOK);
  EXPECT_NUMBER(kLocalEchoNl, ECHONL);
  EXPECT_NUMBER(kLocalNoFlush, NOFLSH);
  EXPECT_NUMBER(kLocalStopOutput, TOSTOP);
  EXPECT_NUMBER(kLocalEchoControl, ECHOCTL);
  EXPECT_NUMBER(kLocalExtended, IEXTEN);
  EXPECT_NUMBER(kControlBaud38400, B38400);
  EXPECT_NUMBER(kControlSize8, CS8);
  EXPECT_NUMBER(kControlRead, CREAD);
  EXPECT_NUMBER(kControlHangUp, HUPCL);
  EXPECT_NUMBER(kControlLocal, CLOCAL);
  EXPECT_NUMBER(kControlBaud115200, B115200);
}

}  // namespace
}  // namespace esc::linux_abi
