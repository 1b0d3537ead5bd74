"""Golden cases of flatten."""

import torch

from common import ask, draw, op


@op('torch.flatten')
def flatten(x):
    return {'y': torch.flatten(x, 1)}


def cases(rng):
    for shape in [(2, 3), (3, 2, 4), (2, 3, 2, 2), (1, 2, 1, 3, 2), (1, 1, 1, 1), (3, 1)]:
        yield ask(rng, flatten, f'flatten: shape {list(shape)}', {'x': draw(rng, shape)})
