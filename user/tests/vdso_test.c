// The vDSO: programs find it by the auxiliary vector, its clocks and the kernel's are one, and each process has its own.
#define _GNU_SOURCE
#include <elf.h>
#include <signal.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static const char* base;
static int (*vdso_clock)(clockid_t, struct timespec*);
static int (*vdso_day)(struct timeval*, void*);
static time_t (*vdso_time)(time_t*);

// By the symbol table and its strings alone; how many there are, DT_HASH or DT_GNU_HASH would tell: the first that fits will do.
static void* Find(const char* name) {
  const Elf64_Ehdr* file = (const Elf64_Ehdr*)base;
  const Elf64_Phdr* headers = (const Elf64_Phdr*)(base + file->e_phoff);
  const Elf64_Dyn* dynamic = NULL;
  for (int i = 0; i < file->e_phnum; ++i) {
    if (headers[i].p_type == PT_DYNAMIC) dynamic = (const Elf64_Dyn*)(base + headers[i].p_offset);
  }
  CHECK(dynamic != NULL);
  const char* strings = NULL;
  const Elf64_Sym* symbols = NULL;
  for (; dynamic->d_tag != DT_NULL; ++dynamic) {
    if (dynamic->d_tag == DT_STRTAB) strings = base + dynamic->d_un.d_ptr;
    if (dynamic->d_tag == DT_SYMTAB) symbols = (const Elf64_Sym*)(base + dynamic->d_un.d_ptr);
  }
  CHECK(strings != NULL && symbols != NULL);
  for (int i = 1;; ++i) {
    if (strcmp(strings + symbols[i].st_name, name) == 0) return (void*)(base + symbols[i].st_value);
  }
}

static int64_t Nanos(struct timespec time) { return time.tv_sec * 1000000000 + time.tv_nsec; }

static int64_t FromKernel(clockid_t clock) {
  struct timespec time;
  CHECK(syscall(SYS_clock_gettime, clock, &time) == 0);
  return Nanos(time);
}

static int64_t FromVdso(clockid_t clock) {
  struct timespec time;
  CHECK(vdso_clock(clock, &time) == 0);
  CHECK(time.tv_nsec >= 0 && time.tv_nsec < 1000000000);
  return Nanos(time);
}

// Read by turns, they never go back.
static void TestOneClock(void) {
  const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME};
  for (int i = 0; i < 3; ++i) {
    int64_t last = FromKernel(clocks[i]);
    for (int round = 0; round < 2000; ++round) {
      const int64_t now = round % 2 == 0 ? FromVdso(clocks[i]) : FromKernel(clocks[i]);
      CHECK(now >= last);
      last = now;
    }
  }
  const int64_t before = FromKernel(CLOCK_REALTIME);
  struct timeval day;
  CHECK(vdso_day(&day, NULL) == 0);
  CHECK(day.tv_sec * 1000000 + day.tv_usec >= before / 1000);
  CHECK(day.tv_sec * 1000000 + day.tv_usec <= FromKernel(CLOCK_REALTIME) / 1000);
  CHECK(vdso_day(NULL, NULL) == 0);
  time_t stored;
  // Linux's time() is of its last tick, which may lie in the second before.
  CHECK(vdso_time(&stored) >= before / 1000000000 - 1 && stored <= FromKernel(CLOCK_REALTIME) / 1000000000);
}

static void TestOtherClocks(void) {
  struct timespec time;
  const int64_t before = FromKernel(CLOCK_PROCESS_CPUTIME_ID);
  CHECK(FromVdso(CLOCK_PROCESS_CPUTIME_ID) >= before);
  CHECK(vdso_clock(12345, &time) == -EINVAL);
  CHECK(clock_gettime(CLOCK_MONOTONIC, &time) == 0);  // the C library's, which asks the vDSO
}

// It may not be written to; a process that has made it writable writes to its own.
static void TestPrivate(void) {
  char* page = (char*)base;
  const pid_t child = fork();
  if (child == 0) {
    if (mprotect(page, 4096, PROT_READ | PROT_WRITE) != 0) _exit(0);  // not every Linux allows it
    page[0] = 'x';
    _exit(page[0] == 'x' ? 0 : 1);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  CHECK(memcmp(base, ELFMAG, SELFMAG) == 0);
  const pid_t writer = fork();
  if (writer == 0) {
    *(volatile char*)page = 'x';
    _exit(0);
  }
  CHECK(waitpid(writer, &status, 0) == writer && WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

int main(int count, char** arguments) {
  base = (const char*)getauxval(AT_SYSINFO_EHDR);
  CHECK(base != NULL && (uintptr_t)base % 4096 == 0 && memcmp(base, ELFMAG, SELFMAG) == 0);
  vdso_clock = (int (*)(clockid_t, struct timespec*))Find("__vdso_clock_gettime");
  vdso_day = (int (*)(struct timeval*, void*))Find("__vdso_gettimeofday");
  vdso_time = (time_t (*)(time_t*))Find("__vdso_time");
  TestOneClock();
  if (count > 1) return 0;
  TestOtherClocks();
  TestPrivate();
  // Again in a new program.
  char* again[] = {arguments[0], (char*)"again", NULL};
  execv("/proc/self/exe", again);
  CHECK(!"exec");
}
