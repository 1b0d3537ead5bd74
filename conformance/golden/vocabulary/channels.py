"""What batch normalization is given."""

from common import draw, draw_between


def normalized(rng, x):
    C = (x.shape[1],)
    return {'x': x, 'gamma': draw(rng, C), 'beta': draw(rng, C), 'runningMean': draw(rng, C),
            'runningVar': draw_between(rng, C, 0.25, 3)}
