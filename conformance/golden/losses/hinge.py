"""Golden cases of hinge."""

import itertools

import torch
import torch.nn.functional as F

from common import ask, draw, draw_between, op, tensor
from vocabulary.losses import distributions, one_hot, reduced, REDUCTIONS


def is_one_hot(target):
    return bool(((target == 0) | (target == 1)).all() and (target.sum(1) == 1).all())


def witness(inputs, attrs):
    if attrs.get('kink') == 'right':
        return 'the catalogue\'s formula in Tensor.clamp(min=0), whose gradient is 1 at the end of its range'
    if is_one_hot(inputs['target']):
        return 'F.multi_margin_loss, times the number of classes'
    return 'the catalogue\'s formula in torch.relu, with autograd'


@op(witness)
def hinge(scores, target, *, reduction='mean', kink='catalogue'):
    if is_one_hot(target) and kink != 'right':
        # PyTorch divides by the number of classes
        terms = F.multi_margin_loss(scores, target.argmax(1), reduction='none') * scores.shape[1]
        return {'loss': reduced(terms, reduction, len(terms))}
    margins = 1 + scores[:, None, :] - scores[:, :, None]
    others = 1 - torch.eye(scores.shape[1], dtype=torch.float64)
    costs = margins.clamp(min=0) if kink == 'right' else torch.relu(margins)
    terms = (target * (others * costs).sum(2)).sum(1)
    return {'loss': reduced(terms, reduction, len(terms))}


def cases(rng):
    for shape, reduction in itertools.product([(3, 4), (1, 5), (4, 1), (5, 3)], REDUCTIONS):
        targets = [('one-hot', one_hot(rng, shape)), ('soft', distributions(rng, shape)),
                   ('not summing to 1', draw_between(rng, shape, 0, 1))]
        for kind, target in targets:
            yield ask(rng, hinge, f'hinge: targets {kind}, shape {list(shape)}, reduction {reduction}',
                      {'scores': draw(rng, shape), 'target': target}, {'reduction': reduction})
    whole = tensor([[2, 1, 3, 0], [0, 1, -1, 2], [1, 1, 1, 1]])
    for reduction in REDUCTIONS:
        yield ask(rng, hinge, f'hinge: margins of 0 pull nowhere, reduction {reduction}',
                  {'scores': whole, 'target': one_hot(rng, (3, 4))}, {'reduction': reduction})
    for kink, reduction in itertools.product(['left', 'right'], REDUCTIONS):
        for kind, target in [('one-hot', one_hot(rng, (3, 4))), ('soft', distributions(rng, (3, 4)))]:
            yield ask(rng, hinge, f'hinge: margins of 0, kink {kink}, targets {kind}, reduction {reduction}',
                      {'scores': whole, 'target': target}, {'reduction': reduction, 'kink': kink})
