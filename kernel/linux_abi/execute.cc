#include "kernel/core/process.h"
#include "kernel/core/thread.h"
#include "kernel/linux_abi/current.h"
#include "kernel/linux_abi/loader.h"
#include "kernel/linux_abi/numbers.h"
#include "kernel/linux_abi/posix_timer.h"
#include "kernel/linux_abi/processes.h"
#include "kernel/linux_abi/user_text.h"

namespace esc::linux_abi {
namespace {

void SetLimits(LoadRequest& request) {
  core::Process& process = core::CurrentProcess();
  SpinLockGuard guard(process.lock);
  request.stack_limit = process.limits[static_cast<std::size_t>(core::Resource::kStack)].current;
  request.memory_limit = process.limits[static_cast<std::size_t>(core::Resource::kAddressSpace)].current;
}

Answer ExecuteFile(arch::UserRegisters& registers, LoadRequest& request) {
  SetLimits(request);
  FixedText<160> message;  // a program that execs what is no program gets its errno; nobody reads the reason
  LoadedProgram loaded = ESC_TRY(LoadProgram(request, message));
  // After this there is no way back to the old program. Core resets the thread's own state.
  ESC_TRY(core::ReplaceImage(std::move(loaded.memory), loaded.info));
  core::CurrentThread().restart_deadline = {};
  DropTimers(core::CurrentProcess());
  registers = loaded.registers;
  return 0;
}

}  // namespace

Answer ExecuteAt(arch::UserRegisters& registers, int base, VirtAddr path, VirtAddr arguments_at, VirtAddr environment_at,
                 std::uint32_t flags) {
  if ((flags & ~(kAtEmptyPath | kAtNoFollow)) != 0) return Status::kInvalidArgument;
  UserPath name;
  ESC_TRY(name.Copy(path));
  ArgumentBlock arguments, environment;
  ESC_TRY(arguments.AddFromUser(arguments_at));
  // A program without a name for itself gets an empty one, as on Linux since 5.18.
  if (arguments.view().count == 0) ESC_TRY(arguments.Add(""));
  ESC_TRY(environment.AddFromUser(environment_at));
  if (arguments.view().bytes.size() + environment.view().bytes.size() > kMaxArgumentBytes) return Status::kTooLarge;
  const mm::RefPtr<fs::Paths> paths = fs::CurrentPaths();

  if (name.view().empty()) {
    if ((flags & kAtEmptyPath) == 0) return Status::kNotFound;
    const mm::RefPtr<core::File> file = ESC_TRY(FileOf(base));
    // The descriptor may be O_PATH: opened anew for reading.
    core::OpenMode mode;
    mode.readable = true;
    const mm::RefPtr<fs::OpenFile> opened = ESC_TRY(fs::AsOpenFile(*file).node().Open(mode));
    FixedText<32> fd_path;
    fd_path.Format("/dev/fd/{}", base);
    LoadRequest request{.paths = *paths, .base = nullptr, .path = fd_path.view(), .file = opened, .arguments = arguments,
                        .environment = environment.view(), .credentials = CurrentCredentials()};
    return ExecuteFile(registers, request);
  }
  const mm::RefPtr<fs::Node> start = ESC_TRY(BaseOf(base, name.view()));
  LoadRequest request{.paths = *paths, .base = start.get(), .path = name.view(), .file = {}, .arguments = arguments,
                      .environment = environment.view(), .credentials = CurrentCredentials()};
  return ExecuteFile(registers, request);
}

Answer Execute(arch::UserRegisters& registers, VirtAddr path, VirtAddr arguments, VirtAddr environment) {
  return ExecuteAt(registers, kAtWorkingDirectory, path, arguments, environment, 0);
}

}  // namespace esc::linux_abi
