"""Golden cases of cce."""

import itertools

from common import ask, draw_between, op, tensor
from vocabulary.losses import BY_FORMULA, one_hot, reduced, REDUCTIONS, weighted_log


@op(BY_FORMULA)
def cce(prediction, target, *, reduction='mean'):
    terms = -weighted_log(target, prediction).sum(1)
    return {'loss': reduced(terms, reduction, len(terms))}


def cases(rng):
    for shape, reduction in itertools.product([(3, 4), (1, 5), (4, 1), (5, 3)], REDUCTIONS):
        for kind, target in [('soft', draw_between(rng, shape, 0, 1)), ('one-hot', one_hot(rng, shape))]:
            inputs = {'prediction': draw_between(rng, shape, 1 / 64, 63 / 64), 'target': target}
            yield ask(rng, cce, f'cce: {kind} targets, shape {list(shape)}, reduction {reduction}',
                      inputs, {'reduction': reduction})
    certain = {'prediction': tensor([[0, 1, 0], [0.5, 0, 0.5]]), 'target': tensor([[0, 1, 0], [0.25, 0, 0.75]])}
    wrong = {'prediction': tensor([[0, 1, 0], [0.5, 0.25, 0.25]]), 'target': tensor([[1, 0, 0], [0, 1, 0]])}
    for reduction in REDUCTIONS:
        attrs = {'reduction': reduction}
        yield ask(rng, cce, f'cce: 0·log 0 is 0, also in the gradient, reduction {reduction}', certain, attrs)
        yield ask(rng, cce, f'cce: certain and wrong is Infinity, reduction {reduction}', wrong, attrs)
