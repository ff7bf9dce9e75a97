// Delivery, masks, restart, sigsuspend, siginfo, alternate stack, handlers in handlers.
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static volatile int handled, last_code, last_pid;
static volatile uintptr_t handler_stack;

static void OnSignal(int signal, siginfo_t* info, void* context) {
  (void)signal;
  (void)context;
  ++handled;
  last_code = info->si_code;
  last_pid = info->si_pid;
  int local;
  handler_stack = (uintptr_t)&local;
}

static void Install(int signal, int flags) {
  struct sigaction action = {0};
  action.sa_sigaction = OnSignal;
  action.sa_flags = SA_SIGINFO | flags;
  CHECK(sigaction(signal, &action, NULL) == 0);
}

static void ToSelf(void) {
  Install(SIGUSR1, 0);
  handled = 0;
  CHECK(kill(getpid(), SIGUSR1) == 0);
  CHECK(handled == 1 && last_code == SI_USER && last_pid == getpid());
  CHECK(raise(SIGUSR1) == 0);
  CHECK(handled == 2 && last_code == SI_TKILL);
  struct sigaction old;
  CHECK(sigaction(SIGUSR1, NULL, &old) == 0 && old.sa_sigaction == OnSignal);
  CHECK_ERRNO(kill(getpid(), 65), EINVAL);
  CHECK_ERRNO(syscall(SYS_rt_sigaction, SIGKILL, &old, NULL, 8), EINVAL);
}

static void BlockedWaits(void) {
  sigset_t set, pending, old;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  CHECK(sigprocmask(SIG_BLOCK, &set, &old) == 0);
  handled = 0;
  CHECK(raise(SIGUSR1) == 0 && raise(SIGUSR1) == 0);
  CHECK(handled == 0);
  CHECK(sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1) == 1);
  CHECK(sigprocmask(SIG_SETMASK, &old, NULL) == 0);
  CHECK(handled == 1);  // not queued twice
  // Ignored while blocked: gone.
  CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0 && raise(SIGUSR1) == 0);
  signal(SIGUSR1, SIG_IGN);
  Install(SIGUSR1, 0);
  CHECK(sigprocmask(SIG_SETMASK, &old, NULL) == 0);
  CHECK(handled == 1);
}

static void SuspendSwapsTheMask(void) {
  sigset_t set, old, now;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  CHECK(sigprocmask(SIG_BLOCK, &set, &old) == 0);
  Install(SIGCHLD, 0);
  handled = 0;
  const pid_t child = fork();
  if (child == 0) _exit(3);
  sigset_t none;
  sigemptyset(&none);
  CHECK_ERRNO(sigsuspend(&none), EINTR);
  CHECK(handled == 1 && last_code == CLD_EXITED && last_pid == child);
  CHECK(sigprocmask(SIG_SETMASK, NULL, &now) == 0 && sigismember(&now, SIGCHLD) == 1);
  CHECK(sigprocmask(SIG_SETMASK, &old, NULL) == 0);
  CHECK(waitpid(child, NULL, 0) == child);
  signal(SIGCHLD, SIG_DFL);
}

// A child writes to the pipe after it has sent a signal: with SA_RESTART the read sees only the byte.
static ssize_t ReadAcrossSignal(void) {
  int ends[2];
  CHECK(pipe(ends) == 0);
  handled = 0;
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) {
    usleep(30000);
    kill(parent, SIGUSR1);
    usleep(30000);
    CHECK(write(ends[1], "z", 1) == 1);
    _exit(0);
  }
  char c = 0;
  errno = 0;
  const ssize_t got = read(ends[0], &c, 1);
  const int error = errno;
  CHECK(waitpid(child, NULL, 0) == child);
  close(ends[0]);
  close(ends[1]);
  CHECK(handled == 1);
  CHECK(got == 1 ? c == 'z' : error == EINTR);
  return got;
}

static void Restart(void) {
  Install(SIGUSR1, SA_RESTART);
  CHECK(ReadAcrossSignal() == 1);
  Install(SIGUSR1, 0);
  CHECK(ReadAcrossSignal() == -1);
}

static void SleepIsCutShort(void) {
  Install(SIGALRM, SA_RESTART);
  const struct itimerval soon = {{0, 0}, {0, 20000}};
  CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
  const struct timespec long_time = {5, 0};
  struct timespec left = {0, 0};
  CHECK_ERRNO(nanosleep(&long_time, &left), EINTR);
  CHECK(left.tv_sec == 4);
  CHECK(alarm(100) == 0);
  const unsigned seconds = alarm(0);
  CHECK(seconds == 99 || seconds == 100);
}

// Stopping and continuing runs no handler: the sleep goes on to its first deadline.
static void SleepGoesOnAfterAStop(void) {
  const pid_t child = fork();
  if (child == 0) {
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    const struct timespec time = {0, 200000000};
    CHECK(nanosleep(&time, NULL) == 0);
    clock_gettime(CLOCK_MONOTONIC, &end);
    const long ms = (end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000;
    CHECK(ms >= 199);
    _exit(5);
  }
  usleep(30000);
  CHECK(kill(child, SIGSTOP) == 0);
  int status;
  CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
  CHECK(kill(child, SIGCONT) == 0);
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 5);
}

static void AlternateStack(void) {
  const size_t bytes = 32768;
  char* memory = malloc(bytes);
  const stack_t alternate = {.ss_sp = memory, .ss_size = bytes, .ss_flags = 0};
  CHECK(sigaltstack(&alternate, NULL) == 0);
  Install(SIGUSR2, SA_ONSTACK);
  CHECK(raise(SIGUSR2) == 0);
  CHECK(handler_stack > (uintptr_t)memory && handler_stack < (uintptr_t)memory + bytes);
  const stack_t off = {.ss_flags = SS_DISABLE};
  CHECK(sigaltstack(&off, NULL) == 0);
  CHECK(raise(SIGUSR2) == 0);
  CHECK(handler_stack < (uintptr_t)memory || handler_stack > (uintptr_t)memory + bytes);
  const stack_t small = {.ss_sp = memory, .ss_size = 100};
  CHECK_ERRNO(sigaltstack(&small, NULL), ENOMEM);
  free(memory);
}

static volatile int depth, most;
static void Nested(int signal) {
  ++depth;
  if (depth > most) most = depth;
  if (signal == SIGUSR1) raise(SIGUSR2);
  raise(signal);  // held back while its own handler runs
  --depth;
}

static void HandlersNest(void) {
  struct sigaction action = {0};
  action.sa_handler = Nested;
  action.sa_flags = SA_RESETHAND;
  CHECK(sigaction(SIGUSR1, &action, NULL) == 0 && sigaction(SIGUSR2, &action, NULL) == 0);
  const pid_t child = fork();
  if (child == 0) {
    raise(SIGUSR1);
    _exit(0);  // not reached: the second one, with the default again, kills
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status) && (WTERMSIG(status) == SIGUSR2 || WTERMSIG(status) == SIGUSR1));
}

static void SignalsAreTaken(void) {
  sigset_t set, old;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  CHECK(sigprocmask(SIG_BLOCK, &set, &old) == 0);
  CHECK(raise(SIGUSR1) == 0);
  siginfo_t info;
  const struct timespec no_time = {0, 1000000};
  CHECK(sigtimedwait(&set, &info, &no_time) == SIGUSR1 && info.si_pid == getpid());
  CHECK_ERRNO(sigtimedwait(&set, &info, &no_time), EAGAIN);
  CHECK(sigprocmask(SIG_SETMASK, &old, NULL) == 0);
}

// Also one that would be ignored by default, when it comes during the wait.
static void AnIgnoredSignalThatIsWaitedForComes(void) {
  sigset_t set, old;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  CHECK(sigprocmask(SIG_BLOCK, &set, &old) == 0);
  const pid_t child = fork();
  if (child == 0) {
    usleep(20000);
    _exit(0);
  }
  siginfo_t info;
  CHECK(sigwaitinfo(&set, &info) == SIGCHLD && info.si_pid == child);
  CHECK(waitpid(child, NULL, 0) == child);
  CHECK(sigprocmask(SIG_SETMASK, &old, NULL) == 0);
}

// What a handler changes in the saved registers is what goes on.
static void SkipFault(int signal, siginfo_t* info, void* context) {
  (void)signal;
  (void)info;
  long* registers = (long*)((char*)context + 40);  // uc_mcontext.gregs
  registers[13] = 77;                              // rax
  registers[16] += 2;                              // rip: past ud2
}

static void HandlersChangeRegisters(void) {
  struct sigaction action = {0};
  action.sa_sigaction = SkipFault;
  action.sa_flags = SA_SIGINFO;
  CHECK(sigaction(SIGILL, &action, NULL) == 0);
  long result = 0;
  __asm__ volatile("xor %%eax, %%eax\n ud2\n" : "=a"(result));
  CHECK(result == 77);
}

int main(void) {
  ToSelf();
  BlockedWaits();
  SuspendSwapsTheMask();
  Restart();
  SleepIsCutShort();
  SleepGoesOnAfterAStop();
  AlternateStack();
  HandlersNest();
  SignalsAreTaken();
  AnIgnoredSignalThatIsWaitedForComes();
  HandlersChangeRegisters();
  puts("ok signal_test");
  return 0;
}
