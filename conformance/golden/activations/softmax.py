"""Golden cases of softmax."""

import torch

from common import ask, draw, INFINITY, NAN, op, SHAPES, tensor


@op('torch.softmax')
def softmax(x, *, axis=-1):
    return {'y': torch.softmax(x, axis)}


def cases(rng):
    for shape in SHAPES[1:]:
        for axis in range(-len(shape), len(shape)):
            yield ask(rng, softmax, f'softmax: shape {list(shape)}, axis {axis}',
                      {'x': draw(rng, shape)}, {'axis': axis})
    for axis in [0, 1]:
        huge = tensor([[1e4, -1e4, 0, 1e4], [-1e4, -1e4, -1e4, 1e4], [1e4, 9999, 9998, -1e4]])
        yield ask(rng, softmax, f'softmax: logits of ±10⁴, axis {axis}', {'x': huge}, {'axis': axis})
    yield ask(rng, softmax, 'softmax: logits of ±100', {'x': tensor([[100, -100, 99, 0.5], [-100, -101, -102, -100]])})
    yield ask(rng, softmax, 'softmax: equal logits share equally', {'x': torch.full((2, 3), 0.75, dtype=torch.float64)})
    yield ask(rng, softmax, 'softmax: a logit of −Infinity has no share', {'x': tensor([[0, -INFINITY, 1]])})
    special = tensor([[INFINITY, 0, 1], [-INFINITY, -INFINITY, -INFINITY], [NAN, 0, 1]])
    yield ask(rng, softmax, 'softmax: rows with Infinity, only −Infinity, or NaN are NaN',
              {'x': special}, backward=False)
