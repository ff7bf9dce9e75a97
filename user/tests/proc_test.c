// A program's own descriptors, directory and limits by name: /proc/self, /dev/fd, /dev/stdin; texts that stay true.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static char text[8192];

static const char* LinkOf(const char* path) {
  const ssize_t bytes = readlink(path, text, sizeof(text) - 1);
  CHECK(bytes > 0);
  text[bytes] = '\0';
  return text;
}

static const char* DescriptorPath(const char* format, int fd) {
  static char path[64];
  snprintf(path, sizeof(path), format, fd);
  return path;
}

static void TestFiles(void) {
  const int file = open("proc_test", O_CREAT | O_RDWR | O_TRUNC, 0600);
  CHECK(file >= 0 && write(file, "words", 5) == 5);
  CHECK(strcmp(LinkOf(DescriptorPath("/proc/self/fd/%d", file)), "/tmp/proc_test") == 0);
  // A description of its own, with its own position.
  const int again = open(DescriptorPath("/dev/fd/%d", file), O_RDONLY);
  char word[8] = {0};
  CHECK(again >= 0 && read(again, word, sizeof(word)) == 5 && strcmp(word, "words") == 0);
  // The node, not the name.
  CHECK(unlink("proc_test") == 0);
  const int third = open(DescriptorPath("/proc/self/fd/%d", file), O_RDONLY);
  CHECK(third >= 0 && read(third, word, 2) == 2);
  close(third), close(again), close(file);
  CHECK_ERRNO(open(DescriptorPath("/proc/self/fd/%d", file), O_RDONLY), ENOENT);
}

static void TestPipe(void) {
  int ends[2];
  CHECK(pipe(ends) == 0);
  CHECK(strncmp(LinkOf(DescriptorPath("/proc/self/fd/%d", ends[0])), "pipe:[", 6) == 0);
  CHECK(dup2(ends[0], 0) == 0);
  const int writer = open(DescriptorPath("/proc/self/fd/%d", ends[1]), O_WRONLY);
  CHECK(writer >= 0 && write(writer, "through", 7) == 7);
  const int reader = open("/dev/stdin", O_RDONLY);
  char word[8] = {0};
  CHECK(reader >= 0 && read(reader, word, sizeof(word)) == 7 && strcmp(word, "through") == 0);
  close(reader), close(writer), close(ends[1]);
  // No writer is left, nor will one come: the end, and no waiting for it.
  const int last = open("/dev/stdin", O_RDONLY);
  CHECK(last >= 0 && read(last, word, 1) == 0);
  close(last), close(ends[0]);
}

static void TestList(void) {
  DIR* directory = opendir("/proc/self/fd");
  CHECK(directory != NULL);
  int found = 0;
  for (struct dirent* entry; (entry = readdir(directory)) != NULL;) found += strcmp(entry->d_name, "1") == 0;
  CHECK(found == 1);
  closedir(directory);
}

static void TestPlaces(void) {
  CHECK(strcmp(LinkOf("/proc/self/cwd"), "/tmp") == 0);
  CHECK(strcmp(LinkOf("/proc/self/root"), "/") == 0);
  CHECK(mkdir("proc_test_in", 0700) == 0 && access("/proc/self/cwd/proc_test_in", X_OK) == 0);
  CHECK(rmdir("proc_test_in") == 0);
}

// Who reads a text again from its start sees what is so by then.
static void TestFresh(void) {
  const struct rlimit less = {.rlim_cur = 77, .rlim_max = 78};
  const int limits = open("/proc/self/limits", O_RDONLY);
  CHECK(limits >= 0 && read(limits, text, sizeof(text) - 1) > 0 && strstr(text, "Max open files") != NULL);
  CHECK(setrlimit(RLIMIT_NOFILE, &less) == 0);
  memset(text, 0, sizeof(text));
  CHECK(lseek(limits, 0, SEEK_SET) == 0 && read(limits, text, sizeof(text) - 1) > 0);
  CHECK(strstr(strstr(text, "Max open files"), "77") != NULL);
  close(limits);
}

// Texts that C libraries and shells ask for.
static void TestTexts(void) {
  const char* const paths[] = {"/proc/mounts",          "/proc/self/mounts",   "/proc/self/mountinfo", "/proc/self/status",
                               "/proc/self/stat",       "/proc/self/maps",     "/proc/version",        "/proc/sys/kernel/ostype",
                               "/proc/sys/kernel/hostname", "/proc/sys/kernel/osrelease", "/proc/sys/kernel/pid_max"};
  for (unsigned i = 0; i < sizeof(paths) / sizeof(paths[0]); ++i) {
    const int file = open(paths[i], O_RDONLY);
    if (file < 0) puts(paths[i]);
    CHECK(file >= 0 && read(file, text, sizeof(text)) > 0);
    close(file);
  }
}

int main(void) {
  CHECK(chdir("/tmp") == 0);
  TestFiles();
  TestPipe();
  TestList();
  TestPlaces();
  TestTexts();
  TestFresh();
  puts("ok proc_test");
  return 0;
}
