// Abseil, protocol buffers and Google Benchmark as host programs use them.
#include <benchmark/benchmark.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "tests/build/sample.pb.h"

namespace {

absl::StatusOr<int> Half(int number) {
  if (number % 2 != 0) return absl::InvalidArgumentError(absl::StrCat(number, " is odd"));
  return number / 2;
}

TEST(Abseil, LinksAndRuns) {
  absl::flat_hash_map<std::string, int> halves;
  halves["four"] = *Half(4);
  EXPECT_EQ(halves.at("four"), 2);
  EXPECT_EQ(Half(3).status().message(), "3 is odd");
}

TEST(Protobuf, ParsesTextOfAMessageFromABuildRule) {
  esc::test::Sample sample;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString("name: \"n\" values: [1, 2]", &sample));
  EXPECT_EQ(sample.values_size(), 2);
  esc::test::Sample copy;
  ASSERT_TRUE(copy.ParseFromString(sample.SerializeAsString()));
  EXPECT_EQ(copy.name(), "n");
}

TEST(Benchmark, Links) {
  int runs = 0;
  benchmark::RegisterBenchmark("count", [&runs](benchmark::State& state) {
    for (auto _ : state) runs++;
  })->Iterations(3);
  benchmark::RunSpecifiedBenchmarks();
  EXPECT_EQ(runs, 3);
}

}  // namespace
