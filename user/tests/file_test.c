// Files, directories, links, descriptors, pipes, poll: what programs expect of each, errors too.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static void Directories(void) {
  CHECK(mkdir("d", 0755) == 0);
  CHECK_ERRNO(mkdir("d", 0755), EEXIST);
  CHECK(chdir("d") == 0);
  char path[200];
  CHECK(getcwd(path, sizeof(path)) != NULL && strcmp(path + strlen(path) - 2, "/d") == 0);
  CHECK_ERRNO(syscall(SYS_getcwd, path, 3), ERANGE);
  for (int i = 0; i < 300; ++i) {
    snprintf(path, sizeof(path), "file_%d", i);
    const int fd = open(path, O_CREAT | O_WRONLY | O_EXCL, 0644);
    CHECK(fd >= 0 && close(fd) == 0);
  }
  CHECK_ERRNO(open("file_7", O_CREAT | O_EXCL | O_WRONLY, 0644), EEXIST);
  DIR* directory = opendir(".");
  CHECK(directory != NULL);
  int files = 0, dots = 0;
  for (struct dirent* entry; (entry = readdir(directory)) != NULL;) {
    if (entry->d_name[0] == '.') {
      ++dots;
      CHECK(entry->d_type == DT_DIR);
    } else {
      ++files;
      CHECK(entry->d_type == DT_REG && entry->d_ino != 0);
    }
  }
  CHECK(files == 300 && dots == 2);
  rewinddir(directory);
  CHECK(readdir(directory) != NULL);
  CHECK(closedir(directory) == 0);
  CHECK(chdir("..") == 0);
  CHECK_ERRNO(rmdir("d"), ENOTEMPTY);
  CHECK_ERRNO(unlink("d"), EISDIR);
  for (int i = 0; i < 300; ++i) {
    snprintf(path, sizeof(path), "d/file_%d", i);
    CHECK(unlink(path) == 0);
  }
  CHECK_ERRNO(rmdir("d/."), EINVAL);
  CHECK(rmdir("d") == 0);
  CHECK_ERRNO(chdir("d"), ENOENT);
}

static void Attributes(void) {
  const int fd = open("a", O_CREAT | O_RDWR | O_TRUNC, 0666);
  CHECK(fd >= 0);
  const mode_t mask = umask(022);
  umask(mask);
  struct stat by_fd, by_name;
  CHECK(fstat(fd, &by_fd) == 0 && stat("a", &by_name) == 0);
  CHECK(by_fd.st_ino == by_name.st_ino && S_ISREG(by_fd.st_mode) && by_fd.st_nlink == 1 && by_fd.st_size == 0);
  CHECK((by_fd.st_mode & 0777) == (0666 & ~mask));
  CHECK(write(fd, "hello", 5) == 5 && fstat(fd, &by_fd) == 0 && by_fd.st_size == 5);
  CHECK(ftruncate(fd, 3) == 0 && fstat(fd, &by_fd) == 0 && by_fd.st_size == 3);
  CHECK(truncate("a", 10000) == 0 && stat("a", &by_name) == 0 && by_name.st_size == 10000);
  char bytes[10];
  CHECK(pread(fd, bytes, 10, 0) == 10 && memcmp(bytes, "hel\0\0\0\0\0\0\0", 10) == 0);
  CHECK(fchmod(fd, 0640) == 0 && chmod("a", 0600) == 0 && stat("a", &by_name) == 0 && (by_name.st_mode & 07777) == 0600);
  CHECK(chown("a", 12, 34) == 0 && stat("a", &by_name) == 0 && by_name.st_uid == 12 && by_name.st_gid == 34);
  const struct timespec times[2] = {{1000, 5}, {2000, 7}};
  CHECK(utimensat(AT_FDCWD, "a", times, 0) == 0 && stat("a", &by_name) == 0);
  CHECK(by_name.st_atim.tv_sec == 1000 && by_name.st_mtim.tv_sec == 2000 && by_name.st_mtim.tv_nsec == 7);
  struct {
    unsigned mask, block_size;
    unsigned long attributes;
    unsigned links, uid, gid;
    unsigned short mode, pad;
    unsigned long inode, size, rest[26];
  } extended;  // struct statx, which not every C library has
  CHECK(syscall(SYS_statx, fd, "", AT_EMPTY_PATH, 0x7ff, &extended) == 0);
  CHECK(extended.size == 10000 && extended.inode == by_name.st_ino && extended.uid == 12);
  CHECK(access("a", R_OK | W_OK) == 0 && access("a", F_OK) == 0);
  CHECK_ERRNO(access("a", X_OK), EACCES);
  struct statfs system;
  CHECK(statfs("/", &system) == 0 && system.f_bsize > 0);
  CHECK(close(fd) == 0 && unlink("a") == 0);
  CHECK_ERRNO(stat("a", &by_name), ENOENT);
  CHECK_ERRNO(stat("/proc/self/exe/x", &by_name), ENOTDIR);
}

static void Links(void) {
  CHECK(symlink("target", "l") == 0);
  char text[100];
  CHECK(readlink("l", text, sizeof(text)) == 6 && memcmp(text, "target", 6) == 0);
  CHECK(readlink("l", text, 3) == 3);
  struct stat information;
  CHECK(lstat("l", &information) == 0 && S_ISLNK(information.st_mode) && information.st_size == 6);
  CHECK_ERRNO(stat("l", &information), ENOENT);
  CHECK_ERRNO(open("l", O_RDONLY | O_NOFOLLOW), ELOOP);
  int fd = open("l", O_CREAT | O_WRONLY, 0644);  // makes what it points to
  CHECK(fd >= 0 && write(fd, "1", 1) == 1 && close(fd) == 0);
  CHECK(stat("target", &information) == 0 && information.st_size == 1);
  CHECK(link("target", "hard") == 0 && stat("hard", &information) == 0 && information.st_nlink == 2);
  CHECK_ERRNO(link("target", "hard"), EEXIST);
  CHECK(rename("hard", "target") == 0);  // the same file: nothing happens
  CHECK(stat("hard", &information) == 0);
  CHECK(unlink("hard") == 0);
  CHECK(rename("target", "moved") == 0);
  CHECK_ERRNO(stat("target", &information), ENOENT);
  CHECK(mkdir("into", 0755) == 0);
  CHECK_ERRNO(rename("moved", "into"), EISDIR);
  CHECK_ERRNO(rename("into", "moved"), ENOTDIR);
  CHECK_ERRNO(rename("into", "into/itself"), EINVAL);
  CHECK(rename("moved", "into/moved") == 0 && unlink("into/moved") == 0 && rmdir("into") == 0 && unlink("l") == 0);
  CHECK(symlink("loop", "loop") == 0);
  CHECK_ERRNO(open("loop", O_RDONLY), ELOOP);
  CHECK(unlink("loop") == 0);
}

static void Descriptors(void) {
  const int fd = open("f", O_CREAT | O_RDWR | O_APPEND, 0644);
  CHECK(fd >= 0);
  CHECK((fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND)) == (O_RDWR | O_APPEND));
  CHECK(write(fd, "abc", 3) == 3 && lseek(fd, 0, SEEK_SET) == 0 && write(fd, "def", 3) == 3);
  CHECK(lseek(fd, 0, SEEK_CUR) == 6 && lseek(fd, -2, SEEK_END) == 4);
  char bytes[10];
  CHECK(read(fd, bytes, 10) == 2 && memcmp(bytes, "ef", 2) == 0 && read(fd, bytes, 10) == 0);
  CHECK_ERRNO(lseek(fd, -1, SEEK_SET), EINVAL);
  const int copy = dup(fd);
  CHECK(copy > fd && lseek(copy, 1, SEEK_SET) == 1 && lseek(fd, 0, SEEK_CUR) == 1);  // one position
  CHECK(fcntl(copy, F_GETFD) == 0 && fcntl(copy, F_SETFD, FD_CLOEXEC) == 0 && fcntl(copy, F_GETFD) == FD_CLOEXEC);
  CHECK(fcntl(fd, F_DUPFD, 50) == 50 && dup2(fd, 51) == 51 && dup3(fd, 52, O_CLOEXEC) == 52);
  CHECK(fcntl(52, F_GETFD) == FD_CLOEXEC && fcntl(51, F_GETFD) == 0);
  CHECK_ERRNO(dup3(fd, fd, 0), EINVAL);
  CHECK(dup2(fd, fd) == fd);
  CHECK_ERRNO(dup2(99, 3), EBADF);
  CHECK(close(50) == 0 && close(51) == 0 && close(52) == 0 && close(copy) == 0);
  CHECK_ERRNO(close(copy), EBADF);
  CHECK_ERRNO(read(copy, bytes, 1), EBADF);
  const struct iovec out[3] = {{(void*)"one ", 4}, {NULL, 0}, {(void*)"two", 3}};
  CHECK(writev(fd, out, 3) == 7);
  char first[3], second[20];
  const struct iovec in[2] = {{first, 3}, {second, 20}};
  CHECK(lseek(fd, 6, SEEK_SET) == 6 && readv(fd, in, 2) == 7 && memcmp(first, "one", 3) == 0 && memcmp(second, " two", 4) == 0);
  CHECK_ERRNO(writev(fd, out, 2000), EINVAL);
  CHECK(close(fd) == 0);
  const int write_only = open("f", O_WRONLY);
  CHECK_ERRNO(read(write_only, bytes, 1), EBADF);
  CHECK_ERRNO(write(write_only, (void*)16, 1), EFAULT);
  CHECK(close(write_only) == 0);
  const int directory = open(".", O_RDONLY | O_DIRECTORY);
  CHECK(directory >= 0);
  CHECK_ERRNO(read(directory, bytes, 1), EISDIR);
  CHECK_ERRNO(open(".", O_WRONLY), EISDIR);
  CHECK_ERRNO(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
  const int relative = openat(directory, "f", O_RDONLY);
  CHECK(relative >= 0 && close(relative) == 0 && close(directory) == 0);
  const struct rlimit few = {10, 1024};
  struct rlimit before;
  CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(setrlimit(RLIMIT_NOFILE, &(struct rlimit){few.rlim_cur, before.rlim_max}) == 0);
  int opened = 0;
  while (opened < 20 && open("f", O_RDONLY) >= 0) ++opened;
  CHECK(errno == EMFILE && opened < 10);
  CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
  for (int i = 3; i < 10; ++i) close(i);
  CHECK(unlink("f") == 0);
}

static void Pipes(void) {
  int ends[2];
  CHECK(pipe(ends) == 0);
  CHECK(write(ends[1], "hello", 5) == 5);
  int waiting = 0;
  CHECK(ioctl(ends[0], FIONREAD, &waiting) == 0 && waiting == 5);
  char bytes[100];
  CHECK(read(ends[0], bytes, 100) == 5);
  CHECK_ERRNO(lseek(ends[0], 0, SEEK_SET), ESPIPE);
  CHECK_ERRNO(pread(ends[0], bytes, 1, 0), ESPIPE);
  CHECK(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 && (fcntl(ends[0], F_GETFL) & O_NONBLOCK) != 0);
  CHECK_ERRNO(read(ends[0], bytes, 1), EAGAIN);
  struct pollfd polled[3] = {{.fd = ends[0], .events = POLLIN}, {.fd = ends[1], .events = POLLOUT}, {.fd = -1, .events = POLLIN}};
  CHECK(poll(polled, 3, 0) == 1 && polled[0].revents == 0 && polled[1].revents == POLLOUT && polled[2].revents == 0);
  const pid_t child = fork();
  if (child == 0) {
    usleep(20000);
    CHECK(write(ends[1], "!", 1) == 1);
    _exit(0);
  }
  CHECK(poll(polled, 1, 5000) == 1 && polled[0].revents == POLLIN);
  fd_set readable;
  FD_ZERO(&readable);
  FD_SET(ends[0], &readable);
  struct timeval time = {5, 0};
  CHECK(select(ends[1] + 1, &readable, NULL, NULL, &time) == 1 && FD_ISSET(ends[0], &readable));
  CHECK(read(ends[0], bytes, 1) == 1);
  CHECK(waitpid(child, NULL, 0) == child);
  FD_ZERO(&readable);
  FD_SET(ends[0], &readable);
  time = (struct timeval){0, 10000};
  CHECK(select(ends[1] + 1, &readable, NULL, NULL, &time) == 0 && !FD_ISSET(ends[0], &readable));
  FD_SET(77, &readable);
  CHECK_ERRNO(select(78, &readable, NULL, NULL, NULL), EBADF);
  CHECK(close(ends[1]) == 0);
  polled[0].revents = 0;
  CHECK(poll(polled, 1, -1) == 1 && polled[0].revents == POLLHUP);
  CHECK(read(ends[0], bytes, 1) == 0);
  polled[0].fd = 77;
  CHECK(poll(polled, 1, -1) == 1 && polled[0].revents == POLLNVAL);
  CHECK(close(ends[0]) == 0);

  CHECK(pipe(ends) == 0 && close(ends[0]) == 0);
  signal(SIGPIPE, SIG_IGN);
  CHECK_ERRNO(write(ends[1], "x", 1), EPIPE);
  signal(SIGPIPE, SIG_DFL);
  const pid_t broken = fork();
  if (broken == 0) {
    (void)!write(ends[1], "x", 1);
    _exit(0);
  }
  int status;
  CHECK(waitpid(broken, &status, 0) == broken && WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
  CHECK(close(ends[1]) == 0);
}

// More than a pipe holds, through a child.
static void BigPipe(void) {
  enum { kBytes = 300000 };
  int ends[2];
  CHECK(pipe2(ends, O_CLOEXEC) == 0);
  const pid_t child = fork();
  if (child == 0) {
    char* block = malloc(kBytes);
    for (int i = 0; i < kBytes; ++i) block[i] = (char)(i * 7);
    CHECK(write(ends[1], block, kBytes) == kBytes);
    _exit(0);
  }
  close(ends[1]);
  int total = 0;
  char bytes[1000];
  for (ssize_t got; (got = read(ends[0], bytes, sizeof(bytes))) > 0; total += (int)got) {
    for (int i = 0; i < got; ++i) CHECK(bytes[i] == (char)((total + i) * 7));
  }
  CHECK(total == kBytes && close(ends[0]) == 0);
  CHECK(waitpid(child, NULL, 0) == child);
}

static void SendFile(void) {
  const int from = open("from", O_CREAT | O_RDWR, 0644), to = open("to", O_CREAT | O_RDWR, 0644);
  char block[5000];
  memset(block, 'q', sizeof(block));
  CHECK(write(from, block, sizeof(block)) == sizeof(block) && lseek(from, 1000, SEEK_SET) == 1000);
  CHECK(sendfile(to, from, NULL, 1 << 24) == 4000 && lseek(from, 0, SEEK_CUR) == 5000);
  CHECK(sendfile(to, from, NULL, 1 << 24) == 0);
  off_t offset = 4990;
  CHECK(sendfile(to, from, &offset, 100) == 10 && offset == 5000);
  CHECK(lseek(to, 0, SEEK_END) == 4010);
  CHECK(close(from) == 0 && close(to) == 0 && unlink("from") == 0 && unlink("to") == 0);
}

static void Fifo(void) {
  CHECK(mkfifo("fifo", 0644) == 0);
  CHECK_ERRNO(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO);
  const pid_t child = fork();
  if (child == 0) {
    const int fd = open("fifo", O_WRONLY);
    CHECK(fd >= 0 && write(fd, "through", 7) == 7);
    _exit(0);
  }
  const int fd = open("fifo", O_RDONLY);
  char bytes[10];
  CHECK(fd >= 0 && read(fd, bytes, 10) == 7 && memcmp(bytes, "through", 7) == 0);
  CHECK(waitpid(child, NULL, 0) == child && read(fd, bytes, 10) == 0);
  CHECK(close(fd) == 0 && unlink("fifo") == 0);
}

static void Devices(void) {
  char bytes[16] = "x";
  const int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDONLY);
  CHECK(null >= 0 && write(null, bytes, 16) == 16 && read(null, bytes, 16) == 0);
  CHECK(zero >= 0 && read(zero, bytes, 16) == 16 && bytes[0] == 0);
  struct stat information;
  CHECK(fstat(null, &information) == 0 && S_ISCHR(information.st_mode) && information.st_rdev == 0x103);
  CHECK_ERRNO(ioctl(null, TCGETS, bytes), ENOTTY);
  CHECK(close(null) == 0 && close(zero) == 0);
}

int main(void) {
  char directory[] = "/tmp/file_test_XXXXXX";
  CHECK(mkdtemp(directory) != NULL && chdir(directory) == 0);
  Directories();
  Attributes();
  Links();
  Descriptors();
  Pipes();
  BigPipe();
  SendFile();
  Fifo();
  Devices();
  CHECK(chdir("/") == 0 && rmdir(directory) == 0);
  puts("ok file_test");
  return 0;
}
