#include "kernel/fs/terminal.h"

#include <string>

#include "gtest/gtest.h"
#include "kernel/arch_api/clock.h"
#include "kernel/arch_api/power.h"
#include "kernel/core/thread.h"
#include "kernel/fs/test_kernel.h"

namespace esc::fs {
namespace {

void Type(Terminal& terminal, std::string_view text) {
  for (const char c : text) terminal.OnInput(c);
}

std::string ReadNow(Terminal& terminal, std::size_t most = 100) {
  std::string text(most, '\0');
  core::IoBuffer buffer = core::IoBuffer::Kernel(text.data(), most);
  const Result<std::size_t> done = terminal.Read(buffer, true);
  if (!done.ok()) return "error " + std::string(StatusName(done.status()));
  text.resize(*done);
  return text;
}

TEST(Terminal, ALineIsReadWhenItIsComplete) {
  TestKernel kernel;
  Terminal terminal;
  kernel.Expect([&] {
    Type(terminal, "ab");
    EXPECT_EQ(ReadNow(terminal), "error kWouldBlock");
    EXPECT_EQ(terminal.Poll(), core::Readiness::kWritable);
    Type(terminal, "c\r");
    EXPECT_EQ(terminal.Poll(), core::Readiness::kReadable | core::Readiness::kWritable);
    Type(terminal, "second\n");
    EXPECT_EQ(ReadNow(terminal), "abc\n");
    EXPECT_EQ(ReadNow(terminal), "second\n");
  });
  EXPECT_EQ(kernel.machine().console(), "abc\nsecond\n");
}

TEST(Terminal, EditingChangesTheLineAndTheScreen) {
  TestKernel kernel;
  Terminal terminal;
  kernel.Expect([&] {
    Type(terminal, "abx\x7f");
    Type(terminal, "c\n");
    EXPECT_EQ(ReadNow(terminal), "abc\n");
    Type(terminal, "nothing\x15ok\n");
    EXPECT_EQ(ReadNow(terminal), "ok\n");
    Type(terminal, "two words\x17.\n");
    EXPECT_EQ(ReadNow(terminal), "two .\n");
    Type(terminal, "\x7f\x7fz\n");
    EXPECT_EQ(ReadNow(terminal), "z\n");
  });
  EXPECT_TRUE(kernel.machine().console().starts_with("abx\b \bc\n")) << kernel.machine().console();
}

TEST(Terminal, EndOfFileEndsALineWithoutBeingRead) {
  TestKernel kernel;
  Terminal terminal;
  kernel.Expect([&] {
    Type(terminal, "\x04");
    EXPECT_EQ(ReadNow(terminal), "");
    Type(terminal, "part\x04");
    EXPECT_EQ(ReadNow(terminal), "part");
    EXPECT_EQ(ReadNow(terminal), "error kWouldBlock");
  });
}

TEST(Terminal, AShortReadLeavesTheRestOfTheLine) {
  TestKernel kernel;
  Terminal terminal;
  kernel.Expect([&] {
    Type(terminal, "abcdef\n");
    EXPECT_EQ(ReadNow(terminal, 4), "abcd");
    EXPECT_EQ(terminal.Available(), 3u);
    EXPECT_EQ(ReadNow(terminal, 4), "ef\n");
  });
}

TEST(Terminal, RawModeGivesEachByteAtOnce) {
  TestKernel kernel;
  Terminal terminal;
  kernel.Expect([&] {
    TerminalSettings raw = terminal.settings();
    raw.canonical = raw.echo = raw.signals = raw.carriage_return_to_newline = false;
    terminal.SetSettings(raw);
    Type(terminal, "a\x03\r");
    EXPECT_EQ(ReadNow(terminal), "a\x03\r");
    raw.control[6] = 0;  // VMIN
    terminal.SetSettings(raw);
    EXPECT_EQ(ReadNow(terminal), "");
  });
  EXPECT_EQ(kernel.machine().console(), "");
}

TEST(Terminal, ALineThatIsTooLongCanStillBeEnded) {
  TestKernel kernel;
  Terminal terminal;
  kernel.Expect([&] {
    Type(terminal, std::string(5000, 'x'));
    Type(terminal, "\n");
    EXPECT_EQ(ReadNow(terminal, 6000), std::string(4095, 'x') + "\n");
  });
}

TEST(Terminal, TheInterruptCharacterDropsTheLine) {
  TestKernel kernel;
  Terminal terminal;
  kernel.Expect([&] {
    Type(terminal, "gone\x03next\n");
    EXPECT_EQ(ReadNow(terminal), "next\n");
  });
  EXPECT_EQ(kernel.machine().console(), "gone^Cnext\n");
}

TerminalSettings Raw(Terminal& terminal, std::uint8_t least, std::uint8_t tenths) {
  TerminalSettings raw = terminal.settings();
  raw.canonical = raw.echo = raw.signals = false;
  raw.control[5] = tenths;  // VTIME
  raw.control[6] = least;   // VMIN
  return raw;
}

std::string ReadWaiting(Terminal& terminal, std::size_t most) {
  std::string text(most, '\0');
  core::IoBuffer buffer = core::IoBuffer::Kernel(text.data(), most);
  const Result<std::size_t> done = terminal.Read(buffer, false);
  if (!done.ok()) return "error " + std::string(StatusName(done.status()));
  text.resize(*done);
  return text;
}

TEST(Terminal, ARawReadAsksForNoMoreThanItTakes) {
  TestKernel kernel;
  Terminal terminal;
  kernel.Expect([&] {
    terminal.SetSettings(Raw(terminal, 3, 0));
    Type(terminal, "ab");
    EXPECT_EQ(terminal.Poll(), core::Readiness::kWritable);
    EXPECT_EQ(ReadWaiting(terminal, 2), "ab");
    Type(terminal, "cde");
    EXPECT_EQ(terminal.Poll(), core::Readiness::kReadable | core::Readiness::kWritable);
    EXPECT_EQ(ReadWaiting(terminal, 100), "cde");
  });
}

TEST(Terminal, ARawReadEndsWhenItsTimeIsOver) {
  TestKernel kernel;
  static Terminal terminal;
  const host::Outcome outcome = kernel.Run([&] {
    const auto reader = core::StartKernelThread("reader", [](void*) {
      terminal.SetSettings(Raw(terminal, 0, 2));
      const Nanos before = arch::Now();
      EXPECT_EQ(ReadWaiting(terminal, 10), "");
      EXPECT_GE(arch::Now() - before, Nanos::Millis(200));
      Type(terminal, "x");
      EXPECT_EQ(terminal.Poll(), core::Readiness::kReadable | core::Readiness::kWritable);
      EXPECT_EQ(ReadWaiting(terminal, 10), "x");
      EXPECT_LT(arch::Now() - before, Nanos::Millis(300));
      // From the last byte on.
      terminal.SetSettings(Raw(terminal, 5, 1));
      Type(terminal, "ab");
      EXPECT_EQ(ReadWaiting(terminal, 10), "ab");
      EXPECT_GE(arch::Now() - before, Nanos::Millis(300));
      arch::PowerOff(0);
    }, nullptr);
    EXPECT_TRUE(reader.ok());
    core::RunIdle();
  });
  EXPECT_EQ(outcome.end, host::Outcome::End::kPoweredOff) << outcome.message;
}

TEST(Terminal, ASessionWithoutItsLeaderLeavesTheTerminalFree) {
  TestKernel kernel;
  Terminal terminal;
  kernel.Expect([&] {
    terminal.SetSession(Pid{7});
    terminal.EndSession(Pid{8});
    EXPECT_EQ(terminal.session(), Pid{7});
    terminal.EndSession(Pid{7});
    EXPECT_EQ(terminal.session(), Pid{});
    EXPECT_EQ(terminal.foreground_group(), Pid{});
  });
}

}  // namespace
}  // namespace esc::fs
