// Shared ownership by a count inside the object: `class File : public RefCounted<File>`.
// The last RefPtr destroys the object and gives it back to the kernel heap. Atomic; no cycles, please.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "kernel/base/check.h"
#include "kernel/mm/heap.h"

namespace esc::mm {

template <class T>
class RefPtr;

template <class T>
class RefCounted {
 public:
  RefCounted() = default;
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;
  std::uint32_t references() const { return references_.load(std::memory_order_relaxed); }

 protected:
  ~RefCounted() = default;

 private:
  template <class U>
  friend class RefPtr;
  void Share() { references_.fetch_add(1, std::memory_order_relaxed); }
  // Pairs with itself: the destroying release sees every write made through other references.
  bool Drop() { return references_.fetch_sub(1, std::memory_order_acq_rel) == 1; }
  std::atomic<std::uint32_t> references_{0};
};

template <class T>
class RefPtr {
 public:
  constexpr RefPtr() = default;
  constexpr RefPtr(std::nullptr_t) {}  // NOLINT: implicit like a raw pointer
  explicit RefPtr(T* object) : object_(object) { Share(); }
  RefPtr(const RefPtr& other) : object_(other.object_) { Share(); }
  RefPtr(RefPtr&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  template <class U>
    requires std::is_convertible_v<U*, T*>
  RefPtr(const RefPtr<U>& other) : object_(other.get()) { Share(); }  // NOLINT: upcast
  RefPtr& operator=(RefPtr other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~RefPtr() { Reset(); }

  void Reset() {
    if (T* object = std::exchange(object_, nullptr); object != nullptr && object->Drop()) HeapDeleter{}(object);
  }
  T* get() const { return object_; }
  T& operator*() const { return *object_; }
  T* operator->() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }
  bool operator==(const RefPtr& other) const { return object_ == other.object_; }

 private:
  void Share() {
    if (object_ != nullptr) object_->Share();
  }
  T* object_ = nullptr;
};

// A new T in the heap with its first reference, or kNoMemory.
template <class T, class... Args>
Result<RefPtr<T>> MakeRef(Args&&... args) {
  Owned<T> object = ESC_TRY((New<T>(std::forward<Args>(args)...)));
  return RefPtr<T>(object.release());
}

}  // namespace esc::mm
