#include "tests/simt/symbols.h"

#include <cxxabi.h>
#include <elf.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <set>

#include "core/error.h"

namespace lanet::simt {

namespace {

std::string program_path() {
  std::array<char, 4096> path;
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
  return {path.data(), static_cast<size_t>(std::max<ssize_t>(length, 0))};
}

/// Where the program was loaded.
struct Image {
  std::byte* base = nullptr;
  Range all, thread_locals;
};

const Image& image() {
  static const Image loaded = [] {
    Image found;
    dl_iterate_phdr(
        [](dl_phdr_info* info, size_t, void* data) {  // the first is the program itself
          Image& to = *static_cast<Image*>(data);
          to.base = reinterpret_cast<std::byte*>(info->dlpi_addr);
          std::byte* last = to.base;
          for (int i = 0; i < info->dlpi_phnum; ++i) {
            const ElfW(Phdr)& header = info->dlpi_phdr[i];
            if (header.p_type == PT_LOAD)
              last = std::max(last, to.base + header.p_vaddr + header.p_memsz);
            if (header.p_type == PT_TLS)
              to.thread_locals = {static_cast<std::byte*>(info->dlpi_tls_data), header.p_memsz};
          }
          to.all = {to.base, static_cast<size_t>(last - to.base)};
          return 1;
        },
        &found);
    return found;
  }();
  return loaded;
}

std::string demangled(const char* name) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(name, nullptr, nullptr, &status), std::free);
  return status == 0 ? text.get() : name;
}

/// `void lanet::f<lanet::A, float>(int) [clone]` → `f<A, float>`.
std::string short_name(std::string text) {
  for (const std::string noise : {"(anonymous namespace)::", "lanet::", "planted::"}) {
    for (size_t at; (at = text.find(noise)) != std::string::npos;) text.erase(at, noise.size());
  }
  if (text.starts_with("void ")) text.erase(0, 5);
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    depth += (text[i] == '<') - (text[i] == '>');
    if (text[i] == '(' && depth == 0) return text.substr(0, i);
  }
  return text;
}

struct Symbols {
  std::map<const void*, std::string> functions;
  std::set<std::string> kernels;
  std::vector<SharedVariable> shared;
};

/// A shared variable is a local one of the project's functions, or of lambdas in them.
bool is_shared_variable(const char* name) {
  return std::strncmp(name, "_ZZ", 3) == 0 && std::strstr(name, "5lanet");
}

bool is_kernel(const std::string& name) {
  const std::string base = name.substr(0, name.find('<'));
  return base.ends_with("_kernel") && base.find(':') == std::string::npos;
}

const Symbols& symbols() {
  static const Symbols read = [] {
    Symbols found;
    std::ifstream file(program_path(), std::ios::binary);
    const std::vector<char> bytes((std::istreambuf_iterator<char>(file)), {});
    const auto* header = reinterpret_cast<const ElfW(Ehdr)*>(bytes.data());
    const auto* sections = reinterpret_cast<const ElfW(Shdr)*>(bytes.data() + header->e_shoff);
    for (int s = 0; s < header->e_shnum; ++s) {
      if (sections[s].sh_type != SHT_SYMTAB) continue;
      const char* names = bytes.data() + sections[sections[s].sh_link].sh_offset;
      const auto* symbol = reinterpret_cast<const ElfW(Sym)*>(bytes.data() + sections[s].sh_offset);
      for (const auto* end = symbol + sections[s].sh_size / sizeof(*symbol); symbol != end;
           ++symbol) {
        const char* name = names + symbol->st_name;
        const int type = ELF64_ST_TYPE(symbol->st_info);
        if (type == STT_FUNC && symbol->st_shndx != SHN_UNDEF && std::strstr(name, "_kernel")) {
          const std::string text = short_name(demangled(name));
          found.functions[image().base + symbol->st_value] = text;
          if (is_kernel(text) && !std::strchr(name, '.')) found.kernels.insert(text);
        } else if (type == STT_TLS && is_shared_variable(name)) {
          const std::string text = demangled(name);
          found.shared.push_back({text.substr(text.rfind(':') + 1),
                                  image().thread_locals.begin + symbol->st_value, symbol->st_size});
        }
      }
    }
    std::sort(found.shared.begin(), found.shared.end(),
              [](const auto& a, const auto& b) { return a.begin < b.begin; });
    return found;
  }();
  return read;
}

}  // namespace

std::string kernel_name(const void* kernel) {
  const auto found = symbols().functions.find(kernel);
  if (found == symbols().functions.end() || !is_kernel(found->second))
    throw Error("simt: a kernel whose name does not end with _kernel was launched");
  return found->second;
}

std::vector<std::string> all_kernels() {
  return {symbols().kernels.begin(), symbols().kernels.end()};
}

const std::vector<SharedVariable>& shared_variables() {
  return symbols().shared;
}
Range thread_local_range() {
  return image().thread_locals;
}
Range program_range() {
  return image().all;
}

std::string short_path(const std::string& path) {
  const std::string root = LANET_SIMT_ROOT "/";
  return path.starts_with(root) ? path.substr(root.size()) : path;
}

std::string source_line(const void* code) {
  // The line of the call itself: `code` is where it returns to.
  const auto offset = static_cast<const std::byte*>(code) - image().base - 1;
  const std::string command =
      fmt::format("addr2line -i -e '{}' {:#x} 2>/dev/null", program_path(), offset);
  std::string text;
  if (FILE* lines = popen(command.c_str(), "r")) {
    std::array<char, 1024> line;
    while (std::fgets(line.data(), line.size(), lines)) {
      std::string place = line.data();
      place = short_path(
          std::filesystem::path(place.substr(0, place.find_first_of(" \n"))).lexically_normal());
      text += (text.empty() ? "" : ", called at ") + place;
      if (place.find(".cu:") != std::string::npos) break;
    }
    pclose(lines);
  }
  return text.empty() ? fmt::format("{:#x} (addr2line would know the line)", offset) : text;
}

}  // namespace lanet::simt
