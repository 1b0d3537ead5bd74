"""Golden cases of maxPool2d."""

import itertools

import torch
import torch.nn.functional as F

from common import ask, draw, draw_between, INFINITY, NAN, op, pairwise, tensor
from vocabulary.windows import (hanging_pools, HANGING, paired_pool, POOL_FACTORS, POOLS, torch_pads, torch_pads_pool,
                                under_windows)


def witness(inputs, attrs):
    if attrs.get('ties') == 'share':
        return 'Tensor.amax of unfolded windows, which shares the gradient out'
    if attrs.get('ties') == 'last':
        return 'F.max_pool2d of the image turned round'
    return 'F.max_pool2d' if torch_pads(attrs) else 'F.pad with -Infinity, then F.max_pool2d'


@op(witness)
def maxPool2d(x, *, window=(2, 2), stride=None, padding=(0, 0, 0, 0), ceilMode=False, ties='first'):
    stride = window if stride is None else stride
    if ties == 'first' and torch_pads_pool(window, padding):
        return {'y': F.max_pool2d(x, window, stride, (padding[0], padding[2]), ceil_mode=ceilMode)}
    seen = under_windows(x, window, stride, padding, ceilMode, -INFINITY)
    if ties == 'share':
        return {'y': seen.unfold(2, window[0], stride[0]).unfold(3, window[1], stride[1]).amax((4, 5))}
    if ties == 'last':
        return {'y': F.max_pool2d(seen.flip(2, 3), window, stride).flip(2, 3)}
    return {'y': F.max_pool2d(seen, window, stride)}


def cases(rng):
    first_of_equals_wins()
    paired = [paired_pool(row) for row in pairwise(rng, POOL_FACTORS)]
    for name, shape, attrs in POOLS + [(f'pairs, {name}', shape, attrs) for name, shape, attrs in paired]:
        yield ask(rng, maxPool2d, f'maxPool2d: {name}', {'x': draw(rng, shape)}, attrs)
    yield from tied_max_pools(rng)
    hanging = [*hanging_pools(rng, 100), *((f'rounded up, {name}', *rest) for name, *rest in HANGING)]
    for name, shape, attrs in hanging:
        yield ask(rng, maxPool2d, f'maxPool2d: {name}', {'x': draw(rng, shape)}, {**attrs, 'ceilMode': True})
    yield from shared_and_last(rng)
    below = draw_between(rng, (1, 2, 4, 5), -3, -1)
    yield ask(rng, maxPool2d, 'maxPool2d: all-negative windows keep their negative maximum', {'x': below})
    yield ask(rng, maxPool2d, 'maxPool2d: padding never wins over negative pixels', {'x': below},
              {'padding': (1, 1, 1, 1)})
    yield ask(rng, maxPool2d, 'maxPool2d: asymmetric padding never wins over negative pixels', {'x': below},
              {'window': (3, 3), 'stride': (2, 2), 'padding': (2, 0, 1, 2)})
    special = tensor([[[[1, NAN, -INFINITY, 2], [3, 4, INFINITY, -1]]]])
    yield ask(rng, maxPool2d, 'maxPool2d: NaN and Infinity come through their windows', {'x': special}, backward=False)


def tied_max_pools(rng):
    """Integers among −1, 0, 1: most windows hold their maximum more than once, and the gradient tells which one won."""
    for name, attrs in [
        ('in disjoint windows', {}),
        ('in overlapping windows', {'window': (3, 3), 'stride': (1, 2)}),
        ('in windows touching the padding', {'window': (3, 3), 'stride': (2, 1), 'padding': (1, 1, 1, 1)}),
        ('in windows touching asymmetric padding', {'window': (2, 3), 'stride': (1, 1), 'padding': (1, 0, 0, 2)}),
    ]:
        yield ask(rng, maxPool2d, f'maxPool2d: ties {name} go to the first in row-major order',
                  {'x': draw(rng, (2, 1, 5, 6), 1, 1)}, attrs)
    for window in [(2, 2), (3, 2)]:
        yield ask(rng, maxPool2d, f'maxPool2d: a constant image, window {list(window)}, all ties',
                  {'x': torch.full((1, 1, 5, 5), 0.5, dtype=torch.float64)}, {'window': window, 'stride': (1, 1)})


def shared_and_last(rng):
    """The same whole numbers with the gradient shared out, or for the last of equals."""
    for ties in ['share', 'last']:
        for name, attrs in [
            ('disjoint windows', {}),
            ('overlapping windows', {'window': (3, 3), 'stride': (1, 2)}),
            ('padding on every side', {'window': (3, 3), 'stride': (2, 1), 'padding': (1, 1, 1, 1)}),
            ('asymmetric padding', {'window': (2, 3), 'stride': (1, 1), 'padding': (1, 0, 0, 2)}),
            ('windows that hang over', {'window': (3, 3), 'stride': (2, 2), 'ceilMode': True}),
            ('asymmetric padding and windows that hang over',
             {'window': (3, 2), 'stride': (2, 3), 'padding': (2, 1, 0, 1), 'ceilMode': True}),
        ]:
            yield ask(rng, maxPool2d, f'maxPool2d: ties, {ties}: {name}', {'x': draw(rng, (2, 1, 6, 6), 1, 1)},
                      {**attrs, 'ties': ties})
        yield ask(rng, maxPool2d, f'maxPool2d: ties, {ties}: a constant image',
                  {'x': torch.full((1, 1, 5, 5), 0.5, dtype=torch.float64)},
                  {'window': (3, 2), 'stride': (1, 1), 'ties': ties})


def first_of_equals_wins():
    """The catalogue's rule for ties, checked of PyTorch itself."""
    x = torch.ones(1, 1, 6, 6, dtype=torch.float64)
    for window, stride in itertools.product([(2, 2), (3, 3), (1, 4), (4, 1)], [(1, 1), (2, 2), (2, 3)]):
        _, index = F.max_pool2d(x, window, stride, return_indices=True)
        rows, columns = index.shape[2:]
        first = [[i * stride[0] * 6 + j * stride[1] for j in range(columns)] for i in range(rows)]
        assert index[0, 0].tolist() == first
