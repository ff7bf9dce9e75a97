// What the operations of the Linux ABI cost, on any kernel that has it: docs/measuring.md says how to run it and how to
// read what it prints.
//
// Time is RDTSC. Under `-icount shift=0` that is the number of instructions executed since reset, so each row is exact
// and repeatable; elsewhere it is cycles. A row is the median of kRounds rounds, each of which does an operation often
// enough that reading the clock does not count. In no measured loop do all tasks sleep: -icount's clock would jump.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kRounds = 31, kPage = 4096, kPages = 64 };
enum { kFutexWait = 0, kFutexWaitPrivate = 128, kFutexWakePrivate = 129 };  // linux/futex.h, which musl has not

static uint64_t Now(void) {
  uint32_t low, high;
  __asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
  return (uint64_t)high << 32 | low;
}

// Without the C library, so that a row of one call is that call.
static long Call(long number) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number) : "rcx", "r11", "memory");
  return result;
}

static const char* self_path;

static void Fail(const char* what) {
  printf("bench: %s: %s\n", what, strerror(errno));
  fflush(stdout);
  _exit(1);
}

// --- one task ---

static void GetPid(int times) {
  for (int i = 0; i < times; ++i) Call(SYS_getpid);
}

static void YieldAlone(int times) {
  for (int i = 0; i < times; ++i) Call(SYS_sched_yield);
}

static int own_pipe[2];
static int OpenOwnPipe(void) { return pipe(own_pipe); }
static void WriteAndReadPipe(int times) {
  char byte = 1;
  for (int i = 0; i < times; ++i) {
    if (write(own_pipe[1], &byte, 1) != 1 || read(own_pipe[0], &byte, 1) != 1) Fail("own pipe");
  }
}
static void CloseOwnPipe(void) {
  close(own_pipe[0]);
  close(own_pipe[1]);
}

static int event;
static int OpenEvent(void) { return event = eventfd(0, 0); }
static void WriteAndReadEvent(int times) {
  uint64_t value = 1;
  for (int i = 0; i < times; ++i) {
    if (write(event, &value, 8) != 8 || read(event, &value, 8) != 8) Fail("eventfd");
  }
}
static void CloseEvent(void) { close(event); }

static void OpenAndClose(int times) {
  for (int i = 0; i < times; ++i) {
    const int file = open(self_path, O_RDONLY);
    if (file == -1) Fail("open");
    close(file);
  }
}

static void Stat(int times) {
  struct stat status;
  for (int i = 0; i < times; ++i) {
    if (stat(self_path, &status) != 0) Fail("stat");
  }
}

static int own_file;
static int OpenOwnFile(void) { return own_file = open(self_path, O_RDONLY); }
static void ReadPage(int times) {
  static char page[kPage];
  for (int i = 0; i < times; ++i) {
    if (pread(own_file, page, kPage, 0) != kPage) Fail("pread");
  }
}
static void CloseOwnFile(void) { close(own_file); }

// --- memory ---

static volatile char* Map(size_t bytes) {
  void* memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) Fail("mmap");
  return memory;
}

static void MapAndUnmap(int times) {
  for (int i = 0; i < times; ++i) munmap((void*)Map(kPage), kPage);
}

static void MapTouchAndUnmap(int times) {
  for (int i = 0; i < times; ++i) {
    volatile char* memory = Map(kPage);
    *memory = 1;
    munmap((void*)memory, kPage);
  }
}

static volatile char* area;
static int MapTouchedPage(void) {
  area = Map(kPage);
  *area = 1;
  return 0;
}
static void ProtectTwice(int times) {
  for (int i = 0; i < times; ++i) {
    if (mprotect((void*)area, kPage, PROT_READ) != 0) Fail("mprotect");
    if (mprotect((void*)area, kPage, PROT_READ | PROT_WRITE) != 0) Fail("mprotect");
  }
}
static void UnmapPage(void) { munmap((void*)area, kPage); }

static int MapPages(void) {
  area = Map(kPages * kPage);
  return 0;
}
static void UnmapPages(void) { munmap((void*)area, kPages * kPage); }
static void TouchPages(int times) {
  for (int i = 0; i < times; ++i) area[i * kPage] = 1;
}
// A child that only waits keeps the pages shared.
static pid_t sharer;
static int release_sharer[2];
static int SharePages(void) {
  MapPages();
  TouchPages(kPages);
  if (pipe(release_sharer) != 0) return -1;
  sharer = fork();
  if (sharer == 0) {
    char byte;
    close(release_sharer[1]);
    (void)!read(release_sharer[0], &byte, 1);
    _exit(0);
  }
  close(release_sharer[0]);
  sched_yield();
  return sharer;
}
static void UnsharePages(void) {
  close(release_sharer[1]);
  waitpid(sharer, NULL, 0);
  UnmapPages();
}

// --- processes and threads ---

static void Fork(int times) {
  for (int i = 0; i < times; ++i) {
    const pid_t child = fork();
    if (child == 0) _exit(0);
    if (child == -1 || waitpid(child, NULL, 0) != child) Fail("fork");
  }
}

static char* const child_environment[] = {NULL};
static void Execute(void) {
  char* const arguments[] = {(char*)self_path, (char*)"child", NULL};
  execve(self_path, arguments, child_environment);
  _exit(1);
}
static void ForkAndExec(int times) {
  for (int i = 0; i < times; ++i) {
    int status;
    const pid_t child = fork();
    if (child == 0) Execute();
    if (child == -1 || waitpid(child, &status, 0) != child || status != 0) Fail("fork and exec");
  }
}
static void VforkAndExec(int times) {
  for (int i = 0; i < times; ++i) {
    int status;
    const pid_t child = vfork();
    if (child == 0) Execute();
    if (child == -1 || waitpid(child, &status, 0) != child || status != 0) Fail("vfork and exec");
  }
}

// A thread as pthread_create makes it, but on a stack that is there already: mmap has rows of its own.
static char thread_stack[4 * kPage] __attribute__((aligned(16)));
static _Atomic int thread_id;
static int Nothing(void* argument) { return 0; }
static void CreateAndJoin(int times) {
  const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                    CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
  char* const stack = thread_stack + sizeof(thread_stack);
  for (int i = 0; i < times; ++i) {
    if (clone(Nothing, stack, flags, NULL, &thread_id, NULL, &thread_id) == -1) Fail("clone");
    for (int id; (id = thread_id) != 0;) syscall(SYS_futex, &thread_id, kFutexWait, id, NULL, NULL, 0);
  }
}

// --- signals ---

static volatile int delivered;
static void Count(int signal) { ++delivered; }
static int SetHandler(void) {
  struct sigaction action = {.sa_handler = Count};
  return sigaction(SIGUSR1, &action, NULL);
}
static void SignalSelf(int times) {
  const int before = delivered;
  const pid_t self = getpid();
  for (int i = 0; i < times; ++i) kill(self, SIGUSR1);
  if (delivered - before != times) Fail("signals were lost");
}

// --- switches: others run the same loop until they are ended ---

// Peers wait in shared memory for nothing: they yield, all of them, until told to stop.
static _Atomic int* stop_yielding;
static pid_t peers[64];
static int peer_count;
static int StartYielders(int count) {
  if (stop_yielding == NULL) {
    stop_yielding = mmap(NULL, kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (stop_yielding == MAP_FAILED) return -1;
  }
  *stop_yielding = 0;
  for (peer_count = 0; peer_count < count; ++peer_count) {
    peers[peer_count] = fork();
    if (peers[peer_count] == -1) return -1;
    if (peers[peer_count] == 0) {
      while (!*stop_yielding) Call(SYS_sched_yield);
      _exit(0);
    }
  }
  for (int i = 0; i < 4; ++i) sched_yield();
  return 0;
}
static int StartOneYielder(void) { return StartYielders(1); }
static int StartManyYielders(void) { return StartYielders(63); }
static void StopYielders(void) {
  *stop_yielding = 1;
  for (int i = 0; i < peer_count; ++i) waitpid(peers[i], NULL, 0);
}

static pthread_t peer_thread;
static _Atomic int stop_thread;
static void* YieldUntilStopped(void* argument) {
  while (!stop_thread) Call(SYS_sched_yield);
  return argument;
}
static int StartYieldingThread(void) {
  stop_thread = 0;
  return pthread_create(&peer_thread, NULL, YieldUntilStopped, NULL) == 0 ? 0 : -1;
}
static void StopYieldingThread(void) {
  stop_thread = 1;
  pthread_join(peer_thread, NULL);
}

// --- round trips: an echo at the other end ---

static int there[2], back[2];
static void Echo(int in, int out) {
  char byte;
  while (read(in, &byte, 1) == 1) {
    if (write(out, &byte, 1) != 1) break;
  }
  _exit(0);
}
static int StartPipeEcho(void) {
  if (pipe(there) != 0 || pipe(back) != 0) return -1;
  peers[0] = fork();
  if (peers[0] == 0) {
    close(there[1]);
    close(back[0]);
    Echo(there[0], back[1]);
  }
  close(there[0]);
  close(back[1]);
  return peers[0];
}
static void RoundTrip(int out, int in, int times) {
  char byte = 1;
  for (int i = 0; i < times; ++i) {
    if (write(out, &byte, 1) != 1 || read(in, &byte, 1) != 1) Fail("round trip");
  }
}
static void PipeRoundTrip(int times) { RoundTrip(there[1], back[0], times); }
static void StopPipeEcho(void) {
  close(there[1]);
  close(back[0]);
  waitpid(peers[0], NULL, 0);
}

static int StartSocketEcho(void) {
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, there) != 0) return -1;
  peers[0] = fork();
  if (peers[0] == 0) {
    close(there[0]);
    Echo(there[1], there[1]);
  }
  close(there[1]);
  return peers[0];
}
static void SocketRoundTrip(int times) { RoundTrip(there[0], there[0], times); }
static void StopSocketEcho(void) {
  close(there[0]);
  waitpid(peers[0], NULL, 0);
}

static _Atomic int turn;  // 0: ours, 1: the other thread's, 2: stop
static void WaitWhile(int value) {
  while (turn == value) syscall(SYS_futex, &turn, kFutexWaitPrivate, value, NULL, NULL, 0);
}
static void Pass(int to) {
  turn = to;
  syscall(SYS_futex, &turn, kFutexWakePrivate, 1, NULL, NULL, 0);
}
static void* AnswerFutex(void* argument) {
  for (;;) {
    WaitWhile(0);
    if (turn == 2) return argument;
    Pass(0);
  }
}
static int StartFutexEcho(void) {
  turn = 0;
  return pthread_create(&peer_thread, NULL, AnswerFutex, NULL) == 0 ? 0 : -1;
}
static void FutexRoundTrip(int times) {
  for (int i = 0; i < times; ++i) {
    Pass(1);
    WaitWhile(1);
  }
}
static void StopFutexEcho(void) {
  Pass(2);
  pthread_join(peer_thread, NULL);
}

// --- the table ---

typedef struct {
  const char* name;
  uint64_t limit;         // what Linux 6.1 takes in its smallest configuration (docs/measuring.md)
  int times;              // operations a round
  int divisor;            // tasks that each do one operation in an iteration
  void (*run)(int times);
  int (*prepare)(void);   // -1: this kernel has no such thing
  void (*finish)(void);
  int each_round;         // prepare and finish around each round
} Row;

static const Row kRows[] = {
    {"getpid", 212, 1000, 1, GetPid, NULL, NULL, 0},
    {"sched_yield alone", 516, 1000, 1, YieldAlone, NULL, NULL, 0},
    {"yield and switch, 2 threads", 826, 500, 2, YieldAlone, StartYieldingThread, StopYieldingThread, 0},
    {"yield and switch, 2 processes", 896, 500, 2, YieldAlone, StartOneYielder, StopYielders, 0},
    {"yield and switch, 64 processes", 1089, 20, 64, YieldAlone, StartManyYielders, StopYielders, 0},
    {"pipe round trip, 2 processes", 5587, 200, 1, PipeRoundTrip, StartPipeEcho, StopPipeEcho, 0},
    {"futex round trip, 2 threads", 4217, 200, 1, FutexRoundTrip, StartFutexEcho, StopFutexEcho, 0},
    {"Unix socket pair round trip", 8493, 200, 1, SocketRoundTrip, StartSocketEcho, StopSocketEcho, 0},
    {"pipe write+read, same task", 1498, 500, 1, WriteAndReadPipe, OpenOwnPipe, CloseOwnPipe, 0},
    {"eventfd write+read", 869, 500, 1, WriteAndReadEvent, OpenEvent, CloseEvent, 0},
    {"open+close", 4461, 200, 1, OpenAndClose, NULL, NULL, 0},
    {"stat", 1998, 200, 1, Stat, NULL, NULL, 0},
    {"pread 4 KiB in memory", 1352, 200, 1, ReadPage, OpenOwnFile, CloseOwnFile, 0},
    {"mmap+munmap 4 KiB, untouched", 10733, 200, 1, MapAndUnmap, NULL, NULL, 0},
    {"mmap+touch+munmap 4 KiB", 14499, 200, 1, MapTouchAndUnmap, NULL, NULL, 0},
    {"mprotect pair", 4070, 200, 1, ProtectTwice, MapTouchedPage, UnmapPage, 0},
    {"anonymous write fault", 1848, kPages, 1, TouchPages, MapPages, UnmapPages, 1},
    {"copy-on-write fault", 2106, kPages, 1, TouchPages, SharePages, UnsharePages, 1},
    {"fork+exit+wait", 66085, 8, 1, Fork, NULL, NULL, 0},
    {"fork+exec+exit+wait", 208310, 4, 1, ForkAndExec, NULL, NULL, 0},
    {"vfork+exec+exit+wait", 162107, 4, 1, VforkAndExec, NULL, NULL, 0},
    {"thread create+join", 15014, 20, 1, CreateAndJoin, NULL, NULL, 0},
    {"signal to self, deliver and return", 2655, 200, 1, SignalSelf, SetHandler, NULL, 0},
};

static int Compare(const void* a, const void* b) {
  const uint64_t left = *(const uint64_t*)a, right = *(const uint64_t*)b;
  return left < right ? -1 : left > right;
}

static uint64_t Median(uint64_t* values, int count) {
  qsort(values, (size_t)count, sizeof(*values), Compare);
  return values[count / 2];
}

static int measured, above;

static void Tell(const char* name, uint64_t cost, uint64_t limit) {
  const int more = cost > limit;
  printf("%-36s %9llu %9llu%s\n", name, (unsigned long long)cost, (unsigned long long)limit,
         more ? "  above" : "");
  ++measured;
  above += more;
}

static void TellMissing(const char* name) { printf("%-36s %9s\n", name, "-"); }

static void Measure(const Row* row) {
  uint64_t costs[kRounds];
  for (int round = -1; round < kRounds; ++round) {  // the first one warms up
    if (row->prepare != NULL && (row->each_round || round == -1) && row->prepare() == -1) return TellMissing(row->name);
    const uint64_t begin = Now();
    row->run(row->times);
    const uint64_t spent = Now() - begin;
    const uint64_t operations = (uint64_t)row->times * (uint64_t)row->divisor;
    if (round >= 0) costs[round] = (spent + operations / 2) / operations;
    if (row->finish != NULL && row->each_round) row->finish();
  }
  if (row->finish != NULL && !row->each_round) row->finish();
  Tell(row->name, Median(costs, kRounds), row->limit);
}

// What the timer takes from a program that only computes: the gaps in a loop that reads the clock.
static void MeasureTick(void) {
  enum { kTicks = 15, kLinuxTiny = 1671 };
  uint64_t gaps[kTicks];
  int found = 0;
  const uint64_t limit = Now() + 2000000000u;
  uint64_t before = Now(), usual = ~(uint64_t)0;
  while (found < kTicks && before < limit) {
    const uint64_t now = Now();
    if (now - before < usual) usual = now - before;
    if (now - before > 100) gaps[found++] = now - before - usual;
    before = now;
  }
  if (found < kTicks) return TellMissing("timer tick");
  Tell("timer tick", Median(gaps, kTicks), kLinuxTiny);
}

static void TellBoot(uint64_t start) {
  struct sysinfo info;
  if (sysinfo(&info) != 0) Fail("sysinfo");
  printf("%-36s %9llu\n", "reset to first user instruction", (unsigned long long)start);
  printf("%-36s %9llu\n", "memory for programs at init, KiB", (unsigned long long)info.totalram * info.mem_unit / 1024);
  printf("%-36s %9llu\n", "free memory at init, KiB", (unsigned long long)info.freeram * info.mem_unit / 1024);
}

int main(int count, char** arguments) {
  const uint64_t start = Now();
  if (count > 1 && strcmp(arguments[1], "child") == 0) _exit(0);
  self_path = arguments[0];
  setvbuf(stdout, NULL, _IOLBF, 0);
  TellBoot(start);
  printf("%-36s %9s %9s\n", "operation", "here", "limit");
  const char* wanted = count > 1 ? arguments[1] : "";  // the rows whose names have it in them
  for (size_t i = 0; i < sizeof(kRows) / sizeof(kRows[0]); ++i) {
    if (strstr(kRows[i].name, wanted) != NULL) Measure(&kRows[i]);
  }
  if (strstr("timer tick", wanted) != NULL) MeasureTick();
  printf("bench: %d measured, %d above their limits\n", measured, above);
  if (getpid() == 1) reboot(RB_POWER_OFF);  // Linux stops in panic when its init ends
  return measured == 0 || above != 0;
}
