#include "tests/conformance/conformance.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string>
#include <string_view>

#include "kernel/base/format.h"
#include "tests/conformance/random.h"

namespace esc::conformance {
namespace {

using sched::PriorityLevel;

constexpr std::array<std::uint32_t, 4> kCpuCounts = {1, 2, 3, 5};

// Drawn parameters can make a bound of hours among slices of microseconds: such a run is left out or cut. The default
// and the smallest parameters stay far below.
constexpr Nanos kLongestBound = Nanos::Seconds(100'000);
constexpr std::uint64_t kMostDecisions = 150'000;

sched::Parameters At(PriorityLevel level) {
  sched::Parameters parameters;
  parameters.priority = level;
  return parameters;
}

std::optional<Finding> Bad(std::string detail) { return Finding{"bad_descriptor", std::move(detail)}; }

bool IsName(std::string_view name) {
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && lower(name[0]) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return lower(c) || (c >= '0' && c <= '9') || c == '_'; });
}

bool Valid(const sched::Descriptor& plugin, const std::vector<std::uint64_t>& values) {
  FixedText<256> message;
  return plugin.check_parameters == nullptr || Ok(plugin.check_parameters(values, message));
}

// Evenly over the magnitudes, not the values, so that small ones come up too.
std::uint64_t Draw(const sched::ParameterSpec& spec, Random& random) {
  const int low = std::bit_width(spec.minimum);
  const int high = std::bit_width(spec.maximum);
  const int bits = static_cast<int>(random.Between(static_cast<std::uint64_t>(low), static_cast<std::uint64_t>(high)));
  const std::uint64_t top = bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
  return std::clamp(random.Between(top / 2 + 1, std::max(top, top / 2 + 1)), spec.minimum, spec.maximum);
}

// --- scripted lives; each is called with a fresh machine ---

void AloneItBlocksAndWakes(Machine& machine) {
  const ThreadId thread = machine.New();
  for (int i = 0; i < 20; ++i) {
    machine.RunFor(Nanos::Micros(700));
    machine.Block(thread);
    machine.RunFor(Nanos::Micros(300));
    machine.Wake(thread);
  }
  for (int i = 0; i < 20; ++i) {
    machine.RunFor(Nanos::Micros(100));
    machine.Yield(thread);
  }
}

void AFewTakeTurns(Machine& machine) {
  for (int i = 0; i < 4; ++i) machine.New();
  machine.RunFor(Nanos::Millis(100));
  for (ThreadId thread = 0; thread < 4; ++thread) {
    machine.Yield(thread);
    machine.RunFor(Nanos::Millis(3));
    machine.Block(thread);
    machine.RunFor(Nanos::Millis(20));
  }
  for (ThreadId thread = 0; thread < 4; ++thread) machine.Wake(thread);
  machine.RunFor(Nanos::Millis(100));
}

// More CPUs than threads for a while, so that the idle ones look for work that does not exist.
void ThreadsComeAndGo(Machine& machine) {
  std::vector<ThreadId> alive;
  for (int round = 0; round < 12; ++round) {
    alive.push_back(alive.empty() ? machine.New() : machine.Fork(alive.front()));
    machine.RunFor(Nanos::Millis(2));
    if (round % 3 == 2) {
      machine.Exit(alive.back());
      alive.pop_back();
    }
  }
  for (const ThreadId thread : alive) {
    machine.Exit(thread);
    machine.RunFor(Nanos::Millis(1));
  }
}

void AffinityIsObeyed(Machine& machine) {
  const auto first = CpuSet::FirstN(1);
  const auto others = CpuSet::FromMask(~std::uint64_t{1});
  for (int i = 0; i < 3; ++i) machine.New({}, first);
  for (int i = 0; i < 3; ++i) machine.New();
  machine.RunFor(Nanos::Millis(30));
  for (ThreadId thread = 0; thread < 6; ++thread) {
    machine.SetAffinity(thread, thread % 2 == 0 ? others : first);
    machine.RunFor(Nanos::Millis(5));
  }
  for (ThreadId thread = 0; thread < 6; ++thread) {
    machine.Block(thread);
    machine.SetAffinity(thread, thread % 2 == 0 ? first : CpuSet::All());
    machine.Wake(thread);
    machine.RunFor(Nanos::Millis(5));
  }
}

void UrgentOnesWake(Machine& machine) {
  std::vector<ThreadId> threads;
  for (int level = 0; level < sched::kPriorityLevels; ++level) {
    threads.push_back(machine.New(At(static_cast<PriorityLevel>(level))));
  }
  for (int round = 0; round < 30; ++round) {
    machine.RunFor(Nanos::Micros(1700));
    machine.Block(threads[static_cast<std::size_t>(round) % threads.size()]);
    machine.RunFor(Nanos::Micros(900));
    for (const ThreadId thread : threads) machine.Wake(thread);
    machine.PreemptFromAbove(0);
  }
  for (const ThreadId thread : threads) machine.SetParameters(thread, At(PriorityLevel::kHigh));
  machine.RunFor(Nanos::Millis(40));
  machine.Inherit(threads[0], threads[4]);
  machine.RunFor(Nanos::Millis(40));
  machine.Inherit(threads[0], std::nullopt);
  machine.RunFor(Nanos::Millis(40));
}

void TheyAreHandedOver(Machine& machine) {
  for (int i = 0; i < 7; ++i) machine.New(At(static_cast<PriorityLevel>(i % sched::kPriorityLevels)));
  for (int round = 0; round < 5; ++round) {
    machine.RunFor(Nanos::Millis(7));
    machine.Block(static_cast<ThreadId>(round));
    machine.HandOver();
    machine.RunFor(Nanos::Millis(7));
    machine.Wake(static_cast<ThreadId>(round));
  }
  machine.Drain();
}

using Scenario = void (*)(Machine&);
constexpr std::array<Scenario, 6> kScenarios = {AloneItBlocksAndWakes, AFewTakeTurns,  ThreadsComeAndGo,
                                                AffinityIsObeyed,      UrgentOnesWake, TheyAreHandedOver};

// --- random lives ---

CpuSet RandomAffinity(Random& random, std::uint32_t cpus) {
  if (random.OneIn(2)) return CpuSet::All();
  return CpuSet::FromMask(random.Between(1, CpuSet::FirstN(cpus).mask()));
}

sched::Parameters RandomParameters(Random& random) {
  sched::Parameters parameters = At(static_cast<PriorityLevel>(random.Below(sched::kPriorityLevels)));
  parameters.nice = static_cast<std::int8_t>(static_cast<int>(random.Below(40)) - 20);
  parameters.weight = static_cast<std::uint32_t>(random.Between(1, 4096));
  parameters.tickets = static_cast<std::uint32_t>(random.Between(1, 1000));
  return parameters;
}

// From a nanosecond to some tens of milliseconds, evenly over the magnitudes.
Nanos RandomTime(Random& random) {
  return {static_cast<std::int64_t>(random.Below(std::uint64_t{1} << random.Below(26)))};
}

void RandomEvent(Machine& machine, Random& random, std::uint32_t cpus) {
  constexpr std::size_t kMostThreads = 24;
  if (machine.thread_count() == 0) {
    machine.New();
    return;
  }
  const ThreadId thread = random.Below(machine.thread_count());
  const ThreadId other = random.Below(machine.thread_count());
  switch (random.Below(16)) {
    case 0:
      if (machine.thread_count() < kMostThreads) machine.New(RandomParameters(random), RandomAffinity(random, cpus));
      return;
    case 1:
      if (machine.thread_count() < kMostThreads) machine.Fork(thread);
      return;
    case 2: return machine.SetAffinity(thread, RandomAffinity(random, cpus));
    case 3: return machine.SetParameters(thread, RandomParameters(random));
    case 4: return machine.Inherit(thread, random.OneIn(3) ? std::nullopt : std::optional(other));
    case 5: return machine.PreemptFromAbove(static_cast<std::uint32_t>(random.Below(cpus)));
    case 6:
      if (random.OneIn(8)) machine.Exit(thread);
      return;
    case 7:
      if (random.OneIn(8)) machine.HandOver();
      return;
    case 8: return machine.Yield(thread, random.OneIn(2) ? std::optional(other) : std::nullopt);
    case 9:
    case 10: return machine.Block(thread);
    case 11:
    case 12: return machine.Wake(thread);
    default: return machine.RunFor(RandomTime(random));
  }
}

struct RandomResult {
  std::optional<Finding> finding;
  std::uint64_t digest = 0;
};

RandomResult RandomLife(const sched::Descriptor& plugin, const Options& options, std::uint64_t seed, int steps) {
  Machine machine(plugin, options);
  Random random(seed);
  for (int step = 0; step < steps && !machine.finding(); ++step) RandomEvent(machine, random, options.cpus);
  machine.Drain();
  return {machine.finding(), machine.digest()};
}

std::string Describe(const Options& options, std::string_view what) {
  std::string text = std::string(what) + ", " + std::to_string(options.cpus) + " CPUs, tick " +
                     std::to_string(options.tick.value) + " ns, parameters";
  for (const std::uint64_t value : options.parameters) text += " " + std::to_string(value);
  return text + ": ";
}

std::optional<Finding> Prefixed(const std::optional<Finding>& finding, const Options& options, std::string_view what) {
  if (!finding) return std::nullopt;
  return Finding{finding->verdict, Describe(options, what) + finding->detail};
}

}  // namespace

std::vector<std::vector<std::uint64_t>> ParameterSets(const sched::Descriptor& plugin, int drawn) {
  std::vector<std::vector<std::uint64_t>> sets;
  std::vector<std::uint64_t> values;
  for (const sched::ParameterSpec& spec : plugin.parameters) values.push_back(spec.default_value);
  sets.push_back(values);
  if (plugin.parameters.empty()) return sets;
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = plugin.parameters[i].minimum;
  if (Valid(plugin, values)) sets.push_back(values);
  Random random(7);
  for (int tries = 0; drawn > 0 && tries < 1000; ++tries) {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = Draw(plugin.parameters[i], random);
    if (!Valid(plugin, values)) continue;
    sets.push_back(values);
    --drawn;
  }
  return sets;
}

std::optional<Finding> CheckDescriptor(const sched::Descriptor& plugin) {
  if (!IsName(plugin.name)) return Bad("name \"" + std::string(plugin.name) + "\" is not [a-z][a-z0-9_]*");
  if (plugin.contract_version != sched::kContractVersion) return Bad("contract_version is not core's");
  if (plugin.summary.empty()) return Bad("no summary");
  if (plugin.construct == nullptr || plugin.queue_bytes == 0) return Bad("no queue; use DescribeQueue");
  if (!std::has_single_bit(plugin.queue_alignment)) return Bad("queue_alignment is no power of two");
  if (!std::has_single_bit(plugin.thread_state_alignment) ||
      plugin.thread_state_alignment > sched::Thread::kStateAlignment) {
    return Bad("thread_state_alignment must be a power of two up to " + std::to_string(sched::Thread::kStateAlignment));
  }
  if (plugin.parameter_message.empty() != plugin.parameters.empty()) {
    return Bad("parameters and parameter_message go together");
  }
  std::vector<std::uint64_t> defaults;
  for (const sched::ParameterSpec& spec : plugin.parameters) {
    const std::string name(spec.name);
    if (!IsName(spec.name) || spec.field == 0) return Bad("parameter \"" + name + "\" needs a name and a field number");
    if (spec.minimum > spec.maximum) return Bad("parameter " + name + ": minimum above maximum");
    if (spec.default_value != 0 && (spec.default_value < spec.minimum || spec.default_value > spec.maximum)) {
      return Bad("parameter " + name + ": default outside its range");
    }
    for (const sched::ParameterSpec& other : plugin.parameters) {
      if (&other != &spec && (other.field == spec.field || other.name == spec.name)) return Bad(name + " given twice");
    }
    defaults.push_back(spec.default_value);
  }
  if (!Valid(plugin, defaults)) return Bad("check_parameters refuses the defaults");
  return std::nullopt;
}

std::optional<Finding> CheckScenarios(const sched::Descriptor& plugin) {
  for (const auto& parameters : ParameterSets(plugin, 4)) {
    for (const std::uint32_t cpus : kCpuCounts) {
      for (const Nanos tick : {Nanos{}, Nanos::Millis(1)}) {
        for (std::size_t i = 0; i < kScenarios.size(); ++i) {
          Options options{.cpus = cpus, .tick = tick, .parameters = parameters, .decline_one_in = i % 2 == 0 ? 0u : 5u};
          Machine machine(plugin, options);
          kScenarios[i](machine);
          machine.Drain();
          if (machine.finding()) return Prefixed(machine.finding(), options, "scenario " + std::to_string(i));
        }
      }
    }
  }
  return std::nullopt;
}

std::optional<Finding> CheckRandomEvents(const sched::Descriptor& plugin, std::uint64_t seeds, int steps) {
  const auto sets = ParameterSets(plugin, 8);
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const Options options{.cpus = kCpuCounts[seed % kCpuCounts.size()],
                          .tick = seed % 3 == 0 ? Nanos::Millis(1) : Nanos{},
                          .parameters = sets[seed % sets.size()],
                          .seed = seed,
                          .decline_one_in = seed % 4 == 0 ? 7u : 0u};
    const std::string what = "random seed " + std::to_string(seed);
    const RandomResult first = RandomLife(plugin, options, seed, steps);
    if (first.finding) return Prefixed(first.finding, options, what);
    const RandomResult second = RandomLife(plugin, options, seed, steps);
    if (second.finding || second.digest != first.digest) {
      return Prefixed(Finding{"not_deterministic", "the same events led to other decisions"}, options, what);
    }
  }
  return std::nullopt;
}

namespace {

// One that has run for long, and an endless row of new ones that exit soon; each is there before the last one goes.
std::optional<Finding> RowOfNewcomers(const sched::Descriptor& plugin, const Options& options, Nanos bound) {
  Machine machine(plugin, options);
  Random random(17);
  machine.New();
  machine.RunFor(bound / 4);
  ThreadId last = machine.New();
  const auto longest = static_cast<std::uint64_t>(bound.value / 150 + 1);
  for (int i = 0; i < 400 && !machine.finding() && machine.decisions() < kMostDecisions; ++i) {
    machine.RunFor({static_cast<std::int64_t>(random.Below(longest) + 1)});
    const ThreadId next = machine.New();
    machine.Exit(last);
    last = next;
  }
  return Prefixed(machine.finding(), options, "newcomers");
}

}  // namespace

std::optional<Finding> CheckStarvation(const sched::Descriptor& plugin) {
  if (plugin.guarantees.starvation_bound == nullptr) return std::nullopt;
  constexpr std::uint32_t kHogs = 5;
  constexpr std::uint32_t kWakers = 3;
  for (const auto& parameters : ParameterSets(plugin, 4)) {
    const Options options{.parameters = parameters};
    const Nanos bound = plugin.guarantees.starvation_bound(parameters, options.time_slice, kHogs + kWakers);
    if (bound > kLongestBound) continue;
    Machine machine(plugin, options);
    Random random(11);
    for (std::uint32_t i = 0; i < kHogs; ++i) machine.New(At(static_cast<PriorityLevel>(i)));
    for (std::uint32_t i = 0; i < kWakers; ++i) machine.New(At(PriorityLevel::kRealTime));
    const std::int64_t step = std::max<std::int64_t>(bound.value / 1000, 1);
    for (int i = 0; i < 6'000 && !machine.finding() && machine.decisions() < kMostDecisions; ++i) {
      machine.RunFor({static_cast<std::int64_t>(random.Below(static_cast<std::uint64_t>(step)) + 1)});
      const ThreadId waker = kHogs + random.Below(kWakers);
      machine.State(waker) == ThreadState::kBlocked ? machine.Wake(waker) : machine.Block(waker);
    }
    if (machine.finding()) return Prefixed(machine.finding(), options, "hogs and wakers");
    if (auto finding = RowOfNewcomers(plugin, options, bound)) return finding;
  }
  return std::nullopt;
}

std::optional<Finding> CheckFairness(const sched::Descriptor& plugin) {
  if (plugin.guarantees.fairness_error == nullptr) return std::nullopt;
  for (const auto& parameters : ParameterSets(plugin, 4)) {
    for (const std::uint32_t threads : {2u, 3u, 5u, 8u}) {
      const Options options{.parameters = parameters};
      const Nanos bound = plugin.guarantees.fairness_error(parameters, options.time_slice, threads);
      if (bound > kLongestBound) continue;
      Machine machine(plugin, options);
      for (std::uint32_t i = 0; i < threads; ++i) machine.New();
      Random random(13);
      for (int i = 0; i < 500 && !machine.finding(); ++i) {
        machine.RunFor({static_cast<std::int64_t>(random.Below(static_cast<std::uint64_t>(bound.value) / 2 + 2))});
        Nanos least = Nanos::Max();
        Nanos most{};
        for (ThreadId thread = 0; thread < threads; ++thread) {
          least = std::min(least, machine.Runtime(thread));
          most = std::max(most, machine.Runtime(thread));
        }
        if (most - least > bound) {
          return Prefixed(Finding{"unfair", "equal threads are " + std::to_string((most - least).value) +
                                                " ns apart; the plugin's bound is " + std::to_string(bound.value)},
                          options, std::to_string(threads) + " equals");
        }
      }
      if (machine.finding()) return Prefixed(machine.finding(), options, "equals");
    }
  }
  return std::nullopt;
}

std::optional<Finding> CheckConformance(const sched::Descriptor& plugin) {
  std::optional<Finding> finding = CheckDescriptor(plugin);
  if (!finding) finding = CheckScenarios(plugin);
  if (!finding) finding = CheckRandomEvents(plugin, 96, 600);
  if (!finding) finding = CheckStarvation(plugin);
  if (!finding) finding = CheckFairness(plugin);
  return finding;
}

}  // namespace esc::conformance
