#include "kernel/fs/file_system.h"

#include <array>

#include "kernel/fs/devices.h"
#include "kernel/fs/memory_tree.h"
#include "kernel/fs/proc.h"

namespace esc::fs {
namespace {

struct Device {
  std::string_view name;
  DeviceNumber number;
  std::uint16_t permissions;
};
constexpr std::array<Device, 8> kDevices = {{{"console", kConsoleDevice, 0600},
                                             {"tty", kTtyDevice, 0666},
                                             {"ttyS0", kSerialDevice, 0660},
                                             {"null", kNullDevice, 0666},
                                             {"zero", kZeroDevice, 0666},
                                             {"full", kFullDevice, 0666},
                                             {"random", kRandomDevice, 0666},
                                             {"urandom", kUrandomDevice, 0666}}};

struct DeviceLink {
  std::string_view name, target;
};
constexpr std::array<DeviceLink, 4> kDeviceLinks = {{{"fd", "/proc/self/fd"},
                                                     {"stdin", "/proc/self/fd/0"},
                                                     {"stdout", "/proc/self/fd/1"},
                                                     {"stderr", "/proc/self/fd/2"}}};

Result<mm::RefPtr<Node>> AddDirectory(Node& parent, std::string_view name, std::uint16_t permissions) {
  mm::RefPtr<Node> directory(ESC_TRY(mm::MakeRef<MemoryDirectory>(permissions, &parent)));
  ESC_TRY(AddEntry(parent, name, directory));
  parent.AddLink();
  return directory;
}

}  // namespace

Result<mm::RefPtr<Node>> MakeRoot() {
  const mm::RefPtr<Node> root(ESC_TRY(mm::MakeRef<MemoryDirectory>(0755, nullptr)));
  root->AddLink();
  root->AddLink();
  const mm::RefPtr<Node> dev = ESC_TRY(AddDirectory(*root, "dev", 0755));
  for (const Device& device : kDevices) {
    ESC_TRY(AddEntry(*dev, device.name, ESC_TRY(mm::MakeRef<DeviceNode>(NodeType::kCharacterDevice, device.permissions, device.number))));
  }
  for (const auto& [name, target] : kDeviceLinks) ESC_TRY(AddEntry(*dev, name, ESC_TRY(SymbolicLink::Create(target))));
  ESC_TRY(AddDirectory(*root, "tmp", 01777));
  ESC_TRY(AddEntry(*root, "proc", ESC_TRY(MakeProc(*root))));
  root->AddLink();
  return root;
}

}  // namespace esc::fs
