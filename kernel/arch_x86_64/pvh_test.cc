#include "kernel/arch_x86_64/pvh.h"

#include <string>

#include "gtest/gtest.h"
#include "kernel/arch_x86_64/parser_fake.h"

namespace esc::arch::x86 {
namespace {

constexpr std::uint64_t kStart = 0x1000, kModules = 0x2000, kMap = 0x3000, kText = 0x4000;

class PvhTest : public testing::Test {
 protected:
  PvhTest() {
    start_.Put<std::uint32_t>(0x336EC578).Put<std::uint32_t>(1).Put<std::uint32_t>(0).Put<std::uint32_t>(1);
    start_.Put(kModules).Put(kText).Put<std::uint64_t>(0xF5000).Put(kMap).Put<std::uint32_t>(2).Put<std::uint32_t>(0);
    modules_.Put<std::uint64_t>(0x800000).Put<std::uint64_t>(100).Put<std::uint64_t>(0).Put<std::uint64_t>(0);
    map_.Put<std::uint64_t>(0).Put<std::uint64_t>(0x9FC00).Put<std::uint32_t>(1).Put<std::uint32_t>(0);
    map_.Put<std::uint64_t>(0x100000).Put<std::uint64_t>(0x7F00000).Put<std::uint32_t>(3).Put<std::uint32_t>(0);
    text_.Text("console=ttyS0").Put<std::uint8_t>(0).Zeros(4096 - 14);
  }

  Result<LoaderInfo> Parse() {
    memory_.Place(kStart, start_.bytes());
    memory_.Place(kModules, modules_.bytes());
    memory_.Place(kMap, map_.bytes());
    memory_.Place(kText, text_.bytes());
    return ParsePvh(PhysAddr{kStart}, memory_);
  }

  ByteWriter start_, modules_, map_, text_;
  FakePhysicalMemory memory_;
};

TEST_F(PvhTest, ReadsEverything) {
  const auto info = Parse();
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->protocol, "pvh");
  EXPECT_EQ(info->command_line, "console=ttyS0");
  EXPECT_EQ(info->rsdp, PhysAddr{0xF5000});
  ASSERT_EQ(info->modules.size(), 1u);
  EXPECT_EQ(info->modules[0].base, PhysAddr{0x800000});
  EXPECT_EQ(info->modules[0].bytes, 100u);
  ASSERT_EQ(info->memory.size(), 2u);
  EXPECT_EQ(info->memory[0].kind, MemoryKind::kUsable);
  EXPECT_EQ(info->memory[1].kind, MemoryKind::kAcpi);
}

TEST_F(PvhTest, RefusesAWrongMagicNumber) {
  start_.Patch<std::uint32_t>(0, 0x1BADB002);
  EXPECT_EQ(Parse().status(), Status::kCorrupt);
}

TEST_F(PvhTest, RefusesTheVersionWithoutAMemoryMap) {
  start_.Patch<std::uint32_t>(4, 0);
  EXPECT_EQ(Parse().status(), Status::kNotSupported);
}

TEST_F(PvhTest, RefusesRangesThatWrap) {
  map_.Patch<std::uint64_t>(24, ~std::uint64_t{0} - 5);
  EXPECT_EQ(Parse().status(), Status::kCorrupt);
  map_.Patch<std::uint64_t>(24, 0);
  modules_.Patch<std::uint64_t>(8, ~std::uint64_t{0});
  EXPECT_EQ(Parse().status(), Status::kCorrupt);
}

TEST_F(PvhTest, RefusesListsThatAreNotThere) {
  start_.Patch<std::uint32_t>(48, 3);
  EXPECT_EQ(Parse().status(), Status::kOutOfRange);
  start_.Patch<std::uint32_t>(48, 100'000);
  EXPECT_EQ(Parse().status(), Status::kTooLarge);
  start_.Patch<std::uint32_t>(48, 2).Patch<std::uint32_t>(12, 17);
  EXPECT_EQ(Parse().status(), Status::kTooLarge);
}

TEST_F(PvhTest, RefusesACommandLineWithoutEnd) {
  text_ = ByteWriter();
  text_.Text(std::string(3 * 4096, 'x'));
  EXPECT_EQ(Parse().status(), Status::kTooLarge);
}

}  // namespace
}  // namespace esc::arch::x86
