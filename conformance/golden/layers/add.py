"""Golden cases of add."""

import torch

from common import ask, draw, INFINITY, NAN, op, SHAPES, tensor


@op('torch.add')
def add(a, b):
    return {'y': torch.add(a, b)}


def cases(rng):
    for shape in SHAPES:
        yield ask(rng, add, f'add: shape {list(shape)}', {'a': draw(rng, shape), 'b': draw(rng, shape)})
    infinities = {'a': tensor([INFINITY, INFINITY, -INFINITY, NAN]), 'b': tensor([1, -INFINITY, -INFINITY, 0])}
    yield ask(rng, add, 'add: infinities and NaN', infinities)
    yield ask(rng, add, 'add: overflow is Infinity', {'a': tensor([1e308, -1e308]), 'b': tensor([1e308, -1e308])})
    cancelling = {'a': tensor([1, -1, 0.5, 0, -0.0]), 'b': tensor([-1, 1, 2.0 ** -20, -0.0, -0.0])}
    yield ask(rng, add, 'add: cancellation, small against large, signed zeros', cancelling)
