"""Golden cases of mse."""

import itertools

import torch.nn.functional as F

from common import ask, draw, op, SHAPES
from vocabulary.losses import REDUCTIONS


@op('F.mse_loss')
def mse(prediction, target, *, reduction='mean'):
    return {'loss': F.mse_loss(prediction, target, reduction=reduction)}


def cases(rng):
    for shape, reduction in itertools.product(SHAPES[1:], REDUCTIONS):
        inputs = {'prediction': draw(rng, shape), 'target': draw(rng, shape)}
        yield ask(rng, mse, f'mse: shape {list(shape)}, reduction {reduction}', inputs, {'reduction': reduction})
    same = draw(rng, (2, 3))
    yield ask(rng, mse, 'mse: a perfect prediction has loss and gradient 0', {'prediction': same, 'target': same})
