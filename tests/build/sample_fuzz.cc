// The sample message under the fuzzer: whatever decodes must encode again.
#include <pb_decode.h>
#include <pb_encode.h>

#include <cstddef>
#include <cstdint>

#include "tests/build/sample.nanopb.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  esc_test_Sample sample = esc_test_Sample_init_zero;
  pb_istream_t in = pb_istream_from_buffer(data, size);
  if (!pb_decode(&in, esc_test_Sample_fields, &sample)) return 0;
  static uint8_t again[esc_test_Sample_size];
  pb_ostream_t out = pb_ostream_from_buffer(again, sizeof(again));
  if (!pb_encode(&out, esc_test_Sample_fields, &sample)) __builtin_trap();
  return 0;
}
