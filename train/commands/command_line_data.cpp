// The command line of what looks at data and makes them.
#include "train/commands/command_line.h"

#include <memory>

#include "train/commands/command_line_options.h"

namespace lanet {

void CommandLine::add_data(std::function<int(const DataOptions&)> run) {
  auto options = std::make_shared<DataOptions>();
  CLI::App& command = add_command(
      app_, "data", "Report what is in a data set and what is wrong with it",
      "  lanet-cuda data configs/raf.json\n"
      "  lanet-cuda data configs/demo.json --set data.root=faces --out look\n\n"
      "Counts the faces of each class and split, and finds unreadable and blank pictures, labels "
      "that\ndisagree with a folder's name, duplicates (resized, compressed again or mirrored "
      "ones too), and\nlandmarks that cannot be right. Changes nothing.");
  command.add_option("CONFIG", options->config, "configuration file (JSON)")->required();
  add_set_option(command, options->overrides);
  command.add_option("--out", options->out,
                     "folder for the whole report (data.json) and a picture of the first faces of "
                     "each class with their landmarks (contact_sheet.png)");
  command.add_flag("--json", options->json, "the whole report as one JSON object");
  command.callback([this, options, run] { chosen_ = [options, run] { return run(*options); }; });
}

void CommandLine::add_noise(std::function<int(const NoiseOptions&)> run) {
  auto options = std::make_shared<NoiseOptions>();
  CLI::App& command = add_command(
      app_, "noise", "Make some training labels wrong and write which, for data.noise.file",
      "  lanet-cuda noise configs/raf.json --rate 0.3 --seed 1 --out noise.csv\n"
      "  lanet-cuda noise configs/raf.json --rate 0.2 --kind class_dependent --out noise.csv\n"
      "  lanet-cuda noise configs/raf.json --rates rates.csv --out noise.csv\n\n"
      "The labels are those that training with the same rate, kind or rates and seed would plant.");
  command.add_option("CONFIG", options->config, "configuration file (JSON)")->required();
  add_set_option(command, options->overrides);
  for (const auto& [name, field, what] :
       {std::tuple{"--rate", "data.noise.rate", "share of the labels to make wrong"},
        {"--kind", "data.noise.kind", "symmetric or class_dependent"},
        {"--rates", "data.noise.rates", "table of how often each class is labelled as another"},
        {"--seed", "seed", "seed of the random numbers"}})
    command.add_option_function<std::string>(
        name,
        [options, field = std::string(field)](const std::string& value) {
          options->overrides.push_back(field + "=" + value);
        },
        fmt::format("{}; short for --set {}=", what, field));
  command.add_option("--out", options->out, "table (.csv) to write")->required();
  command.callback([this, options, run] { chosen_ = [options, run] { return run(*options); }; });
}

void CommandLine::add_audit(std::function<int(const AuditOptions&)> run) {
  auto options = std::make_shared<AuditOptions>();
  CLI::App& command = add_command(
      app_, "audit", "Rank the training faces by how doubtful their labels are",
      "  lanet-cuda audit configs/raf.json --out suspects.csv\n"
      "  lanet-cuda audit configs/demo.json --set data.root=faces\n"
      "  lanet-cuda audit configs/raf.json --folds 3 --out suspects.csv\n"
      "  lanet-cuda audit runs/raf-1 --out suspects.csv\n"
      "  lanet-cuda audit configs/raf.json --review review.html\n"
      "  lanet-cuda train configs/raf.json --set data.corrections=corrections.csv\n\n"
      "Of a configuration, by landmarks and labels alone, before any training of an image network; "
      "each\nface is judged by networks that have not seen it. With --folds, by its picture too: "
      "the configuration\nis trained once for each fold. Of a run, by the distributions that it "
      "learned.");
  command
      .add_option("CONFIG|RUN", options->target, "configuration file (JSON), or folder of a run")
      ->required();
  add_set_option(command, options->overrides);
  command.add_option("--out", options->out,
                     "table (.csv) to write: all training faces, the most doubtful first");
  CLI::Option* review = command.add_option(
      "--review", options->review, "page (.html) to write, on which a person puts labels right");
  command
      .add_option("--review-faces", options->review_faces,
                  "how many faces are on that page, the most doubtful")
      ->check(in_range(1, 1'000'000))
      ->capture_default_str()
      ->needs(review);
  CLI::Option* folds =
      command
          .add_option("--folds", options->folds,
                      "of a configuration: train this many networks, each without one part of the "
                      "faces, which it then judges")
          ->check(in_range(2, 100));
  command
      .add_option("--runs", options->runs,
                  "folder of these trainings; default runs/audit-<name of CONFIG>")
      ->needs(folds);
  command.add_option("--jobs", options->jobs, "trainings at a time; they share the cores")
      ->check(in_range(1, 1024))
      ->capture_default_str()
      ->needs(folds);
  command.add_flag("--resume", options->resume, "continue the trainings that are not finished")
      ->needs(folds);
  add_cache(command, options->overrides);
  command.callback([this, options, run] { chosen_ = [options, run] { return run(*options); }; });
}

void CommandLine::add_synth(std::function<int(const SynthOptions&)> run) {
  auto options = std::make_shared<SynthOptions>();
  CLI::App& command = add_command(app_, "synth", "Draw a data set of faces in RAF-DB's layout",
                                  "  lanet-cuda synth --out faces --train 6000 --test 2000\n"
                                  "  lanet-cuda synth --out small --train 200 --test 50 --size 64");
  command.add_option("--out", options->out, "folder to create")->required();
  command.add_option("--train", options->train, "training faces")
      ->required()
      ->check(in_range(0, 1000000));
  command.add_option("--test", options->test, "test faces")
      ->required()
      ->check(in_range(0, 1000000));
  command.add_option("--size", options->size, "side of a picture, in pixels")
      ->check(in_range(48, 512))
      ->capture_default_str();
  command.add_option("--seed", options->seed, "seed of all random numbers")
      ->check(in_range(int64_t{0}, int64_t{1} << 53))
      ->capture_default_str();
  command.callback([this, options, run] { chosen_ = [options, run] { return run(*options); }; });
}

void CommandLine::add_align(std::function<int(const AlignOptions&)> run) {
  auto options = std::make_shared<AlignOptions>();
  CLI::App& command = add_command(
      app_, "align", "Turn and scale faces by their landmarks, as RAF-DB's pictures are aligned",
      "  lanet-cuda align configs/fer48.json --out aligned\n"
      "  lanet-cuda align --landmarks landmarks.csv --in pictures --out aligned --size 112");
  CLI::Option* config =
      command.add_option("CONFIG", options->config, "configuration whose pictures to align");
  add_set_option(command, options->overrides)->needs(config);
  CLI::Option* landmarks =
      command.add_option("--landmarks", options->landmarks, "landmark file, without CONFIG")
          ->excludes(config);
  CLI::Option* in =
      command.add_option("--in", options->in, "folder of the pictures")->needs(landmarks);
  landmarks->needs(in);
  add_landmark_units(command, landmarks, options->coordinates, options->square);
  command.add_option("--out", options->out, "folder to create")->required();
  command.add_option("--size", options->size, "side of an aligned picture, in pixels")
      ->check(in_range(16, 1024))
      ->capture_default_str();
  command.callback([this, options, run] { chosen_ = [options, run] { return run(*options); }; });
}

}  // namespace lanet
