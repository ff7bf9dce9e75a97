#include "kernel/base/log.h"

#include <gtest/gtest.h>

#include <string>

namespace esc {
namespace {

TEST(LogTest, WritesALineAndItsEnd) {
  testing::internal::CaptureStderr();
  Log("mm: {} frames free, {:x}", 12, 255);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "mm: 12 frames free, ff\n");
}

TEST(LogTest, ALineThatIsTooLongStillEnds) {
  testing::internal::CaptureStderr();
  Log("{}", std::string(1000, 'x').c_str());
  const std::string written = testing::internal::GetCapturedStderr();
  ASSERT_FALSE(written.empty());
  EXPECT_EQ(written.back(), '\n');
  EXPECT_EQ(written.substr(0, 3), "xxx");
}

TEST(LogDeathTest, APanicSaysWhatItWasGiven) { EXPECT_DEATH(Panic("wheel {} is stuck", 3), "panic: wheel 3 is stuck"); }

}  // namespace
}  // namespace esc
