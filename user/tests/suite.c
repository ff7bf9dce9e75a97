// Runs the programs that its arguments name, one after another, each with a time limit, and tells of each `ok NAME` or
// `FAIL NAME`. Ends with 0 when all were well and there was at least one. As process 1 it says so on the console.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kSeconds = 120 };

static int Run(const char* path) {
  const pid_t child = fork();
  if (child == -1) return -1;
  if (child == 0) {
    alarm(kSeconds);  // survives exec, and kills what does not end
    char* arguments[] = {(char*)path, NULL};
    char* environment[] = {(char*)"PATH=/bin:/tests", NULL};
    execve(path, arguments, environment);
    perror(path);
    _exit(127);
  }
  int status;
  // Orphans of a test may come to us as process 1.
  for (pid_t ended; (ended = wait(&status)) != child;) {
    if (ended == -1) return -1;
  }
  return status;
}

int main(int count, char** arguments) {
  int failed = 0;
  for (int i = 1; i < count; ++i) {
    const char* slash = strrchr(arguments[i], '/');
    const char* name = slash == NULL ? arguments[i] : slash + 1;
    const int status = Run(arguments[i]);
    if (status == 0) {
      printf("suite: ok %s\n", name);
    } else {
      printf("suite: FAIL %s, wait status 0x%x\n", name, (unsigned)status);
      ++failed;
    }
    fflush(stdout);
  }
  printf("suite: %d of %d failed\n", failed, count - 1);
  return failed != 0 || count < 2;
}
