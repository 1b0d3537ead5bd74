"""Golden cases of softmaxCrossEntropy."""

import itertools

import torch
import torch.nn.functional as F

from common import ask, draw, draw_between, op, tensor
from vocabulary.losses import distributions, one_hot, REDUCTIONS


@op('F.cross_entropy')
def softmaxCrossEntropy(logits, target, *, reduction='mean'):
    return {'loss': F.cross_entropy(logits, target, reduction=reduction)}


def cases(rng):
    for shape, reduction in itertools.product([(3, 4), (1, 5), (4, 1), (5, 3)], REDUCTIONS):
        targets = [('one-hot', one_hot(rng, shape)), ('soft', distributions(rng, shape)),
                   ('not summing to 1', draw_between(rng, shape, 0, 1))]
        for kind, target in targets:
            inputs = {'logits': draw(rng, shape), 'target': target}
            yield ask(rng, softmaxCrossEntropy,
                      f'softmaxCrossEntropy: targets {kind}, shape {list(shape)}, reduction {reduction}',
                      inputs, {'reduction': reduction})
    huge = tensor([[1e4, -1e4, 0], [-1e4, -1e4, 1e4], [100, -100, 99]])
    target = tensor([[0, 1, 0], [0, 0, 1], [0.5, 0.25, 0.125]])
    for reduction in REDUCTIONS:
        yield ask(rng, softmaxCrossEntropy, f'softmaxCrossEntropy: logits of ±10⁴, reduction {reduction}',
                  {'logits': huge, 'target': target}, {'reduction': reduction})
    nothing = {'logits': draw(rng, (2, 3)), 'target': torch.zeros(2, 3, dtype=torch.float64)}
    yield ask(rng, softmaxCrossEntropy, 'softmaxCrossEntropy: a target of zeros has loss 0', nothing)
