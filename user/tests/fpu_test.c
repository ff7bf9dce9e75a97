// FPU and vector registers keep their values across switches: several processes compute at once, each its own series,
// and a signal handler that computes too does not disturb the code that it interrupts. What a handler writes into the state
// that its frame holds is what the code goes on with; what is no state ends the program.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
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

// The frame of a handler: what it holds is what comes back.
enum { kXmm15 = 160 + 15 * 16, kMarks = 464, kHeader = 512 };  // SDM vol. 1, 10.5.1 and 13.4; Linux's _fpx_sw_bytes

static void (*edit)(ucontext_t* context, unsigned char* state);
static void OnEdit(int signal, siginfo_t* info, void* context) {
  (void)signal;
  (void)info;
  ucontext_t* interrupted = context;
  edit(interrupted, (unsigned char*)interrupted->uc_mcontext.fpregs);
}

static void Nothing(ucontext_t* context, unsigned char* state) {
  (void)context;
  CHECK((uintptr_t)state % 64 == 0);
  __asm__ volatile("pcmpeqd %%xmm15, %%xmm15" ::: "xmm15");
}
static void Another(ucontext_t* context, unsigned char* state) {
  (void)context;
  unsigned long value;
  memcpy(&value, state + kXmm15, sizeof(value));
  value = ~value;
  memcpy(state + kXmm15, &value, sizeof(value));
}
static void AnotherWithoutMarks(ucontext_t* context, unsigned char* state) {
  memset(state + kMarks, 0, 4);
  Another(context, state);
}
static void NoState(ucontext_t* context, unsigned char* state) {
  (void)state;
  context->uc_mcontext.fpregs = NULL;
}
static void BadHeader(ucontext_t* context, unsigned char* state) {
  (void)context;
  memset(state + kHeader, 0xff, 8);
}
static void Nowhere(ucontext_t* context, unsigned char* state) {
  (void)state;
  context->uc_mcontext.fpregs = (void*)0x40;
}
static void InTheKernel(ucontext_t* context, unsigned char* state) {
  (void)state;
  context->uc_mcontext.fpregs = (void*)0xffff800000000000;
}

// xmm15 after a handler that did `what`, before which it was `before`.
static unsigned long Edited(void (*what)(ucontext_t*, unsigned char*), unsigned long before) {
  edit = what;
  unsigned long after;
  __asm__ volatile("movq %[before], %%xmm15\n syscall\n movq %%xmm15, %[after]"
                   : [after] "=r"(after)
                   : [before] "r"(before), "a"(SYS_kill), "D"(getpid()), "S"(SIGUSR1)
                   : "rcx", "r11", "xmm15", "memory");
  return after;
}

static void IsKilledBy(int signal, void (*what)(ucontext_t*, unsigned char*)) {
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    Edited(what, 1);
    _exit(0);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == signal);
}

static void FramesAreHonoured(void) {
  struct sigaction action = {0};
  action.sa_sigaction = OnEdit;
  action.sa_flags = SA_SIGINFO;
  CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
  CHECK(Edited(Nothing, 0x1234) == 0x1234);
  CHECK(Edited(Another, 0x1234) == ~0x1234UL);
  CHECK(Edited(AnotherWithoutMarks, 0x1234) == ~0x1234UL);
  CHECK(Edited(NoState, 0x1234) == 0);
  IsKilledBy(SIGSEGV, BadHeader);
  IsKilledBy(SIGSEGV, Nowhere);
  IsKilledBy(SIGSEGV, InTheKernel);
}

// The frame's pages come as it is written.
static void FramesOnNewPages(void) {
  const size_t bytes = 1 << 16;
  for (int i = 0; i < 8; ++i) {
    char* memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    // By and by another part of the frame crosses the page's end.
    const stack_t stack = {.ss_sp = memory, .ss_size = bytes - (size_t)i * 256};
    CHECK(sigaltstack(&stack, NULL) == 0);
    struct sigaction action = {0};
    action.sa_sigaction = OnEdit;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    CHECK(Edited(Another, (unsigned long)i) == ~(unsigned long)i);
    const stack_t none = {.ss_flags = SS_DISABLE};
    CHECK(sigaltstack(&none, NULL) == 0);
    CHECK(munmap(memory, bytes) == 0);
  }
}

int main(void) {
  FramesAreHonoured();
  FramesOnNewPages();
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
