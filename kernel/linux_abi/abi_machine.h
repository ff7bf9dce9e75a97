// A fixture for tests of whole system calls: the simulated machine with core, a file tree and this ABI, and programs in
// simulated machine code inside real ELF files, which call by Linux's numbers.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/arch_host/assembler.h"
#include "kernel/arch_host/machine.h"
#include "kernel/core/boot_config/boot_config.h"

namespace esc::linux_abi {

// A program: code at kCode, a readable and writable page of zeros at kData. Every expectation that fails ends it with
// the expectation's number as exit code, counted from 1.
class TestProgram : public host::Assembler {
 public:
  static constexpr std::uint64_t kCode = 0x401000;
  static constexpr std::uint64_t kData = 0x600000;
  static constexpr std::uint64_t kDataBytes = 0x4000;

  TestProgram() : Assembler(kCode) {}

  // A zero-terminated text in the program; its address.
  std::uint64_t Text(std::string_view text);
  // rax = call(arguments), expected to be `result` (a negative one is an error).
  void ExpectCall(std::int64_t result, std::uint64_t number, std::initializer_list<std::uint64_t> arguments = {});
  void ExpectRax(std::int64_t wanted);
  // The word in memory, of 1, 4 or 8 bytes.
  void Expect64(std::uint64_t address, std::uint64_t wanted);
  void Expect32(std::uint64_t address, std::uint32_t wanted);
  void Expect8(std::uint64_t address, std::uint8_t wanted);
  void Put64(std::uint64_t address, std::uint64_t value);
  void Put32(std::uint64_t address, std::uint32_t value);
  void Print(std::string_view text);  // write(1, text)
  void Exit(int code);                // exit_group

  std::vector<std::byte> Elf();

 private:
  void ExpectRegister(host::Register seen, std::int64_t wanted);
  int expectations_ = 0;
};

class AbiTest : public ::testing::Test {
 public:
  AbiTest();
  ~AbiTest() override;

  void AddFile(std::string path, std::vector<std::byte> contents, std::uint16_t permissions = 0755);
  void AddFile(std::string path, std::string_view contents, std::uint16_t permissions = 0755);

  // Boots, makes the files, starts `path` as init and runs until the machine ends.
  host::Outcome Boot(std::string_view path, std::vector<std::string_view> arguments = {},
                     std::vector<std::string_view> environment = {});
  // The same with `program` as /init.
  host::Outcome Run(TestProgram& program, std::vector<std::string_view> arguments = {},
                    std::vector<std::string_view> environment = {});
  // Run, which must end with exit code 0.
  std::string Expect(TestProgram& program);

  host::Machine& machine() { return machine_; }
  // What StartInitProgram answered, when it failed.
  std::string refusal;

 private:
  struct File {
    std::vector<std::byte> contents;
    std::uint16_t permissions;
  };
  host::Machine machine_;
  boot_config::BootConfig config_;
  std::map<std::string, File> files_;
};

}  // namespace esc::linux_abi
