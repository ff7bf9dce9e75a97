#include "tools/symbols/symbol_table.h"

#include <cxxabi.h>
#include <elf.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "kernel/arch_x86_64/symbols.h"

namespace esc::tools {
namespace {

using arch::x86::SymbolTableEntry;
using arch::x86::SymbolTableHeader;

constexpr uint64_t kKernelVirtual = 0xFFFFFFFF80000000;
constexpr size_t kMaxName = 127;

template <class T>
absl::StatusOr<T> ReadAt(absl::string_view bytes, uint64_t at) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (at > bytes.size() || bytes.size() - at < sizeof(T)) return absl::DataLossError("the ELF file is truncated");
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

absl::StatusOr<absl::string_view> Contents(absl::string_view elf, const Elf64_Shdr& section) {
  if (section.sh_offset > elf.size() || elf.size() - section.sh_offset < section.sh_size) {
    return absl::DataLossError("a section lies outside the ELF file");
  }
  return elf.substr(section.sh_offset, section.sh_size);
}

// Text in a string table; empty when it is not there.
std::string TextAt(absl::string_view table, uint64_t at) {
  if (at >= table.size()) return "";
  const absl::string_view rest = table.substr(at);
  return std::string(rest.substr(0, rest.find('\0')));
}

struct Sections {
  Elf64_Shdr symbols{};
  Elf64_Shdr symbol_names{};
  Elf64_Shdr table{};  // .ksyms
};

absl::StatusOr<Sections> FindSections(absl::string_view elf) {
  const auto header = ReadAt<Elf64_Ehdr>(elf, 0);
  if (!header.ok()) return header.status();
  if (std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64 ||
      header->e_machine != EM_X86_64) {
    return absl::InvalidArgumentError("not an x86-64 ELF file");
  }
  std::vector<Elf64_Shdr> sections;
  for (unsigned i = 0; i < header->e_shnum; ++i) {
    const auto section = ReadAt<Elf64_Shdr>(elf, header->e_shoff + uint64_t{i} * sizeof(Elf64_Shdr));
    if (!section.ok()) return section.status();
    sections.push_back(*section);
  }
  if (header->e_shstrndx >= sections.size()) return absl::InvalidArgumentError("no section names");
  const auto names = Contents(elf, sections[header->e_shstrndx]);
  if (!names.ok()) return names.status();
  Sections found;
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_type == SHT_SYMTAB && section.sh_link < sections.size()) {
      found.symbols = section;
      found.symbol_names = sections[section.sh_link];
    }
    if (section.sh_type == SHT_PROGBITS && TextAt(*names, section.sh_name) == ".ksyms") found.table = section;
  }
  if (found.symbols.sh_type != SHT_SYMTAB) return absl::InvalidArgumentError("no symbols: the file is stripped");
  if (found.table.sh_size == 0) return absl::InvalidArgumentError("no section .ksyms");
  return found;
}

// Functions by their offset from the kernel's base; of several names for one, the first in the alphabet.
absl::StatusOr<std::map<uint32_t, std::string>> ReadFunctions(absl::string_view elf, const Sections& sections) {
  const auto symbols = Contents(elf, sections.symbols);
  if (!symbols.ok()) return symbols.status();
  const auto names = Contents(elf, sections.symbol_names);
  if (!names.ok()) return names.status();
  std::map<uint32_t, std::string> functions;
  for (uint64_t at = 0; at + sizeof(Elf64_Sym) <= symbols->size(); at += sizeof(Elf64_Sym)) {
    const auto symbol = ReadAt<Elf64_Sym>(*symbols, at);
    if (!symbol.ok()) return symbol.status();
    if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || symbol->st_value < kKernelVirtual) continue;
    const std::string name = ReadableName(TextAt(*names, symbol->st_name));
    std::string& known = functions[static_cast<uint32_t>(symbol->st_value - kKernelVirtual)];
    if (known.empty() || name < known) known = name;
  }
  if (functions.empty()) return absl::InvalidArgumentError("no functions at the kernel's addresses");
  return functions;
}

template <class T>
void Append(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

std::string Encode(const std::map<uint32_t, std::string>& functions) {
  std::string pool, entries, out;
  std::map<std::string, uint32_t> pooled;
  for (const auto& [offset, name] : functions) {
    const auto [place, added] = pooled.emplace(name, static_cast<uint32_t>(pool.size()));
    if (added) pool += name;
    Append(entries, SymbolTableEntry{offset, place->second << 8 | static_cast<uint32_t>(name.size())});
  }
  Append(out, SymbolTableHeader{SymbolTableHeader::kMagic, static_cast<uint32_t>(functions.size()),
                                static_cast<uint32_t>(pool.size()), 0});
  return out + entries + pool;
}

void Erase(std::string& text, const std::string& what) {
  for (size_t at; (at = text.find(what)) != std::string::npos;) text.erase(at, what.size());
}

}  // namespace

std::string ReadableName(const std::string& symbol) {
  int status = 0;
  char* demangled = abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status);
  std::string name = status == 0 ? demangled : symbol;
  std::free(demangled);
  Erase(name, "(anonymous namespace)::");
  const size_t call = name.find("operator()");
  const size_t parameters = name.find('(', call == std::string::npos ? 0 : call + 10);
  // A lambda's name has parameters within: what stands before them names the function that holds it.
  if (status == 0 && parameters != std::string::npos && parameters != 0) name.resize(parameters);
  if (name.size() > kMaxName) name.resize(kMaxName);
  return name;
}

absl::StatusOr<std::string> WithSymbolTable(absl::string_view elf) {
  const auto sections = FindSections(elf);
  if (!sections.ok()) return sections.status();
  const auto functions = ReadFunctions(elf, *sections);
  if (!functions.ok()) return functions.status();
  const auto room = Contents(elf, sections->table);
  if (!room.ok()) return room.status();
  const std::string table = Encode(*functions);
  if (table.size() > room->size()) {
    return absl::ResourceExhaustedError(absl::StrCat("the table of ", functions->size(), " functions takes ",
                                                     table.size(), " bytes; .ksyms has ", room->size(),
                                                     " (kernel/arch_x86_64/boot.S)"));
  }
  std::string out(elf);
  std::memcpy(&out[sections->table.sh_offset], table.data(), table.size());
  return out;
}

}  // namespace esc::tools
