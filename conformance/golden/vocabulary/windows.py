"""Padding and pools, in PyTorch's terms."""

import torch.nn.functional as F

from common import told


def symmetric(padding):
    top, bottom, left, right = padding
    return top == bottom and left == right


def padded(x, padding, value=0.0):
    top, bottom, left, right = padding
    return F.pad(x, (left, right, top, bottom), value=value)


def torch_pads_pool(window, padding):
    """PyTorch's own pools take the same padding on both sides, up to half a window."""
    return symmetric(padding) and 2 * padding[0] <= window[0] and 2 * padding[2] <= window[1]


def torch_pads(attrs):
    return torch_pads_pool(attrs.get('window', (2, 2)), attrs.get('padding', (0, 0, 0, 0)))


POOLS = [
    ('halves even sizes', (2, 3, 4, 6), {}),
    ('drops an odd last row and column', (1, 2, 5, 7), {}),
    ('every axis of size 1', (1, 1, 1, 1), {'window': (1, 1)}),
    ('one row, window [1, 2]', (3, 1, 1, 5), {'window': (1, 2)}),
    ('one column, window [3, 1]', (1, 2, 7, 1), {'window': (3, 1)}),
    ('the whole image in one window', (2, 2, 3, 4), {'window': (3, 4)}),
    ('window [3, 2] alone, stride equal to it', (1, 2, 7, 5), {'window': (3, 2)}),
    ('windows overlap, AlexNet\'s 3×3 with stride 2', (1, 2, 7, 7), {'window': (3, 3), 'stride': (2, 2)}),
    ('windows overlap by one row and by two columns', (2, 1, 5, 6), {'window': (2, 3), 'stride': (1, 1)}),
    ('stride alone, smaller than the window', (1, 1, 4, 5), {'stride': (1, 1)}),
    ('stride [3, 4] past a window of 2 skips pixels', (1, 2, 8, 7), {'stride': (3, 4)}),
    ('stride differs per axis, [1, 3]', (1, 2, 5, 8), {'stride': (1, 3)}),
    ('padding 1 on every side', (1, 2, 4, 5), {'padding': (1, 1, 1, 1)}),
    ('padding at the top only', (1, 1, 5, 4), {'padding': (1, 0, 0, 0)}),
    ('padding at the bottom only', (1, 1, 5, 4), {'padding': (0, 1, 0, 0)}),
    ('padding at the left only', (1, 1, 4, 5), {'padding': (0, 0, 1, 0)}),
    ('padding at the right only', (1, 1, 4, 5), {'padding': (0, 0, 0, 1)}),
    ('padding of window − 1 on every side', (1, 1, 3, 3),
     {'window': (3, 3), 'stride': (1, 1), 'padding': (2, 2, 2, 2)}),
    ('one pixel within padding', (1, 2, 1, 1), {'window': (2, 2), 'stride': (1, 1), 'padding': (1, 1, 1, 1)}),
    ('padding [0, 1, 2, 1], window [2, 3], stride [2, 1]', (1, 1, 5, 4),
     {'window': (2, 3), 'stride': (2, 1), 'padding': (0, 1, 2, 1)}),
]


POOL_FACTORS = {
    'kh': [2, 3], 'kw': [2, 3, 4], 'sh': [1, 2, 3], 'sw': [1, 2, 4], 'top': [0, 1], 'bottom': [0, 1], 'left': [0, 1],
    'right': [0, 1], 'N': [1, 2], 'C': [1, 3],
}


def paired_pool(row):
    padding = (row['top'], row['bottom'], row['left'], row['right'])
    attrs = {'window': (row['kh'], row['kw']), 'stride': (row['sh'], row['sw']), 'padding': padding}
    H = row['kh'] + row['sh'] + 1 - row['top']
    W = row['kw'] + row['sw'] + 1 - row['left']
    return told(attrs), (row['N'], row['C'], H, W), attrs
