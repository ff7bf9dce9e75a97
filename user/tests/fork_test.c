// fork, copy-on-write, exit codes, wait, orphans, vfork, exec.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { kPages = 64, kPage = 4096 };

static void CopyOnWrite(void) {
  unsigned char* memory = mmap(NULL, kPages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED);
  for (int i = 0; i < kPages; ++i) memory[i * kPage] = (unsigned char)i;
  int ready[2];
  CHECK(pipe(ready) == 0);
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    for (int i = 0; i < kPages; ++i) CHECK(memory[i * kPage] == i);
    for (int i = 0; i < kPages; ++i) memory[i * kPage] = 0xcc;
    CHECK(write(ready[1], "x", 1) == 1);
    // The parent writes now: we must not see it.
    sleep(0);
    for (int i = 0; i < kPages; ++i) CHECK(memory[i * kPage] == 0xcc);
    _exit(7);
  }
  char x;
  CHECK(read(ready[0], &x, 1) == 1);
  for (int i = 0; i < kPages; ++i) CHECK(memory[i * kPage] == i);
  for (int i = 0; i < kPages; ++i) memory[i * kPage] = 0xaa;
  int status;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
  for (int i = 0; i < kPages; ++i) CHECK(memory[i * kPage] == 0xaa);
}

static void SharedMemoryIsShared(void) {
  volatile int* word = mmap(NULL, kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(word != MAP_FAILED);
  *word = 1;
  const pid_t child = fork();
  if (child == 0) {
    *word = 2;
    _exit(0);
  }
  CHECK(waitpid(child, NULL, 0) == child);
  CHECK(*word == 2);
}

static void WaitTells(void) {
  CHECK_ERRNO(waitpid(-1, NULL, WNOHANG), ECHILD);
  const pid_t killed = fork();
  if (killed == 0) {
    for (;;) pause();
  }
  int status;
  CHECK(waitpid(killed, &status, WNOHANG) == 0);
  CHECK(kill(killed, SIGKILL) == 0);
  CHECK(wait(&status) == killed);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  CHECK_ERRNO(kill(killed, 0), ESRCH);
}

static void StopAndContinue(void) {
  const pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  int status;
  CHECK(kill(child, SIGSTOP) == 0);
  CHECK(waitpid(child, &status, WUNTRACED) == child);
  CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
  CHECK(kill(child, SIGCONT) == 0);
  CHECK(waitpid(child, &status, WCONTINUED) == child);
  CHECK(WIFCONTINUED(status));
  CHECK(kill(child, SIGTERM) == 0);
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

static void ManyChildren(void) {
  enum { kChildren = 40 };
  pid_t children[kChildren];
  for (int i = 0; i < kChildren; ++i) {
    children[i] = fork();
    CHECK(children[i] >= 0);
    if (children[i] == 0) _exit(i);
  }
  for (int i = kChildren - 1; i >= 0; --i) {
    int status;
    CHECK(waitpid(children[i], &status, 0) == children[i]);
    CHECK(WEXITSTATUS(status) == i);
  }
}

static void ExecPassesArguments(const char* self) {
  int pipe_ends[2];
  CHECK(pipe(pipe_ends) == 0);
  CHECK(fcntl(pipe_ends[0], F_SETFD, FD_CLOEXEC) == 0);
  const pid_t child = vfork();
  CHECK(child >= 0);
  if (child == 0) {
    dup2(pipe_ends[1], 1);
    char* arguments[] = {(char*)"name", (char*)"--echo", (char*)"", (char*)"two words", NULL};
    char* environment[] = {(char*)"KEY=value", NULL};
    execve(self, arguments, environment);
    _exit(127);
  }
  close(pipe_ends[1]);
  char text[100] = {0};
  size_t size = 0;
  ssize_t got;
  while ((got = read(pipe_ends[0], text + size, sizeof(text) - 1 - size)) > 0) size += (size_t)got;
  int status;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  CHECK(strcmp(text, "name|--echo||two words|KEY=value|") == 0);
}

static void ExecFails(void) {
  char* arguments[] = {(char*)"x", NULL};
  CHECK_ERRNO(execve("/no/such/file", arguments, arguments), ENOENT);
  CHECK_ERRNO(execve("/", arguments, arguments), EACCES);
  char* path = (char*)"/tmp/not_a_program";
  const int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0755);
  CHECK(fd >= 0 && write(fd, "\177ELF but no more", 16) == 16 && close(fd) == 0);
  CHECK_ERRNO(execve(path, arguments, arguments), ENOEXEC);
  CHECK(chmod(path, 0644) == 0);
  CHECK_ERRNO(execve(path, arguments, arguments), EACCES);
  CHECK(unlink(path) == 0);
}

// Whatever the scheduler makes of it.
static void NicenessIsKeptAndInherited(void) {
  const int before = getpriority(PRIO_PROCESS, 0);
  const int wanted = before < 15 ? before + 4 : 19;
  const pid_t child = fork();
  if (child == 0) {
    CHECK(setpriority(PRIO_PROCESS, 0, wanted) == 0 && getpriority(PRIO_PROCESS, 0) == wanted);
    const pid_t grandchild = fork();
    if (grandchild == 0) {
      CHECK(getpriority(PRIO_PROCESS, 0) == wanted);
      FILE* stat = fopen("/proc/self/stat", "r");
      long priority, nice;
      CHECK(stat != NULL);
      CHECK(fscanf(stat, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %ld %ld", &priority, &nice) == 2);
      CHECK(priority == 20 + wanted && nice == wanted);
      _exit(0);
    }
    int status;
    CHECK(waitpid(grandchild, &status, 0) == grandchild && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    _exit(0);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
  CHECK(getpriority(PRIO_PROCESS, 0) == before);
}

int main(int count, char** arguments, char** environment) {
  if (count > 1 && strcmp(arguments[1], "--echo") == 0) {
    for (int i = 0; i < count; ++i) printf("%s|", arguments[i]);
    for (char** e = environment; *e != NULL; ++e) printf("%s|", *e);
    fflush(stdout);
    char probe;
    // Marked to be closed on exec, so not ours: the descriptor is free.
    return read(3, &probe, 0) == -1 && errno == EBADF ? 0 : 1;
  }
  CopyOnWrite();
  SharedMemoryIsShared();
  WaitTells();
  StopAndContinue();
  ManyChildren();
  NicenessIsKeptAndInherited();
  ExecFails();
  // The echo looks at descriptor 3, so the pipes of before must be gone.
  for (int fd = 3; fd < 20; ++fd) close(fd);
  ExecPassesArguments("/proc/self/exe");
  puts("ok fork_test");
  return 0;
}
