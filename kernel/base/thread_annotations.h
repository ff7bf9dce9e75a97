// Names for Clang's thread-safety attributes, the same as absl/base/thread_annotations.h, which the kernel
// platform does not link: an analysis only, no code.
#pragma once

#define ESC_CAPABILITY(x) __attribute__((capability(x)))
#define ESC_SCOPED_CAPABILITY __attribute__((scoped_lockable))
#define ESC_GUARDED_BY(x) __attribute__((guarded_by(x)))
#define ESC_PT_GUARDED_BY(x) __attribute__((pt_guarded_by(x)))
#define ESC_REQUIRES(...) __attribute__((requires_capability(__VA_ARGS__)))
#define ESC_EXCLUDES(...) __attribute__((locks_excluded(__VA_ARGS__)))
#define ESC_ACQUIRE(...) __attribute__((acquire_capability(__VA_ARGS__)))
#define ESC_RELEASE(...) __attribute__((release_capability(__VA_ARGS__)))
#define ESC_TRY_ACQUIRE(...) __attribute__((try_acquire_capability(__VA_ARGS__)))
#define ESC_ASSERT_CAPABILITY(x) __attribute__((assert_capability(x)))
#define ESC_RETURN_CAPABILITY(x) __attribute__((lock_returned(x)))
#define ESC_NO_THREAD_SAFETY_ANALYSIS __attribute__((no_thread_safety_analysis))
