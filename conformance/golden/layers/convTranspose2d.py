"""Golden cases of convTranspose2d."""

import torch.nn.functional as F

from common import ask, draw, op, pairwise, told
from vocabulary.windows import symmetric


def witness(inputs, attrs):
    if symmetric(attrs.get('padding', (0, 0, 0, 0))):
        return 'F.conv_transpose2d'
    return 'F.conv_transpose2d without padding, then a slice'


@op(witness)
def convTranspose2d(x, w, b=None, *, stride=(1, 1), padding=(0, 0, 0, 0), dilation=(1, 1), groups=1,
                    outputPadding=(0, 0)):
    if symmetric(padding):
        pads = (padding[0], padding[2])
        return {'y': F.conv_transpose2d(x, w, b, stride, pads, outputPadding, groups, dilation)}
    top, bottom, left, right = padding
    y = F.conv_transpose2d(x, w, b, stride, 0, outputPadding, groups, dilation)
    return {'y': y[:, :, top:y.shape[2] - bottom, left:y.shape[3] - right]}


def convTranspose2d_case(rng, name, shape, attrs, bias=True):
    N, C, H, W, Og, KH, KW = shape
    inputs = {'x': draw(rng, (N, C, H, W)), 'w': draw(rng, (C, Og, KH, KW))}
    bias = {'b': draw(rng, (attrs.get('groups', 1) * Og,))} if bias else {}
    return ask(rng, convTranspose2d, f'convTranspose2d: {name}', {**inputs, **bias}, attrs)


def cases(rng):
    yield convTranspose2d_case(rng, 'a 3×3 window with bias', (2, 2, 3, 3, 3, 3, 3), {})
    yield convTranspose2d_case(rng, 'a 3×3 window without bias', (2, 2, 3, 3, 3, 3, 3), {}, bias=False)
    yield convTranspose2d_case(rng, 'a 1×1 window is dense at each pixel', (2, 3, 3, 2, 2, 1, 1), {})
    yield convTranspose2d_case(rng, 'every axis of size 1', (1, 1, 1, 1, 1, 1, 1), {}, bias=False)
    yield convTranspose2d_case(rng, 'one pixel stamps the filter', (2, 2, 1, 1, 2, 3, 2), {})
    yield convTranspose2d_case(rng, 'padding leaves one pixel', (1, 1, 2, 2, 2, 2, 2), {'padding': (1, 1, 1, 1)})
    yield convTranspose2d_case(rng, 'an image one row high', (2, 1, 1, 5, 2, 1, 3), {})
    yield convTranspose2d_case(rng, 'an image one column wide', (2, 1, 5, 1, 2, 3, 1), {})
    yield convTranspose2d_case(rng, 'DCGAN\'s layer in small, a 4×4 window, stride 2, padding 1', (1, 3, 3, 3, 2, 4, 4),
                               {'stride': (2, 2), 'padding': (1, 1, 1, 1)})
    alone = [
        {'stride': (2, 2)}, {'stride': (2, 1)}, {'stride': (1, 3)}, {'padding': (1, 1, 1, 1)},
        {'padding': (2, 0, 0, 0)},
        {'padding': (0, 2, 0, 0)}, {'padding': (0, 0, 2, 0)}, {'padding': (0, 0, 0, 2)}, {'padding': (0, 1, 2, 1)},
        {'dilation': (2, 2)}, {'dilation': (2, 1)}, {'dilation': (1, 3)}, {'groups': 2},
    ]
    for attrs in alone:
        yield convTranspose2d_case(rng, f'{told(attrs)} alone', (1, 2, 3, 4, 2, 2, 3), attrs)
    for attrs in [
        {'stride': (2, 3), 'outputPadding': (1, 2)}, {'stride': (2, 3), 'outputPadding': (0, 1)},
        {'dilation': (2, 3), 'outputPadding': (1, 2)}, {'stride': (2, 1), 'dilation': (1, 3), 'outputPadding': (1, 2)},
        {'stride': (2, 2), 'padding': (1, 1, 1, 1), 'outputPadding': (1, 1)},
        {'stride': (3, 2), 'padding': (0, 2, 1, 1), 'outputPadding': (2, 1)},
    ]:
        yield convTranspose2d_case(rng, f'{told(attrs)}', (2, 2, 2, 3, 2, 3, 3), attrs)
    yield convTranspose2d_case(rng, 'depthwise, groups 3 with two filters each', (2, 3, 3, 3, 2, 3, 2), {'groups': 3})
    yield convTranspose2d_case(rng, 'stride 3 past a window of 2 leaves gaps', (1, 1, 3, 2, 2, 2, 2), {'stride': (3, 3)})
    for row in pairwise(rng, {
        'sh': [1, 2, 3], 'sw': [1, 2, 3], 'dh': [1, 2, 3], 'dw': [1, 2], 'top': [0, 1, 2], 'bottom': [0, 1],
        'left': [0, 1],
        'right': [0, 1, 2], 'groups': [1, 2, 3], 'bias': [True, False], 'N': [1, 2], 'KH': [2, 3], 'KW': [2, 3],
        'Cg': [1, 2], 'Og': [1, 2], 'below': [0, 1, 2], 'after': [0, 1, 2],
    }):
        yield paired_convTranspose2d(rng, row)


def paired_convTranspose2d(rng, row):
    """Two rows and three columns; outputPadding as drawn, or as much of it as there may be."""
    most = (max(row['sh'], row['dh']) - 1, max(row['sw'], row['dw']) - 1)
    attrs = {
        'stride': (row['sh'], row['sw']), 'padding': (row['top'], row['bottom'], row['left'], row['right']),
        'dilation': (row['dh'], row['dw']), 'groups': row['groups'],
        'outputPadding': (min(row['below'], most[0]), min(row['after'], most[1])),
    }
    H = 3 if row['top'] + row['bottom'] > 1 else 2
    shape = (row['N'], row['groups'] * row['Cg'], H, 3, row['Og'], row['KH'], row['KW'])
    name = f'pairs, {told(attrs)}, with{"" if row["bias"] else "out"} bias'
    return convTranspose2d_case(rng, name, shape, attrs, row['bias'])
