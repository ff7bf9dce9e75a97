// copy_file_range, preadv2 and pwritev2: positions, offsets, ends, refusals.
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "check.h"

enum { kBytes = 100000 };
static char data[kBytes], seen[kBytes];

static long Copy(int in, off_t* in_at, int out, off_t* out_at, size_t bytes, unsigned flags) {
  return syscall(SYS_copy_file_range, in, in_at, out, out_at, bytes, flags);
}

static int Make(const char* name, int flags) {
  const int fd = open(name, O_CREAT | O_TRUNC | flags, 0600);
  CHECK(fd >= 0);
  return fd;
}

static void TestCopies(void) {
  const int in = Make("in", O_RDWR), out = Make("out", O_RDWR);
  for (int i = 0; i < kBytes; ++i) data[i] = (char)(i * 7 % 251);
  CHECK(write(in, data, kBytes) == kBytes);
  CHECK(Copy(in, NULL, out, NULL, 10, 0) == 0);  // its position is its end
  CHECK(lseek(in, 0, SEEK_SET) == 0);
  long copied = 0;
  for (long now; (now = Copy(in, NULL, out, NULL, kBytes, 0)) != 0; copied += now) CHECK(now > 0);
  CHECK(copied == kBytes && lseek(in, 0, SEEK_CUR) == kBytes && lseek(out, 0, SEEK_CUR) == kBytes);
  CHECK(pread(out, seen, kBytes, 0) == kBytes && memcmp(seen, data, kBytes) == 0);
  off_t from = 500, to = 3;
  CHECK(Copy(in, &from, out, &to, 1000, 0) == 1000 && from == 1500 && to == 1003);
  CHECK(lseek(in, 0, SEEK_CUR) == kBytes && lseek(out, 0, SEEK_CUR) == kBytes);
  CHECK(pread(out, seen, 1003, 0) == 1003 && memcmp(seen, data, 3) == 0 && memcmp(seen + 3, data + 500, 1000) == 0);
  from = kBytes - 5, to = kBytes + 100;
  CHECK(Copy(in, &from, out, &to, 1000, 0) == 5 && from == kBytes && to == kBytes + 105);
  CHECK(lseek(out, 0, SEEK_END) == kBytes + 105);
  // In one file: ranges may not overlap.
  from = 0, to = 50000;
  CHECK(Copy(in, &from, in, &to, 50000, 0) == 50000);
  CHECK(pread(in, seen, kBytes, 0) == kBytes && memcmp(seen + 50000, data, 50000) == 0);
  from = 0, to = 10;
  CHECK_ERRNO(Copy(in, &from, in, &to, 11, 0), EINVAL);
  CHECK(Copy(in, &from, in, &to, 10, 0) == 10);
  CHECK(close(in) == 0 && close(out) == 0);
}

static void TestRefusals(void) {
  const int in = open("in", O_RDONLY), out = open("out", O_WRONLY), append = open("out", O_WRONLY | O_APPEND);
  int ends[2];
  CHECK(in >= 0 && out >= 0 && append >= 0 && pipe(ends) == 0);
  off_t negative = -100, wrapping = -1;
  CHECK_ERRNO(Copy(in, NULL, out, NULL, 10, 1), EINVAL);
  CHECK_ERRNO(Copy(out, NULL, in, NULL, 10, 0), EBADF);
  CHECK_ERRNO(Copy(in, NULL, append, NULL, 10, 0), EBADF);
  CHECK_ERRNO(Copy(in, NULL, 99, NULL, 10, 0), EBADF);
  CHECK_ERRNO(Copy(in, NULL, ends[1], NULL, 10, 0), EINVAL);
  CHECK_ERRNO(Copy(ends[0], NULL, out, NULL, 10, 0), EINVAL);
  CHECK_ERRNO(Copy(in, &negative, out, NULL, 10, 0), EINVAL);
  CHECK_ERRNO(Copy(in, &wrapping, out, NULL, 10, 0), EOVERFLOW);
  CHECK_ERRNO(Copy(in, (off_t*)16, out, NULL, 10, 0), EFAULT);
  const int folder = open(".", O_RDONLY);
  CHECK_ERRNO(Copy(folder, NULL, out, NULL, 10, 0), EISDIR);
  close(in), close(out), close(append), close(ends[0]), close(ends[1]), close(folder);
}

static void TestVectors(void) {
  const int fd = Make("in", O_RDWR);
  struct iovec parts[2] = {{(void*)"abc", 3}, {(void*)"defg", 4}};
  CHECK(syscall(SYS_pwritev2, fd, parts, 2, -1L, 0L, 0) == 7 && lseek(fd, 0, SEEK_CUR) == 7);
  CHECK(syscall(SYS_pwritev2, fd, parts, 1, 5L, 0L, 4 /* RWF_SYNC */) == 3 && lseek(fd, 0, SEEK_CUR) == 7);
  char bytes[16] = {0};
  struct iovec whole = {bytes, sizeof(bytes)};
  CHECK(syscall(SYS_preadv2, fd, &whole, 1, 2L, 0L, 0) == 6 && memcmp(bytes, "cdeabc", 6) == 0);
  CHECK(lseek(fd, 1, SEEK_SET) == 1);
  CHECK(syscall(SYS_preadv2, fd, &whole, 1, -1L, 0L, 0) == 7 && lseek(fd, 0, SEEK_CUR) == 8);
  CHECK_ERRNO(syscall(SYS_preadv2, fd, &whole, 1, -2L, 0L, 0), EINVAL);
  CHECK_ERRNO(syscall(SYS_preadv2, fd, &whole, 1, 0L, 0L, 1 << 20), EOPNOTSUPP);
  CHECK_ERRNO(syscall(SYS_preadv2, 99, &whole, 1, 0L, 0L, 0), EBADF);
  close(fd);
}

int main(void) {
  char directory[] = "/tmp/copy_test_XXXXXX";
  CHECK(mkdtemp(directory) != NULL && chdir(directory) == 0);
  TestCopies();
  TestRefusals();
  TestVectors();
  CHECK(unlink("in") == 0 && unlink("out") == 0 && chdir("/") == 0 && rmdir(directory) == 0);
  return 0;
}
