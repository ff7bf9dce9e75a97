#include "tools/qemu/qemu_command.h"

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"

namespace esc::tools {
namespace {

QemuMachine Direct() { return {.qemu = "qemu", .kernel = "k.elf"}; }
QemuMachine Uefi() { return {.qemu = "qemu", .boot = BootPath::kUefi, .image = "i.iso", .ovmf_code = "code.fd", .ovmf_vars = "vars.fd"}; }

std::string Joined(const QemuMachine& machine) {
  const absl::StatusOr<std::vector<std::string>> command = QemuCommand(machine);
  return command.ok() ? absl::StrJoin(*command, " ") : std::string(command.status().message());
}

testing::AssertionResult Holds(const std::string& command, const std::string& part) {
  if (absl::StrContains(command, part)) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "no '" << part << "' in " << command;
}

TEST(QemuCommand, ADirectBootHasTheFlagsThatAllMeasurementsUse) {
  QemuMachine machine = Direct();
  machine.initrd = "i.cpio";
  machine.append = "console=ttyS0 -- a";
  EXPECT_EQ(Joined(machine),
            "qemu -accel tcg -cpu max,-erms,-fsrm -m 256M -smp 1 -nodefaults -no-user-config -display none -no-reboot "
            "-device isa-debug-exit,iobase=0xf4,iosize=0x04 -kernel k.elf -initrd i.cpio -append console=ttyS0 -- a -serial stdio");
}

TEST(QemuCommand, TheDebugConsoleGoesToAFile) {
  QemuMachine machine = Direct();
  machine.report = "a,b";
  EXPECT_TRUE(Holds(Joined(machine), "-chardev file,id=report,path=a,,b -device isa-debugcon,iobase=0xe9,chardev=report"));
}

TEST(QemuCommand, IcountMakesTimeVirtual) {
  QemuMachine machine = Direct();
  machine.icount = true;
  EXPECT_TRUE(Holds(Joined(machine), " -icount shift=0,sleep=off -rtc base=2026-01-01T00:00:00,clock=vm -seed 1 "));
  EXPECT_FALSE(Holds(Joined(Direct()), "-icount"));
}

TEST(QemuCommand, AnImageIsACdOrADiskWhoseWritesAreThrownAway) {
  QemuMachine machine = {.boot = BootPath::kBios, .image = "a,b.iso"};
  EXPECT_TRUE(Holds(Joined(machine), " -drive if=ide,media=cdrom,format=raw,file=a,,b.iso "));
  machine.medium = Medium::kDisk;
  EXPECT_TRUE(Holds(Joined(machine), " -drive if=ide,format=raw,snapshot=on,file=a,,b.iso "));
}

TEST(QemuCommand, UefiAddsTheFirmware) {
  EXPECT_TRUE(Holds(Joined(Uefi()), "if=pflash,unit=0,format=raw,readonly=on,file=code.fd -drive if=pflash,unit=1,format=raw,file=vars.fd"));
}

TEST(QemuCommand, TheTerminalSharesSerialPortAndMonitor) {
  QemuMachine machine = Direct();
  machine.console = Console::kTerminal;
  machine.terminal_log = "log";
  EXPECT_TRUE(Holds(Joined(machine),
                    "-chardev stdio,id=terminal,mux=on,signal=off,logfile=log -serial chardev:terminal -mon chardev=terminal,mode=readline"));
  EXPECT_FALSE(Holds(Joined(machine), "-serial stdio"));
}

TEST(QemuCommand, DebuggerAndFurtherArguments) {
  QemuMachine machine = Direct();
  machine.gdb_port = 1234;
  machine.reset_log = "r.log";
  machine.extra_arguments = {"-plugin", "x.so"};
  EXPECT_TRUE(Holds(Joined(machine), " -d cpu_reset -D r.log -gdb tcp:127.0.0.1:1234 -S -plugin x.so"));
}

TEST(QemuCommand, ImpossibleMachinesAreRefused) {
  QemuMachine machine = Direct();
  machine.cpus = 0;
  EXPECT_EQ(Joined(machine), "--smp=0: must be 1 to 255");
  for (const char* memory : {"", "0M", "M", "12Q", "1.5G", "-1M"}) {
    machine = Direct();
    machine.memory = memory;
    EXPECT_TRUE(Holds(Joined(machine), "must be a number with K, M or G")) << memory;
  }
  for (const int port : {-1, 65536, 99999999}) {
    machine = Direct();
    machine.gdb_port = port;
    EXPECT_TRUE(Holds(Joined(machine), "a TCP port is 1 to 65535")) << port;
  }
  machine = Direct();
  machine.kvm = machine.icount = true;
  EXPECT_TRUE(Holds(Joined(machine), "cannot be used with --kvm"));
  machine = Direct();
  machine.append = std::string(4095, 'x');
  EXPECT_FALSE(Holds(Joined(machine), "at most 4095"));
  machine.append += 'x';
  EXPECT_TRUE(Holds(Joined(machine), "command line has 4096 bytes: a direct boot takes at most 4095"));
  machine = Uefi();
  machine.ovmf_vars.clear();
  EXPECT_TRUE(Holds(Joined(machine), "needs the firmware"));
  EXPECT_TRUE(Holds(Joined({}), "no kernel"));
  EXPECT_TRUE(Holds(Joined({.boot = BootPath::kBios}), "needs --iso"));
}

TEST(CommandLine, TheKernelsWordsComeBeforeTheArgumentsOfInit) {
  EXPECT_EQ(*JoinCommandLine({.base = "a b", .append = "c=1", .init = "/sh", .arguments = {"-c", "echo hi"}}),
            "a b c=1 init=/sh -- -c \"echo hi\"");
  EXPECT_EQ(*JoinCommandLine({}), "");
}

TEST(CommandLine, TheBasesArgumentsStayUnlessInitChanges) {
  EXPECT_EQ(*JoinCommandLine({.base = "a init=/x -- 1 -- 2", .append = "c"}), "a init=/x c -- 1 -- 2");
  EXPECT_EQ(*JoinCommandLine({.base = "a init=/x -- 1 2", .init = "/y"}), "a init=/x init=/y");
  EXPECT_EQ(*JoinCommandLine({.base = "a init=/x -- 1 2", .arguments = {"3"}}), "a init=/x -- 3");
}

TEST(CommandLine, EmptyArgumentsAreKeptAndQuotesRefused) {
  EXPECT_EQ(*JoinCommandLine({.arguments = {"", "b"}}), "-- \"\" b");
  EXPECT_FALSE(JoinCommandLine({.arguments = {"a\"b"}}).ok());
}

}  // namespace
}  // namespace esc::tools
