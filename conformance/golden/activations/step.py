"""Golden cases of step."""

import torch

from common import ask, draw, INFINITY, NAN, op, SHAPES, tensor


@op('torch.heaviside')
def step(x):
    return {'y': torch.heaviside(x, torch.ones_like(x))}


def cases(rng):
    for shape in SHAPES:
        yield ask(rng, step, f'step: shape {list(shape)}', {'x': draw(rng, shape)}, backward=False)
    yield ask(rng, step, 'step: at exactly 0 it is 1', {'x': tensor([[0.0, -0.0], [1.0, -1.0]])}, backward=False)
    tiny = tensor([2.0 ** -126, -(2.0 ** -126), 2.0 ** -40, -(2.0 ** -40)])
    yield ask(rng, step, 'step: close to the threshold', {'x': tiny}, backward=False)
    special = tensor([INFINITY, -INFINITY, NAN])
    yield ask(rng, step, 'step: infinities; NaN is not above the threshold', {'x': special}, backward=False)
