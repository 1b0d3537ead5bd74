"""Golden cases of lstm."""

import torch

from common import op
from vocabulary.recurrent import cell_weights, ONE_LAYER, sequence_cases


@op('torch.lstm, which torch.nn.LSTM calls')
def lstm(x, h0, c0, wIh, wHh, b):
    y, hT, cT = torch.lstm(x, (h0[None], c0[None]), list(cell_weights(wIh, wHh, b).values()), **ONE_LAYER)
    return {'y': y, 'hT': hT[0], 'cT': cT[0]}


def cases(rng):
    yield from sequence_cases(rng, lstm, 4, ('h0', 'c0'))
