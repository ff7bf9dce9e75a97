// Who gets the CPU, and when, under real load: an init that starts threads and processes which compute, sleep, yield and
// cheat, and holds what they got against what the scheduler promises. Meant for virtual time, where a run is exact.
//
//   shares SCENARIO        one of the table at the end; exit status 0 when all held
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "user/tests/check.h"

enum { kMost = 24 };
static const int64_t kMillisecond = 1000000;

// What one of the load tells, in memory that all share.
struct Told {
  int64_t cpu;                // CPU time in all
  int64_t begun, ended;       // when it first ran, and stopped
  int64_t naps, late, worst;  // of a sleeper: wake-ups, those more than 1 ms late, and the latest
};
static struct Told* told;
static int64_t end;

static int64_t Read(clockid_t clock) {
  struct timespec at;
  CHECK(clock_gettime(clock, &at) == 0);
  return at.tv_sec * 1000000000 + at.tv_nsec;
}
static int64_t Now(void) { return Read(CLOCK_MONOTONIC); }

// Computes for so much CPU time: a turn of the loop costs the same wherever it runs.
static void Compute(int64_t turns) {
  for (volatile int64_t i = 0; i < turns; ++i) {
  }
}

// The C library's function is a stub that always fails (musl).
static void SetPolicy(int policy) {
  const struct sched_param parameter = {.sched_priority = policy == SCHED_RR ? 1 : 0};
  CHECK(syscall(SYS_sched_setscheduler, 0, policy, &parameter) == 0);
}

static void Hog(struct Told* self) {
  while (Now() < end) Compute(200);
  (void)self;
}

// Yields just before a slice of 4 ms would end: a scheduler that counts whole slices never charges it for one.
static void Cheat(struct Told* self) {
  while (Now() < end) {
    const int64_t stop = Read(CLOCK_THREAD_CPUTIME_ID) + 3900000;
    while (Read(CLOCK_THREAD_CPUTIME_ID) < stop && Now() < end) Compute(200);
    sched_yield();
  }
  (void)self;
}

// As an editor or a shell: a little work every 10 ms.
static void Sleeper(struct Told* self) {
  while (Now() < end) {
    const int64_t due = Now() + 10 * kMillisecond;
    const struct timespec at = {due / 1000000000, due % 1000000000};
    CHECK(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == 0);
    const int64_t late = Now() - due;
    ++self->naps;
    if (late > kMillisecond) ++self->late;
    if (late > self->worst) self->worst = late;
    Compute(20000);
  }
}

static void Job(struct Told* self) {
  (void)self;
  Compute(20000000);
}

typedef void (*Life)(struct Told*);

static void Live(Life life, struct Told* self) {
  self->begun = Now();
  life(self);
  self->cpu = Read(CLOCK_THREAD_CPUTIME_ID);
  self->ended = Now();
}

static void StartProcess(int index, Life life, int policy) {
  const pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid != 0) return;
  if (policy != SCHED_OTHER) SetPolicy(policy);
  Live(life, &told[index]);
  _exit(0);
}

static void WaitForProcesses(int count) {
  for (int i = 0; i < count; ++i) {
    int status;
    CHECK(wait(&status) > 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
}

static void* LiveAsThread(void* self) {
  Live(Hog, self);
  return NULL;
}

static int64_t Spread(int count) {
  int64_t least = told[0].cpu, most = told[0].cpu;
  for (int i = 0; i < count; ++i) {
    printf("  %2d: %lld us\n", i, (long long)told[i].cpu / 1000);
    if (told[i].cpu < least) least = told[i].cpu;
    if (told[i].cpu > most) most = told[i].cpu;
  }
  printf("  apart: %lld us\n", (long long)(most - least) / 1000);
  return most - least;
}

// What a turn costs beside the work: the switch, its timer, the look at the clock that ends the loop.
static const int64_t kSlack = 2000000;

// Equal threads of one process, and equal processes, get equal time: within `apart`.
static void Equals(int64_t apart) {
  end = Now() + 2000 * kMillisecond;
  pthread_t threads[kMost];
  for (int i = 0; i < kMost; ++i) CHECK(pthread_create(&threads[i], NULL, LiveAsThread, &told[i]) == 0);
  for (int i = 0; i < kMost; ++i) CHECK(pthread_join(threads[i], NULL) == 0);
  CHECK(Spread(kMost) <= apart);
  memset(told, 0, kMost * sizeof(*told));
  end = Now() + 3000 * kMillisecond;
  for (int i = 0; i < 5; ++i) StartProcess(i, Hog, SCHED_OTHER);
  WaitForProcesses(5);
  CHECK(Spread(5) <= apart);
  CHECK(told[0].cpu > 3000 * kMillisecond / 5 * 95 / 100);
}
static void EqualsByTurns(void) { Equals(10 * kMillisecond + kSlack); }
static void EqualsByFeedback(void) { Equals(64 * kMillisecond + kSlack); }

// Each level before the ones below, and yet something for all. With aging_us=50000 and slice_us=10000: a thread waits at
// each level below the top for 50 ms, then has one turn of 10 ms.
static void Levels(void) {
  end = Now() + 3000 * kMillisecond;
  const int policies[] = {SCHED_RR, SCHED_OTHER, SCHED_BATCH, SCHED_IDLE};
  for (int i = 0; i < 4; ++i) StartProcess(i, Hog, policies[i]);
  WaitForProcesses(4);
  Spread(4);
  for (int i = 0; i < 3; ++i) CHECK(told[i].cpu > told[i + 1].cpu);
  CHECK(told[0].cpu > 3000 * kMillisecond * 70 / 100);
  // Every (4 steps of aging and a slice) + a turn of each of the others, at the least: 4 * 60 + 4 * 10.
  CHECK(told[3].cpu >= 3000 / 280 * 10 * kMillisecond - 10 * kMillisecond);
}

// A real-time thread among busy ones runs as soon as it wakes.
static void RealTime(void) {
  end = Now() + 2000 * kMillisecond;
  StartProcess(0, Sleeper, SCHED_RR);
  for (int i = 1; i < 6; ++i) StartProcess(i, Hog, SCHED_OTHER);
  WaitForProcesses(6);
  printf("  %lld naps, %lld late, worst %lld us\n", (long long)told[0].naps, (long long)told[0].late,
         (long long)told[0].worst / 1000);
  CHECK(told[0].naps > 150);
  CHECK(told[0].late == 0);
}

// One that uses little stays above those that compute, but for the moment after a boost, when all are equal.
static void Interactive(void) {
  end = Now() + 3000 * kMillisecond;
  StartProcess(0, Sleeper, SCHED_OTHER);
  for (int i = 1; i < 6; ++i) StartProcess(i, Hog, SCHED_OTHER);
  WaitForProcesses(6);
  printf("  %lld naps, %lld late, worst %lld us\n", (long long)told[0].naps, (long long)told[0].late,
         (long long)told[0].worst / 1000);
  CHECK(told[0].naps > 200);
  CHECK(told[0].late * 20 <= told[0].naps);
  CHECK(told[0].worst <= 5 * 4 * kMillisecond + kSlack);  // a top slice of each
}

static void Cheats(void) {
  end = Now() + 3000 * kMillisecond;
  StartProcess(0, Cheat, SCHED_OTHER);
  for (int i = 1; i < 5; ++i) StartProcess(i, Hog, SCHED_OTHER);
  WaitForProcesses(5);
  Spread(5);
  CHECK(told[0].cpu <= told[1].cpu + 32 * kMillisecond);
}

// Cooperative: one after the other, each without a break.
static void OneByOne(void) {
  for (int i = 0; i < 5; ++i) StartProcess(i, Job, SCHED_OTHER);
  WaitForProcesses(5);
  for (int i = 0; i < 5; ++i) {
    printf("  %d: from %lld to %lld us, %lld us\n", i, (long long)told[i].begun / 1000, (long long)told[i].ended / 1000,
           (long long)told[i].cpu / 1000);
    CHECK(told[i].cpu > 50 * kMillisecond);
    CHECK(told[i].ended - told[i].begun < told[i].cpu + kMillisecond);
    CHECK(i == 0 || told[i].begun >= told[i - 1].ended);
  }
}

// No verdict on the plugin, whatever the load was.
static void CheckVerdicts(void) {
  static char stats[4096];
  const int file = open("/proc/escapement/stats", O_RDONLY);
  CHECK(file >= 0);
  CHECK(read(file, stats, sizeof(stats) - 1) > 0);
  if (strstr(stats, "verdict") != NULL) fputs(stats, stdout);
  CHECK(strstr(stats, "switches") != NULL);
  CHECK(strstr(stats, "verdict") == NULL);
}

int main(int count, char** words) {
  const struct {
    const char* name;
    void (*run)(void);
  } scenarios[] = {
      {"equals_by_turns", EqualsByTurns}, {"equals_by_feedback", EqualsByFeedback}, {"levels", Levels},
      {"real_time", RealTime},            {"interactive", Interactive},             {"cheats", Cheats},
      {"one_by_one", OneByOne},
  };
  CHECK(count == 2);
  told = mmap(NULL, kMost * sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(told != MAP_FAILED);
  for (size_t i = 0; i < sizeof(scenarios) / sizeof(*scenarios); ++i) {
    if (strcmp(words[1], scenarios[i].name) != 0) continue;
    scenarios[i].run();
    CheckVerdicts();
    printf("shares: %s holds\n", words[1]);
    return 0;
  }
  printf("shares: no scenario %s\n", words[1]);
  return 1;
}
