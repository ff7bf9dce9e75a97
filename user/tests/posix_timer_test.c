// timer_create and its kin: signals to the process and to a thread, values, overruns, absolute times, what fork and exec leave.
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

// The kernel's own: the C libraries' keep timers of their own numbers.
static int Create(int clock, struct sigevent* event, int* id) { return (int)syscall(SYS_timer_create, clock, event, id); }
static int Set(int id, int flags, const struct itimerspec* value, struct itimerspec* old) {
  return (int)syscall(SYS_timer_settime, id, flags, value, old);
}
static int Get(int id, struct itimerspec* value) { return (int)syscall(SYS_timer_gettime, id, value); }
static int Overrun(int id) { return (int)syscall(SYS_timer_getoverrun, id); }
static int Delete(int id) { return (int)syscall(SYS_timer_delete, id); }

static const struct itimerspec kNever;
static struct itimerspec InMillis(long first, long every) {
  const struct itimerspec spec = {{every / 1000, every % 1000 * 1000000}, {first / 1000, first % 1000 * 1000000}};
  return spec;
}
static int64_t Nanos(struct timespec time) { return time.tv_sec * 1000000000 + time.tv_nsec; }
static int64_t Now(int clock) {
  struct timespec time;
  CHECK(clock_gettime(clock, &time) == 0);
  return Nanos(time);
}
static void SleepMillis(long millis) {
  const struct timespec time = {millis / 1000, millis % 1000 * 1000000};
  CHECK(nanosleep(&time, NULL) == 0);
}
static sigset_t Only(int signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  return set;
}
// The signal that is blocked and comes next.
static siginfo_t Await(int signal) {
  const sigset_t set = Only(signal);
  siginfo_t info;
  CHECK(sigwaitinfo(&set, &info) == signal);
  return info;
}

static void TestOnce(void) {
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 4711};
  int id = -1;
  CHECK(Create(CLOCK_MONOTONIC, &event, &id) == 0 && id >= 0);
  struct itimerspec left;
  CHECK(Get(id, &left) == 0 && Nanos(left.it_value) == 0);
  const struct itimerspec soon = InMillis(5, 0), later = InMillis(60000, 1000);
  CHECK(Set(id, 0, &later, NULL) == 0);
  CHECK(Get(id, &left) == 0 && Nanos(left.it_interval) == 1000000000);
  CHECK(Nanos(left.it_value) > 0 && Nanos(left.it_value) <= 60000000000);
  const int64_t before = Now(CLOCK_MONOTONIC);
  CHECK(Set(id, 0, &soon, &left) == 0);
  CHECK(Nanos(left.it_interval) == 1000000000 && Nanos(left.it_value) > 0);
  const siginfo_t info = Await(SIGUSR1);
  CHECK(Now(CLOCK_MONOTONIC) - before >= 5000000);
  CHECK(info.si_code == SI_TIMER && info.si_value.sival_int == 4711 && info.si_timerid == id && info.si_overrun == 0);
  CHECK(Get(id, &left) == 0 && Nanos(left.it_value) == 0 && Overrun(id) == 0);
  CHECK(Delete(id) == 0);
  CHECK_ERRNO(Delete(id), EINVAL);
}

// Without an event: SIGALRM, with the timer's number.
static void TestDefaultAndAbsolute(void) {
  int id = -1;
  CHECK(Create(CLOCK_REALTIME, NULL, &id) == 0);
  const int64_t when = Now(CLOCK_REALTIME) + 3000000;
  const struct itimerspec at = {.it_value = {when / 1000000000, when % 1000000000}};
  CHECK(Set(id, TIMER_ABSTIME, &at, NULL) == 0);
  const siginfo_t info = Await(SIGALRM);
  CHECK(Now(CLOCK_REALTIME) >= when);
  CHECK(info.si_code == SI_TIMER && info.si_value.sival_int == id);
  const struct itimerspec past = {.it_value = {1, 0}};
  CHECK(Set(id, TIMER_ABSTIME, &past, NULL) == 0);
  Await(SIGALRM);
  CHECK(Delete(id) == 0);
}

static void TestOverrun(void) {
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
  int id = -1;
  CHECK(Create(CLOCK_MONOTONIC, &event, &id) == 0);
  const struct itimerspec often = InMillis(1, 1);
  CHECK(Set(id, 0, &often, NULL) == 0);
  SleepMillis(20);
  const siginfo_t info = Await(SIGUSR1);
  CHECK(info.si_overrun >= 10 && info.si_overrun < 60000);
  for (int i = 0; i < 5; ++i) Await(SIGUSR1);  // and on
  CHECK(Set(id, 0, &kNever, NULL) == 0);
  struct itimerspec left;
  CHECK(Get(id, &left) == 0 && Nanos(left.it_value) == 0 && Nanos(left.it_interval) == 0);
  const sigset_t set = Only(SIGUSR1);
  const struct timespec none = {0, 0};
  (void)sigtimedwait(&set, NULL, &none);  // what came before it was stopped
  SleepMillis(5);
  CHECK_ERRNO(sigtimedwait(&set, NULL, &none), EAGAIN);
  CHECK(Delete(id) == 0);
}

// One that nobody is told of still runs; a very short interval leaves time for others.
static void TestSilentAndShort(void) {
  struct sigevent event = {.sigev_notify = SIGEV_NONE};
  int id = -1;
  CHECK(Create(CLOCK_BOOTTIME, &event, &id) == 0);
  const struct itimerspec soon = InMillis(1, 0);
  CHECK(Set(id, 0, &soon, NULL) == 0);
  SleepMillis(3);
  struct itimerspec left;
  CHECK(Get(id, &left) == 0 && Nanos(left.it_value) == 0);
  CHECK(Delete(id) == 0);
  event = (struct sigevent){.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
  CHECK(Create(CLOCK_MONOTONIC, &event, &id) == 0);
  const struct itimerspec storm = {{0, 1}, {0, 1}};
  CHECK(Set(id, 0, &storm, NULL) == 0);
  SleepMillis(5);
  CHECK(Await(SIGUSR1).si_overrun > 1000);
  CHECK(Delete(id) == 0);
  const sigset_t set = Only(SIGUSR1);
  const struct timespec none = {0, 0};
  (void)sigtimedwait(&set, NULL, &none);
}

static volatile pid_t waiter_tid;
static sem_t waiter_ready;

static void* WaitInThread(void* unused) {
  (void)unused;
  waiter_tid = (pid_t)syscall(SYS_gettid);
  sem_post(&waiter_ready);
  CHECK(Await(SIGUSR2).si_value.sival_int == 7);
  return NULL;
}

// The signal of a thread's timer is that thread's alone.
static void TestThread(void) {
  pthread_t thread;
  CHECK(sem_init(&waiter_ready, 0, 0) == 0);
  CHECK(pthread_create(&thread, NULL, WaitInThread, NULL) == 0);
  while (sem_wait(&waiter_ready) != 0) {
  }
  struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR2, .sigev_value.sival_int = 7};
  ((int*)&event)[4] = waiter_tid;  // sigev_notify_thread_id, which not every C library names
  int id = -1;
  CHECK(Create(CLOCK_MONOTONIC, &event, &id) == 0);
  const struct itimerspec soon = InMillis(2, 0);
  CHECK(Set(id, 0, &soon, NULL) == 0);
  CHECK(pthread_join(thread, NULL) == 0);
  CHECK(Set(id, 0, &soon, NULL) == 0);  // for nobody
  SleepMillis(4);
  sigset_t pending;
  CHECK(sigpending(&pending) == 0 && !sigismember(&pending, SIGUSR2));
  CHECK(Delete(id) == 0);
  ((int*)&event)[4] = 1 << 30;
  CHECK_ERRNO(Create(CLOCK_MONOTONIC, &event, &id), EINVAL);
}

static sem_t called;
static void Called(union sigval value) {
  CHECK(value.sival_int == 99);
  sem_post(&called);
}

// The C library's own kind: a function in a thread.
static void TestLibrary(void) {
  CHECK(sem_init(&called, 0, 0) == 0);
  struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = Called, .sigev_value.sival_int = 99};
  timer_t timer;
  CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
  const struct itimerspec often = InMillis(1, 1);
  CHECK(timer_settime(timer, 0, &often, NULL) == 0);
  for (int i = 0; i < 3; ++i) {
    while (sem_wait(&called) != 0) {
    }
  }
  CHECK(timer_delete(timer) == 0);
}

static void TestRefusals(void) {
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
  int id = -1;
  CHECK_ERRNO(Create(1234, &event, &id), EINVAL);
  CHECK_ERRNO(Create(CLOCK_MONOTONIC, (struct sigevent*)16, &id), EFAULT);
  CHECK_ERRNO(Create(CLOCK_MONOTONIC, &event, (int*)16), EFAULT);
  event.sigev_signo = 65;
  CHECK_ERRNO(Create(CLOCK_MONOTONIC, &event, &id), EINVAL);
  event = (struct sigevent){.sigev_notify = 77, .sigev_signo = SIGUSR1};
  CHECK_ERRNO(Create(CLOCK_MONOTONIC, &event, &id), EINVAL);
  CHECK(Create(CLOCK_MONOTONIC, NULL, &id) == 0);
  const struct itimerspec bad = {.it_value = {0, 1000000000}}, soon = InMillis(1, 0);
  CHECK_ERRNO(Set(id, 0, &bad, NULL), EINVAL);
  CHECK_ERRNO(Set(id, 0, NULL, NULL), EINVAL);
  CHECK_ERRNO(Set(id + 1000, 0, &soon, NULL), EINVAL);
  struct itimerspec left;
  CHECK_ERRNO(Get(id + 1000, &left), EINVAL);
  CHECK_ERRNO(Get(id, (struct itimerspec*)16), EFAULT);
  CHECK_ERRNO(Overrun(-1), EINVAL);
  CHECK(Delete(id) == 0);
}

// A child has none of its parent's timers; a program none of its predecessor's.
static void TestForkAndExec(const char* self) {
  int id = -1;
  CHECK(Create(CLOCK_MONOTONIC, NULL, &id) == 0);
  const pid_t child = fork();
  if (child == 0) {
    struct itimerspec left;
    CHECK_ERRNO(Get(id, &left), EINVAL);
    _exit(0);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  const struct itimerspec often = InMillis(1, 1);
  CHECK(Set(id, 0, &often, NULL) == 0);
  char number[16];
  snprintf(number, sizeof(number), "%d", id);
  char* arguments[] = {(char*)self, number, NULL};
  execv("/proc/self/exe", arguments);
  CHECK(!"exec");
}

static int RunAgain(int id) {
  struct itimerspec left;
  CHECK_ERRNO(Get(id, &left), EINVAL);
  return 0;
}

int main(int count, char** arguments) {
  if (count > 1) return RunAgain(atoi(arguments[1]));
  sigset_t set = Only(SIGUSR1);
  sigaddset(&set, SIGUSR2), sigaddset(&set, SIGALRM);
  CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
  TestOnce();
  TestDefaultAndAbsolute();
  TestOverrun();
  TestSilentAndShort();
  TestThread();
  TestLibrary();
  TestRefusals();
  TestForkAndExec(arguments[0]);
  return 1;
}
