// PR_SET_CHILD_SUBREAPER: orphans go to the nearest ancestor that asked for them.
#define _GNU_SOURCE
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static int IsSubreaper(void) {
  int on = -1;
  CHECK(prctl(PR_GET_CHILD_SUBREAPER, &on) == 0);
  return on;
}

// The grandchild ends with 7 when its parent's death has made `heir` its parent.
static void LeaveOrphan(pid_t heir) {
  const pid_t middle = getpid();
  const pid_t orphan = fork();
  CHECK(orphan != -1);
  if (orphan != 0) _exit(0);
  while (getppid() == middle) usleep(100);
  _exit(getppid() == heir ? 7 : 1);
}

static int WaitForAny(void) {
  int status;
  CHECK(wait(&status) > 0 && WIFEXITED(status));
  return WEXITSTATUS(status);
}

static void TestOrphans(void) {
  const pid_t self = getpid();
  const pid_t middle = fork();
  if (middle == 0) {
    if (IsSubreaper() != 0) _exit(1);  // not inherited
    LeaveOrphan(self);
  }
  CHECK(middle > 0);
  CHECK(WaitForAny() + WaitForAny() == 7);
  CHECK_ERRNO(wait(NULL), ECHILD);
}

// An orphan that is a zombie already comes too.
static void TestZombies(void) {
  int ends[2];
  CHECK(pipe(ends) == 0);
  const pid_t middle = fork();
  if (middle == 0) {
    const pid_t zombie = fork();
    if (zombie == 0) _exit(3);
    siginfo_t info;
    if (waitid(P_PID, zombie, &info, WEXITED | WNOWAIT) != 0) _exit(1);
    if (write(ends[1], &zombie, sizeof(zombie)) != sizeof(zombie)) _exit(1);
    _exit(0);
  }
  pid_t zombie;
  CHECK(read(ends[0], &zombie, sizeof(zombie)) == sizeof(zombie));
  int status;
  CHECK(waitpid(middle, &status, 0) == middle && status == 0);
  CHECK(waitpid(zombie, &status, 0) == zombie && WEXITSTATUS(status) == 3);
  close(ends[0]), close(ends[1]);
}

static void TestNearest(void) {
  const pid_t inner = fork();
  if (inner == 0) {
    CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
    TestOrphans();
    _exit(5);
  }
  CHECK(inner > 0 && WaitForAny() == 5);
  CHECK_ERRNO(wait(NULL), ECHILD);
}

static void TestOff(void) {
  const pid_t self = getpid();
  CHECK(prctl(PR_SET_CHILD_SUBREAPER, 0) == 0 && IsSubreaper() == 0);
  const pid_t middle = fork();
  if (middle == 0) {
    const pid_t me = getpid();
    if (fork() != 0) _exit(0);
    while (getppid() == me) usleep(100);
    _exit(getppid() == self);
  }
  CHECK(WaitForAny() == 0);
  CHECK_ERRNO(wait(NULL), ECHILD);
}

int main(void) {
  // In a process of its own, so that somebody above it is there to get what it does not.
  const pid_t child = fork();
  if (child == 0) {
    CHECK(IsSubreaper() == 0);
    CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0 && IsSubreaper() == 1);
    TestOrphans();
    TestZombies();
    TestNearest();
    TestOff();
    _exit(0);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  return 0;
}
