"""Golden cases of globalAvgPool."""

import torch
import torch.nn.functional as F

from common import ask, draw, INFINITY, NAN, op, tensor


@op('F.adaptive_avg_pool2d')
def globalAvgPool(x):
    return {'y': torch.flatten(F.adaptive_avg_pool2d(x, 1), 1)}


def cases(rng):
    for shape in [(2, 3, 4, 5), (1, 1, 1, 1), (3, 2, 1, 1), (1, 2, 1, 7), (2, 1, 6, 1), (1, 3, 3, 3), (2, 4, 7, 7),
                  (4, 1, 2, 8)]:
        yield ask(rng, globalAvgPool, f'globalAvgPool: shape {list(shape)}', {'x': draw(rng, shape)})
    constant = torch.full((1, 2, 3, 5), 0.75, dtype=torch.float64)
    yield ask(rng, globalAvgPool, 'globalAvgPool: a constant plane', {'x': constant})
    special = tensor([[[[1, NAN], [3, 4]], [[INFINITY, 2], [0, -1]], [[INFINITY, -INFINITY], [1, 1]]]])
    yield ask(rng, globalAvgPool, 'globalAvgPool: NaN and Infinity come through', {'x': special}, backward=False)
