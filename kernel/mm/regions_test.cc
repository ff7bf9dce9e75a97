#include "kernel/mm/regions.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <vector>

#include "kernel/mm/machine_fixture.h"
#include "kernel/mm/page_source.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::mm {
namespace {

using arch::Access;
constexpr Access kReadWrite = Access::kRead | Access::kWrite;

VirtAddr Page(std::uint64_t number) { return {number * kPageSize}; }

class NamedSource final : public PageSource {
 public:
  Status ReadPage(std::uint64_t, void*) override { return Status::kIoError; }
  Result<FrameNumber> SharePage(std::uint64_t) override { return Status::kNotSupported; }
};

class RegionsTest : public MachineTest {
 protected:
  void Add(std::uint64_t begin, std::uint64_t end, Access access = kReadWrite, RefPtr<PageSource> source = {},
           std::uint64_t offset = 0, Growth growth = Growth::kFixed) {
    ASSERT_EQ(regions_.Reserve(), Status::kOk);
    regions_.Insert({.begin = Page(begin),
                     .end = Page(end),
                     .access = access,
                     .growth = growth,
                     .anonymous = !source,
                     .source = std::move(source),
                     .source_offset = offset});
  }
  void Remove(std::uint64_t begin, std::uint64_t end) {
    ASSERT_EQ(regions_.Reserve(), Status::kOk);
    DroppedSources dropped;
    regions_.Cut(Page(begin), Page(end), dropped);
  }
  // Pairs of page numbers.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> Ranges() {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
    for (const Region& region : regions_.items()) {
      ranges.emplace_back(region.begin.value / kPageSize, region.end.value / kPageSize);
    }
    return ranges;
  }
  using R = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

  void TearDown() override {
    storage_.reset();
    MachineTest::TearDown();
  }

  // Goes before the machine does: its array lies in the machine's heap.
  std::optional<Regions> storage_{std::in_place};
  Regions& regions_ = *storage_;
};

TEST_F(RegionsTest, FindsWhatContainsAnAddress) {
  Add(10, 20);
  Add(30, 40, Access::kRead);
  EXPECT_EQ(regions_.Find(Page(9)), nullptr);
  EXPECT_EQ(regions_.Find(Page(10))->begin, Page(10));
  EXPECT_EQ(regions_.Find(Page(20) - 1)->begin, Page(10));
  EXPECT_EQ(regions_.Find(Page(20)), nullptr);
  EXPECT_EQ(regions_.Find(Page(39))->begin, Page(30));
  EXPECT_EQ(regions_.IndexAbove(Page(20)), 1u);
  EXPECT_EQ(regions_.IndexAbove(Page(40)), 2u);
}

TEST_F(RegionsTest, NeighboursMergeOnlyWhenTheyContinueEachOther) {
  const RefPtr<PageSource> file = MakeRef<NamedSource>().value();
  Add(10, 20);
  Add(20, 30, Access::kRead);
  Add(30, 40);
  EXPECT_EQ(Ranges(), (R{{10, 20}, {20, 30}, {30, 40}}));
  Add(40, 50);
  EXPECT_EQ(Ranges(), (R{{10, 20}, {20, 30}, {30, 50}}));
  Remove(20, 30);
  Add(20, 30);
  EXPECT_EQ(Ranges(), (R{{10, 50}}));
  Add(100, 110, kReadWrite, file, 0);
  Add(110, 120, kReadWrite, file, 10 * kPageSize);
  Add(120, 130, kReadWrite, file, 0);
  EXPECT_EQ(Ranges(), (R{{10, 50}, {100, 120}, {120, 130}}));
  EXPECT_EQ(file->references(), 3u);
  Remove(0, 1000);
  EXPECT_EQ(file->references(), 1u);
}

TEST_F(RegionsTest, CuttingSplitsTrimsAndRemoves) {
  const RefPtr<PageSource> file = MakeRef<NamedSource>().value();
  Add(10, 50, kReadWrite, file, 0);
  Remove(20, 30);
  EXPECT_EQ(Ranges(), (R{{10, 20}, {30, 50}}));
  EXPECT_EQ(regions_.items()[1].source_offset, 20 * kPageSize);
  Remove(5, 12);
  EXPECT_EQ(regions_.items()[0].source_offset, 2 * kPageSize);
  Remove(45, 60);
  EXPECT_EQ(Ranges(), (R{{12, 20}, {30, 45}}));
  Remove(12, 20);
  EXPECT_EQ(Ranges(), (R{{30, 45}}));
  Remove(100, 200);
  Remove(30, 45);
  EXPECT_EQ(regions_.size(), 0u);
  EXPECT_EQ(file->references(), 1u);
}

TEST_F(RegionsTest, ACutGivesDroppedSourcesToItsCaller) {
  struct Reporting final : PageSource {
    explicit Reporting(bool& gone) : gone(gone) {}
    ~Reporting() override { gone = true; }
    Status ReadPage(std::uint64_t, void*) override { return Status::kIoError; }
    Result<FrameNumber> SharePage(std::uint64_t) override { return Status::kIoError; }
    bool& gone;
  };
  bool gone = false;
  Add(10, 20, kReadWrite, RefPtr<PageSource>(MakeRef<Reporting>(gone).value()));
  {
    DroppedSources dropped;
    ASSERT_EQ(regions_.Reserve(), Status::kOk);
    regions_.Cut(Page(0), Page(100), dropped);
    EXPECT_FALSE(gone);
  }
  EXPECT_TRUE(gone);
}

TEST_F(RegionsTest, GapsAreFoundFromAboveAndStacksKeepTheirs) {
  Add(100, 110);
  Add(120, 130, Access::kRead);
  const auto gap = [&](std::uint64_t pages, std::uint64_t low, std::uint64_t high) -> std::int64_t {
    const Result<VirtAddr> found = regions_.FindGap(pages * kPageSize, Page(low), Page(high));
    return found.ok() ? static_cast<std::int64_t>(found->value / kPageSize) : -1;
  };
  EXPECT_EQ(gap(5, 1, 200), 195);
  EXPECT_EQ(gap(5, 1, 132), 115);
  EXPECT_EQ(gap(10, 1, 132), 110);
  EXPECT_EQ(gap(11, 1, 132), 89);
  EXPECT_EQ(gap(11, 90, 132), -1);
  EXPECT_EQ(gap(10, 90, 125), 110);
  EXPECT_EQ(gap(1, 100, 110), -1);
  EXPECT_EQ(gap(10, 110, 120), 110);
  Add(1000, 1010, kReadWrite, {}, 0, Growth::kDown);
  EXPECT_EQ(gap(5, 1, 1005), 1000 - 256 - 5);
  EXPECT_EQ(gap(5, 1000 - 256, 1000), -1);
}

TEST_F(RegionsTest, AccessChangesSplitAndMerge) {
  Add(10, 40);
  ASSERT_EQ(regions_.Reserve(), Status::kOk);
  regions_.SetAccess(Page(20), Page(30), Access::kRead);
  EXPECT_EQ(Ranges(), (R{{10, 20}, {20, 30}, {30, 40}}));
  ASSERT_EQ(regions_.Reserve(), Status::kOk);
  regions_.SetAccess(Page(10), Page(40), Access::kRead);
  EXPECT_EQ(Ranges(), (R{{10, 40}}));
  EXPECT_TRUE(regions_.Filled(Page(10), Page(40)));
  EXPECT_FALSE(regions_.Filled(Page(10), Page(41)));
  EXPECT_EQ(regions_.BytesIn(Page(35), Page(50)), 5 * kPageSize);
}

TEST_F(RegionsTest, ManyRegionsAgainstAMapOfPages) {
  constexpr std::uint64_t kPages = 400;
  for (const unsigned seed : {1u, 2u, 3u}) {
    std::mt19937 random(seed);
    std::vector<int> model(kPages, -1);  // access of each page, or -1
    for (int step = 0; step < 3000; ++step) {
      const std::uint64_t begin = 1 + random() % (kPages - 1);
      const std::uint64_t end = std::min<std::uint64_t>(kPages, begin + 1 + random() % 6);  // touches few regions
      const int access = 1 + static_cast<int>(random() % 3);
      if (random() % 3 != 0) {
        Remove(begin, end);
        std::fill(model.begin() + begin, model.begin() + end, -1);
      }
      if (random() % 2 == 0 && regions_.Free(Page(begin), Page(end))) {
        Add(begin, end, static_cast<Access>(access));
        std::fill(model.begin() + begin, model.begin() + end, access);
      } else if (regions_.Filled(Page(begin), Page(end))) {
        ASSERT_EQ(regions_.Reserve(), Status::kOk);
        regions_.SetAccess(Page(begin), Page(end), static_cast<Access>(access));
        std::fill(model.begin() + begin, model.begin() + end, access);
      }
      for (std::uint64_t page = 0; page < kPages; ++page) {
        const Region* region = regions_.Find(Page(page));
        ASSERT_EQ(region == nullptr ? -1 : static_cast<int>(region->access), model[page]) << "page " << page;
      }
      for (std::size_t i = 1; i < regions_.size(); ++i) {
        const Region& low = regions_.items()[i - 1];
        const Region& high = regions_.items()[i];
        ASSERT_TRUE(low.end < high.begin || (low.end == high.begin && low.access != high.access)) << "not merged";
      }
    }
    while (regions_.size() != 0) Remove(regions_.items()[0].begin.value / kPageSize, regions_.items()[0].end.value / kPageSize);
  }
}

}  // namespace
}  // namespace esc::mm
