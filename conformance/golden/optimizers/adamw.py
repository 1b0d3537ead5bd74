"""Golden cases of adamw."""

import torch

from common import op
from vocabulary.optimizers import adam_like_cases, adam_step


@op('torch.optim.AdamW', differentiable=False)
def adamw(w, g, m, v, step, *, learningRate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, weightDecay=0.01):
    settings = dict(lr=learningRate, betas=(beta1, beta2), eps=epsilon, weight_decay=weightDecay)
    return adam_step(torch.optim.AdamW, w, g, m, v, step, settings)


def cases(rng):
    yield from adam_like_cases(rng, adamw, [0.01, 0, 0.0625])
