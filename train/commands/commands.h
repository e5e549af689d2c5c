// The commands of the program: their options and functions. The command line is parsed into these;
// the commands below bench are in bench/commands/commands.h. Each function returns the exit code (0
// for success, 1 for failure) and throws InputError for bad input (exit code 2) and Error for a
// failure (1). Results go to stdout, messages to stderr.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "train/ranks/launch.h"

namespace lanet {

/// train CONFIG [--set a.b=v …] [--run DIR] [--resume | --resume-or-start]. --device, --dtype and
/// --threads arrive as overrides of train.device, train.dtype and train.threads. [--no-graph]
/// [--ranks N | --gpus I,J] Under mpirun, srun or torchrun: one rank of several
/// (train/ranks/ranks.h), as eval and verify.
struct TrainOptions {
  std::string config;
  std::vector<std::string> overrides;
  std::string run;  // empty: runs/<config stem>-<n>; never empty with resume or resume_or_start
  bool resume = false;
  bool resume_or_start = false;  // resume if there is a run
  bool graph = true;             // on CUDA: capture the step
  // On CUDA: the file of convolution plans to use; empty: with resume the run's own, else a new
  // choice.
  std::string plans;
  bool retune = false;  // choose again even with resume
  // Processes on this machine to start, with `arguments`: those of this process without --ranks and
  // --gpus.
  LocalRanks local_ranks;
  std::vector<std::string> arguments;
};
int run_train(const TrainOptions& options);

/// experiment PLAN.json [--resume] [--jobs N] [--runs DIR] [--record DIR]
/// [--drop-checkpoints] [--set a.b=v …];
/// experiment PLAN.json --report [--runs DIR] [--record DIR] [--set a.b=v …]
struct ExperimentOptions {
  std::string plan;
  std::vector<std::string> overrides;  // of each run
  bool resume = false;
  std::vector<int64_t> seeds;     // in place of the plan's; empty: those
  int64_t jobs = 1;               // runs at a time
  std::string runs;               // folder of the runs; empty: runs/<plan stem>
  std::string record;             // folder of the record of finished runs; empty: none is kept
  bool drop_checkpoints = false;  // of finished runs
  bool report = false;            // make the tables and pictures alone
};
int run_experiment(const ExperimentOptions& options);

/// eval RUN|CHECKPOINT [--data CONFIG] [--set a.b=v …] [--split test|train|validation] [--best]
/// [--json]. Without data_config the overrides are laid over the run's own config.
struct EvalOptions {
  std::string target;
  std::string data_config;  // empty: the run's
  std::vector<std::string> overrides;
  std::string split = "test";
  bool best = false;
  bool json = false;
};
int run_eval(const EvalOptions& options);

/// predict RUN|CHECKPOINT IMAGE… [--best] [--json]; [--align --landmarks FILE] as align does it.
/// An IMAGE may be a video, of which a frame is looked at every so many seconds.
/// Landmarks are found by the name of a picture below the folder that was named, or as it was named
/// itself; those by row are in the order of the pictures.
struct PredictOptions {
  std::string target;
  std::vector<std::string> images;     // files, folders, patterns
  std::string list;                    // file of paths; -: stdin
  std::vector<std::string> overrides;  // train.device, train.dtype, train.threads
  bool best = false;
  bool json = false, jsonl = false, csv = false;  // one of them, or text
  int64_t top = 0;                                // classes; 0: all
  bool labelled = false;
  std::string features;
  double every = 1;  // seconds between the frames of a video
  bool align = false;
  std::string landmarks;                // with align
  std::string coordinates = "picture";  // of a LandmarkCoordinates
  double square = 224;                  // with the coordinates `square`
};
int run_predict(const PredictOptions& options);

/// verify GOLDEN.json… [--device D] [--dtype T] [--json]
struct VerifyOptions {
  std::vector<std::string> files;
  std::string device = "auto";  // auto, cpu, cuda
  std::string dtype = "f64";    // f32, f64, bf16
  int64_t threads = 0;
  bool json = false;
};
int run_verify(const VerifyOptions& options);

/// report RUN… [--out FILE] [--no-faces]
struct ReportOptions {
  std::vector<std::string> runs;
  std::string out;    // empty: report.html in the folder of the only run
  bool faces = true;  // with pictures of faces
};
int run_report_command(const ReportOptions& options);

/// plot RUN… --out FILE [--curves C,…] [--width PIXELS]
struct PlotOptions {
  std::vector<std::string> runs;
  std::string out;                  // .svg, .pdf or .png
  std::vector<std::string> curves;  // of kCurves (train/report/charts.h); empty: the main ones
  int64_t width = 0;                // of a .png in pixels; 0: twice that of the drawing
};
int run_plot(const PlotOptions& options);

/// export RUN|CHECKPOINT [--best] [--safetensors FILE] [--onnx FILE [--preprocess]] [--landmarks]
struct ExportOptions {
  std::string target;
  bool best = false;
  std::string safetensors, onnx;  // files to write; empty: none, but not both
  bool preprocess = false;        // the ONNX model reads pixels
  bool landmarks = false;         // keep the landmark branch
};
int run_export(const ExportOptions& options);

/// inspect FILE [--json]
struct InspectOptions {
  std::string file;  // of weights, or a run folder
  bool json = false;
};
int run_inspect(const InspectOptions& options);

/// data CONFIG [--set a.b=v …] [--out DIR] [--json]
struct DataOptions {
  std::string config;
  std::vector<std::string> overrides;
  std::string out;  // folder for data.json and contact_sheet.png; empty: neither is written
  bool json = false;
};
int run_data(const DataOptions& options);

/// noise CONFIG [--rate R] [--kind K] [--rates FILE] [--seed S] --out FILE [--set a.b=v …]. These
/// four arrive as overrides of data.noise.rate, data.noise.kind, data.noise.rates and seed.
struct NoiseOptions {
  std::string config;
  std::vector<std::string> overrides;
  std::string out;
};
int run_noise(const NoiseOptions& options);

/// audit CONFIG|RUN [--out FILE] [--review FILE [--review-faces N]] [--set a.b=v …]
/// [--folds K [--runs DIR] [--jobs N] [--resume]]. A run is a folder with config.json.
struct AuditOptions {
  std::string target;
  std::vector<std::string> overrides;
  std::string out;
  std::string review;
  int64_t review_faces = 2000;
  int64_t folds = 0;  // of a configuration: networks to train; 0: none, landmarks and labels alone
  std::string runs;   // folder of their runs; empty: runs/audit-<config stem>
  int64_t jobs = 1;   // of them at a time
  bool resume = false;  // continue those that are not finished
};
int run_audit(const AuditOptions& options);

/// synth --out DIR --train N --test N [--size S] [--seed S]
struct SynthOptions {
  std::string out;
  int64_t train = 0;
  int64_t test = 0;
  int64_t size = 100;
  int64_t seed = 1;
};
int run_synth(const SynthOptions& options);

/// align CONFIG [--set a.b=v …] --out DIR [--size S];
/// align --landmarks FILE --in DIR [--coordinates C] [--square S] --out DIR [--size S]. The
/// pictures keep their places and names below --out, where landmarks.csv and grid.png are written
/// too; those that are neither PNG nor JPEG files become .jpg files. Those without usable landmarks
/// are only resized. A split without faces is skipped.
struct AlignOptions {
  std::string config;  // or:
  std::vector<std::string> overrides;
  std::string landmarks, in;
  std::string coordinates = "picture";  // of a LandmarkCoordinates
  double square = 224;                  // with the coordinates `square`
  std::string out;
  int64_t size = 100;
};
int run_align(const AlignOptions& options);

/// doctor [--config CONFIG] [--json], and overrides
struct DoctorOptions {
  std::string config;  // also say how much memory its training takes
  std::vector<std::string> overrides;
  bool json = false;
};
int run_doctor(const DoctorOptions& options);

}  // namespace lanet
