#include "kernel/linux_abi/vdso.h"

#include <cstring>

#include "kernel/arch_api/clock.h"
#include "kernel/arch_api/paging.h"
#include "kernel/arch_api/user_clock.h"
#include "kernel/base/check.h"
#include "kernel/linux_abi/state.h"
#include "kernel/mm/frames.h"

// vdso.s
extern "C" const std::byte esc_vdso_begin[], esc_vdso_clock[], esc_vdso_end[];

namespace esc::linux_abi {
namespace {

// Keeps a reference to the frame of its own, so that nobody who writes to his (mprotect) takes it for the only one.
class VdsoPage : public mm::PageSource {
 public:
  explicit VdsoPage(FrameNumber frame) : frame_(frame) {}
  ~VdsoPage() override { mm::DropFrame(frame_); }

  Status ReadPage(std::uint64_t offset, void* page) override {
    if (offset != 0) return Status::kOutOfRange;
    std::memcpy(page, arch::DirectMap(frame_), kPageSize);
    return Status::kOk;
  }
  Result<FrameNumber> SharePage(std::uint64_t offset) override {
    if (offset != 0) return Status::kOutOfRange;
    mm::ShareFrame(frame_);
    return frame_;
  }

 private:
  const FrameNumber frame_;
};

VdsoClock ClockOfMachine() {
  const arch::UserClock clock = arch::GetUserClock();
  return {.start = clock.start,
          .multiplier = clock.multiplier,
          .boot = static_cast<std::uint64_t>(arch::WallClockAtBoot().value),
          .mask = clock.readable ? ~std::uint64_t{0} : 0};
}

}  // namespace

void WriteVdso(const VdsoClock& clock, std::span<std::byte, kPageSize> page) {
  const auto bytes = static_cast<std::size_t>(esc_vdso_end - esc_vdso_begin);
  ESC_CHECK(bytes <= page.size());
  std::memset(page.data(), 0, page.size());
  std::memcpy(page.data(), esc_vdso_begin, bytes);
  std::memcpy(page.data() + (esc_vdso_clock - esc_vdso_begin), &clock, sizeof(clock));
}

Result<mm::RefPtr<mm::PageSource>> MakeVdso() {
  const FrameNumber frame = ESC_TRY(mm::AllocateFrame());
  auto* page = static_cast<std::byte*>(arch::DirectMap(frame));
  WriteVdso(ClockOfMachine(), std::span<std::byte, kPageSize>(page, kPageSize));
  Result<mm::RefPtr<VdsoPage>> made = mm::MakeRef<VdsoPage>(frame);
  if (!made.ok()) {
    mm::DropFrame(frame);
    return made.status();
  }
  return mm::RefPtr<mm::PageSource>(std::move(*made));
}

Result<VirtAddr> MapVdso(mm::AddressSpace& memory) {
  mm::RegionOptions options;
  options.access = arch::Access::kRead | arch::Access::kExecute;
  options.source = GlobalState().vdso;
  return memory.Map({}, kPageSize, mm::Placement::kHint, options);
}

}  // namespace esc::linux_abi
