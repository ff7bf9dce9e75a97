#include "absl/base/thread_annotations.h"

class ABSL_LOCKABLE Lock {};

class Counter {
 public:
  // Without the lock.
  void Add() { count_++; }

 private:
  Lock lock_;
  int count_ ABSL_GUARDED_BY(lock_) = 0;
};

void Use();
void Use() { Counter().Add(); }
