// A fixture for tests of address spaces: one is the current one, page faults of the simulated machine go to it, and Store
// and Load touch its memory as user code would, through the MMU.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "kernel/arch_api/upcalls.h"
#include "kernel/arch_host/fake_upcalls.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/machine_fixture.h"
#include "kernel/mm/user_copy.h"

namespace esc::mm {

inline constexpr arch::Access kReadWrite = arch::Access::kRead | arch::Access::kWrite;
inline constexpr VirtAddr kBase{0x40'0000};

class AddressSpaceTest : public MachineTest {
 protected:
  void SetUp() override {
    MachineTest::SetUp();
    host::Hooks().on_page_fault = [this](const upcall::PageFault& fault) {
      last_fault_ = current_->HandleFault(fault.address, fault.access);
      return Ok(last_fault_) ? upcall::FaultOutcome::kResolved : upcall::FaultOutcome::kFailed;
    };
  }
  void TearDown() override {
    host::Hooks() = {};
    current_.Reset();
    MachineTest::TearDown();
  }

  RefPtr<AddressSpace> NewSpace() { return AddressSpace::Create().value(); }
  void Use(const RefPtr<AddressSpace>& space) {
    current_ = space;
    space->Activate();
  }
  VirtAddr MapPages(const RefPtr<AddressSpace>& space, VirtAddr at, std::uint64_t pages, arch::Access access = kReadWrite,
                    Sharing sharing = Sharing::kPrivate) {
    return space->Map(at, pages * kPageSize, Placement::kFixed, {.access = access, .sharing = sharing}).value();
  }
  // Through the simulated MMU, as user code would.
  Status Store(VirtAddr at, std::uint8_t value) { return CopyToUser(at, &value, 1); }
  int Load(VirtAddr at) {
    std::uint8_t value = 0;
    return Ok(CopyFromUser(&value, at, 1)) ? value : -1;
  }
  static std::vector<RegionInfo> RegionsOf(const RefPtr<AddressSpace>& space) {
    std::vector<RegionInfo> regions;
    space->ForEachRegion([&](const RegionInfo& info) { regions.push_back(info); });
    return regions;
  }

  RefPtr<AddressSpace> current_;
  Status last_fault_ = Status::kOk;
};

}  // namespace esc::mm
