"""Golden cases of lstmCell."""

import torch

from common import ask, op
from vocabulary.recurrent import cell_inputs, cell_weights, RECURRENT


@op('torch.nn.LSTMCell')
def lstmCell(x, h, c, wIh, wHh, b):
    cell = torch.nn.LSTMCell(x.shape[1], h.shape[1], dtype=torch.float64)
    return dict(zip('hc', torch.nn.utils.stateless.functional_call(cell, cell_weights(wIh, wHh, b), (x, (h, c)))))


def cases(rng):
    for N, I, H in RECURRENT:
        inputs = cell_inputs(rng, N, I, H, 4, ('h', 'c'))
        yield ask(rng, lstmCell, f'lstmCell: {N} samples of {I} inputs, {H} units', inputs)
        zeros = torch.zeros(N, H, dtype=torch.float64)
        yield ask(rng, lstmCell, f'lstmCell: {N} samples of {I} inputs, {H} units, from a state and a cell of 0',
                  {**inputs, 'h': zeros, 'c': zeros})
    steep = cell_inputs(rng, 3, 2, 4, 4, ('h', 'c'))
    yield ask(rng, lstmCell, 'lstmCell: inputs that saturate', {**steep, 'x': 8 * steep['x']})
    yield ask(rng, lstmCell, 'lstmCell: a cell of some size', {**steep, 'c': 4 * steep['c']})
