#include "kernel/core/boot_config/decode.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernel/core/boot_config/boot_config.pb.h"
#include "kernel/core/boot_config/checksum.h"
#include "kernel/core/boot_config/test_plugins.h"

namespace esc::boot_config {
namespace {

using Bytes = std::vector<std::byte>;

Bytes Seal(const std::string& message) {
  Bytes bytes(message.size());
  if (!message.empty()) std::memcpy(bytes.data(), message.data(), message.size());
  const auto seal = ChecksumField(bytes);
  bytes.insert(bytes.end(), seal.begin(), seal.end());
  return bytes;
}

Bytes FromText(const std::string& text) {
  escapement::boot::BootConfig proto;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &proto)) << text;
  return Seal(proto.SerializeAsString());
}

class DecodeTest : public testing::Test {
 protected:
  Status Run(const Bytes& bytes) {
    // An allocation of exactly this size, so that a read past its end is seen.
    const std::unique_ptr<std::byte[]> copy(new std::byte[bytes.size()]);
    std::copy(bytes.begin(), bytes.end(), copy.get());
    return Decode({copy.get(), bytes.size()}, test::kTable, config_, message_);
  }
  Status RunText(const std::string& text) { return Run(FromText(text)); }
  void ExpectRefused(const std::string& text, Status status, std::string_view message) {
    EXPECT_EQ(RunText(text), status) << text;
    EXPECT_EQ(message_.view(), message);
  }

  BootConfig config_;
  FixedText<512> message_;
};

const char kMinimal[] = R"(version: 1 partitions { name: "main" layers { plugin: "plain" } })";

// slice_us 250, levels 4
const char kFull[] = R"(
  version: 1 on_bad_scheduler: FALLBACK
  partitions { name: "fast" cpus: "0-1,5" needs: [PREEMPTION, STEALING]
               layers { plugin: "turns" parameters { type_url: "type.googleapis.com/test.TurnParameters" value: "\010\372\001\020\004" } }
               layers { plugin: "plain" } }
  partitions { name: "rest" layers { plugin: "plain" } }
  time_slice_us: 5000 tick_us: 1000 limits { max_processes: 64 memory_bytes: 33554432 } seed: 77
  console: "ttyS1" trace: [SCHEDULING, FAULTS]
  init { path: "/bin/busybox" arguments: ["sh", "-c", "echo a b"] environment: ["PATH=/bin", "EMPTY="] })";

TEST_F(DecodeTest, AMinimalConfigHasTheDefaultsThatTheProtoStates) {
  ASSERT_EQ(RunText(kMinimal), Status::kOk) << message_.view();
  EXPECT_EQ(config_.partition_count, 1u);
  EXPECT_EQ(config_.partitions[0].name, "main");
  EXPECT_EQ(config_.partitions[0].cpus, CpuSet::All());
  EXPECT_EQ(config_.partitions[0].layers[0].plugin, &test::kPlain);
  EXPECT_EQ(config_.on_bad_scheduler, OnBadScheduler::kRefuse);
  EXPECT_EQ(config_.time_slice, Nanos::Millis(10));
  EXPECT_EQ(config_.tick, Nanos{});
  EXPECT_EQ(config_.max_processes, 4096u);
  EXPECT_EQ(config_.memory_limit_bytes, 0u);
  EXPECT_EQ(config_.seed, 1u);
  EXPECT_EQ(config_.console, "ttyS0");
  EXPECT_EQ(config_.init_path, "/init");
  EXPECT_EQ(config_.init_arguments.count, 0u);
}

TEST_F(DecodeTest, EveryFieldArrives) {
  ASSERT_EQ(RunText(kFull), Status::kOk) << message_.view();
  EXPECT_EQ(config_.on_bad_scheduler, OnBadScheduler::kFallback);
  ASSERT_EQ(config_.partition_count, 2u);
  const Partition& fast = config_.partitions[0];
  EXPECT_EQ(fast.cpus, CpuSet::FromMask(0b100011));
  EXPECT_EQ(fast.needs, sched::Capability::kPreemption | sched::Capability::kStealing);
  ASSERT_EQ(fast.layer_count, 2u);
  EXPECT_EQ(fast.layers[0].plugin, &test::kTurns);
  ASSERT_EQ(fast.layers[0].parameters().size(), 3u);
  EXPECT_EQ(fast.layers[0].parameters()[0], 250u);
  EXPECT_EQ(fast.layers[0].parameters()[1], 4u);
  EXPECT_EQ(fast.layers[0].parameters()[2], 0u);
  EXPECT_EQ(config_.partitions[1].cpus, CpuSet::FromMask(~std::uint64_t{0b100011}));
  EXPECT_EQ(config_.time_slice, Nanos::Millis(5));
  EXPECT_EQ(config_.tick, Nanos::Millis(1));
  EXPECT_EQ(config_.max_processes, 64u);
  EXPECT_EQ(config_.memory_limit_bytes, 33554432u);
  EXPECT_EQ(config_.seed, 77u);
  EXPECT_EQ(config_.console, "ttyS1");
  EXPECT_EQ(config_.trace_categories, 0b1001u);
  EXPECT_EQ(config_.init_path, "/bin/busybox");
  ASSERT_EQ(config_.init_arguments.count, 3u);
  EXPECT_EQ(config_.init_arguments.items[2], "echo a b");
  ASSERT_EQ(config_.init_environment.count, 2u);
  EXPECT_EQ(config_.init_environment.items[1], "EMPTY=");
}

TEST_F(DecodeTest, TheConfigKeepsNoPointerIntoTheInput) {
  {
    Bytes bytes = FromText(kFull);
    ASSERT_EQ(Run(bytes), Status::kOk);
  }
  EXPECT_EQ(config_.init_path, "/bin/busybox");  // under the address sanitizer
  EXPECT_GE(config_.init_path.data(), config_.text.data());
}

TEST_F(DecodeTest, TruncatedAtAnyByteItIsRefused) {
  const Bytes whole = FromText(kFull);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Status status = Run(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    EXPECT_TRUE(status == Status::kTruncated || status == Status::kCorrupt) << size;
    EXPECT_NE(message_.view(), "") << size;
  }
}

TEST_F(DecodeTest, AnyFlippedBitIsRefused) {
  const Bytes whole = FromText(kFull);
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes bytes = whole;
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    const Status status = Run(bytes);
    EXPECT_TRUE(status == Status::kTruncated || status == Status::kCorrupt) << bit;
  }
}

// With a right checksum behind them, so that they reach the decoder.
TEST_F(DecodeTest, RandomBytesAreRefusedOrValid) {
  std::mt19937_64 random(20);
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string message(random() % 64, '\0');
    for (char& c : message) c = static_cast<char>(random());
    if (!Ok(Run(Seal(message)))) {
      ++refused;
      EXPECT_NE(message_.view(), "");
    }
  }
  EXPECT_EQ(refused, 20'000);  // none has version 1 and a partition by chance
}

// Right configs with a few bytes changed, cut or repeated: they get deep into the decoder.
TEST_F(DecodeTest, MutatedConfigsAreRefusedOrValid) {
  escapement::boot::BootConfig proto;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(kFull, &proto));
  const std::string whole = proto.SerializeAsString();
  std::mt19937_64 random(21);
  int refused = 0;
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string message = whole;
    for (std::uint64_t i = random() % 4; i > 0; --i) message[random() % message.size()] = static_cast<char>(random());
    if (random() % 4 == 0) message.resize(random() % message.size());
    if (random() % 8 == 0) message += message.substr(random() % (message.size() + 1));
    const Status status = Run(Seal(message));
    ++(Ok(status) ? accepted : refused);
    if (Ok(status)) {
      EXPECT_GE(config_.partition_count, 1u);
      EXPECT_TRUE(config_.partitions[0].layer_count >= 1 && config_.partitions[0].layers[0].plugin != nullptr);
    } else {
      EXPECT_NE(message_.view(), "");
    }
  }
  EXPECT_GT(refused, 1000);
  EXPECT_GT(accepted, 1000);
}

TEST_F(DecodeTest, WithoutTheChecksumItIsTruncated) {
  escapement::boot::BootConfig proto;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(kMinimal, &proto));
  const std::string bytes = proto.SerializeAsString();
  EXPECT_EQ(Run(Bytes(reinterpret_cast<const std::byte*>(bytes.data()),
                      reinterpret_cast<const std::byte*>(bytes.data()) + bytes.size())),
            Status::kTruncated);
  EXPECT_EQ(message_.view(),
            "boot config: its 19 bytes do not end in a checksum: truncated, or not made by the boot_config tool");
}

TEST_F(DecodeTest, TheChecksumIsTheUsualCrc32) {
  const char text[] = "123456789";
  EXPECT_EQ(Crc32(std::as_bytes(std::span(text, 9))), 0xcbf43926u);
}

TEST_F(DecodeTest, OtherVersionsAreRefused) {
  ExpectRefused(R"(version: 2 partitions { name: "main" layers { plugin: "plain" } })", Status::kInvalidArgument,
                "boot config: version is 2; this kernel reads version 1");
  ExpectRefused(R"(partitions { name: "main" layers { plugin: "plain" } })", Status::kInvalidArgument,
                "boot config: version is 0; this kernel reads version 1");
}

TEST_F(DecodeTest, UnknownPluginIsNamedWithTheLinkedOnes) {
  ExpectRefused(R"(version: 1 partitions { name: "main" layers { plugin: "mlqf" } })", Status::kNotFound,
                R"(scheduler partition "main": unknown plugin "mlqf"; linked: turns, plain, future)");
  ExpectRefused(R"(version: 1 partitions { name: "main" layers { } })", Status::kNotFound,
                R"(scheduler partition "main": unknown plugin ""; linked: turns, plain, future)");
}

TEST_F(DecodeTest, AfterASchedulerErrorTheRestOfTheConfigIsRight) {
  EXPECT_EQ(RunText(R"(version: 1 on_bad_scheduler: FALLBACK partitions { name: "main" layers { plugin: "mlqf" } }
                       console: "ttyS1" init { path: "/bin/sh" arguments: "-i" })"),
            Status::kNotFound);
  EXPECT_EQ(config_.on_bad_scheduler, OnBadScheduler::kFallback);
  EXPECT_EQ(config_.partition_count, 0u);
  EXPECT_EQ(config_.console, "ttyS1");
  EXPECT_EQ(config_.init_path, "/bin/sh");
  EXPECT_EQ(config_.init_arguments.count, 1u);
}

class LoadTest : public DecodeTest {
 protected:
  Status RunLoad(const std::string& text, std::string_view line) {
    return Load(
        FromText(text), line, test::kTable, config_, [](std::string_view) {}, message_);
  }
};

const char kBad[] = R"(version: 1 partitions { name: "main" layers { plugin: "mlqf" } } init { path: "/a" })";
const char kBadFallback[] =
    R"(version: 1 on_bad_scheduler: FALLBACK partitions { name: "main" layers { plugin: "mlqf" } } init { path: "/a" })";

TEST_F(LoadTest, AGoodConfigLeavesNoMessage) {
  EXPECT_EQ(RunLoad(kMinimal, "init=/b -- c"), Status::kOk);
  EXPECT_EQ(message_.view(), "");
  EXPECT_EQ(config_.init_path, "/b");
  EXPECT_EQ(config_.partition_count, 1u);
}

TEST_F(LoadTest, ABadSchedulerIsRefused) {
  EXPECT_EQ(RunLoad(kBad, "init=/b"), Status::kNotFound);
  EXPECT_EQ(message_.view(), R"(scheduler partition "main": unknown plugin "mlqf"; linked: turns, plain, future)");
  EXPECT_EQ(RunLoad(kMinimal, "escapement.scheduler=mlqf"), Status::kNotFound);
  EXPECT_EQ(message_.view(),
            R"(command line: escapement.scheduler: unknown plugin "mlqf"; linked: turns, plain, future)");
}

TEST_F(LoadTest, OrFallenBackFromWhenTheConfigOrTheCommandLineSaysSo) {
  EXPECT_EQ(RunLoad(kBadFallback, "init=/b"), Status::kOk);
  EXPECT_EQ(message_.view(), R"(scheduler partition "main": unknown plugin "mlqf"; linked: turns, plain, future; the )"
                             "built-in first-in-first-out queue runs instead");
  EXPECT_EQ(config_.partition_count, 0u);
  EXPECT_EQ(config_.init_path, "/b");
  EXPECT_EQ(RunLoad(kBad, "escapement.on_bad_scheduler=fallback"), Status::kOk);
  EXPECT_EQ(config_.partition_count, 0u);
  EXPECT_EQ(RunLoad(kMinimal, "escapement.scheduler=mlqf escapement.on_bad_scheduler=fallback init=/b -- c"),
            Status::kOk);
  EXPECT_EQ(config_.partition_count, 0u);
  EXPECT_EQ(config_.init_path, "/b");
  EXPECT_EQ(config_.init_arguments.count, 1u);
  EXPECT_NE(message_.view(), "");
}

TEST_F(LoadTest, TheCommandLineMendsABadScheduler) {
  EXPECT_EQ(RunLoad(kBad, "escapement.scheduler=turns escapement.turns.levels=5"), Status::kOk) << message_.view();
  EXPECT_EQ(message_.view(), "");
  ASSERT_EQ(config_.partition_count, 1u);
  EXPECT_EQ(config_.partitions[0].layers[0].values[1], 5u);
  EXPECT_EQ(config_.init_path, "/a");
}

TEST_F(LoadTest, FallbackIsForSchedulersOnly) {
  EXPECT_EQ(RunLoad(kBadFallback, "console=tty0"), Status::kInvalidArgument);
  EXPECT_EQ(message_.view(), R"(command line: console is "tty0"; ttyS0, ttyS1, ttyS2, ttyS3 or none)");
  EXPECT_EQ(RunLoad(R"(version: 2 on_bad_scheduler: FALLBACK)", ""), Status::kInvalidArgument);
}

TEST_F(DecodeTest, AnotherErrorOutweighsASchedulerError) {
  EXPECT_EQ(RunText(R"(version: 1 partitions { name: "main" layers { plugin: "mlqf" } } console: "tty0")"),
            Status::kInvalidArgument);
  EXPECT_EQ(message_.view(), R"(boot config: console is "tty0"; ttyS0, ttyS1, ttyS2, ttyS3 or none)");
}

TEST_F(DecodeTest, ControlCharactersDoNotReachTheConsole) {
  EXPECT_EQ(RunText(R"(version: 1 partitions { name: "main" layers { plugin: "a\033[2Jb\000c" } })"),
            Status::kNotFound);
  EXPECT_EQ(message_.view(), R"(scheduler partition "main": unknown plugin "a?[2Jb?c"; linked: turns, plain, future)");
}

TEST_F(DecodeTest, AnotherContractVersionIsRefused) {
  ExpectRefused(R"(version: 1 partitions { name: "main" layers { plugin: "future" } })", Status::kNotFound,
                R"(scheduler partition "main": plugin "future" was built for scheduler contract 9; this kernel has )"
                R"(contract 1)");
}

std::string WithParameters(const std::string& plugin, const std::string& type, const std::string& value) {
  return R"(version: 1 partitions { name: "main" layers { plugin: ")" + plugin +
         R"(" parameters { type_url: "type.googleapis.com/)" + type + R"(" value: ")" + value + R"(" } } })";
}

TEST_F(DecodeTest, ParameterOutsideItsRangeIsRefused) {
  ExpectRefused(WithParameters("turns", "test.TurnParameters", "\\020\\011"), Status::kOutOfRange,
                R"(scheduler partition "main": plugin "turns": levels is 9; 2 to 8 levels)");
  ExpectRefused(WithParameters("turns", "test.TurnParameters", "\\010\\143"), Status::kOutOfRange,
                R"(scheduler partition "main": plugin "turns": slice_us is 99; 100 to 1000000 us)");
}

TEST_F(DecodeTest, ParametersThatDoNotFitEachOtherAreRefused) {
  // slice_us 200000, levels 8
  ExpectRefused(WithParameters("turns", "test.TurnParameters", "\\010\\300\\232\\014\\020\\010"), Status::kOutOfRange,
                R"(scheduler partition "main": plugin "turns": slice_us 200000 times levels 8 is over 1000000)");
}

TEST_F(DecodeTest, AParameterOfZeroIsTheDefault) {
  ASSERT_EQ(RunText(WithParameters("turns", "test.TurnParameters", "\\010\\000")), Status::kOk) << message_.view();
  EXPECT_EQ(config_.partitions[0].layers[0].parameters()[0], 4000u);
}

TEST_F(DecodeTest, ParametersOfAnotherPluginAreRefused) {
  ExpectRefused(
      WithParameters("turns", "test.Other", ""), Status::kOutOfRange,
      R"(scheduler partition "main": parameters are a "test.Other"; plugin "turns" takes test.TurnParameters)");
  ExpectRefused(WithParameters("plain", "test.TurnParameters", ""), Status::kOutOfRange,
                R"(scheduler partition "main": parameters are a "test.TurnParameters"; plugin "plain" takes none)");
}

TEST_F(DecodeTest, UnknownAndDamagedParametersAreRefused) {
  ExpectRefused(
      WithParameters("turns", "test.TurnParameters", "\\030\\001"), Status::kOutOfRange,
      R"(scheduler partition "main": plugin "turns" has no parameter number 3; it has slice_us, levels, budget)");
  ExpectRefused(WithParameters("turns", "test.TurnParameters", "\\012\\001x"), Status::kCorrupt,
                R"(scheduler partition "main": parameters of plugin "turns" are damaged)");
  ExpectRefused(WithParameters("turns", "test.TurnParameters", "\\010"), Status::kCorrupt,
                R"(scheduler partition "main": parameters of plugin "turns" are damaged)");
}

TEST_F(DecodeTest, AMissingCapabilityIsRefused) {
  ExpectRefused(R"(version: 1 partitions { name: "main" needs: DEADLINES layers { plugin: "turns" }
                                           layers { plugin: "plain" } })",
                Status::kNotFound,
                R"(scheduler partition "main": needs deadlines, which no layer has; "turns" has preemption stealing, )"
                R"("plain" has none)");
}

TEST_F(DecodeTest, ACpuInTwoPartitionsIsRefused) {
  ExpectRefused(R"(version: 1 partitions { name: "a" cpus: "0-3" layers { plugin: "plain" } }
                   partitions { name: "b" cpus: "2-5" layers { plugin: "plain" } })",
                Status::kInvalidArgument,
                R"(scheduler partition "b": CPU 2, 3 is in partition "a" too; a CPU belongs to one)");
}

TEST_F(DecodeTest, PartitionsThatCannotBeAreRefused) {
  ExpectRefused("version: 1", Status::kInvalidArgument, "partitions: none given; 1 to 8");
  ExpectRefused(R"(version: 1 partitions { name: "main" })", Status::kInvalidArgument,
                R"(scheduler partition "main": layers: none given; 1 to 4)");
  ExpectRefused(R"(version: 1 partitions { layers { plugin: "plain" } })", Status::kInvalidArgument,
                R"(scheduler partition 0: name is ""; 1 to 31 of a-z, 0-9 and _)");
  ExpectRefused(R"(version: 1 partitions { name: "Main" layers { plugin: "plain" } })", Status::kInvalidArgument,
                R"(scheduler partition 0: name is "Main"; 1 to 31 of a-z, 0-9 and _)");
  ExpectRefused(R"(version: 1 partitions { name: "a" cpus: "1" layers { plugin: "plain" } })", Status::kInvalidArgument,
                "scheduler partitions: CPU 0 is in none; the CPU that boots must be in one");
  ExpectRefused(R"(version: 1 partitions { name: "a" layers { plugin: "plain" } }
                   partitions { name: "b" layers { plugin: "plain" } })",
                Status::kInvalidArgument,
                R"(scheduler partitions "a" and "b" both leave out cpus; one may, and gets the rest)");
  ExpectRefused(R"(version: 1 partitions { name: "a" cpus: "0" layers { plugin: "plain" } }
                   partitions { name: "a" cpus: "1" layers { plugin: "plain" } })",
                Status::kInvalidArgument, R"(scheduler partition "a": there are two of this name)");
  ExpectRefused(R"(version: 1 partitions { name: "a" cpus: "0-63" layers { plugin: "plain" } }
                   partitions { name: "b" layers { plugin: "plain" } })",
                Status::kInvalidArgument, R"(scheduler partition "b": no CPU is left for it)");
}

TEST_F(DecodeTest, BadCpuListsAreRefused) {
  for (const std::string cpus : {"64", "3-1", "1,", ",1", "1--2", "0-", "-1", "a", "0 1", "99999999999999999999"}) {
    ExpectRefused(
        R"(version: 1 partitions { name: "a" cpus: ")" + cpus + R"(" layers { plugin: "plain" } })",
        Status::kInvalidArgument,
        R"(scheduler partition "a": cpus is ")" + cpus + R"("; CPU numbers and ranges from 0 to 63, as in "0-3,6")");
  }
}

TEST_F(DecodeTest, TooManyAreRefused) {
  std::string text = "version: 1 ";
  for (int i = 0; i < 9; ++i) {
    text += "partitions { name: 'p" + std::to_string(i) + "' cpus: '" + std::to_string(i) +
            "' layers { plugin: 'plain' } } ";
  }
  ExpectRefused(text, Status::kTooLarge, "boot config: more than 8 partitions");
  ExpectRefused(R"(version: 1 partitions { name: "a" layers { plugin: "plain" } layers { plugin: "plain" }
                   layers { plugin: "plain" } layers { plugin: "plain" } layers { plugin: "plain" } })",
                Status::kTooLarge, R"(scheduler partition "a": more than 4 layers)");
  text = std::string(kMinimal) + " init { ";
  for (int i = 0; i < 33; ++i) text += "arguments: 'x' ";
  ExpectRefused(text + "}", Status::kTooLarge, "boot config: init arguments: more than 32");
}

TEST_F(DecodeTest, TooMuchTextIsRefused) {
  std::string text = std::string(kMinimal) + " init { ";
  for (int i = 0; i < 5; ++i) text += "arguments: '" + std::string(1000, 'x') + "' ";
  ExpectRefused(text + "}", Status::kTooLarge, "boot config: init arguments: all strings together are over 4096 bytes");
  ExpectRefused(std::string(kMinimal) + " init { arguments: '" + std::string(1025, 'x') + "' }", Status::kTooLarge,
                "boot config: init argument has 1025 bytes; at most 1024");
}

TEST_F(DecodeTest, NumbersOutsideTheirRangesAreRefused) {
  const std::string start = std::string(kMinimal) + " ";
  ExpectRefused(start + "time_slice_us: 99", Status::kInvalidArgument,
                "boot config: time_slice_us is 99; 100 to 10000000");
  ExpectRefused(start + "tick_us: 1000001", Status::kInvalidArgument,
                "boot config: tick_us is 1000001; 100 to 1000000");
  ExpectRefused(start + "limits { max_processes: 15 }", Status::kInvalidArgument,
                "boot config: max_processes is 15; 16 to 65536");
  ExpectRefused(start + "limits { memory_bytes: 1 }", Status::kInvalidArgument,
                "boot config: memory_bytes is 1; at least 16777216");
}

TEST_F(DecodeTest, NumbersThatAnEnumerationDoesNotHaveAreRefused) {
  escapement::boot::BootConfig proto;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(kMinimal, &proto));
  proto.set_on_bad_scheduler(static_cast<escapement::boot::OnBadScheduler>(7));
  EXPECT_EQ(Run(Seal(proto.SerializeAsString())), Status::kInvalidArgument);
  EXPECT_EQ(message_.view(), "boot config: on_bad_scheduler is 7; 0 (refuse) or 1 (fallback)");
  proto.set_on_bad_scheduler(escapement::boot::REFUSE);
  proto.add_trace(static_cast<escapement::boot::TraceCategory>(40));
  EXPECT_EQ(Run(Seal(proto.SerializeAsString())), Status::kInvalidArgument);
  EXPECT_EQ(message_.view(), "boot config: trace has number 40; 1 to 6");
}

TEST_F(DecodeTest, BadInitIsRefused) {
  const std::string start = std::string(kMinimal) + " ";
  ExpectRefused(start + "init { path: 'bin/sh' }", Status::kInvalidArgument,
                R"(boot config: init path is "bin/sh"; an absolute path of at most 255 bytes)");
  ExpectRefused(start + "init { environment: '=x' }", Status::kInvalidArgument,
                R"(boot config: init environment has "=x"; each entry is NAME=value)");
  ExpectRefused(start + R"(init { arguments: "a\000b" })", Status::kInvalidArgument,
                R"(boot config: init arguments: "a?b" has a zero byte in it)");
}

}  // namespace
}  // namespace esc::boot_config
