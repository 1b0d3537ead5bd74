"""Golden cases of bce."""

import itertools

import torch.nn.functional as F

from common import ask, draw_between, op, SHAPES, tensor
from vocabulary.losses import BY_FORMULA, reduced, REDUCTIONS, weighted_log


def away_from_certainty(prediction):
    return 1e-6 <= prediction.min() and prediction.max() <= 1 - 1e-6


def witness(inputs, attrs):
    if away_from_certainty(inputs['prediction']):
        return 'F.binary_cross_entropy'
    return BY_FORMULA


@op(witness)
def bce(prediction, target, *, reduction='mean'):
    if away_from_certainty(prediction):
        return {'loss': F.binary_cross_entropy(prediction, target, reduction=reduction)}
    # near 0 and 1 PyTorch clamps the logarithm at −100 and the gradient's denominator at 1e-12; the catalogue does not
    terms = -(weighted_log(target, prediction) + weighted_log(1 - target, 1 - prediction))
    return {'loss': reduced(terms, reduction, terms.numel())}


def cases(rng):
    for shape, reduction in itertools.product(SHAPES[1:5], REDUCTIONS):
        for kind, target in [('soft', draw_between(rng, shape, 0, 1)), ('hard', draw_between(rng, shape, 0, 1, 1))]:
            inputs = {'prediction': draw_between(rng, shape, 1 / 64, 63 / 64), 'target': target}
            yield ask(rng, bce, f'bce: {kind} targets, shape {list(shape)}, reduction {reduction}',
                      inputs, {'reduction': reduction})
    certain = {'prediction': tensor([0, 1, 0.5, 0.25]), 'target': tensor([0, 1, 1, 0])}
    wrong = {'prediction': tensor([0, 1, 0, 1]), 'target': tensor([1, 0, 0.5, 0.5])}
    close = {'prediction': tensor([2.0 ** -149, 2.0 ** -60, 1 - 2.0 ** -24, 2.0 ** -24]),
             'target': tensor([1, 1, 0, 0.25])}
    for reduction in REDUCTIONS:
        attrs = {'reduction': reduction}
        yield ask(rng, bce, f'bce: 0·log 0 is 0, also in the gradient, reduction {reduction}', certain, attrs)
        yield ask(rng, bce, f'bce: certain and wrong is Infinity, reduction {reduction}', wrong, attrs)
        yield ask(rng, bce, f'bce: no clamp close to 0 and 1, reduction {reduction}', close, attrs)
