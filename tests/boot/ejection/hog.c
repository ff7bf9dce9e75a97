// A child computes and never stops of itself; under a scheduler that never ends its turn only the scheduler's ejection gives this
// process the CPU back.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/tests/check.h"

int main(void) {
  const pid_t hog = fork();
  CHECK(hog != -1);
  if (hog == 0) {
    for (volatile unsigned long turns = 0;; ++turns) {
    }
  }
  usleep(1000);
  puts("the other one runs");
  static char text[8192];
  const int file = open("/proc/escapement/scheduler", O_RDONLY);
  CHECK(file >= 0);
  const ssize_t got = read(file, text, sizeof(text) - 1);
  CHECK(got > 0);
  text[got] = '\0';
  fputs(text, stdout);
  CHECK(strstr(text, "for starvation (thread 1)") != NULL);
  CHECK(strstr(text, "enqueue 1 woken") != NULL);
  // And the system goes on: turns end now.
  for (int i = 0; i < 5; ++i) usleep(1000);
  CHECK(kill(hog, SIGKILL) == 0);
  CHECK(waitpid(hog, NULL, 0) == hog);
  puts("it goes on");
  return 0;
}
