#include "kernel/mm/address_space.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "kernel/arch_api/paging.h"
#include "kernel/arch_host/mmu.h"
#include "kernel/mm/address_space_fixture.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::mm {
namespace {

using arch::Access;

TEST_F(AddressSpaceTest, UntouchedMemoryReadsAsZerosAndTakesNoFrame) {
  auto space = NewSpace();
  Use(space);
  MapPages(space, kBase, 100);
  EXPECT_EQ(Load(kBase), 0);
  const std::uint64_t free_before = GetFrameStats().free;
  for (int page = 0; page < 100; ++page) EXPECT_EQ(Load(kBase + page * kPageSize), 0);
  EXPECT_EQ(GetFrameStats().free, free_before);
  EXPECT_EQ(space->stats().resident_pages, 100u);
}

TEST_F(AddressSpaceTest, WritesAppearPageByPage) {
  auto space = NewSpace();
  Use(space);
  MapPages(space, kBase, 4);
  EXPECT_EQ(Store(kBase + kPageSize + 5, 7), Status::kOk);
  EXPECT_EQ(Load(kBase + kPageSize + 5), 7);
  EXPECT_EQ(Load(kBase + 5), 0);
  EXPECT_EQ(Store(kBase + 5, 9), Status::kOk);  // after a read showed the zero frame
  EXPECT_EQ(Load(kBase + 5), 9);
  EXPECT_EQ(Load(kBase + 2 * kPageSize + 5), 0);
}

TEST_F(AddressSpaceTest, FaultsSayWhatIsWrong) {
  auto space = NewSpace();
  MapPages(space, kBase, 1, Access::kRead);
  MapPages(space, kBase + kPageSize, 1, Access::kNone);
  EXPECT_EQ(space->HandleFault(kBase, Access::kWrite), Status::kAccessDenied);
  EXPECT_EQ(space->HandleFault(kBase, Access::kExecute), Status::kAccessDenied);
  EXPECT_EQ(space->HandleFault(kBase + kPageSize, Access::kRead), Status::kAccessDenied);
  EXPECT_EQ(space->HandleFault(kBase + 2 * kPageSize, Access::kRead), Status::kFault);
  EXPECT_EQ(space->HandleFault(VirtAddr{0}, Access::kRead), Status::kFault);
  EXPECT_EQ(space->HandleFault(arch::kUserEnd, Access::kRead), Status::kFault);
  EXPECT_EQ(space->HandleFault(VirtAddr{~std::uint64_t{0}}, Access::kRead), Status::kFault);
  EXPECT_EQ(space->HandleFault(kBase, Access::kRead), Status::kOk);
}

TEST_F(AddressSpaceTest, UnmapFlushesBeforeItFrees) {
  auto space = NewSpace();
  Use(space);
  for (const std::uint64_t pages : {1u, 20u, 40u, 300u}) {
    MapPages(space, kBase, pages);
    std::vector<FrameNumber> frames;
    for (std::uint64_t page = 0; page < pages; ++page) {
      ASSERT_EQ(Store(kBase + page * kPageSize, 1), Status::kOk);
      frames.push_back(arch::LookupPage(space->root(), kBase + page * kPageSize)->frame);
    }
    ASSERT_EQ(space->Unmap(kBase, pages * kPageSize), Status::kOk);
    for (const FrameNumber frame : frames) EXPECT_FALSE(machine_.mmu().CachedTranslationOf(frame));
    EXPECT_EQ(Load(kBase), -1);
  }
}

TEST_F(AddressSpaceTest, FewPagesAreFlushedOneByOneAndManyAtOnce) {
  auto space = NewSpace();
  Use(space);
  const auto flushes = [&](std::uint64_t pages) {
    MapPages(space, kBase, pages);
    for (std::uint64_t page = 0; page < pages; ++page) EXPECT_EQ(Store(kBase + page * kPageSize, 1), Status::kOk);
    machine_.mmu().ClearHistory();
    EXPECT_EQ(space->Unmap(kBase, pages * kPageSize), Status::kOk);
    std::array<int, 2> count{};
    for (const host::MmuEvent& event : machine_.mmu().history()) {
      count[0] += event.kind == host::MmuEvent::Kind::kFlushPage;
      count[1] += event.kind == host::MmuEvent::Kind::kFlushAll;
    }
    return count;
  };
  EXPECT_EQ(flushes(8), (std::array<int, 2>{8, 0}));
  EXPECT_EQ(flushes(100), (std::array<int, 2>{0, 1}));
}

TEST_F(AddressSpaceTest, UnmapSplitsAndMapMerges) {
  auto space = NewSpace();
  MapPages(space, kBase, 10);
  ASSERT_EQ(space->Unmap(kBase + 4 * kPageSize, 2 * kPageSize), Status::kOk);
  ASSERT_EQ(RegionsOf(space).size(), 2u);
  EXPECT_EQ(RegionsOf(space)[0].end, kBase + 4 * kPageSize);
  EXPECT_EQ(RegionsOf(space)[1].begin, kBase + 6 * kPageSize);
  EXPECT_EQ(space->stats().mapped_bytes, 8 * kPageSize);
  MapPages(space, kBase + 4 * kPageSize, 2);
  EXPECT_EQ(RegionsOf(space).size(), 1u);
  EXPECT_EQ(space->stats().mapped_bytes, 10 * kPageSize);
  EXPECT_EQ(space->Unmap(kBase + 100 * kPageSize, kPageSize), Status::kOk);  // nothing there
}

TEST_F(AddressSpaceTest, ProtectTakesEffectOnCachedTranslationsAndKeepsContents) {
  auto space = NewSpace();
  Use(space);
  MapPages(space, kBase, 3);
  ASSERT_EQ(Store(kBase + kPageSize, 42), Status::kOk);
  ASSERT_EQ(space->Protect(kBase + kPageSize, kPageSize, Access::kRead), Status::kOk);
  EXPECT_EQ(Store(kBase + kPageSize, 1), Status::kFault);
  EXPECT_EQ(last_fault_, Status::kAccessDenied);
  EXPECT_EQ(Load(kBase + kPageSize), 42);
  ASSERT_EQ(space->Protect(kBase + kPageSize, kPageSize, Access::kNone), Status::kOk);
  EXPECT_EQ(Load(kBase + kPageSize), -1);
  EXPECT_EQ(RegionsOf(space).size(), 3u);
  ASSERT_EQ(space->Protect(kBase + kPageSize, kPageSize, kReadWrite), Status::kOk);
  EXPECT_EQ(RegionsOf(space).size(), 1u);
  EXPECT_EQ(Load(kBase + kPageSize), 42);
  EXPECT_EQ(Store(kBase + kPageSize, 43), Status::kOk);
  EXPECT_EQ(space->Protect(kBase, 4 * kPageSize, Access::kRead), Status::kNoMemory);
}

TEST_F(AddressSpaceTest, DiscardGivesZerosAgain) {
  auto space = NewSpace();
  Use(space);
  MapPages(space, kBase, 2);
  ASSERT_EQ(Store(kBase, 5), Status::kOk);
  EXPECT_EQ(space->Discard(kBase, 2 * kPageSize), Status::kOk);
  EXPECT_EQ(Load(kBase), 0);
  EXPECT_EQ(space->Discard(kBase, 3 * kPageSize), Status::kNoMemory);
}

TEST_F(AddressSpaceTest, StacksGrowToTheirLimitAndKeepAGap) {
  auto space = NewSpace();
  Use(space);
  const VirtAddr top{0x7000'0000};
  space->SetStackLimit(64 * kPageSize);
  ASSERT_TRUE(space
                  ->Map(top - 2 * kPageSize, 2 * kPageSize, Placement::kFixed,
                        {.access = kReadWrite, .growth = Growth::kDown})
                  .ok());
  EXPECT_EQ(Store(top - 10 * kPageSize, 1), Status::kOk);
  EXPECT_EQ(RegionsOf(space)[0].begin, top - 10 * kPageSize);
  EXPECT_EQ(Store(top - 64 * kPageSize, 1), Status::kOk);
  EXPECT_EQ(Store(top - 65 * kPageSize, 1), Status::kFault);
  // A neighbour below keeps the guard gap free.
  space->SetStackLimit(~std::uint64_t{0});
  MapPages(space, top - 1000 * kPageSize, 1);
  EXPECT_EQ(Store(top - 900 * kPageSize, 1), Status::kFault);
  EXPECT_EQ(Store(top - (1000 - 1 - 256) * kPageSize, 1), Status::kOk);
  EXPECT_EQ(Store(top - (1000 - 1 - 255) * kPageSize, 1), Status::kFault);
}

TEST_F(AddressSpaceTest, PlacementKeepsItsPromises) {
  auto space = NewSpace();
  const RegionOptions options{.access = kReadWrite};
  const VirtAddr first = space->Map({}, kPageSize, Placement::kHint, options).value();
  const VirtAddr second = space->Map({}, 3 * kPageSize, Placement::kHint, options).value();
  EXPECT_EQ(second + 3 * kPageSize, first);  // downwards, without holes
  EXPECT_EQ(space->Map(kBase, kPageSize, Placement::kHint, options).value(), kBase);
  EXPECT_NE(space->Map(kBase, kPageSize, Placement::kHint, options).value(), kBase);
  EXPECT_EQ(space->Map(kBase, kPageSize, Placement::kFixedNew, options).status(), Status::kAlreadyExists);
  EXPECT_EQ(space->Map(kBase + 1, kPageSize, Placement::kFixed, options).status(), Status::kInvalidArgument);
  EXPECT_EQ(space->Map({}, 0, Placement::kHint, options).status(), Status::kInvalidArgument);
  EXPECT_EQ(space->Map(VirtAddr{0}, kPageSize, Placement::kFixed, options).status(), Status::kInvalidArgument);
  EXPECT_EQ(space->Map(kBase, ~std::uint64_t{0}, Placement::kFixed, options).status(), Status::kInvalidArgument);
  EXPECT_EQ(space->Map({}, ~std::uint64_t{0}, Placement::kHint, options).status(), Status::kNoMemory);
  EXPECT_EQ(space->Map(arch::kUserEnd, kPageSize, Placement::kFixed, options).status(), Status::kInvalidArgument);
  EXPECT_EQ(space->Map(arch::kUserEnd - kPageSize, kPageSize, Placement::kFixed, options).value(),
            arch::kUserEnd - kPageSize);
  EXPECT_EQ(space->Unmap(kBase + 1, kPageSize), Status::kInvalidArgument);
}

TEST_F(AddressSpaceTest, TheLimitCountsWhatIsMapped) {
  auto space = NewSpace();
  space->SetLimit(10 * kPageSize);
  MapPages(space, kBase, 8);
  EXPECT_EQ(space->Map({}, 3 * kPageSize, Placement::kHint, {.access = kReadWrite}).status(), Status::kNoMemory);
  MapPages(space, kBase, 8);  // replaces: no more than before
  for (int page = 0; page < 8; ++page) {
    ASSERT_EQ(space->Protect(kBase + page * kPageSize, kPageSize, page % 2 == 0 ? Access::kRead : kReadWrite), Status::kOk);
  }
  EXPECT_EQ(space->Map(kBase, 11 * kPageSize, Placement::kFixed, {.access = kReadWrite}).status(), Status::kNoMemory);
  EXPECT_EQ(space->stats().mapped_bytes, 8 * kPageSize) << "refused, but what lay there is gone";
  MapPages(space, kBase, 8);
  MapPages(space, kBase + 8 * kPageSize, 2);
  space->SetBreakBase(VirtAddr{0x10'0000});
  EXPECT_EQ(space->SetBreak(VirtAddr{0x10'1000}), VirtAddr{0x10'0000});
}

TEST_F(AddressSpaceTest, TheBreakGrowsAndShrinks) {
  auto space = NewSpace();
  Use(space);
  const VirtAddr base{0x60'0123};
  space->SetBreakBase(base);
  EXPECT_EQ(space->SetBreak({}), base);
  EXPECT_EQ(space->SetBreak(base + 0x3000), base + 0x3000);
  EXPECT_EQ(Store(VirtAddr{0x60'1000}, 3), Status::kOk);
  EXPECT_EQ(Store(VirtAddr{0x60'3122}, 3), Status::kOk);
  EXPECT_EQ(space->SetBreak(VirtAddr{0x60'1001}), VirtAddr{0x60'1001});
  EXPECT_EQ(Load(VirtAddr{0x60'1000}), 3);
  EXPECT_EQ(Load(VirtAddr{0x60'3000}), -1);
  MapPages(space, VirtAddr{0x60'4000}, 1);
  EXPECT_EQ(space->SetBreak(VirtAddr{0x60'4001}), VirtAddr{0x60'1001});
  EXPECT_EQ(space->SetBreak(VirtAddr{0x60'4000}), VirtAddr{0x60'4000});
}

TEST_F(AddressSpaceTest, RemapGrowsShrinksAndMoves) {
  auto space = NewSpace();
  Use(space);
  using MayMove = AddressSpace::MayMove;
  MapPages(space, kBase, 4);
  for (int page = 0; page < 4; ++page) ASSERT_EQ(Store(kBase + page * kPageSize, 20 + page), Status::kOk);
  EXPECT_EQ(space->Remap(kBase, 4 * kPageSize, 2 * kPageSize, MayMove::kNo).value(), kBase);
  EXPECT_EQ(Load(kBase + 2 * kPageSize), -1);
  EXPECT_EQ(space->Remap(kBase, 2 * kPageSize, 6 * kPageSize, MayMove::kNo).value(), kBase);
  EXPECT_EQ(Load(kBase + 3 * kPageSize), 0);
  MapPages(space, kBase + 6 * kPageSize, 1, Access::kRead);
  EXPECT_EQ(space->Remap(kBase, 6 * kPageSize, 9 * kPageSize, MayMove::kNo).status(), Status::kNoMemory);
  const VirtAddr moved = space->Remap(kBase, 6 * kPageSize, 9 * kPageSize, MayMove::kYes).value();
  EXPECT_NE(moved, kBase);
  EXPECT_EQ(Load(moved), 20);
  EXPECT_EQ(Load(moved + kPageSize), 21);
  EXPECT_EQ(Load(moved + 8 * kPageSize), 0);
  EXPECT_EQ(Load(kBase), -1);
  EXPECT_EQ(Store(moved, 77), Status::kOk);
  EXPECT_EQ(space->stats().mapped_bytes, 10 * kPageSize);
  EXPECT_EQ(space->Remap(kBase, kPageSize, 2 * kPageSize, MayMove::kYes).status(), Status::kFault);
}

TEST_F(AddressSpaceTest, ReadAndWriteWorkOnASpaceThatIsNotActive) {
  auto space = NewSpace();
  MapPages(space, kBase, 3);
  std::string text(5000, 'x');
  ASSERT_EQ(space->Write(kBase + 100, text.data(), text.size()), Status::kOk);
  std::string back(5000, ' ');
  ASSERT_EQ(space->Read(kBase + 100, back.data(), back.size()), Status::kOk);
  EXPECT_EQ(back, text);
  EXPECT_EQ(space->Read(kBase + 2 * kPageSize, back.data(), back.size()), Status::kFault);
  ASSERT_EQ(space->Protect(kBase, kPageSize, Access::kRead), Status::kOk);
  EXPECT_EQ(space->Write(kBase, "a", 1), Status::kAccessDenied);
}

TEST_F(AddressSpaceTest, OutOfMemoryIsAnAnswer) {
  auto space = NewSpace();
  Use(space);
  MapPages(space, kBase, 1);
  FailAllocationsAfter(0);
  EXPECT_EQ(Store(kBase, 1), Status::kFault);
  EXPECT_EQ(last_fault_, Status::kNoMemory);
  FailAllocationsAfter(~std::uint64_t{0});
  EXPECT_EQ(Store(kBase, 1), Status::kOk);
}

TEST_F(AddressSpaceTest, PageTablesOfUnmappedMemoryAreFreed) {
  Use(NewSpace());
  const std::uint64_t before = CurrentMemoryInUse().frames;
  constexpr VirtAddr kFar{0x1000'0000'0000};
  MapPages(current_, kBase, 1);
  ASSERT_EQ(Store(kBase, 7), Status::kOk);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const VirtAddr at = kFar + i * (2u << 20);  // a table of its own each time
    MapPages(current_, at, 1);
    ASSERT_EQ(Store(at, 1), Status::kOk);
    ASSERT_EQ(current_->Unmap(at, kPageSize), Status::kOk);
  }
  EXPECT_LT(CurrentMemoryInUse().frames - before, 200u);
  EXPECT_EQ(Load(kBase), 7);
  // As late as the frames of pages: no CPU may walk through a table that has a new owner.
  std::size_t flushed = 0, unlinked = 0, at = 0;
  for (const host::MmuEvent& event : machine_.mmu().history()) {
    ++at;
    if (event.kind == host::MmuEvent::Kind::kFlushAll) flushed = at;
    if (event.kind == host::MmuEvent::Kind::kWrite && event.level > 0 && event.new_entry == 0) unlinked = at;
    if (event.kind == host::MmuEvent::Kind::kTableFreed) EXPECT_GT(flushed, unlinked);
  }
  EXPECT_GT(unlinked, 0u);
}

}  // namespace
}  // namespace esc::mm
