"""Golden cases of minMaxNormalize."""

import torch

from common import ask, draw, op, tensor, told
from vocabulary.features import ROWS


@op('torch.aminmax and torch.lerp')
def minMaxNormalize(x, apply=None, *, low=0, high=1):
    least, most = torch.aminmax(x, dim=0)
    share = ((x if apply is None else apply) - least) / (most - least)
    y = torch.lerp(tensor(low), tensor(high), share)
    return {'y': torch.where(most > least, y, torch.full_like(y, low))}


def cases(rng):
    for N, D in ROWS:
        yield ask(rng, minMaxNormalize, f'minMaxNormalize: shape {[N, D]}', {'x': draw(rng, (N, D))}, backward=False)
        inputs = {'x': draw(rng, (N, D)), 'apply': draw(rng, (3, D), span=4)}
        yield ask(rng, minMaxNormalize, f'minMaxNormalize: shape {[N, D]}, applied to three rows that may lie outside',
                  inputs, backward=False)
    for attrs in [{'low': -1}, {'high': 255}, {'low': 0.25, 'high': 0.75}, {'low': -8, 'high': -2.5}]:
        yield ask(rng, minMaxNormalize, f'minMaxNormalize: {told(attrs)}', {'x': draw(rng, (5, 3))}, attrs, backward=False)
        inputs = {'x': draw(rng, (5, 3)), 'apply': draw(rng, (4, 3), span=4)}
        yield ask(rng, minMaxNormalize, f'minMaxNormalize: {told(attrs)}, applied', inputs, attrs, backward=False)
    constant = {'x': torch.full((3, 2), 0.1, dtype=torch.float64), 'apply': draw(rng, (2, 2))}
    for attrs in [{}, {'low': -2, 'high': 3}]:
        yield ask(rng, minMaxNormalize, f'minMaxNormalize: constant features are low, {told(attrs) or "0 by default"}',
                  constant, attrs, backward=False)
    offset = {'x': 1000 + draw(rng, (6, 2))}
    yield ask(rng, minMaxNormalize, 'minMaxNormalize: an offset of 1000', offset, backward=False)
