"""Golden cases of leakyRelu."""

import torch.nn.functional as F

from common import ask, draw, op, tensor, told
from vocabulary.activations import activation_cases


@op('F.leaky_relu')
def leakyRelu(x, *, alpha=0.1):
    return {'y': F.leaky_relu(x, alpha)}


def cases(rng):
    yield from activation_cases(rng, leakyRelu)
    for alpha in [0.01, 0, 0.25, 1, 2, -0.5]:
        attrs = {'alpha': alpha}
        yield ask(rng, leakyRelu, f'leakyRelu: {told(attrs)}', {'x': draw(rng, (3, 4))}, attrs)
        yield ask(rng, leakyRelu, f'leakyRelu: the derivative at exactly 0 is alpha, {alpha}',
                  {'x': tensor([[0.0, -0.0], [1.0, -1.0]])}, attrs)
