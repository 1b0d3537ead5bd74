"""Golden cases of gruCell."""

import torch

from common import ask, op
from vocabulary.recurrent import gru_inputs, RECURRENT


@op('torch.nn.GRUCell')
def gruCell(x, h, wIh, wHh, bIh, bHh):
    cell = torch.nn.GRUCell(x.shape[1], h.shape[1], dtype=torch.float64)
    weights = {'weight_ih': wIh, 'weight_hh': wHh, 'bias_ih': bIh, 'bias_hh': bHh}
    return {'h': torch.nn.utils.stateless.functional_call(cell, weights, (x, h))}


def cases(rng):
    for N, I, H in RECURRENT:
        inputs = gru_inputs(rng, N, I, H)
        yield ask(rng, gruCell, f'gruCell: {N} samples of {I} inputs, {H} units', inputs)
        yield ask(rng, gruCell, f'gruCell: {N} samples of {I} inputs, {H} units, from a state of 0',
                  {**inputs, 'h': torch.zeros(N, H, dtype=torch.float64)})
    steep = gru_inputs(rng, 3, 2, 4)
    yield ask(rng, gruCell, 'gruCell: inputs that saturate', {**steep, 'x': 8 * steep['x']})
    yield ask(rng, gruCell, 'gruCell: a state of some size', {**steep, 'h': 4 * steep['h']})
