"""Golden cases of mul."""

import torch

from common import ask, draw, INFINITY, NAN, op, SHAPES, tensor


@op('torch.mul')
def mul(a, b):
    return {'y': torch.mul(a, b)}


def cases(rng):
    for shape in SHAPES:
        yield ask(rng, mul, f'mul: shape {list(shape)}', {'a': draw(rng, shape), 'b': draw(rng, shape)})
    gate = {'a': draw(rng, (2, 3)), 'b': tensor([[0, 1, -0.0], [1, 0, 0.5]])}
    yield ask(rng, mul, 'mul: a gate of zeros and ones', gate)
    special = {'a': tensor([INFINITY, INFINITY, NAN, -INFINITY]), 'b': tensor([0, -2, 0, -INFINITY])}
    yield ask(rng, mul, 'mul: infinities and NaN', special)
    extreme = {'a': tensor([1e200, 1e-200]), 'b': tensor([-1e200, 1e-200])}
    yield ask(rng, mul, 'mul: overflow is an infinity, underflow 0', extreme)
