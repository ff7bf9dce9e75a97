#include "tools/qemu/serial_log.h"

#include <string>

#include "gtest/gtest.h"

namespace esc::tools {
namespace {

TEST(SerialLog, LeavesOutWhatOnlyATerminalUnderstands) {
  SerialLog log;
  EXPECT_EQ(log.Append(std::string("\x1b[2J\x1b[01;01Hhello\r\nw\0orld\x1b" "c!", 29)), "hello\nworld!");
  EXPECT_EQ(log.text(), "hello\nworld!");
}

TEST(SerialLog, SequencesMayBeCutAnywhere) {
  const std::string raw = "a\x1b[31mb\x1b[0m\r\nc";
  SerialLog log;
  for (const char c : raw) log.Append(std::string(1, c));
  EXPECT_EQ(log.text(), "ab\nc");
}

TEST(SerialLog, FindsTextAcrossAppends) {
  SerialLog log;
  log.Append("hel");
  EXPECT_FALSE(log.Contains("hello"));
  log.Append("lo");
  EXPECT_TRUE(log.Contains("hello"));
}

TEST(SerialLog, LastLines) {
  SerialLog log;
  EXPECT_EQ(log.LastLines(3), "");
  log.Append("1\n2\n3\n");
  EXPECT_EQ(log.LastLines(0), "");
  EXPECT_EQ(log.LastLines(1), "3\n");
  EXPECT_EQ(log.LastLines(2), "2\n3\n");
  EXPECT_EQ(log.LastLines(9), "1\n2\n3\n");
  log.Append("4");
  EXPECT_EQ(log.LastLines(2), "3\n4");
  SerialLog blank;
  blank.Append("\n\n\n");
  EXPECT_EQ(blank.LastLines(2), "\n\n");
}

}  // namespace
}  // namespace esc::tools
