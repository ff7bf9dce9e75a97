// The vDSO as programs use it: its file is searched as C libraries search it, and its functions are run, by the host's processor.
#include "kernel/linux_abi/vdso.h"

#include <elf.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include <gtest/gtest.h>

namespace esc::linux_abi {
namespace {

constexpr std::uint64_t kHalf = std::uint64_t{1} << 31;  // half a nanosecond a count
constexpr std::uint64_t kBoot = 1'700'000'000'123'456'789;
constexpr std::int64_t kSecond = 1'000'000'000;

std::uint64_t Count() { return __builtin_ia32_rdtsc(); }

// The page in memory of this process, executable, as the kernel would write it.
class MappedVdso {
 public:
  explicit MappedVdso(const VdsoClock& clock) {
    page_ = mmap(nullptr, kPageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page_ == MAP_FAILED) return;
    WriteVdso(clock, std::span<std::byte, kPageSize>(static_cast<std::byte*>(page_), kPageSize));
    mprotect(page_, kPageSize, PROT_READ | PROT_EXEC);
  }
  ~MappedVdso() { munmap(page_, kPageSize); }
  MappedVdso(const MappedVdso&) = delete;
  MappedVdso& operator=(const MappedVdso&) = delete;

  template <class T>
  const T* At(std::uint64_t offset) const {
    return reinterpret_cast<const T*>(static_cast<const std::byte*>(page_) + offset);
  }
  const Elf64_Phdr* Header(std::uint32_t type) const {
    const auto* file = At<Elf64_Ehdr>(0);
    for (int i = 0; i < file->e_phnum; ++i) {
      const Elf64_Phdr* header = At<Elf64_Phdr>(file->e_phoff) + i;
      if (header->p_type == type) return header;
    }
    return nullptr;
  }
  std::uint64_t Dynamic(std::int64_t tag) const {
    for (const auto* at = At<Elf64_Dyn>(Header(PT_DYNAMIC)->p_offset); at->d_tag != DT_NULL; ++at) {
      if (at->d_tag == tag) return at->d_un.d_val;
    }
    return 0;
  }
  std::string_view String(std::uint32_t offset) const { return At<char>(Dynamic(DT_STRTAB) + offset); }
  // The version definition of that index.
  const Elf64_Verdef* Version(std::uint16_t index) const {
    const auto* at = At<Elf64_Verdef>(Dynamic(DT_VERDEF));
    for (; at->vd_ndx != index; at = reinterpret_cast<const Elf64_Verdef*>(reinterpret_cast<const char*>(at) + at->vd_next)) {
      if (at->vd_next == 0) return nullptr;
    }
    return at;
  }
  // By the hash table, as dynamic linkers go; with the version that all ask for.
  const Elf64_Sym* Find(std::string_view name) const {
    const auto* hash = At<std::uint32_t>(Dynamic(DT_HASH));
    EXPECT_EQ(hash[0], 1u);
    for (std::uint32_t i = hash[2]; i != 0; i = hash[2 + hash[0] + i]) {
      if (i >= hash[1]) return nullptr;
      const Elf64_Sym* symbol = At<Elf64_Sym>(Dynamic(DT_SYMTAB)) + i;
      if (String(symbol->st_name) != name) continue;
      const Elf64_Verdef* version = Version(At<std::uint16_t>(Dynamic(DT_VERSYM))[i] & 0x7FFF);
      if (version == nullptr || version->vd_hash != 0x3AE75F6) return nullptr;
      const auto* text = reinterpret_cast<const Elf64_Verdaux*>(reinterpret_cast<const char*>(version) + version->vd_aux);
      return String(text->vda_name) == "LINUX_2.6" ? symbol : nullptr;
    }
    return nullptr;
  }
  template <class Function>
  Function* Get(const char* name) const {
    const Elf64_Sym* symbol = Find(name);
    return symbol == nullptr ? nullptr : reinterpret_cast<Function*>(const_cast<std::byte*>(At<std::byte>(symbol->st_value)));
  }
  auto* ClockGetTime() const { return Get<int(int, timespec*)>("__vdso_clock_gettime"); }
  auto* GetTimeOfDay() const { return Get<int(timeval*, struct timezone*)>("__vdso_gettimeofday"); }
  auto* Time() const { return Get<time_t(time_t*)>("__vdso_time"); }

 private:
  void* page_;
};

std::int64_t NanosIn(const timespec& time) { return time.tv_sec * kSecond + time.tv_nsec; }

TEST(Vdso, IsOneLoadableSegmentThatNobodyMayWriteTo) {
  const MappedVdso vdso({});
  const auto* file = vdso.At<Elf64_Ehdr>(0);
  EXPECT_EQ(std::memcmp(file->e_ident, ELFMAG, SELFMAG), 0);
  EXPECT_EQ(file->e_type, ET_DYN);
  EXPECT_EQ(file->e_machine, EM_X86_64);
  EXPECT_EQ(file->e_phentsize, sizeof(Elf64_Phdr));
  const Elf64_Phdr* load = vdso.Header(PT_LOAD);
  ASSERT_NE(load, nullptr);
  EXPECT_EQ(load->p_flags, unsigned{PF_R | PF_X});
  EXPECT_EQ(load->p_offset, load->p_vaddr);
  EXPECT_LE(load->p_memsz, kPageSize);
  EXPECT_EQ(vdso.String(static_cast<std::uint32_t>(vdso.Dynamic(DT_SONAME))), "linux-vdso.so.1");
  EXPECT_EQ(vdso.Dynamic(DT_SYMENT), sizeof(Elf64_Sym));
}

TEST(Vdso, HasLinuxsFunctionsUnderLinuxsVersion) {
  const MappedVdso vdso({});
  for (const char* name : {"__vdso_clock_gettime", "__vdso_gettimeofday", "__vdso_time", "__vdso_clock_getres", "__vdso_getcpu"}) {
    const Elf64_Sym* symbol = vdso.Find(name);
    ASSERT_NE(symbol, nullptr) << name;
    EXPECT_EQ(symbol->st_info, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC));
    EXPECT_NE(symbol->st_size, 0u);
    EXPECT_LT(symbol->st_value + symbol->st_size, vdso.Header(PT_LOAD)->p_memsz);
  }
  EXPECT_EQ(vdso.Find("__vdso_nothing"), nullptr);
}

// As dietlibc searches it, which knows nothing of program headers.
TEST(Vdso, HasSectionsWhoseSymbolsAreTheSame) {
  const MappedVdso vdso({});
  const auto* file = vdso.At<Elf64_Ehdr>(0);
  ASSERT_EQ(file->e_shentsize, sizeof(Elf64_Shdr));
  const auto* sections = vdso.At<Elf64_Shdr>(file->e_shoff);
  const Elf64_Shdr *strings = nullptr, *symbols = nullptr;
  for (int i = 0; i < file->e_shnum; ++i) {
    if (sections[i].sh_type == SHT_STRTAB && (sections[i].sh_flags & SHF_ALLOC) != 0) strings = &sections[i];
    if (sections[i].sh_type == SHT_DYNSYM) symbols = &sections[i];
  }
  ASSERT_TRUE(strings != nullptr && symbols != nullptr);
  EXPECT_EQ(strings->sh_offset, vdso.Dynamic(DT_STRTAB));
  EXPECT_EQ(symbols->sh_offset, vdso.Dynamic(DT_SYMTAB));
  EXPECT_EQ(symbols->sh_size / symbols->sh_entsize, vdso.At<std::uint32_t>(vdso.Dynamic(DT_HASH))[1]);
  EXPECT_STREQ(vdso.At<char>(sections[file->e_shstrndx].sh_offset) + symbols->sh_name, ".dynsym");
  for (std::uint64_t i = 1; i < symbols->sh_size / symbols->sh_entsize; ++i) {
    const Elf64_Sym* symbol = vdso.At<Elf64_Sym>(symbols->sh_offset) + i;
    ASSERT_LT(symbol->st_shndx, file->e_shnum);
    const Elf64_Shdr& section = sections[symbol->st_shndx];
    EXPECT_EQ(symbol->st_value - section.sh_addr + section.sh_offset, symbol->st_value);
    EXPECT_LE(symbol->st_value + symbol->st_size, section.sh_addr + section.sh_size);
    EXPECT_NE(section.sh_flags & SHF_EXECINSTR, 0u);
  }
}

TEST(Vdso, ReadsClocksFromTheCounter) {
  const VdsoClock clock{.start = Count() - 3'000'000'000'000, .multiplier = kHalf, .boot = kBoot, .mask = ~std::uint64_t{0}};
  const MappedVdso vdso(clock);
  const auto since_boot = [&] { return static_cast<std::int64_t>((Count() - clock.start) / 2); };
  for (const int id : {CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME, CLOCK_REALTIME,
                       CLOCK_REALTIME_COARSE, CLOCK_TAI}) {
    const bool real = id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE || id == CLOCK_TAI;
    const std::int64_t offset = real ? kBoot : 0;
    timespec time{};
    const std::int64_t before = since_boot() + offset;
    ASSERT_EQ(vdso.ClockGetTime()(id, &time), 0);
    EXPECT_GE(NanosIn(time), before) << id;
    EXPECT_LE(NanosIn(time), since_boot() + offset) << id;
    EXPECT_LT(time.tv_nsec, kSecond);
  }
  const std::int64_t before = since_boot() + std::int64_t{kBoot};
  timeval day{};
  struct timezone zone = {1, 1};
  ASSERT_EQ(vdso.GetTimeOfDay()(&day, &zone), 0);
  EXPECT_EQ(zone.tz_minuteswest, 0);
  EXPECT_EQ(zone.tz_dsttime, 0);
  EXPECT_GE(day.tv_sec * 1'000'000 + day.tv_usec, before / 1000);
  EXPECT_LE(day.tv_sec * 1'000'000 + day.tv_usec, (since_boot() + std::int64_t{kBoot}) / 1000);
  EXPECT_EQ(vdso.GetTimeOfDay()(nullptr, nullptr), 0);
  time_t stored = 0;
  const time_t seconds = vdso.Time()(&stored);
  EXPECT_EQ(seconds, stored);
  EXPECT_GE(seconds, before / kSecond);
  EXPECT_LE(vdso.Time()(nullptr), (since_boot() + std::int64_t{kBoot}) / kSecond);
}

TEST(Vdso, AsksTheKernelForOtherClocks) {
  const MappedVdso vdso({.start = 0, .multiplier = kHalf, .boot = 0, .mask = ~std::uint64_t{0}});
  timespec time{-1, -1};
  EXPECT_EQ(vdso.ClockGetTime()(CLOCK_PROCESS_CPUTIME_ID, &time), 0);
  EXPECT_GE(time.tv_sec, 0);
  EXPECT_EQ(vdso.ClockGetTime()(100, &time), -EINVAL);
  EXPECT_EQ(vdso.ClockGetTime()(0x7FFFFFFF, &time), -EINVAL);
  auto* resolution = vdso.Get<int(int, timespec*)>("__vdso_clock_getres");
  EXPECT_EQ(resolution(CLOCK_MONOTONIC, &time), 0);
  EXPECT_EQ(resolution(100, &time), -EINVAL);
  unsigned cpu = ~0u, node = ~0u;
  auto* get_cpu = vdso.Get<long(unsigned*, unsigned*, void*)>("__vdso_getcpu");
  EXPECT_EQ(get_cpu(&cpu, &node, nullptr), 0);
  EXPECT_NE(cpu, ~0u);
}

TEST(Vdso, AsksTheKernelWhenTheCounterCannotBeRead) {
  const MappedVdso vdso({});
  timespec before{}, time{}, after{};
  clock_gettime(CLOCK_MONOTONIC, &before);
  ASSERT_EQ(vdso.ClockGetTime()(CLOCK_MONOTONIC, &time), 0);
  clock_gettime(CLOCK_MONOTONIC, &after);
  EXPECT_GE(NanosIn(time), NanosIn(before));
  EXPECT_LE(NanosIn(time), NanosIn(after));
  timeval day{};
  ASSERT_EQ(vdso.GetTimeOfDay()(&day, nullptr), 0);
  EXPECT_GE(day.tv_sec, 1'500'000'000);
  EXPECT_GE(vdso.Time()(nullptr), day.tv_sec);
}

}  // namespace
}  // namespace esc::linux_abi
