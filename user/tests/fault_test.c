// Bad accesses: the right signal with the right siginfo, on an alternate stack too; stacks that grow and stacks that end.
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

enum { kPage = 4096 };
static sigjmp_buf back;
static volatile int seen_signal, seen_code;
static void* volatile seen_address;

static void OnFault(int signal, siginfo_t* info, void* context) {
  (void)context;
  seen_signal = signal;
  seen_code = info->si_code;
  seen_address = info->si_addr;
  siglongjmp(back, 1);
}

static void Catch(int signal) {
  struct sigaction action = {0};
  action.sa_sigaction = OnFault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  CHECK(sigaction(signal, &action, NULL) == 0);
}

#define EXPECT_FAULT(statement, signal, code, address) \
  do {                                                 \
    seen_signal = 0;                                   \
    if (sigsetjmp(back, 1) == 0) {                     \
      statement;                                       \
      CHECK(!"no fault");                              \
    }                                                  \
    CHECK(seen_signal == (signal));                    \
    CHECK(seen_code == (code));                        \
    CHECK(seen_address == (void*)(address));           \
  } while (0)

static int Depth(int levels) {
  volatile char block[1024];
  memset((char*)block, levels, sizeof(block));
  return levels == 0 ? 0 : Depth(levels - 1) + (block[0] != (char)levels);
}

// The compiler must not turn it into a loop, nor see that it never ends.
static int (*volatile depth_forever)(int);
static int Forever(int level) {
  volatile char block[4096];
  block[0] = (char)level;
  return depth_forever(level + 1) + block[0];
}

static void StackOverflowIsCaught(void) {
  const size_t bytes = 64 * 1024;
  const stack_t alternate = {.ss_sp = malloc(bytes), .ss_size = bytes, .ss_flags = 0};
  CHECK(sigaltstack(&alternate, NULL) == 0);
  depth_forever = Forever;
  seen_signal = 0;
  if (sigsetjmp(back, 1) == 0) {
    Forever(0);
    CHECK(!"no end of the stack");
  }
  CHECK(seen_signal == SIGSEGV);
  stack_t now;
  CHECK(sigaltstack(NULL, &now) == 0 && now.ss_sp == alternate.ss_sp && now.ss_size == bytes);
}

static void UncaughtKills(void) {
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGSEGV, SIG_DFL);
    *(volatile int*)16 = 1;
    _exit(0);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

// The old calls at fixed addresses. A Linux may be without them (vsyscall=none): there the call faults.
static void Vsyscall(void) {
  time_t (*const old_time)(time_t*) = (time_t(*)(time_t*))0xffffffffff600400UL;
  seen_signal = 0;
  if (sigsetjmp(back, 1) != 0) {
    CHECK(seen_signal == SIGSEGV && access("/proc/escapement", F_OK) != 0);  // here they are answered
    return;
  }
  time_t stored = 0;
  const time_t before = time(NULL), told = old_time(&stored);
  CHECK(told == stored && told >= before - 1 && told <= time(NULL));  // Linux's is the time of the last tick
}

static void BadPointersToTheKernel(void) {
  CHECK_ERRNO(write(1, (void*)16, 10), EFAULT);
  int* volatile bad = (int*)16;  // volatile: the compiler would warn of what is meant
  CHECK_ERRNO(pipe(bad), EFAULT);
  CHECK_ERRNO(access((char*)16, 0), EFAULT);
  CHECK_ERRNO(write(1, (void*)0xffff800000000000, 10), EFAULT);
}

// Behind the last page of a mapped file there is nothing, though the address is mapped.
static void PastTheEndOfAFile(void) {
  char name[] = "/tmp/fault_test_XXXXXX";
  const int file = mkstemp(name);
  CHECK(file >= 0 && unlink(name) == 0 && write(file, "x", 1) == 1);
  char* shared = mmap(NULL, 2 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  char* own = mmap(NULL, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
  CHECK(shared != MAP_FAILED && own != MAP_FAILED);
  CHECK(shared[0] == 'x' && shared[kPage - 1] == 0 && own[kPage - 1] == 0);
  EXPECT_FAULT(*(volatile char*)(shared + kPage) = 1, SIGBUS, BUS_ADRERR, shared + kPage);
  EXPECT_FAULT(*(volatile char*)(own + kPage) = 1, SIGBUS, BUS_ADRERR, own + kPage);
  EXPECT_FAULT((void)*(volatile char*)(own + kPage + 5), SIGBUS, BUS_ADRERR, own + kPage + 5);
  CHECK_ERRNO(write(file, own + kPage, 1), EFAULT);
  CHECK(ftruncate(file, kPage + 1) == 0);
  CHECK(shared[kPage] == 0);
  CHECK(munmap(shared, 2 * kPage) == 0 && munmap(own, 2 * kPage) == 0 && close(file) == 0);
}

int main(void) {
  Catch(SIGSEGV);
  Catch(SIGBUS);
  Catch(SIGFPE);
  Catch(SIGILL);
  EXPECT_FAULT(*(volatile int*)16 = 1, SIGSEGV, SEGV_MAPERR, 16);
  char* page = mmap(NULL, kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(page != MAP_FAILED);
  EXPECT_FAULT(*(volatile char*)(page + 100) = 1, SIGSEGV, SEGV_ACCERR, page + 100);
  CHECK(mprotect(page, kPage, PROT_READ | PROT_WRITE) == 0);
  page[100] = 5;
  CHECK(mprotect(page, kPage, PROT_NONE) == 0);
  EXPECT_FAULT((void)*(volatile char*)(page + 7), SIGSEGV, SEGV_ACCERR, page + 7);
  CHECK(munmap(page, kPage) == 0);
  EXPECT_FAULT((void)*(volatile char*)page, SIGSEGV, SEGV_MAPERR, page);
  // Data is not code.
  static char code[16] = {(char)0xc3};
  EXPECT_FAULT(((void (*)(void))(uintptr_t)code)(), SIGSEGV, SEGV_ACCERR, code);
  // An address with no canonical form has no address to tell.
  EXPECT_FAULT(*(volatile char*)0x0123456789abcdefUL = 1, SIGSEGV, SI_KERNEL, 0);
  seen_signal = 0;
  if (sigsetjmp(back, 1) == 0) __asm__ volatile("ud2");
  CHECK(seen_signal == SIGILL && seen_code == ILL_ILLOPN);
  volatile int zero = 0;
  seen_signal = 0;
  if (sigsetjmp(back, 1) == 0) __asm__ volatile("xor %%edx, %%edx\n mov $1, %%eax\n divl %0" : : "m"(zero) : "eax", "edx");
  CHECK(seen_signal == SIGFPE && seen_code == FPE_INTDIV);
  CHECK(Depth(2000) == 0);  // 2 MiB of stack, by faults
  StackOverflowIsCaught();
  UncaughtKills();
  Vsyscall();
  BadPointersToTheKernel();
  PastTheEndOfAFile();
  puts("ok fault_test");
  return 0;
}
