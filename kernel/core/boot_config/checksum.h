// The checksum that ends a binary boot config: CRC-32 as in IEEE 802.3, bit by bit, since a config is small.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace esc::boot_config {

constexpr std::uint32_t Crc32(std::span<const std::byte> bytes) {
  std::uint32_t crc = ~std::uint32_t{0};
  for (const std::byte byte : bytes) {
    crc ^= static_cast<std::uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320u : 0u);
  }
  return ~crc;
}

// Field 15 (BootConfig.checksum) of wire type 5: four bytes follow, the lowest first.
inline constexpr std::byte kChecksumTag{15 << 3 | 5};
inline constexpr std::size_t kChecksumFieldBytes = 5;

// The checksum's field over `bytes`: what has to follow them.
constexpr std::array<std::byte, kChecksumFieldBytes> ChecksumField(std::span<const std::byte> bytes) {
  const std::uint32_t crc = Crc32(bytes);
  return {kChecksumTag, static_cast<std::byte>(crc), static_cast<std::byte>(crc >> 8),
          static_cast<std::byte>(crc >> 16), static_cast<std::byte>(crc >> 24)};
}

}  // namespace esc::boot_config
