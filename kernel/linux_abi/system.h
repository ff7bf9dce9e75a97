// The machine as a whole, and odds and ends of the process.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernel/arch_api/user_registers.h"
#include "kernel/base/units.h"
#include "kernel/linux_abi/errno.h"

namespace esc::linux_abi {

// What programs ask for by version: C libraries refuse a Linux older than what they were built for.
inline constexpr std::string_view kSystemRelease = "6.1.0-escapement";
inline constexpr std::string_view kSystemVersion = "#1 Escapement";

Answer GetSystemName(VirtAddr out);
Answer SetHostName(VirtAddr name, int bytes);
Answer SetDomainName(VirtAddr name, int bytes);
Answer GetSystemInfo(VirtAddr out);
Answer Reboot(std::uint32_t magic, std::uint32_t magic2, std::uint32_t command);
Answer GetRandom(VirtAddr out, std::uint64_t bytes, std::uint32_t flags);
Answer GetCpu(VirtAddr cpu, VirtAddr node);
Answer ThreadArea(int code, std::uint64_t address);  // arch_prctl
Answer ProcessControl(int option, std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d);
Answer Personality(std::uint32_t persona);

}  // namespace esc::linux_abi
