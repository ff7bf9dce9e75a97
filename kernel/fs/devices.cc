#include "kernel/fs/devices.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

#include "kernel/arch_api/clock.h"
#include "kernel/arch_api/cpu.h"
#include "kernel/core/process.h"
#include "kernel/fs/terminal.h"

namespace esc::fs {
namespace {

class NullFile : public OpenFile {
 public:
  using OpenFile::OpenFile;
  Result<std::size_t> Read(core::IoBuffer) override { return std::size_t{0}; }
  Result<std::size_t> Write(core::IoBuffer buffer) override { return buffer.remaining(); }
  Result<std::size_t> ReadAt(core::IoBuffer, std::uint64_t) override { return std::size_t{0}; }
  Result<std::size_t> WriteAt(core::IoBuffer buffer, std::uint64_t) override { return buffer.remaining(); }
  Result<std::uint64_t> Seek(std::int64_t, core::SeekFrom) override { return std::uint64_t{0}; }
};

// Gives what `fill` makes, piece by piece; a fault after the first piece is a short count.
template <class Fill>
Result<std::size_t> Produce(core::IoBuffer& buffer, Fill fill) {
  std::array<std::byte, 256> piece;
  while (buffer.remaining() != 0) {
    const std::size_t bytes = std::min(piece.size(), buffer.remaining());
    fill(piece.data(), bytes);
    if (const Status status = buffer.CopyOut(piece.data(), bytes); !Ok(status)) {
      if (buffer.done() == 0) return status;
      break;
    }
  }
  return buffer.done();
}

class ZeroPages : public mm::PageSource {
 public:
  Status ReadPage(std::uint64_t, void* page) override {
    std::memset(page, 0, kPageSize);
    return Status::kOk;
  }
  Result<FrameNumber> SharePage(std::uint64_t) override { return Status::kNotSupported; }
};

class ZeroFile : public NullFile {
 public:
  using NullFile::NullFile;
  Result<std::size_t> Read(core::IoBuffer buffer) override {
    return Produce(buffer, [](void* to, std::size_t bytes) { std::memset(to, 0, bytes); });
  }
  Result<std::size_t> ReadAt(core::IoBuffer buffer, std::uint64_t) override { return Read(buffer); }
  Result<mm::RefPtr<mm::PageSource>> Pages() override { return mm::RefPtr<mm::PageSource>(ESC_TRY(mm::MakeRef<ZeroPages>())); }
};

class FullFile : public ZeroFile {
 public:
  using ZeroFile::ZeroFile;
  Result<std::size_t> Write(core::IoBuffer) override { return Status::kNoSpace; }
  Result<std::size_t> WriteAt(core::IoBuffer, std::uint64_t) override { return Status::kNoSpace; }
};

class RandomFile : public NullFile {
 public:
  using NullFile::NullFile;
  Result<std::size_t> Read(core::IoBuffer buffer) override { return Produce(buffer, FillRandom); }
  Result<std::size_t> ReadAt(core::IoBuffer buffer, std::uint64_t) override { return Read(buffer); }
};

class TerminalFile : public OpenFile {
 public:
  using OpenFile::OpenFile;
  Result<std::size_t> Read(core::IoBuffer buffer) override { return ConsoleTerminal().Read(buffer, mode().non_blocking); }
  Result<std::size_t> Write(core::IoBuffer buffer) override { return ConsoleTerminal().Write(buffer); }
  core::Readiness Poll() override { return ConsoleTerminal().Poll(); }
  core::WaitQueue* PollQueue() override { return &ConsoleTerminal().poll_queue(); }
  Terminal* terminal() override { return &ConsoleTerminal(); }
  std::size_t Available() override { return ConsoleTerminal().Available(); }
};

// Whether /dev/tty is there for the caller: its session's terminal. Init may take a free one by it, so that a shell in the
// place of init controls jobs.
bool HasTerminal() {
  core::Process& process = core::CurrentProcess();
  const Pid owner = ConsoleTerminal().session();
  if (owner.value == 0) return process.pid().value == 1;
  return owner == core::GetRelations(process).session;
}

template <class T>
Result<mm::RefPtr<OpenFile>> Make(core::OpenMode mode, DeviceNode* node) {
  return mm::RefPtr<OpenFile>(ESC_TRY(mm::MakeRef<T>(mode, mm::RefPtr<Node>(node))));
}

}  // namespace

Result<mm::RefPtr<OpenFile>> DeviceNode::Open(core::OpenMode mode) {
  if (type() == NodeType::kBlockDevice) return Status::kNotFound;
  if (number_ == kNullDevice) return Make<NullFile>(mode, this);
  if (number_ == kZeroDevice) return Make<ZeroFile>(mode, this);
  if (number_ == kFullDevice) return Make<FullFile>(mode, this);
  if (number_ == kRandomDevice || number_ == kUrandomDevice) return Make<RandomFile>(mode, this);
  // The caller's own terminal: whose session has none, has no such device (tty(4)).
  if (number_ == kTtyDevice && !HasTerminal()) return Status::kNoDevice;
  if (number_ == kSerialDevice || number_ == kTtyDevice || number_ == kConsoleDevice) return Make<TerminalFile>(mode, this);
  return Status::kNotFound;
}

// SplitMix64 (Steele, Lea, Flood 2014) over a counter, stirred with the hardware's source when there is one and with
// the clock. Good for hash seeds and address randomisation; where the CPU has RDRAND every word carries its bits.
void FillRandom(void* to, std::size_t bytes) {
  static std::atomic<std::uint64_t> counter{0};
  auto* out = static_cast<std::byte*>(to);
  while (bytes != 0) {
    std::uint64_t x = counter.fetch_add(0x9E3779B97F4A7C15u, std::memory_order_relaxed) ^
                      static_cast<std::uint64_t>(arch::Now().value);
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    x ^= x >> 31;
    if (std::uint64_t hardware = 0; arch::HardwareRandom(hardware)) x ^= hardware;
    const std::size_t piece = std::min(bytes, sizeof(x));
    std::memcpy(out, &x, piece);
    out += piece;
    bytes -= piece;
  }
}

}  // namespace esc::fs
