// How a system call's registers become the arguments of a C++ function.
//
// Adapt<F> is a handler that reads rdi, rsi, rdx, r10, r8, r9 (AMD64 supplement A.2.1) into F's parameters, each
// by its type: an int takes the low half, as Linux does. A function whose first parameter is the register file gets
// that too. No copies, no allocation: what F costs and a few moves.
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "kernel/arch_api/user_registers.h"
#include "kernel/base/units.h"
#include "kernel/linux_abi/errno.h"

namespace esc::linux_abi {

using Handler = std::int64_t (*)(arch::UserRegisters& registers);

struct Call {
  std::uint16_t number = 0;
  const char* name = nullptr;
  Handler handler = nullptr;
};

namespace call_internal {

template <unsigned kIndex>
constexpr std::uint64_t Register(const arch::UserRegisters& r) {
  static_assert(kIndex < 6);
  if constexpr (kIndex == 0) return r.rdi;
  if constexpr (kIndex == 1) return r.rsi;
  if constexpr (kIndex == 2) return r.rdx;
  if constexpr (kIndex == 3) return r.r10;
  if constexpr (kIndex == 4) return r.r8;
  if constexpr (kIndex == 5) return r.r9;
}

template <class T>
constexpr T FromRegister(std::uint64_t value) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(value);
  } else {
    static_assert(std::is_same_v<T, VirtAddr>);
    return VirtAddr{value};
  }
}

template <auto kFunction, class Signature = decltype(kFunction)>
struct Adapter;

template <auto kFunction, class... Parameters>
struct Adapter<kFunction, Answer (*)(Parameters...)> {
  template <std::size_t... kIndices>
  static std::int64_t Invoke(arch::UserRegisters& r, std::index_sequence<kIndices...>) {
    return kFunction(FromRegister<Parameters>(Register<kIndices>(r))...).value();
  }
  static std::int64_t Call(arch::UserRegisters& r) { return Invoke(r, std::index_sequence_for<Parameters...>()); }
};

template <auto kFunction, class... Parameters>
struct Adapter<kFunction, Answer (*)(arch::UserRegisters&, Parameters...)> {
  template <std::size_t... kIndices>
  static std::int64_t Invoke(arch::UserRegisters& r, std::index_sequence<kIndices...>) {
    return kFunction(r, FromRegister<Parameters>(Register<kIndices>(r))...).value();
  }
  static std::int64_t Call(arch::UserRegisters& r) { return Invoke(r, std::index_sequence_for<Parameters...>()); }
};

}  // namespace call_internal

template <auto kFunction>
std::int64_t Adapt(arch::UserRegisters& registers) {
  return call_internal::Adapter<kFunction>::Call(registers);
}

}  // namespace esc::linux_abi
