"""Golden cases of l2Penalty."""

import itertools

from common import ask, draw, op, SHAPES


@op('the catalogue\'s formula in torch, with autograd')
def l2Penalty(w, *, beta):
    return {'loss': beta / 2 * (w * w).sum()}


def cases(rng):
    for shape, beta in itertools.product(SHAPES, [0.5, 0.0625, 0.0005]):
        yield ask(rng, l2Penalty, f'l2Penalty: shape {list(shape)}, beta {beta}', {'w': draw(rng, shape)},
                  {'beta': beta})
    yield ask(rng, l2Penalty, 'l2Penalty: beta 0 costs nothing', {'w': draw(rng, (3,))}, {'beta': 0})
