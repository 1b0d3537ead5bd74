"""Golden cases of sigmoid."""

import torch

from common import op
from vocabulary.activations import activation_cases


@op('torch.sigmoid')
def sigmoid(x):
    return {'y': torch.sigmoid(x)}


def cases(rng):
    yield from activation_cases(rng, sigmoid)
