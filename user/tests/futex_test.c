// Threads: creation, join, mutexes and condition variables under contention, thread-local storage; the raw futex calls.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

// linux/futex.h, which a C library alone does not bring.
enum {
  FUTEX_WAIT = 0, FUTEX_WAKE = 1, FUTEX_WAIT_PRIVATE = 128, FUTEX_WAKE_PRIVATE = 129, FUTEX_REQUEUE_PRIVATE = 131,
  FUTEX_CMP_REQUEUE_PRIVATE = 132, FUTEX_WAKE_OP_PRIVATE = 133, FUTEX_WAIT_BITSET_PRIVATE = 137,
  FUTEX_OP_ADD = 1, FUTEX_OP_CMP_EQ = 0,
};
#define FUTEX_OP(operation, operand, compare, against) ((operation) << 28 | (compare) << 24 | (operand) << 12 | (against))

enum { kThreads = 8, kRounds = 2000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static long counter, turn;
static _Thread_local long own;

static void* Count(void* argument) {
  own = (long)argument;
  for (int i = 0; i < kRounds; ++i) {
    pthread_mutex_lock(&mutex);
    const long seen = counter;
    if (i % 64 == 0) sched_yield();
    counter = seen + 1;
    pthread_mutex_unlock(&mutex);
  }
  return (void*)own;
}

static void* TakeTurns(void* argument) {
  const long me = (long)argument;
  for (int i = 0; i < 200; ++i) {
    pthread_mutex_lock(&mutex);
    while (turn % kThreads != me) pthread_cond_wait(&condition, &mutex);
    ++turn;
    pthread_cond_broadcast(&condition);
    pthread_mutex_unlock(&mutex);
  }
  return NULL;
}

static void Run(void* (*body)(void*), int check_result) {
  pthread_t threads[kThreads];
  for (long i = 0; i < kThreads; ++i) CHECK(pthread_create(&threads[i], NULL, body, (void*)i) == 0);
  for (long i = 0; i < kThreads; ++i) {
    void* result;
    CHECK(pthread_join(threads[i], &result) == 0);
    if (check_result) CHECK((long)result == i);
  }
}

static long Futex(volatile int* word, int operation, int value, const struct timespec* timeout, volatile int* second, int third) {
  return syscall(SYS_futex, word, operation, value, timeout, second, third);
}

static void RawCalls(void) {
  static volatile int word = 5, other = 9;
  CHECK_ERRNO(Futex(&word, FUTEX_WAIT_PRIVATE, 4, NULL, NULL, 0), EAGAIN);
  const struct timespec soon = {0, 10000000};
  CHECK_ERRNO(Futex(&word, FUTEX_WAIT_PRIVATE, 5, &soon, NULL, 0), ETIMEDOUT);
  struct timespec until;
  CHECK(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
  until.tv_nsec += 10000000;
  if (until.tv_nsec >= 1000000000) ++until.tv_sec, until.tv_nsec -= 1000000000;
  CHECK_ERRNO(Futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 5, &until, NULL, 1), ETIMEDOUT);
  CHECK_ERRNO(Futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 5, NULL, NULL, 0), EINVAL);
  CHECK_ERRNO(Futex((volatile int*)((char*)&word + 1), FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), EINVAL);
  CHECK_ERRNO(Futex((volatile int*)64, FUTEX_WAIT, 0, NULL, NULL, 0), EFAULT);
  CHECK(Futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) == 0);
  CHECK_ERRNO(Futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void*)1, &other, 4), EAGAIN);
  CHECK(Futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void*)1, &other, 5) == 0);
  // FUTEX_WAKE_OP: other += 3; compare with 9.
  CHECK(Futex(&word, FUTEX_WAKE_OP_PRIVATE, 1, (void*)1, &other, FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 9)) == 0);
  CHECK(other == 12);
}

static volatile int gate, parked, passed;
static void* WaitAtGate(void* argument) {
  (void)argument;
  __atomic_add_fetch(&parked, 1, __ATOMIC_SEQ_CST);
  while (gate == 0) Futex(&gate, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
  __atomic_add_fetch(&passed, 1, __ATOMIC_SEQ_CST);
  return NULL;
}

// Three wait for `gate`; one is woken, two are moved to `second` and woken there.
static void Requeue(void) {
  static volatile int second = 0;
  pthread_t threads[3];
  for (int i = 0; i < 3; ++i) CHECK(pthread_create(&threads[i], NULL, WaitAtGate, NULL) == 0);
  while (parked < 3) sched_yield();
  usleep(20000);
  gate = 1;
  CHECK(Futex(&gate, FUTEX_REQUEUE_PRIVATE, 1, (void*)10, &second, 0) == 3);
  while (passed < 1) sched_yield();
  usleep(10000);
  CHECK(passed == 1);
  CHECK(Futex(&gate, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0) == 0);
  CHECK(Futex(&second, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0) == 2);
  for (int i = 0; i < 3; ++i) CHECK(pthread_join(threads[i], NULL) == 0);
}

static void BetweenProcesses(void) {
  volatile int* words = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(words != MAP_FAILED);
  const pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < 50; ++i) {
      while (words[0] != 2 * i + 1) Futex(words, FUTEX_WAIT, 2 * i, NULL, NULL, 0);
      words[0] = 2 * i + 2;
      Futex(words, FUTEX_WAKE, 1, NULL, NULL, 0);
    }
    _exit(0);
  }
  for (int i = 0; i < 50; ++i) {
    words[0] = 2 * i + 1;
    Futex(words, FUTEX_WAKE, 1, NULL, NULL, 0);
    while (words[0] != 2 * i + 2) Futex(words, FUTEX_WAIT, 2 * i + 1, NULL, NULL, 0);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

// A robust mutex whose owner dies is handed on with a word about it.
static void RobustMutex(void) {
  struct Shared {
    pthread_mutex_t mutex;
  }* shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(shared != MAP_FAILED);
  pthread_mutexattr_t attributes;
  CHECK(pthread_mutexattr_init(&attributes) == 0);
  CHECK(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0);
  CHECK(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0);
  CHECK(pthread_mutex_init(&shared->mutex, &attributes) == 0);
  const pid_t child = fork();
  if (child == 0) {
    CHECK(pthread_mutex_lock(&shared->mutex) == 0);
    usleep(20000);
    _exit(0);
  }
  usleep(10000);
  CHECK(pthread_mutex_lock(&shared->mutex) == EOWNERDEAD);
  CHECK(waitpid(child, NULL, 0) == child);
  CHECK(pthread_mutex_consistent(&shared->mutex) == 0 && pthread_mutex_unlock(&shared->mutex) == 0);
}

static void* Forever(void* argument) {
  (void)argument;
  for (;;) pause();
  return NULL;
}

// exit ends all threads; exec ends all but the one, which goes by the process's number then.
static void EndsTogether(void) {
  pid_t child = fork();
  if (child == 0) {
    pthread_t thread;
    for (int i = 0; i < 3; ++i) CHECK(pthread_create(&thread, NULL, Forever, NULL) == 0);
    exit(9);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 9);
  child = fork();
  if (child == 0) {
    pthread_t thread;
    for (int i = 0; i < 3; ++i) CHECK(pthread_create(&thread, NULL, Forever, NULL) == 0);
    char* arguments[] = {(char*)"futex_test", (char*)"--ids", NULL};
    execv("/proc/self/exe", arguments);
    _exit(1);
  }
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(int count, char** arguments) {
  if (count > 1 && strcmp(arguments[1], "--ids") == 0) return getpid() == syscall(SYS_gettid) ? 0 : 1;
  Run(Count, 1);
  CHECK(counter == kThreads * kRounds);
  CHECK(own == 0);
  Run(TakeTurns, 0);
  CHECK(turn == kThreads * 200);
  RawCalls();
  Requeue();
  BetweenProcesses();
  RobustMutex();
  EndsTogether();
  puts("ok futex_test");
  return 0;
}
