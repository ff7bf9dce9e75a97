#include "kernel/linux_abi/initial_stack.h"

#include <cstring>

#include "kernel/base/bits.h"
#include "kernel/base/check.h"
#include "kernel/linux_abi/numbers.h"

namespace esc::linux_abi {
namespace {

constexpr std::string_view kPlatform{"x86_64", 7};  // with its final zero
constexpr std::size_t kAuxiliaryPairs = 21;

// Strings at the top of the stack, in Linux's order: arguments, environment, path, with 8 zero bytes above.
struct Sizes {
  std::size_t strings, vectors, total;
};

Sizes SizesOf(const StackRequest& request) {
  Sizes sizes;
  sizes.strings = request.arguments.bytes.size() + request.environment.bytes.size() + request.path.size() + 1 +
                  kPlatform.size() + 16 + 8;
  sizes.vectors = (1 + request.arguments.count + 1 + request.environment.count + 1 + 2 * kAuxiliaryPairs) * 8;
  sizes.total = AlignUp<std::size_t>(sizes.strings, 16) + AlignUp<std::size_t>(sizes.vectors, 16);
  return sizes;
}

// Writes 64-bit words one behind the other.
class WordWriter {
 public:
  explicit WordWriter(std::span<std::byte> to) : to_(to) {}
  void Add(std::uint64_t word) {
    ESC_CHECK(at_ + 8 <= to_.size());
    std::memcpy(to_.data() + at_, &word, 8);
    at_ += 8;
  }
  void AddStrings(const StringBlock& block, std::uint64_t address) {
    std::size_t at = 0;
    for (std::size_t i = 0; i < block.count; ++i) {
      Add(address + at);
      at = block.bytes.find('\0', at) + 1;
    }
    Add(0);
  }
  void AddPair(std::uint64_t type, std::uint64_t value) {
    Add(type);
    Add(value);
  }
  std::size_t size() const { return at_; }

 private:
  std::span<std::byte> to_;
  std::size_t at_ = 0;
};

struct Places {
  std::uint64_t path, platform, random;
};

void AddAuxiliary(WordWriter& words, const StackRequest& request, const Places& places) {
  const AuxiliaryValues& values = request.values;
  words.AddPair(kAuxSystemInfo, values.vdso);
  words.AddPair(kAuxHardware, values.hardware);
  words.AddPair(kAuxPageSize, kPageSize);
  words.AddPair(kAuxClockTicks, kClockTicks);
  words.AddPair(kAuxHeaders, values.headers);
  words.AddPair(kAuxHeaderSize, 56);
  words.AddPair(kAuxHeaderCount, values.header_count);
  words.AddPair(kAuxBase, values.interpreter_base);
  words.AddPair(kAuxFlags, 0);
  words.AddPair(kAuxEntry, values.entry);
  words.AddPair(kAuxUid, values.uid);
  words.AddPair(kAuxEuid, values.euid);
  words.AddPair(kAuxGid, values.gid);
  words.AddPair(kAuxEgid, values.egid);
  words.AddPair(kAuxSecure, 0);
  words.AddPair(kAuxRandom, places.random);
  words.AddPair(kAuxHardware2, values.hardware2);
  words.AddPair(kAuxPath, places.path);
  words.AddPair(kAuxPlatform, places.platform);
  words.AddPair(kAuxMinimumSignalStack, values.minimum_signal_stack);
  words.AddPair(kAuxNull, 0);
}

}  // namespace

Result<std::size_t> InitialStackBytes(const StackRequest& request) {
  const Sizes sizes = SizesOf(request);
  if (sizes.total > kMaxArgumentBytes) return Status::kTooLarge;
  return sizes.total;
}

StackLayout BuildInitialStack(const StackRequest& request, std::span<std::byte> bytes) {
  const Sizes sizes = SizesOf(request);
  ESC_CHECK(bytes.size() == sizes.total);
  std::memset(bytes.data(), 0, bytes.size());
  const VirtAddr pointer = request.top - sizes.total;
  std::size_t at = sizes.total - sizes.strings;
  const auto put = [&](std::string_view text) {
    const std::uint64_t address = pointer.value + at;
    if (!text.empty()) std::memcpy(bytes.data() + at, text.data(), text.size());
    at += text.size();
    return address;
  };
  Places places;
  places.random = put({reinterpret_cast<const char*>(request.values.random), sizeof(request.values.random)});
  places.platform = put(kPlatform);
  const std::uint64_t arguments = put(request.arguments.bytes);
  const std::uint64_t environment = put(request.environment.bytes);
  const std::uint64_t environment_end = pointer.value + at;
  places.path = put(request.path);

  WordWriter words(bytes.first(sizes.vectors));
  words.Add(request.arguments.count);
  words.AddStrings(request.arguments, arguments);
  words.AddStrings(request.environment, environment);
  AddAuxiliary(words, request, places);
  ESC_CHECK(words.size() == sizes.vectors);
  return {.pointer = pointer,
          .argument_begin = {arguments},
          .argument_end = {environment},
          .environment_begin = {environment},
          .environment_end = {environment_end}};
}

}  // namespace esc::linux_abi
