#include "kernel/base/status.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace esc {
namespace {

Status Fails(Status status) { return status; }
Result<int> Half(int value) {
  if (value % 2 != 0) return Status::kInvalidArgument;
  return value / 2;
}
Result<int> Quarter(int value) {
  const int half = ESC_TRY(Half(value));
  return Half(half);
}
Status Both(Status first, Status second, int& steps) {
  ESC_TRY(Fails(first));
  ++steps;
  ESC_TRY(Fails(second));
  ++steps;
  return Status::kOk;
}

TEST(StatusTest, EveryCodeHasItsName) {
  EXPECT_EQ(StatusName(Status::kOk), "kOk");
  EXPECT_EQ(StatusName(Status::kNoMemory), "kNoMemory");
  EXPECT_EQ(StatusName(Status::kNotExecutable), "kNotExecutable");
  EXPECT_EQ(StatusName(Status::kDeadlock), "kDeadlock");
  EXPECT_EQ(StatusName(Status::kIoError), "kIoError");
  EXPECT_EQ(StatusName(static_cast<Status>(200)), "unknown status");
  EXPECT_EQ(StatusName(static_cast<Status>(static_cast<int>(Status::kIoError) + 1)), "unknown status");
  for (int code = 0; code <= static_cast<int>(Status::kIoError); ++code) {
    EXPECT_EQ(StatusName(static_cast<Status>(code)).substr(0, 1), "k") << code;
  }
}

TEST(StatusTest, TryYieldsTheValueOrReturnsTheError) {
  EXPECT_EQ(Quarter(12).value(), 3);
  EXPECT_EQ(Quarter(6).status(), Status::kInvalidArgument);
  EXPECT_EQ(Quarter(5).status(), Status::kInvalidArgument);
}

TEST(StatusTest, TryStopsAtTheFirstError) {
  int steps = 0;
  EXPECT_EQ(Both(Status::kOk, Status::kBusy, steps), Status::kBusy);
  EXPECT_EQ(steps, 1);
  EXPECT_EQ(Both(Status::kFault, Status::kBusy, steps), Status::kFault);
  EXPECT_EQ(steps, 1);
  EXPECT_EQ(Both(Status::kOk, Status::kOk, steps), Status::kOk);
}

TEST(ResultTest, MovesWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(5);
  ASSERT_TRUE(result.ok());
  const std::unique_ptr<int> taken = *std::move(result);
  EXPECT_EQ(*taken, 5);
}

TEST(ResultTest, GivesAccessAndDefaults) {
  Result<std::string> text = std::string("abc");
  EXPECT_EQ(text->size(), 3u);
  EXPECT_TRUE(static_cast<bool>(text));
  const Result<std::string> none = Status::kNotFound;
  EXPECT_FALSE(none.ok());
  EXPECT_EQ(none.value_or("other"), "other");
}

TEST(ResultDeathTest, AnErrorHasNoValueAndSuccessNeedsOne) {
  Result<int> error = Status::kNotFound;
  EXPECT_DEATH((void)error.value(), "check failed: ok");
  EXPECT_DEATH((void)Result<int>(Status::kOk), "check failed");
}

}  // namespace
}  // namespace esc
