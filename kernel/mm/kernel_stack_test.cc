#include "kernel/mm/kernel_stack.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "kernel/arch_api/paging.h"
#include "kernel/arch_host/mmu.h"
#include "kernel/mm/machine_fixture.h"

namespace esc::mm {
namespace {

using arch::Access;
using arch::Mode;

class KernelStackTest : public MachineTest {
 protected:
  // A few stacks and the tables of their range stay behind.
  KernelStackTest() { check_leaks_ = false; }
  bool Writable(VirtAddr at) { return machine_.mmu().Translate(at, Access::kWrite, Mode::kKernel).allowed; }
};

TEST_F(KernelStackTest, AStackIsMappedAndItsNeighbourhoodIsNot) {
  const KernelStack one = AllocateKernelStack().value();
  const KernelStack two = AllocateKernelStack().value();
  for (const KernelStack& stack : {one, two}) {
    EXPECT_EQ(stack.top - stack.bottom, kKernelStackBytes);
    EXPECT_EQ(stack.top.value % 16, 0u);
    for (VirtAddr at = stack.bottom; at < stack.top; at = at + kPageSize) EXPECT_TRUE(Writable(at));
    EXPECT_TRUE(Writable(stack.top - 1));
    EXPECT_FALSE(Writable(stack.bottom - 1)) << "the guard page below";
    EXPECT_FALSE(Writable(stack.top)) << "the next one's guard page";
    EXPECT_FALSE(machine_.mmu().Translate(stack.bottom, Access::kRead, Mode::kUser).allowed);
    EXPECT_FALSE(machine_.mmu().Translate(stack.bottom, Access::kExecute, Mode::kKernel).allowed);
  }
  FreeKernelStack(one);
  FreeKernelStack(two);
}

TEST_F(KernelStackTest, ManyStacksAreApartAndTheirMemoryComesBack) {
  const std::uint64_t before = GetFrameStats().free;
  std::vector<KernelStack> stacks;
  std::set<VirtAddr> bottoms;
  for (int i = 0; i < 500; ++i) {
    stacks.push_back(AllocateKernelStack().value());
    EXPECT_TRUE(bottoms.insert(stacks.back().bottom).second);
    EXPECT_TRUE(Writable(stacks.back().bottom));
  }
  for (const KernelStack& stack : stacks) FreeKernelStack(stack);
  // What stays: the cache of free stacks, and tables.
  EXPECT_GE(GetFrameStats().free, before - 32 * kKernelStackBytes / kPageSize - 10);
  // Freed addresses are used again.
  for (int i = 0; i < 500; ++i) {
    stacks[i] = AllocateKernelStack().value();
    EXPECT_TRUE(bottoms.contains(stacks[i].bottom));
    EXPECT_TRUE(Writable(stacks[i].bottom));
  }
  for (const KernelStack& stack : stacks) FreeKernelStack(stack);
}

TEST_F(KernelStackTest, UnmappedStacksAreOutOfReachAtOnce) {
  std::vector<KernelStack> stacks;
  for (int i = 0; i < 100; ++i) {
    stacks.push_back(AllocateKernelStack().value());
    for (VirtAddr at = stacks.back().bottom; at < stacks.back().top; at = at + kPageSize) ASSERT_TRUE(Writable(at));
  }
  for (const KernelStack& stack : stacks) FreeKernelStack(stack);
  int unmapped = 0;
  for (const KernelStack& stack : stacks) {
    if (arch::LookupPage(arch::KernelRoot(), stack.bottom)) continue;
    ++unmapped;
    EXPECT_FALSE(Writable(stack.bottom)) << "a translation outlived its page";
  }
  EXPECT_EQ(unmapped, 100 - 32);
}

TEST_F(KernelStackTest, FailureAtEveryPointLeavesNothing) {
  FreeKernelStack(AllocateKernelStack().value());  // the tables of the range stay
  const KernelStack held = AllocateKernelStack().value();
  const std::uint64_t before = GetFrameStats().free;
  for (std::uint64_t allowed = 0;; ++allowed) {
    FailAllocationsAfter(allowed);
    const Result<KernelStack> stack = AllocateKernelStack();
    FailAllocationsAfter(~std::uint64_t{0});
    if (stack.ok()) {
      EXPECT_EQ(allowed, kKernelStackBytes / kPageSize);
      EXPECT_EQ(stack->bottom - held.bottom, kKernelStackBytes + kPageSize) << "a failed attempt kept its slot";
      FreeKernelStack(*stack);
      break;
    }
    EXPECT_EQ(stack.status(), Status::kNoMemory);
    EXPECT_EQ(GetFrameStats().free, before);
  }
  FreeKernelStack(held);
}

using KernelStackDeathTest = KernelStackTest;

TEST_F(KernelStackDeathTest, FreeingWhatIsNoStackIsABug) {
  const KernelStack stack = AllocateKernelStack().value();
  EXPECT_DEATH(FreeKernelStack({stack.bottom + 16, stack.top}), "check failed");
  FreeKernelStack(stack);
}

}  // namespace
}  // namespace esc::mm
