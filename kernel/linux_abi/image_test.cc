// Segments into an address space: what the file gives, what is zero, what is not there.
#include "kernel/linux_abi/image.h"

#include <functional>
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include "kernel/arch_host/machine.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/machine_fixture.h"
#include "kernel/mm/page_source.h"

namespace esc::linux_abi {
namespace {

using arch::Access;

constexpr std::uint64_t kFileBytes = 0x3800;
std::uint8_t FileByte(std::uint64_t offset) { return static_cast<std::uint8_t>(offset * 7 + offset / 4096 + 1); }

// A file whose every byte tells its offset, zeros past its end.
class PatternFile final : public mm::PageSource {
 public:
  Status ReadPage(std::uint64_t offset, void* page) override {
    auto* bytes = static_cast<std::uint8_t*>(page);
    for (std::uint64_t i = 0; i < kPageSize; ++i) bytes[i] = offset + i < kFileBytes ? FileByte(offset + i) : 0;
    return Status::kOk;
  }
  Result<FrameNumber> SharePage(std::uint64_t) override { return Status::kNotSupported; }
};

class ImageTest : public ::testing::Test {
 public:
  ~ImageTest() override { mm::ResetMemoryForTest(); }

  void Run(const ElfImage& image, std::uint64_t bias, std::function<void(mm::AddressSpace&)> body) {
    const host::Outcome outcome = machine_.Run([&] {
      ASSERT_EQ(mm::InitFrames(machine_.boot_info(), 0, 0), Status::kOk);
      mm::RefPtr<mm::AddressSpace> memory = mm::AddressSpace::Create().value();
      const mm::RefPtr<mm::PageSource> file = mm::MakeRef<PatternFile>().value();
      ASSERT_EQ(MapImage(*memory, image, file, bias), Status::kOk);
      body(*memory);
    });
    EXPECT_EQ(outcome.end, host::Outcome::End::kReturned) << outcome.message;
  }
  static std::uint8_t ByteAt(mm::AddressSpace& memory, std::uint64_t address) {
    std::uint8_t byte = 0;
    EXPECT_EQ(memory.Read({address}, &byte, 1), Status::kOk) << std::hex << address;
    return byte;
  }
  static ElfImage OneSegment(const Segment& segment) {
    ElfImage image;
    image.segments[0] = segment;
    image.segment_count = 1;
    return image;
  }

 private:
  host::Machine machine_;
};

TEST_F(ImageTest, FileBytesThenZerosThenNothing) {
  const Segment data{.address = 0x401800,
                     .memory_bytes = 0x3000,
                     .file_offset = 0x1800,
                     .file_bytes = 0x900,
                     .access = Access::kRead | Access::kWrite};
  Run(OneSegment(data), 0, [](mm::AddressSpace& memory) {
    EXPECT_EQ(ByteAt(memory, 0x401800), FileByte(0x1800));
    EXPECT_EQ(ByteAt(memory, 0x4020ff), FileByte(0x20ff));
    EXPECT_EQ(ByteAt(memory, 0x402100), 0);  // the rest of the last file page
    EXPECT_EQ(ByteAt(memory, 0x402fff), 0);
    EXPECT_EQ(ByteAt(memory, 0x403000), 0);
    EXPECT_EQ(ByteAt(memory, 0x4047ff), 0);
    std::uint8_t byte;
    EXPECT_NE(memory.Read({0x405000}, &byte, 1), Status::kOk);
    EXPECT_NE(memory.Read({0x400fff}, &byte, 1), Status::kOk);
  });
}

TEST_F(ImageTest, ZerosInAReadOnlySegmentStayReadOnly) {
  const Segment constants{
      .address = 0x401000, .memory_bytes = 0x1800, .file_offset = 0x1000, .file_bytes = 0x100, .access = Access::kRead};
  Run(OneSegment(constants), 0, [](mm::AddressSpace& memory) {
    EXPECT_EQ(ByteAt(memory, 0x4010ff), FileByte(0x10ff));
    EXPECT_EQ(ByteAt(memory, 0x401100), 0);
    EXPECT_EQ(ByteAt(memory, 0x402000), 0);
    EXPECT_EQ(memory.HandleFault({0x401000}, Access::kWrite), Status::kAccessDenied);
    EXPECT_EQ(memory.HandleFault({0x402000}, Access::kWrite), Status::kAccessDenied);
  });
}

TEST_F(ImageTest, WithoutMemoryBeyondTheFileItsPageGoesOn) {
  const Segment code{.address = 0x401000,
                     .memory_bytes = 0x100,
                     .file_offset = 0x1000,
                     .file_bytes = 0x100,
                     .access = Access::kRead | Access::kExecute};
  Run(OneSegment(code), 0, [](mm::AddressSpace& memory) { EXPECT_EQ(ByteAt(memory, 0x401100), FileByte(0x1100)); });
}

TEST_F(ImageTest, ASegmentWithoutFileBytesIsZeros) {
  const Segment bss{.address = 0x500100,
                    .memory_bytes = 0x2000,
                    .file_offset = 0x100,
                    .file_bytes = 0,
                    .access = Access::kRead | Access::kWrite};
  Run(OneSegment(bss), 0, [](mm::AddressSpace& memory) {
    EXPECT_EQ(ByteAt(memory, 0x500100), 0);
    EXPECT_EQ(ByteAt(memory, 0x5020ff), 0);
  });
}

TEST_F(ImageTest, BiasMovesEverything) {
  const Segment code{.address = 0,
                     .memory_bytes = 0x1000,
                     .file_offset = 0,
                     .file_bytes = 0x1000,
                     .access = Access::kRead | Access::kExecute};
  Run(OneSegment(code), 0x5555'5555'4000, [](mm::AddressSpace& memory) {
    EXPECT_EQ(ByteAt(memory, 0x5555'5555'4000), FileByte(0));
    std::uint8_t byte;
    EXPECT_NE(memory.Read({0x1000}, &byte, 1), Status::kOk);
  });
}

}  // namespace
}  // namespace esc::linux_abi
