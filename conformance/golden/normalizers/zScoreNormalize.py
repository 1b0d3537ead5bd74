"""Golden cases of zScoreNormalize."""

import torch
import torch.nn.functional as F

from common import ask, draw, op
from vocabulary.features import ROWS


@op('F.batch_norm without ε; for data to apply it to, with the statistics of torch.var_mean')
def zScoreNormalize(x, apply=None):
    if apply is None:
        return {'y': F.batch_norm(x, None, None, training=True, eps=0)}
    var, mean = torch.var_mean(x, 0, unbiased=False)
    return {'y': F.batch_norm(apply, mean, var, training=False, eps=0)}


def cases(rng):
    for N, D in ROWS:
        yield ask(rng, zScoreNormalize, f'zScoreNormalize: shape {[N, D]}', {'x': draw(rng, (N, D))}, backward=False)
        inputs = {'x': draw(rng, (N, D)), 'apply': draw(rng, (3, D), span=4)}
        yield ask(rng, zScoreNormalize, f'zScoreNormalize: shape {[N, D]}, applied to three rows', inputs, backward=False)
    for offset in [10, 1000]:
        yield ask(rng, zScoreNormalize, f'zScoreNormalize: a mean of {offset} does not swallow the variance',
                  {'x': offset + draw(rng, (6, 2))}, backward=False)
