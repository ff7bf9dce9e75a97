#include "kernel/arch_x86_64/multiboot2.h"

#include <string>

#include "gtest/gtest.h"
#include "kernel/arch_x86_64/parser_fake.h"

namespace esc::arch::x86 {
namespace {

constexpr std::uint64_t kAt = 0x10000;

// A tag: type, size with header, body, padding.
void PutTag(ByteWriter& out, std::uint32_t type, const ByteWriter& body) {
  out.Put(type).Put(static_cast<std::uint32_t>(8 + body.bytes().size()));
  for (const std::byte b : body.bytes()) out.Put(static_cast<std::uint8_t>(b));
  out.Align(8);
}

ByteWriter MemoryMap(std::uint64_t base, std::uint64_t bytes, std::uint32_t type) {
  ByteWriter body;
  body.Put<std::uint32_t>(24).Put<std::uint32_t>(0).Put(base).Put(bytes).Put(type).Put<std::uint32_t>(0);
  return body;
}

ByteWriter Module(std::uint32_t begin, std::uint32_t end, std::string_view name) {
  ByteWriter body;
  body.Put(begin).Put(end).Text(name).Put<std::uint8_t>(0);
  return body;
}

ByteWriter TextBody(std::string_view text) {
  ByteWriter body;
  body.Text(text).Put<std::uint8_t>(0);
  return body;
}

class Multiboot2Test : public testing::Test {
 protected:
  Multiboot2Test() { out_.Put<std::uint32_t>(0).Put<std::uint32_t>(0); }

  Result<LoaderInfo> Parse() {
    PutTag(out_, 0, ByteWriter());
    return ParseUnfinished();
  }
  Result<LoaderInfo> ParseUnfinished() {
    out_.Patch<std::uint32_t>(0, static_cast<std::uint32_t>(out_.bytes().size()));
    memory_.Place(kAt, out_.bytes());
    return ParseMultiboot2(PhysAddr{kAt}, memory_);
  }

  ByteWriter out_;
  FakePhysicalMemory memory_;
};

TEST_F(Multiboot2Test, ReadsEverythingAndPassesOverTheRest) {
  PutTag(out_, 1, TextBody("console=ttyS0 a=b"));
  PutTag(out_, 8, TextBody("a framebuffer"));
  PutTag(out_, 3, Module(0x800000, 0x800100, "boot_config"));
  PutTag(out_, 3, Module(0x900000, 0x900000, ""));
  PutTag(out_, 6, MemoryMap(0x100000, 0x7F00000, 1));
  PutTag(out_, 14, TextBody("old"));
  PutTag(out_, 15, TextBody("RSD PTR "));
  const auto info = Parse();
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->command_line, "console=ttyS0 a=b");
  ASSERT_EQ(info->modules.size(), 2u);
  EXPECT_EQ(info->modules[0].name, "boot_config");
  EXPECT_EQ(info->modules[0].bytes, 0x100u);
  EXPECT_EQ(info->modules[1].bytes, 0u);
  ASSERT_EQ(info->memory.size(), 1u);
  EXPECT_EQ(info->rsdp_copy.size(), 9u);
}

TEST_F(Multiboot2Test, RefusesInformationWithoutEnd) {
  PutTag(out_, 1, TextBody("x"));
  EXPECT_EQ(ParseUnfinished().status(), Status::kTruncated);
}

TEST_F(Multiboot2Test, RefusesATagThatIsTooSmallOrTooLarge) {
  out_.Put<std::uint32_t>(8).Put<std::uint32_t>(7);
  EXPECT_EQ(Parse().status(), Status::kCorrupt);
  out_.Patch<std::uint32_t>(12, 0x1000);
  EXPECT_EQ(ParseUnfinished().status(), Status::kTruncated);
  out_.Patch<std::uint32_t>(12, 0xFFFFFFFF);
  EXPECT_EQ(ParseUnfinished().status(), Status::kTruncated);
}

TEST_F(Multiboot2Test, RefusesAModuleThatEndsBeforeItBegins) {
  PutTag(out_, 3, Module(0x2000, 0x1000, "m"));
  EXPECT_EQ(Parse().status(), Status::kCorrupt);
}

TEST_F(Multiboot2Test, RefusesAModuleTagWithoutNameOrBounds) {
  ByteWriter body;
  body.Put<std::uint32_t>(1).Put<std::uint32_t>(2);
  PutTag(out_, 3, body);
  EXPECT_EQ(Parse().status(), Status::kTruncated);
}

TEST_F(Multiboot2Test, RefusesAMemoryMapOfAnotherShape) {
  ByteWriter body;
  body.Put<std::uint32_t>(20).Put<std::uint32_t>(0).Zeros(20);
  PutTag(out_, 6, body);
  EXPECT_EQ(Parse().status(), Status::kCorrupt);
}

TEST_F(Multiboot2Test, RefusesMemoryThatWraps) {
  PutTag(out_, 6, MemoryMap(~std::uint64_t{0}, 2, 1));
  EXPECT_EQ(Parse().status(), Status::kCorrupt);
}

TEST_F(Multiboot2Test, RefusesMoreModulesThanItHolds) {
  for (std::size_t i = 0; i <= kMaxModules; ++i) PutTag(out_, 3, Module(0x1000, 0x2000, "m"));
  EXPECT_EQ(Parse().status(), Status::kTooLarge);
}

TEST_F(Multiboot2Test, RefusesASizeThatCannotBe) {
  PutTag(out_, 0, ByteWriter());
  out_.Patch<std::uint32_t>(0, 4);
  memory_.Place(kAt, out_.bytes());
  EXPECT_EQ(ParseMultiboot2(PhysAddr{kAt}, memory_).status(), Status::kCorrupt);
}

}  // namespace
}  // namespace esc::arch::x86
