// Every standard header that kernel code may include (flags.bzl, standard_headers), used a little: it must compile without threads, files or a C library.
#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace esc {

#if defined(__linux__) || defined(__unix__)
#error "the kernel is not built for Linux"
#endif
#if __STDC_HOSTED__
#error "the kernel is freestanding"
#endif

std::atomic<uint64_t> counter{0};

int Use(std::span<const int> numbers, std::string_view text) {
  std::array<int, 4> copy{};
  std::copy_n(numbers.begin(), std::min(numbers.size(), copy.size()), copy.begin());
  // With the default comparison of ints, libc++ would call an instantiation in its library, which is not linked.
  std::sort(copy.begin(), copy.end(), [](int a, int b) { return a < b; });
  std::optional<int> first;
  if (!numbers.empty()) first = numbers.front();
  counter.fetch_add(1, std::memory_order_relaxed);
  auto [low, high] = std::tuple{copy.front(), copy.back()};
  const size_t comma = text.find(',');
  return first.value_or(0) + low + high + std::popcount(comma) + static_cast<int>(std::strlen("x"));
}

}  // namespace esc
