// The kernel command line on top of a boot config.
#include <algorithm>
#include <bit>
#include <string_view>

#include "kernel/core/boot_config/decode.h"
#include "kernel/core/boot_config/parse.h"
#include "kernel/core/boot_config/trace_names.h"
#include "kernel/core/boot_config/validate.h"

namespace esc::boot_config {
namespace {

constexpr std::string_view kWhere = "command line";
constexpr std::string_view kOwn = "escapement.";
constexpr std::size_t kMaxWordBytes = 512;

// A word without its quotes. What comes before the first `=` is its key.
struct Word {
  FixedText<kMaxWordBytes> text;
  std::string_view key() const { return text.view().substr(0, text.view().find('=')); }
  bool has_value() const { return text.view().find('=') != std::string_view::npos; }
  std::string_view value() const { return has_value() ? text.view().substr(key().size() + 1) : std::string_view(); }
};

// The words of a line. Double quotes, anywhere in a word, keep blanks in it and are not part of it.
class WordReader {
 public:
  explicit WordReader(std::string_view line) : rest_(line) {}

  // False at the end. kInvalidArgument, kTooLarge.
  Result<bool> Next(Word& word, TextBuffer& message) {
    word.text.Clear();
    const std::size_t start = std::min(rest_.find_first_not_of(kBlanks), rest_.size());
    rest_.remove_prefix(start);
    if (rest_.empty()) return false;
    bool quoted = false;
    std::size_t at = 0;
    for (; at < rest_.size() && (quoted || kBlanks.find(rest_[at]) == std::string_view::npos); ++at) {
      if (rest_[at] == '"') {
        quoted = !quoted;
      } else {
        word.text.Append(rest_[at]);
      }
    }
    rest_.remove_prefix(at);
    if (quoted) {
      message.Format("{}: a quote has no end, in ", kWhere);
      AppendQuoted(message, word.text.view());
      return Status::kInvalidArgument;
    }
    if (word.text.truncated()) {
      message.Format("{}: a word is over {} bytes: ", kWhere, kMaxWordBytes);
      AppendQuoted(message, word.text.view());
      return Status::kTooLarge;
    }
    return true;
  }

 private:
  static constexpr std::string_view kBlanks = " \t\n\r";
  std::string_view rest_;
};

class Line {
 public:
  Line(sched::PluginTable plugins, BootConfig& config, TextBuffer& message)
      : plugins_(plugins), config_(config), message_(message) {}

  Status Apply(std::string_view line, FunctionRef<void(std::string_view)> unknown) {
    // The scheduler first: the parameters on the line are for the plugins that it leaves.
    ESC_TRY(ForEachWord(line, [&](const Word& word) {
      return IsScheduler(word) ? Deferred(SetScheduler(word.value())) : Status::kOk;
    }));
    ESC_TRY(ForEachWord(line, [&](const Word& word) {
      const Result<bool> known = IsScheduler(word) ? Result<bool>(true) : SetOther(word);
      if (known.ok() && !*known) unknown(word.text.view());
      return Deferred(known.status());
    }));
    ESC_TRY(TakeArguments(line));
    ESC_TRY(Deferred(CheckLayers()));
    if (Ok(deferred_)) return Status::kOk;
    config_.partition_count = 0;
    message_.Append(deferred_message_.view());
    return deferred_;
  }

 private:
  // A scheduler that cannot be had does not keep the other words from their effect: the caller may go on without it.
  // The first such error is kept, the others follow from it.
  Status Deferred(Status status) {
    if (status != Status::kNotFound && status != Status::kOutOfRange) return status;
    if (Ok(deferred_)) {
      deferred_ = status;
      deferred_message_.Append(message_.view());
    }
    message_.Clear();
    return Status::kOk;
  }

  Status CheckLayers() {
    for (std::size_t i = 0; i < config_.partition_count; ++i) {
      Partition& partition = config_.partitions[i];
      for (std::size_t j = 0; j < partition.layer_count; ++j)
        ESC_TRY(CheckLayer(kWhere, partition.layers[j], message_));
    }
    return Status::kOk;
  }

  static bool IsScheduler(const Word& word) { return word.key() == "escapement.scheduler" && word.has_value(); }

  // Calls `act` for each word before "--", but not for one whose key comes again: the last one counts. Words
  // without a value, which the kernel never knows, are all passed on.
  Status ForEachWord(std::string_view line, FunctionRef<Status(const Word&)> act) {
    WordReader reader(line);
    Word word;
    while (ESC_TRY(reader.Next(word, message_)) && word.text.view() != "--") {
      if (!ESC_TRY(ComesAgain(word, reader))) ESC_TRY(act(word));
    }
    return Status::kOk;
  }

  Result<bool> ComesAgain(const Word& word, WordReader rest) {
    if (!word.has_value()) return false;
    Word later;
    while (ESC_TRY(rest.Next(later, message_)) && later.text.view() != "--") {
      if (later.has_value() && later.key() == word.key()) return true;
    }
    return false;
  }

  Status SetScheduler(std::string_view name) {
    Layer chosen;
    ESC_TRY(ChoosePlugin("command line: escapement.scheduler", name, plugins_, chosen, message_));
    if (config_.partition_count == 0) {
      config_.partitions[0] = Partition{.name = "main", .cpus = CpuSet::All()};
      config_.partition_count = 1;
    }
    for (std::size_t i = 0; i < config_.partition_count; ++i) {
      Partition& partition = config_.partitions[i];
      Layer* const layers = partition.layers.data();
      const Layer* const same = std::find_if(layers, layers + partition.layer_count,
                                             [&](const Layer& layer) { return layer.plugin == chosen.plugin; });
      layers[0] = same == layers + partition.layer_count ? chosen : *same;
      partition.layer_count = 1;
      FixedText<64> where;
      where.Format("command line: scheduler partition \"{}\"", partition.name);
      ESC_TRY(CheckNeeds(where.view(), partition, message_));
    }
    return Status::kOk;
  }

  // False: not a word of the kernel's.
  Result<bool> SetOther(const Word& word) {
    if (!word.has_value()) return false;
    std::string_view key = word.key();
    const std::string_view value = word.value();
    if (key == "init") return Known(SetInit(value));
    if (key == "console") return Known(SetConsole(value));
    if (!key.starts_with(kOwn)) return false;
    key.remove_prefix(kOwn.size());
    if (key == "on_bad_scheduler") return Known(SetOnBad(value));
    if (key == "trace") return Known(SetTrace(value));
    if (key == kTimeSliceUs.name) return Known(SetNanos(kTimeSliceUs, value, config_.time_slice));
    if (key == kTickUs.name) return Known(SetNanos(kTickUs, value, config_.tick));
    if (key == kMemoryBytes.name) return Known(SetNumber(kMemoryBytes, value, config_.memory_limit_bytes));
    if (key == kSeed.name) return Known(SetNumber(kSeed, value, config_.seed));
    if (key == kMaxProcesses.name) {
      std::uint64_t number = 0;
      ESC_TRY(SetNumber(kMaxProcesses, value, number));
      config_.max_processes = static_cast<std::uint32_t>(number);
      return true;
    }
    return SetPluginParameter(key, value);
  }

  static Result<bool> Known(Status status) { return Ok(status) ? Result<bool>(true) : Result<bool>(status); }

  Status SetInit(std::string_view path) {
    ESC_TRY(CheckInitPath(kWhere, path, message_));
    return StoreText(kWhere, path, config_, config_.init_path, message_);
  }
  Status SetConsole(std::string_view name) {
    ESC_TRY(CheckConsole(kWhere, name, message_));
    return StoreText(kWhere, name, config_, config_.console, message_);
  }

  Status SetOnBad(std::string_view value) {
    if (value != "refuse" && value != "fallback") {
      message_.Format("{}: escapement.on_bad_scheduler is ", kWhere);
      AppendQuoted(message_, value);
      message_.Append("; refuse or fallback");
      return Status::kInvalidArgument;
    }
    config_.on_bad_scheduler = value == "refuse" ? OnBadScheduler::kRefuse : OnBadScheduler::kFallback;
    return Status::kOk;
  }

  // "scheduling,faults"; in place of the config's. Nothing: none.
  Status SetTrace(std::string_view value) {
    std::uint32_t bits = 0;
    while (!value.empty()) {
      const std::string_view name = TakeUntil(value, ',');
      const auto found = std::find(kTraceNames.begin(), kTraceNames.end(), name);
      if (found == kTraceNames.end()) {
        message_.Format("{}: escapement.trace has ", kWhere);
        AppendQuoted(message_, name);
        message_.Append(";");
        for (const std::string_view known : kTraceNames) message_.Format(" {}", known);
        return Status::kInvalidArgument;
      }
      bits |= std::uint32_t{1} << (found - kTraceNames.begin());
    }
    config_.trace_categories = bits;
    return Status::kOk;
  }

  Status ReadNumber(std::string_view name, std::string_view value, std::uint64_t& number) {
    if (ParseUnsigned(value, number)) return Status::kOk;
    message_.Format("{}: escapement.{} is ", kWhere, name);
    AppendQuoted(message_, value);
    message_.Append("; a whole number, decimal");
    return Status::kInvalidArgument;
  }
  Status SetNumber(const NumberField& field, std::string_view value, std::uint64_t& number) {
    ESC_TRY(ReadNumber(field.name, value, number));
    return CheckNumber(kWhere, field, number, number, message_);
  }
  Status SetNanos(const NumberField& field, std::string_view value, Nanos& nanos) {
    std::uint64_t us = 0;
    ESC_TRY(SetNumber(field, value, us));
    nanos = Nanos::Micros(static_cast<std::int64_t>(us));
    return Status::kOk;
  }

  // "mlfq.levels": in every layer that is this plugin.
  Result<bool> SetPluginParameter(std::string_view key, std::string_view value) {
    if (key.find('.') == std::string_view::npos) return false;
    std::string_view parameter = key;
    const std::string_view name = TakeUntil(parameter, '.');
    const auto found =
        std::find_if(plugins_.begin(), plugins_.end(), [&](const auto* plugin) { return plugin->name == name; });
    if (found == plugins_.end()) return false;
    const sched::Descriptor& plugin = **found;
    const auto spec = std::find_if(plugin.parameters.begin(), plugin.parameters.end(),
                                   [&](const sched::ParameterSpec& each) { return each.name == parameter; });
    if (spec == plugin.parameters.end()) {
      message_.Format("{}: plugin \"{}\" has no parameter ", kWhere, plugin.name);
      AppendQuoted(message_, parameter);
      message_.Append("; it has ");
      AppendParameterNames(message_, plugin);
      return Status::kOutOfRange;
    }
    std::uint64_t number = 0;
    ESC_TRY(ReadNumber(key, value, number));
    const auto index = static_cast<std::size_t>(spec - plugin.parameters.begin());
    bool used = false;
    for (std::size_t i = 0; i < config_.partition_count; ++i) {
      for (std::size_t j = 0; j < config_.partitions[i].layer_count; ++j) {
        Layer& layer = config_.partitions[i].layers[j];
        if (layer.plugin != &plugin) continue;
        ESC_TRY(SetParameter(kWhere, layer, index, number, message_));
        used = true;
      }
    }
    if (used) return true;
    message_.Format("{}: escapement.{}.{} is set, but no partition runs plugin \"{}\"", kWhere, name, parameter, name);
    return Status::kOutOfRange;
  }

  // What follows "--" replaces init's arguments.
  Status TakeArguments(std::string_view line) {
    WordReader reader(line);
    Word word;
    do {
      if (!ESC_TRY(reader.Next(word, message_))) return Status::kOk;
    } while (word.text.view() != "--");
    config_.init_arguments.count = 0;
    while (ESC_TRY(reader.Next(word, message_))) {
      ESC_TRY(AddWord("command line: arguments of init", word.text.view(), config_, config_.init_arguments, message_));
    }
    return Status::kOk;
  }

  sched::PluginTable plugins_;
  BootConfig& config_;
  TextBuffer& message_;
  Status deferred_ = Status::kOk;
  FixedText<384> deferred_message_;
};

bool IsSchedulerError(Status status) { return status == Status::kNotFound || status == Status::kOutOfRange; }

}  // namespace

Status ApplyCommandLine(std::string_view command_line, sched::PluginTable plugins, BootConfig& config,
                        FunctionRef<void(std::string_view word)> unknown, TextBuffer& message) {
  message.Clear();
  return Line(plugins, config, message).Apply(command_line, unknown);
}

Status Load(std::span<const std::byte> binary, std::string_view command_line, sched::PluginTable plugins,
            BootConfig& config, FunctionRef<void(std::string_view word)> unknown, TextBuffer& message) {
  const Status decoded = Decode(binary, plugins, config, message);
  if (!Ok(decoded) && !IsSchedulerError(decoded)) return decoded;
  FixedText<384> trouble;
  const Status applied = ApplyCommandLine(command_line, plugins, config, unknown, trouble);
  if (!Ok(applied) && (Ok(decoded) || !IsSchedulerError(applied))) {
    message.Clear();
    message.Append(trouble.view());
  }
  if (!Ok(applied) && !IsSchedulerError(applied)) return applied;
  if (Ok(applied) && config.partition_count > 0) {
    message.Clear();
    return Status::kOk;
  }
  if (config.on_bad_scheduler == OnBadScheduler::kRefuse) return Ok(decoded) ? applied : decoded;
  message.Append("; the built-in first-in-first-out queue runs instead");
  return Status::kOk;
}

}  // namespace esc::boot_config
