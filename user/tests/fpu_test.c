// FPU and vector registers keep their values across switches: several processes compute at once, each its own series,
// and a signal handler that computes too does not disturb the code that it interrupts.
#define _GNU_SOURCE
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { kProcesses = 4, kRounds = 200000 };

static double Series(int seed) {
  double x = 1.0 + seed;
  for (int i = 1; i < kRounds; ++i) x = x * 1.0000001 + 1.0 / (i + seed);
  return x;
}

// All sixteen vector registers, checked from registers only.
static int VectorsKeep(unsigned long seed, long rounds) {
  unsigned long bad = 0;
  __asm__ volatile(
      "movq %[seed], %%xmm0\n movq %[seed], %%xmm7\n movq %[seed], %%xmm15\n"
      "paddq %%xmm0, %%xmm7\n paddq %%xmm7, %%xmm15\n"
      "movdqa %%xmm7, %%xmm1\n movdqa %%xmm15, %%xmm2\n"
      "1:\n"
      "movdqa %%xmm7, %%xmm3\n pcmpeqd %%xmm1, %%xmm3\n pmovmskb %%xmm3, %%eax\n xor $0xffff, %%eax\n or %%rax, %[bad]\n"
      "movdqa %%xmm15, %%xmm3\n pcmpeqd %%xmm2, %%xmm3\n pmovmskb %%xmm3, %%eax\n xor $0xffff, %%eax\n or %%rax, %[bad]\n"
      "movq %%xmm0, %%rax\n xor %[seed], %%rax\n or %%rax, %[bad]\n"
      "dec %[rounds]\n jnz 1b\n"
      : [bad] "+r"(bad), [rounds] "+r"(rounds)
      : [seed] "r"(seed)
      : "rax", "xmm0", "xmm1", "xmm2", "xmm3", "xmm7", "xmm15", "cc");
  return bad == 0;
}

static volatile double handler_result;
static volatile int alarms;
static void OnAlarm(int signal) {
  (void)signal;
  double x = 3.0;
  for (int i = 0; i < 100; ++i) x = x * 0.5 + 1.0;
  handler_result = x;
  __asm__ volatile("pxor %%xmm0, %%xmm0\n pxor %%xmm7, %%xmm7\n pxor %%xmm15, %%xmm15\n" ::: "xmm0", "xmm7", "xmm15");
  ++alarms;
}

static void HandlersDoNotDisturb(void) {
  struct sigaction action = {0};
  action.sa_handler = OnAlarm;
  CHECK(sigaction(SIGALRM, &action, NULL) == 0);
  const struct itimerval every = {{0, 2000}, {0, 2000}};
  CHECK(setitimer(ITIMER_REAL, &every, NULL) == 0);
  for (int i = 0; alarms < 5; ++i) CHECK(VectorsKeep(0x1234567890abcdefUL + (unsigned long)i, 100000));
  const struct itimerval none = {{0, 0}, {0, 0}};
  CHECK(setitimer(ITIMER_REAL, &none, NULL) == 0);
}

int main(void) {
  double expected[kProcesses];
  for (int i = 0; i < kProcesses; ++i) expected[i] = Series(i);
  pid_t children[kProcesses];
  for (int i = 0; i < kProcesses; ++i) {
    children[i] = fork();
    CHECK(children[i] >= 0);
    if (children[i] == 0) {
      for (int round = 0; round < 4; ++round) {
        CHECK(Series(i) == expected[i]);
        CHECK(VectorsKeep(0x0101010101010101UL * (unsigned long)(i + 1), 500000));
      }
      _exit(0);
    }
  }
  for (int i = 0; i < kProcesses; ++i) {
    int status;
    CHECK(waitpid(children[i], &status, 0) == children[i]);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  HandlersDoNotDisturb();
  puts("ok fpu_test");
  return 0;
}
