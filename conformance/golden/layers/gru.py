"""Golden cases of gru."""

import torch

from common import ask, draw, op
from vocabulary.recurrent import gru_inputs, ONE_LAYER, SEQUENCES


@op('torch.gru, which torch.nn.GRU calls')
def gru(x, h0, wIh, wHh, bIh, bHh):
    y, hT = torch.gru(x, h0[None], [wIh, wHh, bIh, bHh], **ONE_LAYER)
    return {'y': y, 'hT': hT[0]}


def cases(rng):
    for T, N, I, H in SEQUENCES:
        inputs = {**gru_inputs(rng, N, I, H, 'h0'), 'x': draw(rng, (T, N, I))}
        name = f'gru: {T} steps, {N} sequences of {I} inputs, {H} units'
        yield ask(rng, gru, name, inputs)
        yield ask(rng, gru, f'{name}, from a state of 0', {**inputs, 'h0': torch.zeros(N, H, dtype=torch.float64)})
