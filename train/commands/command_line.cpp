#include "train/commands/command_line.h"

#include <algorithm>

#include "core/error.h"
#include "train/commands/command_line_options.h"
#include "train/config/config.h"
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

/// The word that stands where a command is expected, if it is none.
void require_known_command(const CLI::App& app, const std::string& word) {
  const std::vector<std::string> names = names_of_commands(app);
  if (std::find(names.begin(), names.end(), word) == names.end())
    throw InputError(fmt::format("unknown command '{}'{}; commands are {}", word,
                                 suggestion(word, names), fmt::join(names, ", ")));
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
      "'lanet-cuda COMMAND --help' says more. Results go to stdout, messages to stderr.\n"
      "Exit codes: 0 done, 1 failed, 2 bad input or usage.");
}

CLI::App& CommandLine::add_command(CLI::App& parent, const std::string& name,
                                   const std::string& description, const std::string& examples) {
  CLI::App& command = *parent.add_subcommand(name, description);
  command.footer("Examples:\n" + examples);
  return command;
}

template <typename Options, typename Run>
void CommandLine::call_with_shorthands(CLI::App& command, const std::shared_ptr<Options>& options,
                                       const Run& run) {
  struct Shorthands {
    std::string device, dtype, threads;
  };
  auto given = std::make_shared<Shorthands>();
  command.add_option("--device", given->device, "where to compute; as --set train.device=")
      ->check(one_of(kDevices));
  command.add_option("--dtype", given->dtype, "of activations; as --set train.dtype=")
      ->check(one_of(kDtypes));
  command.add_option("--threads", given->threads, "of the CPU; as --set train.threads=")
      ->check(CLI::NonNegativeNumber);
  command.callback([this, options, given, run] {
    auto lay_over = [&](const std::string& field, const std::string& value) {
      if (!value.empty()) options->overrides.push_back(field + "=" + value);
    };
    lay_over("train.device", given->device);
    lay_over("train.dtype", given->dtype);
    lay_over("train.threads", given->threads);
    chosen_ = [options, run] { return run(*options); };
  });
}

void CommandLine::add_train(std::function<int(const TrainOptions&)> run) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App& command = add_command(
      app_, "train", "Train a network",
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
      "The best epoch is chosen by the faces of data.validation or, without them, by the "
      "test set,\nwhose figure is then too kind; summary.json says which, and has the mean "
      "of the last five.\n\n" +
          config_help());
  command.add_option("CONFIG", options->config, "configuration file (JSON)")->required();
  command.add_option("--set", options->overrides, "a.b=value: lay a value over the configuration")
      ->allow_extra_args(false);
  auto* folder = command.add_option("--run", options->run,
                                    "folder of the run; default runs/<name of CONFIG>-<n>");
  CLI::Option* resume =
      command.add_flag("--resume", options->resume, "go on with the run in --run")->needs(folder);
  command
      .add_option("--plans", options->plans,
                  "on cuda: convolve by the engines that another run chose, its plans.json")
      ->excludes(resume);
  command.add_flag("--retune", options->retune, "on cuda: with --resume choose the engines anew")
      ->needs(resume);
  add_graph_option(command, options->graph);
  CLI::Option* ranks =
      command
          .add_option("--ranks", options->local_ranks.ranks,
                      "on the cpu: train by so many processes of this machine, by mpirun")
          ->check(CLI::Range(1, 1024));
  command
      .add_option("--gpus", options->local_ranks.gpus,
                  "train by one process on each of these GPUs of this machine: 0,1")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::NonNegativeNumber)
      ->excludes(ranks);
  call_with_shorthands(command, options, [this, options, run](const TrainOptions&) {
    options->arguments = words_without({"--ranks", "--gpus"});
    return run(*options);
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
      "A plan (reference, conditions and every set may be left out; paths are relative to the file "
      "that\nhas them):\n"
      "  {\"config\": \"../demo.json\", \"set\": {\"train.epochs\": 60},\n"
      "   \"conditions\": [{\"name\": \"noise-0.3\", \"set\": {\"data.noise.rate\": 0.3}}],\n"
      "   \"settings\": [{\"name\": \"plain\", \"set\": {\"method\": \"baseline\"}}, {\"name\": "
      "\"lanet\"}],\n"
      "   \"seeds\": [1, 2, 3], \"reference\": \"plain\"}\n"
      "Differences are taken to the setting that is the reference. Of conditions that set "
      "data.noise.rate\nalone a picture of accuracy over noise is made.\n\n"
      "Finished runs are skipped. What was interrupted or killed goes on with --resume. Ctrl-Z, or "
      "SIGTSTP,\nstops all runs until the experiment is continued. "
      "Tables (table.md, table.csv) and pictures\n(SVG) are written to the record or, without one, "
      "beside the runs, after each run.");
  command.add_option("PLAN", options->plan, "plan of the experiment (JSON)")->required();
  command.add_option("--set", options->overrides, "a.b=value: lay a value over every run")
      ->allow_extra_args(false);
  CLI::Option* resume =
      command.add_flag("--resume", options->resume, "go on with the runs that are not finished");
  command.add_option("--seeds", options->seeds, "1,2,3: in place of the plan's")
      ->delimiter(',')
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 53));
  CLI::Option* jobs =
      command.add_option("--jobs", options->jobs, "runs at a time, which share the cores")
          ->check(CLI::Range(1, 1024))
          ->capture_default_str();
  command.add_option("--runs", options->runs, "folder of the runs; default runs/<name of PLAN>");
  command.add_option("--record", options->record,
                     "folder for the small files of finished runs; what is finished there is not "
                     "run again");
  CLI::Option* drop =
      command.add_flag("--drop-checkpoints", options->drop_checkpoints,
                       "remove the checkpoints of finished runs, hundreds of MB each");
  command
      .add_flag("--report", options->report,
                "run nothing: make the tables and pictures of what is finished")
      ->excludes(resume)
      ->excludes(jobs)
      ->excludes(drop);
  call_with_shorthands(command, options, run);
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
                     "configuration whose data to take; default: the run's own");
  command.add_option("--set", options->overrides, "a.b=value: lay a value over the configuration")
      ->allow_extra_args(false);
  command.add_option("--split", options->split, "which faces")
      ->check(one_of({"test", "train", "validation"}))
      ->capture_default_str();
  command.add_flag(
      "--best", options->best,
      "the run's best epoch, not its last: by its validation faces or, without them, by the test "
      "set, whose figure is then too kind");
  command.add_flag("--json", options->json, "one JSON object instead of a table");
  call_with_shorthands(command, options, run);
}

void CommandLine::add_predict(std::function<int(const PredictOptions&)> run) {
  auto options = std::make_shared<PredictOptions>();
  CLI::App& command = add_command(app_, "predict", "Name the expression in pictures of faces",
                                  "  lanet-cuda predict runs/raf-1 face.jpg\n"
                                  "  lanet-cuda predict runs/raf-1 --json faces/*.png");
  command.add_option("RUN", options->target, "folder of a run, or a checkpoint")->required();
  command.add_option("IMAGE", options->images, "pictures (JPEG, PNG)")->required();
  command.add_flag("--best", options->best, "the run's best checkpoint, not its last");
  command.add_flag("--json", options->json, "one JSON array instead of text");
  call_with_shorthands(command, options, run);
}

void CommandLine::add_verify(std::function<int(const VerifyOptions&)> run) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App& command =
      add_command(app_, "verify", "Compare with numbers made by another implementation",
                  "  lanet-cuda verify step_resnet18.json components.json\n"
                  "  lanet-cuda verify step_resnet18.json --dtype bf16 --json");
  command.add_option("GOLDEN", options->files, "golden files (JSON)")->required();
  add_machine_options(command, options->device, options->dtype, options->threads);
  command.add_flag("--json", options->json, "one JSON object a file");
  command.callback([this, options, run] { chosen_ = [options, run] { return run(*options); }; });
}

void CommandLine::add_synth(std::function<int(const SynthOptions&)> run) {
  auto options = std::make_shared<SynthOptions>();
  CLI::App& command = add_command(app_, "synth", "Draw a data set of faces in RAF-DB's layout",
                                  "  lanet-cuda synth --out faces --train 6000 --test 2000\n"
                                  "  lanet-cuda synth --out small --train 200 --test 50 --size 64");
  command.add_option("--out", options->out, "folder to make")->required();
  command.add_option("--train", options->train, "training faces")
      ->required()
      ->check(CLI::Range(0, 1000000));
  command.add_option("--test", options->test, "test faces")
      ->required()
      ->check(CLI::Range(0, 1000000));
  command.add_option("--size", options->size, "side of a picture in pixels")
      ->check(CLI::Range(48, 512))
      ->capture_default_str();
  command.add_option("--seed", options->seed, "of everything that is drawn at random")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.callback([this, options, run] { chosen_ = [options, run] { return run(*options); }; });
}

void CommandLine::add_doctor(std::function<int(const DoctorOptions&)> run) {
  auto options = std::make_shared<DoctorOptions>();
  CLI::App& command =
      add_command(app_, "doctor", "Say what was built in, what it runs on and what is wrong",
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
    throw InputError(
        fmt::format("{}unexpected '{}'{}", command == &app_ ? "" : command->get_name() + ": ", word,
                    word.starts_with("-") ? suggestion(word, names_of_options(*command)) : ""));
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
