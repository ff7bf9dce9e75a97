// The message of libraries_test.cc, as the kernel reads it.
#include <gtest/gtest.h>
#include <pb_decode.h>
#include <pb_encode.h>

#include "tests/build/sample.nanopb.h"

namespace {

TEST(Nanopb, DecodesWhatItEncoded) {
  esc_test_Sample sample = esc_test_Sample_init_zero;
  std::snprintf(sample.name, sizeof(sample.name), "%s", "kernel");
  sample.values_count = 2;
  sample.values[1] = 7;
  pb_byte_t bytes[64];
  pb_ostream_t out = pb_ostream_from_buffer(bytes, sizeof(bytes));
  ASSERT_TRUE(pb_encode(&out, esc_test_Sample_fields, &sample));
  esc_test_Sample copy = esc_test_Sample_init_zero;
  pb_istream_t in = pb_istream_from_buffer(bytes, out.bytes_written);
  ASSERT_TRUE(pb_decode(&in, esc_test_Sample_fields, &copy));
  EXPECT_STREQ(copy.name, "kernel");
  EXPECT_EQ(copy.values_count, 2);
  EXPECT_EQ(copy.values[1], 7u);
}

TEST(Nanopb, RefusesMoreValuesThanTheOptionsAllow) {
  const pb_byte_t five_values[] = {0x12, 5, 1, 2, 3, 4, 5};
  esc_test_Sample sample = esc_test_Sample_init_zero;
  pb_istream_t in = pb_istream_from_buffer(five_values, sizeof(five_values));
  EXPECT_FALSE(pb_decode(&in, esc_test_Sample_fields, &sample));
}

}  // namespace
