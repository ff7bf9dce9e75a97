#include "kernel/mm/heap.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "kernel/mm/frames.h"
#include "kernel/mm/machine_fixture.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::mm {
namespace {

class HeapTest : public MachineTest {};

bool Aligned(const void* block, std::size_t alignment) {
  return reinterpret_cast<std::uintptr_t>(block) % alignment == 0;
}

TEST_F(HeapTest, EverySizeIsThereAlignedAndItsOwn) {
  std::vector<std::pair<unsigned char*, std::size_t>> blocks;
  for (std::size_t bytes = 0; bytes < 9000; bytes += bytes < 300 ? 1 : 97) {
    auto* block = static_cast<unsigned char*>(Allocate(bytes));
    ASSERT_NE(block, nullptr);
    EXPECT_TRUE(Aligned(block, 16));
    std::memset(block, static_cast<int>(bytes % 251), bytes);
    blocks.emplace_back(block, bytes);
  }
  for (const auto& [block, bytes] : blocks) {
    for (std::size_t i = 0; i < bytes; ++i) ASSERT_EQ(block[i], bytes % 251);
  }
  EXPECT_EQ(GetHeapStats().live_blocks, blocks.size());
  for (const auto& [block, bytes] : blocks) Free(block);
  EXPECT_EQ(GetHeapStats().live_blocks, 0u);
  EXPECT_EQ(GetHeapStats().live_bytes, 0u);
}

TEST_F(HeapTest, AlignmentIsKeptUpToAPage) {
  std::vector<void*> blocks;
  for (std::size_t alignment = 1; alignment <= kPageSize; alignment *= 2) {
    for (const std::size_t bytes : {1u, 40u, 64u, 200u, 2000u, 5000u}) {
      blocks.push_back(Allocate(bytes, alignment));
      ASSERT_NE(blocks.back(), nullptr);
      EXPECT_TRUE(Aligned(blocks.back(), alignment)) << bytes << " at " << alignment;
    }
  }
  for (void* block : blocks) Free(block);
}

TEST_F(HeapTest, LargeBlocksComeAsFramesAndGoBackAsSuch) {
  const std::uint64_t before = GetFrameStats().free;
  void* block = Allocate(3u << 20);
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(before - GetFrameStats().free, 1u << kMaxOrder);
  Free(block);
  EXPECT_EQ(GetFrameStats().free, before);
  EXPECT_EQ(Allocate((kPageSize << kMaxOrder) + 1), nullptr);
  EXPECT_EQ(Allocate(~std::size_t{0}), nullptr);
  EXPECT_EQ(Allocate(~std::size_t{0} - 4), nullptr);
}

TEST_F(HeapTest, EmptySlabsGoBackButForOneAClass) {
  const std::uint64_t before = GetFrameStats().free;
  std::vector<void*> blocks;
  for (int i = 0; i < 10'000; ++i) blocks.push_back(Allocate(100));
  EXPECT_LT(GetFrameStats().free, before - 200);
  for (void* block : blocks) Free(block);
  EXPECT_GE(GetFrameStats().free, before - 1);
  EXPECT_LE(GetHeapStats().slab_frames, 1u);
}

TEST_F(HeapTest, ExhaustionIsAnAnswerAndNothingIsLost) {
  const std::uint64_t before = GetFrameStats().free;
  std::vector<void*> blocks;
  for (void* block = Allocate(1000); block != nullptr; block = Allocate(1000)) blocks.push_back(block);
  EXPECT_GT(blocks.size(), 40'000u);
  for (void* block : blocks) Free(block);
  EXPECT_GE(GetFrameStats().free, before - 4);
  FailAllocationsAfter(0);
  EXPECT_EQ(Allocate(16), nullptr) << "the injector reaches blocks that need no new frame";
}

TEST_F(HeapTest, RandomAllocationsKeepTheirContents) {
  std::mt19937 random(7);
  struct Block {
    unsigned char* memory;
    std::size_t bytes;
    unsigned char fill;
  };
  std::vector<Block> blocks;
  for (int step = 0; step < 30'000; ++step) {
    if (blocks.empty() || random() % 100 < 52) {
      const std::size_t bytes = random() % 8 == 0 ? random() % 20'000 : random() % 600;
      const auto fill = static_cast<unsigned char>(random());
      auto* memory = static_cast<unsigned char*>(Allocate(bytes));
      ASSERT_NE(memory, nullptr);
      std::memset(memory, fill, bytes);
      blocks.push_back({memory, bytes, fill});
    } else {
      std::swap(blocks[random() % blocks.size()], blocks.back());
      const Block block = blocks.back();
      blocks.pop_back();
      for (std::size_t i = 0; i < block.bytes; i += 1 + block.bytes / 16) ASSERT_EQ(block.memory[i], block.fill);
      Free(block.memory);
    }
  }
  for (const Block& block : blocks) Free(block.memory);
}

TEST_F(HeapTest, NewConstructsAndOwnedDestroys) {
  static int alive = 0;
  struct Thing {
    explicit Thing(int value) : value(value) { ++alive; }
    ~Thing() { --alive; }
    int value;
  };
  {
    const Owned<Thing> thing = New<Thing>(5).value();
    EXPECT_EQ(thing->value, 5);
    EXPECT_EQ(alive, 1);
  }
  EXPECT_EQ(alive, 0);
  FailAllocationsAfter(0);
  EXPECT_EQ(New<Thing>(6).status(), Status::kNoMemory);
  EXPECT_EQ(alive, 0);
}

struct Shape : RefCounted<Shape> {
  virtual ~Shape() = default;
};
struct Other {
  virtual ~Other() = default;
  std::uint64_t word = 0;
};
// The counted base does not lie at the object's beginning.
struct Square final : Other, Shape {
  explicit Square(int& destroyed) : destroyed(destroyed) {}
  ~Square() override { ++destroyed; }
  int& destroyed;
};

TEST_F(HeapTest, TheLastReferenceDestroysTheWholeObject) {
  int destroyed = 0;
  {
    RefPtr<Shape> shape;
    {
      const RefPtr<Square> square = MakeRef<Square>(destroyed).value();
      shape = square;
      EXPECT_EQ(shape->references(), 2u);
    }
    EXPECT_EQ(destroyed, 0);
    RefPtr<Shape> moved = std::move(shape);
    EXPECT_EQ(moved->references(), 1u);
    shape = moved;
    moved = shape;
    EXPECT_EQ(shape->references(), 2u);
  }
  EXPECT_EQ(destroyed, 1);
  EXPECT_EQ(GetHeapStats().live_blocks, 0u);
}

using HeapDeathTest = HeapTest;

TEST_F(HeapDeathTest, MisuseIsFound) {
  auto* block = static_cast<unsigned char*>(Allocate(40));
  EXPECT_DEATH(Free(block + 16), "not the beginning of a block");
  EXPECT_DEATH(block[40] = 1, "use-after-poison");
  Free(block);
  EXPECT_DEATH(block[8] = 1, "use-after-poison");
  EXPECT_DEATH(Free(block), "freed twice");
  EXPECT_DEATH(Free(arch::DirectMap(SharedZeroFrame())), "not a heap block");
}

}  // namespace
}  // namespace esc::mm
