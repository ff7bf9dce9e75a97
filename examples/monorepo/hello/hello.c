/* The whole user land of this image: a static C program as process 1. It proves that it runs under the scheduler of
   this repository, lets two children share the CPU, and ends; its exit code becomes that of the virtual machine. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int scheduler_is(const char *name) {
  char text[4096];
  int fd = open("/proc/escapement/scheduler", O_RDONLY);
  ssize_t bytes = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
  if (bytes <= 0) return 0;
  close(fd);
  text[bytes] = '\0';
  fputs(text, stdout);
  return strstr(text, name) != NULL;
}

static void compute(int who) {
  volatile unsigned long sum = 0;
  for (unsigned long i = 0; i < 2000000; ++i) sum += i;
  printf("child %d computed %lu\n", who, sum);
  fflush(stdout);
  _exit(0);
}

int main(void) {
  puts("hello from a monorepo");
  if (!scheduler_is("stride")) {
    puts("this is not the stride scheduler");
    return 1;
  }
  fflush(stdout);
  for (int child = 1; child <= 2; ++child) {
    if (fork() == 0) compute(child);
  }
  for (int child = 1; child <= 2; ++child) {
    int status = 0;
    if (wait(&status) < 0 || status != 0) return 2;
  }
  puts("both children have ended");
  return 0;
}
