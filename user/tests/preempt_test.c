// Two processes that never give the CPU away both get on, about as far as each other; a third that sleeps is not kept waiting.
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static long Milliseconds(void) {
  struct timespec now;
  CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int main(void) {
  volatile unsigned long* counters = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(counters != MAP_FAILED);
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
      for (;;) ++counters[i * 8];
    }
  }
  const long begin = Milliseconds();
  int naps = 0;
  while (Milliseconds() - begin < 600) {
    const struct timespec nap = {0, 5000000};
    CHECK(nanosleep(&nap, NULL) == 0);
    ++naps;
  }
  const unsigned long first = counters[0], second = counters[8];
  for (int i = 0; i < 2; ++i) {
    CHECK(kill(hogs[i], SIGKILL) == 0);
    int status;
    struct rusage usage;
    CHECK(wait4(hogs[i], &status, 0, &usage) == hogs[i]);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    CHECK(usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec > 50000);
  }
  printf("preempt_test: %lu and %lu rounds, %d naps\n", first, second, naps);
  CHECK(first > 0 && second > 0);
  CHECK(first < second * 4 && second < first * 4);
  CHECK(naps >= 5);
  puts("ok preempt_test");
  return 0;
}
