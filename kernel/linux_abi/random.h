// Random numbers for address layout, AT_RANDOM and getrandom.
#pragma once

#include <cstdint>

namespace esc::linux_abi {

// As /dev/urandom gives them: with the hardware's bits where there is a source; without, good for layouts, no secret.
std::uint64_t Random64();
bool HardwareRandomPresent();

// Address layout randomisation for programs loaded from now on; on by default. Off makes runs repeatable.
void SetAddressRandomization(bool on);
bool AddressRandomization();

}  // namespace esc::linux_abi
