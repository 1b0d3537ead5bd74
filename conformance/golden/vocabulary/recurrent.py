"""Recurrent cells, their weights in PyTorch's terms, and sequences of steps."""

import torch

from common import ask, draw, op


RECURRENT = [(1, 1, 1), (1, 3, 2), (3, 4, 2), (3, 2, 5), (2, 1, 3), (5, 3, 1), (4, 4, 4)]


def cell_weights(wIh, wHh, b):
    """PyTorch's names. It adds two biases; the catalogue's is their sum, so they take three quarters and a quarter of it."""
    names = ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh']
    return dict(zip(names, [wIh, wHh, 0.75 * b, 0.25 * b]))


def cell_inputs(rng, N, I, H, rows=1, state=('h',)):
    weights = {'wIh': draw(rng, (rows * H, I), span=0.5), 'wHh': draw(rng, (rows * H, H), span=0.5),
               'b': draw(rng, (rows * H,), span=0.5)}
    return {'x': draw(rng, (N, I)), **{name: draw(rng, (N, H), span=1) for name in state}, **weights}


def gru_inputs(rng, N, I, H, state='h'):
    """Two biases, as PyTorch has them: of the new gate each counts by itself."""
    return {'x': draw(rng, (N, I)), state: draw(rng, (N, H), span=1),
            'wIh': draw(rng, (3 * H, I), span=0.5), 'wHh': draw(rng, (3 * H, H), span=0.5),
            'bIh': draw(rng, (3 * H,), span=0.5), 'bHh': draw(rng, (3 * H,), span=0.5)}


# torch.nn.RNN, LSTM and GRU hold their weights; these are the functions that they call with them
ONE_LAYER = dict(has_biases=True, num_layers=1, dropout=0.0, train=True, bidirectional=False, batch_first=False)


SEQUENCES = [(1, 1, 2, 3), (1, 3, 4, 2), (5, 1, 3, 2), (5, 3, 2, 4), (2, 2, 1, 3), (3, 4, 3, 1), (1, 1, 1, 1)]


def sequence_cases(rng, op, rows, state):
    for T, N, I, H in SEQUENCES:
        inputs = {**cell_inputs(rng, N, I, H, rows, state), 'x': draw(rng, (T, N, I))}
        name = f'{op.__name__}: {T} steps, {N} sequences of {I} inputs, {H} units'
        yield ask(rng, op, name, inputs)
        still = {key: torch.zeros(N, H, dtype=torch.float64) for key in state}
        yield ask(rng, op, f'{name}, from a state of 0', {**inputs, **still})
