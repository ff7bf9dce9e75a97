#include "kernel/linux_abi/initial_stack.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace esc::linux_abi {
namespace {

constexpr VirtAddr kTop{0x7fff'0000'0000};

StringBlock Block(std::string& storage, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) storage.append(text).push_back('\0');
  return {storage, texts.size()};
}

// Reads the stack as a program's start-up code does.
class StackReader {
 public:
  explicit StackReader(const StackRequest& request) : bytes_(InitialStackBytes(request).value()) {
    layout_ = BuildInitialStack(request, bytes_);
    std::uint64_t at = layout_.pointer.value;
    const auto next = [&] {
      const std::uint64_t word = Word(at);
      at += 8;
      return word;
    };
    const std::uint64_t count = next();
    for (std::uint64_t i = 0; i < count; ++i) arguments_.push_back(Text(next()));
    EXPECT_EQ(next(), 0u);
    while (const std::uint64_t text = next()) environment_.push_back(Text(text));
    while (const std::uint64_t type = next()) {
      EXPECT_TRUE(values_.emplace(type, next()).second) << type << " twice";
    }
    EXPECT_EQ(next(), 0u);
  }
  std::uint64_t Word(std::uint64_t address) const {
    std::uint64_t word;
    std::memcpy(&word, At(address, 8), 8);
    return word;
  }
  std::string Text(std::uint64_t address) const { return reinterpret_cast<const char*>(At(address, 1)); }
  const std::byte* At(std::uint64_t address, std::size_t size) const {
    EXPECT_GE(address, layout_.pointer.value);
    EXPECT_LE(address + size, kTop.value);
    return bytes_.data() + (address - layout_.pointer.value);
  }

  std::vector<std::byte> bytes_;
  StackLayout layout_;
  std::vector<std::string> arguments_, environment_;
  std::map<std::uint64_t, std::uint64_t> values_;
};

TEST(InitialStack, CarriesArgumentsEnvironmentAndValues) {
  std::string arguments, environment;
  StackRequest request{.top = kTop,
                       .arguments = Block(arguments, {"/bin/sh", "-c", "", "echo hi"}),
                       .environment = Block(environment, {"PATH=/bin", "A="}),
                       .path = "/bin/sh",
                       .values = {.headers = 0x400040,
                                  .header_count = 9,
                                  .entry = 0x401000,
                                  .interpreter_base = 0x7000,
                                  .uid = 1,
                                  .euid = 2,
                                  .gid = 3,
                                  .egid = 4,
                                  .hardware = 5,
                                  .hardware2 = 6,
                                  .minimum_signal_stack = 3000,
                                  .vdso = 0x9000,
                                  .random = {0x1122334455667788, 0x99aabbccddeeff00}}};
  const StackReader stack(request);
  EXPECT_EQ(stack.layout_.pointer.value % 16, 0u);
  EXPECT_EQ(stack.layout_.pointer.value + stack.bytes_.size(), kTop.value);
  EXPECT_EQ(stack.arguments_, (std::vector<std::string>{"/bin/sh", "-c", "", "echo hi"}));
  EXPECT_EQ(stack.environment_, (std::vector<std::string>{"PATH=/bin", "A="}));
  const auto value = [&](std::uint64_t type) { return stack.values_.at(type); };
  EXPECT_EQ(value(AT_PHDR), 0x400040u);
  EXPECT_EQ(value(AT_PHENT), sizeof(Elf64_Phdr));
  EXPECT_EQ(value(AT_PHNUM), 9u);
  EXPECT_EQ(value(AT_PAGESZ), 4096u);
  EXPECT_EQ(value(AT_BASE), 0x7000u);
  EXPECT_EQ(value(AT_FLAGS), 0u);
  EXPECT_EQ(value(AT_ENTRY), 0x401000u);
  EXPECT_EQ(value(AT_UID), 1u);
  EXPECT_EQ(value(AT_EUID), 2u);
  EXPECT_EQ(value(AT_GID), 3u);
  EXPECT_EQ(value(AT_EGID), 4u);
  EXPECT_EQ(value(AT_HWCAP), 5u);
  EXPECT_EQ(value(AT_HWCAP2), 6u);
  EXPECT_EQ(value(AT_CLKTCK), 100u);
  EXPECT_EQ(value(AT_SECURE), 0u);
  EXPECT_EQ(value(AT_MINSIGSTKSZ), 3000u);
  EXPECT_EQ(stack.Text(value(AT_EXECFN)), "/bin/sh");
  EXPECT_EQ(stack.Text(value(AT_PLATFORM)), "x86_64");
  EXPECT_EQ(stack.Word(value(AT_RANDOM)), 0x1122334455667788u);
  EXPECT_EQ(stack.Word(value(AT_RANDOM) + 8), 0x99aabbccddeeff00u);
  EXPECT_EQ(value(AT_SYSINFO_EHDR), 0x9000u);
}

TEST(InitialStack, TellsWhereTheStringsAre) {
  std::string arguments, environment;
  const StackRequest request{
      .top = kTop, .arguments = Block(arguments, {"ab", "c"}), .environment = Block(environment, {"D=e"}), .path = "x"};
  const StackReader stack(request);
  const StackLayout& layout = stack.layout_;
  EXPECT_EQ(layout.argument_end - layout.argument_begin, 5u);
  EXPECT_EQ(layout.environment_end - layout.environment_begin, 4u);
  EXPECT_EQ(stack.Text(layout.argument_begin.value), "ab");
  EXPECT_EQ(stack.Text(layout.environment_begin.value), "D=e");
}

TEST(InitialStack, IsAlignedForEveryNumberAndLengthOfStrings) {
  for (int count = 0; count < 6; ++count) {
    for (int length = 0; length < 20; ++length) {
      std::string arguments, environment;
      const std::vector<std::string> texts(static_cast<std::size_t>(count),
                                           std::string(static_cast<std::size_t>(length), 'x'));
      const StackRequest request{
          .top = kTop, .arguments = Block(arguments, texts), .environment = Block(environment, {"A=b"}), .path = "p"};
      const StackReader stack(request);
      EXPECT_EQ(stack.layout_.pointer.value % 16, 0u);
      EXPECT_EQ(stack.arguments_, texts);
    }
  }
}

TEST(InitialStack, RefusesMoreThanItsLimit) {
  std::string arguments;
  const StringBlock block = Block(arguments, {std::string(kMaxArgumentBytes, 'x')});
  EXPECT_EQ(InitialStackBytes({.top = kTop, .arguments = block, .path = "p"}).status(), Status::kTooLarge);
  // Pointers count too: many empty strings.
  std::string many(kMaxArgumentBytes / 8, '\0');
  EXPECT_EQ(InitialStackBytes({.top = kTop, .arguments = {many, many.size()}, .path = "p"}).status(),
            Status::kTooLarge);
}

}  // namespace
}  // namespace esc::linux_abi
