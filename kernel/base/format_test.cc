#include "kernel/base/format.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

#include "kernel/base/status.h"
#include "kernel/base/units.h"

namespace esc {
namespace {

template <class... Args>
std::string Formatted(std::string_view format, const Args&... args) {
  FixedText<128> text;
  text.Format(format, args...);
  return std::string(text.view());
}

TEST(FormatTest, TakesArgumentsInOrder) {
  EXPECT_EQ(Formatted("{} and {}", 1, "two"), "1 and two");
  EXPECT_EQ(Formatted("no arguments"), "no arguments");
  EXPECT_EQ(Formatted("{}{}{}", 'a', true, false), "atruefalse");
  EXPECT_EQ(Formatted("", 1), "");
}

TEST(FormatTest, WritesTheEndsOfEveryIntegerType) {
  EXPECT_EQ(Formatted("{}", std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(Formatted("{}", std::numeric_limits<std::int64_t>::max()), "9223372036854775807");
  EXPECT_EQ(Formatted("{}", std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(Formatted("{}", std::int8_t{-128}), "-128");
  EXPECT_EQ(Formatted("{}", std::uint8_t{200}), "200");
  EXPECT_EQ(Formatted("{}", 0), "0");
}

TEST(FormatTest, WritesHexadecimal) {
  EXPECT_EQ(Formatted("{:x}", 0xDEADu), "dead");
  EXPECT_EQ(Formatted("{:x}", -1), "ffffffffffffffff");
  EXPECT_EQ(Formatted("{:x} {}", VirtAddr{0x1000}, 10), "1000 10");
}

TEST(FormatTest, KnowsTheKernelsOwnTypes) {
  EXPECT_EQ(Formatted("{} {} {} {} {}", Status::kNoMemory, Pid{-1}, CpuId{2}, Nanos{-5}, FrameNumber{9}),
            "kNoMemory -1 2 -5 9");
  EXPECT_EQ(Formatted("{:x}", static_cast<const void*>(nullptr)), "0");
}

TEST(FormatTest, LeavesWhatItCannotFillAsItIs) {
  EXPECT_EQ(Formatted("{} {}", 1), "1 {}");
  EXPECT_EQ(Formatted("a { b", 1), "a { b");
  EXPECT_EQ(Formatted("{"), "{");
  EXPECT_EQ(Formatted("}"), "}");
}

TEST(FormatTest, CutsAndSaysSo) {
  FixedText<5> text;
  text.Append("1234");
  EXPECT_FALSE(text.truncated());
  text.Append("56");
  EXPECT_EQ(text.view(), "12345");
  EXPECT_TRUE(text.truncated());
  text.Append("7");
  EXPECT_EQ(text.view(), "12345");
  text.Clear();
  EXPECT_EQ(text.view(), "");
  EXPECT_FALSE(text.truncated());
}

TEST(FormatTest, ExactlyFullIsNotCut) {
  FixedText<4> text;
  text.Append("1234");
  text.Append("");
  EXPECT_FALSE(text.truncated());
}

TEST(FormatTest, PadsToTheRightAndNeverCutsByIt) {
  FixedText<32> text;
  text.AppendPadded("ab", 4);
  text.Append('|');
  text.AppendPadded("abcdef", 4);
  EXPECT_EQ(text.view(), "ab  |abcdef");
}

TEST(FormatTest, FillsWithLeadingZeros) {
  FixedText<32> text;
  text.AppendUnsigned(5, 10, 3);
  text.Append(' ');
  text.AppendUnsigned(0xAB, 16, 8);
  EXPECT_EQ(text.view(), "005 000000ab");
}

TEST(FormatTest, ABinaryNumberOfSixtyFourDigitsFits) {
  FixedText<80> text;
  text.AppendUnsigned(~std::uint64_t{0}, 2, 200);
  EXPECT_EQ(text.view(), std::string(64, '1'));
}

TEST(FormatTest, ABufferWithoutRoomIsFine) {
  TextBuffer nothing{std::span<char>()};
  nothing.Format("{}", 1);
  EXPECT_EQ(nothing.size(), 0u);
  EXPECT_TRUE(nothing.truncated());
}

}  // namespace
}  // namespace esc
