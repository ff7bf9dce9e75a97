// The boot config that is built into the image, for boots that bring none.
#pragma once

#include <cstddef>
#include <span>

namespace esc::boot_config {

// In the binary form. Defined by what kernel_image() generates.
std::span<const std::byte> DefaultConfigBytes();

}  // namespace esc::boot_config
