#include "kernel/core/thread_state.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>

namespace esc::core {
namespace {

TEST(ThreadState, ExactlyTheDocumentedTransitionsAreLegal) {
  using S = State;
  const std::set<std::pair<S, S>> legal = {
      {S::kCreating, S::kReady},  {S::kCreating, S::kDead},   {S::kReady, S::kRunning},  {S::kReady, S::kZombie},
      {S::kRunning, S::kReady},   {S::kRunning, S::kBlocked}, {S::kRunning, S::kStopped}, {S::kRunning, S::kDead},
      {S::kBlocked, S::kReady},   {S::kStopped, S::kReady},   {S::kZombie, S::kDead},
  };
  for (int from = 0; from < kStates; ++from) {
    for (int to = 0; to < kStates; ++to) {
      const auto pair = std::pair(static_cast<S>(from), static_cast<S>(to));
      EXPECT_EQ(LegalTransition(pair.first, pair.second), legal.contains(pair))
          << StateName(pair.first) << " to " << StateName(pair.second);
    }
  }
}

TEST(ThreadState, NumbersOutsideTheTableAreIllegal) {
  EXPECT_FALSE(LegalTransition(static_cast<State>(7), State::kReady));
  EXPECT_FALSE(LegalTransition(State::kCreating, static_cast<State>(200)));
}

}  // namespace
}  // namespace esc::core
