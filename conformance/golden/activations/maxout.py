"""Golden cases of maxout."""

import torch

from common import ask, draw, INFINITY, NAN, op, tensor


def witness(inputs, attrs):
    last = {'share': 'Tensor.amax(0)', 'last': 'Tensor.max(0) of the pieces in reverse order'}
    return f'torch.einsum, then {last.get(attrs.get("ties"), "Tensor.max(0)")}'


@op(witness)
def maxout(x, w, b, *, ties='first'):
    pieces = torch.einsum('ni,koi->kno', x, w) + b[:, None, :]
    if ties == 'share':
        return {'y': pieces.amax(0)}  # which shares the gradient of a tie
    return {'y': (pieces.flip(0) if ties == 'last' else pieces).max(0).values}


def cases(rng):
    for N, I, O, K in [(3, 4, 2, 3), (1, 5, 3, 2), (2, 1, 3, 4), (4, 7, 1, 2), (3, 4, 2, 1), (1, 1, 1, 1), (5, 6, 7, 5)]:
        inputs = {'x': draw(rng, (N, I)), 'w': draw(rng, (K, O, I)), 'b': draw(rng, (K, O))}
        yield ask(rng, maxout, f'maxout: {N} rows of {I} to {O} by {K} pieces', inputs)
    for N, I, O, K in [(6, 1, 4, 3), (5, 2, 3, 4)]:
        inputs = {'x': draw(rng, (N, I), 1, 1), 'w': draw(rng, (K, O, I), 1, 1), 'b': draw(rng, (K, O), 1, 1)}
        yield ask(rng, maxout, f'maxout: whole numbers, often tied, {K} pieces of {I}', inputs)
    for ties in ['last', 'share']:
        for N, I, O, K in [(6, 1, 4, 3), (5, 2, 3, 4), (3, 4, 2, 1)]:
            inputs = {'x': draw(rng, (N, I), 1, 1), 'w': draw(rng, (K, O, I), 1, 1), 'b': draw(rng, (K, O), 1, 1)}
            yield ask(rng, maxout, f'maxout: whole numbers, often tied, {K} pieces of {I}; ties: {ties}', inputs,
                      {'ties': ties})
        alike = {'x': draw(rng, (3, 2)), 'w': draw(rng, (1, 2, 2)).repeat(3, 1, 1),
                 'b': draw(rng, (1, 2)).repeat(3, 1)}
        yield ask(rng, maxout, f'maxout: equal pieces; ties: {ties}', alike, {'ties': ties})
    same = {'x': draw(rng, (3, 2)), 'w': draw(rng, (1, 2, 2)).repeat(3, 1, 1), 'b': draw(rng, (1, 2)).repeat(3, 1)}
    yield ask(rng, maxout, 'maxout: equal pieces, of which the first has the gradient', same)
    magnitude = {'x': tensor([[-1.5], [0], [2]]), 'w': tensor([[[1]], [[-1]]]), 'b': tensor([[0], [0]])}
    yield ask(rng, maxout, 'maxout: the magnitude, as the larger of x and −x', magnitude)
    special = {'x': tensor([[INFINITY], [-INFINITY]]), 'w': tensor([[[1]], [[0.5]]]), 'b': tensor([[0], [1]])}
    yield ask(rng, maxout, 'maxout: infinities', special, backward=False)
    yield ask(rng, maxout, 'maxout: NaN comes through, whichever piece it is in',
              {'x': tensor([[NAN], [1.0]]), 'w': tensor([[[1]], [[2]]]), 'b': tensor([[0], [NAN]])}, backward=False)
