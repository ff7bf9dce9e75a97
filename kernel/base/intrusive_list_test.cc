#include "kernel/base/intrusive_list.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace esc {
namespace {

struct FirstTag {};
struct SecondTag {};

struct Item : ListHook<FirstTag>, ListHook<SecondTag> {
  explicit Item(int value) : value(value) {}
  int value;
};
using First = IntrusiveList<Item, FirstTag>;
using Second = IntrusiveList<Item, SecondTag>;

template <class List>
std::vector<int> ValuesOf(List& list) {
  std::vector<int> values;
  for (Item& item : list) values.push_back(item.value);
  EXPECT_EQ(values.size(), list.size());
  return values;
}

TEST(IntrusiveListTest, KeepsTheOrderOfBothEnds) {
  Item one(1), two(2), three(3), four(4);
  First list;
  EXPECT_TRUE(list.empty());
  list.push_back(two);
  list.push_back(three);
  list.push_front(one);
  list.insert_before(two, four);
  EXPECT_EQ(ValuesOf(list), (std::vector<int>{1, 4, 2, 3}));
  EXPECT_EQ(list.front().value, 1);
  EXPECT_EQ(list.back().value, 3);
  EXPECT_EQ(list.pop_back()->value, 3);
  EXPECT_EQ(list.pop_front()->value, 1);
  list.remove(two);
  list.remove(four);
  EXPECT_EQ(list.pop_front(), nullptr);
  EXPECT_EQ(list.pop_back(), nullptr);
}

TEST(IntrusiveListTest, AnItemIsInAsManyListsAsItHasHooks) {
  Item one(1), two(2);
  First first;
  Second second;
  first.push_back(one);
  first.push_back(two);
  second.push_front(one);
  second.push_front(two);
  EXPECT_EQ(ValuesOf(first), (std::vector<int>{1, 2}));
  EXPECT_EQ(ValuesOf(second), (std::vector<int>{2, 1}));
  first.remove(one);
  EXPECT_FALSE(static_cast<ListHook<FirstTag>&>(one).linked());
  EXPECT_TRUE(static_cast<ListHook<SecondTag>&>(one).linked());
  first.remove(two);
  second.remove(one);
  second.remove(two);
}

TEST(IntrusiveListTest, AnItemCanComeBackAfterItWasRemoved) {
  Item one(1);
  First list;
  for (int round = 0; round < 3; ++round) {
    list.push_back(one);
    EXPECT_EQ(list.size(), 1u);
    list.remove(one);
    EXPECT_TRUE(list.empty());
  }
}

TEST(IntrusiveListTest, SplicingMovesAllItemsBehindTheOwnInTheirOrder) {
  Item one(1), two(2), three(3), four(4);
  First list, other;
  list.splice_back(other);  // nothing to nothing
  EXPECT_TRUE(list.empty());
  other.push_back(one);
  other.push_back(two);
  list.splice_back(other);  // something to nothing
  other.push_back(three);
  other.push_back(four);
  list.splice_back(other);  // something to something
  list.splice_back(other);  // nothing to something
  EXPECT_TRUE(other.empty());
  EXPECT_EQ(other.size(), 0u);
  EXPECT_EQ(list.size(), 4u);
  list.remove(three);  // the links go both ways, also at the seam
  list.remove(two);
  EXPECT_EQ(&list.back(), &four);
  EXPECT_EQ(list.pop_front(), &one);
  EXPECT_EQ(list.pop_front(), &four);
  EXPECT_EQ(list.pop_front(), nullptr);
  other.push_back(one);  // the emptied list can be used again
  EXPECT_EQ(other.pop_back(), &one);
}

TEST(IntrusiveListDeathTest, DestroyingALinkedItemIsABug) {
  EXPECT_DEATH(
      {
        First list;
        auto item = std::make_unique<Item>(1);
        list.push_back(*item);
        item.reset();
      },
      "check failed: !linked");
}

TEST(IntrusiveListDeathTest, DestroyingAListThatHoldsItemsIsABug) {
  EXPECT_DEATH(
      {
        Item item(1);
        First list;
        list.push_back(item);
      },
      "check failed: empty");
}

TEST(IntrusiveListDeathTest, LinkingTwiceAndRemovingTwiceAreBugs) {
  Item item(1);
  First list;
  list.push_back(item);
  EXPECT_DEATH(list.push_back(item), "check failed: !hook.linked");
  list.remove(item);
  EXPECT_DEATH(list.remove(item), "check failed: hook.linked");
  EXPECT_DEATH((void)list.front(), "check failed: !empty");
}

}  // namespace
}  // namespace esc
