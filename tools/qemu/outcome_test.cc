#include "tools/qemu/outcome.h"

#include <csignal>
#include <string>

#include "gtest/gtest.h"
#include "tools/qemu/serial_log.h"

namespace esc::tools {
namespace {

// As waitpid encodes them.
int Exited(int status) { return status << 8; }
int Killed(int signal_number) { return signal_number; }

SerialLog Log(const std::string& text) {
  SerialLog log;
  log.Append(text);
  return log;
}

Outcome Interpret(int wait_status) { return InterpretEnd({.wait_status = wait_status}, Log("booted\n")); }

TEST(InterpretEnd, TheExitDeviceCarriesTheCodeOfInit) {
  for (int code = 0; code < kExitRefused; ++code) {
    const Outcome outcome = Interpret(Exited((code << 1) | 1));
    EXPECT_EQ(outcome.exit_code, code);
    EXPECT_EQ(outcome.message, "");
    EXPECT_TRUE(outcome.guest_ended);
  }
}

TEST(InterpretEnd, TheReportCarriesACodeThatTheExitDeviceCannot) {
  for (const int code : {0, 119, 120, 124, 127, 128, 255}) {
    const QemuEnd end = {.wait_status = Exited((119 << 1) | 1), .report = std::string(1, static_cast<char>(code))};
    const Outcome outcome = InterpretEnd(end, Log("booted\n"));
    EXPECT_EQ(outcome.exit_code, code);
    EXPECT_EQ(outcome.message, "");
    EXPECT_TRUE(outcome.guest_ended);
  }
}

TEST(InterpretEnd, WhatTheKernelSaysOfItselfGoesBeforeTheReport) {
  const QemuEnd panicked = {.wait_status = Exited((kExitPanic << 1) | 1), .report = std::string(1, '\3')};
  EXPECT_EQ(InterpretEnd(panicked, Log("booted\n")).message, "the kernel panicked");
}

TEST(InterpretEnd, PowerOffAndResetAreSuccess) {
  const Outcome outcome = Interpret(Exited(0));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_TRUE(outcome.guest_ended);
}

TEST(InterpretEnd, ARefusalToBootIsSaid) {
  const Outcome outcome = Interpret(Exited((kExitRefused << 1) | 1));
  EXPECT_EQ(outcome.exit_code, kExitRefused);
  EXPECT_EQ(outcome.message, "the kernel refused to boot");
  EXPECT_TRUE(outcome.guest_ended);
}

TEST(InterpretEnd, APanicIsSaid) {
  const Outcome outcome = Interpret(Exited(255));
  EXPECT_EQ(outcome.exit_code, kExitPanic);
  EXPECT_NE(outcome.message.find("panicked"), std::string::npos);
  EXPECT_TRUE(outcome.guest_ended);
}

TEST(InterpretEnd, AFailureOfQemuIsNotTakenForSuccessOfTheGuest) {
  // Status 1 is both "the guest wrote 0 to the exit device" and QEMU's own way to fail.
  const QemuEnd silent = {.wait_status = Exited(1)};
  EXPECT_EQ(InterpretEnd(silent, Log("")).exit_code, kExitNoRun);
  const QemuEnd failed = {.wait_status = Exited(1), .errors = "qemu-system-x86_64: -foo: invalid option\n"};
  const Outcome outcome = InterpretEnd(failed, Log("booted\n"));
  EXPECT_EQ(outcome.exit_code, kExitNoRun);
  EXPECT_FALSE(outcome.guest_ended);
  EXPECT_EQ(outcome.message, "QEMU failed with status 1: qemu-system-x86_64: -foo: invalid option");
  const QemuEnd warned = {.wait_status = Exited(1), .errors = "qemu-system-x86_64: warning: slow\n"};
  EXPECT_EQ(InterpretEnd(warned, Log("booted\n")).exit_code, 0);
  EXPECT_EQ(Interpret(Exited(2)).exit_code, kExitNoRun);
}

TEST(InterpretEnd, ATripleFaultIsNotTakenForAReset) {
  const QemuEnd end = {.wait_status = Exited(0), .reset_log = "CPU Reset (CPU 0)\nTriple fault\n"};
  const Outcome outcome = InterpretEnd(end, Log("last words\n"));
  EXPECT_EQ(outcome.exit_code, kExitCrash);
  EXPECT_FALSE(outcome.guest_ended);
  EXPECT_EQ(outcome.message, "the guest died of a triple fault; the last lines of its serial output:\nlast words");
}

TEST(InterpretEnd, TheTimeLimitShowsTheLastLines) {
  const QemuEnd end = {.wait_status = Killed(SIGKILL), .time_limit_reached = true, .time_limit_seconds = 7};
  const Outcome outcome = InterpretEnd(end, Log("one\ntwo\n"));
  EXPECT_EQ(outcome.exit_code, kExitTimeLimit);
  EXPECT_EQ(outcome.message, "time limit of 7 s reached; the last lines of its serial output:\none\ntwo");
  EXPECT_EQ(InterpretEnd(end, Log("")).message, "time limit of 7 s reached; the guest wrote nothing");
}

TEST(InterpretEnd, OtherEndsAreSaid) {
  EXPECT_EQ(Interpret(Killed(SIGSEGV)).exit_code, kExitCrash);
  EXPECT_EQ(Interpret(Killed(SIGSEGV)).message, "QEMU was killed by signal 11");
  EXPECT_EQ(InterpretEnd({.wait_status = Killed(SIGKILL), .output_limit_reached = true}, Log("x")).exit_code, kExitNoRun);
  EXPECT_EQ(InterpretEnd({.wait_status = Killed(SIGKILL), .stopped_by_signal = SIGINT}, Log("x")).exit_code, 130);
}

Outcome Ended(int code) { return {.exit_code = code, .guest_ended = true}; }

TEST(Judge, WithoutExpectationsTheGuestsCodeStands) { EXPECT_EQ(Judge(Ended(3), {}, Log("x")).exit_code, 3); }

TEST(Judge, AnExpectedCodeIsSuccess) {
  EXPECT_EQ(Judge(Ended(3), {.exit_code = 3}, Log("x")).exit_code, 0);
  const Outcome other = Judge(Ended(4), {.exit_code = 3}, Log("x"));
  EXPECT_EQ(other.exit_code, kExitExpectation);
  EXPECT_EQ(other.message, "expectations not met:\n  exit code 4, not 3");
  EXPECT_EQ(Judge(Ended(kExitPanic), {.exit_code = kExitPanic}, Log("x")).exit_code, 0);
}

TEST(Judge, TextIsLookedFor) {
  EXPECT_EQ(Judge(Ended(0), {.present = {"a b", "c"}}, Log("c\na b\n")).exit_code, 0);
  EXPECT_EQ(Judge(Ended(0), {.present = {"a", "d"}, .absent = {"c"}}, Log("a c")).message,
            "expectations not met:\n  missing in the serial output: d\n  must not be in the serial output: c");
  EXPECT_EQ(Judge(Ended(3), {.present = {"a"}}, Log("a")).exit_code, 3);
}

TEST(Judge, ARunThatDidNotEndByItselfCannotMeetExpectations) {
  const Outcome crashed = {.exit_code = kExitTimeLimit, .message = "m"};
  EXPECT_EQ(Judge(crashed, {.present = {"a"}}, Log("a")).exit_code, kExitTimeLimit);
  EXPECT_EQ(Judge(crashed, {.exit_code = kExitTimeLimit}, Log("a")).exit_code, kExitTimeLimit);
}

}  // namespace
}  // namespace esc::tools
