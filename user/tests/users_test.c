// What a user who is not root may: opening, truncating, groups, set-group-ID directories, access(2). Needs root to begin with.
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { kUser = 1000, kGroup = 55 };

static void Make(const char* path, mode_t mode) {
  const int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
  CHECK(fd >= 0 && write(fd, "text", 4) == 4 && fchmod(fd, mode) == 0 && close(fd) == 0);
}

// Runs `body` as another user, with the supplementary groups that the parent has.
static void AsUser(void (*body)(void)) {
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    CHECK(syscall(SYS_setresgid, kUser, kUser, kUser) == 0 && syscall(SYS_setresuid, kUser, kUser, kUser) == 0);
    body();
    fflush(stdout);
    _exit(0);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
}

static void Truncating(void) {
  struct stat status;
  CHECK_ERRNO(open("readable", O_RDONLY | O_TRUNC), EACCES);
  CHECK(stat("readable", &status) == 0 && status.st_size == 4);
}

static void NothingIsAlwaysAllowed(void) {
  const struct timespec leave[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}};
  CHECK(chown("readable", -1, -1) == 0);
  CHECK_ERRNO(chown("readable", -1, kUser), EPERM);
  CHECK(utimensat(AT_FDCWD, "readable", leave, 0) == 0);
}

static void InTheGroup(void) {
  gid_t groups[8];
  CHECK(getgroups(0, NULL) == 2 && getgroups(8, groups) == 2 && groups[0] == kGroup && groups[1] == 77);
  CHECK_ERRNO(syscall(SYS_getgroups, 1, groups), EINVAL);
  CHECK_ERRNO(setgroups(0, NULL), EPERM);
  CHECK(close(open("of_group", O_RDONLY)) == 0);
  CHECK_ERRNO(open("of_group", O_WRONLY), EACCES);
  const int fd = open("own", O_CREAT | O_WRONLY, 0600);
  CHECK(fd >= 0 && fchown(fd, -1, kGroup) == 0 && close(fd) == 0);
  CHECK_ERRNO(chown("own", -1, 99), EPERM);
}
static void OutsideTheGroup(void) {
  CHECK(getgroups(0, NULL) == 0);
  CHECK_ERRNO(open("of_group", O_RDONLY), EACCES);
}

static void InASetGroupIdDirectory(void) {
  struct stat status;
  CHECK(close(open("shared/file", O_CREAT | O_WRONLY, 0644)) == 0 && mkdir("shared/dir", 0755) == 0);
  CHECK(stat("shared/file", &status) == 0 && status.st_uid == kUser && status.st_gid == kGroup);
  CHECK(status.st_mode == (S_IFREG | 0644));
  CHECK(stat("shared/dir", &status) == 0 && status.st_gid == kGroup && status.st_mode == (S_IFDIR | 02755));
}

// access asks for the real user, AT_EACCESS and open for the effective one.
static void RealAndEffective(void) {
  CHECK(syscall(SYS_setresuid, kUser, 0, 0) == 0);
  CHECK_ERRNO(access("private", R_OK), EACCES);
  CHECK(syscall(SYS_faccessat2, AT_FDCWD, "private", R_OK, AT_EACCESS) == 0);
  CHECK(close(open("private", O_RDONLY)) == 0);
}

int main(void) {
  char directory[] = "/tmp/usersXXXXXX";
  CHECK(mkdtemp(directory) != NULL && chdir(directory) == 0 && chmod(".", 0777) == 0);
  umask(022);
  Make("readable", 0644);
  Make("private", 0600);
  Make("of_group", 0640);
  CHECK(chown("of_group", 0, kGroup) == 0);
  CHECK(mkdir("shared", 0777) == 0 && chown("shared", 0, kGroup) == 0 && chmod("shared", 02777) == 0);
  CHECK(setgroups(0, NULL) == 0);
  AsUser(Truncating);
  AsUser(NothingIsAlwaysAllowed);
  AsUser(OutsideTheGroup);
  AsUser(InASetGroupIdDirectory);
  const gid_t groups[] = {kGroup, 77};
  CHECK(setgroups(2, groups) == 0);
  AsUser(InTheGroup);
  RealAndEffective();
  return 0;
}
