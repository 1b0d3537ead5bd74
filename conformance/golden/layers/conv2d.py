"""Golden cases of conv2d."""

import torch.nn.functional as F

from common import ask, draw, op, pairwise, told
from vocabulary.windows import padded, symmetric


def witness(inputs, attrs):
    return 'F.conv2d' if symmetric(attrs.get('padding', (0, 0, 0, 0))) else 'F.pad, then F.conv2d'


@op(witness)
def conv2d(x, w, b=None, *, stride=(1, 1), padding=(0, 0, 0, 0), dilation=(1, 1), groups=1):
    if symmetric(padding):
        return {'y': F.conv2d(x, w, b, stride, (padding[0], padding[2]), dilation, groups)}
    return {'y': F.conv2d(padded(x, padding), w, b, stride, 0, dilation, groups)}


def conv2d_case(rng, name, shape, attrs, bias=True):
    N, Cg, H, W, O, KH, KW = shape
    inputs = {'x': draw(rng, (N, attrs.get('groups', 1) * Cg, H, W)), 'w': draw(rng, (O, Cg, KH, KW))}
    return ask(rng, conv2d, f'conv2d: {name}', {**inputs, **({'b': draw(rng, (O,))} if bias else {})}, attrs)


def cases(rng):
    yield conv2d_case(rng, 'a 3×3 window with bias', (2, 2, 5, 5, 3, 3, 3), {})
    yield conv2d_case(rng, 'a 3×3 window without bias', (2, 2, 5, 5, 3, 3, 3), {}, bias=False)
    yield conv2d_case(rng, 'a 1×1 window is dense at each pixel', (2, 3, 3, 2, 2, 1, 1), {})
    yield conv2d_case(rng, 'a window as large as the image', (1, 2, 3, 4, 3, 3, 4), {})
    yield conv2d_case(rng, 'every axis of size 1', (1, 1, 1, 1, 1, 1, 1), {}, bias=False)
    yield conv2d_case(rng, 'an image of one pixel seen through padding alone', (1, 1, 1, 1, 2, 3, 3),
                      {'padding': (1, 1, 1, 1)})
    yield conv2d_case(rng, 'an image one row high', (3, 1, 1, 7, 2, 1, 3), {})
    yield conv2d_case(rng, 'an image one column wide', (3, 1, 7, 1, 2, 3, 1), {})
    yield conv2d_case(rng, 'a 2×3 window, odd sizes', (1, 3, 7, 5, 1, 2, 3), {})
    yield conv2d_case(rng, 'AlexNet\'s first layer in small, 5×5 window, stride 4', (1, 3, 13, 13, 2, 5, 5),
                      {'stride': (4, 4)})
    alone = [
        {'stride': (2, 2)}, {'stride': (2, 1)}, {'stride': (1, 3)}, {'padding': (1, 1, 1, 1)},
        {'padding': (2, 0, 0, 0)},
        {'padding': (0, 2, 0, 0)}, {'padding': (0, 0, 2, 0)}, {'padding': (0, 0, 0, 2)}, {'padding': (0, 1, 2, 3)},
        {'dilation': (2, 2)}, {'dilation': (2, 1)}, {'dilation': (1, 3)}, {'groups': 2},
    ]
    for attrs in alone:
        yield conv2d_case(rng, f'{told(attrs)} alone', (1, 1, 6, 7, 2, 2, 3), attrs)
    yield conv2d_case(rng, 'depthwise, groups 3 with two filters each', (2, 1, 4, 4, 6, 3, 2), {'groups': 3})
    yield conv2d_case(rng, 'stride 3 past a window of 2 skips pixels', (1, 1, 8, 7, 2, 2, 2), {'stride': (3, 3)})
    for row in pairwise(rng, {
        'sh': [1, 2, 3], 'sw': [1, 2, 3], 'dh': [1, 2, 3], 'dw': [1, 2], 'top': [0, 1, 2], 'bottom': [0, 1],
        'left': [0, 1],
        'right': [0, 1, 2], 'groups': [1, 2, 3], 'bias': [True, False], 'N': [1, 2], 'KH': [2, 3], 'KW': [2, 3],
        'Cg': [1, 2], 'Og': [1, 2],
    }):
        yield paired_conv2d(rng, row)


def paired_conv2d(rng, row):
    """An image with room for two rows and two columns of windows and a remainder, counting the padding."""
    attrs = {
        'stride': (row['sh'], row['sw']), 'padding': (row['top'], row['bottom'], row['left'], row['right']),
        'dilation': (row['dh'], row['dw']), 'groups': row['groups'],
    }
    H = max(2, row['dh'] * (row['KH'] - 1) + 1 + row['sh'] + (row['sh'] > 1) - row['top'] - row['bottom'])
    W = max(2, row['dw'] * (row['KW'] - 1) + 1 + row['sw'] + (row['sw'] > 1) - row['left'] - row['right'])
    shape = (row['N'], row['Cg'], H, W, row['Og'] * row['groups'], row['KH'], row['KW'])
    name = f'pairs, {told(attrs)}, with{"" if row["bias"] else "out"} bias'
    return conv2d_case(rng, name, shape, attrs, row['bias'])
