// The command line of what trains networks and uses them.
#include "train/commands/command_line.h"

#include <memory>

#include "train/commands/command_line_options.h"
#include "train/config/config.h"
#include "train/report/charts.h"

namespace lanet {

void CommandLine::add_train(std::function<int(const TrainOptions&)> run) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App& command = add_command(
      app_, "train", "Train a network",
      "  lanet-cuda train configs/raf.json\n"
      "  lanet-cuda train configs/raf.json --set data.root=~/raf-db --set seed=2\n"
      "  lanet-cuda train configs/demo.json --set method=baseline --run runs/plain\n"
      "  lanet-cuda train configs/demo.json --run runs/plain --resume\n"
      "  lanet-cuda train configs/demo.json --run runs/long --resume-or-start --set "
      "checkpoint.every_minutes=10\n"
      "  lanet-cuda train configs/raf.json --set data.noise.rate=0.3 --set "
      "data.validation=0.1\n"
      "  lanet-cuda train configs/fer48.json --set data.noise.rate=0 "
      "--set data.labels=basic/EmoLabel/list_patition_label_fer2013_train.txt "
      "--set data.true_labels=basic/EmoLabel/list_patition_label.txt\n"
      "  lanet-cuda train configs/raf.json --gpus 0,1\n"
      "  mpirun -np 4 lanet-cuda train configs/raf.json\n\n"
      "The best epoch is chosen on the validation faces (data.validation) or, without "
      "any, on the test\nset, which makes its accuracy optimistic. summary.json says "
      "which, and has the mean of the last\nfive epochs.\n\n"
      "SIGINT (Ctrl-C), SIGTERM, SIGHUP and SIGUSR1 end a training after its step with a "
      "checkpoint, and\nexit code 128 + the signal's number; a second one ends it at "
      "once.\n\n" +
          config_help());
  command.add_option("CONFIG", options->config, "configuration file (JSON)")->required();
  add_set_option(command, options->overrides);
  auto* folder = command.add_option("--run", options->run,
                                    "folder of the run; default runs/<name of CONFIG>-<n>");
  CLI::Option* resume =
      command.add_flag("--resume", options->resume, "continue the run in --run")->needs(folder);
  command
      .add_flag("--resume-or-start", options->resume_or_start,
                "continue the run in --run or, if there is none, start it: for jobs that a queue "
                "starts again")
      ->needs(folder)
      ->excludes(resume);
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
          ->check(in_range(1, 1024));
  command
      .add_option("--gpus", options->local_ranks.gpus,
                  "train with one process on each of these GPUs of this machine, such as 0,1")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(in_range(0, 1023))
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
      ->check(in_range(int64_t{0}, int64_t{1} << 53));
  CLI::Option* jobs =
      command.add_option("--jobs", options->jobs, "runs at a time; they share the cores")
          ->check(in_range(1, 1024))
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
  add_set_option(command, options->overrides);
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
  CLI::App& command = add_command(
      app_, "predict", "Name the expression in pictures of faces",
      "  lanet-cuda predict runs/raf-1 face.jpg\n"
      "  lanet-cuda predict runs/raf-1 faces --top 2\n"
      "  lanet-cuda predict runs/raf-1 --json 'faces/*.png'\n"
      "  find faces -name '*.jpg' | lanet-cuda predict runs/raf-1 --list - --csv\n"
      "  lanet-cuda predict runs/raf-1 raf-db/test --labelled --features features.npy\n"
      "  lanet-cuda predict runs/raf-1 photos --align --landmarks photos.csv\n"
      "  lanet-cuda predict runs/raf-1 clip.mp4 --every 0.5 --csv\n\n"
      "Faces should be cropped as those that the network was trained with; --align does that. "
      "A picture that cannot\nbe read is named on stderr, the others are answered, and "
      "the exit code is 1. A video is read by ffmpeg\n(Debian package ffmpeg), and its frames are "
      "named after the video and their time: clip.mp4@12.5s.");
  command.add_option("RUN", options->target, "folder of a run, or a checkpoint")->required();
  command.add_option("IMAGE", options->images,
                     "pictures (JPEG, PNG, WebP), folders with all that is below them, quoted "
                     "patterns, or videos (MP4, MOV, MKV, WebM, AVI, M4V, MPG)");
  command.add_option("--every", options->every, "seconds between the frames of a video")
      ->check(in_range(0.001, 86400.0))
      ->capture_default_str();
  command.add_option("--list", options->list, "file with one path per line; -: stdin");
  command.add_flag("--best", options->best,
                   "use the checkpoint of the best epoch, not of the last");
  CLI::Option* json = command.add_flag("--json", options->json, "one JSON array instead of text");
  CLI::Option* jsonl =
      command.add_flag("--jsonl", options->jsonl, "one JSON object per line")->excludes(json);
  CLI::Option* csv =
      command
          .add_flag("--csv", options->csv, "table: image, label, and the probability of each class")
          ->excludes(json)
          ->excludes(jsonl);
  command.add_option("--top", options->top, "show only this number of most probable classes")
      ->check(in_range(1, 1'000'000))
      ->excludes(csv);
  command.add_flag(
      "--labelled", options->labelled,
      "each picture's folder is named after its class: prints the confusion matrix too "
      "(to stderr beside JSON and CSV)");
  command.add_option("--features", options->features,
                     "file (.npy) to write: the input of the last layer, one row for each picture "
                     "that was read");
  CLI::Option* align = command.add_flag(
      "--align", options->align, "turn and scale each face by its landmarks first, as align does");
  CLI::Option* landmarks =
      command.add_option("--landmarks", options->landmarks, "landmark file of the pictures")
          ->needs(align);
  align->needs(landmarks);
  add_landmark_units(command, landmarks, options->coordinates, options->square);
  add_shorthands(command, options->overrides);
  command.callback([this, options, run] { chosen_ = [options, run] { return run(*options); }; });
}

void CommandLine::add_report(std::function<int(const ReportOptions&)> run) {
  auto options = std::make_shared<ReportOptions>();
  CLI::App& command =
      add_command(app_, "report", "Write a page (HTML) about one or several runs",
                  "  lanet-cuda report runs/raf-1\n"
                  "  lanet-cuda report runs/raf-1 runs/raf-2 runs/plain-1 --out report.html\n"
                  "  lanet-cuda report runs/raf-1 --no-faces --out for-others.html\n\n"
                  "Accuracies with intervals, curves, the confusion matrix, confident mistakes, "
                  "label estimates, "
                  "and the\nconfiguration. The page needs neither a network nor other files. Runs "
                  "that differ in "
                  "their seed alone\nare taken together. Of one run with a checkpoint, the test "
                  "set is evaluated "
                  "once more.");
  command.add_option("RUN", options->runs, "folders of runs, or their records")->required();
  command.add_option("--out", options->out,
                     "file to write; default, of one run: report.html in its folder");
  command.add_flag("!--no-faces", options->faces, "leave out the pictures of faces");
  command.callback([this, options, run] { chosen_ = [options, run] { return run(*options); }; });
}

void CommandLine::add_plot(std::function<int(const PlotOptions&)> run) {
  auto options = std::make_shared<PlotOptions>();
  CLI::App& command = add_command(
      app_, "plot", "Draw curves of runs over the epochs, for a paper",
      "  lanet-cuda plot runs/raf-1 --out curves.svg\n"
      "  lanet-cuda plot runs/raf-1 runs/raf-2 runs/plain-1 runs/plain-2 --curves "
      "accuracy,memorised --out raf.pdf\n"
      "  lanet-cuda plot runs/raf-1 --curves loss --out loss.png --width 1600\n\n"
      "Runs that differ in their seed alone are one line, their mean, in a band from the least to "
      "the largest.\nOf one such group a chart shows all that belongs to a curve; of several, a "
      "line for each group: test\naccuracy, share of the wrong labels that is memorised, total "
      "loss, label estimates that are right, label\nestimates that are confident, distance of the "
      "estimates from the votes. .pdf and .png files are made by\nrsvg-convert (Debian package "
      "librsvg2-bin).");
  command.add_option("RUN", options->runs, "folders of runs, or their records")->required();
  command.add_option("--out", options->out, "file to write: .svg, .pdf or .png")->required();
  command
      .add_option("--curves", options->curves,
                  "charts to draw, one below the other; default: accuracy, memorised and loss, as "
                  "far as the runs have them")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(one_of({kCurves.begin(), kCurves.end()}));
  command
      .add_option("--width", options->width,
                  "of a .png file, in pixels; default: twice that of the drawing")
      ->check(in_range(100, 20000));
  command.callback([this, options, run] { chosen_ = [options, run] { return run(*options); }; });
}

void CommandLine::add_export(std::function<int(const ExportOptions&)> run) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App& command = add_command(
      app_, "export", "Write a trained classifier for other programs",
      "  lanet-cuda export runs/raf-1 --safetensors raf.safetensors\n"
      "  lanet-cuda export runs/raf-1 --best --onnx raf.onnx\n"
      "  lanet-cuda export runs/raf-1 --onnx raf.onnx --preprocess --safetensors "
      "raf.safetensors\n"
      "  lanet-cuda export runs/raf-1 --onnx raf.onnx --landmarks\n\n"
      "The safetensors file has the names of torchvision's ResNet, whose load_state_dict takes its "
      "tensors as\nthey are. The ONNX model has the outputs logits and probabilities, [batch, C]. "
      "With --landmarks it also has\nheatmaps, [batch, L, S/4, S/4], and the safetensors file the "
      "tensors of the landmark branch, which\ntorchvision's network does not have. "
      "The metadata of both files has the classes, and the mean and\ndeviation that pictures are "
      "normalised by.");
  command.add_option("RUN|CHECKPOINT", options->target, "folder of a run, or checkpoint file")
      ->required();
  command.add_flag("--best", options->best, "the best epoch of a run, not the last");
  command.add_option("--safetensors", options->safetensors,
                     "file to write, under torchvision's names of the tensors");
  CLI::Option* onnx = command.add_option(
      "--onnx", options->onnx,
      "file to write, a model that reads normalised pictures, float32 [batch, 3, S, S]");
  command
      .add_flag("--preprocess", options->preprocess,
                "the ONNX model reads RGB pixels instead, uint8 [batch, S, S, 3]")
      ->needs(onnx);
  command.add_flag("--landmarks", options->landmarks,
                   "keep the landmark branch, which runs of LA-Net's published recipe have");
  command.callback([this, options, run] { chosen_ = [options, run] { return run(*options); }; });
}

}  // namespace lanet
