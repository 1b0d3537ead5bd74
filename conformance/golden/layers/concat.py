"""Golden cases of concat."""

import torch

from common import ask, draw, INFINITY, NAN, op, tensor


@op('torch.cat')
def concat(*, axis=1, **pieces):
    return {'y': torch.cat(list(pieces.values()), axis)}


def cases(rng):
    for axis, shape, extents in [(1, (2, None, 3), (1, 4)), (0, (None, 3), (2, 1, 3)), (-1, (2, 3, None), (2, 2)),
                                 (-2, (2, None, 2), (3, 1)), (-3, (None, 1, 2), (1, 2)), (0, (None,), (1, 5, 2)),
                                 (1, (2, None, 2, 2), (2, 3, 1, 2)), (2, (1, 2, None, 1, 3), (4, 1)),
                                 (1, (3, None), (1,) * 12), (1, (3, None), (4,)), (-4, (None, 1, 1, 2), (1, 1, 1))]:
        pieces = {
            f'x{q}': draw(rng, tuple(extent if size is None else size for size in shape))
            for q, extent in enumerate(extents)
        }
        yield ask(rng, concat, f'concat: extents {list(extents)}, axis {axis}, rank {len(shape)}', pieces, {'axis': axis})
    special = {'x0': tensor([[NAN], [INFINITY]]), 'x1': tensor([[-0.0], [-INFINITY]])}
    yield ask(rng, concat, 'concat: NaN and infinities are numbers like others', special)
