// The self-test's stand-in for mm and core: frames, kernel stacks, one user address space, threads that
// run until they end or yield. One CPU.
#pragma once

#include <cstdint>
#include <optional>

#include "kernel/arch_api/boot_info.h"
#include "kernel/arch_api/paging.h"
#include "kernel/arch_api/thread.h"
#include "kernel/arch_api/upcalls.h"
#include "kernel/base/units.h"

namespace esc::selftest {

inline constexpr VirtAddr kCode{0x2000'0000};
inline constexpr VirtAddr kData{0x3000'0000};
inline constexpr VirtAddr kStack{0x4000'0000};  // one page
inline constexpr std::uint64_t kPassed = 77;

class Frames final : public arch::TableFrameSource {
 public:
  void Init(const arch::BootInfo& info);
  FrameNumber Take();
  Result<FrameNumber> AllocateTableFrame() override;
  void FreeTableFrame(FrameNumber frame) override { ++freed; }
  unsigned allocated = 0;
  unsigned freed = 0;

 private:
  std::uint64_t next_ = 0;
  std::uint64_t end_ = 0;
};

struct UserThread {
  arch::ThreadContext context;
  bool ended = false;
  std::uint64_t exit_code = 0;
  std::optional<upcall::UserException> exception;
};

// What the upcalls saw, and what they are to do.
struct Observed {
  unsigned timers = 0;
  Nanos timer_at;
  unsigned kernel_returns = 0;
  unsigned faults = 0;
  upcall::PageFault last_fault;
  bool map_on_demand = false;  // map a zeroed page for a fault within kData
  bool switch_on_timer = false;
  std::uint64_t echo_flags = 0;
};

extern Frames frames;
extern Observed observed;

void InitWorld(const arch::BootInfo& info);
PhysAddr UserRoot();
void MapUser(VirtAddr page, arch::Access access);
// A kernel stack between two unmapped pages.
void MapKernelStack(arch::ThreadContext& context);

// Makes a thread that starts at `program` (an address in the kernel's copy of the code) with `argument` in rdi.
void StartUser(UserThread& thread, const char* program, std::uint64_t argument);
// Runs until every thread has ended.
void RunUntilEnd(UserThread* first, UserThread* second = nullptr);
void SwitchTo(arch::ThreadContext& to);
arch::ThreadContext& MainThread();

}  // namespace esc::selftest
