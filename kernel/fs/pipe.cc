#include "kernel/fs/pipe.h"

#include <algorithm>
#include <array>

#include "kernel/arch_api/paging.h"
#include "kernel/core/mutex.h"
#include "kernel/fs/base_node.h"
#include "kernel/mm/frames.h"

namespace esc::fs {
namespace {

constexpr std::size_t kPages = kPipeBytes / kPageSize;

enum class Named : std::uint8_t { kNo, kYes };
constexpr std::uint64_t kNoMeeting = ~std::uint64_t{0};
enum class End : std::uint8_t { kReader, kWriter, kBoth };

// The bytes between the ends, and the node that stat sees. Invariant: read_ <= written_ <= read_ + kPipeBytes; byte n
// lies in page n / kPageSize % kPages. Locking: mutex_, a sleeping lock, since bytes are copied to user memory under it.
class PipeNode : public BaseNode {
 public:
  PipeNode(Named named, std::uint16_t permissions) : BaseNode(NodeType::kFifo, permissions), named_(named) {}
  ~PipeNode() override {
    for (const FrameNumber frame : pages_) {
      if (frame != FrameNumber{}) mm::DropFrame(frame);
    }
  }

  Result<mm::RefPtr<OpenFile>> Open(core::OpenMode mode) override;

  Result<std::size_t> Read(core::IoBuffer& buffer, bool non_blocking);
  Result<std::size_t> Write(core::IoBuffer& buffer, bool non_blocking);
  // `met`: how often the writing side had been opened when this end began to wait for its first writer.
  core::Readiness Poll(End end, std::uint64_t met);
  std::uint64_t WriterOpens() {
    core::MutexGuard guard(mutex_);
    return writers_ == 0 ? writer_opens_ : kNoMeeting;
  }
  core::WaitQueue& queue(End end) { return end == End::kWriter ? writable_ : readable_; }
  std::size_t Available() {
    core::MutexGuard guard(mutex_);
    return written_ - read_;
  }

  void Enter(End end);
  void Leave(End end);

 private:
  // Waits on `queue` with the mutex released; the caller looks again.
  Status WaitOn(core::WaitQueue& queue) ESC_REQUIRES(mutex_);
  Status WaitForOtherSide(End end) ESC_REQUIRES(mutex_);
  Result<std::byte*> PageAt(std::uint64_t position) ESC_REQUIRES(mutex_);
  std::size_t Room() const ESC_REQUIRES(mutex_) { return kPipeBytes - (written_ - read_); }

  const Named named_;
  core::Mutex mutex_;
  std::array<FrameNumber, kPages> pages_ ESC_GUARDED_BY(mutex_){};
  std::uint64_t read_ ESC_GUARDED_BY(mutex_) = 0;
  std::uint64_t written_ ESC_GUARDED_BY(mutex_) = 0;
  unsigned readers_ ESC_GUARDED_BY(mutex_) = 0;
  unsigned writers_ ESC_GUARDED_BY(mutex_) = 0;
  // How often each side was opened: a fifo's opener waits for a new other side, not for one that is still there.
  std::uint64_t reader_opens_ ESC_GUARDED_BY(mutex_) = 0;
  std::uint64_t writer_opens_ ESC_GUARDED_BY(mutex_) = 0;
  core::WaitQueue readable_;  // bytes, or the last writer gone
  core::WaitQueue writable_;  // room, or the last reader gone
};

class PipeFile : public OpenFile {
 public:
  PipeFile(core::OpenMode mode, mm::RefPtr<Node> node, End end) : OpenFile(mode, std::move(node)), end_(end) { pipe().Enter(end_); }
  ~PipeFile() override { pipe().Leave(end_); }

  Result<std::size_t> Read(core::IoBuffer buffer) override {
    if (!mode().readable) return Status::kBadDescriptor;
    return pipe().Read(buffer, mode().non_blocking);
  }
  Result<std::size_t> Write(core::IoBuffer buffer) override {
    if (!mode().writable) return Status::kBadDescriptor;
    return pipe().Write(buffer, mode().non_blocking);
  }
  core::Readiness Poll() override { return pipe().Poll(end_, met_); }
  core::WaitQueue* PollQueue() override { return &pipe().queue(end_); }
  std::size_t Available() override { return pipe().Available(); }
  // A fifo that was opened without waiting hangs up only once a writer has come and gone.
  void AwaitFirstWriter() { met_ = pipe().WriterOpens(); }

 private:
  PipeNode& pipe() { return static_cast<PipeNode&>(node()); }
  const End end_;
  std::uint64_t met_ = kNoMeeting;  // written before anybody else knows the file
};

Status PipeNode::WaitOn(core::WaitQueue& queue) {
  core::PreparePark();
  core::Waiter waiter(queue);
  mutex_.Unlock();
  const Status status = core::Park(core::Interruptible::kYes);
  mutex_.Lock();
  return status == Status::kInterrupted ? Status::kRestart : Status::kOk;
}

void PipeNode::Enter(End end) {
  core::MutexGuard guard(mutex_);
  if (end != End::kWriter) {
    ++readers_;
    ++reader_opens_;
  }
  if (end != End::kReader) {
    ++writers_;
    ++writer_opens_;
  }
  readable_.WakeAll();
  writable_.WakeAll();
}

void PipeNode::Leave(End end) {
  core::MutexGuard guard(mutex_);
  if (end != End::kWriter) --readers_;
  if (end != End::kReader) --writers_;
  if (writers_ == 0) readable_.WakeAll();
  if (readers_ == 0) writable_.WakeAll();
}

Result<std::byte*> PipeNode::PageAt(std::uint64_t position) {
  FrameNumber& frame = pages_[position / kPageSize % kPages];
  if (frame == FrameNumber{}) frame = ESC_TRY(mm::AllocateFrame());
  return static_cast<std::byte*>(arch::DirectMap(frame)) + position % kPageSize;
}

Result<std::size_t> PipeNode::Read(core::IoBuffer& buffer, bool non_blocking) {
  core::MutexGuard guard(mutex_);
  if (buffer.remaining() == 0) return std::size_t{0};
  while (read_ == written_) {
    if (writers_ == 0) return std::size_t{0};
    if (non_blocking) return Status::kWouldBlock;
    ESC_TRY(WaitOn(readable_));
  }
  Status status = Status::kOk;
  while (buffer.remaining() != 0 && read_ != written_ && Ok(status)) {
    const std::size_t bytes = std::min({buffer.remaining(), kPageSize - read_ % kPageSize, written_ - read_});
    status = buffer.CopyOut(*PageAt(read_), bytes);  // the page is there: it was written
    if (Ok(status)) read_ += bytes;
  }
  if (buffer.done() == 0) return status;
  writable_.WakeAll();
  return buffer.done();
}

Result<std::size_t> PipeNode::Write(core::IoBuffer& buffer, bool non_blocking) {
  core::MutexGuard guard(mutex_);
  // A small write goes in whole; a large one takes what room there is.
  const std::size_t wanted = buffer.remaining();
  Status status = Status::kOk;
  while (buffer.remaining() != 0) {
    if (readers_ == 0) {
      status = Status::kBrokenPipe;
      break;
    }
    if (Room() == 0 || (wanted <= kPipeAtomicBytes && Room() < wanted)) {
      status = non_blocking ? Status::kWouldBlock : WaitOn(writable_);
      if (!Ok(status)) break;
      continue;
    }
    const std::size_t bytes = std::min({buffer.remaining(), kPageSize - written_ % kPageSize, Room()});
    const Result<std::byte*> to = PageAt(written_);
    status = to.ok() ? buffer.CopyIn(*to, bytes) : to.status();
    if (!Ok(status)) break;
    written_ += bytes;
    readable_.WakeAll();
  }
  if (buffer.done() == 0 && !Ok(status)) return status;
  return buffer.done();
}

core::Readiness PipeNode::Poll(End end, std::uint64_t met) {
  using core::Readiness;
  core::MutexGuard guard(mutex_);
  Readiness ready = Readiness::kNone;
  if (end != End::kWriter) {
    if (read_ != written_) ready = ready | Readiness::kReadable;
    if (writers_ == 0 && writer_opens_ != met) ready = ready | Readiness::kHangUp;
  }
  if (end != End::kReader) {
    if (Room() >= kPipeAtomicBytes) ready = ready | Readiness::kWritable;
    if (readers_ == 0) ready = ready | Readiness::kError;
  }
  return ready;
}

Status PipeNode::WaitForOtherSide(End end) {
  const std::uint64_t& opens = end == End::kReader ? writer_opens_ : reader_opens_;
  const unsigned& present = end == End::kReader ? writers_ : readers_;
  const std::uint64_t before = opens;
  while (present == 0 && opens == before) ESC_TRY(WaitOn(end == End::kReader ? readable_ : writable_));
  return Status::kOk;
}

Result<mm::RefPtr<OpenFile>> PipeNode::Open(core::OpenMode mode) {
  const End end = mode.readable && mode.writable ? End::kBoth : mode.writable ? End::kWriter : End::kReader;
  {
    core::MutexGuard guard(mutex_);
    if (named_ == Named::kYes && end == End::kWriter && mode.non_blocking && readers_ == 0) return Status::kNoDevice;
  }
  mm::RefPtr<PipeFile> file = ESC_TRY(mm::MakeRef<PipeFile>(mode, mm::RefPtr<Node>(this), end));
  if (named_ == Named::kYes && end == End::kReader && mode.non_blocking) file->AwaitFirstWriter();
  // A pipe without a name, opened by /proc/PID/fd, may have lost its other side for ever: nobody waits for that.
  if (named_ == Named::kYes && end != End::kBoth && !mode.non_blocking) {
    core::MutexGuard guard(mutex_);
    ESC_TRY(WaitForOtherSide(end));
  }
  return mm::RefPtr<OpenFile>(std::move(file));
}

}  // namespace

Result<PipeEnds> MakePipe(bool non_blocking) {
  const mm::RefPtr<Node> node(ESC_TRY(mm::MakeRef<PipeNode>(Named::kNo, 0600)));
  const core::OpenMode read{.readable = true, .non_blocking = non_blocking};
  const core::OpenMode write{.writable = true, .non_blocking = non_blocking};
  mm::RefPtr<OpenFile> reader(ESC_TRY(mm::MakeRef<PipeFile>(read, node, End::kReader)));
  mm::RefPtr<OpenFile> writer(ESC_TRY(mm::MakeRef<PipeFile>(write, node, End::kWriter)));
  return PipeEnds{std::move(reader), std::move(writer)};
}

Result<mm::RefPtr<Node>> MakeFifo(std::uint16_t permissions) {
  return mm::RefPtr<Node>(ESC_TRY(mm::MakeRef<PipeNode>(Named::kYes, permissions)));
}

}  // namespace esc::fs
