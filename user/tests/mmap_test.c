// Mappings: anonymous, of files, private and shared, fixed, moved, grown, discarded; the heap's end.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { kPage = 4096 };

static char* Map(size_t bytes) {
  char* memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED);
  return memory;
}

static void Anonymous(void) {
  char* memory = Map(16 * kPage);
  for (int i = 0; i < 16 * kPage; ++i) CHECK(memory[i] == 0);
  memset(memory, 1, 16 * kPage);
  CHECK(munmap(memory + 4 * kPage, 4 * kPage) == 0);  // a hole
  CHECK(memory[0] == 1 && memory[8 * kPage] == 1);
  char* fixed = mmap(memory + 4 * kPage, 4 * kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  CHECK(fixed == memory + 4 * kPage && fixed[0] == 0);
  CHECK_ERRNO(mmap(memory, kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
  CHECK(madvise(memory, 2 * kPage, MADV_DONTNEED) == 0);
  CHECK(memory[0] == 0 && memory[2 * kPage] == 1);
  CHECK(munmap(memory, 16 * kPage) == 0);
  CHECK(munmap(memory, 16 * kPage) == 0);  // nothing there: fine
}

static void Errors(void) {
  CHECK_ERRNO(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EINVAL);
  CHECK_ERRNO(mmap(NULL, kPage, PROT_READ, MAP_ANONYMOUS, -1, 0), EINVAL);
  CHECK_ERRNO(mmap(NULL, kPage, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);
  CHECK_ERRNO(mmap((void*)0x10001, kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), EINVAL);
  CHECK_ERRNO(munmap((void*)1, kPage), EINVAL);
  CHECK_ERRNO(mprotect((void*)0x10000, kPage, PROT_READ), ENOMEM);
  const int directory = open("/", O_RDONLY);
  CHECK_ERRNO(mmap(NULL, kPage, PROT_READ, MAP_PRIVATE, directory, 0), ENODEV);
  CHECK(close(directory) == 0);
}

static void Files(void) {
  const char* path = "/tmp/mmap_test_file";
  const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
  CHECK(fd >= 0);
  char text[kPage + 100];
  for (size_t i = 0; i < sizeof(text); ++i) text[i] = (char)('a' + i % 26);
  CHECK(write(fd, text, sizeof(text)) == (ssize_t)sizeof(text));
  char* private_map = mmap(NULL, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  CHECK(private_map != MAP_FAILED);
  CHECK(memcmp(private_map, text, sizeof(text)) == 0);
  CHECK(private_map[sizeof(text)] == 0);  // the rest of the last page
  private_map[0] = '!';
  char first;
  CHECK(pread(fd, &first, 1, 0) == 1 && first == 'a');
  char* shared = mmap(NULL, 2 * kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  CHECK(shared != MAP_FAILED && shared[0] == 'a');
  shared[1] = '?';
  CHECK(msync(shared, 2 * kPage, MS_SYNC) == 0);
  CHECK(pread(fd, &first, 1, 1) == 1 && first == '?');
  CHECK(pwrite(fd, "#", 1, 2) == 1 && shared[2] == '#');
  char* second_page = mmap(NULL, kPage, PROT_READ, MAP_PRIVATE, fd, kPage);
  CHECK(second_page != MAP_FAILED && second_page[0] == text[kPage]);
  CHECK_ERRNO(mmap(NULL, kPage, PROT_READ, MAP_PRIVATE, fd, 100), EINVAL);
  CHECK(close(fd) == 0 && unlink(path) == 0);
  CHECK(shared[1] == '?');  // lives on
  const pid_t child = fork();
  if (child == 0) {
    shared[3] = '+';
    private_map[3] = '-';
    _exit(0);
  }
  CHECK(waitpid(child, NULL, 0) == child);
  CHECK(shared[3] == '+' && private_map[3] == text[3]);
  const int read_only = open("/proc/self/exe", O_RDONLY);
  CHECK_ERRNO(mmap(NULL, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, read_only, 0), EACCES);
  // Nor later: who may only read the file does not write to it by way of its pages.
  char* seen = mmap(NULL, 2 * kPage, PROT_READ, MAP_SHARED, read_only, 0);
  CHECK(seen != MAP_FAILED && seen[1] == 'E');
  CHECK_ERRNO((void*)(long)mprotect(seen, kPage, PROT_READ | PROT_WRITE), EACCES);
  CHECK(mprotect(seen, kPage, PROT_NONE) == 0 && mprotect(seen, kPage, PROT_READ) == 0 && munmap(seen, 2 * kPage) == 0);
  CHECK(close(read_only) == 0);
}

static void Remap(void) {
  char* memory = Map(4 * kPage);
  memory[0] = 'x';
  char* moved = mremap(memory, 4 * kPage, 64 * kPage, MREMAP_MAYMOVE);
  CHECK(moved != MAP_FAILED && moved[0] == 'x' && moved[63 * kPage] == 0);
  char* smaller = mremap(moved, 64 * kPage, kPage, 0);
  CHECK(smaller == moved && smaller[0] == 'x');
  CHECK(munmap(smaller, kPage) == 0);
}

static void Break(void) {
  char* begin = (char*)syscall(SYS_brk, 0);
  CHECK(begin != NULL);
  char* end = (char*)syscall(SYS_brk, begin + 10 * kPage);
  CHECK(end == begin + 10 * kPage);
  memset(begin, 7, 10 * kPage);
  CHECK((char*)syscall(SYS_brk, begin + kPage) == begin + kPage);
  CHECK((char*)syscall(SYS_brk, begin + 10 * kPage) == begin + 10 * kPage);
  CHECK(begin[0] == 7 && begin[9 * kPage] == 0);  // what was given back comes back as zeros
  CHECK((char*)syscall(SYS_brk, 1) == begin + 10 * kPage);  // refused: the break as it is
  CHECK((char*)syscall(SYS_brk, begin) == begin);
}

static void MuchMemory(void) {
  // More than is touched may be mapped.
  const size_t bytes = 1UL << 30;
  char* memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  CHECK(memory != MAP_FAILED);
  for (size_t at = 0; at < bytes; at += bytes / 16) memory[at] = 1;
  CHECK(munmap(memory, bytes) == 0);
}

int main(void) {
  Anonymous();
  Errors();
  Files();
  Remap();
  Break();
  MuchMemory();
  puts("ok mmap_test");
  return 0;
}
