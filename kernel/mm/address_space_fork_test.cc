// fork: copy-on-write, shared memory, and all or nothing when memory runs out.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "kernel/arch_api/paging.h"
#include "kernel/arch_host/mmu.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/address_space_fixture.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::mm {
namespace {

using arch::Access;

class ForkTest : public AddressSpaceTest {
 protected:
  static std::vector<std::pair<VirtAddr, VirtAddr>> Layout(const RefPtr<AddressSpace>& space) {
    std::vector<std::pair<VirtAddr, VirtAddr>> layout;
    for (const RegionInfo& info : RegionsOf(space)) layout.emplace_back(info.begin, info.end);
    return layout;
  }
  int CountFlushAll() const {
    int count = 0;
    for (const host::MmuEvent& event : const_cast<host::Machine&>(machine_).mmu().history()) {
      count += event.kind == host::MmuEvent::Kind::kFlushAll;
    }
    return count;
  }
};

TEST_F(ForkTest, ForkSharesUntilOneSideWrites) {
  auto parent = NewSpace();
  Use(parent);
  MapPages(parent, kBase, 3);
  for (int page = 0; page < 3; ++page) ASSERT_EQ(Store(kBase + page * kPageSize, 10 + page), Status::kOk);
  const std::uint64_t free_before = GetFrameStats().free;
  auto child = parent->Fork().value();
  // The child's root and three levels of tables; no page was copied.
  EXPECT_LE(free_before - GetFrameStats().free, 4u + 2u);
  ASSERT_EQ(Store(kBase, 99), Status::kOk);  // the parent's translation was cached as writable
  Use(child);
  EXPECT_EQ(Load(kBase), 10);
  EXPECT_EQ(Load(kBase + kPageSize), 11);
  ASSERT_EQ(Store(kBase + kPageSize, 55), Status::kOk);
  Use(parent);
  EXPECT_EQ(Load(kBase), 99);
  EXPECT_EQ(Load(kBase + kPageSize), 11);
}

TEST_F(ForkTest, TheLastOwnerGetsThePageBackWithoutACopy) {
  auto parent = NewSpace();
  Use(parent);
  MapPages(parent, kBase, 1);
  ASSERT_EQ(Store(kBase, 1), Status::kOk);
  const FrameNumber frame = arch::LookupPage(parent->root(), kBase)->frame;
  parent->Fork().value().Reset();
  EXPECT_EQ(FrameReferences(frame), 1u);
  const std::uint64_t free_before = GetFrameStats().free;
  ASSERT_EQ(Store(kBase, 2), Status::kOk);
  EXPECT_EQ(GetFrameStats().free, free_before);
  EXPECT_EQ(arch::LookupPage(parent->root(), kBase)->frame, frame);
  EXPECT_EQ(parent->stats().copy_on_write_faults, 1u);
}

TEST_F(ForkTest, SharedAnonymousMemoryIsSharedAlsoWhereNobodyTouchedItBefore) {
  auto parent = NewSpace();
  Use(parent);
  MapPages(parent, kBase, 2, kReadWrite, Sharing::kShared);
  ASSERT_EQ(Store(kBase, 1), Status::kOk);
  auto child = parent->Fork().value();
  Use(child);
  EXPECT_EQ(Load(kBase), 1);
  ASSERT_EQ(Store(kBase + kPageSize, 2), Status::kOk);
  Use(parent);
  EXPECT_EQ(Load(kBase + kPageSize), 2);
  EXPECT_FALSE(RegionsOf(parent)[0].file_backed);
}

TEST_F(ForkTest, ProtectNeverMakesASharedFrameWritable) {
  auto parent = NewSpace();
  Use(parent);
  MapPages(parent, kBase, 1);
  ASSERT_EQ(Store(kBase, 1), Status::kOk);
  auto child = parent->Fork().value();
  ASSERT_EQ(parent->Protect(kBase, kPageSize, Access::kRead), Status::kOk);
  ASSERT_EQ(parent->Protect(kBase, kPageSize, kReadWrite), Status::kOk);
  ASSERT_EQ(Store(kBase, 2), Status::kOk);
  Use(child);
  EXPECT_EQ(Load(kBase), 1);
}

TEST_F(ForkTest, TheParentFlushesOnceAndOnlyWhenSomethingWasTightened) {
  auto parent = NewSpace();
  Use(parent);
  MapPages(parent, kBase, 50);
  for (int page = 0; page < 50; ++page) ASSERT_EQ(Store(kBase + page * kPageSize, 1), Status::kOk);
  machine_.mmu().ClearHistory();
  auto child = parent->Fork().value();
  EXPECT_EQ(CountFlushAll(), 1);
  auto second = parent->Fork().value();
  EXPECT_EQ(CountFlushAll(), 1) << "everything is read-only already";
}

TEST_F(ForkTest, ACopyMadeByTheKernelIsSeenThroughCachedTranslations) {
  auto parent = NewSpace();
  Use(parent);
  MapPages(parent, kBase, 1);
  ASSERT_EQ(Store(kBase, 1), Status::kOk);
  auto child = parent->Fork().value();
  EXPECT_EQ(Load(kBase), 1);  // now cached, read-only
  const std::uint8_t byte = 2;
  ASSERT_EQ(parent->Write(kBase, &byte, 1), Status::kOk);
  EXPECT_EQ(Load(kBase), 2);
}

TEST_F(ForkTest, ThreeGenerationsKeepTheirOwnBytes) {
  auto grandparent = NewSpace();
  Use(grandparent);
  MapPages(grandparent, kBase, 2);
  ASSERT_EQ(Store(kBase, 1), Status::kOk);
  auto parent = grandparent->Fork().value();
  Use(parent);
  ASSERT_EQ(Store(kBase, 2), Status::kOk);
  auto child = parent->Fork().value();
  Use(child);
  ASSERT_EQ(Store(kBase, 3), Status::kOk);
  EXPECT_EQ(Load(kBase + kPageSize), 0);
  Use(grandparent);
  EXPECT_EQ(Load(kBase), 1);
  Use(parent);
  EXPECT_EQ(Load(kBase), 2);
}

TEST_F(ForkTest, BreakLimitsAndProtectionAreInherited) {
  auto parent = NewSpace();
  parent->SetBreakBase(VirtAddr{0x80'0000});
  ASSERT_EQ(parent->SetBreak(VirtAddr{0x80'3000}), VirtAddr{0x80'3000});
  MapPages(parent, kBase, 1, Access::kRead);
  parent->SetLimit(5 * kPageSize);
  auto child = parent->Fork().value();
  EXPECT_EQ(Layout(child), Layout(parent));
  EXPECT_EQ(child->SetBreak({}), VirtAddr{0x80'3000});
  EXPECT_EQ(child->SetBreak(VirtAddr{0x80'4000}), VirtAddr{0x80'4000});
  EXPECT_EQ(child->SetBreak(VirtAddr{0x80'5000}), VirtAddr{0x80'4000}) << "the limit";
  EXPECT_EQ(child->HandleFault(kBase, Access::kWrite), Status::kAccessDenied);
  EXPECT_EQ(parent->SetBreak({}), VirtAddr{0x80'3000});
}

// Every allocation that a fork makes fails once, the first, then the second, and so on until it works.
TEST_F(ForkTest, FailureAtEveryPointLeavesEverythingAsItWas) {
  auto parent = NewSpace();
  Use(parent);
  MapPages(parent, kBase, 5);
  MapPages(parent, VirtAddr{0x4000'0000}, 3, Access::kRead);
  MapPages(parent, VirtAddr{0x7000'0000'0000}, 4, kReadWrite, Sharing::kShared);
  std::vector<VirtAddr> touched;
  for (const VirtAddr at : {kBase, kBase + 3 * kPageSize, VirtAddr{0x7000'0000'1000}}) {
    ASSERT_EQ(Store(at, 42), Status::kOk);
    touched.push_back(at);
  }
  EXPECT_EQ(Load(VirtAddr{0x4000'0000}), 0);
  const auto layout = Layout(parent);
  const std::uint64_t resident = parent->stats().resident_pages;
  (void)parent->Fork().value();  // warms the slabs
  const MemoryInUse before = CurrentMemoryInUse();
  std::uint64_t failures = 0;
  for (std::uint64_t allowed = 0;; ++allowed) {
    FailAllocationsAfter(allowed);
    Result<RefPtr<AddressSpace>> child = parent->Fork();
    FailAllocationsAfter(~std::uint64_t{0});
    if (child.ok()) {
      Use(*child);
      for (const VirtAddr at : touched) EXPECT_EQ(Load(at), 42);
      Use(parent);
      break;
    }
    ++failures;
    ASSERT_EQ(child.status(), Status::kNoMemory);
    ASSERT_EQ(CurrentMemoryInUse(), before) << "after " << allowed << " allocations";
    ASSERT_EQ(Layout(parent), layout);
    ASSERT_EQ(parent->stats().resident_pages, resident);
    for (const VirtAddr at : touched) {
      ASSERT_EQ(Load(at), 42);
      ASSERT_EQ(Store(at, 42), Status::kOk);
    }
    ASSERT_EQ(CurrentMemoryInUse(), before) << "a write after a failed fork copied a page that nobody shares";
  }
  // The root, the object, the regions, and tables for three corners of the address space.
  EXPECT_GE(failures, 3u + 7u);
}

}  // namespace
}  // namespace esc::mm
