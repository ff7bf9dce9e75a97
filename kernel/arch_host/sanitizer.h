// What the simulated machine tells the address and leak sanitizers; nothing without them.
#pragma once

#include <cstddef>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ESC_HOST_ADDRESS_SANITIZER 1
#endif
#endif

#ifdef ESC_HOST_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif

namespace esc::host {

#ifdef ESC_HOST_ADDRESS_SANITIZER
inline void UnpoisonMemory(void* begin, std::size_t bytes) { __asan_unpoison_memory_region(begin, bytes); }
// Pointers found there keep what they point to from being reported as a leak.
inline void RegisterLeakRoots(void* begin, std::size_t bytes) { __lsan_register_root_region(begin, bytes); }
inline void UnregisterLeakRoots(void* begin, std::size_t bytes) { __lsan_unregister_root_region(begin, bytes); }
inline void StartStackSwitch(void** save, const void* bottom, std::size_t bytes) {
  __sanitizer_start_switch_fiber(save, bottom, bytes);
}
inline void FinishStackSwitch(void* saved, const void** old_bottom, std::size_t* old_bytes) {
  __sanitizer_finish_switch_fiber(saved, old_bottom, old_bytes);
}
#else
inline void UnpoisonMemory(void*, std::size_t) {}
inline void RegisterLeakRoots(void*, std::size_t) {}
inline void UnregisterLeakRoots(void*, std::size_t) {}
inline void StartStackSwitch(void**, const void*, std::size_t) {}
inline void FinishStackSwitch(void*, const void**, std::size_t*) {}
#endif

}  // namespace esc::host
