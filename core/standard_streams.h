// stdin, stdout and stderr: nothing that was to be written to stdout is lost without an error, and
// nothing that cannot be written to stderr ends the program.
#pragma once

#include <string_view>

namespace lanet {

/// First of all in main(). Gives descriptors to streams that the caller has closed, so that no file
/// is opened in their place: writing to such a stdout fails, and such a stderr is dropped. A write
/// beyond the limit for the size of files (RLIMIT_FSIZE) becomes an error of that write in place of
/// a signal that ends the process.
void prepare_standard_streams();

/// Writes to stderr at once, or nothing where that is not possible.
void write_error(std::string_view text) noexcept;

/// Throws Error if something that was printed to stdout could not be written.
void finish_output();

}  // namespace lanet
