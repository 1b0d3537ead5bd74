"""Golden cases of rnnCell."""

import torch

from common import ask, op
from vocabulary.recurrent import cell_inputs, cell_weights, RECURRENT


@op('torch.nn.RNNCell')
def rnnCell(x, h, wIh, wHh, b):
    cell = torch.nn.RNNCell(x.shape[1], h.shape[1], dtype=torch.float64)
    return {'h': torch.nn.utils.stateless.functional_call(cell, cell_weights(wIh, wHh, b), (x, h))}


def cases(rng):
    for N, I, H in RECURRENT:
        inputs = cell_inputs(rng, N, I, H)
        yield ask(rng, rnnCell, f'rnnCell: {N} samples of {I} inputs, {H} units', inputs)
        still = {**inputs, 'h': torch.zeros(N, H, dtype=torch.float64)}
        yield ask(rng, rnnCell, f'rnnCell: {N} samples of {I} inputs, {H} units, from a state of 0', still)
    steep = cell_inputs(rng, 3, 2, 4)
    yield ask(rng, rnnCell, 'rnnCell: inputs that saturate', {**steep, 'x': 8 * steep['x']})
