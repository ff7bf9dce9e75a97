#include "kernel/arch_host/machine.h"

#include <gtest/gtest.h>

#include <cstring>

#include "kernel/arch_api/clock.h"
#include "kernel/arch_api/console.h"
#include "kernel/arch_api/cpu.h"
#include "kernel/arch_api/paging.h"
#include "kernel/arch_api/power.h"
#include "kernel/arch_host/fake_upcalls.h"
#include "kernel/base/check.h"
#include "kernel/base/log.h"

namespace esc::host {
namespace {

class SimulatedMachineTest : public ::testing::Test {
 protected:
  void TearDown() override { Hooks() = {}; }
};

// What the compiler may rely on; it does where it moves 16 bytes at once.
TEST(MachineTest, TheBootStackIsAlignedAsACallLeavesIt) {
  Machine machine;
  std::uintptr_t frame = 1;
  machine.Run([&] { frame = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)); });
  EXPECT_EQ(frame % 16, 0u);
}

TEST_F(SimulatedMachineTest, SaysHowTheRunEnded) {
  Machine machine;
  EXPECT_EQ(machine.Run([] {}).end, Outcome::End::kReturned);
  EXPECT_EQ(machine.Run([] { arch::PowerOff(200); }).exit_code, 200);
  EXPECT_EQ(machine.Run([] { arch::Reset(); }).end, Outcome::End::kReset);
  EXPECT_EQ(machine.Run([] { arch::Halt(); }).end, Outcome::End::kHalted);
}

TEST_F(SimulatedMachineTest, APanicAndAFailedCheckAreOutcomes) {
  int told = 0;
  Hooks().on_panic = [&] { ++told; };
  Machine machine;
  const Outcome panic = machine.Run([] { Panic("wheel {} is stuck", 3); });
  EXPECT_EQ(panic.end, Outcome::End::kPanicked);
  EXPECT_EQ(panic.message, "wheel 3 is stuck");
  EXPECT_NE(panic.console.find("panic: wheel 3 is stuck\n"), std::string::npos);
  const Outcome check = machine.Run([] { ESC_CHECK(1 + 1 == 3); });
  EXPECT_EQ(check.end, Outcome::End::kPanicked);
  EXPECT_NE(check.message.find("1 + 1 == 3"), std::string::npos);
  EXPECT_EQ(told, 2);
}

using SimulatedMachineDeathTest = SimulatedMachineTest;

TEST_F(SimulatedMachineDeathTest, OutsideARunTheEndOfTheMachineEndsTheTest) {
  Machine machine;
  EXPECT_DEATH(arch::PowerOff(0), "outside a run");
  EXPECT_DEATH(Panic("lost"), "lost");
}

TEST_F(SimulatedMachineDeathTest, ThereIsNoMachineUntilATestMakesOne) { EXPECT_DEATH(arch::Now(), "makes one first"); }

TEST_F(SimulatedMachineTest, BootTellsOfMemoryAndModules) {
  MachineOptions options;
  options.command_line = "init=/x";
  options.modules = {{"boot_config", {std::byte{1}, std::byte{2}}}, {"", std::vector<std::byte>(5000, std::byte{7})}};
  Machine machine(options);
  Hooks().kernel_main = [&](const arch::BootInfo& info) {
    EXPECT_EQ(info.protocol, "simulated");
    EXPECT_EQ(info.command_line, "init=/x");
    ASSERT_EQ(info.modules.size(), 2u);
    EXPECT_EQ(info.modules[0].contents[1], std::byte{2});
    EXPECT_EQ(info.modules[1].contents.size(), 5000u);
    EXPECT_EQ(info.modules[1].contents[4999], std::byte{7});
    // Taken: the machine's own frames and a range for each module.
    EXPECT_EQ(info.reserved.size(), 3u);
    arch::ConsoleWrite("hello");
    arch::PowerOff(3);
  };
  const Outcome outcome = machine.Boot();
  EXPECT_EQ(outcome.end, Outcome::End::kPoweredOff);
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_EQ(outcome.console, "hello");
}

TEST_F(SimulatedMachineTest, RandomNumbersAreTheSameForTheSameSeed) {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  {
    Machine machine;
    EXPECT_TRUE(arch::HardwareRandom(first));
  }
  {
    Machine machine;
    EXPECT_TRUE(arch::HardwareRandom(second));
  }
  EXPECT_EQ(first, second);
  Machine machine(MachineOptions{.random_seed = 2});
  EXPECT_TRUE(arch::HardwareRandom(second));
  EXPECT_NE(first, second);
}

TEST_F(SimulatedMachineTest, UserCopiesFaultAndRecover) {
  Machine machine;
  // A source that counts frames up; nothing is given back.
  struct Source final : arch::TableFrameSource {
    std::uint64_t next = 100;
    Result<FrameNumber> AllocateTableFrame() override {
      arch::ZeroFrame(FrameNumber{next});
      return FrameNumber{next++};
    }
    void FreeTableFrame(FrameNumber) override {}
  } source;
  const PhysAddr root = arch::CreateRoot(source).value();
  arch::LoadRoot(root);
  const VirtAddr page{0x5000};
  int faults = 0;
  Hooks().on_page_fault = [&](const upcall::PageFault& fault) {
    ++faults;
    EXPECT_FALSE(fault.from_user);
    if (fault.address >= page + kPageSize) return upcall::FaultOutcome::kFailed;
    const arch::PageMapping mapping{.frame = FrameNumber{50}, .access = arch::Access::kRead | arch::Access::kWrite};
    EXPECT_EQ(arch::MapPage(root, page, mapping, source), Status::kOk);
    return upcall::FaultOutcome::kResolved;
  };
  const char text[] = "abcdefgh";
  EXPECT_EQ(arch::CopyToUser(page + kPageSize - 4, text, 8), 4u);
  EXPECT_EQ(faults, 2);
  char back[4];
  EXPECT_EQ(arch::CopyFromUser(back, page + kPageSize - 4, 4), 4u);
  EXPECT_EQ(std::memcmp(back, "abcd", 4), 0);
  EXPECT_EQ(arch::ZeroUser(page + kPageSize - 2, 2), 2u);
  EXPECT_EQ(arch::CompareExchangeUser(page + kPageSize - 4, 0x0000'6261, 9).value(), 0x0000'6261u);
  EXPECT_EQ(arch::CompareExchangeUser(page + kPageSize - 4, 1, 2).value(), 9u);
  EXPECT_EQ(arch::CopyFromUser(back, VirtAddr{0}, 4), 0u);
  EXPECT_EQ(arch::CopyFromUser(back, arch::kKernelVirtualBase, 4), 0u);
  EXPECT_EQ(faults, 2);
}

}  // namespace
}  // namespace esc::host
