#include "jqfast/isa.hpp"

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <string_view>

#include "jqfast/error.hpp"

#if defined(JQFAST_HAS_VARIANTS)
#include <dlfcn.h>
#endif

namespace jqfast {
namespace {

#if defined(JQFAST_HAS_VARIANTS)
const KernelTable* open_table(const std::string& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw Error("The kernel library does not load: " + std::string(dlerror()));
  using Entry = const KernelTable* (*)();
  const auto entry = reinterpret_cast<Entry>(dlsym(library, "jqfast_kernels"));
  if (entry == nullptr || entry()->abi != kKernelAbi) {
    throw Error("The kernel library `" + path + "` belongs to another version; install jqfast again.");
  }
  return entry();
}
#endif

std::string joined(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

}  // namespace

std::vector<std::string> supported_isas() {
  std::vector<std::string> names{"baseline"};
#if defined(JQFAST_HAS_VARIANTS)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) names.emplace_back("avx2");
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("fma")) {
    names.emplace_back("avx512");
  }
#endif
  return names;
}

const KernelTable& load_kernels(const std::string& folder, const std::string& wish) {
  const auto names = supported_isas();
  const std::string name = wish.empty() ? names.back() : wish;
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    throw std::invalid_argument("`JQFAST_ISA` must name a build this processor can run (" + joined(names) + "); got `" +
                                name + "`.");
  }
#if defined(JQFAST_HAS_VARIANTS)
  if (name != "baseline") {
    return *open_table((std::filesystem::path(folder) / ("_kernels_" + name + ".so")).string());
  }
#else
  (void)folder;
#endif
  return baseline_kernels();
}

}  // namespace jqfast
