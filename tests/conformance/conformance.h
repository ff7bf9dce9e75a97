// What every scheduler plugin has to pass: `scheduler_conformance_test(name, plugin)` runs all of it.
//
// Each check drives the plugin through many small machines (one to five CPUs, with and without a periodic tick,
// with the default, the smallest and drawn parameters) and gives the first finding, or nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kernel/core/sched_api/descriptor.h"
#include "tests/conformance/machine.h"

namespace esc::conformance {

// Name, contract version, sizes, parameter ranges and defaults are such as core accepts.
std::optional<Finding> CheckDescriptor(const sched::Descriptor& plugin);

// Scripted lives of a few threads: block and wake, yield, preemption, affinity, hand-over, fork and exit.
std::optional<Finding> CheckScenarios(const sched::Descriptor& plugin);

// `seeds` random lives of `steps` events each; each is run twice, and must decide the same both times.
std::optional<Finding> CheckRandomEvents(const sched::Descriptor& plugin, std::uint64_t seeds, int steps);

// Threads that never block, of all levels, among others that wake up or are new all the time: for more than the
// bound that the plugin gives. Passes at once when it gives none.
std::optional<Finding> CheckStarvation(const sched::Descriptor& plugin);

// Equal threads that are always ready stay as close as the plugin says. Passes at once when it says nothing.
std::optional<Finding> CheckFairness(const sched::Descriptor& plugin);

// All of the above, in this order.
std::optional<Finding> CheckConformance(const sched::Descriptor& plugin);

// Valid sets of parameter values: the defaults, the smallest, and `drawn` drawn ones.
std::vector<std::vector<std::uint64_t>> ParameterSets(const sched::Descriptor& plugin, int drawn);

}  // namespace esc::conformance
