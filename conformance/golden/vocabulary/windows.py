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


def windows_along(size, before, after, window, stride, ceil_mode):
    """One after the other while they fit; rounded up, while something is left over and the window starts before what is
    padded behind. PyTorch's rule, which it has for the same padding on both sides, here for any."""
    count, start = 0, 0
    while start + window <= before + size + after or (
            ceil_mode and start < before + size and (count == 0 or start - stride + window < before + size + after)):
        count, start = count + 1, start + stride
    return count


def windows_of(x, window, stride, padding, ceil_mode):
    """How many windows there are down and across."""
    return tuple(
        windows_along(x.shape[2 + a], padding[2 * a], padding[2 * a + 1], window[a], stride[a], ceil_mode)
        for a in (0, 1))


def under_windows(x, window, stride, padding, ceil_mode, value):
    """The image with its padding as `value`, cut off or with more of it, so that the windows end where it does."""
    counts = windows_of(x, window, stride, padding, ceil_mode)
    ends = [(count - 1) * stride[a] + window[a] for a, count in enumerate(counts)]
    more = [end - padding[2 * a] - x.shape[2 + a] for a, end in enumerate(ends)]
    # a negative number cuts off
    return padded(x, (padding[0], more[0], padding[2], more[1]), value)


def hanging_pools(rng, count):
    """Pools rounded up, as PyTorch pads: every window to 4, stride to 5, padding to half a window, on images to 7 by 7."""
    found = 0
    while found < count:
        window = (rng.randint(1, 4), rng.randint(1, 4))
        stride = (rng.randint(1, 5), rng.randint(1, 5))
        top, left = rng.randint(0, window[0] // 2), rng.randint(0, window[1] // 2)
        shape = (1, 1, rng.randint(1, 7), rng.randint(1, 7))
        attrs = {'window': window, 'stride': stride, 'padding': (top, top, left, left), 'ceilMode': True}
        # larger than the padded image by less than the stride at most
        if shape[2] + 2 * top - window[0] <= -stride[0] or shape[3] + 2 * left - window[1] <= -stride[1]:
            continue
        found += 1
        yield f'rounded up, {told(attrs)}, {shape[2]} by {shape[3]}', shape, attrs


# asymmetric padding, which PyTorch does not have
HANGING = [
    ('padded at the top and on the right', (1, 1, 4, 4), {'window': (3, 3), 'stride': (2, 2), 'padding': (2, 0, 0, 1)}),
    ('padded at the bottom and on the left', (1, 2, 5, 4), {'window': (3, 2), 'stride': (3, 2), 'padding': (0, 1, 1, 0)}),
    ('padded behind only', (2, 1, 6, 6), {'window': (3, 3), 'stride': (2, 3), 'padding': (0, 2, 0, 1)}),
    ('padded more behind than before', (1, 1, 4, 5), {'window': (4, 4), 'stride': (3, 3), 'padding': (1, 3, 0, 2)}),
    ('padded more before than behind', (1, 1, 4, 5), {'window': (4, 4), 'stride': (3, 3), 'padding': (3, 1, 2, 0)}),
    ('the last window in the padding behind left out', (1, 1, 3, 3), {'stride': (2, 2), 'padding': (0, 1, 1, 1)}),
]


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
