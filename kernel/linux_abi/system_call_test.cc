// System calls from the program's side: files, pipes, processes, memory, time.
#include <cerrno>
#include <cstring>
#include <vector>

#include "kernel/linux_abi/abi_machine.h"
#include "kernel/linux_abi/elf_test_file.h"

namespace esc::linux_abi {
namespace {

using host::Register;

constexpr std::uint64_t kData = TestProgram::kData;
constexpr std::uint64_t kRead = 0, kWrite = 1, kClose = 3, kPoll = 7, kMmap = 9, kMunmap = 11, kBrk = 12, kPipe = 22,
                        kNanosleep = 35, kGetPid = 39, kFork = 57, kVfork = 58, kExecve = 59, kExit = 60, kWait4 = 61,
                        kKill = 62, kUname = 63, kGetcwd = 79, kMkdir = 83, kGetPpid = 110, kArchPrctl = 158,
                        kGetTid = 186, kClockGetTime = 228, kExitGroup = 231, kOpenAt = 257, kRseq = 334;
constexpr std::uint64_t kHere = static_cast<std::uint64_t>(-100);  // AT_FDCWD

using SystemCall = AbiTest;

TEST_F(SystemCall, WritesAndExits) {
  TestProgram program;
  program.Print("hello from user mode\n");
  program.ExpectRax(21);
  program.Exit(7);
  const host::Outcome outcome = Run(program);
  EXPECT_EQ(outcome.end, host::Outcome::End::kPoweredOff) << outcome.message;
  EXPECT_EQ(outcome.exit_code, 7);
  EXPECT_NE(outcome.console.find("hello from user mode"), std::string::npos);
}

TEST_F(SystemCall, AnswersErrorsAsLinuxDoes) {
  TestProgram program;
  program.ExpectCall(-EBADF, kRead, {99, kData, 1});
  program.ExpectCall(-EFAULT, kWrite, {1, 16, 10});
  program.ExpectCall(-EFAULT, kOpenAt, {kHere, 16, 0});
  program.ExpectCall(-ENOENT, kOpenAt, {kHere, program.Text("/no/such"), 0});
  program.ExpectCall(-ENOENT, kOpenAt, {kHere, program.Text(""), 0});
  program.ExpectCall(-EEXIST, kMkdir, {program.Text("/dev"), 0755});
  program.ExpectCall(-ERANGE, kGetcwd, {kData, 1});
  program.ExpectCall(2, kGetcwd, {kData, 100});
  program.ExpectCall(-EINVAL, kMmap, {0, 0, 3, 0x22, ~0ull, 0});
  program.ExpectCall(-ECHILD, kWait4, {~0ull, 0, 0, 0});
  program.ExpectCall(-ESRCH, kKill, {4000, 0});
  program.ExpectCall(-EPERM, kArchPrctl, {0x1002, 0xffff800000000000});
  program.ExpectCall(-EINVAL, kArchPrctl, {0x3001, 0});
  program.Exit(0);
  Expect(program);
}

TEST_F(SystemCall, UnknownCallsAreNamedOnceAndCounted) {
  TestProgram program;
  program.ExpectCall(-ENOSYS, 101);  // ptrace
  program.ExpectCall(-ENOSYS, 101);
  program.ExpectCall(-ENOSYS, 5000);
  program.ExpectCall(-ENOSYS, ~0ull);
  program.ExpectCall(-ENOSYS, kRseq);  // known and refused: no word
  program.Exit(0);
  const std::string console = Expect(program);
  const std::size_t first = console.find("101 (ptrace)");
  ASSERT_NE(first, std::string::npos) << console;
  EXPECT_EQ(console.find("101 (ptrace)", first + 1), std::string::npos);
  EXPECT_NE(console.find("5000 (no such call"), std::string::npos);
  EXPECT_EQ(console.find("rseq"), std::string::npos);
}

TEST_F(SystemCall, PipeForkWait) {
  TestProgram program;
  program.ExpectCall(0, kPipe, {kData});
  program.Expect32(kData, 3);
  program.Expect32(kData + 4, 4);
  const host::Label child = program.NewLabel();
  program.SystemCall(kFork);
  program.JumpIfZero(Register::rax, child);
  program.Copy(Register::rbx, Register::rax);
  program.ExpectCall(0, kClose, {4});
  program.ExpectCall(2, kRead, {3, kData + 100, 10});  // waits for the child
  program.Expect8(kData + 100, 'o');
  program.ExpectCall(0, kRead, {3, kData + 100, 10});  // its end is the end
  program.SystemCall(kWait4, {~0ull, kData + 8, 0, 0});
  program.Subtract(Register::rax, Register::rbx);
  program.ExpectRax(0);
  program.Expect32(kData + 8, 42 << 8);
  program.Exit(0);
  program.Bind(child);
  program.SystemCall(kWrite, {4, program.Text("ok"), 2});
  program.SystemCall(kExit, {42});
  Expect(program);
}

TEST_F(SystemCall, ForkCopiesMemory) {
  TestProgram program;
  program.Put64(kData, 1);
  const host::Label child = program.NewLabel();
  program.SystemCall(kFork);
  program.JumpIfZero(Register::rax, child);
  program.SystemCall(kWait4, {~0ull, kData + 8, 0, 0});
  program.Expect32(kData + 8, 0);
  program.Expect64(kData, 1);
  program.Exit(0);
  program.Bind(child);
  program.Expect64(kData, 1);
  program.Put64(kData, 2);
  program.Expect64(kData, 2);
  program.Exit(0);
  Expect(program);
}

TEST_F(SystemCall, VforkExecsWithArgumentsAndEnvironment) {
  TestProgram other;  // ends with argc + 10 * (argv[1][0] == 'x') + 100 * (envp[0][0] == 'E')
  other.Load64(Register::rbx, Register::rsp, 0);
  other.Load64(Register::rcx, Register::rsp, 16);
  other.Load8(Register::rcx, Register::rcx);
  other.Move(Register::rdx, 'x');
  const host::Label second = other.NewLabel(), done = other.NewLabel();
  other.JumpIfNotEqual(Register::rcx, Register::rdx, second);
  other.Add(Register::rbx, 10);
  other.Bind(second);
  other.Load64(Register::rcx, Register::rsp, 32);
  other.Load8(Register::rcx, Register::rcx);
  other.Move(Register::rdx, 'E');
  other.JumpIfNotEqual(Register::rcx, Register::rdx, done);
  other.Add(Register::rbx, 100);
  other.Bind(done);
  other.Copy(Register::rdi, Register::rbx);
  other.Move(Register::rax, kExitGroup);
  other.SystemCall();
  AddFile("/other", other.Elf());

  TestProgram program;
  const std::uint64_t name = program.Text("/other"), argument = program.Text("xyz"), variable = program.Text("E=1");
  program.Put64(kData, name);
  program.Put64(kData + 8, argument);
  program.Put64(kData + 32, variable);
  const host::Label child = program.NewLabel();
  program.SystemCall(kVfork);
  program.JumpIfZero(Register::rax, child);
  program.SystemCall(kWait4, {~0ull, kData + 64, 0, 0});
  program.Expect32(kData + 64, 112 << 8);
  program.Exit(0);
  program.Bind(child);
  program.SystemCall(kExecve, {name, kData, kData + 32});
  program.Exit(99);
  Expect(program);
}

TEST_F(SystemCall, ExecFailuresLeaveTheProgram) {
  AddFile("/text", "echo hello\n");
  AddFile("/data", "x", 0644);
  TestProgram whole;
  whole.Exit(0);
  std::vector<std::byte> truncated = whole.Elf();
  truncated.resize(80);
  AddFile("/truncated", truncated);
  AddFile("/loop", "#!/loop\n");
  AddFile("/nobody", "#!/no/such/interpreter\n");
  TestProgram program;
  program.Put64(kData, program.Text("name"));
  const auto expect = [&](int error, std::string_view path) {
    program.ExpectCall(-error, kExecve, {program.Text(path), kData, 0});
  };
  expect(ENOENT, "/none");
  expect(ENOEXEC, "/text");
  expect(EACCES, "/data");
  expect(EACCES, "/dev");
  expect(ENOEXEC, "/truncated");
  expect(ELOOP, "/loop");
  expect(ENOENT, "/nobody");
  expect(ENOTDIR, "/text/more");
  program.ExpectCall(-EFAULT, kExecve, {program.Text("/text"), 16, 0});
  program.Print("still here\n");
  program.Exit(0);
  EXPECT_NE(Expect(program).find("still here"), std::string::npos);
}

// A program that wants /interpreter, whose own segment lies at `address`.
std::vector<std::byte> InterpretedProgram(std::uint64_t address) {
  constexpr std::string_view kPath{"/interpreter", 13};
  TestElf elf;
  elf.entry = address + 0x100;
  elf.bytes = 0x1000;
  elf.segments = {{.type = 1, .flags = 5, .offset = 0, .address = address, .file_bytes = 0x1000, .memory_bytes = 0x1000},
                  {.type = 3, .flags = 4, .offset = 0x200, .address = 0, .file_bytes = kPath.size(), .memory_bytes = kPath.size()}};
  std::vector<std::byte> file = elf.Bytes();
  std::memcpy(file.data() + 0x200, kPath.data(), kPath.size());
  return file;
}

// As klibc's programs: their shared library is an executable for a fixed place.
TEST_F(SystemCall, AnInterpreterMayBeLinkedForAFixedPlace) {
  TestProgram interpreter;
  interpreter.Print("interpreter at its place\n");
  interpreter.Exit(9);
  AddFile("/interpreter", interpreter.Elf());
  AddFile("/init", InterpretedProgram(0x800000));
  const host::Outcome outcome = Boot("/init");
  EXPECT_EQ(outcome.exit_code, 9) << refusal << outcome.message;
  EXPECT_NE(outcome.console.find("interpreter at its place"), std::string::npos);
}

TEST_F(SystemCall, AnInterpreterThatOverlapsTheProgramIsRefused) {
  TestProgram interpreter;
  interpreter.Exit(9);
  AddFile("/interpreter", interpreter.Elf());
  AddFile("/init", InterpretedProgram(TestProgram::kCode));
  Boot("/init");
  EXPECT_NE(refusal.find("/interpreter: overlaps the program"), std::string::npos) << refusal;
}

TEST_F(SystemCall, ScriptsRunTheirInterpreter) {
  TestProgram shell;  // prints argv[1] and argv[2], which are the argument of the #! line and the script
  for (const std::int64_t at : {16, 24}) {
    shell.Load64(Register::rsi, Register::rsp, at);
    shell.Move(Register::rdi, 1);
    shell.Move(Register::rdx, 2);
    shell.Move(Register::rax, kWrite);
    shell.SystemCall();
  }
  shell.Load64(Register::rdi, Register::rsp, 0);
  shell.Move(Register::rax, kExitGroup);
  shell.SystemCall();
  AddFile("/shell", shell.Elf());
  AddFile("/init", "#! /shell -v \nbody\n");
  const host::Outcome outcome = Boot("/init", {"more"});
  EXPECT_EQ(outcome.exit_code, 4) << refusal << outcome.message;  // /shell -v /init more
  EXPECT_NE(outcome.console.find("-v/i"), std::string::npos) << outcome.console;
}

TEST_F(SystemCall, MemoryComesAndGoes) {
  TestProgram program;
  program.SystemCall(kMmap, {0, 0x3000, 3, 0x22, ~0ull, 0});
  program.Copy(Register::rbx, Register::rax);
  program.Move(Register::rcx, 77);
  program.Store64(Register::rbx, 0x2ff8, Register::rcx);
  program.Load64(Register::rax, Register::rbx, 0x2ff8);
  program.ExpectRax(77);
  program.Load64(Register::rax, Register::rbx, 0);
  program.ExpectRax(0);
  program.Copy(Register::rdi, Register::rbx);
  program.Move(Register::rsi, 0x3000);
  program.Move(Register::rax, kMunmap);
  program.SystemCall();
  program.ExpectRax(0);
  program.SystemCall(kBrk, {0});
  program.Copy(Register::rbx, Register::rax);
  program.Copy(Register::rdi, Register::rax);
  program.Add(Register::rdi, 0x2000);
  program.Move(Register::rax, kBrk);
  program.SystemCall();
  program.Subtract(Register::rax, Register::rbx);
  program.ExpectRax(0x2000);
  program.Store64(Register::rbx, 0x1ff8, Register::rcx);
  program.Exit(0);
  Expect(program);
}

TEST_F(SystemCall, ABadAccessKills) {
  TestProgram program;
  const host::Label child = program.NewLabel();
  program.SystemCall(kFork);
  program.JumpIfZero(Register::rax, child);
  program.SystemCall(kWait4, {~0ull, kData, 0, 0});
  program.Expect32(kData, 11);
  program.Exit(0);
  program.Bind(child);
  program.Put64(0x10, 1);
  program.Exit(1);
  Expect(program);
}

TEST_F(SystemCall, PollAndSleepTakeTheirTime) {
  TestProgram program;
  program.ExpectCall(0, kPipe, {kData});
  program.Put64(kData + 16, 3 | std::uint64_t{1} << 32);  // POLLIN
  program.ExpectCall(0, kClockGetTime, {1, kData + 32});
  program.ExpectCall(0, kPoll, {kData + 16, 1, 20});
  program.Put64(kData + 64, 0);
  program.Put64(kData + 72, 30'000'000);
  program.ExpectCall(0, kNanosleep, {kData + 64, 0});
  program.ExpectCall(0, kClockGetTime, {1, kData + 48});
  program.Move(Register::r9, kData);
  program.Load64(Register::rax, Register::r9, 56);
  program.Load64(Register::rbx, Register::r9, 40);
  program.Subtract(Register::rax, Register::rbx);
  program.Move(Register::rbx, 50'000'000);
  const host::Label early = program.NewLabel();
  program.JumpIfBelow(Register::rax, Register::rbx, early);
  program.ExpectCall(1, kWrite, {4, program.Text("x"), 1});
  program.ExpectCall(1, kPoll, {kData + 16, 1, ~0ull});
  program.Exit(0);
  program.Bind(early);
  program.Exit(100);
  Expect(program);
}

TEST_F(SystemCall, IdentityIsThatOfInit) {
  TestProgram program;
  program.ExpectCall(1, kGetPid);
  program.ExpectCall(1, kGetTid);
  program.ExpectCall(0, kGetPpid);
  program.ExpectCall(0, kUname, {kData});
  program.Expect8(kData, 'L');
  program.Expect8(kData + 65, 'e');  // the host's name
  program.Exit(0);
  Expect(program);
}

TEST_F(SystemCall, InitIsRefusedWithItsNameAndTheTrouble) {
  Boot("/missing");
  EXPECT_EQ(refusal, "/missing: cannot be opened (kNotFound)");
}

TEST_F(SystemCall, InitForAnotherMachineIsRefused) {
  TestProgram program;
  program.Exit(0);
  std::vector<std::byte> file = program.Elf();
  file[18] = std::byte{0xb7};
  AddFile("/init", file);
  Boot("/init");
  EXPECT_EQ(refusal, "/init: ELF file for another machine, e_machine 0xb7");
}

TEST_F(SystemCall, TruncatedInitIsRefused) {
  TestProgram program;
  program.Exit(0);
  std::vector<std::byte> file = program.Elf();
  file.resize(40);
  AddFile("/init", file);
  Boot("/init");
  EXPECT_EQ(refusal, "/init: truncated ELF header, bytes in the file 0x28");
}

TEST_F(SystemCall, InitWithoutPermissionIsRefused) {
  TestProgram program;
  program.Exit(0);
  AddFile("/init", program.Elf(), 0644);
  Boot("/init");
  EXPECT_EQ(refusal, "/init: not executable: no permission (kAccessDenied)");
}

}  // namespace
}  // namespace esc::linux_abi
