// A program compiled for a wider processor than it runs on dies of an illegal instruction, with no
// word of why. This check speaks first.
#pragma once

namespace lanet {

/// Ends the process with one line and exit code 1 if this processor lacks what the program was
/// compiled for. A program that calls it anywhere has it run before its first constructor.
void check_compiled_cpu();

}  // namespace lanet
