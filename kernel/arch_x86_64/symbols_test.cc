#include "kernel/arch_x86_64/symbols.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "kernel/arch_x86_64/parser_fake.h"
#include "kernel/base/format.h"

namespace esc::arch::x86 {
namespace {

class SymbolTableTest : public testing::Test {
 protected:
  SymbolTableTest() {
    bytes_.Put(SymbolTableHeader::kMagic).Put<std::uint32_t>(2).Put<std::uint32_t>(8).Put<std::uint32_t>(0);
    bytes_.Put<std::uint32_t>(0x100).Put<std::uint32_t>(0 << 8 | 3);
    bytes_.Put<std::uint32_t>(0x200).Put<std::uint32_t>(3 << 8 | 5);
    bytes_.Text("oneother");
  }

  std::string Find(std::uint64_t offset) {
    FixedText<64> name;
    std::uint64_t rest = 0;
    if (!SymbolTable(bytes_.bytes()).Find(offset, name, rest)) return "none";
    return std::string(name.view()) + "+" + std::to_string(rest);
  }

  ByteWriter bytes_;
};

TEST_F(SymbolTableTest, FindsTheFunctionThatBeginsAtOrBelow) {
  EXPECT_EQ(Find(0xFF), "none");
  EXPECT_EQ(Find(0x100), "one+0");
  EXPECT_EQ(Find(0x1FF), "one+255");
  EXPECT_EQ(Find(0x200), "other+0");
  EXPECT_EQ(Find(0x999999), "other+10065817");
}

TEST_F(SymbolTableTest, AnEmptyOrDamagedTableFindsNothing) {
  EXPECT_EQ(Find(0x300), "other+256");
  bytes_.Patch<std::uint32_t>(28, 100 << 8 | 5);
  EXPECT_EQ(Find(0x300), "none");
  bytes_.Patch<std::uint32_t>(4, 0xFFFFFFFF);
  EXPECT_EQ(Find(0x300), "none");
  bytes_.Patch<std::uint32_t>(0, 0);
  EXPECT_EQ(Find(0x100), "none");
  const std::vector<std::byte> zeros(8);
  FixedText<8> name;
  std::uint64_t rest = 0;
  EXPECT_FALSE(SymbolTable(zeros).Find(1, name, rest));
}

}  // namespace
}  // namespace esc::arch::x86
