// Pages that come from a file: private, shared, and when the file cannot give them.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <utility>
#include <vector>

#include "kernel/arch_api/paging.h"
#include "kernel/base/port.h"
#include "kernel/base/spin_lock.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/address_space_fixture.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/page_source.h"
#include "kernel/mm/ref_ptr.h"

namespace esc::mm {
namespace {

using arch::Access;

// A file of frames: every byte of page n is first_byte + n.
class FakeFile final : public PageSource {
 public:
  enum class Frames { kShared, kCopiedOnly };
  FakeFile(std::uint64_t pages, Frames mode, int first_byte = 1) : mode_(mode) {
    for (std::uint64_t page = 0; page < pages; ++page) {
      frames_.push_back(AllocateFrame().value());
      std::memset(arch::DirectMap(frames_.back()), first_byte + static_cast<int>(page), kPageSize);
    }
  }
  ~FakeFile() override { DropFrames(frames_); }

  Status ReadPage(std::uint64_t offset, void* page) override {
    ++reads;
    if (const auto hook = std::exchange(before_answer, nullptr)) hook();
    if (!Ok(failure)) return failure;
    if (offset / kPageSize >= frames_.size()) return Status::kIoError;
    std::memcpy(page, arch::DirectMap(frames_[offset / kPageSize]), kPageSize);
    return Status::kOk;
  }
  Result<FrameNumber> SharePage(std::uint64_t offset) override {
    if (const auto hook = std::exchange(before_answer, nullptr)) hook();
    if (mode_ == Frames::kCopiedOnly) return Status::kNotSupported;
    if (offset / kPageSize >= frames_.size()) return Status::kIoError;
    ShareFrame(frames_[offset / kPageSize]);
    return frames_[offset / kPageSize];
  }
  std::uint8_t ByteAt(std::uint64_t page) const {
    return *static_cast<const std::uint8_t*>(arch::DirectMap(frames_[page]));
  }

  int reads = 0;
  Status failure = Status::kOk;
  std::function<void()> before_answer;  // what happens elsewhere while the file is asked next

 private:
  const Frames mode_;
  std::vector<FrameNumber> frames_;
};

class SourceTest : public AddressSpaceTest {
 protected:
  void SetUp() override {
    AddressSpaceTest::SetUp();
    space_ = NewSpace();
    Use(space_);
  }
  void TearDown() override {
    space_.Reset();
    AddressSpaceTest::TearDown();
  }
  void MapFile(const RefPtr<FakeFile>& file, Access access, Sharing sharing = Sharing::kPrivate,
               std::uint64_t offset = 0, std::uint64_t pages = 4) {
    ASSERT_EQ(space_
                  ->Map(kBase, pages * kPageSize, Placement::kFixed,
                        {.access = access, .sharing = sharing, .source = file, .source_offset = offset})
                  .status(),
              Status::kOk);
  }
  RefPtr<AddressSpace> space_;
};

TEST_F(SourceTest, PrivateReadsShareTheFilesFramesUntilAWrite) {
  const auto file = MakeRef<FakeFile>(4u, FakeFile::Frames::kShared).value();
  MapFile(file, kReadWrite, Sharing::kPrivate, kPageSize);
  const std::uint64_t tables_and_pages = GetFrameStats().free;
  EXPECT_EQ(Load(kBase), 2);
  EXPECT_EQ(Load(kBase + kPageSize), 3);
  EXPECT_GE(GetFrameStats().free + 3, tables_and_pages) << "only tables were taken";
  ASSERT_EQ(Store(kBase, 99), Status::kOk);
  EXPECT_EQ(Load(kBase), 99);
  EXPECT_EQ(Load(kBase + 1), 2) << "the rest of the page came along";
  EXPECT_EQ(file->ByteAt(1), 2) << "the file is as it was";
  EXPECT_EQ(file->reads, 0);
}

TEST_F(SourceTest, AWriteFirstReadsItsOwnCopyAtOnce) {
  const auto file = MakeRef<FakeFile>(4u, FakeFile::Frames::kShared).value();
  MapFile(file, kReadWrite);
  ASSERT_EQ(Store(kBase + 5, 99), Status::kOk);
  EXPECT_EQ(Load(kBase), 1);
  EXPECT_EQ(file->reads, 1);
  EXPECT_EQ(space_->stats().copy_on_write_faults, 0u);
  EXPECT_EQ(file->ByteAt(0), 1);
}

TEST_F(SourceTest, AFileThatCannotShareIsCopied) {
  const auto file = MakeRef<FakeFile>(4u, FakeFile::Frames::kCopiedOnly).value();
  MapFile(file, kReadWrite);
  EXPECT_EQ(Load(kBase + 2 * kPageSize), 3);
  EXPECT_EQ(file->reads, 1);
  ASSERT_EQ(Store(kBase + 2 * kPageSize, 9), Status::kOk);
  EXPECT_EQ(space_->stats().copy_on_write_faults, 0u) << "the copy was private already";
  MapFile(file, kReadWrite, Sharing::kShared);
  EXPECT_EQ(Load(kBase), -1);
  EXPECT_EQ(last_fault_, Status::kFault);
}

TEST_F(SourceTest, SharedMappingsWriteToTheFile) {
  const auto file = MakeRef<FakeFile>(4u, FakeFile::Frames::kShared).value();
  MapFile(file, kReadWrite, Sharing::kShared);
  ASSERT_EQ(Store(kBase + kPageSize, 77), Status::kOk);
  EXPECT_EQ(file->ByteAt(1), 77);
  auto child = space_->Fork().value();
  Use(child);
  ASSERT_EQ(Store(kBase + kPageSize, 78), Status::kOk);
  EXPECT_EQ(file->ByteAt(1), 78);
  EXPECT_TRUE(RegionsOf(child)[0].file_backed);
}

TEST_F(SourceTest, PrivateFilePagesForkCopyOnWrite) {
  const auto file = MakeRef<FakeFile>(4u, FakeFile::Frames::kShared).value();
  MapFile(file, kReadWrite);
  ASSERT_EQ(Store(kBase, 50), Status::kOk);
  EXPECT_EQ(Load(kBase + kPageSize), 2);
  auto child = space_->Fork().value();
  Use(child);
  ASSERT_EQ(Store(kBase, 60), Status::kOk);
  ASSERT_EQ(Store(kBase + kPageSize, 61), Status::kOk);
  EXPECT_EQ(Load(kBase + 2 * kPageSize), 3);
  Use(space_);
  EXPECT_EQ(Load(kBase), 50);
  EXPECT_EQ(Load(kBase + kPageSize), 2);
  EXPECT_EQ(file->ByteAt(1), 2);
}

TEST_F(SourceTest, AReadOnlyPageMadeWritableDoesNotWriteToTheFile) {
  const auto file = MakeRef<FakeFile>(4u, FakeFile::Frames::kShared).value();
  MapFile(file, Access::kRead);
  EXPECT_EQ(Load(kBase), 1);
  ASSERT_EQ(space_->Protect(kBase, kPageSize, kReadWrite), Status::kOk);
  ASSERT_EQ(Store(kBase, 9), Status::kOk);
  EXPECT_EQ(file->ByteAt(0), 1);
}

TEST_F(SourceTest, WhatMustNotBeWrittenCannotBeMadeWritable) {
  const auto file = MakeRef<FakeFile>(4u, FakeFile::Frames::kShared).value();
  const RegionOptions options{
      .access = Access::kRead, .most = Access::kRead | Access::kExecute, .sharing = Sharing::kShared, .source = file};
  ASSERT_TRUE(space_->Map(kBase, 2 * kPageSize, Placement::kFixed, options).ok());
  MapPages(space_, kBase + 2 * kPageSize, 1, Access::kRead);
  // Also in a range that begins with what may be, and in a piece that was split off.
  EXPECT_EQ(space_->Protect(kBase + kPageSize, 2 * kPageSize, kReadWrite), Status::kAccessDenied);
  ASSERT_EQ(space_->Protect(kBase + kPageSize, kPageSize, Access::kNone), Status::kOk);
  EXPECT_EQ(space_->Protect(kBase + kPageSize, kPageSize, kReadWrite), Status::kAccessDenied);
  EXPECT_EQ(space_->Protect(kBase, kPageSize, Access::kRead | Access::kExecute), Status::kOk);
  EXPECT_EQ(space_->HandleFault(kBase, Access::kWrite), Status::kAccessDenied);
  EXPECT_EQ(space_->Protect(kBase + 2 * kPageSize, kPageSize, kReadWrite), Status::kOk);
  Use(space_);
  EXPECT_EQ(Load(kBase), 1);
}

TEST_F(SourceTest, ErrorsOfTheFileAreFaults) {
  const auto file = MakeRef<FakeFile>(2u, FakeFile::Frames::kShared).value();
  MapFile(file, kReadWrite);
  EXPECT_EQ(Load(kBase + 3 * kPageSize), -1);
  EXPECT_EQ(last_fault_, Status::kFault);
  file->failure = Status::kNoMemory;
  EXPECT_EQ(Store(kBase, 1), Status::kFault);
  EXPECT_EQ(last_fault_, Status::kNoMemory);
}

// What another thread does while the file is read, and the lock is open.
TEST_F(SourceTest, ChangesDuringTheReadAreNoticed) {
  const auto file = MakeRef<FakeFile>(4u, FakeFile::Frames::kShared).value();
  const auto other = MakeRef<FakeFile>(4u, FakeFile::Frames::kShared, 100).value();
  MapFile(file, kReadWrite);
  file->before_answer = [&] {
    ASSERT_EQ(space_->Unmap(kBase, kPageSize), Status::kOk);
  };
  EXPECT_EQ(Load(kBase), -1) << "the region went";
  EXPECT_EQ(last_fault_, Status::kFault);
  file->before_answer = [&] {
    const RegionOptions options{.access = kReadWrite, .source = other, .source_offset = kPageSize};
    EXPECT_EQ(space_->Map(kBase + kPageSize, kPageSize, Placement::kFixed, options).status(), Status::kOk);
  };
  EXPECT_EQ(Load(kBase + kPageSize), 101) << "the other file's second page, not this one's";
  file->before_answer = [&] {
    EXPECT_EQ(space_->HandleFault(kBase + 2 * kPageSize, Access::kWrite), Status::kOk);
  };
  EXPECT_EQ(Load(kBase + 2 * kPageSize), 3) << "another thread was faster";
  file->before_answer = [&] {
    ASSERT_EQ(space_->Protect(kBase + 3 * kPageSize, kPageSize, Access::kRead), Status::kOk);
  };
  EXPECT_EQ(Store(kBase + 3 * kPageSize, 1), Status::kFault) << "no longer allowed";
  EXPECT_EQ(last_fault_, Status::kAccessDenied);
}

TEST_F(SourceTest, TheLastReferenceToAFileGoesWithNoLockHeld) {
  struct Careful final : PageSource {
    ~Careful() override {
      EXPECT_EQ(port::CurrentLockTrace().depth, 0u);
      EXPECT_TRUE(port::InterruptsEnabled());
    }
    Status ReadPage(std::uint64_t, void* page) override {
      EXPECT_EQ(port::CurrentLockTrace().depth, 0u);
      std::memset(page, 1, kPageSize);
      return Status::kOk;
    }
    Result<FrameNumber> SharePage(std::uint64_t) override { return Status::kNotSupported; }
  };
  const auto map = [&](int page) {
    ASSERT_TRUE(space_
                    ->Map(kBase + page * kPageSize, kPageSize, Placement::kFixed,
                          {.access = kReadWrite, .source = RefPtr<PageSource>(MakeRef<Careful>().value())})
                    .ok());
  };
  for (int page = 0; page < 30; ++page) map(page);
  EXPECT_EQ(Load(kBase), 1);
  EXPECT_EQ(GetHeapStats().live_blocks, at_start_.blocks + 30 + 2);
  for (int page = 0; page < 30; ++page) map(page);  // each replaces one
  ASSERT_EQ(space_->Unmap(kBase, 15 * kPageSize), Status::kOk);
  MapPages(space_, kBase, 30);  // replaces more than one step takes
  EXPECT_EQ(GetHeapStats().live_blocks, at_start_.blocks + 2);
  for (int page = 0; page < 30; ++page) map(page);
}

}  // namespace
}  // namespace esc::mm
