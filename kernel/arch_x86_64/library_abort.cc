// Where libc++ ends what would throw: std::string_view::substr past the end, std::optional::value without one.
#include <string_view>

#include "kernel/base/port.h"

_LIBCPP_BEGIN_NAMESPACE_STD

[[noreturn]] void __libcpp_verbose_abort(const char* format, ...) { esc::port::Panic(format); }

_LIBCPP_END_NAMESPACE_STD
