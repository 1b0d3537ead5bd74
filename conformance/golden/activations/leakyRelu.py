"""Golden cases of leakyRelu."""

import torch
import torch.nn.functional as F

from common import ask, draw, op, tensor, told
from vocabulary.activations import activation_cases


def witness(inputs, attrs):
    return 'torch.where of x ≥ 0, with autograd' if attrs.get('kink') == 'right' else 'F.leaky_relu'


@op(witness)
def leakyRelu(x, *, alpha=0.1, kink='catalogue'):
    return {'y': torch.where(x >= 0, x, alpha * x) if kink == 'right' else F.leaky_relu(x, alpha)}


def cases(rng):
    yield from activation_cases(rng, leakyRelu)
    for alpha in [0.01, 0, 0.25, 1, 2, -0.5]:
        attrs = {'alpha': alpha}
        yield ask(rng, leakyRelu, f'leakyRelu: {told(attrs)}', {'x': draw(rng, (3, 4))}, attrs)
        yield ask(rng, leakyRelu, f'leakyRelu: the derivative at exactly 0 is alpha, {alpha}',
                  {'x': tensor([[0.0, -0.0], [1.0, -1.0]])}, attrs)
    for kink in ['left', 'right']:
        for attrs in [{'kink': kink}, {'alpha': 0.25, 'kink': kink}, {'alpha': 2, 'kink': kink}]:
            yield ask(rng, leakyRelu, f'leakyRelu: {told(attrs)}', {'x': draw(rng, (4, 5), 1, 1)}, attrs)
