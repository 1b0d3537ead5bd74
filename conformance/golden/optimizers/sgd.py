"""Golden cases of sgd."""

import torch

from common import ask, draw, op
from vocabulary.optimizers import optimizer_step, run_of_steps


@op('torch.optim.SGD', differentiable=False)
def sgd(w, g, *, learningRate, weightDecay=0):
    return {'w': optimizer_step(w, g, None, lr=learningRate, weight_decay=weightDecay)[0]}


def cases(rng):
    for shape in [(), (5,), (2, 3), (2, 1, 3), (2, 1, 2, 2)]:
        yield from run_of_steps(rng, sgd, shape, {'learningRate': 0.125}, 1, {})
    yield from run_of_steps(rng, sgd, (3, 2), {'learningRate': 0.125}, 3, {})
    yield from run_of_steps(rng, sgd, (3, 2), {'learningRate': 0.5, 'weightDecay': 0.0625}, 3, {})
    yield from run_of_steps(rng, sgd, (4,), {'learningRate': 0.01, 'weightDecay': 0.0005}, 3, {})
    yield from run_of_steps(rng, sgd, (4,), {'learningRate': 0, 'weightDecay': 0.5}, 1, {})
    still = {'w': draw(rng, (3,)), 'g': torch.zeros(3, dtype=torch.float64)}
    yield ask(rng, sgd, 'sgd: a zero gradient leaves the weights', still, {'learningRate': 0.25})
    yield ask(rng, sgd, 'sgd: a zero gradient leaves the decay', still, {'learningRate': 0.25, 'weightDecay': 0.125})
