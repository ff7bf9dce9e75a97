#include "tools/qemu/qemu_command.h"

#include <cstddef>
#include <initializer_list>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace esc::tools {
namespace {

using Arguments = std::vector<std::string>;

void Append(Arguments& arguments, std::initializer_list<std::string> more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
}

// In an option with parts a comma in a value is written twice (qemu(1), "-drive").
std::string Escape(absl::string_view value) { return absl::StrReplaceAll(value, {{",", ",,"}}); }

bool IsMemorySize(absl::string_view memory) {
  if (!memory.empty() && (memory.back() == 'K' || memory.back() == 'M' || memory.back() == 'G')) memory.remove_suffix(1);
  if (memory.empty() || memory[0] == '0') return false;
  for (const char c : memory) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return false;
  }
  return true;
}

absl::Status CheckMachine(const QemuMachine& machine) {
  if (machine.cpus < 1 || machine.cpus > 255) {
    return absl::InvalidArgumentError(absl::StrCat("--smp=", machine.cpus, ": must be 1 to 255"));
  }
  if (!IsMemorySize(machine.memory)) {
    return absl::InvalidArgumentError(absl::StrCat("--memory=", machine.memory, ": must be a number with K, M or G"));
  }
  if (machine.gdb_port < 0 || machine.gdb_port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("--gdb=", machine.gdb_port, ": a TCP port is 1 to 65535"));
  }
  if (machine.kvm && machine.icount) {
    return absl::InvalidArgumentError("--icount counts emulated instructions: it cannot be used with --kvm");
  }
  if (machine.boot == BootPath::kDirect) {
    if (machine.kernel.empty()) return absl::InvalidArgumentError("no kernel: give --kernel or --iso");
    // QEMU's loader (pc-bios/optionrom/pvh_main.c) copies more than that over its own data.
    constexpr size_t kLongestAppend = 4095;
    if (machine.append.size() > kLongestAppend) {
      return absl::InvalidArgumentError(absl::StrCat("the kernel's command line has ", machine.append.size(),
                                                     " bytes: a direct boot takes at most ", kLongestAppend));
    }
    return absl::OkStatus();
  }
  if (machine.image.empty()) return absl::InvalidArgumentError("booting by BIOS or UEFI needs --iso");
  if (machine.boot == BootPath::kUefi && (machine.ovmf_code.empty() || machine.ovmf_vars.empty())) {
    return absl::InvalidArgumentError("booting by UEFI needs the firmware: --ovmf_code and --ovmf_vars");
  }
  return absl::OkStatus();
}

void AddMachine(const QemuMachine& machine, Arguments& arguments) {
  // `rep` string instructions count once an iteration under -icount; without ERMS and FSRM a kernel has no
  // reason to prefer them, so that costs compare between kernels.
  Append(arguments, {"-accel", machine.kvm ? "kvm" : "tcg", "-cpu", "max,-erms,-fsrm", "-m", machine.memory, "-smp",
                     absl::StrCat(machine.cpus), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                     "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"});
  if (machine.icount) {
    Append(arguments, {"-icount", "shift=0,sleep=off", "-rtc", "base=2026-01-01T00:00:00,clock=vm", "-seed", "1"});
  }
}

void AddBoot(const QemuMachine& machine, Arguments& arguments) {
  if (machine.boot == BootPath::kDirect) {
    Append(arguments, {"-kernel", machine.kernel});
    if (!machine.initrd.empty()) Append(arguments, {"-initrd", machine.initrd});
    if (!machine.append.empty()) Append(arguments, {"-append", machine.append});
    return;
  }
  if (machine.boot == BootPath::kUefi) {
    Append(arguments, {"-drive", absl::StrCat("if=pflash,unit=0,format=raw,readonly=on,file=", Escape(machine.ovmf_code)),
                       "-drive", absl::StrCat("if=pflash,unit=1,format=raw,file=", Escape(machine.ovmf_vars))});
  }
  // A disk that the guest may write to: its writes go to a temporary file, the image stays as it is.
  const char* medium = machine.medium == Medium::kCd ? "if=ide,media=cdrom,format=raw,file=" : "if=ide,format=raw,snapshot=on,file=";
  Append(arguments, {"-drive", absl::StrCat(medium, Escape(machine.image))});
}

void AddConsole(const QemuMachine& machine, Arguments& arguments) {
  if (machine.console == Console::kStream) {
    Append(arguments, {"-serial", "stdio"});
    return;
  }
  // As `-serial mon:stdio`, with a copy of the output. signal=off: Ctrl-C goes to the guest.
  std::string terminal = "stdio,id=terminal,mux=on,signal=off";
  if (!machine.terminal_log.empty()) absl::StrAppend(&terminal, ",logfile=", Escape(machine.terminal_log));
  Append(arguments, {"-chardev", terminal, "-serial", "chardev:terminal", "-mon", "chardev=terminal,mode=readline"});
}

}  // namespace

absl::StatusOr<Arguments> QemuCommand(const QemuMachine& machine) {
  if (absl::Status status = CheckMachine(machine); !status.ok()) return status;
  Arguments arguments = {machine.qemu};
  AddMachine(machine, arguments);
  AddBoot(machine, arguments);
  AddConsole(machine, arguments);
  if (!machine.reset_log.empty()) Append(arguments, {"-d", "cpu_reset", "-D", machine.reset_log});
  if (!machine.report.empty()) {
    Append(arguments, {"-chardev", absl::StrCat("file,id=report,path=", Escape(machine.report)), "-device", "isa-debugcon,iobase=0xe9,chardev=report"});
  }
  if (machine.gdb_port != 0) Append(arguments, {"-gdb", absl::StrCat("tcp:127.0.0.1:", machine.gdb_port), "-S"});
  arguments.insert(arguments.end(), machine.extra_arguments.begin(), machine.extra_arguments.end());
  return arguments;
}

absl::StatusOr<std::string> JoinCommandLine(const KernelCommandLine& parts) {
  std::vector<std::string> words, arguments;
  bool after_dashes = false;
  for (const absl::string_view word : absl::StrSplit(parts.base, ' ', absl::SkipEmpty())) {
    if (!after_dashes && word == "--") {
      after_dashes = true;
      continue;
    }
    (after_dashes ? arguments : words).emplace_back(word);
  }
  if (!parts.append.empty()) words.push_back(parts.append);
  if (!parts.init.empty()) words.push_back(absl::StrCat("init=", parts.init));
  if (!parts.init.empty() || !parts.arguments.empty()) arguments.clear();
  for (const std::string& argument : parts.arguments) {
    if (argument.find('"') != std::string::npos) {
      return absl::InvalidArgumentError(absl::StrCat("argument of init '", argument, "': a command line cannot hold a double quote"));
    }
    const bool plain = !argument.empty() && argument.find_first_of(" \t\n") == std::string::npos;
    arguments.push_back(plain ? argument : absl::StrCat("\"", argument, "\""));
  }
  if (!arguments.empty()) words.push_back("--");
  words.insert(words.end(), arguments.begin(), arguments.end());
  return absl::StrJoin(words, " ");
}

}  // namespace esc::tools
