#include "kernel/core/boot_config/decode.h"

#include <pb_decode.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <optional>

#include "kernel/core/boot_config/boot_config.nanopb.h"
#include "kernel/core/boot_config/checksum.h"
#include "kernel/core/boot_config/trace_names.h"
#include "kernel/core/boot_config/validate.h"

namespace esc::boot_config {
namespace {

constexpr std::uint32_t kVersion = 1;
constexpr std::string_view kWhere = "boot config";
constexpr std::string_view kTypePrefix = "type.googleapis.com/";
constexpr std::size_t kMaxStringBytes = 1024;

// What the callbacks share. nanopb only hears "false" from them; the reason is kept here.
struct Context {
  sched::PluginTable plugins;
  BootConfig& config;
  TextBuffer& message;
  Status status = Status::kOk;  // of the error that ended the decoding

  // A scheduler that cannot be had ends nothing, since the caller may run the rest on the built-in queue. The
  // first such error is kept.
  Status scheduler_status = Status::kOk;
  FixedText<384> scheduler_message;

  bool Passed(Status result) {
    status = result;
    return Ok(result);
  }
  // The same for the checks of schedulers: notes the error, and says whether it may be passed over.
  bool Scheduler(Status result, TextBuffer& text) {
    if (Ok(result)) return true;
    if (result != Status::kNotFound && result != Status::kOutOfRange) {
      message.Append(text.view());
      return Passed(result);
    }
    if (Ok(scheduler_status)) {
      scheduler_status = result;
      scheduler_message.Append(text.view());
    }
    return true;
  }
};

void Handle(pb_callback_t& field, bool (*read)(pb_istream_t*, const pb_field_t*, void**), auto& reader) {
  field.funcs.decode = read;
  field.arg = &reader;
}

// One string of the input, copied out of it.
struct Text {
  char bytes[kMaxStringBytes];
  std::size_t size = 0;
  std::string_view view() const { return {bytes, size}; }
};

bool ReadText(pb_istream_t* stream, Context& context, std::string_view field, Text& text) {
  text.size = stream->bytes_left;
  if (text.size > sizeof(text.bytes)) {
    context.message.Format("{}: {} has {} bytes; at most {}", kWhere, field, text.size, sizeof(text.bytes));
    return context.Passed(Status::kTooLarge);
  }
  return pb_read(stream, reinterpret_cast<pb_byte_t*>(text.bytes), text.size);
}

// Enumeration values as they came: a C++ enumeration must not hold the numbers that a bad input has.
template <class Enum>
std::int32_t RawNumber(const Enum& field) {
  static_assert(sizeof(field) == sizeof(std::int32_t));
  std::int32_t number = 0;
  std::memcpy(&number, &field, sizeof(number));
  return number;
}

// Adds bit number - 1 to `bits`; proto3 packs repeated enumerations, but may also send them one by one, and nanopb
// calls this for each number either way.
bool ReadBit(pb_istream_t* stream, Context& context, std::string_view where, std::string_view field, unsigned count,
             std::uint32_t& bits) {
  std::uint64_t number = 0;
  if (!pb_decode_varint(stream, &number)) return false;
  if (number == 0 || number > count) {
    context.message.Format("{}: {} has number {}; 1 to {}", where, field, number, count);
    return context.Passed(Status::kInvalidArgument);
  }
  bits |= std::uint32_t{1} << (number - 1);
  return true;
}

// --- a layer ---

// The parameter message of a plugin: only numbers, and only those that the plugin states.
Status ReadParameters(std::string_view where, const google_protobuf_Any& any, Layer& layer, TextBuffer& message) {
  const sched::Descriptor& plugin = *layer.plugin;
  std::string_view type = any.type_url;
  if (type.starts_with(kTypePrefix)) type.remove_prefix(kTypePrefix.size());
  if (type != plugin.parameter_message || plugin.parameter_message.empty()) {
    message.Format("{}: parameters are a ", where);
    AppendQuoted(message, type);
    message.Format("; plugin \"{}\" takes {}", plugin.name,
                   plugin.parameter_message.empty() ? "none" : plugin.parameter_message);
    return Status::kOutOfRange;
  }
  pb_istream_t stream = pb_istream_from_buffer(any.value.bytes, any.value.size);
  while (stream.bytes_left > 0) {
    pb_wire_type_t wire_type = PB_WT_VARINT;
    std::uint32_t field = 0;
    bool end = false;
    std::uint64_t value = 0;
    if (!pb_decode_tag(&stream, &wire_type, &field, &end) || wire_type != PB_WT_VARINT ||
        !pb_decode_varint(&stream, &value)) {
      message.Format("{}: parameters of plugin \"{}\" are damaged", where, plugin.name);
      return Status::kCorrupt;
    }
    const auto spec = std::find_if(plugin.parameters.begin(), plugin.parameters.end(),
                                   [&](const sched::ParameterSpec& each) { return each.field == field; });
    if (spec == plugin.parameters.end()) {
      message.Format("{}: plugin \"{}\" has no parameter number {}; it has ", where, plugin.name, field);
      AppendParameterNames(message, plugin);
      return Status::kOutOfRange;
    }
    const auto index = static_cast<std::size_t>(spec - plugin.parameters.begin());
    ESC_TRY(SetParameter(where, layer, index, value, message));
  }
  return CheckLayer(where, layer, message);
}

struct PartitionReader {
  Context& context;
  Partition& partition;
  bool all_layers_good = true;

  void NameIt(TextBuffer& where) const {
    if (partition.name.empty()) {
      where.Format("scheduler partition {}", context.config.partition_count);
    } else {
      where.Format("scheduler partition \"{}\"", partition.name);
    }
  }
};

struct LayerReader {
  Context& context;
  Text name;
};

bool ReadPluginName(pb_istream_t* stream, const pb_field_t*, void** argument) {
  auto& reader = *static_cast<LayerReader*>(*argument);
  return ReadText(stream, reader.context, "plugin", reader.name);
}

Status MakeLayer(std::string_view where, const LayerReader& reader, const escapement_boot_Layer& decoded, Layer& layer,
                 TextBuffer& message) {
  ESC_TRY(ChoosePlugin(where, reader.name.view(), reader.context.plugins, layer, message));
  if (decoded.has_parameters) return ReadParameters(where, decoded.parameters, layer, message);
  return CheckLayer(where, layer, message);
}

bool ReadLayer(pb_istream_t* stream, const pb_field_t*, void** argument) {
  auto& reader = *static_cast<PartitionReader*>(*argument);
  Context& context = reader.context;
  Partition& partition = reader.partition;
  FixedText<64> where;
  reader.NameIt(where);
  if (partition.layer_count == kMaxLayers) {
    context.message.Format("{}: more than {} layers", where.view(), kMaxLayers);
    return context.Passed(Status::kTooLarge);
  }
  LayerReader layer_reader{.context = context, .name = {}};
  escapement_boot_Layer decoded = escapement_boot_Layer_init_zero;
  Handle(decoded.plugin, ReadPluginName, layer_reader);
  if (!pb_decode(stream, escapement_boot_Layer_fields, &decoded)) return false;
  FixedText<384> trouble;
  const Status made = MakeLayer(where.view(), layer_reader, decoded, partition.layers[partition.layer_count], trouble);
  if (!context.Scheduler(made, trouble)) return false;
  if (Ok(made)) {
    ++partition.layer_count;
  } else {
    reader.all_layers_good = false;
  }
  return true;
}

// --- a partition ---

bool ReadPartitionName(pb_istream_t* stream, const pb_field_t*, void** argument) {
  auto& reader = *static_cast<PartitionReader*>(*argument);
  Context& context = reader.context;
  Text name;
  if (!ReadText(stream, context, "partition name", name)) return false;
  FixedText<64> where;
  where.Format("scheduler partition {}", context.config.partition_count);
  return context.Passed(CheckPartitionName(where.view(), name.view(), context.message)) &&
         context.Passed(StoreText(kWhere, name.view(), context.config, reader.partition.name, context.message));
}

bool ReadCpus(pb_istream_t* stream, const pb_field_t*, void** argument) {
  auto& reader = *static_cast<PartitionReader*>(*argument);
  Text cpus;
  if (!ReadText(stream, reader.context, "cpus", cpus)) return false;
  FixedText<64> where;
  reader.NameIt(where);
  return reader.context.Passed(ParseCpus(where.view(), cpus.view(), reader.partition.cpus, reader.context.message));
}

bool ReadNeed(pb_istream_t* stream, const pb_field_t*, void** argument) {
  auto& reader = *static_cast<PartitionReader*>(*argument);
  FixedText<64> where;
  reader.NameIt(where);
  auto bits = static_cast<std::uint32_t>(reader.partition.needs);
  if (!ReadBit(stream, reader.context, where.view(), "needs", kCapabilities, bits)) return false;
  reader.partition.needs = static_cast<sched::Capability>(bits);
  return true;
}

bool ReadPartition(pb_istream_t* stream, const pb_field_t*, void** argument) {
  auto& context = *static_cast<Context*>(*argument);
  if (context.config.partition_count == kMaxPartitions) {
    context.message.Format("{}: more than {} partitions", kWhere, kMaxPartitions);
    return context.Passed(Status::kTooLarge);
  }
  PartitionReader reader{.context = context, .partition = context.config.partitions[context.config.partition_count]};
  escapement_boot_Partition decoded = escapement_boot_Partition_init_zero;
  Handle(decoded.name, ReadPartitionName, reader);
  Handle(decoded.cpus, ReadCpus, reader);
  Handle(decoded.layers, ReadLayer, reader);
  Handle(decoded.needs, ReadNeed, reader);
  if (!pb_decode(stream, escapement_boot_Partition_fields, &decoded)) return false;
  FixedText<64> where;
  reader.NameIt(where);
  if (reader.partition.name.empty()) {
    return context.Passed(CheckPartitionName(where.view(), "", context.message));
  }
  if (reader.all_layers_good && reader.partition.layer_count == 0) {
    context.message.Format("{}: layers: none given; 1 to {}", where.view(), kMaxLayers);
    return context.Passed(Status::kInvalidArgument);
  }
  FixedText<384> trouble;
  if (reader.all_layers_good && !context.Scheduler(CheckNeeds(where.view(), reader.partition, trouble), trouble)) {
    return false;
  }
  ++context.config.partition_count;
  return true;
}

// --- the rest ---

bool ReadConsole(pb_istream_t* stream, const pb_field_t*, void** argument) {
  auto& context = *static_cast<Context*>(*argument);
  Text name;
  return ReadText(stream, context, "console", name) &&
         context.Passed(CheckConsole(kWhere, name.view(), context.message)) &&
         context.Passed(StoreText(kWhere, name.view(), context.config, context.config.console, context.message));
}

bool ReadTrace(pb_istream_t* stream, const pb_field_t*, void** argument) {
  auto& context = *static_cast<Context*>(*argument);
  return ReadBit(stream, context, kWhere, "trace", kTraceCategories, context.config.trace_categories);
}

bool ReadInitPath(pb_istream_t* stream, const pb_field_t*, void** argument) {
  auto& context = *static_cast<Context*>(*argument);
  Text path;
  return ReadText(stream, context, "init path", path) &&
         context.Passed(CheckInitPath(kWhere, path.view(), context.message)) &&
         context.Passed(StoreText(kWhere, path.view(), context.config, context.config.init_path, context.message));
}

bool ReadArgument(pb_istream_t* stream, const pb_field_t*, void** argument) {
  auto& context = *static_cast<Context*>(*argument);
  Text word;
  return ReadText(stream, context, "init argument", word) &&
         context.Passed(AddWord("boot config: init arguments", word.view(), context.config,
                                context.config.init_arguments, context.message));
}

bool ReadEnvironment(pb_istream_t* stream, const pb_field_t*, void** argument) {
  auto& context = *static_cast<Context*>(*argument);
  Text entry;
  return ReadText(stream, context, "init environment entry", entry) &&
         context.Passed(CheckEnvironment(kWhere, entry.view(), context.message)) &&
         context.Passed(AddWord("boot config: init environment", entry.view(), context.config,
                                context.config.init_environment, context.message));
}

Status TakeNumbers(const escapement_boot_BootConfig& decoded, BootConfig& config, TextBuffer& message) {
  if (decoded.version != kVersion) {
    message.Format("{}: version is {}; this kernel reads version {}", kWhere, decoded.version, kVersion);
    return Status::kInvalidArgument;
  }
  const std::int32_t on_bad = RawNumber(decoded.on_bad_scheduler);
  if (on_bad != escapement_boot_OnBadScheduler_REFUSE && on_bad != escapement_boot_OnBadScheduler_FALLBACK) {
    message.Format("{}: on_bad_scheduler is {}; 0 (refuse) or 1 (fallback)", kWhere, on_bad);
    return Status::kInvalidArgument;
  }
  config.on_bad_scheduler =
      on_bad == escapement_boot_OnBadScheduler_FALLBACK ? OnBadScheduler::kFallback : OnBadScheduler::kRefuse;
  std::uint64_t number = 0;
  ESC_TRY(CheckNumber(kWhere, kTimeSliceUs, decoded.time_slice_us, number, message));
  config.time_slice = Nanos::Micros(static_cast<std::int64_t>(number));
  ESC_TRY(CheckNumber(kWhere, kTickUs, decoded.tick_us, number, message));
  config.tick = Nanos::Micros(static_cast<std::int64_t>(number));
  ESC_TRY(CheckNumber(kWhere, kMaxProcesses, decoded.limits.max_processes, number, message));
  config.max_processes = static_cast<std::uint32_t>(number);
  ESC_TRY(CheckNumber(kWhere, kMemoryBytes, decoded.limits.memory_bytes, config.memory_limit_bytes, message));
  return CheckNumber(kWhere, kSeed, decoded.seed, config.seed, message);
}

Status CheckSeal(std::span<const std::byte> binary, TextBuffer& message) {
  if (binary.size() < kChecksumFieldBytes || binary[binary.size() - kChecksumFieldBytes] != kChecksumTag) {
    message.Format("{}: its {} bytes do not end in a checksum: truncated, or not made by the boot_config tool", kWhere,
                   binary.size());
    return Status::kTruncated;
  }
  const auto expected = ChecksumField(binary.first(binary.size() - kChecksumFieldBytes));
  if (std::equal(expected.begin(), expected.end(), binary.end() - kChecksumFieldBytes)) return Status::kOk;
  message.Format("{}: the checksum does not fit its {} bytes: truncated or damaged", kWhere, binary.size());
  return Status::kCorrupt;
}

Status DecodeMessage(std::span<const std::byte> binary, Context& context) {
  escapement_boot_BootConfig decoded = escapement_boot_BootConfig_init_zero;
  Handle(decoded.partitions, ReadPartition, context);
  Handle(decoded.console, ReadConsole, context);
  Handle(decoded.trace, ReadTrace, context);
  Handle(decoded.init.path, ReadInitPath, context);
  Handle(decoded.init.arguments, ReadArgument, context);
  Handle(decoded.init.environment, ReadEnvironment, context);
  pb_istream_t stream = pb_istream_from_buffer(reinterpret_cast<const pb_byte_t*>(binary.data()), binary.size());
  if (!pb_decode(&stream, escapement_boot_BootConfig_fields, &decoded)) {
    if (!Ok(context.status)) return context.status;
    const std::string_view reason = PB_GET_ERROR(&stream);
    context.message.Format("{}: not a boot config: {}", kWhere, reason);
    return reason == "end-of-stream" || reason == "parent stream too short" ? Status::kTruncated : Status::kCorrupt;
  }
  return TakeNumbers(decoded, context.config, context.message);
}

}  // namespace

Status Decode(std::span<const std::byte> binary, sched::PluginTable plugins, BootConfig& config, TextBuffer& message) {
  config.~BootConfig();
  new (&config) BootConfig;
  message.Clear();
  ESC_TRY(CheckSeal(binary, message));
  Context context{.plugins = plugins, .config = config, .message = message, .scheduler_message = {}};
  ESC_TRY(DecodeMessage(binary, context));
  ESC_TRY(CheckPartitions(config, message));
  if (Ok(context.scheduler_status)) return Status::kOk;
  config.partition_count = 0;
  message.Append(context.scheduler_message.view());
  return context.scheduler_status;
}

}  // namespace esc::boot_config
