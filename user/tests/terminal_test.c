// The controlling terminal: who has one, what background processes may do, orphaned groups, what a leader leaves behind.
// The terminal is the console here, and a new pseudo-terminal on Linux.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "check.h"

static char terminal[64] = "/dev/ttyS0";

static void FindTerminal(void) {
  const int master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
  int unlock = 0, number;
  if (master < 0) return;
  CHECK(ioctl(master, TIOCSPTLCK, &unlock) == 0 && ioctl(master, TIOCGPTN, &number) == 0);
  snprintf(terminal, sizeof(terminal), "/dev/pts/%d", number);
}

// Runs `body` in a child with a group of its own; its wait status, of a stop too.
static int InNewGroup(void (*body)(void), pid_t* child) {
  fflush(stdout);
  *child = fork();
  if (*child == 0) {
    CHECK(setpgid(0, 0) == 0);
    body();
    fflush(stdout);
    _exit(0);
  }
  int status;
  CHECK(waitpid(*child, &status, WUNTRACED) == *child);
  return status;
}

static int tty;

static void ReadsUnasked(void) {
  char byte;
  signal(SIGTTIN, SIG_IGN);
  CHECK_ERRNO(read(tty, &byte, 1), EIO);
  signal(SIGTTIN, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTTIN);
  CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
  CHECK_ERRNO(read(tty, &byte, 1), EIO);
}

static void ChangesUnasked(void) {
  struct termios settings;
  CHECK(tcgetattr(tty, &settings) == 0);
  signal(SIGTTOU, SIG_IGN);
  CHECK(tcsetattr(tty, TCSANOW, &settings) == 0);
  signal(SIGTTOU, SIG_DFL);
  CHECK(tcsetattr(tty, TCSANOW, &settings) == 0);  // stops; goes on in the foreground
}

static void TakesTheForeground(void) {
  CHECK(tcsetpgrp(tty, getpid()) == 0);  // stops; goes on in the foreground
  CHECK(tcgetpgrp(tty) == getpid());
}

static void Writes(void) { CHECK(write(tty, "", 0) == 0 && write(tty, "\r", 1) == 1); }

// A stopped child is brought to the foreground and continued, and ends well; then the foreground is the caller's again.
static void ContinueInForeground(pid_t child) {
  int status;
  CHECK(tcsetpgrp(tty, child) == 0 && kill(-child, SIGCONT) == 0);
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  signal(SIGTTOU, SIG_IGN);
  CHECK(tcsetpgrp(tty, getpid()) == 0);
  signal(SIGTTOU, SIG_DFL);
}

static void InBackground(void) {
  pid_t child;
  CHECK(InNewGroup(ReadsUnasked, &child) == 0);
  int status = InNewGroup(ChangesUnasked, &child);
  CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU);
  ContinueInForeground(child);
  status = InNewGroup(TakesTheForeground, &child);
  CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU);
  ContinueInForeground(child);

  CHECK(InNewGroup(Writes, &child) == 0);
  struct termios settings, before;
  CHECK(tcgetattr(tty, &before) == 0);
  settings = before;
  settings.c_lflag |= TOSTOP;
  CHECK(tcsetattr(tty, TCSANOW, &settings) == 0);
  status = InNewGroup(Writes, &child);
  CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU);
  ContinueInForeground(child);
  CHECK(tcsetattr(tty, TCSANOW, &before) == 0);
}

static int pipe_ends[2];

static volatile sig_atomic_t hung_up;
static void OnHangUp(int signal) { hung_up = signal; }

// In a group whose only parent in the session has ended: nobody could continue it.
static void Orphaned(void) {
  char byte;
  CHECK(read(pipe_ends[0], &byte, 1) == 0);  // until the parent has ended
  CHECK(kill(getpid(), SIGTSTP) == 0 && kill(getpid(), SIGTTIN) == 0 && kill(getpid(), SIGTTOU) == 0);
  CHECK_ERRNO(read(tty, &byte, 1), EIO);
}

// Stopped when its group is orphaned: it is hung up and continued.
static void StoppedOrphan(int result[2]) {
  fflush(stdout);
  const pid_t parent = fork();
  if (parent == 0) {
    const pid_t child = fork();
    if (child == 0) {
      signal(SIGHUP, OnHangUp);
      sigset_t none;
      sigemptyset(&none);
      CHECK(setpgid(0, 0) == 0 && sigprocmask(SIG_SETMASK, &none, NULL) == 0);
      CHECK(kill(getpid(), SIGSTOP) == 0 && hung_up == SIGHUP);
      CHECK(write(result[1], "s", 1) == 1);
      _exit(0);
    }
    int status;
    CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
    _exit(0);
  }
  int status;
  CHECK(waitpid(parent, &status, 0) == parent && status == 0);
  char byte;
  CHECK(read(result[0], &byte, 1) == 1 && byte == 's');
}

static void LeavesAnOrphan(int result[2]) {
  CHECK(pipe(pipe_ends) == 0);
  fflush(stdout);
  const pid_t parent = fork();
  if (parent == 0) {
    const pid_t child = fork();
    if (child == 0) {
      CHECK(close(pipe_ends[1]) == 0 && setpgid(0, 0) == 0);
      Orphaned();
      CHECK(write(result[1], "o", 1) == 1);
      _exit(0);
    }
    CHECK(setpgid(child, child) == 0 || errno == EACCES);
    _exit(0);
  }
  int status;
  CHECK(waitpid(parent, &status, 0) == parent && status == 0);
  CHECK(close(pipe_ends[0]) == 0 && close(pipe_ends[1]) == 0);
  char byte;
  CHECK(read(result[0], &byte, 1) == 1 && byte == 'o');
}

// The leader ends: its foreground group is told, and the terminal is there for the next session.
static void Leader(int result[2]) {
  CHECK(setsid() == getpid());
  CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
  tty = open(terminal, O_RDWR | O_NOCTTY);
  CHECK(tty >= 0);
  CHECK_ERRNO(tcgetpgrp(tty), ENOTTY);
  CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
  CHECK(ioctl(tty, TIOCSCTTY, 0) == 0 && tcgetpgrp(tty) == getpid());
  CHECK(close(open("/dev/tty", O_RDWR)) == 0);
  InBackground();
  LeavesAnOrphan(result);
  StoppedOrphan(result);
  signal(SIGHUP, OnHangUp);
  fflush(stdout);
  if (fork() == 0) {
    sigset_t none;
    sigemptyset(&none);
    CHECK(write(result[1], "r", 1) == 1);
    while (hung_up == 0) sigsuspend(&none);
    CHECK_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
    CHECK(write(result[1], "h", 1) == 1);
    _exit(0);
  }
  char byte;
  CHECK(read(result[0], &byte, 1) == 1 && byte == 'r');
  _exit(0);
}

int main(void) {
  FindTerminal();
  int result[2];
  CHECK(pipe(result) == 0);
  sigset_t hang_up;
  sigemptyset(&hang_up);
  sigaddset(&hang_up, SIGHUP);
  CHECK(sigprocmask(SIG_BLOCK, &hang_up, NULL) == 0);
  for (int session = 0; session < 2; ++session) {
    fflush(stdout);
    const pid_t leader = fork();
    if (leader == 0) Leader(result);
    int status;
    CHECK(waitpid(leader, &status, 0) == leader && status == 0);
    char byte;
    CHECK(read(result[0], &byte, 1) == 1 && byte == 'h');
  }
  return 0;
}
