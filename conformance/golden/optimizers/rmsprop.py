"""Golden cases of rmsprop."""

import torch

from common import op
from vocabulary.optimizers import one_step, root_cases


@op('torch.optim.RMSprop', differentiable=False)
def rmsprop(w, g, meanSquare, *, learningRate, decay=0.99, epsilon=1e-8, weightDecay=0):
    settings = dict(lr=learningRate, alpha=decay, eps=epsilon, weight_decay=weightDecay)
    after, state = one_step(torch.optim.RMSprop, w, g, {'step': 0, 'square_avg': meanSquare}, settings)
    return {'w': after, 'meanSquare': state['square_avg']}


def cases(rng):
    yield from root_cases(rng, rmsprop, ['meanSquare'], {'learningRate': 0.125}, {
        'learningRate': [0.125, 0.5], 'decay': [0.99, 0.75, 0, 1], 'epsilon': [2.0 ** -10, 1e-8, 0.25],
        'weightDecay': [0, 0.0625]})
