"""Golden cases of maxout."""

import torch

from common import ask, draw, INFINITY, NAN, op, tensor


@op('torch.einsum, then Tensor.max(0)')
def maxout(x, w, b):
    pieces = torch.einsum('ni,koi->kno', x, w) + b[:, None, :]
    return {'y': pieces.max(0).values}  # not amax, which shares the gradient of a tie


def cases(rng):
    for N, I, O, K in [(3, 4, 2, 3), (1, 5, 3, 2), (2, 1, 3, 4), (4, 7, 1, 2), (3, 4, 2, 1), (1, 1, 1, 1), (5, 6, 7, 5)]:
        inputs = {'x': draw(rng, (N, I)), 'w': draw(rng, (K, O, I)), 'b': draw(rng, (K, O))}
        yield ask(rng, maxout, f'maxout: {N} rows of {I} to {O} by {K} pieces', inputs)
    for N, I, O, K in [(6, 1, 4, 3), (5, 2, 3, 4)]:
        inputs = {'x': draw(rng, (N, I), 1, 1), 'w': draw(rng, (K, O, I), 1, 1), 'b': draw(rng, (K, O), 1, 1)}
        yield ask(rng, maxout, f'maxout: whole numbers, often tied, {K} pieces of {I}', inputs)
    same = {'x': draw(rng, (3, 2)), 'w': draw(rng, (1, 2, 2)).repeat(3, 1, 1), 'b': draw(rng, (1, 2)).repeat(3, 1)}
    yield ask(rng, maxout, 'maxout: equal pieces, of which the first has the gradient', same)
    magnitude = {'x': tensor([[-1.5], [0], [2]]), 'w': tensor([[[1]], [[-1]]]), 'b': tensor([[0], [0]])}
    yield ask(rng, maxout, 'maxout: the magnitude, as the larger of x and −x', magnitude)
    special = {'x': tensor([[INFINITY], [-INFINITY]]), 'w': tensor([[[1]], [[0.5]]]), 'b': tensor([[0], [1]])}
    yield ask(rng, maxout, 'maxout: infinities', special, backward=False)
    yield ask(rng, maxout, 'maxout: NaN comes through, whichever piece it is in',
              {'x': tensor([[NAN], [1.0]]), 'w': tensor([[[1]], [[2]]]), 'b': tensor([[0], [NAN]])}, backward=False)
