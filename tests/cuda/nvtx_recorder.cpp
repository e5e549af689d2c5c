// A profiler for tests: NVTX loads it where NVTX_INJECTION64_PATH names it, and it writes each
// range that is opened and closed to the file that LANET_NVTX_RECORD names: "push NAME", "pop".
#include <nvtx3/nvToolsExt.h>

#include <cstdio>
#include <cstdlib>

namespace {

std::FILE* record = nullptr;

int push(const char* name) {
  std::fprintf(record, "push %s\n", name);
  return 0;
}

int pop() {
  std::fprintf(record, "pop\n");
  return 0;
}

}  // namespace

/// What NVTX calls first; 1: it may call the functions put into its table.
extern "C" int InitializeInjectionNvtx2(NvtxGetExportTableFunc_t get_table) {
  const char* path = std::getenv("LANET_NVTX_RECORD");
  record = path ? std::fopen(path, "w") : nullptr;
  const auto* callbacks =
      static_cast<const NvtxExportTableCallbacks*>(get_table(NVTX_ETID_CALLBACKS));
  NvtxFunctionTable table = nullptr;
  unsigned int size = 0;
  if (!record || !callbacks ||
      !callbacks->GetModuleFunctionTable(NVTX_CB_MODULE_CORE, &table, &size) ||
      size <= NVTX_CBID_CORE_RangePop)
    return 0;
  *table[NVTX_CBID_CORE_RangePushA] = reinterpret_cast<NvtxFunctionPointer>(push);
  *table[NVTX_CBID_CORE_RangePop] = reinterpret_cast<NvtxFunctionPointer>(pop);
  return 1;
}
