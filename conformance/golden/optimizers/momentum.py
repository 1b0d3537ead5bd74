"""Golden cases of momentum."""

import itertools

import torch

from common import ask, draw, op, without_defaults
from vocabulary.optimizers import optimizer_step, run_of_steps


def witness(inputs, attrs):
    if attrs.get('momentum') == 0:
        return 'torch.optim.SGD; velocity is the decayed gradient, as PyTorch keeps none'
    return 'torch.optim.SGD'


@op(witness, differentiable=False)
def momentum(w, g, velocity, *, learningRate, momentum=0.9, nesterov=False, weightDecay=0):
    settings = dict(lr=learningRate, momentum=momentum, nesterov=nesterov, weight_decay=weightDecay)
    after, buffer = optimizer_step(w, g, velocity, **settings)
    # with μ = 0 PyTorch keeps no buffer; the catalogue's v′ = 0·v + g is then the gradient itself
    return {'w': after, 'velocity': g + weightDecay * w if momentum == 0 else buffer}


def cases(rng):
    for shape in [(), (5,), (2, 3), (2, 1, 3), (2, 1, 2, 2)]:
        start = {'velocity': torch.zeros(shape, dtype=torch.float64)}
        yield from run_of_steps(rng, momentum, shape, {'learningRate': 0.125}, 2, start)
    choices = {'momentum': [0.9, 0.5], 'nesterov': [False, True], 'weightDecay': [0, 0.0625]}
    for values in itertools.product(*choices.values()):
        attrs = {'learningRate': 0.25, **without_defaults(momentum, dict(zip(choices, values)))}
        for kind, velocity in [('rest', torch.zeros(3, 2, dtype=torch.float64)), ('moving', draw(rng, (3, 2)))]:
            for case in run_of_steps(rng, momentum, (3, 2), attrs, 3, {'velocity': velocity}):
                yield {**case, 'name': f'{case["name"]}, starting {"at rest" if kind == "rest" else "in motion"}'}
    alexnet = {'learningRate': 0.01, 'weightDecay': 0.0005}
    yield from run_of_steps(rng, momentum, (4,), alexnet, 5, {'velocity': torch.zeros(4, dtype=torch.float64)})
    yield from run_of_steps(rng, momentum, (4,), {'learningRate': 0.125, 'momentum': 0}, 2,
                            {'velocity': draw(rng, (4,))})
    yield from run_of_steps(rng, momentum, (4,), {'learningRate': 0.125, 'momentum': 0, 'weightDecay': 0.25}, 2,
                            {'velocity': draw(rng, (4,))})
    yield from run_of_steps(rng, momentum, (4,), {'learningRate': 0}, 1, {'velocity': draw(rng, (4,))})
    still = {'w': draw(rng, (3,)), 'g': torch.zeros(3, dtype=torch.float64), 'velocity': draw(rng, (3,))}
    yield ask(rng, momentum, 'momentum: a zero gradient leaves μ·v', still, {'learningRate': 0.25, 'momentum': 0.5})
