// Two processes that never give the CPU away both get on, about as far as each other; a third that sleeps is not kept waiting.
// Judged by the CPU time that the two have had, on which a busy host has no say.
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static const int64_t kEnough = 200000000;  // ns of CPU time for each of the two

static int64_t CpuTime(void) {
  struct timespec used;
  CHECK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0);
  return used.tv_sec * 1000000000 + used.tv_nsec;
}

int main(void) {
  // What each of the two has had, as it tells itself; a cache line apart.
  volatile int64_t* had = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(had != MAP_FAILED);
  // One CPU, so that they have to share it.
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(0, &one);
  CHECK(sched_setaffinity(0, sizeof(one), &one) == 0);
  pid_t hogs[2];
  for (int i = 0; i < 2; ++i) {
    hogs[i] = fork();
    CHECK(hogs[i] >= 0);
    if (hogs[i] == 0) {
      for (;;) had[i * 8] = CpuTime();
    }
  }
  int naps = 0;
  while (had[0] < kEnough || had[8] < kEnough) {
    const struct timespec nap = {0, 5000000};
    CHECK(nanosleep(&nap, NULL) == 0);
    ++naps;
  }
  const int64_t first = had[0], second = had[8];
  for (int i = 0; i < 2; ++i) {
    CHECK(kill(hogs[i], SIGKILL) == 0);
    int status;
    struct rusage usage;
    CHECK(wait4(hogs[i], &status, 0, &usage) == hogs[i]);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    const int64_t used = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    CHECK(used * 1000 >= kEnough * 9 / 10);
  }
  printf("preempt_test: %lld and %lld us, %d naps\n", (long long)first / 1000, (long long)second / 1000, naps);
  CHECK(first < second * 4 && second < first * 4);
  CHECK(naps >= 5);
  puts("ok preempt_test");
  return 0;
}
