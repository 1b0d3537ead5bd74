"""Golden cases of localResponseNorm."""

import torch
import torch.nn.functional as F

from common import ask, draw, op, pairwise, told


@op('F.local_response_norm')
def localResponseNorm(x, *, size=5, alpha=1e-4, beta=0.75, k=1):
    return {'y': F.local_response_norm(x, size, alpha, beta, k)}


def cases(rng):
    for shape in [(2, 7, 3), (1, 1, 1), (3, 1, 4), (1, 2, 3), (2, 6, 2, 2), (1, 9, 1, 3), (1, 6, 2, 1, 2), (2, 12, 1, 1)]:
        yield ask(rng, localResponseNorm, f'localResponseNorm: shape {list(shape)}', {'x': draw(rng, shape)})
    alone = [{'size': size} for size in [1, 2, 3, 4, 6, 7, 20]]
    alone += [{'alpha': 0.5}, {'alpha': 0}, {'beta': 0.5}, {'beta': 2}, {'beta': -0.5}, {'beta': 0}, {'k': 2},
              {'k': 0.125}]
    for attrs in alone:
        yield ask(rng, localResponseNorm, f'localResponseNorm: {told(attrs)} alone', {'x': draw(rng, (2, 6, 3))}, attrs)
    alexnet = {'size': 5, 'alpha': 5e-4, 'beta': 0.75, 'k': 2}
    yield ask(rng, localResponseNorm, 'localResponseNorm: AlexNet\'s k 2, n 5, α 10⁻⁴ before division, β ¾',
              {'x': draw(rng, (1, 9, 2, 2), span=200)}, alexnet)
    for row in pairwise(rng, {
        'size': [1, 2, 3, 4, 5, 8], 'alpha': [0.25, 2, 16], 'beta': [0.5, 0.75, 1, 2.5], 'k': [0.5, 1, 2], 'C': [1, 5, 8],
        'rest': [(3,), (2, 2), (1, 2, 2)],
    }):
        attrs = {name: row[name] for name in ['size', 'alpha', 'beta', 'k']}
        shape = (2, row['C'], *row['rest'])
        yield ask(rng, localResponseNorm, f'localResponseNorm: pairs, {told(attrs)}, shape {list(shape)}',
                  {'x': draw(rng, shape)}, attrs)
    zero = {'x': torch.zeros(1, 4, 2, dtype=torch.float64)}
    yield ask(rng, localResponseNorm, 'localResponseNorm: zeros', zero, {'k': 2})
