"""Golden cases of bceWithLogits."""

import itertools

import torch.nn.functional as F

from common import ask, draw, draw_between, op, SHAPES, tensor
from vocabulary.activations import SATURATING
from vocabulary.losses import REDUCTIONS


@op('F.binary_cross_entropy_with_logits')
def bceWithLogits(logits, target, *, reduction='mean'):
    return {'loss': F.binary_cross_entropy_with_logits(logits, target, reduction=reduction)}


def cases(rng):
    for shape, reduction in itertools.product(SHAPES[1:5], REDUCTIONS):
        for kind, target in [('soft', draw_between(rng, shape, 0, 1)), ('hard', draw_between(rng, shape, 0, 1, 1))]:
            yield ask(rng, bceWithLogits, f'bceWithLogits: {kind} targets, shape {list(shape)}, reduction {reduction}',
                      {'logits': draw(rng, shape), 'target': target}, {'reduction': reduction})
    sure = {'logits': tensor(SATURATING), 'target': tensor([0, 1, 0.5, 0.25, 1, 0, 1, 0, 1, 0.75])}
    vast = {'logits': tensor([1e4, -1e4, 1e30, -1e30, 1e30, -1e30]), 'target': tensor([0, 1, 0, 1, 1, 0])}
    for reduction in REDUCTIONS:
        yield ask(rng, bceWithLogits, f'bceWithLogits: logits from -100 to 100, reduction {reduction}', sure,
                  {'reduction': reduction})
        yield ask(rng, bceWithLogits, f'bceWithLogits: logits of up to ±10³⁰, reduction {reduction}', vast,
                  {'reduction': reduction})
