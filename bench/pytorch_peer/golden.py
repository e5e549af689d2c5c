"""Whether a formulation meets the golden losses: steps of the published program in float64
(tests/golden/step_*.json), whose weights and inputs are formulas."""

import json
import math
import pathlib

import numpy
import torch

from pytorch_peer.step import Config, TrainingStep

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden"
TERMS = ("expression", "landmark", "distribution", "contrastive", "total")


def fill(name, shape, lo, hi):
    """SplitMix64, seeded with the FNV-1a hash of the name; the upper 24 bits of each number."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 % 2 ** 64
    z = numpy.arange(1, math.prod(shape) + 1, dtype=numpy.uint64)
    z = z * numpy.uint64(0x9E3779B97F4A7C15) + numpy.uint64(seed)
    z = (z ^ z >> numpy.uint64(30)) * numpy.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ z >> numpy.uint64(27)) * numpy.uint64(0x94D049BB133111EB)
    z = z ^ z >> numpy.uint64(31)
    u = (z >> numpy.uint64(40)).astype(numpy.float64) / 2 ** 24
    return torch.from_numpy((lo + (hi - lo) * u).reshape(shape))


def interval(name, shapes, last_norm):
    """The interval of a parameter's fill, by its name and the shapes of all."""
    shape = shapes[name]
    stem, kind = name.rsplit(".", 1)
    if len(shape) == 4:
        limit = math.sqrt(6 / (shape[1] * shape[2] * shape[3]))
        return -limit, limit
    linear = shapes[stem + ".weight"]
    if len(linear) == 2:
        limit = 1 / math.sqrt(linear[1])
        return -limit, limit
    if kind == "bias":
        return -0.1, 0.1
    return (0.2, 0.4) if "layer" in stem and stem.endswith(last_norm) else (0.8, 1.2)


class GoldenRun:
    def __init__(self, golden, formulation, device):
        config = golden["config"]
        weights = config["loss_weights"]
        self.golden, self.config, self.device = golden, config, device
        self.step = TrainingStep(Config(
            backbone=config["arch"], formulation=formulation, image=config["image_size"],
            batch=config["batch"], samples=config["samples"], bank=config["bank"], device=device,
            dtype="f64", classes=config["classes"], landmarks=config["landmarks"],
            neighbours=config["neighbours"], confidence=config["confidence"],
            temperature=config["temperature"], label_momentum=config["label_momentum"],
            key_momentum=config["key_momentum"],
            loss_weights=tuple(weights[term] for term in TERMS[:4]),
            betas=tuple(config["adam"]["betas"]), epsilon=config["adam"]["eps"]))
        self.fill_parameters()
        self.fill_state()

    def fill(self, name, shape, lo, hi):
        return fill(f"{self.config['salt']}/{name}", shape, lo, hi)

    @torch.no_grad()
    def fill_parameters(self):
        shapes = {name: tuple(shape) for name, shape in self.golden["trainable"]}
        networks = self.step.networks
        own = {name: tuple(p.shape) for name, p in networks.named_parameters() if p.requires_grad}
        if own != shapes:
            raise ValueError("the file's parameters are not the networks'")
        last_norm = ".bn2" if self.config["arch"] == "resnet18" else ".bn3"
        for name, parameter in networks.named_parameters():
            if parameter.requires_grad:
                lo, hi = interval(name, shapes, last_norm)
                parameter.copy_(self.fill(name, shapes[name], lo, hi))
        networks.copy_to_momentum()

    def fill_state(self):
        step, config = self.step, self.config
        for bank, name in ((step.expression_bank, "fer_bank"), (step.landmark_bank, "lm_bank")):
            rows = self.fill(name, tuple(bank.shape), -1, 1)
            bank.copy_(rows / rows.norm(dim=1, keepdim=True))
        for i, label in enumerate(config["labels"]):
            halved = i % 3 == 0
            step.label_bank[i] = 0.5 / (config["classes"] - 1) if halved else 0
            step.label_bank[i, label] = 0.5 if halved else 1

    def inputs(self, s):
        batch, size = self.config["batch"], self.config["image_size"]
        tint = self.fill(f"tint/{s}", (batch, 3, 2), -1, 1)
        ramp = torch.linspace(-1, 1, size, dtype=torch.float64)
        images = (self.fill(f"images/{s}", (batch, 3, size, size), -1, 1) +
                  tint[..., 0, None, None] * ramp[:, None] + tint[..., 1, None, None] * ramp)
        points = self.fill(f"points/{s}", (batch, self.config["landmarks"], 2), 6, size // 4 - 6)
        return images, 4 * points.floor()

    def losses(self, s):
        file = self.golden["steps"][s]
        images, landmarks = self.inputs(s)
        rate = self.config["adam"]["lr"] * (
            1 - s / self.config["schedule"]["linear_to_zero_over"])
        values = self.step.run(
            images.to(self.device), landmarks.to(self.device),
            torch.tensor(file["labels"], device=self.device),
            torch.tensor(file["indices"], device=self.device), rate)
        return dict(zip(TERMS, (float(value) for value in values)))


def check(backbone, formulation, device, steps):
    """The file, the number of losses compared in its first `steps` (0: all) and the largest
    relative error as a share of its bound: at most 1 where the formulation is right."""
    name = f"step_{backbone}.json"
    golden = json.loads((FOLDER / name).read_text())
    run = GoldenRun(golden, formulation, device)
    worst, count = 0.0, 0
    for s, file in enumerate(golden["steps"][:steps or None]):
        own = run.losses(s)
        for term in TERMS:
            error = abs(own[term] / file["loss"][term] - 1) / file["bounds"]["loss"]["f64"]
            # A NaN is no error that is small.
            worst = max(worst, error) if math.isfinite(error) else math.inf
            count += 1
    return {"file": name, "losses": count, "largest_error": worst}
