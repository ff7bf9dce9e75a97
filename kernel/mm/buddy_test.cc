#include "kernel/mm/buddy.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace esc::mm {
namespace {

class BuddyTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kFirst = 7;  // no round number: blocks are aligned by frame number, not by index
  static constexpr std::uint64_t kFrames = 5000;

  void SetUp() override { buddy_.Init(FrameNumber{kFirst}, records_); }
  void AddAll() { EXPECT_EQ(buddy_.AddRun({FrameNumber{kFirst}, FrameNumber{kFirst + kFrames}}, ~0ull), kFrames); }
  std::vector<std::uint64_t> FreeBlocks() const {
    std::vector<std::uint64_t> blocks;
    for (unsigned order = 0; order <= kMaxOrder; ++order) blocks.push_back(buddy_.free_blocks(order));
    return blocks;
  }

  std::vector<FrameRecord> records_ = std::vector<FrameRecord>(kFrames);
  Buddy buddy_;
};

TEST_F(BuddyTest, ARunBecomesTheLargestAlignedBlocks) {
  // 7 | 8-15 | 16-31
  EXPECT_EQ(buddy_.AddRun({FrameNumber{7}, FrameNumber{32}}, ~0ull), 25u);
  EXPECT_EQ(buddy_.free_blocks(0), 1u);
  EXPECT_EQ(buddy_.free_blocks(3), 1u);
  EXPECT_EQ(buddy_.free_blocks(4), 1u);
  EXPECT_EQ(buddy_.free_frames(), 25u);
}

TEST_F(BuddyTest, ALimitTakesThatManyFrames) {
  EXPECT_EQ(buddy_.AddRun({FrameNumber{7}, FrameNumber{100}}, 10), 10u);
  EXPECT_EQ(buddy_.free_frames(), 10u);
  EXPECT_EQ(buddy_.AddRun({FrameNumber{200}, FrameNumber{300}}, 0), 0u);
}

TEST_F(BuddyTest, SplitsAndMergesBack) {
  AddAll();
  const std::vector<std::uint64_t> before = FreeBlocks();
  FrameNumber one, other;
  ASSERT_TRUE(buddy_.Take(0, one));
  ASSERT_TRUE(buddy_.Take(3, other));
  EXPECT_EQ(other.value % 8, 0u);
  EXPECT_EQ(buddy_.free_frames(), kFrames - 9);
  buddy_.Put(other, 3);
  buddy_.Put(one, 0);
  EXPECT_EQ(FreeBlocks(), before);
}

TEST_F(BuddyTest, SaysWhenNothingIsLeft) {
  EXPECT_EQ(buddy_.AddRun({FrameNumber{8}, FrameNumber{12}}, ~0ull), 4u);
  FrameNumber frame;
  EXPECT_FALSE(buddy_.Take(3, frame));
  ASSERT_TRUE(buddy_.Take(2, frame));
  EXPECT_EQ(frame, FrameNumber{8});
  EXPECT_FALSE(buddy_.Take(0, frame));
}

TEST_F(BuddyTest, NeverMergesWithWhatItDoesNotManage) {
  // The buddy of 8 is 9, which is a hole; 6 is outside the records.
  EXPECT_EQ(buddy_.AddRun({FrameNumber{8}, FrameNumber{9}}, ~0ull), 1u);
  EXPECT_EQ(buddy_.AddRun({FrameNumber{7}, FrameNumber{8}}, ~0ull), 1u);
  FrameNumber frame;
  ASSERT_TRUE(buddy_.Take(0, frame));
  buddy_.Put(frame, 0);
  EXPECT_EQ(buddy_.free_blocks(0), 2u);
  EXPECT_FALSE(buddy_.Contains(FrameNumber{6}));
  EXPECT_FALSE(buddy_.Contains(FrameNumber{kFirst + kFrames}));
}

// Thousands of random steps against a map of who owns what.
TEST_F(BuddyTest, RandomTakesAndPutsNeverOverlapAndEndWhereTheyBegan) {
  AddAll();
  const std::vector<std::uint64_t> before = FreeBlocks();
  for (const unsigned seed : {1u, 2u, 3u, 4u}) {
    std::mt19937 random(seed);
    std::map<std::uint64_t, unsigned> owned;  // first frame -> order
    std::uint64_t owned_frames = 0;
    for (int step = 0; step < 20'000; ++step) {
      const bool take = owned.empty() || random() % 100 < (step / 1000 % 2 == 0 ? 65u : 35u);
      if (take) {
        const unsigned order = random() % 4 == 0 ? random() % (kMaxOrder + 1) : random() % 3;
        FrameNumber frame;
        if (!buddy_.Take(order, frame)) continue;
        const std::uint64_t end = frame.value + (1u << order);
        ASSERT_EQ(frame.value % (1u << order), 0u);
        ASSERT_TRUE(frame.value >= kFirst && end <= kFirst + kFrames);
        const auto next = owned.lower_bound(frame.value);
        ASSERT_TRUE(next == owned.end() || next->first >= end) << "handed out twice";
        if (next != owned.begin()) {
          const auto previous = std::prev(next);
          ASSERT_LE(previous->first + (1u << previous->second), frame.value) << "handed out twice";
        }
        owned.emplace(frame.value, order);
        owned_frames += 1u << order;
      } else {
        auto at = owned.begin();
        std::advance(at, random() % owned.size());
        buddy_.Put(FrameNumber{at->first}, at->second);
        owned_frames -= 1u << at->second;
        owned.erase(at);
      }
      ASSERT_EQ(buddy_.free_frames(), kFrames - owned_frames);
    }
    for (const auto& [first, order] : owned) buddy_.Put(FrameNumber{first}, order);
    ASSERT_EQ(FreeBlocks(), before) << "seed " << seed;
  }
}

}  // namespace
}  // namespace esc::mm
