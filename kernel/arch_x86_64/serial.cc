#include "kernel/arch_x86_64/serial.h"

#include <atomic>

#include "kernel/arch_api/console.h"
#include "kernel/arch_api/upcalls.h"
#include "kernel/arch_x86_64/instructions.h"
#include "kernel/base/port.h"

namespace esc::arch {
namespace x86 {
namespace {

constexpr std::uint16_t kPort = 0x3F8;
constexpr std::uint16_t kData = kPort, kInterruptEnable = kPort + 1, kInterruptId = kPort + 2,
                        kFifoControl = kPort + 2, kLineControl = kPort + 3, kModemControl = kPort + 4,
                        kLineStatus = kPort + 5, kScratch = kPort + 7;
constexpr std::uint8_t kDataReady = 0x01, kTransmitEmpty = 0x20;
constexpr unsigned kFifoBytes = 16;

// Ends a wait for a UART that has stopped: far longer than 16 bytes take at 115200 baud.
constexpr unsigned kMaxPolls = 1'000'000;

// Written by InitSerial on the boot CPU alone.
constinit bool present = false;
constinit unsigned burst = 1;

// Not a SpinLock: log text may come from code that holds any rank.
constinit std::atomic<bool> busy{false};

// The UART has let somebody wait in vain. Until it takes bytes again they are dropped at once: a wait for each of them, with
// interrupts off, would stop the machine with it. Relaxed: only tells how long to wait.
constinit std::atomic<bool> stalled{false};

bool WaitForTransmitter() {
  const unsigned most = stalled.load(std::memory_order_relaxed) ? 1 : kMaxPolls;
  for (unsigned polls = 0; polls < most; ++polls) {
    if ((In8(kLineStatus) & kTransmitEmpty) != 0) {
      stalled.store(false, std::memory_order_relaxed);
      return true;
    }
    port::CpuRelax();
  }
  stalled.store(true, std::memory_order_relaxed);
  return false;
}

// Bytes with one poll each `burst` of them: an empty transmitter has room for a whole FIFO.
class Transmitter {
 public:
  void Put(char c) {
    if (room_ == 0) {
      if (!WaitForTransmitter()) return;
      room_ = burst;
    }
    Out8(kData, static_cast<std::uint8_t>(c));
    --room_;
  }

 private:
  unsigned room_ = 0;
};

}  // namespace

void InitSerial() {
  Out8(kScratch, 0x5A);
  present = In8(kScratch) == 0x5A;
  if (!present) return;
  Out8(kInterruptEnable, 0);
  Out8(kLineControl, 0x80);  // divisor latch
  Out8(kData, 1);            // 115200
  Out8(kInterruptEnable, 0);
  Out8(kLineControl, 0x03);  // 8N1
  Out8(kFifoControl, 0x07);  // on, both cleared, interrupt at each byte
  Out8(kModemControl, 0x0B);  // DTR, RTS, and OUT2, which lets interrupts through
  burst = (In8(kInterruptId) & 0xC0) == 0xC0 ? kFifoBytes : 1;
}

void SerialWriteUnlocked(std::string_view text) {
  if (!present) return;
  Transmitter transmitter;
  for (const char c : text) {
    if (c == '\n') transmitter.Put('\r');
    transmitter.Put(c);
  }
}

void EnableSerialInput() {
  if (present) Out8(kInterruptEnable, 0x01);
}

void SerialInterrupt() {
  while ((In8(kLineStatus) & kDataReady) != 0) upcall::OnConsoleInput(static_cast<char>(In8(kData)));
}

}  // namespace x86

void ConsoleWrite(std::string_view text) {
  const port::InterruptState state = port::DisableInterrupts();
  while (x86::busy.exchange(true, std::memory_order_acquire)) port::CpuRelax();
  x86::SerialWriteUnlocked(text);
  x86::busy.store(false, std::memory_order_release);
  port::RestoreInterrupts(state);
}

}  // namespace esc::arch

namespace esc::port {

void WriteLog(std::string_view text) { arch::ConsoleWrite(text); }

}  // namespace esc::port
