"""Checks PyTorch's step, then times it and ours turn by turn. Knows nothing of PyTorch itself: each
variant lives in a process of its own (worker.py), which waits while others have their turn."""

import json
import os
import platform
import subprocess
import sys
import tempfile

from pytorch_peer import options as opt
from pytorch_peer import report

WARMUP = 2  # steps before the timed ones, as in `lanet-cuda bench step`


class Failure(Exception):
    """Exit code 1."""


def say(message):
    print(f"compare_pytorch: {message}", file=sys.stderr, flush=True)


def environment(options):
    """The same for both programs."""
    variables = dict(os.environ)
    variables["OMP_NUM_THREADS"] = str(options.threads)
    # Waiting threads that spin steal the cores from whoever else works.
    variables["OMP_WAIT_POLICY"] = variables.get("OMP_WAIT_POLICY") or "passive"
    return variables


def last_line(file):
    file.seek(0)
    lines = [line.strip() for line in file.read().decode(errors="replace").splitlines()]
    return next((line for line in reversed(lines) if line), "no message")


class Worker:
    """A process of pytorch_peer.worker."""

    def __init__(self, python, options):
        self.python, self.log = python, tempfile.TemporaryFile()
        variables = environment(options)
        paths = [str(opt.ROOT / "bench"), variables.get("PYTHONPATH", "")]
        variables["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
        self.process = subprocess.Popen(
            [python, "-m", "pytorch_peer.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.log, env=variables, text=True)

    def ask(self, do, **request):
        try:
            self.process.stdin.write(json.dumps({"do": do, **request}) + "\n")
            self.process.stdin.flush()
            answer = json.loads(self.process.stdout.readline())
        except (BrokenPipeError, json.JSONDecodeError) as error:
            self.process.wait()
            line = last_line(self.log)
            if "No module named" in line:
                line = f"no PyTorch to use there: {line}"
            raise Failure(f"{self.python}: {line}") from error
        if "error" in answer:
            raise Failure(f"{self.python}: {answer['error']}")
        return answer

    def close(self):
        """Ends with its input; one that is in the middle of something is stopped."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()


class Peer:
    def __init__(self, variant, options):
        self.variant, self.options, self.name = variant, options, variant.name
        self.worker = Worker(variant.python, options)

    def prepare(self):
        options, variant = self.options, self.variant
        self.worker.ask("describe", threads=options.threads, device=options.device)
        self.worker.ask("prepare", mode=variant.mode, augment=not options.no_augment,
                        tf32=options.tf32, backbone=options.backbone, dtype=variant.dtype,
                        formulation=variant.formulation, layout=variant.layout, image=options.image,
                        batch=options.batch, samples=2 * options.batch, bank=8192,
                        device=options.device)

    def round(self):
        """Seconds a step and bytes. On the CPU the seconds are the median of the steps; on CUDA
        the worker gives one reading, the mean."""
        answer = self.worker.ask("time", warmup=WARMUP, steps=self.options.steps)
        return report.median(answer["seconds"]), answer["peak_memory_bytes"]


class Ours:
    def __init__(self, dtype, options):
        self.options, self.dtype, self.name = options, dtype, f"lanet {dtype}"

    def round(self):
        options = self.options
        command = [options.lanet, "bench", "step", "--json", "--device", options.device,
                   "--backbone", options.backbone, "--image", str(options.image),
                   "--batch", str(options.batch), "--dtype", self.dtype,
                   "--steps", str(options.steps), "--threads", str(options.threads)]
        if options.tf32:
            command.append("--tf32")
        text, resident = run(command, options)
        figure = "median" if options.device == "cpu" else "mean"  # as of the peer's readings
        try:
            found = json.loads(text.strip().splitlines()[-1])
            seconds, allocated = found["step_ms"][figure] / 1e3, found["peak_memory_bytes"]
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise Failure(f"{options.lanet} bench step --json printed no such result") from error
        return seconds, resident if options.device == "cpu" else allocated


def run(command, options):
    """Its stdout, and the largest resident set in bytes."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log,
                                   env=environment(options), text=True)
        text = process.stdout.read()
        process.stdout.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise Failure(f"{command[0]} ended with {process.returncode}: {last_line(log)}")
    return text, usage.ru_maxrss * 1024


def check_golden(options, described):
    """Refuses whoever does not give the golden losses. Every interpreter is checked."""
    checks = []
    for python in options.python:
        worker = Worker(python, options)
        try:
            described[python] = worker.ask("describe", threads=options.threads,
                                           device=options.device)
            torch = described[python]["torch"]
            for formulation in options.formulation:
                found = worker.ask("check", backbone=options.backbone, formulation=formulation,
                                   device=options.device, steps=options.check_steps)
                share = found["largest_error"]
                line = (f"torch {torch} {formulation}: {found['losses']} losses of "
                        f"{found['file']}, the largest error is {share:.2g} of its bound")
                if not share <= 1:
                    raise Failure(f"{line}; nothing is timed")
                say(line)
                checks.append({"torch": torch, "formulation": formulation, **found})
        finally:
            worker.close()
    return checks


def time_rounds(options, contenders):
    """Of each contender's name its rounds: seconds a step and bytes."""
    rounds = {contender.name: [] for contender in contenders}
    for number in range(1, options.rounds + 1):
        for contender in contenders:
            seconds, peak = contender.round()
            rounds[contender.name].append((seconds, peak))
            say(f"round {number} of {options.rounds}: {contender.name}: "
                f"{options.batch / seconds:.2f} img/s")
    return rounds


def processor_name():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.machine()


def compare(options):
    described = {}
    checks = check_golden(options, described)
    if options.check_only:
        return None
    variants = opt.peer_variants(options, described, say)
    if not variants:
        raise opt.Misuse("no variant of PyTorch's step is left to time")
    if len({variant.name for variant in variants}) < len(variants):
        raise opt.Misuse("--python: two of them have the same PyTorch")
    try:
        doctor = json.loads(run([options.lanet, "doctor", "--json"], options)[0])
    except json.JSONDecodeError as error:
        raise Failure(f"{options.lanet} doctor --json printed no JSON") from error

    peers = [Peer(variant, options) for variant in variants]
    try:
        for peer in peers:
            say(f"preparing {peer.name}")
            peer.prepare()
        ours = [Ours(dtype, options) for dtype in options.dtype]
        rounds = time_rounds(options, ours + peers)
    finally:
        for peer in peers:
            peer.worker.close()

    names = [about["device_name"] for about in described.values()]
    return report.summarise(
        rounds, ours=[contender.name for contender in ours],
        settings={"device": options.device, "backbone": options.backbone, "image": options.image,
                  "batch": options.batch, "threads": options.threads, "steps": options.steps,
                  "rounds": options.rounds, "augment": not options.no_augment,
                  "tf32": options.tf32,
                  "omp_wait_policy": environment(options)["OMP_WAIT_POLICY"]},
        machine={"device_name": names[0] or processor_name(), "processor": processor_name(),
                 "system": f"{platform.system()} {platform.release()} {platform.machine()}"},
        versions={"lanet": doctor, "peers": list(described.values())}, checks=checks)


def main(words):
    try:
        options = opt.parse_options(words)
        found = compare(options)
        if found:
            print(report.table(found), end="")
            if options.json:
                report.write(found, options.json)
        return 0
    except opt.Misuse as misuse:
        say(misuse)
        return 2
    except (Failure, OSError) as failure:
        say(failure)
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        return 1
