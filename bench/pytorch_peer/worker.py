"""The process that runs one variant: python -m pytorch_peer.worker, driven by lines of JSON.

A request is a line on stdin, its answer a line on stdout; {"error": ...} where it went wrong.
    {"do": "describe", "threads", "device"}   versions, and the device's name
    {"do": "check", "backbone", "formulation", "device", "steps"}
    {"do": "prepare", "mode", "augment", "tf32", and what step.Config takes}
    {"do": "time", "warmup", "steps"}         {"seconds": [...], "peak_memory_bytes": N}
"""

import json
import math
import os
import platform
import sys
import time
import traceback

import numpy
import torch

from pytorch_peer import augment, golden
from pytorch_peer.step import Config, TrainingStep

BATCHES = 16  # what is drawn for a step comes back after so many steps
LEARNING_RATE = 1e-3
COMPILED_BOUND = {"f32": 1e-3, "bf16": 5e-2}  # of a loss, against the same step not compiled


def describe(threads, device):
    if threads:
        torch.set_num_threads(threads)
    if device == "cuda" and not torch.cuda.is_available():
        raise RuntimeError(f"PyTorch {torch.__version__} finds no CUDA device")
    with open("/proc/self/maps") as maps:
        files = {os.path.basename(line.split()[-1]) for line in maps if ".so" in line}
    return {"torch": torch.__version__,
            "python": platform.python_version(),
            "numpy": numpy.__version__,
            "threads": torch.get_num_threads(),
            "blas_libraries": sorted(file for file in files if "blas" in file or "mkl" in file),
            "mkl": torch.backends.mkl.is_available(),
            "compile": hasattr(torch, "compile"),
            "device_name": torch.cuda.get_device_name() if device == "cuda" else None,
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version()}


class Variant:
    """A training step on random faces: twice a batch of them, as `lanet-cuda bench step` has."""

    def __init__(self, config, mode, augmented, tf32):
        torch.manual_seed(1)
        torch.backends.cudnn.benchmark = True
        torch.backends.cudnn.allow_tf32 = tf32
        torch.backends.cuda.matmul.allow_tf32 = tf32
        self.config, self.done, self.total = config, 0, None
        self.step = TrainingStep(config)
        device, size, samples = config.device, config.image, config.samples
        random = numpy.random.default_rng(1)
        images = torch.from_numpy(random.integers(0, 256, (samples, 3, size, size), numpy.uint8))
        landmarks = torch.from_numpy(
            random.uniform(0, size, (samples, config.landmarks, 2)).astype(numpy.float32))
        labels = torch.from_numpy(random.integers(0, config.classes, samples))
        self.step.label_bank.scatter_(1, labels[:, None].to(device), 1.0)
        images = images.to(device).contiguous(memory_format=self.step.layout)
        landmarks, labels = landmarks.to(device), labels.to(device)

        self.images, self.landmarks, self.labels = images, landmarks, labels
        self.draws = []
        for i in range(BATCHES):
            if i % 2 == 0:
                order = torch.from_numpy(random.permutation(samples)).to(device)
            indices = order[i % 2 * config.batch:(i % 2 + 1) * config.batch]
            drawn = augment.draw(random, config.batch, size)
            self.draws.append((indices, augment.to_device(drawn, device)))
        if not augmented:
            self.images = self.step.augmentation.normalise(images.float() / 255)
            self.draws = [(indices, None) for indices, _ in self.draws]
        if mode == "compile":
            self.compile()

    def inputs(self, i):
        """Of step i, what the step takes before the learning rate, and behind it."""
        indices, drawn = self.draws[i % BATCHES]
        return (self.images[indices], self.landmarks[indices], self.labels[indices], indices), drawn

    def compile(self):
        """Refuses a compiled step whose losses are others."""
        batch, drawn = self.inputs(0)
        expected = [float(term) for term in self.step.both_passes(*batch, drawn)[0]]
        self.step.compile_passes()
        terms = self.step.passes(*batch, drawn)[0]
        found = [float(term) for term in terms]
        sum(terms).backward()
        self.step.adam.zero_grad(set_to_none=True)
        bound = COMPILED_BOUND[self.config.dtype]
        if not all(abs(own / other - 1) <= bound for own, other in zip(found, expected)):
            raise RuntimeError(f"compiled losses {found} are not the eager ones {expected}")

    def run(self):
        batch, drawn = self.inputs(self.done)
        self.done += 1
        self.total = self.step.run(*batch, LEARNING_RATE, drawn)[-1]

    def time(self, warmup, steps):
        for _ in range(warmup):
            self.run()
        timed = self.time_cuda if self.config.device == "cuda" else self.time_cpu
        reset_peak_memory(self.config.device)
        seconds = timed(steps)
        peak = peak_memory(self.config.device)
        total = float(self.total)
        if not math.isfinite(total):
            raise RuntimeError(f"the loss became {total}")
        if self.config.device == "cuda":
            torch.cuda.empty_cache()  # for whoever's turn is next
        return {"seconds": seconds, "peak_memory_bytes": peak}

    def time_cpu(self, steps):
        seconds = []
        for _ in range(steps):
            start = time.perf_counter()
            self.run()
            seconds.append(time.perf_counter() - start)
        return seconds

    def time_cuda(self, steps):
        """One reading, the mean of all steps, between two events on the stream: the host may run
        ahead, as it does in training."""
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        for _ in range(steps):
            self.run()
        end.record()
        end.synchronize()
        return [start.elapsed_time(end) / 1e3 / steps]


def reset_peak_memory(device):
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    else:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")


def peak_memory(device):
    """On CUDA what tensors took; on the CPU the process's resident set."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    with open("/proc/self/status") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return None


class Worker:
    def __init__(self):
        self.variant = None

    def answer(self, request):
        do = request.pop("do")
        if do == "describe":
            return describe(**request)
        if do == "check":
            return golden.check(**request)
        if do == "prepare":
            mode, augmented, tf32 = (request.pop(key) for key in ("mode", "augment", "tf32"))
            self.variant = Variant(Config(**request), mode, augmented, tf32)
            return {}
        return self.variant.time(**request)


def main():
    # Libraries print to stdout too; the answers have a descriptor of their own.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    worker = Worker()
    for line in sys.stdin:
        try:
            answer = worker.answer(json.loads(line))
        except Exception as error:  # pylint: disable=broad-except
            traceback.print_exc()
            answer = {"error": " ".join(str(error).split())[:300] or type(error).__name__}
        answers.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
