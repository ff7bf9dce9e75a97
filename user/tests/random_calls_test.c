// Random system calls with random arguments, by children that are killed when they wait too long: the kernel answers each
// with something, survives, ends every child, and keeps no memory. Repeatable: the seed is fixed. Not for Linux as root.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { kRounds = 60, kCalls = 300, kPoolBytes = 65536, kPatienceUs = 200000, kLastPatienceUs = 5000000, kNapUs = 2000 };
enum { kSlackPages = 64 };

static unsigned long state;
static char* pool;

// Marsaglia's xorshift.
static unsigned long Random(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static unsigned long RandomArgument(void) {
  switch (Random() % 11) {
    case 0: return 0;
    case 1: return Random() % 8;
    case 2: return Random() % 4096;
    case 3: return (unsigned long)pool + Random() % kPoolBytes;
    case 4: return (unsigned long)pool + Random() % 16 * 4096;
    case 5: return (unsigned long)pool + kPoolBytes - Random() % 16;
    case 6: return Random();
    case 7: return 1UL << (Random() % 64);
    case 8: return -(Random() % 256);
    case 9: return 0xffff800000000000UL + Random() % 100000;
    default: return Random() % 300;
  }
}

// What would end the test, or make more of it than it can watch.
static int Harmless(long number) {
  switch (number) {
    case SYS_reboot: case SYS_kill: case SYS_tkill: case SYS_tgkill: case SYS_rt_sigqueueinfo: case SYS_exit:
    case SYS_exit_group: case SYS_fork: case SYS_vfork: case SYS_clone: case SYS_execve: case SYS_execveat: case 435:  // clone3
      return 0;
    default: return 1;
  }
}

static void CallAtRandom(void) {
  const int null = open("/dev/null", O_RDWR);
  for (int fd = 0; fd < 3; ++fd) dup2(null, fd);
  for (int i = 0; i < kPoolBytes; i += 8) {
    const unsigned long word = Random() % 3 != 0 ? Random() % 64 : (unsigned long)pool + Random() % kPoolBytes;
    memcpy(pool + i, &word, 8);
  }
  strcpy(pool, "random");
  strcpy(pool + 4096, "/dev/zero");
  strcpy(pool + 8192, "/proc/self/stat");
  for (int i = 0; i < kCalls; ++i) {
    const long number = (long)(Random() % 464);
    if (!Harmless(number)) continue;
    syscall(number, RandomArgument(), RandomArgument(), RandomArgument(), RandomArgument(), RandomArgument(), RandomArgument());
  }
}

static void Round(int round) {
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    state = (unsigned long)(round + 1) * 0x9E3779B97F4A7C15UL;
    CallAtRandom();
    _exit(0);
  }
  int waited = 0;
  for (; waitpid(child, NULL, WNOHANG) != child; waited += kNapUs) {
    usleep(kNapUs);
    if (waited == kPatienceUs) CHECK(kill(child, SIGKILL) == 0);
    CHECK(waited < kLastPatienceUs);  // SIGKILL ends whatever it is in
  }
}

static unsigned long FreeBytes(void) {
  struct sysinfo information;
  CHECK(sysinfo(&information) == 0);
  return information.freeram;
}

// Files that random calls have made of the pool's texts hold memory.
static void RemoveFiles(void) {
  unlink("random");
  rmdir("random");
}

int main(void) {
  CHECK(chdir("/tmp") == 0);
  pool = mmap(NULL, kPoolBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(pool != MAP_FAILED);
  Round(0);  // what the kernel keeps after its first times
  const unsigned long before = FreeBytes();
  for (int round = 1; round < kRounds; ++round) Round(round);
  RemoveFiles();
  const unsigned long after = FreeBytes();
  printf("random_calls_test: %lu bytes free before, %lu after\n", before, after);
  CHECK(after + kSlackPages * 4096 > before);
  puts("ok random_calls_test");
  return 0;
}
