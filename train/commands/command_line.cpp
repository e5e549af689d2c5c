#include "train/commands/command_line.h"

#include <algorithm>
#include <memory>

#include "core/error.h"
#include "train/commands/command_line_options.h"
#include "train/config/config.h"
#include "train/config/config_fields.h"
#include "train/environment.h"

namespace lanet {

namespace {

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::vector<std::string> names_of_commands(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  return names;
}

std::vector<std::string> names_of_options(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

/// What to write instead of an option that a command does not have.
std::string option_hint(const std::string& option, const CLI::App& command) {
  const std::vector<std::string> names = names_of_options(command);
  const std::string word = own_word(option.substr(option.find_first_not_of('-')));
  if (std::find(names.begin(), names.end(), "--set") != names.end())
    for (const Field& field : config_fields())
      if (field.path.substr(field.path.rfind('.') + 1) == word)
        return fmt::format("; the configuration has it: --set {}=…", field.path);
  return suggestion("--" + word, names);
}

/// The word that stands where a command is expected, if it is none.
void require_known_command(const CLI::App& app, const std::string& word) {
  const std::vector<std::string> names = names_of_commands(app);
  if (std::find(names.begin(), names.end(), word) == names.end())
    throw InputError(fmt::format("unknown command '{}'{} (commands are {})", word,
                                 suggestion(word, names), fmt::join(names, ", ")));
}

/// Adds --device, --dtype and --threads, which override fields of the configuration after --set.
void add_shorthands(CLI::App& command, std::vector<std::string>& overrides) {
  auto add = [&](const std::string& name, const std::string& what, const CLI::Validator& check) {
    auto override_field = [&overrides, name](const std::string& value) {
      overrides.push_back(fmt::format("train.{}={}", name, value));
    };
    command
        .add_option_function<std::string>("--" + name, override_field,
                                          fmt::format("{}; short for --set train.{}=", what, name))
        ->check(check);
  };
  add("device", "where to compute", one_of<DeviceSetting>());
  add("dtype", "type of activations", one_of<DType>());
  add("threads", "CPU threads", CLI::Range(0, 4096));
}

/// Adds --cache, for commands that read whole data sets.
void add_cache(CLI::App& command, std::vector<std::string>& overrides) {
  command.add_option_function<std::string>(
      "--cache",
      [&overrides](const std::string& folder) { overrides.push_back("data.cache=" + folder); },
      "folder of packed pictures; short for --set data.cache=");
}

}  // namespace

CommandLine::CommandLine()
    : app_("LA-Net: facial expression recognition that withstands wrong labels.", "lanet-cuda") {
  app_.require_subcommand(1);
  app_.set_version_flag("--version", [] { return "lanet-cuda " + program_version(); });
  app_.footer(
      "Examples:\n"
      "  lanet-cuda synth --out faces --train 6000 --test 2000\n"
      "  lanet-cuda train configs/demo.json --set data.root=faces --run runs/first\n"
      "  lanet-cuda eval runs/first\n"
      "  lanet-cuda predict runs/first face.jpg\n"
      "'lanet-cuda COMMAND --help' describes a command. Results go to stdout, messages to stderr.\n"
      "Exit codes: 0 done, 1 failed, 2 bad input or usage.");
}

CLI::App& CommandLine::add_command(CLI::App& parent, const std::string& name,
                                   const std::string& description, const std::string& examples) {
  CLI::App& command = *parent.add_subcommand(name, description);
  command.footer("Examples:\n" + examples);
  return command;
}

void CommandLine::add_train(std::function<int(const TrainOptions&)> run) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App& command =
      add_command(app_, "train", "Train a network",
                  "  lanet-cuda train configs/raf.json\n"
                  "  lanet-cuda train configs/raf.json --set data.root=~/raf-db --set seed=2\n"
                  "  lanet-cuda train configs/demo.json --set method=baseline --run runs/plain\n"
                  "  lanet-cuda train configs/demo.json --run runs/plain --resume\n"
                  "  lanet-cuda train configs/raf.json --set data.noise.rate=0.3 --set "
                  "data.validation=0.1\n"
                  "  lanet-cuda train configs/fer48.json --set data.noise.rate=0 "
                  "--set data.labels=basic/EmoLabel/list_patition_label_fer2013_train.txt "
                  "--set data.true_labels=basic/EmoLabel/list_patition_label.txt\n"
                  "  lanet-cuda train configs/raf.json --gpus 0,1\n"
                  "  mpirun -np 4 lanet-cuda train configs/raf.json\n\n"
                  "The best epoch is chosen on the validation faces (data.validation) or, without "
                  "any, on the test\nset, which makes its accuracy optimistic. summary.json says "
                  "which, and has the mean of the last\nfive epochs.\n\n" +
                      config_help());
  command.add_option("CONFIG", options->config, "configuration file (JSON)")->required();
  command
      .add_option("--set", options->overrides, "a.b=value: override a field of the configuration")
      ->allow_extra_args(false);
  auto* folder = command.add_option("--run", options->run,
                                    "folder of the run; default runs/<name of CONFIG>-<n>");
  CLI::Option* resume =
      command.add_flag("--resume", options->resume, "continue the run in --run")->needs(folder);
  command
      .add_option("--plans", options->plans,
                  "on cuda: use the convolution engines that another run chose (its plans.json)")
      ->excludes(resume);
  command
      .add_flag("--retune", options->retune,
                "on cuda, with --resume: choose the convolution engines again")
      ->needs(resume);
  add_graph_option(command, options->graph);
  CLI::Option* ranks =
      command
          .add_option(
              "--ranks", options->local_ranks.ranks,
              "on the CPU: train with this number of processes on this machine, started by mpirun")
          ->check(CLI::Range(1, 1024));
  command
      .add_option("--gpus", options->local_ranks.gpus,
                  "train with one process on each of these GPUs of this machine, such as 0,1")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Range(0, 1023))
      ->excludes(ranks);
  add_cache(command, options->overrides);
  add_shorthands(command, options->overrides);
  command.callback([this, options, run] {
    options->arguments = words_without({"--ranks", "--gpus"});
    chosen_ = [options, run] { return run(*options); };
  });
}

void CommandLine::add_experiment(std::function<int(const ExperimentOptions&)> run) {
  auto options = std::make_shared<ExperimentOptions>();
  CLI::App& command = add_command(
      app_, "experiment", "Train every setting of a plan under every condition with every seed",
      "  lanet-cuda experiment configs/experiments/demo.json --set data.root=faces\n"
      "  lanet-cuda experiment configs/experiments/demo.json --set data.root=faces --resume\n"
      "  lanet-cuda experiment configs/experiments/demo.json --jobs 2 --record "
      "docs/results/demo\n"
      "  lanet-cuda experiment configs/experiments/demo.json --report\n\n"
      "A plan (reference, conditions and each set are optional; paths are relative to the file "
      "that\nnames them):\n"
      "  {\"config\": \"../demo.json\", \"set\": {\"train.epochs\": 60},\n"
      "   \"conditions\": [{\"name\": \"noise-0.3\", \"set\": {\"data.noise.rate\": 0.3}}],\n"
      "   \"settings\": [{\"name\": \"plain\", \"set\": {\"method\": \"baseline\"}}, {\"name\": "
      "\"lanet\"}],\n"
      "   \"seeds\": [1, 2, 3], \"reference\": \"plain\"}\n"
      "Settings are compared with the reference. Conditions that set only data.noise.rate also "
      "give a\nchart of accuracy against noise.\n\n"
      "Finished runs are skipped; --resume continues those that were interrupted. Ctrl-Z (SIGTSTP) "
      "pauses\nall runs until the experiment is continued. After each run, tables (table.md, "
      "table.csv) and charts\n(SVG) are written to the record or, without one, beside the runs.");
  command.add_option("PLAN", options->plan, "plan of the experiment (JSON)")->required();
  command.add_option("--set", options->overrides, "a.b=value: override a field in every run")
      ->allow_extra_args(false);
  CLI::Option* resume =
      command.add_flag("--resume", options->resume, "continue the runs that are not finished");
  command
      .add_option("--seeds", options->seeds, "seeds to use instead of the plan's, such as 1,2,3")
      ->delimiter(',')
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 53));
  CLI::Option* jobs =
      command.add_option("--jobs", options->jobs, "runs at a time; they share the cores")
          ->check(CLI::Range(1, 1024))
          ->capture_default_str();
  command.add_option("--runs", options->runs, "folder of the runs; default runs/<name of PLAN>");
  command.add_option(
      "--record", options->record,
      "folder for the small files of finished runs; runs that it already has are skipped");
  CLI::Option* drop =
      command.add_flag("--drop-checkpoints", options->drop_checkpoints,
                       "remove the checkpoints of finished runs, hundreds of MB each");
  command
      .add_flag("--report", options->report,
                "run nothing; only write the tables and charts of the finished runs")
      ->excludes(resume)
      ->excludes(jobs)
      ->excludes(drop);
  add_cache(command, options->overrides);
  add_shorthands(command, options->overrides);
  command.callback([this, options, run] { chosen_ = [options, run] { return run(*options); }; });
}

void CommandLine::add_eval(std::function<int(const EvalOptions&)> run) {
  auto options = std::make_shared<EvalOptions>();
  CLI::App& command = add_command(
      app_, "eval", "Measure a trained network: accuracy, recall per class, confusion matrix",
      "  lanet-cuda eval runs/raf-1\n"
      "  lanet-cuda eval runs/raf-1 --best --json\n"
      "  lanet-cuda eval runs/raf-1 --split validation\n"
      "  lanet-cuda eval runs/raf-1 --data configs/fer48.json --split train");
  command.add_option("RUN", options->target, "folder of a run, or a checkpoint")->required();
  command.add_option("--data", options->data_config,
                     "configuration whose data to use; default: the run's own");
  command
      .add_option("--set", options->overrides, "a.b=value: override a field of the configuration")
      ->allow_extra_args(false);
  command.add_option("--split", options->split, "which faces to evaluate")
      ->check(one_of({"test", "train", "validation"}))
      ->capture_default_str();
  command.add_flag("--best", options->best,
                   "evaluate the best epoch, not the last; it was chosen on the validation faces "
                   "or, without any, on the test set, which makes its accuracy optimistic");
  command.add_flag("--json", options->json, "one JSON object instead of a table");
  add_cache(command, options->overrides);
  add_shorthands(command, options->overrides);
  command.callback([this, options, run] { chosen_ = [options, run] { return run(*options); }; });
}

void CommandLine::add_predict(std::function<int(const PredictOptions&)> run) {
  auto options = std::make_shared<PredictOptions>();
  CLI::App& command = add_command(app_, "predict", "Name the expression in pictures of faces",
                                  "  lanet-cuda predict runs/raf-1 face.jpg\n"
                                  "  lanet-cuda predict runs/raf-1 --json faces/*.png");
  command.add_option("RUN", options->target, "folder of a run, or a checkpoint")->required();
  command.add_option("IMAGE", options->images, "pictures (JPEG, PNG)")->required();
  command.add_flag("--best", options->best,
                   "use the checkpoint of the best epoch, not of the last");
  command.add_flag("--json", options->json, "one JSON array instead of text");
  add_shorthands(command, options->overrides);
  command.callback([this, options, run] { chosen_ = [options, run] { return run(*options); }; });
}

void CommandLine::add_verify(std::function<int(const VerifyOptions&)> run) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App& command =
      add_command(app_, "verify", "Compare with numbers made by another implementation",
                  "  lanet-cuda verify step_resnet18.json components.json\n"
                  "  lanet-cuda verify step_resnet18.json --dtype bf16 --json");
  command.add_option("GOLDEN", options->files, "golden files (JSON)")->required();
  add_machine_options(command, options->device, options->dtype, options->threads);
  command.add_flag("--json", options->json, "one JSON object per file");
  command.callback([this, options, run] { chosen_ = [options, run] { return run(*options); }; });
}

void CommandLine::add_export(std::function<int(const ExportOptions&)> run) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App& command = add_command(
      app_, "export", "Write a trained classifier for other programs",
      "  lanet-cuda export runs/raf-1 --safetensors raf.safetensors\n"
      "  lanet-cuda export runs/raf-1 --best --safetensors raf.safetensors\n\n"
      "The tensors have the names of torchvision's ResNet, whose load_state_dict takes them as "
      "they "
      "are. The\nfile's metadata has the classes, and the mean and deviation that pictures are "
      "normalised by.");
  command.add_option("RUN|CHECKPOINT", options->target, "folder of a run, or checkpoint file")
      ->required();
  command.add_flag("--best", options->best, "the best epoch of a run, not the last");
  command
      .add_option("--safetensors", options->safetensors,
                  "file to write, under torchvision's names of the tensors")
      ->required();
  command.callback([this, options, run] { chosen_ = [options, run] { return run(*options); }; });
}

void CommandLine::add_inspect(std::function<int(const InspectOptions&)> run) {
  auto options = std::make_shared<InspectOptions>();
  CLI::App& command = add_command(
      app_, "inspect", "List the tensors of a file of weights, and where each would load",
      "  lanet-cuda inspect resnet18.pth\n"
      "  lanet-cuda inspect runs/raf-1 --json\n\n"
      "Reads files of torch.save, old and new, pickles of NumPy arrays, and safetensors; no code "
      "in them is run.\nThe last lines say which backbones the file can start "
      "(model.pretrained), and why not the others.");
  command.add_option("FILE", options->file, "file of weights, or folder of a run")->required();
  command.add_flag("--json", options->json,
                   "one JSON object instead of a table, with a checksum of each tensor");
  command.callback([this, options, run] { chosen_ = [options, run] { return run(*options); }; });
}

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
  command
      .add_option("--set", options->overrides, "a.b=value: override a field of the configuration")
      ->allow_extra_args(false);
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
  command
      .add_option("--set", options->overrides, "a.b=value: override a field of the configuration")
      ->allow_extra_args(false);
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
      "  lanet-cuda audit runs/raf-1 --out suspects.csv\n\n"
      "Of a configuration, by landmarks and labels alone, before any training of an image network; "
      "each\nface is judged by networks that have not seen it. Of a run, by the distributions that "
      "it has learned.");
  command
      .add_option("CONFIG|RUN", options->target, "configuration file (JSON), or folder of a run")
      ->required();
  command
      .add_option("--set", options->overrides, "a.b=value: override a field of the configuration")
      ->allow_extra_args(false);
  command.add_option("--out", options->out,
                     "table (.csv) to write: all training faces, the most doubtful first");
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
      ->check(CLI::Range(0, 1000000));
  command.add_option("--test", options->test, "test faces")
      ->required()
      ->check(CLI::Range(0, 1000000));
  command.add_option("--size", options->size, "side of a picture, in pixels")
      ->check(CLI::Range(48, 512))
      ->capture_default_str();
  command.add_option("--seed", options->seed, "seed of all random numbers")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 53))
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
  command
      .add_option("--set", options->overrides, "a.b=value: override a field of the configuration")
      ->allow_extra_args(false)
      ->needs(config);
  CLI::Option* landmarks =
      command.add_option("--landmarks", options->landmarks, "landmark file, without CONFIG")
          ->excludes(config);
  CLI::Option* in =
      command.add_option("--in", options->in, "folder of the pictures")->needs(landmarks);
  landmarks->needs(in);
  command
      .add_option(
          "--coordinates", options->coordinates,
          "of the landmark file: pixels of a square, pixels of each picture, or shares of it")
      ->check(one_of<LandmarkCoordinates>())
      ->capture_default_str()
      ->needs(landmarks);
  command.add_option("--square", options->square, "side of that square")
      ->check(CLI::Range(1.0, 65536.0))
      ->capture_default_str()
      ->needs(landmarks);
  command.add_option("--out", options->out, "folder to create")->required();
  command.add_option("--size", options->size, "side of an aligned picture, in pixels")
      ->check(CLI::Range(16, 1024))
      ->capture_default_str();
  command.callback([this, options, run] { chosen_ = [options, run] { return run(*options); }; });
}

void CommandLine::add_doctor(std::function<int(const DoctorOptions&)> run) {
  auto options = std::make_shared<DoctorOptions>();
  CLI::App& command =
      add_command(app_, "doctor", "Report what was built in, what it runs on and what is wrong",
                  "  lanet-cuda doctor\n  lanet-cuda doctor --json");
  command.add_flag("--json", options->json, "one JSON object instead of text");
  command.callback([this, options, run] { chosen_ = [options, run] { return run(*options); }; });
}

CLI::App& CommandLine::add_bench(const std::string& name, const std::string& description,
                                 const std::string& examples, std::function<int()> run) {
  if (!bench_) {
    bench_ = &add_command(app_, "bench", "Measure speed",
                          "  lanet-cuda bench step\n  lanet-cuda bench kernels --filter conv2d\n  "
                          "lanet-cuda bench roofline");
    bench_->require_subcommand(1);
  }
  CLI::App& command = add_command(*bench_, name, description, examples);
  command.callback([this, run] { chosen_ = run; });
  return command;
}

std::vector<std::string> CommandLine::words_without(const std::vector<std::string>& options) const {
  std::vector<std::string> words;
  for (size_t i = 0; i < words_.size(); ++i) {
    const std::string name = words_[i].substr(0, words_[i].find('='));
    if (std::find(options.begin(), options.end(), name) == options.end())
      words.push_back(words_[i]);
    else if (name == words_[i])
      ++i;  // its value
  }
  return words;
}

void CommandLine::parse(int argc, const char* const* argv) {
  words_.assign(argv + 1, argv + argc);
  const std::vector<std::string>& words = words_;
  if (words.empty())
    throw InputError(fmt::format("no command; expected one of {} (--help says more)",
                                 fmt::join(names_of_commands(app_), ", ")));
  if (!words[0].starts_with("-")) require_known_command(app_, words[0]);
  if (words[0] == "bench" && words.size() == 1)
    throw InputError(fmt::format("bench: no command; expected one of {}",
                                 fmt::join(names_of_commands(*bench_), ", ")));
  if (words[0] == "bench" && !words[1].starts_with("-")) require_known_command(*bench_, words[1]);
  try {
    app_.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const std::vector<std::string> extra = app_.remaining(/*recurse=*/true);
    if (error.get_exit_code() == 0 || extra.empty()) throw;
    const CLI::App* command = &app_;
    while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
    const std::string word = extra.front().substr(0, extra.front().find('='));
    throw InputError(fmt::format("{}unexpected '{}'{}",
                                 command == &app_ ? "" : command->get_name() + ": ", word,
                                 word.starts_with("-") ? option_hint(word, *command) : ""));
  }
}

int CommandLine::run(int argc, const char* const* argv) {
  auto complain = [](const std::string& message, int code) {
    fmt::print(stderr, "lanet-cuda: {}\n", one_line(message));
    return code;
  };
  try {
    parse(argc, argv);
    return chosen_();
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app_.exit(error);  // --help, --version
    return complain(error.what(), 2);
  } catch (const InputError& error) {
    return complain(error.what(), 2);
  } catch (const std::exception& error) {
    return complain(error.what(), 1);
  }
}

}  // namespace lanet
