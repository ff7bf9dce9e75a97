// Advisory locks: ranges of a process, of a description, whole files; conflicts, waits, and what ends them.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static int file;

static int Lock(int fd, int command, int type, long start, long length) {
  struct flock lock = {.l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
  return fcntl(fd, command, &lock);
}

// Runs `body` in a child, which must end well.
static void InChild(void (*body)(void)) {
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    body();
    _exit(0);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
}

static void SeeRange(void) {
  CHECK_ERRNO(Lock(file, F_SETLK, F_WRLCK, 15, 10), EAGAIN);
  CHECK_ERRNO(Lock(file, F_SETLK, F_RDLCK, 0, 0), EAGAIN);
  struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
  CHECK(fcntl(file, F_GETLK, &lock) == 0);
  CHECK(lock.l_type == F_WRLCK && lock.l_start == 10 && lock.l_len == 10 && lock.l_pid == getppid());
  CHECK(Lock(file, F_SETLK, F_WRLCK, 20, 0) == 0);
}

static void SeeHole(void) {
  CHECK(Lock(file, F_SETLK, F_WRLCK, 14, 2) == 0);
  CHECK_ERRNO(Lock(file, F_SETLK, F_WRLCK, 13, 1), EAGAIN);
  CHECK_ERRNO(Lock(file, F_SETLK, F_WRLCK, 16, 1), EAGAIN);
}

static void SeeShared(void) {
  CHECK(Lock(file, F_SETLK, F_RDLCK, 0, 0) == 0);
  CHECK_ERRNO(Lock(file, F_SETLK, F_WRLCK, 0, 1), EAGAIN);
}

static void SeeNone(void) { CHECK(Lock(file, F_SETLK, F_WRLCK, 0, 0) == 0); }

static void TestRanges(void) {
  CHECK(Lock(file, F_SETLK, F_WRLCK, 10, 10) == 0);
  InChild(SeeRange);  // its own lock goes with it
  CHECK(Lock(file, F_SETLK, F_UNLCK, 14, 2) == 0);
  InChild(SeeHole);
  CHECK(Lock(file, F_SETLK, F_RDLCK, 0, 0) == 0);
  InChild(SeeShared);
  // Any close of the file by its owner ends them all.
  const int second = open("/tmp/locks_test", O_RDWR);
  CHECK(second >= 0 && close(second) == 0);
  InChild(SeeNone);
  CHECK_ERRNO(Lock(file, F_SETLK, 7, 0, 0), EINVAL);
  CHECK_ERRNO(Lock(file, F_SETLK, F_WRLCK, -5, 1), EINVAL);
}

static void Wait(void) {
  alarm(20);
  CHECK(Lock(file, F_SETLKW, F_WRLCK, 0, 0) == 0);
}

static void TestWait(void) {
  CHECK(Lock(file, F_SETLK, F_WRLCK, 0, 0) == 0);
  const pid_t child = fork();
  if (child == 0) {
    Wait();
    _exit(0);
  }
  usleep(30000);
  int status;
  CHECK(waitpid(child, &status, WNOHANG) == 0);
  CHECK(Lock(file, F_SETLK, F_UNLCK, 0, 0) == 0);
  CHECK(waitpid(child, &status, 0) == child && status == 0);
}

static void Interrupted(int signal) { (void)signal; }

static void WaitUntilSignal(void) {
  const struct sigaction action = {.sa_handler = Interrupted};
  CHECK(sigaction(SIGALRM, &action, NULL) == 0);
  ualarm(20000, 0);
  CHECK_ERRNO(Lock(file, F_SETLKW, F_WRLCK, 0, 0), EINTR);
}

static void TestWholeFile(void) {
  const int second = open("/tmp/locks_test", O_RDWR);
  CHECK(second >= 0 && flock(file, LOCK_EX) == 0);
  CHECK_ERRNO(flock(second, LOCK_EX | LOCK_NB), EAGAIN);
  CHECK(flock(file, LOCK_SH) == 0 && flock(second, LOCK_SH | LOCK_NB) == 0);
  const int copy = dup(second);
  CHECK(close(second) == 0);
  CHECK_ERRNO(flock(file, LOCK_EX | LOCK_NB), EAGAIN);  // the description lives on
  CHECK(close(copy) == 0 && flock(file, LOCK_EX | LOCK_NB) == 0);
  // Record locks are another family.
  CHECK(Lock(file, F_SETLK, F_WRLCK, 0, 0) == 0 && Lock(file, F_SETLK, F_UNLCK, 0, 0) == 0);
  CHECK(flock(file, LOCK_UN) == 0);
}

static void TestDescription(void) {
  const int second = open("/tmp/locks_test", O_RDWR);
  CHECK(second >= 0 && Lock(file, F_OFD_SETLK, F_WRLCK, 0, 10) == 0);
  CHECK_ERRNO(Lock(second, F_OFD_SETLK, F_WRLCK, 5, 1), EAGAIN);
  CHECK_ERRNO(Lock(second, F_SETLK, F_RDLCK, 5, 1), EAGAIN);
  CHECK(close(second) == 0);
  CHECK(Lock(file, F_OFD_SETLK, F_UNLCK, 0, 0) == 0);
}

int main(void) {
  file = open("/tmp/locks_test", O_CREAT | O_RDWR, 0600);
  CHECK(file >= 0);
  TestRanges();
  TestWait();
  CHECK(Lock(file, F_SETLK, F_WRLCK, 0, 0) == 0);
  InChild(WaitUntilSignal);
  CHECK(Lock(file, F_SETLK, F_UNLCK, 0, 0) == 0);
  TestWholeFile();
  TestDescription();
  unlink("/tmp/locks_test");
  puts("ok locks_test");
  return 0;
}
