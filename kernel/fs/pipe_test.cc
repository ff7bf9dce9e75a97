#include "kernel/fs/pipe.h"

#include <string>

#include "gtest/gtest.h"
#include "kernel/arch_api/power.h"
#include "kernel/core/thread.h"
#include "kernel/fs/test_kernel.h"

namespace esc::fs {
namespace {

TEST(Pipe, GivesTheBytesInTheirOrder) {
  TestKernel kernel;
  kernel.Expect([] {
    PipeEnds ends = *MakePipe(true);
    EXPECT_EQ(*WriteText(*ends.writer, "one "), 4u);
    EXPECT_EQ(*WriteText(*ends.writer, "two"), 3u);
    EXPECT_EQ(ReadText(*ends.reader, 5), "one t");
    EXPECT_EQ(ReadText(*ends.reader), "wo");
    EXPECT_EQ(ReadText(*ends.reader), "error kWouldBlock");
  });
}

TEST(Pipe, FillsUpWrapsAroundAndNeverSplitsASmallWrite) {
  TestKernel kernel;
  kernel.Expect([] {
    PipeEnds ends = *MakePipe(true);
    EXPECT_EQ(*WriteText(*ends.writer, std::string(kPipeBytes - 100, 'a')), kPipeBytes - 100);
    EXPECT_EQ(WriteText(*ends.writer, std::string(101, 'b')).status(), Status::kWouldBlock);
    EXPECT_EQ(*WriteText(*ends.writer, std::string(5000, 'c')), 100u);
    EXPECT_EQ(ends.writer->Poll(), core::Readiness::kNone);
    EXPECT_EQ(ReadText(*ends.reader, 5000), std::string(5000, 'a'));
    EXPECT_EQ(*WriteText(*ends.writer, std::string(4000, 'd')), 4000u);
    EXPECT_EQ(ReadText(*ends.reader, 100000), std::string(kPipeBytes - 5100, 'a') + std::string(100, 'c') + std::string(4000, 'd'));
  });
}

TEST(Pipe, TheEndsSeeEachOtherGo) {
  TestKernel kernel;
  kernel.Expect([] {
    PipeEnds ends = *MakePipe(false);
    EXPECT_TRUE(WriteText(*ends.writer, "last").ok());
    ends.writer.Reset();
    EXPECT_EQ(ends.reader->Poll(), core::Readiness::kReadable | core::Readiness::kHangUp);
    EXPECT_EQ(ReadText(*ends.reader), "last");
    EXPECT_EQ(ReadText(*ends.reader), "");
    PipeEnds other = *MakePipe(false);
    other.reader.Reset();
    EXPECT_EQ(other.writer->Poll() & core::Readiness::kError, core::Readiness::kError);
    EXPECT_EQ(WriteText(*other.writer, "x").status(), Status::kBrokenPipe);
  });
}

// Shared between the two threads of the test below; one machine runs at a time.
struct Exchange {
  PipeEnds ends;
  std::string received;
};
Exchange* exchange = nullptr;

TEST(Pipe, AReaderAndAWriterWaitForEachOther) {
  TestKernel kernel;
  Exchange shared;
  exchange = &shared;
  const std::string message(3 * kPipeBytes + 17, 'm');
  const host::Outcome outcome = kernel.Run([&] {
    shared.ends = *MakePipe(false);
    const auto reader = core::StartKernelThread("reader", [](void*) {
      while (true) {
        const std::string piece = ReadText(*exchange->ends.reader, 10'000);
        if (piece.empty()) break;
        exchange->received += piece;
      }
      exchange->ends.reader.Reset();
      arch::PowerOff(0);
    }, nullptr);
    static const std::string* text = nullptr;
    text = &message;
    const auto writer = core::StartKernelThread("writer", [](void*) {
      EXPECT_EQ(*WriteText(*exchange->ends.writer, *text), text->size());
      exchange->ends.writer.Reset();
      core::ExitThread();
    }, nullptr);
    EXPECT_TRUE(reader.ok() && writer.ok());
    core::RunIdle();
  });
  EXPECT_EQ(outcome.end, host::Outcome::End::kPoweredOff) << outcome.message;
  EXPECT_EQ(shared.received, message);
}

}  // namespace
}  // namespace esc::fs
