"""Golden cases of reshape."""

import torch

from common import ask, draw, INFINITY, NAN, op, tensor


@op('torch.reshape')
def reshape(x, *, shape):
    return {'y': torch.reshape(x, shape)}


def cases(rng):
    for shape, after in [((2, 3), (3, 2)), ((2, 3), (6,)), ((12,), (2, 3, 2)), ((3, 1, 2), (1, 6, 1)),
                         ((2, 3, 2, 2), (4, 6)), ((2, 1, 3, 1, 2), (3, 4)), ((), (1, 1)), ((1, 1, 1), ()),
                         ((2, 2, 4), (2, 4, 2)), ((3, 4), (3, 4))]:
        yield ask(rng, reshape, f'reshape: from {list(shape)} to {list(after)}',
                  {'x': draw(rng, shape)}, {'shape': after})
    special = {'x': tensor([[NAN, INFINITY], [-INFINITY, -0.0]])}
    yield ask(rng, reshape, 'reshape: NaN and infinities are numbers like others', special, {'shape': (4, 1)})
