// A growing array in the kernel heap. What can fail says so: PushBack and Resize give kNoMemory and leave the
// vector as it was. Not thread-safe. Growth doubles; elements move by their move constructor.
#pragma once

#include <algorithm>
#include <cstddef>
#include <new>
#include <utility>

#include "kernel/base/check.h"
#include "kernel/base/status.h"
#include "kernel/mm/heap.h"

namespace esc::mm {

template <class T>
class Vector {
 public:
  Vector() = default;
  Vector(Vector&& other) noexcept
      : items_(std::exchange(other.items_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  Vector& operator=(Vector&& other) noexcept {
    std::swap(items_, other.items_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~Vector() {
    Clear();
    Free(items_);
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* data() { return items_; }
  const T* data() const { return items_; }
  T* begin() { return items_; }
  T* end() { return items_ + size_; }
  const T* begin() const { return items_; }
  const T* end() const { return items_ + size_; }
  T& operator[](std::size_t index) {
    ESC_DCHECK(index < size_);
    return items_[index];
  }
  const T& operator[](std::size_t index) const {
    ESC_DCHECK(index < size_);
    return items_[index];
  }
  T& back() { return (*this)[size_ - 1]; }

  Status Reserve(std::size_t capacity) {
    if (capacity <= capacity_) return Status::kOk;
    if (capacity > ~std::size_t{0} / sizeof(T) / 2) return Status::kNoMemory;
    auto* items = static_cast<T*>(Allocate(capacity * sizeof(T), alignof(T) < 16 ? 16 : alignof(T)));
    if (items == nullptr) return Status::kNoMemory;
    for (std::size_t i = 0; i < size_; ++i) {
      new (&items[i]) T(std::move(items_[i]));
      items_[i].~T();
    }
    Free(items_);
    items_ = items;
    capacity_ = capacity;
    return Status::kOk;
  }
  Status PushBack(T item) {
    if (size_ == capacity_) ESC_TRY(Reserve(std::max<std::size_t>(4, capacity_ * 2)));
    new (&items_[size_++]) T(std::move(item));
    return Status::kOk;
  }
  // New elements are value-initialised.
  Status Resize(std::size_t size) {
    if (size > capacity_) ESC_TRY(Reserve(std::max(size, capacity_ * 2)));
    while (size_ > size) items_[--size_].~T();
    while (size_ < size) new (&items_[size_++]) T();
    return Status::kOk;
  }
  void PopBack() {
    ESC_CHECK(size_ != 0);
    items_[--size_].~T();
  }
  void Clear() {
    while (size_ != 0) items_[--size_].~T();
  }

 private:
  T* items_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace esc::mm
