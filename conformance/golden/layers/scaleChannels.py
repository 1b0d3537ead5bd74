"""Golden cases of scaleChannels."""

from common import ask, draw, draw_between, INFINITY, NAN, op, tensor


@op('a product with s broadcast')
def scaleChannels(x, s):
    return {'y': x * s[:, :, None, None]}


def cases(rng):
    for N, C, H, W in [(2, 3, 4, 5), (1, 1, 1, 1), (3, 2, 1, 4), (2, 4, 3, 1), (1, 5, 2, 2), (4, 1, 3, 3)]:
        inputs = {'x': draw(rng, (N, C, H, W)), 's': draw(rng, (N, C))}
        yield ask(rng, scaleChannels, f'scaleChannels: shape {[N, C, H, W]}', inputs)
    excited = {'x': draw(rng, (2, 3, 2, 3)), 's': draw_between(rng, (2, 3), 0, 1)}
    yield ask(rng, scaleChannels, 'scaleChannels: excitations from 0 to 1', excited)
    shut = {'x': draw(rng, (1, 2, 2, 2)), 's': tensor([[0, 1]])}
    yield ask(rng, scaleChannels, 'scaleChannels: a channel shut, a channel open', shut)
    special = {'x': tensor([[[[NAN, 1]], [[INFINITY, 2]], [[-INFINITY, -0.0]]]]), 's': tensor([[1, -2, 0]])}
    yield ask(rng, scaleChannels, 'scaleChannels: NaN and infinities come through', special, backward=False)
