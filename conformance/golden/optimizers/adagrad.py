"""Golden cases of adagrad."""

import torch

from common import op
from vocabulary.optimizers import one_step, root_cases


@op('torch.optim.Adagrad', differentiable=False)
def adagrad(w, g, accumulator, *, learningRate, epsilon=1e-10, weightDecay=0):
    settings = dict(lr=learningRate, eps=epsilon, weight_decay=weightDecay)
    after, state = one_step(torch.optim.Adagrad, w, g, {'sum': accumulator}, settings)
    return {'w': after, 'accumulator': state['sum']}


def cases(rng):
    yield from root_cases(rng, adagrad, ['accumulator'], {'learningRate': 0.125}, {
        'learningRate': [0.125, 0.5], 'epsilon': [1e-10, 0.25, 2.0 ** -10], 'weightDecay': [0, 0.0625]})
