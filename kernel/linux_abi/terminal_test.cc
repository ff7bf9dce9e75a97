#include "kernel/linux_abi/terminal.h"

#include <gtest/gtest.h>

#include "kernel/linux_abi/numbers.h"

namespace esc::linux_abi {
namespace {

TEST(Terminal, DefaultsAreThoseOfALinuxConsole) {
  const Termios termios = TermiosOf(fs::TerminalSettings{});
  EXPECT_EQ(termios.input & kInputCrToNl, kInputCrToNl);
  EXPECT_EQ(termios.output, kOutputProcess | kOutputNlToCrNl);
  EXPECT_EQ(termios.local & (kLocalSignals | kLocalCanonical | kLocalEcho), kLocalSignals | kLocalCanonical | kLocalEcho);
  EXPECT_EQ(termios.control & kControlSize8, kControlSize8);
  EXPECT_EQ(termios.characters[0], 3);    // VINTR
  EXPECT_EQ(termios.characters[2], 127);  // VERASE
}

// Whatever a program sets it reads back, also what the terminal does not act on.
TEST(Terminal, EveryBitSurvives) {
  for (int bit = 0; bit < 32; ++bit) {
    const std::uint32_t word = 1u << bit;
    Termios termios{.input = word, .output = word, .control = word, .local = word, .line = 0, .characters = {}};
    for (std::uint8_t i = 0; i < 17; ++i) termios.characters[i] = i;
    const Termios back = TermiosOf(SettingsOf(termios));
    EXPECT_EQ(back.input, word);
    EXPECT_EQ(back.output, word);
    EXPECT_EQ(back.control, word);
    EXPECT_EQ(back.local, word);
    for (std::uint8_t i = 0; i < 17; ++i) EXPECT_EQ(back.characters[i], i);
  }
}

TEST(Terminal, RawModeIsUnderstood) {
  const fs::TerminalSettings settings = SettingsOf(Termios{});
  EXPECT_FALSE(settings.canonical);
  EXPECT_FALSE(settings.echo);
  EXPECT_FALSE(settings.signals);
  EXPECT_FALSE(settings.process_output);
  EXPECT_FALSE(settings.carriage_return_to_newline);
}

}  // namespace
}  // namespace esc::linux_abi
