"""Golden cases of elu."""

import torch.nn.functional as F

from common import ask, draw, draw_nonzero, op, tensor, told
from vocabulary.activations import activation_cases, SATURATING


@op('F.elu')
def elu(x, *, alpha=1, kink='catalogue'):
    return {'y': F.elu(x, alpha)}


def cases(rng):
    yield from activation_cases(rng, elu)
    # no zeros among these: PyTorch's derivative at 0 is alpha, the catalogue's 1
    for alpha in [0.5, 2, 0.1, 1.6732632423543772, 0, -0.5]:
        attrs = {'alpha': alpha}
        yield ask(rng, elu, f'elu: {told(attrs)}', {'x': draw_nonzero(rng, (3, 4))}, attrs)
        yield ask(rng, elu, f'elu: {told(attrs)}, from −100 to 100',
                  {'x': tensor([x for x in SATURATING if x != 0])}, attrs)
    for alpha in [1, 2, 0.5, 0, -0.5]:
        attrs = {'alpha': alpha, 'kink': 'left'}
        yield ask(rng, elu, f'elu: {told(attrs)}, as PyTorch has it', {'x': draw(rng, (4, 5), 1, 1)}, attrs)
        yield ask(rng, elu, f'elu: {told(attrs)}, zeros of either sign', {'x': tensor([0.0, -0.0, 1.0, -1.0])}, attrs)
    yield ask(rng, elu, 'elu: 0 is 0, whatever alpha is', {'x': tensor([0.0, -0.0])}, {'alpha': 2}, backward=False)
