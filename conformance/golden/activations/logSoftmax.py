"""Golden cases of logSoftmax."""

import torch

from common import ask, draw, INFINITY, NAN, op, SHAPES, tensor


@op('torch.log_softmax')
def logSoftmax(x, *, axis=-1):
    return {'y': torch.log_softmax(x, axis)}


def cases(rng):
    for shape in SHAPES[1:]:
        for axis in range(-len(shape), len(shape)):
            yield ask(rng, logSoftmax, f'logSoftmax: shape {list(shape)}, axis {axis}',
                      {'x': draw(rng, shape)}, {'axis': axis})
    yield ask(rng, logSoftmax, 'logSoftmax: a scalar is its only class', {'x': draw(rng, ())})
    for axis in [0, 1]:
        huge = tensor([[1e4, -1e4, 0, 1e4], [-1e4, -1e4, -1e4, 1e4], [1e4, 9999, 9998, -1e4]])
        yield ask(rng, logSoftmax, f'logSoftmax: logits of ±10⁴, axis {axis}', {'x': huge}, {'axis': axis})
    far = tensor([[100, -100, 99, 0.5], [-100, -101, -102, -100]])
    yield ask(rng, logSoftmax, 'logSoftmax: logits of ±100', {'x': far})
    equal = torch.full((2, 3), 0.75, dtype=torch.float64)
    yield ask(rng, logSoftmax, 'logSoftmax: equal logits share equally', {'x': equal})
    yield ask(rng, logSoftmax, 'logSoftmax: a logit of −Infinity stays', {'x': tensor([[0, -INFINITY, 1]])})
    special = tensor([[INFINITY, 0, 1], [-INFINITY, -INFINITY, -INFINITY], [NAN, 0, 1]])
    yield ask(rng, logSoftmax, 'logSoftmax: rows with Infinity, only −Infinity, or NaN are NaN',
              {'x': special}, backward=False)
