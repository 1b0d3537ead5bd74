"""Golden cases of dropout."""

import math

from common import ask, draw, INFINITY, NAN, op, pairwise, SHAPES, tensor, told


def philox4x32(counter, key):
    """Philox4x32-10 as its paper has it: PyTorch draws its own masks in another way, so no two libraries agree."""
    (c0, c1, c2, c3), (k0, k1) = counter, key
    for _ in range(10):
        (high0, low0), (high1, low1) = divmod(0xD2511F53 * c0, 2 ** 32), divmod(0xCD9E8D57 * c2, 2 ** 32)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = (k0 + 0x9E3779B9) % 2 ** 32, (k1 + 0xBB67AE85) % 2 ** 32
    return c0, c1, c2, c3


ONES = 0xFFFFFFFF
PI = (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0)
assert philox4x32((0, 0, 0, 0), (0, 0)) == (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)
assert philox4x32((ONES,) * 4, (ONES,) * 2) == (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)
assert philox4x32(*PI) == (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)


@op('Philox in Python, checked by the known answers of Random123; x · mask / keep with autograd')
def dropout(x, *, keep=0.5, key, step=0, stream=0):
    words = [word for block in range(-(-x.numel() // 4)) for word in philox4x32((block, step, stream, 0), key)]
    mask = [float(word < math.ceil(keep * 2 ** 32)) for word in words[:x.numel()]]
    return {'y': x * tensor(mask).reshape(x.shape) / keep}


def cases(rng):
    for shape in SHAPES:
        yield ask(rng, dropout, f'dropout: shape {list(shape)}', {'x': draw(rng, shape)}, {'key': (7, 11)})
    factors = {'keep': [0.5, 0.75, 0.875, 1], 'key': [(0, 0), (1, 2 ** 31), (ONES, ONES)], 'step': [0, 1, 2 ** 24 + 1, ONES],
               'stream': [0, 1, ONES]}
    for row in pairwise(rng, factors):
        yield ask(rng, dropout, f'dropout: {told(row)}', {'x': draw(rng, (3, 7))}, row)
    for keep in [2.0 ** -10, 0.125, 1 - 2.0 ** -24]:
        yield ask(rng, dropout, f'dropout: keep {keep}', {'x': draw(rng, (50,))}, {'keep': keep, 'key': (1, 2)})
    special = {'x': tensor([INFINITY, -INFINITY, NAN, 1, INFINITY, NAN, -INFINITY, 2])}
    yield ask(rng, dropout, 'dropout: what is not finite comes through as NaN where it is dropped', special,
              {'key': (0, 0)}, backward=False)
