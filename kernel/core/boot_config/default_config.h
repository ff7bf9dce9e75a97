// The boot config that is built into the image, for a boot that brings none.
#pragma once

#include <cstddef>
#include <span>

namespace esc::boot_config {

// Binary form, validated when the image was built. Defined by what kernel_image() generates; empty when the image has
// none.
std::span<const std::byte> DefaultConfigBytes();

}  // namespace esc::boot_config
