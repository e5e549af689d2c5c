"""Label distribution (design: LA-Net part 2) and losses (part 3), in both formulations."""

import math

import torch
from torch.nn import functional as F

TINY = 1e-8  # the epsilon of the normalised pair weights
# Takes a key out of a logsumexp. Cosines over the temperature never come near; unlike -infinity it
# leaves no NaN in the gradient where a row has no key left.
MASKED = -1e4


def neighbours(feature, k):
    """[B, K]: the k rows of largest cosine with each row, itself excluded."""
    unit = F.normalize(feature.detach(), dim=1)
    similarity = unit @ unit.t()
    return similarity.fill_diagonal_(-math.inf).topk(k, dim=1).indices


def neighbour_distribution_published(scores, nearest, probabilities):
    """d_s [B, C] from scores of all pairs [B, B]."""
    count = scores.shape[0]
    chosen = torch.zeros_like(scores).scatter_(1, nearest, 1.0)
    w = scores * chosen
    w = (w + TINY / count) / (w.sum(dim=1, keepdim=True) + TINY)
    return w @ probabilities


def neighbour_distribution_cheap(scores, nearest, probabilities):
    """The same from scores of the chosen pairs [B, K]; every other pair counts TINY / B."""
    count = probabilities.shape[0]
    mass = (scores.unsqueeze(2) * probabilities[nearest]).sum(dim=1)
    rest = TINY / count * probabilities.sum(dim=0)
    return (mass + rest) / (scores.sum(dim=1, keepdim=True) + TINY)


def pseudo_labels(target, indices, threshold):
    """The class, or for a sample without a confident one a negative number that is its own."""
    confidence, label = target.detach().max(dim=1)
    return torch.where(confidence < threshold, -(indices + 1), label)


def heatmap_targets(landmarks, side):
    """Targets and weights [B, L, side, side] from landmarks [B, L, 2] in input pixels."""
    centre = torch.floor(landmarks / 4 + 0.5)
    cells = torch.arange(side, device=landmarks.device, dtype=landmarks.dtype)
    offset = cells - centre.unsqueeze(3)  # [B, L, 2, side]
    inside = (offset >= -5) & (offset <= 4)
    bell = torch.exp(-offset ** 2 / (2 * 1.5 ** 2)) * inside
    target = bell[:, :, 1].unsqueeze(3) * bell[:, :, 0].unsqueeze(2)
    dilated = F.max_pool2d(target, 3, stride=1, padding=1)
    return target, torch.where(dilated > 0.2, 10.0, 1.0).to(target.dtype)


def adaptive_wing(prediction, target, weight):
    alpha, omega, epsilon, theta = 2.1, 14.0, 1.0, 0.5
    power = alpha - target
    difference = (target - prediction).abs()
    ratio = theta / epsilon
    slope = omega / (1 + ratio ** power) * power * ratio ** (power - 1) / epsilon
    offset = theta * slope - omega * torch.log1p(ratio ** power)
    near = omega * torch.log1p((difference / epsilon) ** power)
    return (torch.where(difference < theta, near, slope * difference - offset) * weight).mean()


def divergence(target, logits):
    """KL(target || softmax(logits)), the mean over the batch, with a gradient to both."""
    terms = torch.xlogy(target, target) - target * F.log_softmax(logits, dim=1)
    return terms.sum(dim=1).mean()


def positive_weights(labels, dtype):
    """[B, B]: 1/(B n_i) where the labels of i and j are equal, n_i such j in all."""
    same = (labels.unsqueeze(1) == labels.unsqueeze(0)).to(dtype)
    return same / (same.sum(dim=1, keepdim=True) * labels.shape[0])


def contrastive_published(q, k, bank, labels, bank_labels, temperature):
    """One direction; each pair (i, j) has its own row of logits, [B, B, 1 + M] in all."""
    count, rows = q.shape[0], bank.shape[0]
    positives = q @ k.t() / temperature
    negatives = q @ bank.t() / temperature
    masked = (labels.unsqueeze(1) == bank_labels.unsqueeze(0)).unsqueeze(1)
    negatives = negatives.unsqueeze(1).expand(count, count, rows).masked_fill(masked, MASKED)
    logits = torch.cat([positives.unsqueeze(2), negatives], dim=2)
    loss = -F.log_softmax(logits, dim=2)[:, :, 0]
    return (positive_weights(labels, q.dtype) * loss).sum()


def contrastive_cheap(q, k, bank, labels, bank_labels, temperature):
    """One direction; the negatives of a row are the same for all its positives."""
    positives = q @ k.t() / temperature
    negatives = q @ bank.t() / temperature
    masked = labels.unsqueeze(1) == bank_labels.unsqueeze(0)
    total = torch.logsumexp(negatives.masked_fill(masked, MASKED), dim=1, keepdim=True)
    return (positive_weights(labels, q.dtype) * F.softplus(total - positives)).sum()
