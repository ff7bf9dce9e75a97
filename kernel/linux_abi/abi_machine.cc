#include "kernel/linux_abi/abi_machine.h"

#include <cstring>
#include <utility>

#include "kernel/arch_api/power.h"
#include "kernel/arch_api/upcalls.h"
#include "kernel/base/log.h"
#include "kernel/core/dispatch/dispatcher.h"
#include "kernel/core/process.h"
#include "kernel/fs/file_system.h"
#include "kernel/fs/paths.h"
#include "kernel/fs/terminal.h"
#include "kernel/linux_abi/elf_test_file.h"
#include "kernel/linux_abi/linux_abi.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/machine_fixture.h"
#include "kernel/sched_plugins/round_robin/round_robin.h"

namespace esc::upcall {

void KernelMain(const arch::BootInfo&) { Panic("the tests of linux_abi boot by AbiTest"); }
void OnConsoleInput(char c) { fs::ConsoleTerminal().OnInput(c); }

}  // namespace esc::upcall

namespace esc::linux_abi {
namespace {

using host::Register;

constexpr std::uint64_t kWrite = 1, kExitGroup = 231;

void OnInitExit(const core::ExitStatus& status) {
  const bool exited = status.kind == core::ExitStatus::Kind::kExited;
  arch::PowerOff(static_cast<std::uint8_t>(exited ? status.code : 128 + static_cast<int>(status.signal)));
}

void MakeFile(fs::Paths& paths, const std::string& path, const std::vector<std::byte>& contents,
              std::uint16_t permissions) {
  fs::OpenOptions options;
  options.mode.writable = true;
  options.create = true;
  options.permissions = permissions;
  const mm::RefPtr<fs::OpenFile> file = fs::Open(paths, nullptr, path, options).value();
  void* bytes = const_cast<std::byte*>(contents.data());
  EXPECT_EQ(file->Write(core::IoBuffer::Kernel(bytes, contents.size())).value(), contents.size());
  EXPECT_EQ(file->node().SetPermissions(permissions), Status::kOk);
}

}  // namespace

std::uint64_t TestProgram::Text(std::string_view text) {
  const host::Label over = NewLabel(), here = NewLabel();
  Jump(over);
  Bind(here);
  Bytes(std::string(text) + '\0');
  Bind(over);
  return kCode + OffsetOf(here);
}

void TestProgram::ExpectRegister(Register seen, std::int64_t wanted) {
  ++expectations_;
  const host::Label well = NewLabel();
  Move(Register::r10, static_cast<std::uint64_t>(wanted));
  JumpIfEqual(seen, Register::r10, well);
  Exit(expectations_);
  Bind(well);
}

void TestProgram::ExpectRax(std::int64_t wanted) { ExpectRegister(Register::rax, wanted); }

void TestProgram::ExpectCall(std::int64_t result, std::uint64_t number,
                             std::initializer_list<std::uint64_t> arguments) {
  SystemCall(number, arguments);
  ExpectRax(result);
}

void TestProgram::Expect64(std::uint64_t address, std::uint64_t wanted) {
  Move(Register::r9, address);
  Load64(Register::r9, Register::r9);
  ExpectRegister(Register::r9, static_cast<std::int64_t>(wanted));
}

void TestProgram::Expect32(std::uint64_t address, std::uint32_t wanted) {
  Move(Register::r9, address);
  Load32(Register::r9, Register::r9);
  ExpectRegister(Register::r9, wanted);
}

void TestProgram::Expect8(std::uint64_t address, std::uint8_t wanted) {
  Move(Register::r9, address);
  Load8(Register::r9, Register::r9);
  ExpectRegister(Register::r9, wanted);
}

void TestProgram::Put64(std::uint64_t address, std::uint64_t value) {
  Move(Register::r9, address);
  Move(Register::r10, value);
  Store64(Register::r9, 0, Register::r10);
}

void TestProgram::Put32(std::uint64_t address, std::uint32_t value) {
  Move(Register::r9, address);
  Move(Register::r10, value);
  Store32(Register::r9, 0, Register::r10);
}

void TestProgram::Print(std::string_view text) {
  const std::uint64_t at = Text(text);
  SystemCall(kWrite, {1, at, text.size()});
}

void TestProgram::Exit(int code) { SystemCall(kExitGroup, {static_cast<std::uint64_t>(code)}); }

std::vector<std::byte> TestProgram::Elf() {
  const std::vector<std::byte> code = Finish();
  TestElf elf;
  elf.entry = kCode;
  elf.bytes = 0x1000 + code.size();
  elf.segments = {{.type = 1,
                   .flags = 5,
                   .offset = 0x1000,
                   .address = kCode,
                   .file_bytes = code.size(),
                   .memory_bytes = code.size()},
                  {.type = 1, .flags = 6, .offset = 0, .address = kData, .file_bytes = 0, .memory_bytes = kDataBytes}};
  std::vector<std::byte> file = elf.Bytes();
  std::memcpy(file.data() + 0x1000, code.data(), code.size());
  return file;
}

AbiTest::AbiTest() {
  boot_config::Partition& partition = config_.partitions[0];
  config_.partition_count = 1;
  partition.name = "main";
  partition.cpus = CpuSet::All();
  partition.layer_count = 1;
  partition.layers[0].plugin = &sched::round_robin::kDescriptor;
  partition.layers[0].values[0] = 1000;  // slice_us
}

AbiTest::~AbiTest() {
  fs::ResetFileSystemForTest();
  mm::ResetMemoryForTest();
}

void AbiTest::AddFile(std::string path, std::vector<std::byte> contents, std::uint16_t permissions) {
  files_[std::move(path)] = {std::move(contents), permissions};
}

void AbiTest::AddFile(std::string path, std::string_view contents, std::uint16_t permissions) {
  const auto* bytes = reinterpret_cast<const std::byte*>(contents.data());
  AddFile(std::move(path), std::vector<std::byte>(bytes, bytes + contents.size()), permissions);
}

host::Outcome AbiTest::Boot(std::string_view path, std::vector<std::string_view> arguments,
                            std::vector<std::string_view> environment) {
  return machine_.Run([&] {
    ASSERT_EQ(mm::InitFrames(machine_.boot_info(), 0, 0), Status::kOk);
    ASSERT_EQ(core::InitDispatch(config_), Status::kOk);
    const mm::RefPtr<fs::Node> root = fs::MakeRoot().value();
    const mm::RefPtr<fs::Paths> paths = mm::MakeRef<fs::Paths>(root, root).value();
    for (const auto& [name, file] : files_) MakeFile(*paths, name, file.contents, file.permissions);
    core::SetInitExitHook(OnInitExit);
    InitLinuxAbi();
    FixedText<256> message;
    if (!Ok(StartInitProgram(root, path, arguments, environment, message))) {
      refusal = message.view();
      arch::PowerOff(255);
    }
    core::RunIdle();
  });
}

host::Outcome AbiTest::Run(TestProgram& program, std::vector<std::string_view> arguments,
                           std::vector<std::string_view> environment) {
  AddFile("/init", program.Elf());
  return Boot("/init", std::move(arguments), std::move(environment));
}

std::string AbiTest::Expect(TestProgram& program) {
  const host::Outcome outcome = Run(program);
  EXPECT_EQ(outcome.end, host::Outcome::End::kPoweredOff) << outcome.message << "\n" << outcome.console;
  EXPECT_EQ(outcome.exit_code, 0) << "the expectation of that number failed, or a signal (from 128)\n"
                                  << refusal << outcome.console;
  return outcome.console;
}

}  // namespace esc::linux_abi
