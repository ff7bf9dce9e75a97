#include "kernel/linux_abi/call.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace esc::linux_abi {
namespace {

struct Seen {
  int a = 0;
  std::uint32_t b = 0;
  std::uint64_t c = 0;
  std::int64_t d = 0;
  VirtAddr e;
  std::uint64_t f = 0;
} seen;

Answer TakeSix(int a, std::uint32_t b, std::uint64_t c, std::int64_t d, VirtAddr e, std::uint64_t f) {
  seen = {a, b, c, d, e, f};
  return 42;
}
Answer TakeRegisters(arch::UserRegisters& registers, std::uint64_t first) {
  registers.rbx = first;
  return Status::kNotFound;
}
Answer TakeNothing() { return -7; }

TEST(Adapt, ReadsTheArgumentRegistersByType) {
  arch::UserRegisters r{};
  r.rdi = 0xffffffff'ffffffff;  // an int: -1
  r.rsi = 0x1'0000'0002;        // the low half
  r.rdx = 0x1'0000'0003;
  r.r10 = 0xffffffff'fffffffc;
  r.r8 = 0x5000;
  r.r9 = 6;
  r.rcx = 0xbad;  // the return address of `syscall`, no argument
  EXPECT_EQ(Adapt<TakeSix>(r), 42);
  EXPECT_EQ(seen.a, -1);
  EXPECT_EQ(seen.b, 2u);
  EXPECT_EQ(seen.c, 0x1'0000'0003u);
  EXPECT_EQ(seen.d, -4);
  EXPECT_EQ(seen.e, VirtAddr{0x5000});
  EXPECT_EQ(seen.f, 6u);
}

TEST(Adapt, GivesTheRegisterFileToWhoAsks) {
  arch::UserRegisters r{};
  r.rdi = 9;
  EXPECT_EQ(Adapt<TakeRegisters>(r), -ENOENT);
  EXPECT_EQ(r.rbx, 9u);
  EXPECT_EQ(Adapt<TakeNothing>(r), -7);
}

}  // namespace
}  // namespace esc::linux_abi
