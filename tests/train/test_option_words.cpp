// What the help and the refusals of the command line say of values.
#include "train/commands/option_words.h"

#include "tests/program.h"

namespace lanet::test {

TEST_CASE("option words: a refusal says what is missing or what was expected") {
  for (const auto& [arguments, expected] : {
           std::pair{"noise", "noise: CONFIG is missing: configuration file (JSON)"},
           {"completion", "completion: SHELL is missing: the shell"},
           {"synth --train 3 --test 4", "synth: --out is missing: folder to create"},
           {"synth --out x --train 3 --test 4 --seed",
            "synth: --seed has no value: seed of all random numbers (0 to "
            "9007199254740992)"},
           {"synth --out x --train 3 --test x",
            "--test: 'x'; expected a whole number from 0 to 1000000"},
           {"synth --out x --train 3.5 --test 3", "--train: '3.5'; expected a whole number from 0"},
           {"bench roofline --bandwidth -1", "--bandwidth: '-1'; expected a number above 0"},
           {"bench step --profile a.json b.json", "step: --profile has too many values: show"},
           {"bench step --image 33", "--image: '33'; expected a multiple of 32 from 64 to 1024"},
       })
    check_refused(arguments, expected);
}

TEST_CASE("option words: help and manual name values as people write them") {
  const std::string help = run("synth --help").out + run("train --help").out;
  for (const char* line :
       {"--seed N=1 ", "seed of all random numbers (0 to 9007199254740992)",
        "--device auto|cpu|cuda ", "CPU threads; short for --set train.threads="})
    CHECK_MESSAGE(help.find(line) != std::string::npos, line);
  for (const std::string& text : {help, run("man").out})
    for (const char* internal : {"INT:", "[0 - ", "TEXT:", "FLOAT", "{false}"})
      CHECK_MESSAGE(text.find(internal) == std::string::npos, internal);
}

}  // namespace lanet::test
