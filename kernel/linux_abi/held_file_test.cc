// A file that one thread works with stays, whoever closes its descriptor meanwhile.
#include "kernel/linux_abi/abi_machine.h"

namespace esc::linux_abi {
namespace {

using host::Label;
using host::Register;

constexpr std::uint64_t kData = TestProgram::kData;
constexpr std::uint64_t kStack = kData + TestProgram::kDataBytes;
constexpr std::uint64_t kRead = 0, kWrite = 1, kClose = 3, kPipe = 22, kNanosleep = 35, kClone = 56, kExit = 60, kWait4 = 61;
constexpr std::uint64_t kThread = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000;  // CLONE_VM, FS, FILES, SIGHAND, THREAD
constexpr std::uint64_t kProcessWithOurDescriptors = 0x400 | 17;            // CLONE_FILES, SIGCHLD

class HeldFiles : public AbiTest {
 protected:
  // The new task waits in a read; this one closes the descriptor under it, and then writes: that must still arrive.
  void CloseUnderAReader(std::uint64_t clone_flags, std::uint64_t stack) {
    TestProgram program;
    const Label reader = program.NewLabel();
    program.ExpectCall(0, kPipe, {kData});
    program.SystemCall(kClone, {clone_flags, stack, 0, 0, 0});
    program.JumpIfZero(Register::rax, reader);
    program.Put64(kData + 16, 0);
    program.Put64(kData + 24, 10'000'000);
    program.ExpectCall(0, kNanosleep, {kData + 16, 0});
    program.ExpectCall(0, kClose, {3});
    program.ExpectCall(1, kWrite, {4, program.Text("x"), 1});
    program.ExpectCall(0, kNanosleep, {kData + 16, 0});
    if (clone_flags == kThread) {
      program.Expect8(kData + 8, 'x');
    } else {
      program.SystemCall(kWait4, {~0ull, kData + 8, 0, 0});
      program.Expect32(kData + 8, 'x' << 8);
    }
    program.Exit(0);
    program.Bind(reader);
    program.ExpectCall(1, kRead, {3, kData + 8, 1});
    program.Move(Register::r9, kData + 8);
    program.Load8(Register::rdi, Register::r9);
    program.Move(Register::rax, kExit);
    program.SystemCall();
    Expect(program);
  }
};

TEST_F(HeldFiles, OutliveAThreadsClose) { CloseUnderAReader(kThread, kStack); }

TEST_F(HeldFiles, OutliveTheCloseOfAProcessThatSharesTheTable) { CloseUnderAReader(kProcessWithOurDescriptors, 0); }

}  // namespace
}  // namespace esc::linux_abi
