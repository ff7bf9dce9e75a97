#!/bin/bash
# Runs a test so that the sanitizers' reports name functions and lines (see .bazelrc).
symbolizer=$TEST_SRCDIR/escapement_llvm/llvm-symbolizer
export ASAN_OPTIONS=external_symbolizer_path=$symbolizer${ASAN_OPTIONS:+:$ASAN_OPTIONS}
export UBSAN_OPTIONS=external_symbolizer_path=$symbolizer:print_stacktrace=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}
export TSAN_OPTIONS=external_symbolizer_path=$symbolizer${TSAN_OPTIONS:+:$TSAN_OPTIONS}
exec "$@"
