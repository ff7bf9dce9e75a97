// Tells the address sanitizer which memory nobody owns, so that a use after free, through the direct map or through a
// stale translation, is a report in a host test. Nothing where the kernel is built without it.
#pragma once

#include <cstddef>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ESC_MM_POISON 1
extern "C" void __asan_poison_memory_region(void const volatile* begin, std::size_t bytes);
extern "C" void __asan_unpoison_memory_region(void const volatile* begin, std::size_t bytes);
#endif
#endif

namespace esc::mm {

#ifdef ESC_MM_POISON
inline constexpr bool kPoisoning = true;
inline void Poison(const void* begin, std::size_t bytes) { __asan_poison_memory_region(begin, bytes); }
inline void Unpoison(const void* begin, std::size_t bytes) { __asan_unpoison_memory_region(begin, bytes); }
#else
inline constexpr bool kPoisoning = false;
inline void Poison(const void*, std::size_t) {}
inline void Unpoison(const void*, std::size_t) {}
#endif

}  // namespace esc::mm
