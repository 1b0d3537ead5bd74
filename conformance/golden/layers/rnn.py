"""Golden cases of rnn."""

import torch

from common import op
from vocabulary.recurrent import cell_weights, ONE_LAYER, sequence_cases


@op('torch.rnn_tanh, which torch.nn.RNN calls')
def rnn(x, h0, wIh, wHh, b):
    y, hT = torch.rnn_tanh(x, h0[None], list(cell_weights(wIh, wHh, b).values()), **ONE_LAYER)
    return {'y': y, 'hT': hT[0]}


def cases(rng):
    yield from sequence_cases(rng, rnn, 1, ('h0',))
