#include "kernel/linux_abi/errno.h"

namespace esc::linux_abi {

Errno ErrnoOf(Status status) {
  switch (status) {
    case Status::kOk: return Errno::kNone;
    case Status::kInvalidArgument: return Errno::kInval;
    case Status::kOutOfRange: return Errno::kInval;
    case Status::kNoMemory: return Errno::kNoMem;
    case Status::kNotFound: return Errno::kNoEnt;
    case Status::kAlreadyExists: return Errno::kExist;
    case Status::kNotDirectory: return Errno::kNotDir;
    case Status::kIsDirectory: return Errno::kIsDir;
    case Status::kNotEmpty: return Errno::kNotEmpty;
    case Status::kBusy: return Errno::kBusy;
    case Status::kWouldBlock: return Errno::kAgain;
    case Status::kInterrupted: return Errno::kIntr;
    case Status::kRestart: return Errno::kRestartSys;
    case Status::kTimedOut: return Errno::kTimedOut;
    case Status::kFault: return Errno::kFault;
    case Status::kPermissionDenied: return Errno::kPerm;
    case Status::kAccessDenied: return Errno::kAcces;
    case Status::kNotExecutable: return Errno::kNoExec;
    case Status::kCorrupt: return Errno::kNoExec;
    case Status::kTruncated: return Errno::kNoExec;
    case Status::kTooLarge: return Errno::kTooBig;
    case Status::kTooManyOpen: return Errno::kMFile;
    case Status::kBadDescriptor: return Errno::kBadF;
    case Status::kBrokenPipe: return Errno::kPipe;
    case Status::kNotSeekable: return Errno::kSPipe;
    case Status::kNotTerminal: return Errno::kNotTty;
    case Status::kNotSupported: return Errno::kOpNotSupp;
    case Status::kNotImplemented: return Errno::kNoSys;
    case Status::kNoSuchProcess: return Errno::kSrch;
    case Status::kNoChild: return Errno::kChild;
    case Status::kNoSpace: return Errno::kNoSpc;
    case Status::kReadOnly: return Errno::kRoFs;
    case Status::kNameTooLong: return Errno::kNameTooLong;
    case Status::kTooManyLinks: return Errno::kLoop;
    case Status::kCrossDevice: return Errno::kXDev;
    case Status::kResourceLimit: return Errno::kAgain;
    case Status::kDeadlock: return Errno::kDeadLk;
    case Status::kIoError: return Errno::kIo;
    case Status::kNoDevice: return Errno::kNoDevOrAddr;
  }
  return Errno::kIo;
}

}  // namespace esc::linux_abi
