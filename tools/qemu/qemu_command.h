#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace esc::tools {

// How the machine starts.
enum class BootPath {
  kDirect,  // QEMU loads the kernel itself (PVH).
  kBios,    // SeaBIOS, then GRUB from the image.
  kUefi,    // OVMF, then GRUB from the image.
};

// How the image is attached; each exercises another boot sector of the hybrid image.
enum class Medium { kCd, kDisk };

enum class Console {
  kStream,    // The guest's serial port is QEMU's standard output.
  kTerminal,  // Serial port and monitor share the terminal; Ctrl-A X leaves.
};

// One QEMU machine.
struct QemuMachine {
  std::string qemu = "qemu-system-x86_64";
  BootPath boot = BootPath::kDirect;
  std::string kernel = {};     // kDirect.
  std::string initrd = {};     // kDirect; none when empty.
  std::string append = {};     // kDirect: the whole kernel command line.
  std::string image = {};      // kBios, kUefi.
  Medium medium = Medium::kCd;
  std::string ovmf_code = {};  // kUefi.
  std::string ovmf_vars = {};  // kUefi: a copy of this machine's own, since the firmware writes to it.
  int cpus = 1;
  std::string memory = "256M";
  bool kvm = false;
  bool icount = false;
  int gdb_port = 0;            // 0: no debugger.
  Console console = Console::kStream;
  std::string terminal_log = {};  // kTerminal: where QEMU copies the serial output to.
  std::string reset_log = {};     // Where QEMU notes resets and triple faults.
  std::string report = {};        // Where QEMU writes what the guest sends to the debug console: the status of init.
  std::vector<std::string> extra_arguments = {};
};

// The command line of QEMU, or what is wrong with the machine.
absl::StatusOr<std::vector<std::string>> QemuCommand(const QemuMachine& machine);

// What makes a kernel command line.
struct KernelCommandLine {
  std::string base = {};                    // The image's own, perhaps with arguments of init after `--`.
  std::string append = {};                  // More words for the kernel.
  std::string init = {};                    // Another init program than the base's.
  std::vector<std::string> arguments = {};  // Of init.
};

// The words for the kernel, later ones overriding earlier, then `--` and the arguments of init: those of the base unless
// an init or arguments are given. An argument with a space in it is put in double quotes, as Linux takes it; one with a
// double quote in it is an error.
absl::StatusOr<std::string> JoinCommandLine(const KernelCommandLine& parts);

}  // namespace esc::tools
