"""Golden cases of batchNormInference."""

import torch.nn.functional as F

from common import ask, draw, op, tensor
from vocabulary.channels import normalized


@op('F.batch_norm')
def batchNormInference(x, gamma, beta, runningMean, runningVar, *, epsilon=1e-5):
    return {'y': F.batch_norm(x, runningMean, runningVar, gamma, beta, False, 0.0, epsilon)}


def cases(rng):
    for shape in [(4, 3), (1, 1), (1, 5), (2, 3, 4), (3, 1, 1), (2, 3, 2, 2), (1, 2, 3, 1), (3, 1, 1, 5)]:
        yield ask(rng, batchNormInference, f'batchNormInference: shape {list(shape)}',
                      normalized(rng, draw(rng, shape)))
    for epsilon in [0.125, 2.0 ** -10, 0]:
        yield ask(rng, batchNormInference, f'batchNormInference: epsilon {epsilon}',
                  normalized(rng, draw(rng, (2, 3, 2, 2))), {'epsilon': epsilon})
    flat = {**normalized(rng, draw(rng, (2, 2, 3))), 'runningVar': tensor([0, 2.0 ** -30])}
    yield ask(rng, batchNormInference, 'batchNormInference: a running variance of 0 leans on epsilon', flat)
