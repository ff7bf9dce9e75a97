// Boots a kernel or an ISO in QEMU, shows its serial console, and ends with the exit code of the guest's init.

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/base/command_line.h"
#include "tools/base/file.h"
#include "tools/base/interrupt.h"
#include "tools/qemu/launch.h"
#include "tools/qemu/outcome.h"
#include "tools/qemu/qemu_command.h"
#include "tools/qemu/runner.h"

ABSL_FLAG(std::string, kernel, "", "Kernel to boot directly (PVH)");
ABSL_FLAG(std::string, initrd, "", "Initramfs for a direct boot");
ABSL_FLAG(std::string, boot_config, "", "Boot config (binary protobuf) for a direct boot");
ABSL_FLAG(std::string, append, "", "More words for the kernel's command line; direct boot");
ABSL_FLAG(std::string, init, "", "Path of the init program; direct boot. Its arguments stand after --");
ABSL_FLAG(std::string, iso, "", "ISO image to boot by BIOS, or by UEFI with --uefi");
ABSL_FLAG(bool, uefi, false, "Boot the ISO by UEFI");
ABSL_FLAG(bool, disk, false, "Attach the ISO as a disk instead of a CD");
ABSL_FLAG(int, smp, 1, "Number of CPUs");
ABSL_FLAG(std::string, memory, "256M", "Memory of the machine");
ABSL_FLAG(bool, kvm, false, "Use KVM instead of emulation");
ABSL_FLAG(bool, icount, false, "Virtual time counts instructions: runs are exactly repeatable");
ABSL_FLAG(int, timeout, 300, "Time limit in seconds; 0 for none. Interactive runs and runs under --gdb have none");
ABSL_FLAG(bool, interactive, false, "Serial console and QEMU monitor on this terminal; Ctrl-A X leaves");
ABSL_FLAG(int, gdb, 0, "Wait for a debugger on this TCP port of the loopback interface; plain --gdb means 1234");
ABSL_FLAG(std::string, serial_log, "", "Also write the serial output, as text, to this file");
ABSL_FLAG(std::string, input, "", "File whose content is typed on the serial console");
ABSL_FLAG(std::string, input_after, "", "Type --input only when this text has come");
ABSL_FLAG(int, expect_exit, -1, "The guest must end with this code; run_qemu then ends with 0");
ABSL_FLAG(bool, print_command, false, "Print the command line of QEMU before it starts");
ABSL_FLAG(std::string, qemu, "qemu-system-x86_64", "The program QEMU");
ABSL_FLAG(std::string, ovmf_code, "", "Code of the UEFI firmware, for --uefi");
ABSL_FLAG(std::string, ovmf_vars, "", "Variables of the UEFI firmware, for --uefi; never written to");
ABSL_FLAG(std::string, image_kernel, "", "What an image target boots when --kernel is not given");
ABSL_FLAG(std::string, image_iso, "", "What an image target boots when --iso is not given");
ABSL_FLAG(std::string, image_initrd, "", "The initramfs of an image target");
ABSL_FLAG(std::string, image_boot_config, "", "The boot config of an image target");
ABSL_FLAG(std::string, image_cmdline, "", "The kernel command line of an image target");
ABSL_FLAG(std::string, image_interactive_cmdline, "", "The same for --interactive");

namespace {

// A flag that may be given several times keeps all its values here: each parse of the flag adds one.
std::vector<std::string>& Values(const char* flag) {
  static auto& expect = *new std::vector<std::string>;
  static auto& forbid = *new std::vector<std::string>;
  static auto& qemu_arg = *new std::vector<std::string>;
  return *flag == 'e' ? expect : *flag == 'f' ? forbid : qemu_arg;
}

void Collect(const char* flag, const std::string& value) {
  if (!value.empty()) Values(flag).push_back(value);
}

}  // namespace

ABSL_FLAG(std::string, expect, "", "Text that the serial output must hold; may be repeated").OnUpdate([] {
  Collect("expect", absl::GetFlag(FLAGS_expect));
});
ABSL_FLAG(std::string, forbid, "", "Text that the serial output must not hold; may be repeated").OnUpdate([] {
  Collect("forbid", absl::GetFlag(FLAGS_forbid));
});
ABSL_FLAG(std::string, qemu_arg, "", "A further argument for QEMU; may be repeated").OnUpdate([] {
  Collect("qemu_arg", absl::GetFlag(FLAGS_qemu_arg));
});

namespace {

using namespace esc::tools;  // NOLINT: this file is the program on top of that library.

constexpr int kDefaultGdbPort = 1234;

// `bazel run` starts programs in another directory than the user's, and tells which that was.
std::string UserPath(const std::string& path) {
  const char* directory = std::getenv("BUILD_WORKING_DIRECTORY");
  return AbsolutePath(path, directory != nullptr ? std::string(directory) : CurrentDirectory());
}

LaunchRequest RequestFromFlags(std::vector<std::string> init_arguments) {
  return {
      .kernel = UserPath(absl::GetFlag(FLAGS_kernel)),
      .iso = UserPath(absl::GetFlag(FLAGS_iso)),
      .initrd = UserPath(absl::GetFlag(FLAGS_initrd)),
      .boot_config = UserPath(absl::GetFlag(FLAGS_boot_config)),
      .append = absl::GetFlag(FLAGS_append),
      .init = absl::GetFlag(FLAGS_init),
      .init_arguments = std::move(init_arguments),
      .uefi = absl::GetFlag(FLAGS_uefi),
      .interactive = absl::GetFlag(FLAGS_interactive),
  };
}

ImageDefaults ImageFromFlags() {
  return {
      .kernel = absl::GetFlag(FLAGS_image_kernel),
      .iso = absl::GetFlag(FLAGS_image_iso),
      .initrd = absl::GetFlag(FLAGS_image_initrd),
      .boot_config = absl::GetFlag(FLAGS_image_boot_config),
      .cmdline = absl::GetFlag(FLAGS_image_cmdline),
      .interactive_cmdline = absl::GetFlag(FLAGS_image_interactive_cmdline),
  };
}

// The initrd and the firmware's variables are made for this run, in `work`.
absl::StatusOr<QemuMachine> MakeMachine(const Launch& launch, const TempDirectory& work) {
  QemuMachine machine = {
      .qemu = absl::GetFlag(FLAGS_qemu),
      .boot = launch.boot,
      .kernel = launch.kernel,
      .append = launch.cmdline,
      .image = launch.iso,
      .medium = absl::GetFlag(FLAGS_disk) ? Medium::kDisk : Medium::kCd,
      .ovmf_code = absl::GetFlag(FLAGS_ovmf_code),
      .cpus = absl::GetFlag(FLAGS_smp),
      .memory = absl::GetFlag(FLAGS_memory),
      .kvm = absl::GetFlag(FLAGS_kvm),
      .icount = absl::GetFlag(FLAGS_icount),
      .gdb_port = absl::GetFlag(FLAGS_gdb),
      .console = absl::GetFlag(FLAGS_interactive) ? Console::kTerminal : Console::kStream,
      .terminal_log = work.File("terminal.log"),
      .reset_log = work.File("reset.log"),
      .report = work.File("report"),
      .extra_arguments = Values("qemu_arg"),
  };
  if (!launch.initrd.empty() || !launch.boot_config.empty()) {
    const absl::StatusOr<std::string> initrd = ComposeInitrd(launch.boot_config, launch.initrd);
    if (!initrd.ok()) return initrd.status();
    machine.initrd = work.File("initrd");
    if (absl::Status status = WriteFileAtomically(machine.initrd, *initrd); !status.ok()) return status;
  }
  if (launch.boot == BootPath::kUefi && !absl::GetFlag(FLAGS_ovmf_vars).empty()) {
    const absl::StatusOr<std::string> variables = ReadFile(absl::GetFlag(FLAGS_ovmf_vars));
    if (!variables.ok()) return variables.status();
    machine.ovmf_vars = work.File("ovmf_vars.fd");
    if (absl::Status status = WriteFileAtomically(machine.ovmf_vars, *variables); !status.ok()) return status;
  }
  return machine;
}

int TimeLimit() {
  const bool attended = absl::GetFlag(FLAGS_interactive) || absl::GetFlag(FLAGS_gdb) != 0;
  return attended ? 0 : absl::GetFlag(FLAGS_timeout);
}

absl::StatusOr<RunOptions> MakeRunOptions(const QemuMachine& machine) {
  absl::StatusOr<std::vector<std::string>> command = QemuCommand(machine);
  if (!command.ok()) return command.status();
  RunOptions options = {
      .command = *std::move(command),
      .console = machine.console,
      .time_limit_seconds = TimeLimit(),
      .reset_log = machine.reset_log,
      .report = machine.report,
      .terminal_log = machine.terminal_log,
      .input_after = absl::GetFlag(FLAGS_input_after),
  };
  if (const std::string input = absl::GetFlag(FLAGS_input); !input.empty()) {
    absl::StatusOr<std::string> content = ReadFile(UserPath(input));
    if (!content.ok()) return content.status();
    options.input = *std::move(content);
  }
  return options;
}

// What no machine depends on.
absl::Status CheckFlags() {
  if (const int timeout = absl::GetFlag(FLAGS_timeout); timeout < 0) {
    return absl::InvalidArgumentError(absl::StrCat("--timeout=", timeout, ": must be seconds, or 0 for no limit"));
  }
  if (const int code = absl::GetFlag(FLAGS_expect_exit); code < -1 || code > 255) {
    return absl::InvalidArgumentError(absl::StrCat("--expect_exit=", code, ": an exit code is 0 to 255"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Outcome> Run(std::vector<std::string> init_arguments) {
  if (absl::Status status = CheckFlags(); !status.ok()) return status;
  const absl::StatusOr<Launch> launch = PlanLaunch(RequestFromFlags(std::move(init_arguments)), ImageFromFlags());
  if (!launch.ok()) return launch.status();
  const absl::StatusOr<TempDirectory> work = TempDirectory::Create("run_qemu");
  if (!work.ok()) return work.status();
  // QEMU puts the writes to a disk with a snapshot there.
  setenv("TMPDIR", work->path().c_str(), 1);
  const absl::StatusOr<QemuMachine> machine = MakeMachine(*launch, *work);
  if (!machine.ok()) return machine.status();
  const absl::StatusOr<RunOptions> options = MakeRunOptions(*machine);
  if (!options.ok()) return options.status();
  if (absl::GetFlag(FLAGS_print_command)) std::cerr << absl::StrJoin(options->command, " ") << "\n";
  if (machine->gdb_port != 0) std::cerr << "waiting for a debugger: target remote :" << machine->gdb_port << "\n";
  const absl::StatusOr<RunResult> result = RunQemu(*options);
  if (!result.ok()) return result.status();
  if (const std::string log = UserPath(absl::GetFlag(FLAGS_serial_log)); !log.empty()) {
    if (absl::Status status = WriteFileAtomically(log, result->log.text()); !status.ok()) return status;
  }
  const Expectations expectations = {
      .present = Values("expect"), .absent = Values("forbid"), .exit_code = absl::GetFlag(FLAGS_expect_exit)};
  const Outcome outcome = InterpretEnd(result->end, result->log);
  // What QEMU complained of; where it failed, the outcome's message says it.
  if (outcome.exit_code != kExitNoRun) std::cerr << result->end.errors;
  return Judge(outcome, expectations, result->log);
}

// Plain --gdb gets a port, which Abseil's flags of numbers cannot leave out.
std::vector<std::string> NormalizeArguments(int argc, char** argv) {
  std::vector<std::string> arguments(argv, argv + argc);
  for (std::string& argument : arguments) {
    if (argument == "--") break;
    if (argument == "--gdb") argument = absl::StrCat("--gdb=", kDefaultGdbPort);
  }
  return arguments;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> init_arguments = ParseCommandLine(
      "boots a kernel or an ISO in QEMU; the exit code is that of the guest's init\n"
      "  run_qemu --kernel=ELF [--initrd=FILE] [--boot_config=FILE] [--append=WORDS] [--init=PATH] [flags] [-- arguments of init]\n"
      "  run_qemu --iso=FILE [--uefi] [--disk] [flags]\n"
      "Other exit codes, with a line on standard error: 120 the kernel refused to boot, 123 expectations not met, 124 time limit, 125 nothing ran, 126 triple fault or QEMU killed, "
      "127 kernel panic.",
      NormalizeArguments(argc, argv), kExitNoRun);
  // What comes before QEMU runs ends it as soon as it does: nothing that was made for the run stays.
  const InterruptHold hold;
  const absl::StatusOr<Outcome> outcome = Run(init_arguments);
  if (!outcome.ok()) {
    std::cerr << "run_qemu: " << outcome.status().message() << "\n";
    return kExitNoRun;
  }
  if (!outcome->message.empty()) std::cerr << "run_qemu: " << outcome->message << "\n";
  return outcome->exit_code;
}
