"""One whole training step: momentum update, both forward passes, target distributions and bank
rows, losses, backward, Adam, enqueue (design: LA-Net part 3)."""

import dataclasses

import torch
from torch import nn
from torch.nn import functional as F

from pytorch_peer import losses
from pytorch_peer.augment import Augmentation
from pytorch_peer.network import Networks, wide, without_autocast

NO_LABEL = -2 ** 31  # matches no label


@dataclasses.dataclass
class Config:
    backbone: str
    formulation: str
    image: int
    batch: int
    samples: int
    bank: int
    device: str = "cpu"
    dtype: str = "f32"  # f64, f32, or bf16: float32 parameters under autocast
    layout: str = "contiguous"  # or channels_last
    classes: int = 7
    landmarks: int = 19
    neighbours: int = 8
    confidence: float = 0.7
    temperature: float = 0.1
    label_momentum: float = 0.9
    key_momentum: float = 0.999
    loss_weights: tuple = (1.0, 1.0, 1.0, 0.1)  # expression, landmark, distribution, contrastive
    betas: tuple = (0.9, 0.999)
    epsilon: float = 1e-8


class TrainingStep(nn.Module):
    """The networks with all that a step changes, on the device."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.autocast = config.dtype == "bf16"
        number = torch.float64 if config.dtype == "f64" else torch.float32
        self.layout = (torch.channels_last if config.layout == "channels_last"
                       else torch.contiguous_format)
        self.networks = Networks(config.backbone, config.classes, config.landmarks,
                                 config.formulation)
        self.augmentation = Augmentation()
        width = self.networks.lm_fc[0][0].in_features
        for name in ("expression_bank", "landmark_bank"):
            self.register_buffer(name, F.normalize(torch.randn(config.bank, width), dim=1))
        self.register_buffer("bank_labels", torch.full((config.bank,), NO_LABEL))
        self.register_buffer("label_bank", torch.zeros(config.samples, config.classes))
        self.pointer = 0
        self.to(config.device, number).to(memory_format=self.layout).train()

        query = [p for p in self.networks.parameters() if p.requires_grad]
        options = {"fused": True} if self.networks.cheap and config.device == "cuda" else {}
        self.adam = torch.optim.Adam(query, betas=config.betas, eps=config.epsilon, **options)
        self.passes = self.both_passes

    def compile_passes(self):
        """Augmentation, both forward passes and the losses become one graph, and its gradient."""
        self.passes = torch.compile(self.both_passes, mode="max-autotune")

    def both_passes(self, images, landmarks, labels, indices, drawn):
        """The four losses, T, both keys and the pseudo labels. With `drawn`, images are bytes to be
        augmented; without, what the networks take."""
        with torch.no_grad():
            if drawn is not None:
                images, landmarks = self.augmentation(images, landmarks, drawn)
            images = images.contiguous(memory_format=self.layout)
            targets = losses.heatmap_targets(landmarks, self.config.image // 4)
        with torch.autocast(self.config.device, dtype=torch.bfloat16, enabled=self.autocast):
            keys = self.networks.keys(images)
            u, logits, v, heatmaps = self.networks.f_q(images)
            queries = self.networks.projected(u, v, 0)
            target = self.target_distribution(u, v, wide(logits), indices)
        with without_autocast(self.config.device):
            logits = wide(logits)
            pseudo = losses.pseudo_labels(target, indices, self.config.confidence)
            return (F.cross_entropy(logits, labels),
                    losses.adaptive_wing(wide(heatmaps), *targets),
                    losses.divergence(target, logits),
                    self.contrastive(queries, keys, pseudo)), target.detach(), keys, pseudo

    def target_distribution(self, u, v, logits, indices):
        """T. The pair networks may run under autocast, what is around them does not."""
        probabilities = logits.softmax(dim=1)
        smooth, k = self.networks.f_q.smooth, self.config.neighbours
        current = 0
        for feature, network in ((u, smooth.fer_score), (v, smooth.lm_score)):
            with without_autocast(self.config.device):
                nearest = losses.neighbours(wide(feature), k)
            if self.networks.cheap:
                scores = network.chosen_pairs(feature, nearest)
                mix = losses.neighbour_distribution_cheap
            else:
                scores = network.all_pairs(feature)
                mix = losses.neighbour_distribution_published
            with without_autocast(self.config.device):
                current = current + mix(wide(scores), nearest, probabilities) / 2
        kept = self.config.label_momentum
        return kept * self.label_bank[indices] + (1 - kept) * current

    def contrastive(self, queries, keys, pseudo):
        one = losses.contrastive_cheap if self.networks.cheap else losses.contrastive_published
        rest = (pseudo, self.bank_labels, self.config.temperature)
        return (one(queries[0], keys[1], self.landmark_bank, *rest) +
                one(queries[1], keys[0], self.expression_bank, *rest))

    def run(self, images, landmarks, labels, indices, learning_rate, drawn=None):
        """A step; returns the four losses and their weighted sum, on the device."""
        self.networks.update_momentum(self.config.key_momentum)
        terms, target, keys, pseudo = self.passes(images, landmarks, labels, indices, drawn)
        self.write_label_bank(indices, target)
        total = sum(weight * term for weight, term in zip(self.config.loss_weights, terms))
        self.adam.zero_grad(set_to_none=True)
        total.backward()
        for group in self.adam.param_groups:
            group["lr"] = learning_rate
        self.adam.step()
        self.enqueue(keys, pseudo)
        return [term.detach() for term in terms] + [total.detach()]

    def write_label_bank(self, indices, target):
        """Of two positions with one sample the later is written, by both of them."""
        count = indices.shape[0]
        place = torch.arange(count, device=indices.device)
        same = indices.unsqueeze(1) == indices.unsqueeze(0)
        last = torch.where(same, place, -1).max(dim=1).values
        self.label_bank.index_copy_(0, indices, target[last])

    def enqueue(self, keys, pseudo):
        count = pseudo.shape[0]
        rows = (torch.arange(count, device=pseudo.device) + self.pointer) % self.config.bank
        self.expression_bank.index_copy_(0, rows, keys[0])
        self.landmark_bank.index_copy_(0, rows, keys[1])
        self.bank_labels.index_copy_(0, rows, pseudo)
        self.pointer = (self.pointer + count) % self.config.bank
