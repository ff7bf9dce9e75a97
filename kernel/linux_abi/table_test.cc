#include "kernel/linux_abi/table.h"

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "kernel/linux_abi/call_names.h"

namespace esc::linux_abi {
namespace {

TEST(Table, NumbersAscendAndNamesAreLinuxs) {
  int last = -1;
  for (const Call& call : Calls()) {
    EXPECT_GT(call.number, last) << call.name;
    EXPECT_EQ(CallName(call.number), call.name);
    EXPECT_NE(call.handler, nullptr);
    last = call.number;
  }
}

TEST(Table, DispatchFindsEachCallByItsNumber) {
  std::set<unsigned> numbers;
  for (const Call& call : Calls()) {
    ASSERT_LT(call.number, kTableSize);
    EXPECT_EQ(kHandlers[call.number], call.handler);
    numbers.insert(call.number);
  }
  for (unsigned number = 0; number < kTableSize; ++number) {
    if (!numbers.contains(number)) EXPECT_EQ(kHandlers[number], nullptr) << number;
  }
}

// What programs were seen to use: shells, applets, C libraries, C++ with threads.
TEST(Table, HasTheCallsThatProgramsUse) {
  std::set<std::string_view> have;
  for (const Call& call : Calls()) have.insert(call.name);
  for (const std::string_view name :
       {"access", "arch_prctl", "brk", "chdir", "chmod", "chown", "clock_nanosleep", "clone", "clone3", "close", "dup2",
        "execve", "exit", "exit_group", "fchmod", "fchown", "fcntl", "fork", "futex", "getdents64", "getegid", "geteuid",
        "getgid", "getpid", "getppid", "getrandom", "gettid", "getuid", "ioctl", "kill", "link", "lseek", "madvise", "mkdir",
        "mknodat", "mmap", "mprotect", "munmap", "newfstatat", "open", "openat", "pipe", "pipe2", "poll", "prctl",
        "prlimit64", "read", "readlink", "rename", "rmdir", "rseq", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
        "rt_sigsuspend", "sendfile", "set_robust_list", "set_tid_address", "setsid", "stat", "symlink", "sysinfo", "tgkill",
        "umask", "uname", "unlink", "utimensat", "vfork", "wait4", "write", "writev", "clock_gettime", "gettimeofday",
        "time", "getcpu"}) {
    EXPECT_TRUE(have.contains(name)) << name;
  }
}

// docs/linux_abi.md lists the table between two marks; this is how its lines are written.
TEST(Table, TheDocumentListsIt) {
  std::ostringstream expected;
  for (const Call& call : Calls()) expected << "| " << call.number << " | " << call.name << " |\n";
  std::ifstream file("docs/linux_abi.md");
  ASSERT_TRUE(file.is_open());
  std::ostringstream text;
  text << file.rdbuf();
  const std::string document = text.str();
  const std::string begin = "| number | name |\n|---:|---|\n", end = "\n<!-- end of the table -->";
  const std::size_t from = document.find(begin);
  ASSERT_NE(from, std::string::npos);
  const std::size_t to = document.find(end, from);
  ASSERT_NE(to, std::string::npos);
  EXPECT_EQ(document.substr(from + begin.size(), to - from - begin.size()), expected.str())
      << "write these lines into docs/linux_abi.md";
}

}  // namespace
}  // namespace esc::linux_abi
