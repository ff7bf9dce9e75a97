// Memory is used up in every way a program has, given back, and used up again: nothing is lost on the way. For a machine with
// little memory. What uses it up is a child, since who touches memory when there is none is killed; this process only waits.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { kRounds = 4, kSlackKilobytes = 128 };

static long FreeKilobytes(void) {
  static char text[4096];
  const int file = open("/proc/meminfo", O_RDONLY);
  CHECK(file >= 0);
  const ssize_t got = read(file, text, sizeof(text) - 1);
  CHECK(got > 0);
  text[got] = '\0';
  close(file);
  const char* line = strstr(text, "MemFree:");
  CHECK(line != NULL);
  return strtol(line + strlen("MemFree:"), NULL, 10);
}

// Anonymous memory, until this process is killed for it.
static void TouchUntilKilled(void) {
  for (;;) {
    char* const block = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) _exit(0);
    for (size_t at = 0; at < 1 << 20; at += 4096) block[at] = 1;
  }
}

static void WriteUntilFull(void) {
  static char block[65536];
  memset(block, 'x', sizeof(block));
  const int file = open("/tmp/pressure", O_CREAT | O_TRUNC | O_RDWR, 0600);
  if (file == -1) _exit(2);
  long written = 0;
  for (ssize_t got; (got = write(file, block, sizeof(block))) > 0;) written += got;
  const int failed = errno;
  unlink("/tmp/pressure");
  _exit((failed == ENOSPC || failed == ENOMEM) && written > 1 << 20 ? 0 : 3);
}

// Many small objects: inodes, names, directories.
static void MakeFilesUntilFull(void) {
  char path[64];
  if (mkdir("/tmp/many", 0700) != 0) _exit(2);
  int made = 0;
  for (;; ++made) {
    snprintf(path, sizeof(path), "/tmp/many/a-file-with-a-rather-long-name-%d", made);
    const int file = open(path, O_CREAT | O_RDWR, 0600);
    if (file == -1) break;
    // A page each, so that memory is used up before patience.
    const ssize_t got = write(file, path, sizeof(path));
    close(file);
    if (got != sizeof(path)) {
      unlink(path);
      break;
    }
  }
  _exit(made > 100 ? 0 : 3);
}

static void RemoveFiles(void) {
  char path[64];
  for (int i = 0;; ++i) {
    snprintf(path, sizeof(path), "/tmp/many/a-file-with-a-rather-long-name-%d", i);
    if (unlink(path) != 0) break;
  }
  CHECK(rmdir("/tmp/many") == 0);
}

// Processes that each have some memory of their own, until there can be no more.
static void ForkUntilFull(void) {
  char* const block = mmap(NULL, 1 << 18, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) _exit(2);
  for (;;) {
    const pid_t child = fork();
    if (child == -1) break;
    if (child == 0) {
      for (size_t at = 0; at < 1 << 18; at += 4096) block[at] = 1;
      for (;;) pause();
    }
  }
  _exit(errno == ENOMEM || errno == EAGAIN ? 0 : 3);
}

static void FillPipes(void) {
  static char block[65536];
  int ends[2];
  while (pipe2(ends, O_NONBLOCK) == 0) {
    if (write(ends[1], block, sizeof(block)) <= 0) break;
  }
  _exit(0);
}

// Runs it in a process group of its own, and ends whatever is left of that.
static void Press(const char* what, void (*use_up)(void)) {
  const pid_t child = fork();
  CHECK(child != -1);
  if (child == 0) {
    setpgid(0, 0);
    use_up();
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child);
  const int killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  if (!killed && status != 0) printf("%s: wait status 0x%x\n", what, (unsigned)status);
  CHECK(killed || status == 0);
  kill(-child, SIGKILL);
  while (waitpid(-1, NULL, 0) > 0) {
  }
  CHECK(errno == ECHILD);
}

int main(void) {
  CHECK(getpid() == 1);  // whoever loses its parent comes to us
  mkdir("/tmp", 0777);
  long first = 0;
  for (int round = 0; round < kRounds; ++round) {
    Press("touch", TouchUntilKilled);
    Press("write", WriteUntilFull);
    Press("files", MakeFilesUntilFull);
    RemoveFiles();
    Press("fork", ForkUntilFull);
    Press("pipes", FillPipes);
    const long free_now = FreeKilobytes();
    printf("round %d: %ld KiB free\n", round, free_now);
    fflush(stdout);
    // What is kept for reuse is there after the first.
    if (round == 0) first = free_now;
    CHECK(free_now + kSlackKilobytes >= first);
  }
  printf("memory_pressure_test: all of it came back\n");
  return 0;
}
