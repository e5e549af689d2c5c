// XXH64, the 64-bit checksum of the xxHash family: it runs at the speed of memory on every
// processor, and finds damage, not forgery.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lanet {

/// The checksum of `bytes` bytes; of several pieces, with that of the piece before as the seed.
uint64_t xxh64(const void* data, size_t bytes, uint64_t seed = 0);

}  // namespace lanet
