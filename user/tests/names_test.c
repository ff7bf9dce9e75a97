// What names, descriptors and programs do at their edges: trailing slashes, links, flags of open, scripts, argument sizes.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static void Make(const char* path, const char* text, mode_t mode) {
  const int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, mode);
  CHECK(fd >= 0);
  CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
  CHECK(close(fd) == 0);
}

// What makes, moves and removes names means a link itself, also before a slash.
static void SlashesAfterLinks(void) {
  struct stat status;
  CHECK(mkdir("dir", 0755) == 0 && symlink("dir", "link") == 0 && symlink("nowhere", "dangling") == 0);
  Make("file", "text", 0644);
  CHECK_ERRNO(rmdir("link/"), ENOTDIR);
  CHECK_ERRNO(unlink("link/"), ENOTDIR);
  CHECK_ERRNO(rename("link/", "moved"), ENOTDIR);
  CHECK(mkdir("other", 0755) == 0);
  CHECK_ERRNO(rename("other", "link/"), ENOTDIR);
  CHECK(lstat("link/", &status) == 0 && S_ISDIR(status.st_mode));
  CHECK_ERRNO(mkdir("dangling/", 0755), EEXIST);
  CHECK_ERRNO(lstat("nowhere", &status), ENOENT);
  CHECK_ERRNO(mkdir("file/", 0755), EEXIST);
  CHECK(mkdir("new/", 0755) == 0 && rmdir("new/") == 0);
  CHECK_ERRNO(symlink("x", "made/"), ENOENT);
  CHECK_ERRNO(mknod("made/", S_IFREG | 0644, 0), ENOENT);
  CHECK_ERRNO(unlink("file/"), ENOTDIR);
  CHECK_ERRNO(rename("file/", "moved"), ENOTDIR);
  CHECK(rmdir("other") == 0);
}

static void FlagsOfOpen(void) {
  CHECK_ERRNO(open("file/", O_CREAT | O_WRONLY, 0644), EISDIR);
  CHECK_ERRNO(open("missing/", O_CREAT | O_WRONLY, 0644), EISDIR);
  CHECK_ERRNO(open("dir", O_RDONLY | O_TRUNC), EISDIR);
  CHECK_ERRNO(open("/", O_CREAT | O_EXCL, 0644), EEXIST);
  CHECK_ERRNO(open("file/", O_RDONLY), ENOTDIR);
}

static void TimesBefore1970(void) {
  struct stat status;
  const struct timespec times[2] = {{-5, 7}, {-1, 999999999}};
  CHECK(utimensat(AT_FDCWD, "file", times, 0) == 0 && stat("file", &status) == 0);
  CHECK(status.st_atim.tv_sec == -5 && status.st_atim.tv_nsec == 7);
  CHECK(status.st_mtim.tv_sec == -1 && status.st_mtim.tv_nsec == 999999999);
}

static void SendFileRefuses(void) {
  const int from = open("file", O_RDONLY), to = open("file", O_WRONLY | O_APPEND);
  off_t offset = -1;
  CHECK_ERRNO(sendfile(STDOUT_FILENO, from, &offset, 1), EINVAL);
  CHECK_ERRNO(sendfile(to, from, NULL, 1), EINVAL);
  CHECK(close(from) == 0 && close(to) == 0);
}

// A reader that did not wait for its first writer is not hung up before there was one.
static void FifoBeforeItsFirstWriter(void) {
  CHECK(mkfifo("fifo", 0600) == 0);
  const int reader = open("fifo", O_RDONLY | O_NONBLOCK);
  struct pollfd wait = {.fd = reader, .events = POLLIN};
  CHECK(poll(&wait, 1, 0) == 0);
  const int writer = open("fifo", O_WRONLY);
  CHECK(writer >= 0 && poll(&wait, 1, 0) == 0 && close(writer) == 0);
  CHECK(poll(&wait, 1, 0) == 1 && wait.revents == POLLHUP);
  CHECK(close(reader) == 0 && unlink("fifo") == 0);
}

static int RunHere(const char* path, char** arguments) {
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    char* environment[] = {NULL};
    execve(path, arguments, environment);
    _exit(errno == 0 ? 1 : errno);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
  return WEXITSTATUS(status);
}

// Five scripts may follow one another; of the sixth's interpreter nobody hears.
static void ScriptsInARow(const char* self) {
  char name[20], text[300];
  for (int i = 1; i <= 6; ++i) {
    snprintf(name, sizeof(name), "script%d", i);
    snprintf(text, sizeof(text), "#!%s exit7\n", self);
    if (i > 1) snprintf(text, sizeof(text), "#!./script%d\n", i - 1);
    Make(name, text, 0755);
  }
  char* arguments[] = {"script", NULL};
  CHECK(RunHere("script1", arguments) == 7);
  CHECK(RunHere("script5", arguments) == 7);
  CHECK(RunHere("script6", arguments) == ELOOP);
}

static void OneArgumentIsLimited(const char* self) {
  enum { kMost = 131072 };  // with its zero
  char* text = malloc(kMost + 1);
  memset(text, 'x', kMost);
  text[kMost] = '\0';
  char* arguments[] = {"name", "exit7", text, NULL};
  CHECK(RunHere(self, arguments) == E2BIG);
  text[kMost - 1] = '\0';
  CHECK(RunHere(self, arguments) == 7);
  free(text);
}

// exec closes descriptors in its own table, not in that of somebody who shares it.
static void ExecLeavesASharedTable(const char* self) {
  const int fd = open("file", O_RDONLY | O_CLOEXEC);
  fflush(stdout);
  const long child = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
  if (child == 0) {
    char* arguments[] = {"name", "exit7", NULL};
    char* environment[] = {NULL};
    execve(self, arguments, environment);
    _exit(1);
  }
  int status;
  CHECK(waitpid((pid_t)child, &status, 0) == child && WEXITSTATUS(status) == 7);
  CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
  CHECK(close(fd) == 0);
}

int main(int count, char** arguments) {
  if (count > 1 && strcmp(arguments[1], "exit7") == 0) return 7;
  char self[200], directory[] = "/tmp/namesXXXXXX";
  const ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
  CHECK(length > 0);
  self[length] = '\0';
  CHECK(mkdtemp(directory) != NULL && chdir(directory) == 0);
  SlashesAfterLinks();
  FlagsOfOpen();
  TimesBefore1970();
  SendFileRefuses();
  FifoBeforeItsFirstWriter();
  ScriptsInARow(self);
  OneArgumentIsLimited(self);
  ExecLeavesASharedTable(self);
  return 0;
}
