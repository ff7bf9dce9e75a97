#include "kernel/linux_abi/errno.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace esc::linux_abi {
namespace {

int Number(Errno error) { return static_cast<int>(error); }

TEST(Errno, NumbersAreTheHosts) {
  EXPECT_EQ(Number(Errno::kPerm), EPERM);
  EXPECT_EQ(Number(Errno::kNoEnt), ENOENT);
  EXPECT_EQ(Number(Errno::kSrch), ESRCH);
  EXPECT_EQ(Number(Errno::kIntr), EINTR);
  EXPECT_EQ(Number(Errno::kIo), EIO);
  EXPECT_EQ(Number(Errno::kNoDevOrAddr), ENXIO);
  EXPECT_EQ(Number(Errno::kTooBig), E2BIG);
  EXPECT_EQ(Number(Errno::kNoExec), ENOEXEC);
  EXPECT_EQ(Number(Errno::kBadF), EBADF);
  EXPECT_EQ(Number(Errno::kChild), ECHILD);
  EXPECT_EQ(Number(Errno::kAgain), EAGAIN);
  EXPECT_EQ(Number(Errno::kNoMem), ENOMEM);
  EXPECT_EQ(Number(Errno::kAcces), EACCES);
  EXPECT_EQ(Number(Errno::kFault), EFAULT);
  EXPECT_EQ(Number(Errno::kBusy), EBUSY);
  EXPECT_EQ(Number(Errno::kExist), EEXIST);
  EXPECT_EQ(Number(Errno::kXDev), EXDEV);
  EXPECT_EQ(Number(Errno::kNoDev), ENODEV);
  EXPECT_EQ(Number(Errno::kNotDir), ENOTDIR);
  EXPECT_EQ(Number(Errno::kIsDir), EISDIR);
  EXPECT_EQ(Number(Errno::kInval), EINVAL);
  EXPECT_EQ(Number(Errno::kMFile), EMFILE);
  EXPECT_EQ(Number(Errno::kNotTty), ENOTTY);
  EXPECT_EQ(Number(Errno::kFBig), EFBIG);
  EXPECT_EQ(Number(Errno::kNoSpc), ENOSPC);
  EXPECT_EQ(Number(Errno::kSPipe), ESPIPE);
  EXPECT_EQ(Number(Errno::kRoFs), EROFS);
  EXPECT_EQ(Number(Errno::kPipe), EPIPE);
  EXPECT_EQ(Number(Errno::kRange), ERANGE);
  EXPECT_EQ(Number(Errno::kDeadLk), EDEADLK);
  EXPECT_EQ(Number(Errno::kNameTooLong), ENAMETOOLONG);
  EXPECT_EQ(Number(Errno::kNoLck), ENOLCK);
  EXPECT_EQ(Number(Errno::kNoSys), ENOSYS);
  EXPECT_EQ(Number(Errno::kNotEmpty), ENOTEMPTY);
  EXPECT_EQ(Number(Errno::kLoop), ELOOP);
  EXPECT_EQ(Number(Errno::kNoData), ENODATA);
  EXPECT_EQ(Number(Errno::kOverflow), EOVERFLOW);
  EXPECT_EQ(Number(Errno::kNotSock), ENOTSOCK);
  EXPECT_EQ(Number(Errno::kOpNotSupp), EOPNOTSUPP);
  EXPECT_EQ(Number(Errno::kAfNoSupport), EAFNOSUPPORT);
  EXPECT_EQ(Number(Errno::kTimedOut), ETIMEDOUT);
}

TEST(Errno, EveryStatusHasOneAndOnlyOkHasNone) {
  EXPECT_EQ(ErrnoOf(Status::kOk), Errno::kNone);
  for (int i = 1; i <= static_cast<int>(Status::kIoError); ++i) {
    const auto status = static_cast<Status>(i);
    EXPECT_NE(ErrnoOf(status), Errno::kNone) << StatusName(status);
    EXPECT_TRUE(Answer(status).IsError()) << StatusName(status);
  }
}

TEST(Errno, StatusesThatProgramsTellApart) {
  EXPECT_EQ(ErrnoOf(Status::kPermissionDenied), Errno::kPerm);
  EXPECT_EQ(ErrnoOf(Status::kAccessDenied), Errno::kAcces);
  EXPECT_EQ(ErrnoOf(Status::kWouldBlock), Errno::kAgain);
  EXPECT_EQ(ErrnoOf(Status::kInterrupted), Errno::kIntr);
  EXPECT_EQ(ErrnoOf(Status::kRestart), Errno::kRestartSys);
  EXPECT_EQ(ErrnoOf(Status::kTooLarge), Errno::kTooBig);
  EXPECT_EQ(ErrnoOf(Status::kNotImplemented), Errno::kNoSys);
}

TEST(Answer, IsOneRegister) {
  static_assert(sizeof(Answer) == 8);
  EXPECT_EQ(Answer(Status::kOk).value(), 0);
  EXPECT_EQ(Answer(Status::kNotFound).value(), -ENOENT);
  EXPECT_EQ(Answer(Errno::kRange).value(), -ERANGE);
  EXPECT_EQ(Answer(Result<int>(7)).value(), 7);
  EXPECT_EQ(Answer(Result<int>(Status::kBadDescriptor)).value(), -EBADF);
  // An address in the upper half of user space is no error, nor is a large count.
  EXPECT_FALSE(Answer(std::uint64_t{0x7fff'ffff'f000}).IsError());
  EXPECT_EQ(Answer(std::uint64_t{0x7fff'ffff'f000}).value(), 0x7fff'ffff'f000);
}

}  // namespace
}  // namespace esc::linux_abi
