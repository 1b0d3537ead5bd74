"""Golden cases of avgPool2d."""

import torch
import torch.nn.functional as F

from common import ask, draw, INFINITY, NAN, op, pairwise, tensor
from vocabulary.windows import (hanging_pools, HANGING, padded, paired_pool, POOL_FACTORS, POOLS, torch_pads,
                                torch_pads_pool, under_windows)


def witness(inputs, attrs):
    if torch_pads(attrs):
        return 'F.avg_pool2d'
    if attrs.get('countIncludePad'):
        return 'F.pad, then F.avg_pool2d'
    return 'F.pad, then F.avg_pool2d with divisor 1: sums of x over sums of ones'


@op(witness)
def avgPool2d(x, *, window=(2, 2), stride=None, padding=(0, 0, 0, 0), ceilMode=False, countIncludePad=False):
    stride = window if stride is None else stride
    if torch_pads_pool(window, padding):
        pads = (padding[0], padding[2])
        return {'y': F.avg_pool2d(x, window, stride, pads, ceil_mode=ceilMode, count_include_pad=countIncludePad)}
    if countIncludePad and not ceilMode:
        return {'y': F.avg_pool2d(padded(x, padding), window, stride)}
    # sums of x over sums of ones: of the image, or of the padded image, and of nothing beyond it
    seen = under_windows(x, window, stride, padding, ceilMode, 0.0)
    total = F.avg_pool2d(seen, window, stride, divisor_override=1)
    ones = torch.ones_like(x)
    if countIncludePad:
        ones = padded(ones, padding, 1.0)
        more = [seen.shape[axis] - ones.shape[axis] for axis in (2, 3)]
        counted = padded(ones, (0, more[0], 0, more[1]))
    else:
        counted = under_windows(ones, window, stride, padding, ceilMode, 0.0)
    count = F.avg_pool2d(counted, window, stride, divisor_override=1)
    return {'y': total / count}


def cases(rng):
    factors = {**POOL_FACTORS, 'include': [False, True]}
    paired = [(row['include'], *paired_pool(row)) for row in pairwise(rng, factors)]
    listed = [(False, *pool) for pool in POOLS]
    listed += [(True, *pool) for pool in POOLS if 'padding' in pool[2] or not pool[2]]
    for include, name, shape, attrs in listed + [(include, f'pairs, {name}', *rest) for include, name, *rest in paired]:
        counted = 'counts the padding' if include else 'counts real elements only'
        yield ask(rng, avgPool2d, f'avgPool2d: {name}; {counted}', {'x': draw(rng, shape)},
                  {**attrs, 'countIncludePad': include})
    hanging = [*hanging_pools(rng, 100), *((f'rounded up, {name}', *rest) for name, *rest in HANGING)]
    for index, (name, shape, attrs) in enumerate(hanging):
        for include in [True, False] if index >= 80 else [True]:
            counted = 'counts the padding' if include else 'counts real elements only'
            yield ask(rng, avgPool2d, f'avgPool2d: {name}; {counted}', {'x': draw(rng, shape)},
                      {**attrs, 'ceilMode': True, 'countIncludePad': include})
    special = tensor([[[[1, NAN, -INFINITY, 2], [3, 4, 5, -1]]]])
    yield ask(rng, avgPool2d, 'avgPool2d: NaN and Infinity come through their windows', {'x': special}, backward=False)
