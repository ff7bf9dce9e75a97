#include "kernel/arch_x86_64/page_table.h"

#include <vector>

#include "gtest/gtest.h"
#include "kernel/arch_x86_64/page_table_fake.h"

namespace esc::arch::x86 {
namespace {

constexpr Access kReadWriteAccess = Access::kRead | Access::kWrite;
constexpr VirtAddr kPage{0x7000'1234'5000};

class PageTableTest : public testing::Test {
 protected:
  PageMapping User(std::uint64_t frame, Access access = kReadWriteAccess) {
    return {FrameNumber{frame}, access, Mode::kUser};
  }

  FakeTableMemory memory_;
  PhysAddr root_ = memory_.Allocate().value();
  PageTable<FakeTableMemory> table_{memory_, root_};
};

TEST_F(PageTableTest, MapsAndFindsWhatWasMapped) {
  PageMapping mapping = User(0x55, Access::kRead | Access::kExecute);
  mapping.copy_on_write = true;
  ASSERT_EQ(table_.Map(kPage, mapping, memory_), Status::kOk);
  EXPECT_EQ(table_.Lookup(kPage), mapping);
  EXPECT_EQ(table_.Lookup(kPage + kPageSize), std::nullopt);
  EXPECT_EQ(memory_.tables(), 4u);
}

TEST_F(PageTableTest, EveryTableIsCompleteBeforeItIsLinked) {
  ASSERT_EQ(table_.Map(kPage, User(0x55), memory_), Status::kOk);
  ASSERT_EQ(memory_.writes().size(), 4u);
  // Root first, page last; each write fills what was empty, and only the last makes the page present.
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(memory_.writes()[i].before, 0u);
  EXPECT_EQ(memory_.writes()[0].at.Frame(), root_.Frame());
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(memory_.writes()[i].value & kAddressMask, AddressOf(memory_.writes()[i + 1].at.Frame()).value);
    EXPECT_EQ(memory_.writes()[i].value & (kPresent | kWritable | kUser), kPresent | kWritable | kUser);
  }
  EXPECT_EQ(memory_.writes()[3].value & kNoExecute, kNoExecute);
}

TEST_F(PageTableTest, MappingTwiceIsRefusedAndChangesNothing) {
  ASSERT_EQ(table_.Map(kPage, User(0x55), memory_), Status::kOk);
  memory_.ForgetWrites();
  EXPECT_EQ(table_.Map(kPage, User(0x66), memory_), Status::kAlreadyExists);
  EXPECT_TRUE(memory_.writes().empty());
}

TEST_F(PageTableTest, WithoutFramesNoTranslationAppears) {
  for (std::size_t frames = 0; frames < 3; ++frames) {
    FakeTableMemory memory;
    PageTable<FakeTableMemory> table(memory, memory.Allocate().value());
    memory.frames_left = frames;
    EXPECT_EQ(table.Map(kPage, User(0x55), memory), Status::kNoMemory);
    EXPECT_EQ(table.Lookup(kPage), std::nullopt);
    memory.frames_left = 3;  // what was made is used by the next attempt
    EXPECT_EQ(table.Map(kPage, User(0x55), memory), Status::kOk);
    EXPECT_EQ(memory.tables(), 4u);
  }
}

TEST_F(PageTableTest, APageWithoutAccessIsMappedButNotPresent) {
  ASSERT_EQ(table_.Map(kPage, User(0x55, Access::kNone), memory_), Status::kOk);
  EXPECT_EQ(memory_.writes().back().value & kPresent, 0u);
  ASSERT_TRUE(table_.Lookup(kPage).has_value());
  EXPECT_EQ(table_.Lookup(kPage)->frame, FrameNumber{0x55});
  EXPECT_EQ(table_.Lookup(kPage)->access, Access::kNone);
  EXPECT_EQ(table_.Map(kPage, User(0x66), memory_), Status::kAlreadyExists);
  EXPECT_EQ(table_.Unmap(kPage)->frame, FrameNumber{0x55});
}

TEST_F(PageTableTest, RefusesWhatNeverMayBeMapped) {
  EXPECT_EQ(table_.Map(kPage + 1, User(1), memory_), Status::kInvalidArgument);
  EXPECT_EQ(table_.Map(VirtAddr{0}, User(1), memory_), Status::kOutOfRange);
  EXPECT_EQ(table_.Map(kUserEnd, User(1), memory_), Status::kOutOfRange);
  EXPECT_EQ(table_.Map(kKernelVirtualBase, User(1), memory_), Status::kOutOfRange);
  EXPECT_EQ(table_.Map(kPage, User(std::uint64_t{1} << 40), memory_), Status::kOutOfRange);
  PageMapping kernel{FrameNumber{1}, Access::kWrite | Access::kExecute, Mode::kKernel};
  EXPECT_EQ(table_.Map(kKernelVirtualBase, kernel, memory_), Status::kInvalidArgument);
  kernel.access = kReadWriteAccess;
  EXPECT_EQ(table_.Map(kPage, kernel, memory_), Status::kOutOfRange);
  EXPECT_EQ(table_.Map(VirtAddr{0xFFFF'FFFF'8000'0000}, kernel, memory_), Status::kOutOfRange);
  EXPECT_TRUE(memory_.writes().empty());
  EXPECT_EQ(table_.Map(kKernelVirtualBase, kernel, memory_), Status::kOk);
  EXPECT_EQ(memory_.writes().back().value & (kUser | kGlobal), kGlobal);
}

TEST_F(PageTableTest, UnmapGivesTheBitsThatTheHardwareSetLast) {
  ASSERT_EQ(table_.Map(kPage, User(0x55), memory_), Status::kOk);
  const PhysAddr at = memory_.writes().back().at;
  memory_.Store(at, memory_.Load(at) | kAccessed | kDirty);
  const auto was = table_.Unmap(kPage);
  ASSERT_TRUE(was.has_value());
  EXPECT_TRUE(was->accessed && was->dirty);
  EXPECT_EQ(memory_.exchanges, 1u);
  EXPECT_EQ(table_.Unmap(kPage), std::nullopt);
}

TEST_F(PageTableTest, ReplaceIsOneWrite) {
  EXPECT_EQ(table_.Replace(kPage, User(0x66)), Status::kNotFound);
  ASSERT_EQ(table_.Map(kPage, User(0x55), memory_), Status::kOk);
  memory_.ForgetWrites();
  EXPECT_EQ(table_.Replace(kPage, User(0x66, Access::kRead)), Status::kOk);
  EXPECT_EQ(memory_.writes().size(), 1u);
  EXPECT_EQ(table_.Lookup(kPage), User(0x66, Access::kRead));
}

TEST_F(PageTableTest, VisitsMappedPagesInOrderAndAppliesEdits) {
  const VirtAddr far = kPage + SpanOf(4);
  const std::vector<VirtAddr> pages = {kPage, kPage + kPageSize, kPage + SpanOf(2), far};
  for (std::size_t i = 0; i < pages.size(); ++i) {
    ASSERT_EQ(table_.Map(pages[i], User(0x55 + i), memory_), Status::kOk);
  }
  std::vector<VirtAddr> seen;
  table_.Visit(kUserBase, kUserEnd, [&](VirtAddr page, PageMapping& mapping) {
    seen.push_back(page);
    if (page == kPage) return PageEdit::kUnmap;
    mapping.access = Access::kRead;
    return page == far ? PageEdit::kReplace : PageEdit::kKeep;
  });
  EXPECT_EQ(seen, pages);
  EXPECT_EQ(table_.Lookup(kPage), std::nullopt);
  EXPECT_EQ(table_.Lookup(pages[1])->access, kReadWriteAccess);
  EXPECT_EQ(table_.Lookup(far)->access, Access::kRead);
}

TEST_F(PageTableTest, VisitKeepsToItsRange) {
  for (int i = 0; i < 4; ++i) ASSERT_EQ(table_.Map(kPage + i * kPageSize, User(0x55), memory_), Status::kOk);
  std::vector<VirtAddr> seen;
  table_.Visit(kPage + kPageSize, kPage + 3 * kPageSize, [&](VirtAddr page, PageMapping&) {
    seen.push_back(page);
    return PageEdit::kKeep;
  });
  EXPECT_EQ(seen, (std::vector<VirtAddr>{kPage + kPageSize, kPage + 2 * kPageSize}));
}

// A search by cache lines must not miss the first or last entry of one, nor a line's second.
TEST_F(PageTableTest, FreesTablesWhereverTheirEntriesLie) {
  const unsigned indices[] = {0, 7, 8, 9, 254, 255};
  for (const unsigned index : indices) {
    const VirtAddr page{kPage.value % SpanOf(4) + index * SpanOf(4)};
    ASSERT_EQ(table_.Map(page, User(0x55), memory_), Status::kOk) << index;
  }
  table_.FreeUserTables(memory_);
  EXPECT_EQ(memory_.freed.size(), 3 * std::size(indices));
  EXPECT_EQ(memory_.tables(), 1u);  // the root
}

TEST_F(PageTableTest, FreesEveryUserTableAndKeepsTheKernels) {
  ASSERT_EQ(table_.Map(kPage, User(0x55), memory_), Status::kOk);
  ASSERT_EQ(table_.Map(VirtAddr{0x1000}, User(0x56), memory_), Status::kOk);
  const PageMapping kernel{FrameNumber{0x57}, kReadWriteAccess, Mode::kKernel};
  ASSERT_EQ(table_.Map(kKernelVirtualBase, kernel, memory_), Status::kOk);
  (void)table_.Unmap(kPage);
  (void)table_.Unmap(VirtAddr{0x1000});
  table_.FreeUserTables(memory_);
  EXPECT_EQ(memory_.freed.size(), 6u);
  EXPECT_EQ(memory_.tables(), 4u);
  EXPECT_EQ(table_.Lookup(kPage), std::nullopt);
  EXPECT_EQ(table_.Lookup(kKernelVirtualBase)->frame, FrameNumber{0x57});
}

TEST_F(PageTableTest, EmptyTablesAreUnlinkedBeforeTheyAreFreed) {
  const VirtAddr kept{0x40'0000}, near{0x80'0000}, far{0x7000'0000'0000};
  for (const VirtAddr page : {kept, near, far}) ASSERT_EQ(table_.Map(page, User(7), memory_), Status::kOk);
  EXPECT_EQ(table_.UnlinkEmptyTables(), PhysAddr{});
  // A page without any access is not present, and yet there.
  PageMapping none = User(7);
  none.access = Access::kNone;
  ASSERT_EQ(table_.Replace(kept, none), Status::kOk);
  table_.Unmap(near);
  table_.Unmap(far);
  const std::size_t before = memory_.tables();
  const PhysAddr chain = table_.UnlinkEmptyTables();
  EXPECT_EQ(memory_.tables(), before);  // a CPU may still walk through them
  EXPECT_EQ(memory_.Load(chain) & kPresent, 0u);
  table_.FreeUnlinkedTables(chain, memory_);
  EXPECT_EQ(memory_.tables(), before - 4);  // one of `near`, three of `far`
  EXPECT_TRUE(table_.Lookup(kept).has_value());
  ASSERT_EQ(table_.Map(near, User(8), memory_), Status::kOk);
  EXPECT_EQ(table_.Lookup(near)->frame, FrameNumber{8});
}

}  // namespace
}  // namespace esc::arch::x86
