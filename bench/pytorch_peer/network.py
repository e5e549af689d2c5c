"""The query and momentum networks (design: LA-Net part 1); the names are those of checkpoints."""

import torch
from torch import nn
from torch.nn import functional as F


def without_autocast(device_type):
    return torch.autocast(device_type, enabled=False)


def wide(x):
    """At least float32, as what follows the networks is."""
    return x if x.dtype == torch.float64 else x.float()


def convolution(inputs, outputs, size, stride=1):
    return nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, bias=False)


class Block(nn.Module):
    """A residual block: convolutions and batch norms, ReLU between, a shortcut around."""

    def __init__(self, inputs, width, outputs, stride, sizes, strided):
        super().__init__()
        self.count = len(sizes)
        channels = [inputs] + [width] * (self.count - 1) + [outputs]
        for i, size in enumerate(sizes):
            step = stride if i == strided else 1
            setattr(self, f"conv{i + 1}", convolution(channels[i], channels[i + 1], size, step))
            setattr(self, f"bn{i + 1}", nn.BatchNorm2d(channels[i + 1]))
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        for i in range(1, self.count + 1):
            x = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(x))
            if i < self.count:
                x = F.relu(x, inplace=True)
        return F.relu(x + shortcut, inplace=True)


# Of a backbone: expansion, blocks a layer, kernel sizes of a block, the convolution that strides.
BACKBONES = {
    "resnet18": (1, (2, 2, 2, 2), (3, 3), 0),
    "resnet50": (4, (3, 4, 6, 3), (1, 3, 1), 1),
}


def layer(backbone, number):
    """Layer `number` = 1..4 of the backbone."""
    expansion, blocks, sizes, strided = BACKBONES[backbone]
    width = 32 * 2 ** number
    inputs = 64 if number == 1 else width // 2 * expansion
    stride = 1 if number == 1 else 2
    modules = []
    for _ in range(blocks[number - 1]):
        modules.append(Block(inputs, width, width * expansion, stride, sizes, strided))
        inputs, stride = width * expansion, 1
    return nn.Sequential(*modules)


class PairNetwork(nn.Module):
    """The weight s_ij of a pair of samples in one space (design: LA-Net part 2)."""

    def __init__(self, width):
        super().__init__()
        self.fc_in = nn.Linear(width, width)
        self.fc_out = nn.Sequential(
            nn.Linear(width, width // 2), nn.ReLU(), nn.Linear(width // 2, width // 4), nn.ReLU(),
            nn.Linear(width // 4, 2))

    def all_pairs(self, feature):
        """[B, B], as published: every pair through the network."""
        count = feature.shape[0]
        a, b = self.fc_in(feature).chunk(2, dim=1)
        pairs = torch.cat([a.unsqueeze(1).expand(count, count, -1),
                           b.unsqueeze(0).expand(count, count, -1)], dim=2)
        return self.fc_out(pairs).softmax(dim=2)[:, :, 0]

    def chosen_pairs(self, feature, neighbours):
        """[B, K]: W [a; b] = Wa a + Wb b, once a sample; a softmax over two is a sigmoid."""
        a, b = self.fc_in(feature).chunk(2, dim=1)
        first, _, second, _, last = self.fc_out
        half = first.in_features // 2
        own = F.linear(a, first.weight[:, :half], first.bias)
        other = F.linear(b, first.weight[:, half:])
        z = last(F.relu(second(F.relu(own.unsqueeze(1) + other[neighbours]))))
        return (z[..., 0] - z[..., 1]).sigmoid()


class Smooth(nn.Module):
    """The pair networks of both spaces, under their name in checkpoints."""

    def __init__(self, expression_width, landmark_width):
        super().__init__()
        self.fer_score = PairNetwork(expression_width)
        self.lm_score = PairNetwork(landmark_width)


class LandmarkResNet(nn.Module):
    """A ResNet with two branches behind layer1, and the pair networks that judge their features."""

    def __init__(self, backbone, classes, landmarks, cheap):
        super().__init__()
        self.cheap = cheap
        expansion = BACKBONES[backbone][0]
        width = 64 * expansion
        self.conv1 = convolution(3, 64, 7, 2)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = layer(backbone, 1)
        for number in (2, 3, 4):
            setattr(self, f"fer_layer{number}", layer(backbone, number))
            setattr(self, f"lm_layer{number}", layer(backbone, number))
        for number in (1, 2, 3, 4):
            setattr(self, f"latlayer{number}", convolution(width * 2 ** (number - 1), width, 1))
        self.fer_fc = nn.Linear(8 * width, classes)
        self.lm_fc = convolution(width, landmarks, 1)
        self.smooth = Smooth(8 * width, width)

    def forward(self, x):
        """u, logits, v, heatmaps."""
        u, levels = self.trunk(x)
        if self.cheap:
            v, heatmaps = self.mean_of_map(levels), self.collapsed_heatmaps(levels)
        else:
            v, heatmaps = self.landmark_map(levels)
        return u, self.fer_fc(u), v, heatmaps

    def features(self, x):
        """u and v alone, without what leads to logits and heatmaps."""
        u, levels = self.trunk(x)
        return u, self.mean_of_map(levels)

    def trunk(self, x):
        """u, and the four levels of the landmark branch from layer1 on."""
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x)), inplace=True), 3, stride=2, padding=1)
        x = self.layer1(x)
        u = self.fer_layer4(self.fer_layer3(self.fer_layer2(x))).mean(dim=(2, 3))
        levels = [x]
        for number in (2, 3, 4):
            levels.append(getattr(self, f"lm_layer{number}")(levels[-1]))
        return u, levels

    def laterals(self):
        return [getattr(self, f"latlayer{number}") for number in (1, 2, 3, 4)]

    @staticmethod
    def sum_upwards(maps):
        """The sum of maps of doubling size, smallest last."""
        total = maps[-1]
        for finer in reversed(maps[:-1]):
            total = finer + F.interpolate(
                total, scale_factor=2, mode="bilinear", align_corners=False)
        return total

    def landmark_map(self, levels):
        """v and the heatmaps through the map of 64 e channels, as published."""
        full = self.sum_upwards([lateral(x) for lateral, x in zip(self.laterals(), levels)])
        return full.mean(dim=(2, 3)), self.lm_fc(full)

    def collapsed_heatmaps(self, levels):
        """lm_fc and each lateral are one product: 19 channels at the large resolutions."""
        with without_autocast(levels[0].device.type):
            merged = [(self.lm_fc.weight.flatten(1) @ lateral.weight.flatten(1))[:, :, None, None]
                      for lateral in self.laterals()]
        return self.sum_upwards([F.conv2d(x, weight) for x, weight in zip(levels, merged)])

    def mean_of_map(self, levels):
        """v: bilinear x2 keeps the mean, so the map itself is not needed."""
        return sum(F.linear(x.mean(dim=(2, 3)), lateral.weight.flatten(1))
                   for lateral, x in zip(self.laterals(), levels))


def projection(inputs, width):
    return nn.Sequential(nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, width))


class Networks(nn.Module):
    """Query network f_q and momentum network f_k, each with its two projection heads (0 and 1)."""

    def __init__(self, backbone, classes, landmarks, formulation):
        super().__init__()
        self.cheap = formulation == "cheap"
        width = 64 * BACKBONES[backbone][0]
        self.f_q = LandmarkResNet(backbone, classes, landmarks, self.cheap)
        self.f_k = LandmarkResNet(backbone, classes, landmarks, self.cheap)
        self.fer_fc = nn.ModuleList([projection(8 * width, width) for _ in range(2)])
        self.lm_fc = nn.ModuleList([projection(width, width) for _ in range(2)])
        for module in self.f_q.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        for part in (self.f_k, self.fer_fc[1], self.lm_fc[1]):
            part.requires_grad_(False)
        self.copy_to_momentum()

    def query_and_momentum(self):
        """The pairs of parameters of which the second follows the first."""
        query, momentum = [], []
        for q, k in ((self.f_q, self.f_k), (self.fer_fc[0], self.fer_fc[1]),
                     (self.lm_fc[0], self.lm_fc[1])):
            query += q.parameters()
            momentum += k.parameters()
        return query, momentum

    @torch.no_grad()
    def copy_to_momentum(self):
        for q, k in zip(*self.query_and_momentum()):
            k.copy_(q)

    @torch.no_grad()
    def update_momentum(self, m):
        query, momentum = self.query_and_momentum()
        if self.cheap:
            torch._foreach_mul_(momentum, m)
            torch._foreach_add_(momentum, query, alpha=1 - m)
        else:
            for q, k in zip(query, momentum):
                k.mul_(m).add_(q, alpha=1 - m)

    @torch.no_grad()
    def keys(self, x):
        """The momentum network's vectors of both spaces, of length 1."""
        if self.cheap:
            u, v = self.f_k.features(x)
        else:
            u, _, v, _ = self.f_k(x)
        return self.projected(u, v, 1)

    def projected(self, u, v, side):
        """u and v through the heads of one side, 0 query, 1 momentum, at length 1."""
        return (F.normalize(wide(self.fer_fc[side](u)), dim=1),
                F.normalize(wide(self.lm_fc[side](v)), dim=1))
