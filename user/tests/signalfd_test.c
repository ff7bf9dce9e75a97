// signalfd: blocked signals as records of a file, by read, poll and epoll.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static struct signalfd_siginfo told[4];

static sigset_t SetOf(int a, int b, int c) {
  sigset_t set;
  sigemptyset(&set);
  if (a != 0) sigaddset(&set, a);
  if (b != 0) sigaddset(&set, b);
  if (c != 0) sigaddset(&set, c);
  return set;
}

static void TestRecords(void) {
  const sigset_t set = SetOf(SIGUSR1, SIGUSR2, SIGKILL);  // the last is passed over
  const int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC && (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
  struct pollfd one = {.fd = fd, .events = POLLIN};
  CHECK_ERRNO(read(fd, told, sizeof(told)), EAGAIN);
  CHECK(poll(&one, 1, 0) == 0);
  CHECK(kill(getpid(), SIGUSR2) == 0 && kill(getpid(), SIGUSR1) == 0 && kill(getpid(), SIGUSR1) == 0);
  CHECK(poll(&one, 1, -1) == 1 && one.revents == POLLIN);
  CHECK_ERRNO(read(fd, told, sizeof(told[0]) - 1), EINVAL);
  CHECK_ERRNO(write(fd, told, sizeof(told[0])), EINVAL);
  CHECK(read(fd, told, sizeof(told)) == 2 * sizeof(told[0]));
  CHECK(told[0].ssi_signo == SIGUSR1 && told[1].ssi_signo == SIGUSR2);
  CHECK(told[0].ssi_code == SI_USER && told[0].ssi_pid == (uint32_t)getpid() && told[0].ssi_uid == getuid());
  CHECK_ERRNO(read(fd, told, sizeof(told)), EAGAIN);
  sigset_t pending;
  CHECK(sigpending(&pending) == 0 && !sigismember(&pending, SIGUSR1));
  const union sigval value = {.sival_int = 4711};
  CHECK(sigqueue(getpid(), SIGUSR1, value) == 0);
  CHECK(read(fd, told, sizeof(told)) == sizeof(told[0]));
  CHECK(told[0].ssi_code == SI_QUEUE && told[0].ssi_int == 4711);
  close(fd);
}

static void TestChange(void) {
  sigset_t set = SetOf(SIGUSR1, 0, 0);
  const int fd = signalfd(-1, &set, SFD_NONBLOCK);
  CHECK(kill(getpid(), SIGUSR2) == 0);
  CHECK_ERRNO(read(fd, told, sizeof(told)), EAGAIN);
  set = SetOf(SIGUSR2, 0, 0);
  CHECK(signalfd(fd, &set, 0) == fd);
  CHECK(read(fd, told, sizeof(told)) == sizeof(told[0]) && told[0].ssi_signo == SIGUSR2);
  int ends[2];
  CHECK(pipe(ends) == 0);
  CHECK_ERRNO(signalfd(ends[0], &set, 0), EINVAL);
  CHECK_ERRNO(signalfd(99, &set, 0), EBADF);
  CHECK_ERRNO(signalfd(-1, &set, 1), EINVAL);
  close(ends[0]), close(ends[1]), close(fd);
}

// A reader that waits already, or does not yet: both are told of what another process sends.
static void TestWaiting(void) {
  const sigset_t set = SetOf(SIGUSR1, SIGCHLD, 0);
  const int fd = signalfd(-1, &set, 0);
  for (int round = 0; round < 20; ++round) {
    const pid_t child = fork();
    if (child == 0) {
      if (round % 2 == 0) usleep(1000);
      kill(getppid(), SIGUSR1);
      _exit(round);
    }
    CHECK(child > 0);
    CHECK(read(fd, told, sizeof(told[0])) == sizeof(told[0]));
    CHECK(told[0].ssi_signo == SIGUSR1 && told[0].ssi_pid == (uint32_t)child);
    CHECK(read(fd, told, sizeof(told[0])) == sizeof(told[0]));
    CHECK(told[0].ssi_signo == SIGCHLD && told[0].ssi_pid == (uint32_t)child);
    CHECK(told[0].ssi_code == CLD_EXITED && told[0].ssi_status == round);
    CHECK(waitpid(child, NULL, 0) == child);
  }
  close(fd);
}

static void TestEpoll(void) {
  const sigset_t set = SetOf(SIGUSR1, 0, 0);
  const int fd = signalfd(-1, &set, 0), epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd}, seen;
  CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
  CHECK(epoll_wait(epoll, &seen, 1, 0) == 0);
  const pid_t child = fork();
  if (child == 0) {
    usleep(1000);
    kill(getppid(), SIGUSR1);
    _exit(0);
  }
  CHECK(epoll_wait(epoll, &seen, 1, -1) == 1 && seen.data.fd == fd && seen.events == EPOLLIN);
  CHECK(read(fd, told, sizeof(told[0])) == sizeof(told[0]) && told[0].ssi_signo == SIGUSR1);
  CHECK(epoll_wait(epoll, &seen, 1, 0) == 0);
  CHECK(waitpid(child, NULL, 0) == child);
  close(epoll), close(fd);
}

static void Nothing(int signal) { (void)signal; }

// A signal that is not the file's and has a handler ends the wait.
static void TestInterrupted(void) {
  const sigset_t set = SetOf(SIGUSR1, 0, 0);
  const int fd = signalfd(-1, &set, 0);
  const struct sigaction action = {.sa_handler = Nothing};
  CHECK(sigaction(SIGALRM, &action, NULL) == 0);
  const struct itimerval often = {.it_interval.tv_usec = 1000, .it_value.tv_usec = 1000}, never = {.it_value.tv_sec = 0};
  CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
  CHECK_ERRNO(read(fd, told, sizeof(told)), EINTR);
  CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
  close(fd);
}

int main(void) {
  const sigset_t set = SetOf(SIGUSR1, SIGUSR2, SIGCHLD);
  CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
  TestRecords();
  TestChange();
  TestWaiting();
  TestEpoll();
  TestInterrupted();
  return 0;
}
