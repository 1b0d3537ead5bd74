"""Golden cases of adagrad."""

import torch

from common import op
from vocabulary.optimizers import inside, inside_cases, one_step, root_cases


def witness(inputs, attrs):
    if attrs.get('epsilonInside'):
        return 'torch.optim.Adagrad for the squares, then Keras\'s w − η·g/√(s + ε) in torch.addcdiv'
    return 'torch.optim.Adagrad'


@op(witness, differentiable=False)
def adagrad(w, g, accumulator, *, learningRate, epsilon=1e-10, weightDecay=0, epsilonInside=False):
    settings = dict(lr=learningRate, eps=epsilon, weight_decay=weightDecay)
    after, state = one_step(torch.optim.Adagrad, w, g, {'sum': accumulator}, settings)
    if epsilonInside:
        after = inside(w, g + weightDecay * w, state['sum'], learningRate, epsilon)
    return {'w': after, 'accumulator': state['sum']}


def cases(rng):
    yield from root_cases(rng, adagrad, ['accumulator'], {'learningRate': 0.125}, {
        'learningRate': [0.125, 0.5], 'epsilon': [1e-10, 0.25, 2.0 ** -10], 'weightDecay': [0, 0.0625]})
    yield from inside_cases(rng, adagrad, 'accumulator', {
        'learningRate': [0.125, 0.5], 'epsilon': [2.0 ** -10, 1e-7, 0.25], 'weightDecay': [0, 0.0625]})
