// Linux's constants for x86-64: flags, commands, types. numbers_test.cc compares them with the host's headers.
// System call numbers stand in the table (table.cc), error numbers in errno.h.
#pragma once

#include <cstdint>

namespace esc::linux_abi {

// --- open, fcntl (asm-generic/fcntl.h) ---
inline constexpr std::uint32_t kOpenAccessMode = 03, kOpenReadOnly = 0, kOpenWriteOnly = 01, kOpenReadWrite = 02;
inline constexpr std::uint32_t kOpenCreate = 0100, kOpenExclusive = 0200, kOpenNoControllingTerminal = 0400;
inline constexpr std::uint32_t kOpenTruncate = 01000, kOpenAppend = 02000, kOpenNonBlock = 04000;
inline constexpr std::uint32_t kOpenLargeFile = 0100000, kOpenDirectory = 0200000, kOpenNoFollow = 0400000;
inline constexpr std::uint32_t kOpenCloseOnExec = 02000000, kOpenPath = 010000000, kOpenTemporary = 020000000;
inline constexpr std::uint32_t kOpenSync = 04010000, kOpenDirect = 040000, kOpenNoAccessTime = 01000000;
inline constexpr int kAtWorkingDirectory = -100;
inline constexpr std::uint32_t kAtNoFollow = 0x100, kAtRemoveDirectory = 0x200, kAtEffectiveAccess = 0x200;
inline constexpr std::uint32_t kAtFollow = 0x400, kAtNoAutomount = 0x800, kAtEmptyPath = 0x1000, kAtStatxSync = 0x6000;
inline constexpr std::uint32_t kFcntlDuplicate = 0, kFcntlGetDescriptorFlags = 1, kFcntlSetDescriptorFlags = 2;
inline constexpr std::uint32_t kFcntlGetFlags = 3, kFcntlSetFlags = 4, kFcntlGetLock = 5, kFcntlSetLock = 6;
inline constexpr std::uint32_t kFcntlSetLockWait = 7, kFcntlDuplicateCloseOnExec = 1030, kFcntlGetPipeSize = 1032;
inline constexpr std::uint64_t kDescriptorCloseOnExec = 1;
inline constexpr std::uint32_t kFcntlGetDescriptionLock = 36, kFcntlSetDescriptionLock = 37;
inline constexpr std::uint32_t kFcntlSetDescriptionLockWait = 38, kFcntlSetPipeSize = 1031;
inline constexpr std::int16_t kLockRead = 0, kLockWrite = 1, kLockUnlocked = 2;
inline constexpr std::uint32_t kLockFileShared = 1, kLockFileExclusive = 2, kLockFileNoWait = 4, kLockFileUnlock = 8;
inline constexpr std::uint32_t kAccessExecute = 1, kAccessWrite = 2, kAccessRead = 4;
inline constexpr std::uint32_t kRenameNoReplace = 1, kRenameExchange = 2, kRenameWhiteout = 4;
inline constexpr int kSeekStart = 0, kSeekCurrent = 1, kSeekEnd = 2, kSeekData = 3, kSeekHole = 4;
inline constexpr std::uint64_t kMaxIo = 0x7ffff000;  // MAX_RW_COUNT
inline constexpr std::uint32_t kMaxVectors = 1024;   // UIO_MAXIOV

// --- file modes ---
inline constexpr std::uint32_t kModeType = 0170000, kModeSocket = 0140000, kModeLink = 0120000, kModeFile = 0100000;
inline constexpr std::uint32_t kModeBlock = 0060000, kModeDirectory = 0040000, kModeCharacter = 0020000;
inline constexpr std::uint32_t kModeFifo = 0010000;
inline constexpr std::int64_t kTimeNow = 0x3fffffff, kTimeOmit = 0x3ffffffe;
inline constexpr std::uint64_t kMountRemount = 32, kMountBind = 4096, kMountMove = 8192;
inline constexpr std::int64_t kTemporaryFsMagic = 0x01021994;

// --- auxiliary vector (linux/auxvec.h) ---
inline constexpr std::uint64_t kAuxNull = 0, kAuxHeaders = 3, kAuxHeaderSize = 4, kAuxHeaderCount = 5, kAuxPageSize = 6;
inline constexpr std::uint64_t kAuxBase = 7, kAuxFlags = 8, kAuxEntry = 9, kAuxUid = 11, kAuxEuid = 12, kAuxGid = 13;
inline constexpr std::uint64_t kAuxEgid = 14, kAuxPlatform = 15, kAuxHardware = 16, kAuxClockTicks = 17, kAuxSecure = 23;
inline constexpr std::uint64_t kAuxRandom = 25, kAuxHardware2 = 26, kAuxPath = 31, kAuxSystemInfo = 33,
                               kAuxMinimumSignalStack = 51;
inline constexpr std::uint64_t kClockTicks = 100;  // USER_HZ

// --- memory (asm-generic/mman.h) ---
inline constexpr std::uint32_t kProtRead = 1, kProtWrite = 2, kProtExecute = 4, kProtGrowsDown = 0x01000000;
inline constexpr std::uint32_t kMapShared = 1, kMapPrivate = 2, kMapSharedValidate = 3, kMapTypeMask = 0xf;
inline constexpr std::uint32_t kMapFixed = 0x10, kMapAnonymous = 0x20, kMapGrowsDown = 0x100, kMapFixedNew = 0x100000;
inline constexpr std::uint32_t kRemapMayMove = 1, kRemapFixed = 2, kRemapDontUnmap = 4;
inline constexpr int kAdviseDontNeed = 4, kAdviseFree = 8, kAdviseRemove = 9;
inline constexpr std::uint32_t kSyncAsync = 1, kSyncInvalidate = 2, kSyncSync = 4;

// --- processes (linux/sched.h, wait.h, prctl.h) ---
inline constexpr std::uint64_t kCloneSignalMask = 0xff, kCloneMemory = 0x100, kCloneFs = 0x200, kCloneFiles = 0x400;
inline constexpr std::uint64_t kCloneHandlers = 0x800, kCloneVfork = 0x4000, kCloneParent = 0x8000, kCloneThread = 0x10000;
inline constexpr std::uint64_t kCloneSystemV = 0x40000, kCloneSetTls = 0x80000, kCloneParentSetTid = 0x100000;
inline constexpr std::uint64_t kCloneChildClearTid = 0x200000, kCloneDetached = 0x400000, kCloneUntraced = 0x800000;
inline constexpr std::uint64_t kCloneChildSetTid = 0x1000000, kCloneIo = 0x80000000;
inline constexpr std::uint32_t kWaitNoHang = 1, kWaitStopped = 2, kWaitExited = 4, kWaitContinued = 8;
inline constexpr std::uint32_t kWaitNoWait = 0x01000000, kWaitNoThread = 0x20000000, kWaitAll = 0x40000000;
inline constexpr std::uint32_t kWaitClone = 0x80000000;
inline constexpr int kIdAll = 0, kIdPid = 1, kIdGroup = 2;
inline constexpr int kUsageSelf = 0, kUsageChildren = -1, kUsageThread = 1;
inline constexpr std::uint64_t kArchSetGs = 0x1001, kArchSetFs = 0x1002, kArchGetFs = 0x1003, kArchGetGs = 0x1004;
inline constexpr int kProcessSetName = 15, kProcessGetName = 16, kProcessGetDumpable = 3, kProcessSetDumpable = 4;
inline constexpr int kProcessSetDeathSignal = 1, kProcessGetDeathSignal = 2, kProcessGetKeepCapabilities = 7;
inline constexpr int kProcessGetSeccomp = 21, kProcessReadBoundingSet = 23, kProcessSetTimerSlack = 29;
inline constexpr int kProcessSetSubreaper = 36, kProcessGetSubreaper = 37;
inline constexpr int kProcessSetNoNewPrivileges = 38, kProcessGetNoNewPrivileges = 39, kProcessGetTimerSlack = 30;
inline constexpr int kPriorityProcess = 0, kPriorityGroup = 1, kPriorityUser = 2;
inline constexpr int kPolicyNormal = 0, kPolicyFifo = 1, kPolicyRoundRobin = 2, kPolicyBatch = 3, kPolicyIdle = 5;
inline constexpr std::uint32_t kRebootMagic = 0xfee1dead, kRebootMagic2 = 672274793, kRebootMagic2b = 85072278;
inline constexpr std::uint32_t kRebootMagic2c = 369367448, kRebootMagic2d = 537993216;
inline constexpr std::uint32_t kRebootRestart = 0x01234567, kRebootHalt = 0xcdef0123, kRebootPowerOff = 0x4321fedc;
inline constexpr std::uint32_t kRebootCadOn = 0x89abcdef, kRebootCadOff = 0;

// --- signals (asm/signal.h, asm-generic/siginfo.h) ---
inline constexpr std::uint64_t kActionNoChildStop = 1, kActionNoChildWait = 2, kActionSigInfo = 4;
inline constexpr std::uint64_t kActionRestorer = 0x04000000, kActionOnStack = 0x08000000, kActionRestart = 0x10000000;
inline constexpr std::uint64_t kActionNoDefer = 0x40000000, kActionResetHandler = 0x80000000;
inline constexpr int kMaskBlock = 0, kMaskUnblock = 1, kMaskSet = 2;
inline constexpr std::uint32_t kStackOn = 1, kStackDisable = 2, kStackAutoDisarm = 0x80000000;
inline constexpr std::uint64_t kMinimumSignalStack = 2048;
inline constexpr std::int32_t kCodeUser = 0, kCodeKernel = 0x80, kCodeQueue = -1, kCodeThreadKill = -6;
inline constexpr std::int32_t kCodeTimer = -2;
inline constexpr std::int32_t kChildExited = 1, kChildKilled = 2, kChildDumped = 3, kChildStopped = 5, kChildContinued = 6;

// --- time ---
inline constexpr int kClockReal = 0, kClockMonotonic = 1, kClockProcess = 2, kClockThread = 3, kClockMonotonicRaw = 4;
inline constexpr int kClockRealCoarse = 5, kClockMonotonicCoarse = 6, kClockBoot = 7, kClockAtomic = 11;
inline constexpr std::uint32_t kTimerAbsolute = 1;
inline constexpr int kTimerReal = 0;
// RWF_HIPRI, RWF_DSYNC, RWF_SYNC: files in memory are as quick and as safe as they get.
inline constexpr std::uint32_t kIoHintFlags = 7;
// sigevent::sigev_notify.
inline constexpr std::int32_t kNotifySignal = 0, kNotifyNone = 1, kNotifyThread = 2, kNotifyThreadId = 4;

// --- poll ---
inline constexpr std::uint16_t kPollIn = 1, kPollPriority = 2, kPollOut = 4, kPollError = 8, kPollHangUp = 16;
inline constexpr std::uint16_t kPollInvalid = 32, kPollReadNormal = 64, kPollReadBand = 128, kPollWriteNormal = 256;
inline constexpr std::uint16_t kPollWriteBand = 512;
inline constexpr int kMaxSelect = 1024;

// --- epoll, eventfd, timerfd (linux/eventpoll.h and others; their open flags are open's) ---
inline constexpr int kEpollAdd = 1, kEpollDelete = 2, kEpollModify = 3;
inline constexpr std::uint32_t kEpollOneShot = 1u << 30, kEpollEdge = 1u << 31;
inline constexpr std::uint32_t kEventSemaphore = 1, kTimerCancelOnSet = 2;

// --- futex (linux/futex.h) ---
inline constexpr std::uint32_t kFutexWait = 0, kFutexWake = 1, kFutexRequeue = 3, kFutexCompareRequeue = 4;
inline constexpr std::uint32_t kFutexWakeOp = 5, kFutexWaitBits = 9, kFutexWakeBits = 10;
inline constexpr std::uint32_t kFutexPrivate = 128, kFutexRealClock = 256, kFutexCommandMask = ~(128u | 256u);
inline constexpr std::uint32_t kFutexAllBits = ~0u;
inline constexpr std::uint32_t kFutexWaiters = 0x80000000, kFutexOwnerDied = 0x40000000, kFutexTidMask = 0x3fffffff;

// --- terminal (asm-generic/ioctls.h, termbits.h) ---
inline constexpr std::uint32_t kTtyGet = 0x5401, kTtySet = 0x5402, kTtySetWait = 0x5403, kTtySetFlush = 0x5404;
inline constexpr std::uint32_t kTtySendBreak = 0x5409, kTtyFlow = 0x540A, kTtyFlush = 0x540B, kTtySetControlling = 0x540E;
inline constexpr std::uint32_t kTtyGetGroup = 0x540F, kTtySetGroup = 0x5410, kTtyGetWindow = 0x5413, kTtySetWindow = 0x5414;
inline constexpr std::uint32_t kBytesReadable = 0x541B, kSetNonBlocking = 0x5421, kTtyNoControlling = 0x5422;
inline constexpr std::uint32_t kTtyGetSession = 0x5429, kTtyGet2 = 0x802C542A, kTtySet2 = 0x402C542B;
inline constexpr std::uint32_t kTtySetWait2 = 0x402C542C, kTtySetFlush2 = 0x402C542D;
inline constexpr std::uint32_t kSetCloseOnExec = 0x5451, kClearCloseOnExec = 0x5450;
inline constexpr int kFlushInput = 0, kFlushOutput = 1, kFlushBoth = 2;
inline constexpr std::uint32_t kInputIgnoreCr = 0200, kInputCrToNl = 0400, kInputNlToCr = 0100, kInputXon = 02000;
inline constexpr std::uint32_t kOutputProcess = 01, kOutputNlToCrNl = 04;
inline constexpr std::uint32_t kLocalSignals = 01, kLocalCanonical = 02, kLocalEcho = 010, kLocalEchoErase = 020;
inline constexpr std::uint32_t kLocalEchoKill = 040, kLocalEchoNl = 0100, kLocalNoFlush = 0200, kLocalStopOutput = 0400;
inline constexpr std::uint32_t kLocalEchoControl = 01000, kLocalExtended = 0100000;
inline constexpr std::uint32_t kControlBaud38400 = 017, kControlSize8 = 060, kControlRead = 0200, kControlHangUp = 02000;
inline constexpr std::uint32_t kControlLocal = 04000, kControlBaud115200 = 010002;

}  // namespace esc::linux_abi
