#include <doctest/doctest.h>

#include "tests/train/parsed_command.h"

namespace lanet::test {
namespace {

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("command line: train takes overrides before and after its configuration") {
  const Parsed p({"train", "--set", "a.b=1", "raf.json", "--set", "c=2", "--dtype", "bf16",
                  "--device", "cpu", "--threads", "2", "--run", "out", "--resume"});
  CHECK(p.code == 0);
  CHECK(p.train.config == "raf.json");
  CHECK(p.train.overrides ==
        Words{"a.b=1", "c=2", "train.device=cpu", "train.dtype=bf16", "train.threads=2"});
  CHECK(p.train.run == "out");
  CHECK(p.train.resume);
}

TEST_CASE("command line: eval, predict, verify, bench, synth and doctor read their options") {
  const Parsed eval({"eval", "run", "--best", "--json", "--split", "train", "--data", "d.json"});
  CHECK(eval.code == 0);
  CHECK(eval.eval.target == "run");
  CHECK(eval.eval.best);
  CHECK(eval.eval.json);
  CHECK(eval.eval.split == "train");
  CHECK(eval.eval.data_config == "d.json");

  const Parsed experiment({"experiment", "plan.json", "--resume", "--jobs", "2", "--runs", "r",
                           "--record", "d", "--drop-checkpoints", "--set", "train.epochs=3",
                           "--dtype", "bf16"});
  CHECK(experiment.code == 0);
  CHECK(experiment.experiment.plan == "plan.json");
  CHECK(experiment.experiment.resume);
  CHECK(experiment.experiment.jobs == 2);
  CHECK(experiment.experiment.runs == "r");
  CHECK(experiment.experiment.record == "d");
  CHECK(experiment.experiment.drop_checkpoints);
  CHECK_FALSE(experiment.experiment.report);
  CHECK(Parsed({"experiment", "plan.json", "--report"}).experiment.report);
  CHECK(experiment.experiment.overrides == Words{"train.epochs=3", "train.dtype=bf16"});

  const Parsed report({"report", "a", "b", "--out", "c.html", "--no-faces"});
  CHECK(report.code == 0);
  CHECK(report.report.runs == Words{"a", "b"});
  CHECK(report.report.out == "c.html");
  CHECK_FALSE(report.report.faces);
  CHECK(Parsed({"report", "a"}).report.faces);
  CHECK(Parsed({"report"}).code == 2);

  const Parsed plot(
      {"plot", "a", "b", "--out", "c.png", "--curves", "loss,accuracy", "--width", "800"});
  CHECK(plot.code == 0);
  CHECK(plot.plot.runs == Words{"a", "b"});
  CHECK(plot.plot.out == "c.png");
  CHECK(plot.plot.curves == Words{"loss", "accuracy"});
  CHECK(plot.plot.width == 800);
  CHECK(Parsed({"plot", "--out", "c.svg", "--curves", "loss", "a"}).plot.runs == Words{"a"});
  CHECK(Parsed({"plot", "a"}).code == 2);
  CHECK(Parsed({"plot", "a", "--out", "c.png", "--curves", "los"}).code == 2);
  CHECK(Parsed({"plot", "a", "--out", "c.png", "--width", "99"}).code == 2);

  const Parsed predict({"predict", "run", "--json", "a.jpg", "b.png"});
  CHECK(predict.code == 0);
  CHECK(predict.predict.target == "run");
  CHECK(predict.predict.images == Words{"a.jpg", "b.png"});
  CHECK(predict.predict.every == 1);
  CHECK(Parsed({"predict", "run", "a.mp4", "--every", "0.04"}).predict.every == 0.04);
  CHECK(Parsed({"predict", "run", "a.mp4", "--every", "0"}).code == 2);

  const Parsed verify({"verify", "a.json", "b.json", "--dtype", "f32", "--json"});
  CHECK(verify.code == 0);
  CHECK(verify.verify.files == Words{"a.json", "b.json"});
  CHECK(verify.verify.dtype == "f32");

  const Parsed bench({"bench", "step", "--image", "64", "--batch", "16", "--steps", "3"});
  CHECK(bench.code == 0);
  CHECK(bench.bench_step.image == 64);
  CHECK(bench.bench_step.batch == 16);
  CHECK(bench.bench_step.steps == 3);

  CHECK_FALSE(bench.bench_step.profile);
  const Parsed profile({"bench", "step", "--profile", "--json"});
  CHECK(profile.code == 0);
  CHECK(profile.bench_step.profile);
  CHECK(profile.bench_step.trace.empty());
  CHECK(profile.bench_step.json);
  CHECK(Parsed({"bench", "step", "--profile", "trace.json"}).bench_step.trace == "trace.json");

  const Parsed roofline({"bench", "roofline", "--bandwidth", "3350", "--flops", "700.5"});
  CHECK(roofline.code == 0);
  CHECK(roofline.bench_roofline.device == "cuda");
  CHECK(roofline.bench_roofline.batch == 128);
  CHECK(roofline.bench_roofline.dtype == "bf16");
  CHECK(roofline.bench_roofline.bandwidth == 3350);
  CHECK(roofline.bench_roofline.flops == 700.5);

  const Parsed scaling({"bench", "scaling", "--step-ms", "9.5", "--node-latency", "0",
                        "--bandwidth", "450", "--ranks-per-node", "4", "--plot", "a.svg",
                        "--json"});
  CHECK(scaling.code == 0);
  CHECK(scaling.bench_scaling.device == "cuda");
  CHECK(scaling.bench_scaling.batch == 128);
  CHECK(scaling.bench_scaling.step_ms == 9.5);
  CHECK(scaling.bench_scaling.latency == 10);
  CHECK(scaling.bench_scaling.node_latency == 0);
  CHECK(scaling.bench_scaling.bandwidth == 450);
  CHECK(scaling.bench_scaling.ranks_per_node == 4);
  CHECK(scaling.bench_scaling.plot == "a.svg");
  const Parsed measured(
      {"bench", "scaling", "--device", "cpu", "--measure", "1,4", "--steps", "3"});
  CHECK(measured.code == 0);
  CHECK(measured.bench_scaling.measure == std::vector<int>{1, 4});
  CHECK(measured.bench_scaling.steps == 3);

  const Parsed compare({"bench", "compare", "a.json", "b.json"});
  CHECK(compare.code == 0);
  CHECK(compare.bench_compare.before == "a.json");
  CHECK(compare.bench_compare.after == "b.json");

  const Parsed kernels({"bench", "kernels", "--filter", "add", "--dtype", "f32,bf16", "--sizes",
                        "8x8,9x9", "--device", "cpu", "--tf32"});
  CHECK(kernels.code == 0);
  CHECK(kernels.bench_kernels.filter == "add");
  CHECK(kernels.bench_kernels.dtypes == Words{"f32", "bf16"});
  CHECK(kernels.bench_kernels.sizes == Words{"8x8", "9x9"});
  CHECK(kernels.bench_kernels.tf32);

  const Parsed data({"data", "c.json", "--set", "seed=2", "--out", "d", "--json"});
  CHECK(data.code == 0);
  CHECK(data.data.config == "c.json");
  CHECK(data.data.overrides == Words{"seed=2"});
  CHECK(data.data.out == "d");
  CHECK(data.data.json);

  const Parsed noise(
      {"noise", "c.json", "--rate", "0.2", "--kind", "symmetric", "--seed", "4", "--out", "n.csv"});
  CHECK(noise.code == 0);
  CHECK(noise.noise.overrides ==
        Words{"data.noise.rate=0.2", "data.noise.kind=symmetric", "seed=4"});
  CHECK(noise.noise.out == "n.csv");
  CHECK(Parsed({"noise", "c.json", "--rate", "0.2"}).code == 2);
  CHECK(Parsed({"noise", "c.json", "--rates", "r.csv", "--out", "n.csv"}).noise.overrides ==
        Words{"data.noise.rates=r.csv"});

  const Parsed synth({"synth", "--out", "x", "--train", "3", "--test", "2", "--seed", "9"});
  CHECK(synth.code == 0);
  CHECK(synth.synth.out == "x");
  CHECK(synth.synth.train == 3);
  CHECK(synth.synth.test == 2);
  CHECK(synth.synth.size == 100);
  CHECK(synth.synth.seed == 9);

  const Parsed inspect({"inspect", "a.pth", "--json"});
  CHECK(inspect.code == 0);
  CHECK(inspect.inspect.file == "a.pth");
  CHECK(inspect.inspect.json);
  CHECK_FALSE(Parsed({"inspect", "a.pth"}).inspect.json);

  const Parsed exported({"export", "runs/a", "--best", "--onnx", "a.onnx", "--preprocess"});
  CHECK(exported.code == 0);
  CHECK(exported.exported.target == "runs/a");
  CHECK(exported.exported.best);
  CHECK(exported.exported.onnx == "a.onnx");
  CHECK(exported.exported.preprocess);
  CHECK(exported.exported.safetensors.empty());
  CHECK_FALSE(exported.exported.landmarks);
  CHECK_FALSE(Parsed({"export", "runs/a", "--onnx", "a.onnx"}).exported.preprocess);
  CHECK(Parsed({"export", "runs/a", "--onnx", "a.onnx", "--landmarks"}).exported.landmarks);
  const Parsed align({"align", "--landmarks", "l.csv", "--in", "p", "--out", "x", "--coordinates",
                      "share", "--size", "112"});
  CHECK(align.code == 0);
  CHECK(align.align.config.empty());
  CHECK(align.align.landmarks == "l.csv");
  CHECK(align.align.in == "p");
  CHECK(align.align.out == "x");
  CHECK(align.align.coordinates == "share");
  CHECK(align.align.size == 112);
  const Parsed configured({"align", "raf.json", "--set", "data.root=r", "--out", "x"});
  CHECK(configured.code == 0);
  CHECK(configured.align.config == "raf.json");
  CHECK(configured.align.overrides == Words{"data.root=r"});
  CHECK(configured.align.size == 100);

  CHECK(Parsed({"doctor", "--json"}).doctor.json);
}

TEST_CASE("command line: wrong usage ends with exit code 2 and runs nothing") {
  for (const std::vector<const char*>& words : std::vector<std::vector<const char*>>{
           {},
           {"trian", "raf.json"},
           {"train"},
           {"train", "raf.json", "--sed", "1"},
           {"train", "raf.json", "more.json"},
           {"train", "raf.json", "--resume"},
           {"train", "raf.json", "--resume-or-start"},
           {"train", "raf.json", "--run", "a", "--resume", "--resume-or-start"},
           {"train", "raf.json", "--dtype", "f16"},
           {"train", "raf.json", "--set"},
           {"experiment"},
           {"experiment", "plan.json", "--jobs", "0"},
           {"experiment", "plan.json", "--report", "--resume"},
           {"predict"},
           {"predict", "run", "a.jpg", "--csv", "--top", "2"},
           {"bench"},
           {"bench", "stpe"},
           {"bench", "step", "--image", "100"},
           {"bench", "step", "--profile", "a.json", "b.json"},
           {"bench", "roofline", "--bandwidth", "0"},
           {"bench", "roofline", "--measured", "--flops", "700"},
           {"bench", "scaling", "--bandwidth", "0"},
           {"bench", "scaling", "--latency", "-1"},
           {"bench", "scaling", "--measure", "0"},
           {"bench", "scaling", "--measure", "2", "--step-ms", "9"},
           {"bench", "scaling", "--measure", "2", "--plot", "a.svg"},
           {"bench", "scaling", "--steps", "3"},
           {"synth", "--out", "x", "--train", "many", "--test", "1"},
           {"synth", "--out", "x"},
           {"inspect"},
           {"inspect", "a.pth", "b.pth"},
           {"align", "raf.json"},
           {"align", "--landmarks", "l.csv", "--out", "x"},
           {"align", "--in", "p", "--out", "x"},
           {"align", "raf.json", "--landmarks", "l.csv", "--in", "p", "--out", "x"},
           {"align", "raf.json", "--out", "x", "--coordinates", "pixels"},
           {"--hlep"}}) {
    const Parsed p(words);
    CAPTURE(words.size());
    CHECK(p.code == 2);
    CHECK(p.train.config.empty());
  }
}

}  // namespace lanet::test
