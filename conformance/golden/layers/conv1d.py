"""Golden cases of conv1d."""

import torch.nn.functional as F

from common import ask, draw, op, pairwise, told


def witness(inputs, attrs):
    return 'F.conv1d' if len(set(attrs.get('padding', (0, 0)))) == 1 else 'F.pad, then F.conv1d'


@op(witness)
def conv1d(x, w, b=None, *, stride=(1,), padding=(0, 0), dilation=(1,), groups=1):
    if padding[0] == padding[1]:
        return {'y': F.conv1d(x, w, b, stride, padding[0], dilation, groups)}
    return {'y': F.conv1d(F.pad(x, padding), w, b, stride, 0, dilation, groups)}


def conv1d_case(rng, name, shape, attrs, bias=True):
    N, Cg, L, O, K = shape
    inputs = {'x': draw(rng, (N, attrs.get('groups', 1) * Cg, L)), 'w': draw(rng, (O, Cg, K))}
    return ask(rng, conv1d, f'conv1d: {name}', {**inputs, **({'b': draw(rng, (O,))} if bias else {})}, attrs)


def cases(rng):
    yield conv1d_case(rng, 'a window of 3 with bias', (2, 2, 7, 3, 3), {})
    yield conv1d_case(rng, 'a window of 3 without bias', (2, 2, 7, 3, 3), {}, bias=False)
    yield conv1d_case(rng, 'a window of 1 is dense at each place', (2, 3, 5, 2, 1), {})
    yield conv1d_case(rng, 'a window as long as the sequence', (1, 2, 5, 3, 5), {})
    yield conv1d_case(rng, 'every axis of size 1', (1, 1, 1, 1, 1), {}, bias=False)
    yield conv1d_case(rng, 'a sequence of one place seen through padding alone', (1, 1, 1, 2, 3), {'padding': (1, 1)})
    alone = [
        {'stride': (2,)}, {'stride': (3,)}, {'padding': (1, 1)}, {'padding': (2, 0)}, {'padding': (0, 2)},
        {'padding': (1, 3)}, {'dilation': (2,)}, {'dilation': (3,)}, {'groups': 2},
    ]
    for attrs in alone:
        yield conv1d_case(rng, f'{told(attrs)} alone', (2, 2, 9, 2, 3), attrs)
    yield conv1d_case(rng, 'causal: all padding before, dilation 2', (2, 2, 8, 3, 3), {'padding': (4, 0), 'dilation': (2,)})
    yield conv1d_case(rng, 'depthwise, groups 3 with two filters each', (2, 1, 6, 6, 3), {'groups': 3})
    yield conv1d_case(rng, 'stride 3 past a window of 2 skips places', (1, 1, 9, 2, 2), {'stride': (3,)})
    for row in pairwise(rng, {
        's': [1, 2, 3], 'd': [1, 2, 3], 'left': [0, 1, 2], 'right': [0, 1, 3], 'groups': [1, 2, 3],
        'bias': [True, False], 'N': [1, 2], 'K': [1, 2, 4], 'Cg': [1, 2], 'Og': [1, 2],
    }):
        attrs = {'stride': (row['s'],), 'padding': (row['left'], row['right']), 'dilation': (row['d'],),
                 'groups': row['groups']}
        L = max(2, row['d'] * (row['K'] - 1) + 1 + 2 * row['s'] + (row['s'] > 1) - row['left'] - row['right'])
        name = f'pairs, {told(attrs)}, with{"" if row["bias"] else "out"} bias'
        yield conv1d_case(rng, name, (row['N'], row['Cg'], L, row['Og'] * row['groups'], row['K']), attrs, row['bias'])
