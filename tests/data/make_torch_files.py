"""Makes the small PyTorch, safetensors and NumPy files in this folder that the tests read.

    pip install torch safetensors numpy && python make_torch_files.py

Values are small whole numbers and halves, so that the tests can state them.
"""

import os
import pathlib
from collections import OrderedDict

import numpy
import safetensors.numpy
import torch

FOLDER = pathlib.Path(__file__).parent


def counting(*shape, dtype=torch.float32, start=0):
    """start, start + 1, ... as a tensor."""
    count = int(numpy.prod(shape))
    return torch.arange(start, start + count).reshape(*shape).to(dtype)


def save(name, content, **options):
    torch.save(content, FOLDER / name, **options)


class RunsCommand:
    """What a hostile file holds: unpickling it calls os.system."""

    def __reduce__(self):
        return os.system, ("touch torch-file-was-executed",)


class OwnClass:
    pass


# One bare tensor, as landmark files are.
save("points.tensor", counting(3, 19, 2) / 2)

# A state_dict as a module gives it: an OrderedDict with _metadata, parameters and buffers.
module = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 2, bias=False), torch.nn.BatchNorm2d(2))
with torch.no_grad():
    module[0].weight.copy_(counting(2, 1, 2, 2))
save("state_dict.pth", module.state_dict())

everything = {
    "epoch": 3,
    "arch": "resnet18",
    "best": 0.5,
    "done": False,
    "note": None,
    "big": -(1 << 40),
    "state_dict": OrderedDict(weight=torch.nn.Parameter(counting(2, 2)), bias=counting(2)),
    "list": [counting(1), (counting(1, start=1), 7)],
    "state": {0: {"step": 5}},
    "types": {
        "f64": counting(2, dtype=torch.float64) / 2,
        "f16": torch.tensor([0.5, -2.0, 65504.0, 2.0**-24, float("inf")], dtype=torch.float16),
        "bf16": torch.tensor([1.0, -0.5], dtype=torch.bfloat16),
        "i64": torch.tensor([-(1 << 40), 7]),
        "i32": torch.tensor([-5, 6], dtype=torch.int32),
        "u8": torch.tensor([0, 255], dtype=torch.uint8),
        "bool": torch.tensor([True, False]),
        "scalar": torch.tensor(1.5),
        "empty": torch.zeros(0, 3),
    },
}
for protocol in (2, 3, 4, 5):
    save(f"everything_protocol{protocol}.pth", everything, pickle_protocol=protocol)

base = counting(4, 3)
save(
    "views.pth",
    {
        "base": base,
        "transposed": base.t(),
        "row": base[2],
        "column": base[:, 1],
        "block": base[1:3, 1:],
        "repeated": base[0, :1].expand(4),
        "transposed_half": counting(2, 3, dtype=torch.float16).t(),
    },
)

# To be refused.
save("runs_command.pth", {"weight": counting(2), "extra": RunsCommand()})
save("runs_command_protocol4.pth", RunsCommand(), pickle_protocol=4)
save("own_class.pth", {"model": OwnClass()})
save("numpy_scalar.pth", {"accuracy": numpy.float64(0.5), "weight": counting(2)})
save("int16.pth", counting(2, dtype=torch.int16))
save("old_format.pth", {"weight": counting(2)}, _use_new_zipfile_serialization=False)

arrays = {
    "conv.weight": numpy.arange(6, dtype=numpy.float32).reshape(2, 3) / 2,
    "flags": numpy.array([1, 0, 255], dtype=numpy.uint8),
    "half": numpy.array([0.5, -2.0], dtype=numpy.float16),
    "on": numpy.array([True, False]),
    "long": numpy.array([-(1 << 40)], dtype=numpy.int64),
    "scalar": numpy.array(2.5, dtype=numpy.float64),
    "none": numpy.zeros((0, 2), dtype=numpy.int32),
}
safetensors.numpy.save_file(arrays, FOLDER / "python.safetensors", metadata={"format": "pt"})

for name, array in {
    "points_f4": numpy.arange(2 * 19 * 2, dtype="<f4").reshape(2, 19, 2) / 2,
    "flat_f8": numpy.arange(2 * 38, dtype="<f8").reshape(2, 38),
    "vector_i4": numpy.array([-1, 2, 3], dtype="<i4"),
    "scalar_i8": numpy.array(-(1 << 40), dtype="<i8"),
    "bytes_u1": numpy.array([[0], [255]], dtype="u1"),
    "fortran": numpy.asfortranarray(numpy.arange(6, dtype="<f4").reshape(2, 3)),
    "int16": numpy.array([1], dtype="<i2"),
}.items():
    numpy.save(FOLDER / f"{name}.npy", array)
with open(FOLDER / "version2.npy", "wb") as file:
    numpy.lib.format.write_array(file, numpy.array([1.5], dtype="<f4"), version=(2, 0))
