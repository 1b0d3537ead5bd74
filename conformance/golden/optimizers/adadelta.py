"""Golden cases of adadelta."""

import torch

from common import op
from vocabulary.optimizers import one_step, root_cases


@op('torch.optim.Adadelta', differentiable=False)
def adadelta(w, g, meanSquare, meanSquareDelta, *, learningRate=1, decay=0.9, epsilon=1e-6, weightDecay=0):
    settings = dict(lr=learningRate, rho=decay, eps=epsilon, weight_decay=weightDecay)
    before = {'step': 0, 'square_avg': meanSquare, 'acc_delta': meanSquareDelta}
    after, state = one_step(torch.optim.Adadelta, w, g, before, settings)
    return {'w': after, 'meanSquare': state['square_avg'], 'meanSquareDelta': state['acc_delta']}


def cases(rng):
    yield from root_cases(rng, adadelta, ['meanSquare', 'meanSquareDelta'], {}, {
        'learningRate': [1, 0.125], 'decay': [0.9, 0.75, 0, 1], 'epsilon': [1e-6, 0.25, 2.0 ** -10],
        'weightDecay': [0, 0.0625]})
