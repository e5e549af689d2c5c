"""Augmentation of resident 8-bit pictures on the device, batched (design: LA-Net part 5).

Flip, random resized crop, brightness, contrast and saturation in random order, normalisation and
erasing; landmarks follow. What is drawn is drawn before the clock runs, as ours is; what is done is
done inside the step. The crop is resized by bilinear interpolation of floats: less work than the
bicubic filter with rounding to bytes that the program applies, and not the same bytes.
"""

import math

import numpy
import torch
from torch import nn
from torch.nn import functional as F

MEAN = (0.5412, 0.4324, 0.3795)
STD = (0.2485, 0.2182, 0.2066)
GREY = (0.299, 0.587, 0.114)
FLIP_PERMUTATION = (5, 4, 3, 2, 1, 0, 11, 10, 9, 8, 7, 6, 14, 13, 12, 17, 16, 15, 18)
BRIGHTNESS, CONTRAST = 0, 1  # 2 is saturation


def draw_box(random, size, area, ratio):
    """x, y, width, height, or None after 10 tries that do not fit."""
    for _ in range(10):
        pixels = size * size * random.uniform(*area)
        shape = math.exp(random.uniform(math.log(ratio[0]), math.log(ratio[1])))
        width, height = round(math.sqrt(pixels * shape)), round(math.sqrt(pixels / shape))
        if 0 < width <= size and 0 < height <= size:
            return (random.integers(0, size - width + 1), random.integers(0, size - height + 1),
                    width, height)
    return None


def draw(random, batch, size):
    """What happens to each picture of a batch, as arrays of `batch` rows."""
    drawn = {"flip": random.uniform(size=batch) < 0.5,
             "crop": numpy.empty((batch, 4)),
             "factor": random.uniform(0.6, 1.4, (batch, 3)),
             "order": numpy.stack([random.permutation(3) for _ in range(batch)]),
             "erase": numpy.zeros((batch, 4))}
    for i in range(batch):
        drawn["crop"][i] = draw_box(random, size, (0.75, 1.0), (3 / 4, 4 / 3)) or (0, 0, size, size)
        if random.uniform() < 0.2:
            drawn["erase"][i] = draw_box(random, size, (0.02, 0.2), (0.3, 3.3)) or 0
    return drawn


def to_device(drawn, device):
    return {name: torch.from_numpy(values).to(device, torch.float32 if values.dtype.kind == "f"
                                              else None) for name, values in drawn.items()}


class Augmentation(nn.Module):
    """What is constant lies on the device from the start."""

    def __init__(self):
        super().__init__()

        def constant(name, values):
            self.register_buffer(name, torch.tensor(values), persistent=False)

        constant("mean", MEAN)
        constant("std", STD)
        constant("grey", GREY)
        constant("flip_permutation", FLIP_PERMUTATION)

    def forward(self, images, landmarks, drawn):
        """uint8 [B, 3, S, S] and float [B, L, 2] to the networks' input and landmarks."""
        x = self.recolour(self.resample(images.float() / 255, drawn), drawn)
        return self.erase(self.normalise(x), drawn), self.move(landmarks, images.shape[2], drawn)

    def normalise(self, x):
        """[B, 3, S, S] in 0..1."""
        return (x - self.mean[:, None, None]) / self.std[:, None, None]

    @staticmethod
    def resample(x, drawn):
        """Flip and crop: where each output column and row lies in the picture, in -1..1."""
        size = x.shape[2]
        x0, y0, width, height = [side[:, None] for side in drawn["crop"].unbind(1)]
        middle = (torch.arange(size, device=x.device) + 0.5) / size
        column = (x0 + middle * width) / size * 2 - 1
        row = (y0 + middle * height) / size * 2 - 1
        column = torch.where(drawn["flip"][:, None], -column, column)
        grid = torch.stack([column.unsqueeze(1).expand(-1, size, -1),
                            row.unsqueeze(2).expand(-1, -1, size)], dim=3)
        return F.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)

    def recolour(self, x, drawn):
        """Three blends in each picture's own order: with 0, with its mean grey, with its grey."""
        for place in range(3):
            step = drawn["order"][:, place:place + 1]
            factor = drawn["factor"].gather(1, step)[:, :, None, None]
            step = step[:, :, None, None]
            grey = (x * self.grey[:, None, None]).sum(dim=1, keepdim=True)
            towards = torch.where(step == CONTRAST, grey.mean(dim=(2, 3), keepdim=True), grey)
            towards = torch.where(step == BRIGHTNESS, torch.zeros_like(grey), towards)
            x = (towards + factor * (x - towards)).clamp(0, 1)
        return x

    @staticmethod
    def erase(x, drawn):
        pixel = torch.arange(x.shape[2], device=x.device)
        left, top, width, height = [side[:, None] for side in drawn["erase"].unbind(1)]
        across = (pixel >= left) & (pixel < left + width)
        down = (pixel >= top) & (pixel < top + height)
        return x.masked_fill((down.unsqueeze(2) & across.unsqueeze(1)).unsqueeze(1), 0.0)

    def move(self, landmarks, size, drawn):
        """A mirrored face's left landmarks become its right ones."""
        x0, y0, width, height = [side[:, None] for side in drawn["crop"].unbind(1)]
        x, y = landmarks.unbind(2)
        flip = drawn["flip"][:, None]
        x = torch.where(flip, size - x[:, self.flip_permutation], x)
        y = torch.where(flip, y[:, self.flip_permutation], y)
        return torch.stack([(x - x0) * size / width, (y - y0) * size / height], dim=2)
