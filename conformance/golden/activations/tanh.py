"""Golden cases of tanh."""

import torch

from common import op
from vocabulary.activations import activation_cases


@op('torch.tanh')
def tanh(x):
    return {'y': torch.tanh(x)}


def cases(rng):
    yield from activation_cases(rng, tanh)
