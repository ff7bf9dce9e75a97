#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kernel/core/boot_config/decode.h"
#include "kernel/core/boot_config/test_plugins.h"

namespace esc::boot_config {
namespace {

class CommandLineTest : public testing::Test {
 protected:
  CommandLineTest() {
    config_.partition_count = 2;
    config_.partitions[0] = {.name = "a", .cpus = CpuSet::FirstN(1), .layer_count = 1};
    config_.partitions[1] = {.name = "b", .cpus = CpuSet::FromMask(2), .layer_count = 2};
    config_.partitions[0].layers[0] = {.plugin = &test::kTurns, .values = {5'000, 4}};
    config_.partitions[1].layers[0] = {.plugin = &test::kPlain};
    config_.partitions[1].layers[1] = {.plugin = &test::kTurns, .values = {7'000, 2}};
  }
  Status Apply(std::string_view line) {
    unknown_.clear();
    return ApplyCommandLine(
        line, test::kTable, config_, [&](std::string_view word) { unknown_.emplace_back(word); }, message_);
  }
  void ExpectRefused(std::string_view line, Status status, std::string_view message) {
    config_.partition_count = 2;  // which the error before this one has undone
    EXPECT_EQ(Apply(line), status) << line;
    EXPECT_EQ(message_.view(), message);
  }
  std::vector<std::string> Arguments() const {
    return {config_.init_arguments.view().begin(), config_.init_arguments.view().end()};
  }

  BootConfig config_;
  FixedText<512> message_;
  std::vector<std::string> unknown_;
};

using Strings = std::vector<std::string>;

TEST_F(CommandLineTest, AnEmptyLineChangesNothing) {
  EXPECT_EQ(Apply(""), Status::kOk);
  EXPECT_EQ(Apply("  \t\n"), Status::kOk);
  EXPECT_EQ(config_.init_path, "/init");
  EXPECT_EQ(config_.partitions[1].layer_count, 2u);
}

TEST_F(CommandLineTest, SetsWhatItNames) {
  ASSERT_EQ(Apply("console=ttyS2 init=/bin/sh escapement.time_slice_us=2000 escapement.tick_us=500 "
                  "escapement.max_processes=100 escapement.memory_bytes=67108864 escapement.seed=9 "
                  "escapement.on_bad_scheduler=fallback escapement.trace=faults,scheduling"),
            Status::kOk)
      << message_.view();
  EXPECT_EQ(config_.console, "ttyS2");
  EXPECT_EQ(config_.init_path, "/bin/sh");
  EXPECT_EQ(config_.time_slice, Nanos::Millis(2));
  EXPECT_EQ(config_.tick, Nanos::Micros(500));
  EXPECT_EQ(config_.max_processes, 100u);
  EXPECT_EQ(config_.memory_limit_bytes, 67108864u);
  EXPECT_EQ(config_.seed, 9u);
  EXPECT_EQ(config_.on_bad_scheduler, OnBadScheduler::kFallback);
  EXPECT_EQ(config_.trace_categories, 0b1001u);
  EXPECT_EQ(unknown_, Strings{});
}

TEST_F(CommandLineTest, KeepsNoPointerIntoTheLine) {
  auto line = std::make_unique<std::string>("init=/sbin/first -- one two");
  ASSERT_EQ(Apply(*line), Status::kOk);
  line.reset();
  EXPECT_EQ(config_.init_path, "/sbin/first");
  EXPECT_EQ(Arguments(), (Strings{"one", "two"}));
}

TEST_F(CommandLineTest, TheSchedulerReplacesEachStackAndKeepsItsParameters) {
  ASSERT_EQ(Apply("escapement.scheduler=turns"), Status::kOk) << message_.view();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(config_.partitions[i].layer_count, 1u);
    EXPECT_EQ(config_.partitions[i].layers[0].plugin, &test::kTurns);
  }
  EXPECT_EQ(config_.partitions[0].layers[0].values[0], 5'000u);
  EXPECT_EQ(config_.partitions[1].layers[0].values[0], 7'000u);
}

TEST_F(CommandLineTest, AFreshSchedulerHasItsDefaults) {
  config_.partitions[0].layers[0] = {.plugin = &test::kPlain};
  ASSERT_EQ(Apply("escapement.scheduler=turns"), Status::kOk);
  EXPECT_EQ(config_.partitions[0].layers[0].values[0], 4'000u);
}

TEST_F(CommandLineTest, TheSchedulerMendsAConfigWithoutPartitions) {
  config_.partition_count = 0;
  ASSERT_EQ(Apply("escapement.scheduler=plain"), Status::kOk);
  ASSERT_EQ(config_.partition_count, 1u);
  EXPECT_EQ(config_.partitions[0].name, "main");
  EXPECT_EQ(config_.partitions[0].cpus, CpuSet::All());
}

TEST_F(CommandLineTest, ParametersReachEveryLayerOfThePlugin) {
  ASSERT_EQ(Apply("escapement.turns.levels=6"), Status::kOk) << message_.view();
  EXPECT_EQ(config_.partitions[0].layers[0].values[1], 6u);
  EXPECT_EQ(config_.partitions[1].layers[1].values[1], 6u);
}

TEST_F(CommandLineTest, ParametersMayComeBeforeTheirScheduler) {
  config_.partitions[0].layers[0] = {.plugin = &test::kPlain};
  config_.partitions[1].layer_count = 1;
  ASSERT_EQ(Apply("escapement.turns.levels=6 escapement.scheduler=turns"), Status::kOk) << message_.view();
  EXPECT_EQ(config_.partitions[0].layers[0].values[1], 6u);
}

TEST_F(CommandLineTest, OfRepeatedWordsTheLastOneCounts) {
  ASSERT_EQ(Apply("init=/a escapement.scheduler=nonsense init=relative escapement.scheduler=plain init=/b"),
            Status::kOk)
      << message_.view();
  EXPECT_EQ(config_.init_path, "/b");
  EXPECT_EQ(config_.partitions[0].layers[0].plugin, &test::kPlain);
}

TEST_F(CommandLineTest, UnknownWordsArePassedOverEachOnce) {
  ASSERT_EQ(Apply("quiet root=/dev/vda init=/a escapement.colour=red escapement.nobody.levels=3 =x init"), Status::kOk);
  EXPECT_EQ(unknown_,
            (Strings{"quiet", "root=/dev/vda", "escapement.colour=red", "escapement.nobody.levels=3", "=x", "init"}));
  EXPECT_EQ(config_.init_path, "/a");
}

TEST_F(CommandLineTest, WordsAfterTwoDashesAreInitsArgumentsAndReplaceTheConfigs) {
  config_.init_arguments.items[0] = "old";
  config_.init_arguments.count = 1;
  ASSERT_EQ(Apply("init=/a -- -c \"echo a; echo b\" init=/c -- x=\"1 2\"y"), Status::kOk);
  EXPECT_EQ(Arguments(), (Strings{"-c", "echo a; echo b", "init=/c", "--", "x=1 2y"}));
  EXPECT_EQ(config_.init_path, "/a");
  EXPECT_EQ(unknown_, Strings{});
  ASSERT_EQ(Apply("init=/a"), Status::kOk);
  EXPECT_EQ(Arguments().size(), 5u);
  ASSERT_EQ(Apply("--"), Status::kOk);
  EXPECT_EQ(Arguments().size(), 0u);
}

TEST_F(CommandLineTest, QuotesKeepBlanks) {
  ASSERT_EQ(Apply("init=\"/my init\" \"console=ttyS1\" -- \"\" \"--\""), Status::kOk);
  EXPECT_EQ(config_.init_path, "/my init");
  EXPECT_EQ(config_.console, "ttyS1");
  EXPECT_EQ(Arguments(), (Strings{"", "--"}));
}

TEST_F(CommandLineTest, BadValuesAreRefusedWithTheValidOnes) {
  ExpectRefused("escapement.scheduler=mlqf", Status::kNotFound,
                R"(command line: escapement.scheduler: unknown plugin "mlqf"; linked: turns, plain, future)");
  ExpectRefused("escapement.turns.levels=9", Status::kOutOfRange,
                R"(command line: plugin "turns": levels is 9; 2 to 8 levels)");
  ExpectRefused("escapement.turns.levels=many", Status::kInvalidArgument,
                R"(command line: escapement.turns.levels is "many"; a whole number, decimal)");
  ExpectRefused("escapement.turns.depth=2", Status::kOutOfRange,
                R"(command line: plugin "turns" has no parameter "depth"; it has slice_us, levels, budget)");
  ExpectRefused("escapement.scheduler=plain escapement.turns.levels=2", Status::kOutOfRange,
                R"(command line: escapement.turns.levels is set, but no partition runs plugin "turns")");
  ExpectRefused("console=tty0", Status::kInvalidArgument,
                R"(command line: console is "tty0"; ttyS0, ttyS1, ttyS2, ttyS3 or none)");
  ExpectRefused("init=sh", Status::kInvalidArgument,
                R"(command line: init path is "sh"; an absolute path of at most 255 bytes)");
  ExpectRefused("escapement.time_slice_us=1", Status::kInvalidArgument,
                "command line: time_slice_us is 1; 100 to 10000000");
  ExpectRefused("escapement.on_bad_scheduler=panic", Status::kInvalidArgument,
                R"(command line: escapement.on_bad_scheduler is "panic"; refuse or fallback)");
  ExpectRefused(
      "escapement.trace=all", Status::kInvalidArgument,
      R"(command line: escapement.trace has "all"; scheduling interrupts system_calls faults plugins processes)");
}

TEST_F(CommandLineTest, ParametersThatDoNotFitEachOtherAreRefused) {
  ExpectRefused("escapement.scheduler=turns escapement.turns.slice_us=500000 escapement.turns.levels=3",
                Status::kOutOfRange, R"(command line: plugin "turns": slice_us 500000 times levels 3 is over 1000000)");
}

TEST_F(CommandLineTest, ASchedulerThatLacksWhatThePartitionNeedsIsRefused) {
  config_.partitions[1].needs = sched::Capability::kPreemption;
  ExpectRefused("escapement.scheduler=plain", Status::kNotFound,
                R"(command line: scheduler partition "b": needs preemption, which no layer has; "plain" has none)");
}

TEST_F(CommandLineTest, AQuoteWithoutAnEndIsRefused) {
  ExpectRefused("init=\"/my init", Status::kInvalidArgument, R"(command line: a quote has no end, in "init=/my init")");
  ExpectRefused("-- a \"b c", Status::kInvalidArgument, R"(command line: a quote has no end, in "b c")");
}

TEST_F(CommandLineTest, WhatIsTooLongIsRefused) {
  EXPECT_EQ(Apply("x=" + std::string(600, 'y')), Status::kTooLarge);
  std::string line = "--";
  for (int i = 0; i < 33; ++i) line += " x";
  EXPECT_EQ(Apply(line), Status::kTooLarge);
  EXPECT_EQ(message_.view(), "command line: arguments of init: more than 32");
}

}  // namespace
}  // namespace esc::boot_config
