// A program compiled for a newer processor than it runs on dies of an illegal instruction, without
// an explanation. This check gives one before that.
#pragma once

namespace lanet {

/// Ends the process with one line and exit code 1 if this processor lacks what the program was
/// compiled for. In a program that calls it anywhere, it runs before the first constructor.
void check_compiled_cpu();

}  // namespace lanet
