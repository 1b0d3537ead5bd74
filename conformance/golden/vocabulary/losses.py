"""Targets, and what losses are reduced by."""

import torch
import torch.nn.functional as F

from common import tensor


BY_FORMULA = 'the catalogue\'s formula in torch.log, with autograd'
REDUCTIONS = ['mean', 'sum', 'none']


def reduced(terms, reduction, count):
    return {'none': terms, 'sum': terms.sum(), 'mean': terms.sum() / count}[reduction]


def weighted_log(t, p):
    """t · log p, with value and gradient 0 where t is 0 (torch.xlogy has the value but a gradient of 0/0 at p = 0)."""
    return torch.where(t == 0, torch.zeros_like(p), t * torch.log(torch.where(t == 0, torch.ones_like(p), p)))


def one_hot(rng, shape):
    N, C = shape
    return F.one_hot(torch.tensor([rng.randrange(C) for _ in range(N)]), C).to(torch.float64)


def distributions(rng, shape):
    """Rows of sixteenths that sum to 1 exactly."""
    counts = [[0] * shape[1] for _ in range(shape[0])]
    for row in counts:
        for _ in range(16):
            row[rng.randrange(shape[1])] += 1
    return tensor(counts) / 16
