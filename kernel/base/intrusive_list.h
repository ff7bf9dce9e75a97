// A doubly linked list through hooks inside its items: no allocation, O(1) unlinking, any number of lists
// an item by one hook a tag. An item must be unlinked before it dies (checked). Not thread-safe: the list's
// owner says which lock guards it.
//
//   struct ReadyTag {};
//   struct Job : ListHook<ReadyTag> {};
//   IntrusiveList<Job, ReadyTag> ready;
#pragma once

#include <cstddef>

#include "kernel/base/check.h"

namespace esc {

template <class T, class Tag>
class IntrusiveList;

template <class Tag>
class ListHook {
 public:
  constexpr ListHook() = default;
  ~ListHook() { ESC_CHECK(!linked()); }
  ListHook(const ListHook&) = delete;
  ListHook& operator=(const ListHook&) = delete;
  constexpr bool linked() const { return next_ != nullptr; }

 private:
  template <class T, class OtherTag>
  friend class IntrusiveList;
  ListHook* next_ = nullptr;
  ListHook* previous_ = nullptr;
};

template <class T, class Tag>
class IntrusiveList {
  using Hook = ListHook<Tag>;

 public:
  class Iterator {
   public:
    explicit Iterator(Hook* at) : at_(at) {}
    T& operator*() const { return *static_cast<T*>(at_); }
    T* operator->() const { return static_cast<T*>(at_); }
    Iterator& operator++() {
      at_ = at_->next_;
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    Hook* at_;
  };

  constexpr IntrusiveList() { Reset(); }
  ~IntrusiveList() {
    ESC_CHECK(empty());
    head_.next_ = head_.previous_ = nullptr;
  }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;

  bool empty() const { return head_.next_ == &head_; }
  std::size_t size() const { return size_; }
  T& front() {
    ESC_CHECK(!empty());
    return *static_cast<T*>(head_.next_);
  }
  T& back() {
    ESC_CHECK(!empty());
    return *static_cast<T*>(head_.previous_);
  }
  void push_back(T& item) { LinkBefore(&head_, item); }
  void push_front(T& item) { LinkBefore(head_.next_, item); }
  // Before `position`, which is linked in this list.
  void insert_before(T& position, T& item) { LinkBefore(static_cast<Hook*>(&position), item); }
  void remove(T& item) {
    Hook& hook = item;
    ESC_CHECK(hook.linked());
    hook.previous_->next_ = hook.next_;
    hook.next_->previous_ = hook.previous_;
    hook.next_ = hook.previous_ = nullptr;
    --size_;
  }
  // Moves all items of `other`, in their order, behind this list's own. Constant time.
  void splice_back(IntrusiveList& other) {
    if (other.empty()) return;
    head_.previous_->next_ = other.head_.next_;
    other.head_.next_->previous_ = head_.previous_;
    other.head_.previous_->next_ = &head_;
    head_.previous_ = other.head_.previous_;
    size_ += other.size_;
    other.size_ = 0;
    other.Reset();
  }
  // nullptr when empty.
  T* pop_front() {
    if (empty()) return nullptr;
    T& item = front();
    remove(item);
    return &item;
  }
  T* pop_back() {
    if (empty()) return nullptr;
    T& item = back();
    remove(item);
    return &item;
  }
  Iterator begin() { return Iterator(head_.next_); }
  Iterator end() { return Iterator(&head_); }

 private:
  constexpr void Reset() { head_.next_ = head_.previous_ = &head_; }
  void LinkBefore(Hook* position, T& item) {
    Hook& hook = item;
    ESC_CHECK(!hook.linked());
    hook.next_ = position;
    hook.previous_ = position->previous_;
    position->previous_->next_ = &hook;
    position->previous_ = &hook;
    ++size_;
  }

  Hook head_;
  std::size_t size_ = 0;
};

}  // namespace esc
