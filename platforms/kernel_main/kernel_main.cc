// KernelMain: from the machine as the architecture hands it over to the first user process.
//
// The one place that knows every layer. Each step either works or ends the boot with one line that names the thing
// and the value: nothing here hangs or goes on with a wrong default.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernel/arch_api/boot_info.h"
#include "kernel/arch_api/power.h"
#include "kernel/arch_api/upcalls.h"
#include "kernel/base/format.h"
#include "kernel/base/log.h"
#include "kernel/core/boot_config/boot_config.h"
#include "kernel/core/boot_config/decode.h"
#include "kernel/core/boot_config/default_config.h"
#include "kernel/core/boot_config/validate.h"
#include "kernel/core/dispatch/dispatcher.h"
#include "kernel/core/process.h"
#include "kernel/core/sched_api/descriptor.h"
#include "kernel/fs/file_system.h"
#include "kernel/fs/terminal.h"
#include "kernel/linux_abi/linux_abi.h"
#include "kernel/mm/frames.h"

namespace esc {
namespace {

constexpr std::uint64_t kMinimumMemoryBytes = 32u << 20;
// Where the boot config lies in an initramfs when the loader can pass one file only (direct boot).
constexpr std::string_view kConfigPath = ".escapement/boot_config.binpb";
constexpr std::string_view kConfigModule = "boot_config";

// Lives as long as the kernel: dispatch and init's arguments point into it.
constinit boot_config::BootConfig config;

// Names from outside (a path, an entry of the initramfs) may hold what would drive a terminal: all but printable ASCII becomes '?'.
template <class... Args>
[[noreturn]] void Refuse(std::string_view format, const Args&... args) {
  FixedText<512> text;
  text.Format(format, args...);
  FixedText<544> line;
  line.Append("escapement: cannot boot: ");
  for (const char c : text.view()) line.Append(c >= ' ' && c <= '~' ? c : '?');
  line.Append('\n');
  port::WriteLog(line.view());
  arch::PowerOff(arch::FatalEnd::kRefusedToBoot);
}

std::uint64_t UsableBytes(const arch::BootInfo& info) {
  std::uint64_t bytes = 0;
  for (const arch::MemoryRange& range : info.memory) {
    if (range.kind == arch::MemoryKind::kUsable) bytes += range.bytes;
  }
  return bytes;
}

// Everything that is no boot config: GRUB names its modules, the direct path has one without a name.
const arch::BootModule* FindInitramfs(const arch::BootInfo& info) {
  for (const arch::BootModule& module : info.modules) {
    if (module.name != kConfigModule) return &module;
  }
  return nullptr;
}

struct ConfigSource {
  std::span<const std::byte> bytes;
  std::string_view origin;
};

ConfigSource FindConfig(const arch::BootInfo& info) {
  for (const arch::BootModule& module : info.modules) {
    if (module.name == kConfigModule) return {module.contents, "boot module"};
  }
  if (const arch::BootModule* initramfs = FindInitramfs(info); initramfs != nullptr) {
    if (const auto found = fs::FindInArchive(initramfs->contents, kConfigPath); found.ok()) return {*found, "initramfs"};
  }
  return {boot_config::DefaultConfigBytes(), "built in"};
}

// An object, because a FunctionRef refers to one.
constexpr auto PassOverWord = [](std::string_view word) {
  FixedText<128> line;
  line.Append("escapement: command line: unknown word ");
  boot_config::AppendQuoted(line, word);
  line.Append(" is passed over");
  Log("{}", line.view());
};

void LoadConfig(const arch::BootInfo& info) {
  const ConfigSource source = FindConfig(info);
  FixedText<384> message;
  const Status status =
      boot_config::Load(source.bytes, info.command_line, sched::LinkedPlugins(), config, PassOverWord, message);
  if (!Ok(status)) Refuse("boot config ({}): {}", source.origin, message.view());
  if (message.size() != 0) Log("escapement: boot config ({}): {}", source.origin, message.view());
  Log("escapement: boot config: {}, {} bytes, {} partition(s)", source.origin, source.bytes.size(), config.partition_count);
}

mm::RefPtr<fs::Node> LoadFileSystem(const arch::BootInfo& info) {
  const Result<mm::RefPtr<fs::Node>> root = fs::MakeRoot();
  if (!root.ok()) Refuse("no memory for the root directory");
  const arch::BootModule* initramfs = FindInitramfs(info);
  if (initramfs == nullptr) Refuse("no initramfs: pass one as a boot module, or with -initrd");
  FixedText<384> message;
  if (!Ok(fs::UnpackInitramfs(initramfs->contents, *root, message))) Refuse("{}", message.view());
  const bool added = Ok(fs::AddProcFile("escapement/scheduler", core::DescribeScheduler)) &&
                     Ok(fs::AddProcFile("escapement/stats", core::DescribeStats));
  if (!added) Refuse("no memory for /proc/escapement");
  return *root;
}

// As a shell reports it: the exit code, or 128 and the signal's number.
void OnInitExit(const core::ExitStatus& status) {
  const bool exited = status.kind == core::ExitStatus::Kind::kExited;
  const int code = exited ? status.code & 0xFF : 128 + static_cast<int>(status.signal);
  if (exited) {
    Log("escapement: init exited with status {}", code);
  } else {
    Log("escapement: init was killed by signal {}", static_cast<int>(status.signal));
  }
  arch::PowerOff(static_cast<std::uint8_t>(code));
}

void OnSessionEnd(Pid session) {
  fs::Terminal& terminal = fs::ConsoleTerminal();
  if (terminal.session() != session) return;
  const Pid foreground = terminal.foreground_group();
  terminal.SetSession({});
  // Nobody may be left in the group: that is no error.
  static_cast<void>(core::SendSignalToGroup(foreground, {.signal = core::Signal::kHangUp}));
  static_cast<void>(core::SendSignalToGroup(foreground, {.signal = core::Signal::kContinue}));
}

void StartInit(const mm::RefPtr<fs::Node>& root) {
  core::SetInitExitHook(OnInitExit);
  core::SetSessionEndHook(OnSessionEnd);
  linux_abi::InitLinuxAbi();
  FixedText<384> message;
  const Status status = linux_abi::StartInitProgram(root, config.init_path, config.init_arguments.view(),
                                                    config.init_environment.view(), message);
  if (!Ok(status)) Refuse("init: {}", message.view());
}

}  // namespace

namespace upcall {

void KernelMain(const arch::BootInfo& info) {
  const std::uint64_t usable = UsableBytes(info);
  Log("escapement: booted by {}, {} KiB of memory", info.protocol, usable / 1024);
  if (usable < kMinimumMemoryBytes) {
    Refuse("{} KiB of memory is too little: at least {} KiB are needed", usable / 1024, kMinimumMemoryBytes / 1024);
  }
  LoadConfig(info);
  if (!Ok(mm::InitFrames(info, config.memory_limit_bytes, kMinimumMemoryBytes / 4))) {
    Refuse("{} KiB of memory, limit {} bytes: too little is left beside the boot modules", usable / 1024, config.memory_limit_bytes);
  }
  if (!Ok(core::InitDispatch(config))) Refuse("no memory for the run queues");
  StartInit(LoadFileSystem(info));
  core::RunIdle();
}

void OnConsoleInput(char c) { fs::ConsoleTerminal().OnInput(c); }

}  // namespace upcall
}  // namespace esc
