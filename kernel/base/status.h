// Status and Result<T>: how every fallible function of the kernel answers.
//
// A code without a string: whoever prints it knows the thing and the value. Codes name what happened in
// the kernel's own terms; only linux_abi knows which errno each one becomes. Both types are [[nodiscard]].
// `ESC_TRY(expr)` is the one way to pass an error on: it yields the value, or returns the error from the
// enclosing function.
#pragma once

#include <concepts>
#include <cstdint>
#include <new>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "kernel/base/check.h"

namespace esc {

enum class [[nodiscard]] Status : std::uint8_t {
  kOk = 0,
  kInvalidArgument,   // a value that no state of the system would make right
  kOutOfRange,        // a number outside the range that its receiver states
  kNoMemory,          // frames, heap or a fixed table are exhausted
  kNotFound,          // no such name or number
  kAlreadyExists,     //
  kNotDirectory,      //
  kIsDirectory,       //
  kNotEmpty,          // a directory that still has entries
  kBusy,              // in use; the same call may work later
  kWouldBlock,        // the caller asked not to wait
  kInterrupted,       // a signal ended a wait before anything was done
  kRestart,           // as kInterrupted, but the call is to be started again when no handler runs
  kTimedOut,          //
  kFault,             // a user address that is not mapped, or not so
  kPermissionDenied,  // the caller's credentials do not allow it (EPERM)
  kAccessDenied,      // the object's mode does not allow it (EACCES)
  kNotExecutable,     // not a program that this kernel runs (ENOEXEC)
  kCorrupt,           // bytes from outside that break their own format
  kTruncated,         // bytes from outside that end too early
  kTooLarge,          // an argument list, a file or a message over its limit
  kTooManyOpen,       // the descriptor table is full
  kBadDescriptor,     // no such descriptor, or one not open for this
  kBrokenPipe,        // nobody will ever read it
  kNotSeekable,       //
  kNotTerminal,       // a terminal operation on something else
  kNotSupported,      // known, and refused here
  kNotImplemented,    // unknown to this kernel
  kNoSuchProcess,     //
  kNoChild,           //
  kNoSpace,           //
  kReadOnly,          //
  kNameTooLong,       //
  kTooManyLinks,      // symbolic links, one after the other
  kCrossDevice,       //
  kResourceLimit,     // an RLIMIT of the process
  kDeadlock,          //
  kNoDevice,          // a device or named pipe with nobody behind it
  kIoError,           //
};

// "kNoMemory" and so on, for logs.
std::string_view StatusName(Status status);

constexpr bool Ok(Status status) { return status == Status::kOk; }

// A value, or the Status that says why there is none. Never holds kOk without a value.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  constexpr Result(T value) : value_(std::move(value)) {}  // NOLINT: implicit, so that `return value;` works
  constexpr Result(Status error) : status_(error) { ESC_CHECK(error != Status::kOk); }  // NOLINT: as above

  constexpr bool ok() const { return status_ == Status::kOk; }
  constexpr explicit operator bool() const { return ok(); }
  constexpr Status status() const { return status_; }

  constexpr T& value() & {
    ESC_CHECK(ok());
    return *value_;
  }
  constexpr const T& value() const& {
    ESC_CHECK(ok());
    return *value_;
  }
  constexpr T&& value() && {
    ESC_CHECK(ok());
    return std::move(*value_);
  }
  constexpr T& operator*() & { return value(); }
  constexpr const T& operator*() const& { return value(); }
  constexpr T&& operator*() && { return std::move(*this).value(); }
  constexpr T* operator->() { return &value(); }
  constexpr const T* operator->() const { return &value(); }
  constexpr T value_or(T other) const { return ok() ? *value_ : std::move(other); }

 private:
  Status status_ = Status::kOk;
  std::optional<T> value_;
};

namespace status_internal {
constexpr Status StatusOf(Status status) { return status; }
template <class T>
constexpr Status StatusOf(const Result<T>& result) {
  return result.status();
}
constexpr void Unwrap(Status) {}
template <class T>
constexpr T Unwrap(Result<T>&& result) {
  return std::move(result).value();
}
}  // namespace status_internal

}  // namespace esc

// A statement expression (GNU extension, Clang): the value of `expr`, or `return` with its error.
#define ESC_TRY(expr)                                                             \
  ({                                                                              \
    auto esc_try_result = (expr);                                                 \
    if (!::esc::Ok(::esc::status_internal::StatusOf(esc_try_result))) {           \
      return ::esc::status_internal::StatusOf(esc_try_result);                    \
    }                                                                             \
    ::esc::status_internal::Unwrap(std::move(esc_try_result));                    \
  })
