#include "kernel/base/function_ref.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>

namespace esc {
namespace {

int Apply(FunctionRef<int(int)> function, int value) { return function(value); }
int Doubled(int value) { return value * 2; }

TEST(FunctionRefTest, CallsLambdasWithState) {
  int sum = 10;
  EXPECT_EQ(Apply([&sum](int value) { return sum += value; }, 5), 15);
  EXPECT_EQ(sum, 15);
  EXPECT_EQ(Apply([count = 0](int value) mutable { return ++count + value; }, 1), 2);
}

TEST(FunctionRefTest, CallsConstCallablesAndFunctionObjects) {
  const auto negate = [](int value) { return -value; };
  EXPECT_EQ(Apply(negate, 3), -3);
  auto* const pointer = &Doubled;
  EXPECT_EQ(Apply(pointer, 4), 8);
}

TEST(FunctionRefTest, ACopyCallsTheSameObject) {
  int calls = 0;
  auto callable = [&calls](int) { return ++calls; };
  const FunctionRef<int(int)> first(callable);
  const FunctionRef<int(int)> second(first);
  EXPECT_EQ(first(0), 1);
  EXPECT_EQ(second(0), 2);
}

TEST(FunctionRefTest, ForwardsReferencesAndMoves) {
  int value = 1;
  const auto set = [](int& target) { target = 7; };
  FunctionRef<void(int&)>{set}(value);
  EXPECT_EQ(value, 7);
  const auto take = [](std::unique_ptr<int> owned) { return *owned; };
  EXPECT_EQ(FunctionRef<int(std::unique_ptr<int>)>{take}(std::make_unique<int>(9)), 9);
}

}  // namespace
}  // namespace esc
