// Open file descriptions shared between processes, appending, limits of size, holes, directories that are gone, memfd.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { kWriters = 4, kLines = 400, kLineBytes = 16 };

static void WriteLines(int fd, int who) {
  char line[kLineBytes + 1];
  for (int i = 0; i < kLines; ++i) {
    snprintf(line, sizeof(line), "%d %12d\n\n", who, i);
    line[kLineBytes - 1] = '\n';
    CHECK(write(fd, line, kLineBytes) == kLineBytes);
  }
}

// Writers that share one description share its position: nothing is written over.
static void SharedPosition(void) {
  const int fd = open("shared", O_CREAT | O_RDWR | O_TRUNC, 0600);
  CHECK(fd >= 0);
  for (int who = 0; who < kWriters; ++who) {
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
      WriteLines(fd, who);
      _exit(0);
    }
  }
  for (int who = 0; who < kWriters; ++who) {
    int status;
    CHECK(wait(&status) > 0 && status == 0);
  }
  CHECK(lseek(fd, 0, SEEK_CUR) == kWriters * kLines * kLineBytes);
  int next[kWriters] = {0};
  char line[kLineBytes];
  for (int i = 0; i < kWriters * kLines; ++i) {
    CHECK(pread(fd, line, kLineBytes, i * kLineBytes) == kLineBytes && line[kLineBytes - 1] == '\n');
    const int who = line[0] - '0';
    CHECK(who >= 0 && who < kWriters && atoi(line + 1) == next[who]);
    ++next[who];
  }
  CHECK(close(fd) == 0 && unlink("shared") == 0);
}

static void Append(void) {
  const int fd = open("appended", O_CREAT | O_RDWR | O_TRUNC | O_APPEND, 0600);
  CHECK(fd >= 0 && write(fd, "abc", 3) == 3 && lseek(fd, 0, SEEK_SET) == 0);
  CHECK(pwrite(fd, "d", 1, 0) == 1);  // at the end all the same
  CHECK(lseek(fd, 0, SEEK_CUR) == 0);
  char text[8] = {0};
  CHECK(read(fd, text, sizeof(text)) == 4 && strcmp(text, "abcd") == 0);
  CHECK(close(fd) == 0 && unlink("appended") == 0);
}

static void SizeLimit(void) {
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    const int fd = open("limited", O_CREAT | O_RDWR | O_TRUNC, 0600);
    const struct rlimit limit = {.rlim_cur = 10, .rlim_max = 10};
    CHECK(fd >= 0 && setrlimit(RLIMIT_FSIZE, &limit) == 0);
    signal(SIGXFSZ, SIG_IGN);
    CHECK(write(fd, "0123456", 7) == 7);
    CHECK(write(fd, "789abcd", 7) == 3);
    CHECK_ERRNO(write(fd, "x", 1), EFBIG);
    CHECK_ERRNO(pwrite(fd, "x", 1, 10), EFBIG);
    CHECK_ERRNO(ftruncate(fd, 11), EFBIG);
    CHECK(ftruncate(fd, 10) == 0 && pwrite(fd, "x", 1, 9) == 1);
    signal(SIGXFSZ, SIG_DFL);
    (void)!write(fd, "x", 1);
    _exit(0);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
  CHECK(unlink("limited") == 0);
}

static void Holes(void) {
  struct stat information;
  const int fd = open("holes", O_CREAT | O_RDWR | O_TRUNC, 0600);
  CHECK(fd >= 0 && pwrite(fd, "x", 1, 10000000) == 1);
  CHECK(fstat(fd, &information) == 0 && information.st_size == 10000001);
  CHECK(information.st_blocks > 0 && information.st_blocks < 1000);
  CHECK(ftruncate(fd, 0) == 0 && fstat(fd, &information) == 0 && information.st_blocks == 0);
  CHECK(close(fd) == 0 && unlink("holes") == 0);
}

static void RemovedDirectory(void) {
  CHECK(mkdir("gone", 0700) == 0 && chdir("gone") == 0 && rmdir("../gone") == 0);
  CHECK_ERRNO(open("file", O_CREAT | O_RDWR, 0600), ENOENT);
  CHECK_ERRNO(mkdir("directory", 0700), ENOENT);
  CHECK_ERRNO(symlink("to", "link"), ENOENT);
  char buffer[64];
  errno = 0;
  CHECK(getcwd(buffer, sizeof(buffer)) == NULL && errno == ENOENT);
}

static void UnnamedFile(void) {
  const int fd = memfd_create("a name", MFD_CLOEXEC);
  CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC && ftruncate(fd, 4096) == 0);
  char* page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  CHECK(page != MAP_FAILED);
  strcpy(page, "seen");
  char text[8] = {0};
  CHECK(read(fd, text, 5) == 5 && strcmp(text, "seen") == 0);
  CHECK(munmap(page, 4096) == 0 && close(fd) == 0);
}

int main(void) {
  char directory[] = "/tmp/descriptions_test_XXXXXX";
  CHECK(mkdtemp(directory) != NULL && chdir(directory) == 0);
  SharedPosition();
  Append();
  SizeLimit();
  Holes();
  UnnamedFile();
  RemovedDirectory();
  CHECK(chdir("/") == 0 && rmdir(directory) == 0);
  puts("ok descriptions_test");
  return 0;
}
