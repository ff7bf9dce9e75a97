// What the build puts into a boot config compiler besides LinkedPlugins(): the protos of those plugins.
#pragma once

#include <cstddef>

// Serialized FileDescriptorSets, one behind the other: an object file that boot_config_compiler() makes.
extern "C" const std::byte esc_descriptor_sets_begin[];
extern "C" const std::byte esc_descriptor_sets_end[];
