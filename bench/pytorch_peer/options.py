"""The options of bench/compare_pytorch.py, and what they ask to be timed."""

import argparse
import dataclasses
import difflib
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

DEVICES = ("cpu", "cuda")
DTYPES = ("f32", "bf16")
FORMULATIONS = ("published", "cheap")
MODES = ("eager", "compile")
BACKBONES = ("resnet18", "resnet50")
LAYOUTS = ("contiguous", "channels_last")
USUAL_LAYOUT = {"f32": "contiguous", "bf16": "channels_last"}


class Misuse(Exception):
    """Exit code 2."""


def did_you_mean(word, choices):
    near = difflib.get_close_matches(word, choices, n=1)
    return f"; did you mean {near[0]}?" if near else ""


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Misuse(message)


def one_of(choices):
    def parse(text):
        if text not in choices:
            raise argparse.ArgumentTypeError(
                f"'{text}'; expected {' or '.join(choices)}{did_you_mean(text, choices)}")
        return text
    return parse


def some_of(choices):
    def parse(text):
        return list(dict.fromkeys(one_of(choices)(word) for word in text.split(",")))
    return parse


def at_least(least):
    def parse(text):
        if not re.fullmatch(r"\d+", text) or int(text) < least:
            raise argparse.ArgumentTypeError(f"'{text}'; expected a number, {least} or more")
        return int(text)
    return parse


def image_size(text):
    size = at_least(64)(text)
    if size % 32:
        raise argparse.ArgumentTypeError(f"'{text}'; expected a multiple of 32")
    return size


def regular_expression(text):
    try:
        return re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"'{text}'; {error}") from error


def make_parser():
    parser = Parser(
        prog="compare_pytorch.py", allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Times LA-Net's training step in lanet-cuda and in PyTorch, turn by turn,\n"
                    "after checking that the PyTorch code gives the golden losses.",
        epilog="A step is everything: augmentation of resident bytes on the device, the momentum\n"
               "network's update, both forward passes, target distributions, losses, backward,\n"
               "Adam and the memory banks. bf16 is autocast in PyTorch.\n"
               "Exit code: 0, 1 if something failed, 2 for a wrong option.")
    add = parser.add_argument
    add("--lanet", metavar="PATH", help="the program; default: build/DEVICE/lanet-cuda")
    add("--python", metavar="PATH[,PATH]", default=sys.executable,
        help="interpreters that have PyTorch and NumPy; default: this one")
    add("--device", type=one_of(DEVICES), default="cpu", help="cpu (default) or cuda")
    add("--backbone", type=one_of(BACKBONES), default="resnet18",
        help="resnet18 (default) or resnet50")
    add("--image", type=image_size, default=224, metavar="S", help="side in pixels; default 224")
    add("--batch", type=at_least(10), default=16, metavar="B", help="default 16")
    add("--dtype", type=some_of(DTYPES), default=["f32"], metavar="LIST",
        help="of both programs: f32 (default), bf16")
    add("--formulation", type=some_of(FORMULATIONS), default=list(FORMULATIONS), metavar="LIST",
        help="of PyTorch's step: published, cheap; default both")
    add("--modes", type=some_of(MODES), metavar="LIST",
        help="of PyTorch: eager, compile (torch.compile, max-autotune); default: both on cuda, "
             "eager on cpu")
    add("--layout", type=some_of(LAYOUTS), metavar="LIST",
        help="of PyTorch's pictures and weights: contiguous, channels_last; default: contiguous "
             "for f32, channels_last for bf16")
    add("--only", type=regular_expression, metavar="REGEX",
        help="of PyTorch's variants, those whose name matches, as 'torch 1.13.* published'")
    add("--threads", type=at_least(1), default=len(os.sched_getaffinity(0)), metavar="N",
        help="of both programs; default: one a processor")
    add("--steps", type=at_least(1), default=5, metavar="N", help="timed a round; default 5")
    add("--rounds", type=at_least(1), default=5, metavar="N", help="default 5")
    add("--no-augment", action="store_true",
        help="PyTorch's step starts from ready images, ours does not")
    add("--tf32", action="store_true", help="on cuda, f32 products of both may round to TF32")
    add("--json", metavar="FILE", help="writes what was found, format lanet-compare/1")
    add("--check-only", action="store_true", help="checks the golden losses and times nothing")
    add("--check-steps", type=at_least(1), default=0, metavar="N",
        help="of the golden steps; default all")
    return parser


def parse_options(words):
    """Throws Misuse, one line."""
    parser = make_parser()
    options, unknown = parser.parse_known_args(words)
    if unknown:
        names = [name for action in parser._actions for name in action.option_strings]
        word = unknown[0].split("=")[0]
        raise Misuse(f"unexpected '{word}'{did_you_mean(word, names)}")
    options.modes = options.modes or (["eager"] if options.device == "cpu" else list(MODES))
    options.python = options.python.split(",")
    for python in options.python:
        if not os.access(python, os.X_OK):
            raise Misuse(f"--python: '{python}' is not a program")
    options.lanet = options.lanet or str(ROOT / "build" / options.device / "lanet-cuda")
    if not options.check_only and not os.access(options.lanet, os.X_OK):
        raise Misuse(f"--lanet: '{options.lanet}' is not a program")
    folder = os.path.dirname(os.path.abspath(options.json or ""))
    if options.json and not os.access(folder, os.W_OK):
        raise Misuse(f"--json: no file can be written in '{folder}'")
    return options


@dataclasses.dataclass(frozen=True)
class PeerVariant:
    python: str
    torch: str
    formulation: str
    mode: str
    dtype: str
    layout: str

    @property
    def name(self):
        usual = self.layout == USUAL_LAYOUT[self.dtype]
        return (f"torch {self.torch} {self.formulation} {self.mode} {self.dtype}" +
                ("" if usual else f" {self.layout}"))


def peer_variants(options, described, say):
    """What is asked of each interpreter, by its description; `say` is told what it cannot do."""
    variants = []
    for python, about in described.items():
        for mode in options.modes:
            if mode == "compile" and not about["compile"]:
                say(f"PyTorch {about['torch']} has no torch.compile")
                continue
            variants += [PeerVariant(python, about["torch"], formulation, mode, dtype, layout)
                         for formulation in options.formulation for dtype in options.dtype
                         for layout in options.layout or [USUAL_LAYOUT[dtype]]]
    if options.only:
        variants = [variant for variant in variants if options.only.search(variant.name)]
    return variants
