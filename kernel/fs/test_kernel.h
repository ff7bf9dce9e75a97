// Runs a test's body as kernel code on the simulated machine, with memory and dispatch up.
#pragma once

#include <functional>
#include <string>

#include "gtest/gtest.h"
#include "kernel/arch_host/machine.h"
#include "kernel/core/boot_config/boot_config.h"
#include "kernel/core/dispatch/dispatcher.h"
#include "kernel/fs/file_system.h"
#include "kernel/mm/frames.h"
#include "kernel/mm/machine_fixture.h"
#include "kernel/sched_plugins/round_robin/round_robin.h"

namespace esc::fs {

class TestKernel {
 public:
  // What one machine's memory held must not be met by the next machine.
  ~TestKernel() {
    ResetFileSystemForTest();
    mm::ResetMemoryForTest();
  }

  host::Outcome Run(std::function<void()> body) {
    config_.partition_count = 1;
    config_.partitions[0].name = "main";
    config_.partitions[0].cpus = CpuSet::All();
    config_.partitions[0].layer_count = 1;
    config_.partitions[0].layers[0].plugin = &sched::round_robin::kDescriptor;
    config_.partitions[0].layers[0].values[0] = 1000;  // slice_us
    return machine_.Run([&] {
      ESC_CHECK(Ok(mm::InitFrames(machine_.boot_info(), 0, 0)));
      ESC_CHECK(Ok(core::InitDispatch(config_)));
      body();
    });
  }

  // The body must come to its end: a panic or a hang fails the test with its message.
  void Expect(std::function<void()> body) {
    const host::Outcome outcome = Run(std::move(body));
    EXPECT_EQ(outcome.end, host::Outcome::End::kReturned) << outcome.message << "\n" << outcome.console;
  }

  host::Machine& machine() { return machine_; }

 private:
  host::Machine machine_;
  boot_config::BootConfig config_;
};

// A read or write of kernel memory, as text.
inline std::string ReadText(core::File& file, std::size_t most = 4096) {
  std::string text(most, '\0');
  const Result<std::size_t> done = file.Read(core::IoBuffer::Kernel(text.data(), most));
  if (!done.ok()) return "error " + std::string(StatusName(done.status()));
  text.resize(*done);
  return text;
}
inline Result<std::size_t> WriteText(core::File& file, std::string text) {
  return file.Write(core::IoBuffer::Kernel(text.data(), text.size()));
}

}  // namespace esc::fs
