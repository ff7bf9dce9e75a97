#include "kernel/linux_abi/linux_abi.h"

#include <cstring>

#include "kernel/core/descriptor_table.h"
#include "kernel/core/process.h"
#include "kernel/core/thread.h"
#include "kernel/core/user_abi.h"
#include "kernel/fs/node.h"
#include "kernel/fs/paths.h"
#include "kernel/fs/terminal.h"
#include "kernel/linux_abi/epoll.h"
#include "kernel/linux_abi/file_locks.h"
#include "kernel/linux_abi/futex.h"
#include "kernel/linux_abi/interval_timer.h"
#include "kernel/linux_abi/loader.h"
#include "kernel/linux_abi/posix_timer.h"
#include "kernel/linux_abi/proc_texts.h"
#include "kernel/linux_abi/signals.h"
#include "kernel/linux_abi/state.h"
#include "kernel/linux_abi/vdso.h"
#include "kernel/linux_abi/vsyscall.h"
#include "kernel/mm/heap.h"

namespace esc::linux_abi {
namespace {

constexpr std::uint64_t kStackLimit = 8 * 1024 * 1024;
constexpr std::string_view kHostName = "escapement", kDomainName = "(none)";  // the latter as Linux begins

class LinuxAbi final : public core::UserAbi {
 public:
  Status DeliverSignal(const core::SignalInfo& info, const core::SignalAction& action, core::SignalSet old_mask,
                       arch::UserRegisters& registers) override {
    return PushSignalFrame(info, action, old_mask, registers);
  }
  void FinishInterruptedCall(arch::UserRegisters& registers) override {
    RestoreMask();
    FinishCall(nullptr, registers);
  }
  bool StandsIn(const core::SignalInfo& info, const arch::UserRegisters& registers) override {
    return IsVsyscall(info, registers);
  }
  bool StandIn(arch::UserRegisters& registers) override { return DoVsyscall(registers); }
  void SignalHeld() override { GlobalState().held_signals.WakeAll(); }
  void ThreadExiting(core::Thread& thread) override {
    ReleaseFutexesOf(thread);
    core::Process& process = thread.process();
    bool ends;
    {
      SpinLockGuard guard(process.lock);
      ends = process.exiting;  // else exec asks, or a thread among others ends: alarms go on
    }
    if (!ends) return;
    DropIntervalTimer(process);
    DropTimers(process);
    ReleaseLocksOf(process);
  }
};

constinit LinuxAbi abi;

Result<mm::RefPtr<core::DescriptorTable>> ConsoleDescriptors(fs::Paths& paths, TextBuffer& message) {
  mm::RefPtr<core::DescriptorTable> table = ESC_TRY(core::DescriptorTable::Create());
  fs::OpenOptions options;
  options.mode.readable = options.mode.writable = true;
  const Result<mm::RefPtr<fs::OpenFile>> console = fs::Open(paths, nullptr, "/dev/console", options);
  if (!console.ok()) {
    message.Clear();
    message.Format("/dev/console: cannot be opened ({})", console.status());
    return console.status();
  }
  for (int i = 0; i < 3; ++i) ESC_TRY(table->Add(*console, core::CloseOnExec::kNo));
  return table;
}

// As Linux starts init: the stack's soft limit, 1,024 descriptors, no core files.
void SetInitialLimits(Pid pid) {
  const Status set = core::UpdateProcess(pid, [](core::Process& process) {
    process.lock.AssertHeld();
    process.limits[static_cast<std::size_t>(core::Resource::kStack)].current = kStackLimit;
    process.limits[static_cast<std::size_t>(core::Resource::kCore)].current = 0;
    process.limits[static_cast<std::size_t>(core::Resource::kOpenFiles)] = {
        .current = core::DescriptorTable::kMaxDescriptors, .maximum = core::DescriptorTable::kMaxDescriptors};
    return Status::kOk;
  });
  ESC_CHECK(Ok(set) || set == Status::kNoSuchProcess);  // it may have ended already
}

}  // namespace

void InitLinuxAbi() {
  State& state = MakeState();
  {
    SpinLockGuard guard(state.name_lock);
    std::memcpy(state.host_name.data(), kHostName.data(), kHostName.size());
    std::memcpy(state.domain_name.data(), kDomainName.data(), kDomainName.size());
  }
  core::SetUserAbi(abi);
  core::SetSessionEndHook([](Pid session) { fs::ConsoleTerminal().EndSession(session); });
  fs::SetCloseHook([](fs::OpenFile& file) {
    ForgetInEpolls(file);
    ReleaseLocksOf(file);
  });
}

Status StartInitProgram(const mm::RefPtr<fs::Node>& root, std::string_view path,
                        std::span<const std::string_view> arguments, std::span<const std::string_view> environment,
                        TextBuffer& message) {
  message.Clear();
  message.Format("{}: cannot be started", path);
  ESC_TRY(AddProcTexts());
  GlobalState().vdso = ESC_TRY(MakeVdso());
  const mm::RefPtr<fs::Paths> paths = ESC_TRY(mm::MakeRef<fs::Paths>(root, root));
  ArgumentBlock argument_block, environment_block;
  ESC_TRY(argument_block.Add(path));
  for (const std::string_view argument : arguments) ESC_TRY(argument_block.Add(argument));
  for (const std::string_view entry : environment) ESC_TRY(environment_block.Add(entry));
  LoadRequest request{.paths = *paths,
                      .base = nullptr,
                      .path = path,
                      .file = {},
                      .arguments = argument_block,
                      .environment = environment_block.view(),
                      .credentials = {},
                      .stack_limit = kStackLimit};
  LoadedProgram program = ESC_TRY(LoadProgram(request, message));
  mm::RefPtr<core::DescriptorTable> descriptors = ESC_TRY(ConsoleDescriptors(*paths, message));
  const Pid pid = ESC_TRY(
      core::StartInit(std::move(program.memory), std::move(descriptors), paths, program.info, program.registers));
  SetInitialLimits(pid);
  return Status::kOk;
}

void SetPowerOffCode(std::uint8_t code) { GlobalState().power_off_code.store(code, std::memory_order_relaxed); }

}  // namespace esc::linux_abi
