"""
Golden second derivatives: PyTorch's double backward of the ops, at some of their own golden cases.

A case has "op", "name", "attrs", "inputs" and "cotangents" as an op's own file has them, "directions", a tensor v for each
gradient, and what autograd says of Σ ⟨v, gradient⟩: "ofInputs" are its gradients with respect to the differentiable inputs,
"ofCotangents" those with respect to the cotangents. What PyTorch takes for independent is zeros.
"""

import random

import torch

from common import NOT_DIFFERENTIABLE, SEED, draw_nonzero, files, module_of, op_of

# no second derivative in the catalogue
LEFT_OUT = {'localResponseNorm'}
MOST_CASES, MOST_NUMBERS = 6, 64


def hinge(scores, target, *, reduction='mean'):
    """The margins one by one: PyTorch's own multi_margin_loss cannot be differentiated twice."""
    margins = (1 + scores.unsqueeze(1) - scores.unsqueeze(2)).relu() * (1 - torch.eye(scores.shape[1]))
    each = (target.unsqueeze(2) * margins).sum((1, 2))
    return {'loss': {'mean': each.mean(), 'sum': each.sum(), 'none': each}[reduction]}


def bce(prediction, target, *, reduction='mean'):
    """By its logarithms: PyTorch's own adds 1e-12 to the denominators of its second derivative."""
    each = -(target * prediction.log() + (1 - target) * (1 - prediction).log())
    return {'loss': {'mean': each.mean(), 'sum': each.sum(), 'none': each}[reduction]}


SPOKEN = {'hinge': hinge, 'bce': bce}


def second():
    return [case for name in files() if name not in LEFT_OUT for case in seconds(name)]


def seconds(name):
    """Cases of few numbers, first those with attributes that no case before them has."""
    rng = random.Random(f'{SEED} second {name}')
    cases = [case for case in module_of(name).cases(rng) if 'gradients' in case]
    small = [case for case in cases if numbers(case) <= MOST_NUMBERS and not (name == 'hinge' and 'kink' in case['attrs'])]
    seen, fresh, known = set(), [], []
    for case in small:
        told = {f'{key} {value}' if isinstance(value, (str, bool)) else key for key, value in case['attrs'].items()}
        (known if fresh and told <= seen else fresh).append(case)
        seen |= told
    found = []
    for case in fresh + known:
        if len(found) == MOST_CASES:
            break
        answer = asked(rng, name, case)
        if answer is not None:
            found.append(answer)
    return found


def numbers(case):
    return sum(value.numel() for value in case['inputs'].values())


def asked(rng, name, case):
    leaves = {
        key: value.detach().clone().requires_grad_(key not in NOT_DIFFERENTIABLE)
        for key, value in case['inputs'].items()
    }
    cotangents = {key: value.clone().requires_grad_(True) for key, value in case['cotangents'].items()}
    outputs = SPOKEN.get(name, op_of(name))(**leaves, **case['attrs'])
    wanted = [key for key, leaf in leaves.items() if leaf.requires_grad]
    gradients = torch.autograd.grad(
        [outputs[key] for key in cotangents], [leaves[key] for key in wanted], list(cotangents.values()),
        create_graph=True,
    )
    directions = {key: draw_nonzero(rng, gradient.shape) for key, gradient in zip(wanted, gradients)}
    total = sum((directions[key] * gradient).sum() for key, gradient in zip(wanted, gradients))
    operands = [leaves[key] for key in wanted] + list(cotangents.values())
    answers = torch.autograd.grad(total, operands, allow_unused=True)
    answers = [torch.zeros_like(x) if y is None else y for x, y in zip(operands, answers)]
    if not all(torch.isfinite(y).all() for y in answers):
        return None
    return {
        'op': name, 'name': case['name'], 'attrs': case['attrs'], 'inputs': case['inputs'],
        'cotangents': case['cotangents'], 'directions': directions,
        'ofInputs': dict(zip(wanted, answers)), 'ofCotangents': dict(zip(cotangents, answers[len(wanted):])),
    }
