#include "kernel/linux_abi/elf.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "kernel/linux_abi/elf_test_file.h"

namespace esc::linux_abi {
namespace {

ParsedElf Parse(const std::vector<std::byte>& file) {
  return ParseElf(file.size(), [&](std::uint64_t offset, std::span<std::byte> into) {
    if (offset > file.size() || into.size() > file.size() - offset) return Status::kTruncated;
    std::memcpy(into.data(), file.data() + offset, into.size());
    return Status::kOk;
  });
}
ParsedElf Parse(const TestElf& elf) { return Parse(elf.Bytes()); }

void ExpectTrouble(const TestElf& elf, ElfTrouble trouble, std::uint64_t value) {
  const ParsedElf parsed = Parse(elf);
  EXPECT_EQ(parsed.trouble, trouble) << ElfTroubleText(parsed.trouble);
  EXPECT_EQ(parsed.value, value);
}

TEST(Elf, ReadsAnExecutable) {
  const ParsedElf parsed = Parse(TestElf{});
  ASSERT_TRUE(parsed.ok()) << ElfTroubleText(parsed.trouble);
  const ElfImage& image = parsed.image;
  EXPECT_EQ(image.type, ElfType::kExecutable);
  EXPECT_EQ(image.entry, 0x400100u);
  ASSERT_EQ(image.segment_count, 2u);
  EXPECT_EQ(image.segments[0].access, arch::Access::kRead | arch::Access::kExecute);
  EXPECT_EQ(image.segments[1].access, arch::Access::kRead | arch::Access::kWrite);
  EXPECT_EQ(image.segments[1].file_bytes, 0x400u);
  EXPECT_EQ(image.segments[1].memory_bytes, 0x2000u);
  EXPECT_EQ(image.header_address, 0x400040u);
  EXPECT_EQ(image.header_count, 2u);
  EXPECT_EQ(image.begin(), 0x400000u);
  EXPECT_EQ(image.end(), 0x404000u);
  EXPECT_EQ(image.interpreter_bytes, 0u);
}

TEST(Elf, SortsSegmentsByAddress) {
  TestElf elf;
  std::swap(elf.segments[0], elf.segments[1]);
  const ParsedElf parsed = Parse(elf);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed.image.segments[0].address, 0x400000u);
}

TEST(Elf, ReadsAPositionIndependentProgramAtZero) {
  TestElf elf;
  elf.type = 3;
  elf.entry = 0x100;
  elf.segments[0].address = 0;
  elf.segments[1].address = 0x1800;
  const ParsedElf parsed = Parse(elf);
  ASSERT_TRUE(parsed.ok()) << ElfTroubleText(parsed.trouble);
  EXPECT_EQ(parsed.image.type, ElfType::kPositionIndependent);
}

TEST(Elf, FindsTheInterpreter) {
  TestElf elf;
  elf.segments.push_back({.type = 3, .offset = 0x200, .file_bytes = 28, .memory_bytes = 28});
  const ParsedElf parsed = Parse(elf);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed.image.interpreter_offset, 0x200u);
  EXPECT_EQ(parsed.image.interpreter_bytes, 28u);
}

TEST(Elf, PassesOverWhatItDoesNotKnow) {
  TestElf elf;
  elf.segments.push_back({.type = 7, .offset = ~0ull, .address = ~0ull, .file_bytes = ~0ull, .memory_bytes = 1});
  EXPECT_TRUE(Parse(elf).ok());
}

TEST(Elf, ReadsTheStackFlag) {
  TestElf elf;
  elf.segments.push_back({.type = 0x6474e551, .flags = 7});
  EXPECT_TRUE(Parse(elf).image.executable_stack);
  elf.segments.back().flags = 6;
  EXPECT_FALSE(Parse(elf).image.executable_stack);
}

TEST(Elf, RefusesTruncatedHeader) {
  for (std::size_t bytes = 0; bytes < 64; ++bytes) {
    TestElf elf;
    elf.bytes = bytes;
    ExpectTrouble(elf, ElfTrouble::kTruncatedHeader, bytes);
  }
}

TEST(Elf, RefusesEveryTruncationOfAWholeFile) {
  const std::vector<std::byte> whole = TestElf{}.Bytes();
  for (std::size_t bytes = 0; bytes < 0x1800 + 0x400; ++bytes) {
    EXPECT_FALSE(Parse(std::vector<std::byte>(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(bytes))).ok())
        << bytes;
  }
}

TEST(Elf, RefusesOtherFiles) {
  std::vector<std::byte> script(100, std::byte{'x'});
  EXPECT_EQ(Parse(script).trouble, ElfTrouble::kBadMagic);
  EXPECT_EQ(Parse(script).value, 0x78787878u);
}

TEST(Elf, RefusesOtherMachinesAndClasses) {
  ExpectTrouble({.machine = 183}, ElfTrouble::kOtherMachine, 183);
  ExpectTrouble({.elf_class = 1}, ElfTrouble::kNot64Bit, 1);
  ExpectTrouble({.encoding = 2}, ElfTrouble::kNotLittleEndian, 2);
  ExpectTrouble({.type = 1}, ElfTrouble::kOtherType, 1);
  ExpectTrouble({.type = 4}, ElfTrouble::kOtherType, 4);
}

TEST(Elf, RefusesBadProgramHeaders) {
  ExpectTrouble({.header_entry_bytes = 32}, ElfTrouble::kBadHeaderEntrySize, 32);
  ExpectTrouble({.header_offset = 0x3000 - 56}, ElfTrouble::kTruncatedProgramHeaders, 0x3000 - 56);
  ExpectTrouble({.header_offset = ~0ull - 8}, ElfTrouble::kTruncatedProgramHeaders, ~0ull - 8);
  ExpectTrouble({.segments = {}}, ElfTrouble::kNoProgramHeaders, 0);
  TestElf many;
  many.segments.assign(kMaxProgramHeaders + 1, TestSegment{.type = 0});
  ExpectTrouble(many, ElfTrouble::kTooManyProgramHeaders, kMaxProgramHeaders + 1);
}

TEST(Elf, RefusesTooManySegments) {
  TestElf elf;
  elf.segments.clear();
  for (std::uint64_t i = 0; i <= kMaxSegments; ++i) {
    elf.segments.push_back({.address = 0x400000 + i * 0x1000, .file_bytes = 16, .memory_bytes = 16});
  }
  ExpectTrouble(elf, ElfTrouble::kTooManySegments, kMaxSegments + 1);
  elf.segments.pop_back();
  elf.entry = 0x400000;
  EXPECT_TRUE(Parse(elf).ok());
}

TEST(Elf, RefusesAFileWithoutSegments) {
  TestElf elf;
  for (TestSegment& segment : elf.segments) segment.type = 4;
  ExpectTrouble(elf, ElfTrouble::kNoSegments, 0);
  elf = TestElf{};
  for (TestSegment& segment : elf.segments) segment.file_bytes = segment.memory_bytes = 0;
  ExpectTrouble(elf, ElfTrouble::kNoSegments, 0);
}

TEST(Elf, RefusesMoreInTheFileThanInMemory) {
  TestElf elf;
  elf.segments[1].file_bytes = 0x1000;
  elf.segments[1].memory_bytes = 0xfff;
  ExpectTrouble(elf, ElfTrouble::kFileSizeOverMemorySize, 0x401800);
}

TEST(Elf, RefusesWrappingSegments) {
  TestElf elf;
  elf.segments[1].address = 0xffff'ffff'ffff'f800;
  ExpectTrouble(elf, ElfTrouble::kSegmentWraps, 0xffff'ffff'ffff'f800);
}

TEST(Elf, RefusesSegmentsOutsideUserSpace) {
  TestElf elf;
  elf.segments[1].address = 0xffff'8000'0000'0800;
  ExpectTrouble(elf, ElfTrouble::kSegmentOutsideUserSpace, 0xffff'8000'0000'0800);
  elf.segments[1].address = arch::kUserEnd.value - 0x800;
  ExpectTrouble(elf, ElfTrouble::kSegmentOutsideUserSpace, arch::kUserEnd.value - 0x800);
  // Page 0 of an executable that says so.
  elf = TestElf{};
  elf.segments[0].address = 0;
  ExpectTrouble(elf, ElfTrouble::kSegmentOutsideUserSpace, 0);
}

TEST(Elf, RefusesOverlappingSegments) {
  TestElf elf;
  elf.segments[1].address = 0x400800;
  elf.segments[1].offset = 0x1800;
  ExpectTrouble(elf, ElfTrouble::kSegmentsOverlap, 0x400800);
  // By their memory only.
  elf = TestElf{};
  elf.segments[0].memory_bytes = 0x1801;
  ExpectTrouble(elf, ElfTrouble::kSegmentsOverlap, 0x401800);
  elf.segments[0].memory_bytes = 0x1800;
  EXPECT_TRUE(Parse(elf).ok());
}

TEST(Elf, RefusesMisalignedSegments) {
  TestElf elf;
  elf.segments[1].offset = 0x1801;
  ExpectTrouble(elf, ElfTrouble::kMisaligned, 0x401800);
  elf = TestElf{};
  elf.segments[1].align = 0x1001;
  ExpectTrouble(elf, ElfTrouble::kMisaligned, 0x401800);
}

TEST(Elf, RefusesTruncatedSegments) {
  TestElf elf;
  elf.bytes = 0x1800 + 0x400 - 1;
  ExpectTrouble(elf, ElfTrouble::kTruncatedSegment, 0x1800);
  elf = TestElf{};
  elf.segments[1].offset = ~0ull - 0x7ff;
  ExpectTrouble(elf, ElfTrouble::kTruncatedSegment, ~0ull - 0x7ff);
}

TEST(Elf, RefusesEntriesOutside) {
  for (const std::uint64_t entry : {std::uint64_t{0}, std::uint64_t{0x3fffff}, std::uint64_t{0x401000},
                                    std::uint64_t{0x401900}, ~std::uint64_t{0}}) {
    ExpectTrouble({.entry = entry}, ElfTrouble::kEntryOutside, entry);
  }
}

TEST(Elf, RefusesBadInterpreters) {
  for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{257}, ~std::uint64_t{0}}) {
    TestElf elf;
    elf.segments.push_back({.type = 3, .offset = 0x200, .file_bytes = bytes, .memory_bytes = bytes});
    ExpectTrouble(elf, ElfTrouble::kBadInterpreter, bytes);
  }
}

TEST(Elf, RefusesAFileThatCannotBeRead) {
  const ParsedElf parsed = ParseElf(4096, [](std::uint64_t, std::span<std::byte>) { return Status::kIoError; });
  EXPECT_EQ(parsed.trouble, ElfTrouble::kReadFailed);
}

TEST(Elf, DescribesThingAndValue) {
  FixedText<128> text;
  Parse(TestElf{.machine = 183}).Describe(text);
  EXPECT_EQ(std::string(text.view()), "ELF file for another machine, e_machine 0xb7");
}

TEST(Elf, EveryTroubleHasATextOfItsOwn) {
  std::vector<std::string_view> seen;
  for (int i = 0; i <= static_cast<int>(ElfTrouble::kBadInterpreter); ++i) {
    const std::string_view text = ElfTroubleText(static_cast<ElfTrouble>(i));
    EXPECT_NE(text, "unknown");
    EXPECT_EQ(std::count(seen.begin(), seen.end(), text), 0) << text;
    seen.push_back(text);
  }
}

}  // namespace
}  // namespace esc::linux_abi
