#include "kernel/core/process/pid_allocator.h"

#include <gtest/gtest.h>

#include <memory>

namespace esc::core {
namespace {

class PidAllocatorTest : public ::testing::Test {
 protected:
  std::unique_ptr<PidAllocator> pids_ = std::make_unique<PidAllocator>();
};

TEST_F(PidAllocatorTest, NumbersAscendFromTwoAndOneIsTakenByName) {
  EXPECT_EQ(pids_->Allocate().value(), Pid{2});
  EXPECT_EQ(pids_->Take(Pid{1}), Status::kOk);
  EXPECT_EQ(pids_->Take(Pid{1}), Status::kAlreadyExists);
  EXPECT_EQ(pids_->Allocate().value(), Pid{3});
}

TEST_F(PidAllocatorTest, ANumberIsReusedOnlyAfterTheWrapAround) {
  const Pid first = pids_->Allocate().value();
  pids_->Release(first);
  std::int32_t last = first.value;
  for (;;) {
    const Pid pid = pids_->Allocate().value();
    pids_->Release(pid);
    if (pid.value < last) {
      EXPECT_EQ(pid, first);
      break;
    }
    EXPECT_EQ(pid.value, last + 1);
    last = pid.value;
  }
  EXPECT_EQ(last, PidAllocator::kMaxPid);
}

TEST_F(PidAllocatorTest, AllNumbersCanBeInUseAtOnceAndThenNoneIsLeft) {
  for (std::int32_t i = PidAllocator::kFirst; i <= PidAllocator::kMaxPid; ++i) {
    ASSERT_EQ(pids_->Allocate().value(), Pid{i});
  }
  EXPECT_EQ(pids_->Allocate().status(), Status::kWouldBlock);
  pids_->Release(Pid{777});
  EXPECT_EQ(pids_->Allocate().value(), Pid{777});
  EXPECT_EQ(pids_->Allocate().status(), Status::kWouldBlock);
}

TEST_F(PidAllocatorTest, NextUsedVisitsTheNumbersInUseInOrder) {
  ASSERT_EQ(pids_->Take(Pid{1}), Status::kOk);
  ASSERT_EQ(pids_->Take(Pid{64}), Status::kOk);
  ASSERT_EQ(pids_->Take(Pid{PidAllocator::kMaxPid}), Status::kOk);
  EXPECT_EQ(pids_->NextUsed(Pid{0}), Pid{1});
  EXPECT_EQ(pids_->NextUsed(Pid{2}), Pid{64});
  EXPECT_EQ(pids_->NextUsed(Pid{65}), Pid{PidAllocator::kMaxPid});
  EXPECT_EQ(pids_->NextUsed(Pid{PidAllocator::kMaxPid + 1}), Pid{0});
  EXPECT_FALSE(pids_->Used(Pid{-5}));
  EXPECT_FALSE(pids_->Used(Pid{1'000'000}));
}

}  // namespace
}  // namespace esc::core
