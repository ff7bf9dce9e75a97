#include "kernel/linux_abi/system.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "kernel/arch_api/clock.h"
#include "kernel/arch_api/cpu.h"
#include "kernel/arch_api/paging.h"
#include "kernel/arch_api/power.h"
#include "kernel/arch_api/thread.h"
#include "kernel/core/process.h"
#include "kernel/core/thread.h"
#include "kernel/linux_abi/current.h"
#include "kernel/linux_abi/layout.h"
#include "kernel/linux_abi/numbers.h"
#include "kernel/linux_abi/random.h"
#include "kernel/linux_abi/state.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/user_copy.h"

namespace esc::linux_abi {
namespace {

template <std::size_t kSize>
void Put(char (&to)[kSize], std::string_view text) {
  std::memcpy(to, text.data(), std::min(text.size(), kSize - 1));
}

Status ReadName(std::span<char, 65> to, VirtAddr from, int bytes) {
  if (CurrentCredentials().euid != 0) return Status::kPermissionDenied;
  if (bytes < 0 || bytes > 64) return Status::kInvalidArgument;
  std::memset(to.data(), 0, to.size());
  return mm::CopyFromUser(to.data(), from, static_cast<std::size_t>(bytes));
}

}  // namespace

Answer GetSystemName(VirtAddr out) {
  SystemName name{};
  Put(name.system, "Linux");
  Put(name.release, kSystemRelease);
  Put(name.version, kSystemVersion);
  Put(name.machine, "x86_64");
  {
    State& state = GlobalState();
    SpinLockGuard guard(state.name_lock);
    std::memcpy(name.node, state.host_name.data(), sizeof(name.node));
    std::memcpy(name.domain, state.domain_name.data(), sizeof(name.domain));
  }
  return mm::WriteUser(out, name);
}

Answer SetHostName(VirtAddr from, int bytes) {
  std::array<char, 65> name;
  ESC_TRY(ReadName(name, from, bytes));
  State& state = GlobalState();
  SpinLockGuard guard(state.name_lock);
  state.host_name = name;
  return 0;
}

Answer SetDomainName(VirtAddr from, int bytes) {
  std::array<char, 65> name;
  ESC_TRY(ReadName(name, from, bytes));
  State& state = GlobalState();
  SpinLockGuard guard(state.name_lock);
  state.domain_name = name;
  return 0;
}

Answer GetSystemInfo(VirtAddr out) {
  const mm::FrameStats frames = mm::GetFrameStats();
  SystemInfo info{};
  info.uptime = arch::Now().value / 1'000'000'000;
  info.total_ram = frames.total * kPageSize;
  info.free_ram = frames.free * kPageSize;
  info.processes = static_cast<std::uint16_t>(std::min<std::uint32_t>(core::CountProcesses(), 0xffff));
  info.memory_unit = 1;
  return mm::WriteUser(out, info);
}

Answer Reboot(std::uint32_t magic, std::uint32_t magic2, std::uint32_t command) {
  if (CurrentCredentials().euid != 0) return Status::kPermissionDenied;
  const bool second = magic2 == kRebootMagic2 || magic2 == kRebootMagic2b || magic2 == kRebootMagic2c || magic2 == kRebootMagic2d;
  if (magic != kRebootMagic || !second) return Status::kInvalidArgument;
  switch (command) {
    case kRebootRestart: arch::Reset();
    case kRebootHalt:
    case kRebootPowerOff: arch::PowerOff(GlobalState().power_off_code.load(std::memory_order_relaxed));
    case kRebootCadOn:
    case kRebootCadOff: return 0;  // there is no keyboard whose Ctrl-Alt-Del could be turned on
    default: return Status::kInvalidArgument;
  }
}

Answer GetRandom(VirtAddr out, std::uint64_t bytes, std::uint32_t flags) {
  constexpr std::uint32_t kKnown = 7;  // GRND_NONBLOCK, GRND_RANDOM, GRND_INSECURE
  constexpr std::uint64_t kMost = 1 << 20;  // then a short count: no single call keeps the CPU for long
  if ((flags & ~kKnown) != 0) return Status::kInvalidArgument;
  bytes = std::min(bytes, kMost);
  std::uint64_t block[32];
  for (std::uint64_t done = 0; done < bytes;) {
    for (std::uint64_t& word : block) word = Random64();
    const std::size_t piece = std::min<std::uint64_t>(sizeof(block), bytes - done);
    const Status copied = mm::CopyToUser(out + done, block, piece);
    if (!Ok(copied)) return done != 0 ? Answer(done) : Answer(copied);
    done += piece;
  }
  return bytes;
}

Answer GetCpu(VirtAddr cpu, VirtAddr node) {
  if (cpu.value != 0) ESC_TRY(mm::WriteUser(cpu, arch::ThisCpu().value));
  return node.value == 0 ? Status::kOk : mm::WriteUser(node, std::uint32_t{0});
}

Answer ThreadArea(int code, std::uint64_t address) {
  arch::ThreadContext& context = core::CurrentThread().context;
  const bool sets = code == static_cast<int>(kArchSetFs) || code == static_cast<int>(kArchSetGs);
  if (sets && address >= arch::kUserEnd.value) return Status::kPermissionDenied;
  switch (static_cast<std::uint64_t>(code)) {
    case kArchSetFs: {
      InterruptGuard guard;
      context.fs_base = address;
      arch::LoadUserBases(context);
      return 0;
    }
    case kArchSetGs: {
      InterruptGuard guard;
      context.gs_base = address;
      arch::LoadUserBases(context);
      return 0;
    }
    case kArchGetFs: return mm::WriteUser(VirtAddr{address}, context.fs_base);
    case kArchGetGs: return mm::WriteUser(VirtAddr{address}, context.gs_base);
    default: return Status::kInvalidArgument;
  }
}

constexpr std::uint64_t kLastCapability = 40;  // CAP_CHECKPOINT_RESTORE

Answer ProcessControl(int option, std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d) {
  core::Process& process = core::CurrentProcess();
  std::array<char, 16> name{};
  switch (option) {
    case kProcessSetName: {
      const Result<std::size_t> length = mm::CopyStringFromUser(name, {a});
      if (!length.ok() && length.status() != Status::kTooLarge) return length.status();
      name.back() = '\0';
      SpinLockGuard guard(process.lock);
      process.program.name = name;
      return 0;
    }
    case kProcessGetName: {
      {
        SpinLockGuard guard(process.lock);
        name = process.program.name;
      }
      return mm::WriteUser(VirtAddr{a}, name);
    }
    case kProcessGetDumpable: return 1;
    case kProcessSetDumpable: return a <= 1 ? Status::kOk : Status::kInvalidArgument;
    // Nothing here gives privileges by exec, so the promise not to is always kept.
    case kProcessSetNoNewPrivileges: return a == 1 && (b | c | d) == 0 ? Status::kOk : Status::kInvalidArgument;
    case kProcessGetNoNewPrivileges: return 1;
    // Off is how it is, and all that it can be.
    case kProcessSetDeathSignal: return a == 0 ? Status::kOk : Status::kInvalidArgument;
    case kProcessGetDeathSignal: return mm::WriteUser(VirtAddr{a}, std::int32_t{0});
    case kProcessSetSubreaper:
      process.adopts_orphans.store(a != 0, std::memory_order_relaxed);
      return 0;
    case kProcessGetSubreaper:
      return mm::WriteUser(VirtAddr{a}, std::int32_t{process.adopts_orphans.load(std::memory_order_relaxed)});
    case kProcessGetKeepCapabilities:
    case kProcessGetSeccomp: return 0;
    case kProcessReadBoundingSet: return a <= kLastCapability ? Answer(1) : Answer(Status::kInvalidArgument);
    case kProcessSetTimerSlack: return 0;  // timers are as exact as the clock
    case kProcessGetTimerSlack: return 1;
    default: return Status::kInvalidArgument;
  }
}

Answer Personality(std::uint32_t persona) {
  constexpr std::uint32_t kQuery = 0xffffffff, kLinux = 0;
  return persona == kQuery || persona == kLinux ? Status::kOk : Status::kInvalidArgument;
}

}  // namespace esc::linux_abi
