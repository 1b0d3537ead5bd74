"""Golden cases of batchNormTraining."""

import itertools

import torch
import torch.nn.functional as F

from common import ask, draw, op, told, without_defaults
from vocabulary.channels import normalized


def witness(inputs, attrs):
    if attrs.get('runningVariance') == 'biased':
        return 'torch.batch_norm; runningVar from Tensor.var(unbiased=False)'
    return 'F.batch_norm'


@op(witness)
def batchNormTraining(
    x, gamma, beta, runningMean, runningVar, *, epsilon=1e-5, momentum=0.1, runningVariance='unbiased'
):
    mean, var = runningMean.clone(), runningVar.clone()
    if runningVariance == 'unbiased':
        y = F.batch_norm(x, mean, var, gamma, beta, True, momentum, epsilon)
        return {'y': y, 'runningMean': mean, 'runningVar': var}
    # F.batch_norm refuses one value per channel and only knows the unbiased variance: go below it, and do without it
    y = torch.batch_norm(x, gamma, beta, mean, var, True, momentum, epsilon, False)
    axes = [axis for axis in range(x.dim()) if axis != 1]
    var = (1 - momentum) * runningVar + momentum * x.detach().var(axes, unbiased=False)
    return {'y': y, 'runningMean': mean, 'runningVar': var}


def cases(rng):
    for shape in [(4, 3), (2, 1), (7, 5), (2, 3, 4), (1, 2, 5), (3, 1, 1), (2, 3, 2, 2), (1, 2, 3, 3),
                 (3, 1, 1, 5), (5, 4, 1, 1)]:
        yield ask(rng, batchNormTraining, f'batchNormTraining: shape {list(shape)}', normalized(rng, draw(rng, shape)))
    choices = {'epsilon': [1e-5, 0.125], 'momentum': [0.1, 0.25, 1], 'runningVariance': ['unbiased', 'biased']}
    combinations = [dict(zip(choices, values)) for values in itertools.product(*choices.values())]
    for attrs in combinations[1:] + [{'momentum': 0}, {'epsilon': 2.0 ** -10}]:
        told_attrs = told(without_defaults(batchNormTraining, attrs))
        inputs = normalized(rng, draw(rng, (3, 2, 2, 3)))
        yield ask(rng, batchNormTraining, f'batchNormTraining: {told_attrs}', inputs, attrs)
    for shape in [(1, 3), (1, 2, 1, 1)]:
        yield ask(rng, batchNormTraining, f'batchNormTraining: one value per channel is beta, shape {list(shape)}',
                  normalized(rng, draw(rng, shape)), {'runningVariance': 'biased'})
    constant = torch.full((2, 2, 2, 2), 1.5, dtype=torch.float64)
    yield ask(rng, batchNormTraining, 'batchNormTraining: constant channels have variance 0', normalized(rng, constant))
    yield ask(rng, batchNormTraining, 'batchNormTraining: a mean of 1000 does not swallow the variance',
              normalized(rng, 1000 + draw(rng, (4, 2, 3))))
