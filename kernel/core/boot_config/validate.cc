#include "kernel/core/boot_config/validate.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "kernel/core/boot_config/parse.h"

namespace esc::boot_config {
namespace {

constexpr std::size_t kMaxNameBytes = 31;
constexpr std::size_t kMaxPathBytes = 255;
constexpr std::array<std::string_view, 5> kConsoles = {"ttyS0", "ttyS1", "ttyS2", "ttyS3", "none"};
constexpr std::array<std::string_view, kCapabilities> kCapabilityNames = {
    "priorities", "weights",   "nice",       "tickets",     "deadlines",
    "budgets",    "admission", "preemption", "inheritance", "stealing"};

bool IsNameCharacter(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

void AppendPluginNames(TextBuffer& out, sched::PluginTable plugins) {
  bool first = true;
  for (const sched::Descriptor* plugin : plugins) {
    if (!first) out.Append(", ");
    first = false;
    out.Append(plugin->name);
  }
  if (first) out.Append("none");
}

void AppendRange(TextBuffer& out, std::uint64_t minimum, std::uint64_t maximum) {
  if (maximum == ~std::uint64_t{0}) {
    out.Format("at least {}", minimum);
  } else {
    out.Format("{} to {}", minimum, maximum);
  }
}

void AppendCpus(TextBuffer& out, CpuSet cpus) {
  bool first = true;
  for (std::uint32_t cpu = 0; cpu < kMaxCpus; ++cpu) {
    if (!cpus.Contains(CpuId{cpu})) continue;
    out.Format(first ? "{}" : ", {}", cpu);
    first = false;
  }
}

}  // namespace

void AppendQuoted(TextBuffer& out, std::string_view text) {
  constexpr std::size_t kShown = 60;
  out.Append('"');
  for (const char c : text.substr(0, kShown)) out.Append(c >= ' ' && c <= '~' ? c : '?');
  out.Append(text.size() > kShown ? "...\"" : "\"");
}

void AppendParameterNames(TextBuffer& out, const sched::Descriptor& plugin) {
  bool first = true;
  for (const sched::ParameterSpec& spec : plugin.parameters) {
    if (!first) out.Append(", ");
    first = false;
    out.Append(spec.name);
  }
  if (first) out.Append("none");
}

std::string_view CapabilityName(unsigned bit) {
  return bit < kCapabilityNames.size() ? kCapabilityNames[bit] : std::string_view();
}

Status CheckNumber(std::string_view where, const NumberField& field, std::uint64_t value, std::uint64_t& result,
                   TextBuffer& message) {
  result = value == 0 ? field.otherwise : value;
  if (value == 0 || (value >= field.minimum && value <= field.maximum)) return Status::kOk;
  message.Format("{}: {} is {}; ", where, field.name, value);
  AppendRange(message, field.minimum, field.maximum);
  return Status::kInvalidArgument;
}

Status CheckConsole(std::string_view where, std::string_view name, TextBuffer& message) {
  if (std::find(kConsoles.begin(), kConsoles.end(), name) != kConsoles.end()) return Status::kOk;
  message.Format("{}: console is ", where);
  AppendQuoted(message, name);
  message.Append("; ttyS0, ttyS1, ttyS2, ttyS3 or none");
  return Status::kInvalidArgument;
}

Status CheckInitPath(std::string_view where, std::string_view path, TextBuffer& message) {
  if (path.starts_with('/') && path.size() <= kMaxPathBytes) return Status::kOk;
  message.Format("{}: init path is ", where);
  AppendQuoted(message, path);
  message.Format("; an absolute path of at most {} bytes", kMaxPathBytes);
  return Status::kInvalidArgument;
}

Status CheckEnvironment(std::string_view where, std::string_view entry, TextBuffer& message) {
  const std::size_t equals = entry.find('=');
  if (equals != std::string_view::npos && equals > 0) return Status::kOk;
  message.Format("{}: init environment has ", where);
  AppendQuoted(message, entry);
  message.Append("; each entry is NAME=value");
  return Status::kInvalidArgument;
}

Status CheckPartitionName(std::string_view where, std::string_view name, TextBuffer& message) {
  if (!name.empty() && name.size() <= kMaxNameBytes && std::all_of(name.begin(), name.end(), IsNameCharacter)) {
    return Status::kOk;
  }
  message.Format("{}: name is ", where);
  AppendQuoted(message, name);
  message.Format("; 1 to {} of a-z, 0-9 and _", kMaxNameBytes);
  return Status::kInvalidArgument;
}

Status ParseCpus(std::string_view where, std::string_view text, CpuSet& cpus, TextBuffer& message) {
  cpus = CpuSet();
  std::string_view rest = text;
  bool good = !rest.empty();
  while (good && !rest.empty()) {
    const std::string_view part = TakeUntil(rest, ',');
    std::string_view last_text = part;
    const std::string_view first_text = TakeUntil(last_text, '-');
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    good =
        ParseUnsigned(first_text, first) &&
        (part.find('-') == std::string_view::npos ? ParseUnsigned(first_text, last) : ParseUnsigned(last_text, last)) &&
        first <= last && last < kMaxCpus;
    for (std::uint64_t cpu = first; good && cpu <= last; ++cpu) cpus.Add(CpuId{static_cast<std::uint32_t>(cpu)});
  }
  // A comma at the end leaves nothing to read, and would pass unseen.
  if (good && !text.ends_with(',')) return Status::kOk;
  message.Format("{}: cpus is ", where);
  AppendQuoted(message, text);
  message.Format("; CPU numbers and ranges from 0 to {}, as in \"0-3,6\"", kMaxCpus - 1);
  return Status::kInvalidArgument;
}

Status ChoosePlugin(std::string_view where, std::string_view name, sched::PluginTable plugins, Layer& layer,
                    TextBuffer& message) {
  const auto found =
      std::find_if(plugins.begin(), plugins.end(), [&](const auto* plugin) { return plugin->name == name; });
  if (found == plugins.end()) {
    message.Format("{}: unknown plugin ", where);
    AppendQuoted(message, name);
    message.Append("; linked: ");
    AppendPluginNames(message, plugins);
    return Status::kNotFound;
  }
  const sched::Descriptor& plugin = **found;
  if (plugin.contract_version != sched::kContractVersion) {
    message.Format("{}: plugin \"{}\" was built for scheduler contract {}; this kernel has contract {}", where, name,
                   plugin.contract_version, sched::kContractVersion);
    return Status::kNotFound;
  }
  if (plugin.parameters.size() > kMaxParameters) {
    message.Format("{}: plugin \"{}\" has {} parameters; at most {}", where, name, plugin.parameters.size(),
                   kMaxParameters);
    return Status::kNotFound;
  }
  layer.plugin = &plugin;
  for (std::size_t i = 0; i < plugin.parameters.size(); ++i) layer.values[i] = plugin.parameters[i].default_value;
  return Status::kOk;
}

Status SetParameter(std::string_view where, Layer& layer, std::size_t index, std::uint64_t value, TextBuffer& message) {
  const sched::ParameterSpec& spec = layer.plugin->parameters[index];
  if (value != 0 && (value < spec.minimum || value > spec.maximum)) {
    message.Format("{}: plugin \"{}\": {} is {}; ", where, layer.plugin->name, spec.name, value);
    AppendRange(message, spec.minimum, spec.maximum);
    if (!spec.unit.empty()) message.Format(" {}", spec.unit);
    return Status::kOutOfRange;
  }
  layer.values[index] = value == 0 ? spec.default_value : value;
  return Status::kOk;
}

Status CheckLayer(std::string_view where, const Layer& layer, TextBuffer& message) {
  if (layer.plugin->check_parameters == nullptr) return Status::kOk;
  FixedText<160> trouble;
  if (Ok(layer.plugin->check_parameters(layer.parameters(), trouble))) return Status::kOk;
  message.Format("{}: plugin \"{}\": {}", where, layer.plugin->name, trouble.view());
  return Status::kOutOfRange;
}

Status CheckNeeds(std::string_view where, const Partition& partition, TextBuffer& message) {
  std::uint32_t offered = 0;
  for (std::size_t i = 0; i < partition.layer_count; ++i) {
    offered |= static_cast<std::uint32_t>(partition.layers[i].plugin->capabilities);
  }
  const std::uint32_t lacking = static_cast<std::uint32_t>(partition.needs) & ~offered;
  if (lacking == 0) return Status::kOk;
  message.Format("{}: needs {}, which no layer has;", where,
                 CapabilityName(static_cast<unsigned>(std::countr_zero(lacking))));
  for (std::size_t i = 0; i < partition.layer_count; ++i) {
    message.Format("{} \"{}\" has", i == 0 ? "" : ",", partition.layers[i].plugin->name);
    for (unsigned bit = 0; bit < kCapabilities; ++bit) {
      if (Has(partition.layers[i].plugin->capabilities, static_cast<sched::Capability>(1u << bit))) {
        message.Format(" {}", CapabilityName(bit));
      }
    }
    if (partition.layers[i].plugin->capabilities == sched::Capability::kNone) message.Append(" none");
  }
  return Status::kNotFound;
}

Status CheckPartitions(BootConfig& config, TextBuffer& message) {
  const std::span<Partition> partitions(config.partitions.data(), config.partition_count);
  if (partitions.empty()) {
    message.Format("partitions: none given; 1 to {}", kMaxPartitions);
    return Status::kInvalidArgument;
  }
  CpuSet taken;
  Partition* rest = nullptr;
  for (Partition& partition : partitions) {
    for (const Partition& other : partitions.first(static_cast<std::size_t>(&partition - partitions.data()))) {
      if (partition.name == other.name) {
        message.Format("scheduler partition \"{}\": there are two of this name", partition.name);
        return Status::kInvalidArgument;
      }
      const CpuSet both = partition.cpus & other.cpus;
      if (both.Empty()) continue;
      message.Format("scheduler partition \"{}\": CPU ", partition.name);
      AppendCpus(message, both);
      message.Format(" is in partition \"{}\" too; a CPU belongs to one", other.name);
      return Status::kInvalidArgument;
    }
    taken = taken | partition.cpus;
    if (!partition.cpus.Empty()) continue;
    if (rest != nullptr) {
      message.Format("scheduler partitions \"{}\" and \"{}\" both leave out cpus; one may, and gets the rest",
                     rest->name, partition.name);
      return Status::kInvalidArgument;
    }
    rest = &partition;
  }
  if (rest != nullptr) {
    rest->cpus = CpuSet::FromMask(~taken.mask());
    if (rest->cpus.Empty()) {
      message.Format("scheduler partition \"{}\": no CPU is left for it", rest->name);
      return Status::kInvalidArgument;
    }
    taken = CpuSet::All();
  }
  if (!taken.Contains(CpuId{0})) {
    message.Append("scheduler partitions: CPU 0 is in none; the CPU that boots must be in one");
    return Status::kInvalidArgument;
  }
  return Status::kOk;
}

Status StoreText(std::string_view where, std::string_view text, BootConfig& config, std::string_view& stored,
                 TextBuffer& message) {
  if (text.find('\0') != std::string_view::npos) {
    message.Format("{}: ", where);
    AppendQuoted(message, text);
    message.Append(" has a zero byte in it");
    return Status::kInvalidArgument;
  }
  if (text.size() > kTextBytes - config.text_bytes) {
    message.Format("{}: all strings together are over {} bytes", where, kTextBytes);
    return Status::kTooLarge;
  }
  char* const to = config.text.data() + config.text_bytes;
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  config.text_bytes += text.size();
  stored = {to, text.size()};
  return Status::kOk;
}

Status AddWord(std::string_view where, std::string_view text, BootConfig& config, Words& words, TextBuffer& message) {
  if (words.count == kMaxWords) {
    message.Format("{}: more than {}", where, kMaxWords);
    return Status::kTooLarge;
  }
  ESC_TRY(StoreText(where, text, config, words.items[words.count], message));
  ++words.count;
  return Status::kOk;
}

}  // namespace esc::boot_config
