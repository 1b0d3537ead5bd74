"""Golden cases of rmsprop."""

import torch

from common import op
from vocabulary.optimizers import inside, inside_cases, one_step, root_cases


def witness(inputs, attrs):
    if attrs.get('epsilonInside'):
        return 'torch.optim.RMSprop for the squares, then Keras\'s w − η·g/√(s + ε) in torch.addcdiv'
    return 'torch.optim.RMSprop'


@op(witness, differentiable=False)
def rmsprop(w, g, meanSquare, *, learningRate, decay=0.99, epsilon=1e-8, weightDecay=0, epsilonInside=False):
    settings = dict(lr=learningRate, alpha=decay, eps=epsilon, weight_decay=weightDecay)
    after, state = one_step(torch.optim.RMSprop, w, g, {'step': 0, 'square_avg': meanSquare}, settings)
    if epsilonInside:
        after = inside(w, g + weightDecay * w, state['square_avg'], learningRate, epsilon)
    return {'w': after, 'meanSquare': state['square_avg']}


def cases(rng):
    yield from root_cases(rng, rmsprop, ['meanSquare'], {'learningRate': 0.125}, {
        'learningRate': [0.125, 0.5], 'decay': [0.99, 0.75, 0, 1], 'epsilon': [2.0 ** -10, 1e-8, 0.25],
        'weightDecay': [0, 0.0625]})
    yield from inside_cases(rng, rmsprop, 'meanSquare', {
        'learningRate': [0.125, 0.5], 'decay': [0.75, 0, 1], 'epsilon': [2.0 ** -10, 1e-7, 0.25], 'weightDecay': [0, 0.0625]})
