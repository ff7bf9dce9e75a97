// The console: a 16550 UART at 0x3F8, 115200 8N1 (PC16550D data sheet, section 8).
#pragma once

#include <string_view>

namespace esc::arch::x86 {

// Usable from the first instruction of C++ on. Without a UART, output goes nowhere.
void InitSerial();

// Past any lock: for panics and NMI. May mix with another CPU's text.
void SerialWriteUnlocked(std::string_view text);

// The interrupt handler: hands every received byte to upcall::OnConsoleInput.
void SerialInterrupt();
void EnableSerialInput();

}  // namespace esc::arch::x86
