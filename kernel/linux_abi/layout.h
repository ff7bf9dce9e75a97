// Linux's structures for x86-64, byte for byte. layout_test.cc compares sizes and offsets with the host's headers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace esc::linux_abi {

struct TimeSpec {
  std::int64_t seconds, nanoseconds;
};
struct TimeValue {
  std::int64_t seconds, microseconds;
};
struct IntervalTimerValue {
  TimeValue interval, value;
};

struct IntervalTimerSpec {
  TimeSpec interval, value;
};

struct SignalEvent {
  std::uint64_t value;
  std::int32_t signal, notify, thread;
  std::uint8_t unused[44];
};
static_assert(sizeof(SignalEvent) == 64);

// Packed on x86-64, so that 32-bit programs have the same one.
struct __attribute__((packed)) EpollEvent {
  std::uint32_t events;
  std::uint64_t data;
};
static_assert(sizeof(EpollEvent) == 12);

struct IoVector {
  std::uint64_t base, length;
};

struct Stat {
  std::uint64_t device, inode, links;
  std::uint32_t mode, uid, gid, pad0;
  std::uint64_t special_device;
  std::int64_t size, block_size, blocks;
  TimeSpec accessed, modified, changed;
  std::int64_t unused[3];
};
static_assert(sizeof(Stat) == 144 && offsetof(Stat, size) == 48);

struct StatxTime {
  std::int64_t seconds;
  std::uint32_t nanoseconds;
  std::int32_t pad;
};
struct Statx {
  std::uint32_t mask, block_size;
  std::uint64_t attributes;
  std::uint32_t links, uid, gid;
  std::uint16_t mode, pad0;
  std::uint64_t inode, size, blocks, attributes_mask;
  StatxTime accessed, created, changed, modified;
  std::uint32_t special_major, special_minor, device_major, device_minor;
  std::uint64_t mount_id;
  std::uint32_t direct_memory_align, direct_offset_align;
  std::uint64_t spare[12];
};
static_assert(sizeof(Statx) == 256 && offsetof(Statx, accessed) == 64 && offsetof(Statx, special_major) == 128);
inline constexpr std::uint32_t kStatxBasicStats = 0x7ff;

struct StatFs {
  std::int64_t type, block_size, blocks, blocks_free, blocks_available, files, files_free;
  std::int32_t id[2];
  std::int64_t name_length, fragment_size, flags, spare[4];
};
static_assert(sizeof(StatFs) == 120);

// Followed by the name and a zero; records are multiples of 8.
struct DirectoryRecord {
  std::uint64_t inode;
  std::int64_t next_cursor;
  std::uint16_t record_bytes;
  std::uint8_t type;
};
inline constexpr std::size_t kDirectoryNameOffset = 19;
static_assert(offsetof(DirectoryRecord, type) == 18);

struct FileLock {
  std::int16_t type, whence;
  std::int64_t start, length;
  std::int32_t pid;
};
static_assert(sizeof(FileLock) == 32);

struct LinuxLimit {
  std::uint64_t current, maximum;
};

struct ResourceUsage {
  TimeValue user, system;
  std::int64_t max_resident, shared, data, stack, minor_faults, major_faults, swaps, blocks_in, blocks_out;
  std::int64_t messages_sent, messages_received, signals, voluntary_switches, involuntary_switches;
};
static_assert(sizeof(ResourceUsage) == 144);

struct Times {
  std::int64_t user, system, children_user, children_system;
};

struct SystemName {
  char system[65], node[65], release[65], version[65], machine[65], domain[65];
};
static_assert(sizeof(SystemName) == 390);

struct SystemInfo {
  std::int64_t uptime;
  std::uint64_t loads[3], total_ram, free_ram, shared_ram, buffer_ram, total_swap, free_swap;
  std::uint16_t processes, pad;
  std::uint64_t total_high, free_high;
  std::uint32_t memory_unit;
};
static_assert(sizeof(SystemInfo) == 112 && offsetof(SystemInfo, memory_unit) == 104);

struct CloneArguments {
  std::uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_bytes, tls, set_tid, set_tid_count, cgroup;
};
static_assert(sizeof(CloneArguments) == 88);

struct PollDescriptor {
  std::int32_t descriptor;
  std::uint16_t events, returned;
};
static_assert(sizeof(PollDescriptor) == 8);

struct SignalActionRecord {
  std::uint64_t handler, flags, restorer, mask;
};
struct SignalStack {
  std::uint64_t pointer;
  std::uint32_t flags, pad;
  std::uint64_t bytes;
};
static_assert(sizeof(SignalStack) == 24);

struct SignalInfoRecord {
  std::int32_t signal, error, code, pad;
  union {
    struct {
      std::int32_t pid;
      std::uint32_t uid;
      std::uint64_t value;
    } sent;
    struct {
      std::int32_t pid;
      std::uint32_t uid;
      std::int32_t status;
      std::int32_t pad2;
      std::int64_t user, system;
    } child;
    struct {
      std::uint64_t address;
    } fault;
    std::uint8_t bytes[112];
  };
};
static_assert(sizeof(SignalInfoRecord) == 128);

// struct signalfd_siginfo.
struct SignalFileRecord {
  std::uint32_t signal;
  std::int32_t error, code;
  std::uint32_t pid, uid;
  std::int32_t descriptor;
  std::uint32_t timer, band, overrun, trap;
  std::int32_t status, integer;
  std::uint64_t pointer, user, system, address;
  std::uint16_t address_bits, pad;
  std::int32_t call;
  std::uint64_t call_address;
  std::uint32_t architecture;
  std::uint8_t unused[28];
};
static_assert(sizeof(SignalFileRecord) == 128);

// struct sigcontext, as gregs and fpregs of ucontext_t's mcontext.
struct MachineContext {
  std::uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
  std::uint16_t cs, gs, fs, ss;
  std::uint64_t error, trap, old_mask, fault_address, fpu_state, reserved[8];
};
static_assert(sizeof(MachineContext) == 256 && offsetof(MachineContext, fpu_state) == 184);

struct UserContext {
  std::uint64_t flags, link;
  SignalStack stack;
  MachineContext machine;
  std::uint64_t mask;
};
static_assert(sizeof(UserContext) == 304 && offsetof(UserContext, machine) == 40 && offsetof(UserContext, mask) == 296);
inline constexpr std::uint64_t kContextHasXstate = 1, kContextSavesSs = 2, kContextStrictSs = 4;

// struct rt_sigframe (arch/x86/include/asm/sigframe.h): what lies at the handler's stack pointer.
struct SignalFrame {
  std::uint64_t return_address;
  UserContext context;
  SignalInfoRecord info;
};
static_assert(sizeof(SignalFrame) == 440);

// struct _fpx_sw_bytes: in bytes 464 to 511 of the FXSAVE area, which the processor leaves to software
// (SDM vol. 1, 10.5.1).
struct FpuSoftwareBytes {
  std::uint32_t magic1, extended_bytes;
  std::uint64_t features;
  std::uint32_t state_bytes, pad[7];
};
static_assert(sizeof(FpuSoftwareBytes) == 48);
// From there to the end of XSAVE's header (SDM vol. 1, 13.4.2).
struct FpuMiddle {
  FpuSoftwareBytes marks;
  std::uint64_t header[8];
};
inline constexpr std::size_t kFpuSoftwareOffset = 464, kFpuLegacyBytes = 512, kXsaveHeaderEnd = 576;
static_assert(sizeof(FpuMiddle) == kXsaveHeaderEnd - kFpuSoftwareOffset);
inline constexpr std::uint32_t kFpuMagic1 = 0x46505853, kFpuMagic2 = 0x46505845;

struct Termios {
  std::uint32_t input, output, control, local;
  std::uint8_t line, characters[19];
};
static_assert(sizeof(Termios) == 36);
struct Termios2 {
  Termios base;
  std::uint32_t input_speed, output_speed;
};
static_assert(sizeof(Termios2) == 44);
struct WindowSizeRecord {
  std::uint16_t rows, columns, x_pixels, y_pixels;
};

struct RobustListHead {
  std::uint64_t next;
  std::int64_t futex_offset;
  std::uint64_t pending;
};

struct SchedulerParameter {
  std::int32_t priority;
};
struct CapabilityHeader {
  std::uint32_t version;
  std::int32_t pid;
};
struct CapabilityData {
  std::uint32_t effective, permitted, inheritable;
};

}  // namespace esc::linux_abi
