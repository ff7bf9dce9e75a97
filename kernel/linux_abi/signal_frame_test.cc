#include "kernel/linux_abi/signal_frame.h"

#include <cstring>

#include <gtest/gtest.h>

#include "kernel/linux_abi/numbers.h"

namespace esc::linux_abi {
namespace {

constexpr std::uint64_t kFpuBytes = 2696;  // as a processor with AVX-512 has it; any size must do

arch::UserRegisters At(std::uint64_t stack_pointer) {
  arch::UserRegisters registers{};
  registers.rsp = stack_pointer;
  return registers;
}

TEST(SignalFrame, LiesBelowTheRedZoneAndIsAligned) {
  for (std::uint64_t rsp = 0x7ffe'0000'1000; rsp < 0x7ffe'0000'1000 + 200; ++rsp) {
    const Result<FramePlaces> places = PlaceFrame(At(rsp), {}, false, kFpuBytes);
    ASSERT_TRUE(places.ok());
    // As after a call: AMD64 supplement 3.2.2.
    EXPECT_EQ((places->frame + 8) % 16, 0u);
    EXPECT_EQ(places->fpu % 64, 0u);
    EXPECT_LE(places->frame + sizeof(SignalFrame), places->fpu);
    EXPECT_LE(places->fpu + kFpuBytes + kFpuMagicBytes, rsp - kRedZoneBytes);
  }
}

TEST(SignalFrame, GoesToTheAlternateStackWhenAsked) {
  const AlternateStack alternate{.base = 0x10'0000, .bytes = 0x8000};
  const Result<FramePlaces> on = PlaceFrame(At(0x7ffe'0000'0000), alternate, true, kFpuBytes);
  ASSERT_TRUE(on.ok());
  EXPECT_GE(on->frame, alternate.base);
  EXPECT_LE(on->fpu + kFpuBytes + kFpuMagicBytes, alternate.base + alternate.bytes);
  const Result<FramePlaces> off = PlaceFrame(At(0x7ffe'0000'0000), alternate, false, kFpuBytes);
  ASSERT_TRUE(off.ok());
  EXPECT_GT(off->frame, 0x7ffd'0000'0000u);
}

TEST(SignalFrame, GoesOnBelowWhenAlreadyThere) {
  const AlternateStack alternate{.base = 0x10'0000, .bytes = 0x8000};
  const Result<FramePlaces> places = PlaceFrame(At(0x10'6000), alternate, true, kFpuBytes);
  ASSERT_TRUE(places.ok());
  EXPECT_LT(places->frame, 0x10'6000u);
}

TEST(SignalFrame, DoesNotLeaveAnAlternateStackThatIsTooSmall) {
  EXPECT_EQ(PlaceFrame(At(0x7ffe'0000'0000), {.base = 0x10'0000, .bytes = 2048}, true, kFpuBytes).status(),
            Status::kFault);
  EXPECT_EQ(PlaceFrame(At(0x10'0400), {.base = 0x10'0000, .bytes = 0x8000}, true, kFpuBytes).status(), Status::kFault);
}

TEST(SignalFrame, DoesNotWrapBelowZero) {
  EXPECT_EQ(PlaceFrame(At(kRedZoneBytes + 100), {}, false, kFpuBytes).status(), Status::kFault);
}

TEST(SignalFrame, RegistersSurviveTheContext) {
  arch::UserRegisters registers;
  std::uint64_t words[sizeof(registers) / 8];
  for (std::size_t i = 0; i < std::size(words); ++i) words[i] = 0x1111'0000 + i;
  std::memcpy(&registers, words, sizeof(registers));
  registers.cs = 0x33, registers.ss = 0x2b;
  arch::UserRegisters restored{};
  restored.original_rax = registers.original_rax;
  RestoreContext(ContextOf(registers), restored);
  EXPECT_EQ(std::memcmp(&registers, &restored, sizeof(registers)), 0);
}

TEST(SignalFrame, InformationByKind) {
  const SignalInfoRecord fault = RecordOf({.signal = core::Signal::kSegmentation, .code = 1, .address = 0x1234});
  EXPECT_EQ(fault.signal, 11);
  EXPECT_EQ(fault.fault.address, 0x1234u);
  const SignalInfoRecord child =
      RecordOf({.signal = core::Signal::kChild, .code = kChildExited, .sender = {7}, .sender_uid = 8, .status = 9});
  EXPECT_EQ(child.child.pid, 7);
  EXPECT_EQ(child.child.uid, 8u);
  EXPECT_EQ(child.child.status, 9);
  const SignalInfoRecord sent =
      RecordOf({.signal = core::Signal::kSegmentation, .code = kCodeUser, .sender = {7}, .sender_uid = 8});
  EXPECT_EQ(sent.sent.pid, 7);
  EXPECT_EQ(sent.sent.uid, 8u);
  const SignalInfoRecord queued =
      RecordOf({.signal = core::Signal::kUser1, .code = kCodeQueue, .sender = {7}, .address = 55});
  EXPECT_EQ(queued.sent.value, 55u);
}

TEST(SignalFrame, FpuMarksAreFoundAgainOrMissed) {
  const FpuSoftwareBytes marks = MakeFpuMarks(kFpuBytes, 7);
  EXPECT_TRUE(AreFpuMarks(marks, kFpuMagic2, kFpuBytes));
  EXPECT_FALSE(AreFpuMarks(marks, 0, kFpuBytes));
  EXPECT_FALSE(AreFpuMarks(FpuSoftwareBytes{}, kFpuMagic2, kFpuBytes));
  EXPECT_EQ(marks.features, 7u);
  EXPECT_EQ(marks.extended_bytes, kFpuBytes + 4);
  // Another size than ours: only the legacy part may be believed.
  EXPECT_FALSE(AreFpuMarks(marks, kFpuMagic2, kFpuBytes + 64));
}

}  // namespace
}  // namespace esc::linux_abi
