// The conformance kit over the plugins that are linked in: scheduler_conformance_test() links one.
#include "tests/conformance/conformance.h"

#include <gtest/gtest.h>

namespace esc::conformance {
namespace {

using Check = std::optional<Finding> (*)(const sched::Descriptor&);

void ExpectNoFinding(Check check) {
  ASSERT_FALSE(sched::LinkedPlugins().empty()) << "no plugin is linked in: there is nothing to test";
  for (const sched::Descriptor* plugin : sched::LinkedPlugins()) {
    const std::optional<Finding> finding = check(*plugin);
    EXPECT_FALSE(finding) << plugin->name << ": " << finding->verdict << ": " << finding->detail;
  }
}

TEST(Conformance, DescriptorIsValid) { ExpectNoFinding(CheckDescriptor); }
TEST(Conformance, ScriptedLives) { ExpectNoFinding(CheckScenarios); }
TEST(Conformance, RandomLives) {
  ExpectNoFinding([](const sched::Descriptor& plugin) { return CheckRandomEvents(plugin, 192, 800); });
}
TEST(Conformance, NobodyWaitsLongerThanTheBound) { ExpectNoFinding(CheckStarvation); }
TEST(Conformance, EqualsStayWithinTheFairnessBound) { ExpectNoFinding(CheckFairness); }

}  // namespace
}  // namespace esc::conformance
