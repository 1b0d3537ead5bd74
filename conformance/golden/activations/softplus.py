"""Golden cases of softplus."""

import torch.nn.functional as F

from common import ask, draw, op, tensor, told
from vocabulary.activations import activation_cases, SATURATING


@op('F.softplus, its threshold where e^(βx) would leave f64')
def softplus(x, *, beta=1):
    return {'y': F.softplus(x, beta, 700)}


def cases(rng):
    yield from activation_cases(rng, softplus)
    for beta in [0.5, 2, 0.1, 8, 100]:
        attrs = {'beta': beta}
        yield ask(rng, softplus, f'softplus: {told(attrs)}', {'x': draw(rng, (3, 4))}, attrs)
        yield ask(rng, softplus, f'softplus: {told(attrs)}, from −100 to 100', {'x': tensor(SATURATING)}, attrs)
