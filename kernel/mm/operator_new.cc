// operator delete for the freestanding kernel: a virtual destructor refers to it, and objects come from the kernel heap.
// There is no operator new on purpose: allocation can fail, and mm::New says so.
#include <cstddef>
#include <new>

#include "kernel/mm/heap.h"

void operator delete(void* block) noexcept { esc::mm::Free(block); }
void operator delete(void* block, std::size_t) noexcept { esc::mm::Free(block); }
void operator delete(void* block, std::align_val_t) noexcept { esc::mm::Free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { esc::mm::Free(block); }
