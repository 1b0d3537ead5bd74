"""Golden cases of dense."""

import torch.nn.functional as F

from common import ask, draw, op


@op('F.linear')
def dense(x, w, b=None):
    return {'y': F.linear(x, w, b)}


def cases(rng):
    for N, I, O, bias in [(3, 4, 2, True), (3, 4, 2, False), (1, 5, 3, True), (2, 1, 3, True), (3, 7, 1, False),
                          (1, 1, 1, True), (1, 1, 1, False), (5, 9, 11, True), (7, 16, 5, False)]:
        inputs = {'x': draw(rng, (N, I)), 'w': draw(rng, (O, I)), **({'b': draw(rng, (O,))} if bias else {})}
        yield ask(rng, dense, f'dense: {N} rows of {I} to {O} with{"" if bias else "out"} bias', inputs)
