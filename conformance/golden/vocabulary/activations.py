"""Cases of functions of one number."""

from common import ask, draw, INFINITY, NAN, op, SHAPES, tensor


SATURATING = [-100.0, -40.0, -20.0, -1.0, -0.0, 0.0, 1.0, 20.0, 40.0, 100.0]


def activation_cases(rng, op):
    for shape in SHAPES:
        yield ask(rng, op, f'{op.__name__}: shape {list(shape)}', {'x': draw(rng, shape)})
    yield ask(rng, op, f'{op.__name__}: from −100 to 100, both zeros included', {'x': tensor(SATURATING)})
    tiny = tensor([2.0 ** -10, -(2.0 ** -10), 2.0 ** -40, -(2.0 ** -40), 2.0 ** -126])
    yield ask(rng, op, f'{op.__name__}: close to zero', {'x': tiny})
    yield ask(rng, op, f'{op.__name__}: infinities', {'x': tensor([INFINITY, -INFINITY])})
    yield ask(rng, op, f'{op.__name__}: NaN comes through', {'x': tensor([NAN, 1.0])}, backward=False)
