// Fuzz entry: any bytes, with a right checksum behind them so that they get past it, and as they are.
#include <cstdint>
#include <vector>

#include "kernel/core/boot_config/checksum.h"
#include "kernel/core/boot_config/decode.h"
#include "kernel/core/boot_config/test_plugins.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static esc::boot_config::BootConfig config;
  esc::FixedText<512> message;
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(data[i]);
  static_cast<void>(esc::boot_config::Decode(bytes, esc::boot_config::test::kTable, config, message));
  const auto seal = esc::boot_config::ChecksumField(bytes);
  bytes.insert(bytes.end(), seal.begin(), seal.end());
  static_cast<void>(esc::boot_config::Decode(bytes, esc::boot_config::test::kTable, config, message));
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  static_cast<void>(esc::boot_config::ApplyCommandLine(
      line, esc::boot_config::test::kTable, config, [](std::string_view) {}, message));
  return 0;
}
