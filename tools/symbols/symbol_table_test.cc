#include "tools/symbols/symbol_table.h"

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "kernel/arch_x86_64/symbols.h"
#include "kernel/base/format.h"

namespace esc::tools {
namespace {

constexpr uint64_t kBase = 0xFFFFFFFF80000000;
constexpr size_t kTableRoom = 128;

struct Function {
  std::string name;
  uint64_t address;
  unsigned char type = STT_FUNC;
};

// An ELF file of four sections: names, symbols, their names, .ksyms.
std::string MakeElf(const std::vector<Function>& functions) {
  std::string names(1, '\0'), symbols;
  for (const Function& function : functions) {
    Elf64_Sym symbol{};
    symbol.st_name = static_cast<uint32_t>(names.size());
    symbol.st_info = ELF64_ST_INFO(STB_GLOBAL, function.type);
    symbol.st_value = function.address;
    symbols.append(reinterpret_cast<const char*>(&symbol), sizeof(symbol));
    names += function.name + '\0';
  }
  const std::string section_names("\0.ksyms\0", 8), table(kTableRoom, '\0');
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_machine = EM_X86_64;
  header.e_shoff = sizeof(header);
  header.e_shnum = 4;
  std::string body;
  std::vector<Elf64_Shdr> sections;
  const auto add = [&](uint32_t type, uint32_t name, uint32_t link, const std::string& contents) {
    Elf64_Shdr section{};
    section.sh_type = type;
    section.sh_name = name;
    section.sh_link = link;
    section.sh_offset = sizeof(header) + 4 * sizeof(section) + body.size();
    section.sh_size = contents.size();
    sections.push_back(section);
    body += contents;
  };
  add(SHT_STRTAB, 0, 0, section_names);
  add(SHT_SYMTAB, 0, 2, symbols);
  add(SHT_STRTAB, 0, 0, names);
  add(SHT_PROGBITS, 1, 0, table);
  std::string out(reinterpret_cast<const char*>(&header), sizeof(header));
  for (const Elf64_Shdr& section : sections) out.append(reinterpret_cast<const char*>(&section), sizeof(section));
  return out + body;
}

// What the kernel's reader makes of the table at the file's end.
std::string Find(const std::string& elf, uint64_t offset) {
  const auto* bytes = reinterpret_cast<const std::byte*>(elf.data() + elf.size() - kTableRoom);
  FixedText<160> name;
  uint64_t rest = 0;
  if (!arch::x86::SymbolTable({bytes, kTableRoom}).Find(offset, name, rest)) return "none";
  return std::string(name.view()) + "+" + std::to_string(rest);
}

TEST(SymbolTable, TheKernelsReaderFindsWhatWasWritten) {
  const auto elf = WithSymbolTable(MakeElf({{"_ZN3esc3FooEi", kBase + 0x2000},
                                            {"start", kBase + 0x1000},
                                            {"data", kBase + 0x1800, STT_OBJECT},
                                            {"low", 0x100000}}));
  ASSERT_TRUE(elf.ok()) << elf.status();
  EXPECT_EQ(Find(*elf, 0x1900), "start+2304");
  EXPECT_EQ(Find(*elf, 0x2010), "esc::Foo+16");
  EXPECT_EQ(Find(*elf, 0x800), "none");
}

TEST(SymbolTable, RefusesATableThatDoesNotFit) {
  const auto elf = WithSymbolTable(MakeElf({{std::string(120, 'a'), kBase}}));
  EXPECT_FALSE(elf.ok());
  EXPECT_NE(std::string(elf.status().message()).find(".ksyms has 128"), std::string::npos);
}

TEST(SymbolTable, RefusesWhatIsNoKernel) {
  EXPECT_FALSE(WithSymbolTable("").ok());
  EXPECT_FALSE(WithSymbolTable(std::string(200, 'x')).ok());
  EXPECT_FALSE(WithSymbolTable(MakeElf({})).ok());
  std::string without_table = MakeElf({{"f", kBase}});
  without_table.replace(without_table.find(".ksyms"), 6, ".other");
  EXPECT_FALSE(WithSymbolTable(without_table).ok());
}

TEST(SymbolTable, EveryCutFileIsRefused) {
  const std::string elf = MakeElf({{"f", kBase}});
  for (size_t size = 0; size < elf.size(); ++size) EXPECT_FALSE(WithSymbolTable(elf.substr(0, size)).ok()) << size;
}

TEST(ReadableName, DropsParametersAndAnonymousNamespaces) {
  EXPECT_EQ(ReadableName("_ZN3esc12_GLOBAL__N_13BarERKi"), "esc::Bar");
  EXPECT_EQ(ReadableName("_ZNK3esc1XclEi"), "esc::X::operator()");
  EXPECT_EQ(ReadableName("memcpy"), "memcpy");
  EXPECT_EQ(ReadableName(std::string(300, 'n')).size(), 127u);
}

}  // namespace
}  // namespace esc::tools
