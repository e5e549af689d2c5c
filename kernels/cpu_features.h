// What this processor can do, and what oneDNN makes of it.
#pragma once

#include <string>

namespace lanet {

bool cpu_has_avx2();         // and fused multiplication and addition
bool cpu_has_avx512();       // foundation, and the byte and word, doubleword and length extensions
bool cpu_has_avx512_bf16();  // products of bf16 pairs
bool cpu_has_amx_bf16();     // matrix products of bf16 tiles

/// True if oneDNN is built in and convolves bf16 here: AVX-512 at least (without AVX512_BF16 it
/// emulates). If false, bf16 convolutions run as the reference does: right, and slow.
bool onednn_has_bf16();

/// oneDNN as built in and as loaded; everything empty or false if it is not built in.
struct OnednnInfo {
  bool built_in = false;
  std::string compiled_version = {};
  std::string runtime_version = {};
  std::string isa = {};  // the widest instruction set it will use, as `AVX512_CORE_BF16`
};
OnednnInfo onednn_info();

}  // namespace lanet
