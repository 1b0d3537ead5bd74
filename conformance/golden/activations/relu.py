"""Golden cases of relu."""

import torch

from common import ask, draw, op, tensor
from vocabulary.activations import activation_cases


def witness(inputs, attrs):
    # whose gradient is 1 at the end of its range
    return 'Tensor.clamp(min=0)' if attrs.get('kink') == 'right' else 'torch.relu'


@op(witness)
def relu(x, *, kink='catalogue'):
    return {'y': x.clamp(min=0) if kink == 'right' else torch.relu(x)}


def cases(rng):
    yield from activation_cases(rng, relu)
    yield ask(rng, relu, 'relu: the derivative at exactly 0 is 0', {'x': tensor([[0.0, -0.0], [1.0, -1.0]])})
    for kink in ['left', 'right']:
        yield ask(rng, relu, f'relu: the derivative at exactly 0 is the one on its {kink}',
                  {'x': tensor([[0.0, -0.0, 0.0], [1.0, -1.0, 2.0]])}, {'kink': kink})
        yield ask(rng, relu, f'relu: whole numbers, the derivative on the {kink}', {'x': draw(rng, (4, 5), 1, 1)},
                  {'kink': kink})
