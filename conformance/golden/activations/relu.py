"""Golden cases of relu."""

import torch

from common import ask, op, tensor
from vocabulary.activations import activation_cases


@op('torch.relu')
def relu(x):
    return {'y': torch.relu(x)}


def cases(rng):
    yield from activation_cases(rng, relu)
    yield ask(rng, relu, 'relu: the derivative at exactly 0 is 0', {'x': tensor([[0.0, -0.0], [1.0, -1.0]])})
