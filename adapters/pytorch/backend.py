"""
PyTorch as a backend: answers the oracle protocol, one JSON request a line on standard input, one JSON answer a line on
standard output.

    python3 backend.py [--device cpu] [--ops | --version]

Each op is a function of its inputs, by the catalogue's names, and of its attributes; it answers its outputs by name, and
raises Unsupported where PyTorch does not do the case. Gradients are autograd's.
"""

import argparse
import inspect
import json
import math
import sys

import torch
import torch.nn.functional as F

NOT_DIFFERENTIABLE = {'target', 'runningMean', 'runningVar'}
# attributes that say how a library means an op: the catalogue's default is always tried, and so is what PyTorch means
DIALS = {'kink': ['catalogue'], 'ties': ['first'], 'epsilonInside': [False]}
OWN = {'relu': {'kink': ['left']}, 'leakyRelu': {'kink': ['left']}, 'elu': {'kink': ['left']}, 'hinge': {'kink': ['left']}}


class Unsupported(Exception):
    """A case that PyTorch does not do, with the reason."""


# ---- Activations ----


def sigmoid(x):
    return {'y': torch.sigmoid(x)}


def tanh(x):
    return {'y': torch.tanh(x)}


def relu(x):
    return {'y': F.relu(x)}


def leakyRelu(x, *, alpha=0.1):
    return {'y': F.leaky_relu(x, alpha)}


def elu(x, *, alpha=1):
    return {'y': F.elu(x, alpha)}


def maxout(x, w, b):
    return {'y': (torch.einsum('ni,koi->nko', x, w) + b).max(dim=1).values}


def softplus(x, *, beta=1):
    return {'y': F.softplus(x, beta)}


def step(x):
    return {'y': torch.heaviside(x, torch.ones((), device=x.device))}


def softmax(x, *, axis=-1):
    return {'y': F.softmax(x, axis)}


def logSoftmax(x, *, axis=-1):
    return {'y': F.log_softmax(x, axis)}


# ---- Layers ----


def padded(x, padding, value=0.0):
    top, bottom, left, right = padding
    return F.pad(x, (left, right, top, bottom), value=value)


def even(padding):
    return all(padding[at] == padding[at + 1] for at in range(0, len(padding), 2))


def dense(x, w, b=None):
    return {'y': F.linear(x, w, b)}


def conv1d(x, w, b=None, *, stride=(1,), padding=(0, 0), dilation=(1,), groups=1):
    if even(padding):
        return {'y': F.conv1d(x, w, b, stride, padding[0], dilation, groups)}
    return {'y': F.conv1d(F.pad(x, tuple(padding)), w, b, stride, 0, dilation, groups)}


def conv2d(x, w, b=None, *, stride=(1, 1), padding=(0, 0, 0, 0), dilation=(1, 1), groups=1):
    if even(padding):
        return {'y': F.conv2d(x, w, b, stride, (padding[0], padding[2]), dilation, groups)}
    return {'y': F.conv2d(padded(x, padding), w, b, stride, 0, dilation, groups)}


def convTranspose2d(x, w, b=None, *, stride=(1, 1), padding=(0, 0, 0, 0), dilation=(1, 1), groups=1,
                    outputPadding=(0, 0)):
    if even(padding):
        return {'y': F.conv_transpose2d(x, w, b, stride, (padding[0], padding[2]), outputPadding, groups, dilation)}
    whole = F.conv_transpose2d(x, w, b, stride, 0, outputPadding, groups, dilation)
    top, bottom, left, right = padding
    return {'y': whole[:, :, top:whole.shape[2] - bottom, left:whole.shape[3] - right]}


def taken(padding, window):
    """Whether a pool of PyTorch takes the padding: the same before and behind, at most half the window."""
    return even(padding) and 2 * padding[0] <= window[0] and 2 * padding[2] <= window[1]


def maxPool2d(x, *, window=(2, 2), stride=None, padding=(0, 0, 0, 0), ceilMode=False):
    if taken(padding, window):
        return {'y': F.max_pool2d(x, window, stride, (padding[0], padding[2]), ceil_mode=ceilMode)}
    if ceilMode:
        raise Unsupported('ceilMode with uneven or wide padding')
    return {'y': F.max_pool2d(padded(x, padding, float('-inf')), window, stride)}


def avgPool2d(x, *, window=(2, 2), stride=None, padding=(0, 0, 0, 0), countIncludePad=False, ceilMode=False):
    if taken(padding, window):
        return {'y': F.avg_pool2d(x, window, stride, (padding[0], padding[2]), ceilMode, countIncludePad)}
    if ceilMode:
        raise Unsupported('ceilMode with uneven or wide padding')
    if not countIncludePad:
        raise Unsupported('uneven or wide padding that does not count')
    return {'y': F.avg_pool2d(padded(x, padding), window, stride)}


def globalAvgPool(x):
    return {'y': F.adaptive_avg_pool2d(x, 1).flatten(1)}


def batchNormTraining(x, gamma, beta, runningMean, runningVar, *, epsilon=1e-5, momentum=0.1,
                      runningVariance='unbiased'):
    if runningVariance == 'biased' and not x.requires_grad:
        raise Unsupported('a biased running variance')
    if x.numel() == x.shape[1]:
        raise Unsupported('one value per channel')
    mean, variance = runningMean.clone(), runningVar.clone()
    y = F.batch_norm(x, mean, variance, gamma, beta, training=True, momentum=momentum, eps=epsilon)
    return {'y': y, 'runningMean': mean, 'runningVar': variance}


def batchNormInference(x, gamma, beta, runningMean, runningVar, *, epsilon=1e-5):
    return {'y': F.batch_norm(x, runningMean, runningVar, gamma, beta, training=False, eps=epsilon)}


def localResponseNorm(x, *, size=5, alpha=1e-4, beta=0.75, k=1):
    return {'y': F.local_response_norm(x, size, alpha, beta, k)}


def flatten(x):
    return {'y': x.reshape(x.shape[0], -1)}


def reshape(x, *, shape):
    return {'y': x.reshape(tuple(shape))}


def add(a, b):
    return {'y': a + b}


def mul(a, b):
    return {'y': a * b}


def concat(*, axis=1, **inputs):
    return {'y': torch.cat([inputs[f'x{at}'] for at in range(len(inputs))], axis)}


def scaleChannels(x, s):
    return {'y': x * s[:, :, None, None]}


def rnnCell(x, h, wIh, wHh, b):
    return {'h': torch.rnn_tanh_cell(x, h, wIh, wHh, b, torch.zeros_like(b))}


def lstmCell(x, h, c, wIh, wHh, b):
    h, c = torch.lstm_cell(x, (h, c), wIh, wHh, b, torch.zeros_like(b))
    return {'h': h, 'c': c}


def gruCell(x, h, wIh, wHh, bIh, bHh):
    return {'h': torch.gru_cell(x, h, wIh, wHh, bIh, bHh)}


def rnn(x, h0, wIh, wHh, b):
    y, h = torch.rnn_tanh(x, h0[None], [wIh, wHh, b, torch.zeros_like(b)], True, 1, 0.0, True, False, False)
    return {'y': y, 'hT': h[0]}


def lstm(x, h0, c0, wIh, wHh, b):
    weights = [wIh, wHh, b, torch.zeros_like(b)]
    y, h, c = torch.lstm(x, (h0[None], c0[None]), weights, True, 1, 0.0, True, False, False)
    return {'y': y, 'hT': h[0], 'cT': c[0]}


def gru(x, h0, wIh, wHh, bIh, bHh):
    y, h = torch.gru(x, h0[None], [wIh, wHh, bIh, bHh], True, 1, 0.0, True, False, False)
    return {'y': y, 'hT': h[0]}


# ---- Losses ----


def mse(prediction, target, *, reduction='mean'):
    return {'loss': F.mse_loss(prediction, target, reduction=reduction)}


def bce(prediction, target, *, reduction='mean'):
    return {'loss': F.binary_cross_entropy(prediction, target, reduction=reduction)}


def bceWithLogits(logits, target, *, reduction='mean'):
    return {'loss': F.binary_cross_entropy_with_logits(logits, target, reduction=reduction)}


def cce(prediction, target, *, reduction='mean'):
    rows = -torch.xlogy(target, prediction).sum(1)
    return {'loss': rows if reduction == 'none' else getattr(rows, reduction)()}


def softmaxCrossEntropy(logits, target, *, reduction='mean'):
    return {'loss': F.cross_entropy(logits, target, reduction=reduction)}


def hinge(scores, target, *, reduction='mean'):
    if not (((target == 0) | (target == 1)).all() and (target.sum(1) == 1).all()):
        raise Unsupported('targets that are not one-hot')
    # it divides by the number of classes
    return {'loss': F.multi_margin_loss(scores, target.argmax(1), reduction=reduction) * scores.shape[1]}


def l2Penalty(w, *, beta):
    return {'loss': beta / 2 * w.square().sum()}


# ---- Optimizers ----


def stepped(kind, w, g, state, **options):
    """One step of an optimizer of PyTorch's from a state: the weight after it, and the state."""
    weight = torch.nn.Parameter(w.clone())
    weight.grad = g.clone()
    optimizer = kind([weight], **options)
    optimizer.state[weight] = {name: value.clone() for name, value in state.items()}
    optimizer.step()
    return weight.detach(), optimizer.state[weight]


def sgd(w, g, *, learningRate, weightDecay=0):
    after, _ = stepped(torch.optim.SGD, w, g, {}, lr=learningRate, weight_decay=weightDecay)
    return {'w': after}


def momentum(w, g, velocity, *, learningRate, momentum=0.9, nesterov=False, weightDecay=0):
    if momentum == 0:
        raise Unsupported('momentum 0, of which no velocity is kept')
    after, state = stepped(torch.optim.SGD, w, g, {'momentum_buffer': velocity}, lr=learningRate, momentum=momentum,
                           nesterov=nesterov, weight_decay=weightDecay)
    return {'w': after, 'velocity': state['momentum_buffer']}


def adagrad(w, g, accumulator, *, learningRate, epsilon=1e-10, weightDecay=0):
    after, state = stepped(torch.optim.Adagrad, w, g, {'step': torch.zeros(()), 'sum': accumulator}, lr=learningRate,
                           eps=epsilon, weight_decay=weightDecay)
    return {'w': after, 'accumulator': state['sum']}


def rmsprop(w, g, meanSquare, *, learningRate, decay=0.99, epsilon=1e-8, weightDecay=0):
    after, state = stepped(torch.optim.RMSprop, w, g, {'step': torch.zeros(()), 'square_avg': meanSquare},
                           lr=learningRate, alpha=decay, eps=epsilon, weight_decay=weightDecay)
    return {'w': after, 'meanSquare': state['square_avg']}


def adadelta(w, g, meanSquare, meanSquareDelta, *, learningRate=1, decay=0.9, epsilon=1e-6, weightDecay=0):
    after, state = stepped(torch.optim.Adadelta, w, g,
                           {'step': torch.zeros(()), 'square_avg': meanSquare, 'acc_delta': meanSquareDelta},
                           lr=learningRate, rho=decay, eps=epsilon, weight_decay=weightDecay)
    return {'w': after, 'meanSquare': state['square_avg'], 'meanSquareDelta': state['acc_delta']}


def adam(w, g, m, v, step, *, learningRate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, weightDecay=0):
    after, state = stepped(torch.optim.Adam, w, g, {'step': step.cpu(), 'exp_avg': m, 'exp_avg_sq': v},
                           lr=learningRate, betas=(beta1, beta2), eps=epsilon, weight_decay=weightDecay)
    return {'w': after, 'm': state['exp_avg'], 'v': state['exp_avg_sq'], 'step': state['step']}


def adamw(w, g, m, v, step, *, learningRate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, weightDecay=0.01):
    after, state = stepped(torch.optim.AdamW, w, g, {'step': step.cpu(), 'exp_avg': m, 'exp_avg_sq': v},
                           lr=learningRate, betas=(beta1, beta2), eps=epsilon, weight_decay=weightDecay)
    return {'w': after, 'm': state['exp_avg'], 'v': state['exp_avg_sq'], 'step': state['step']}


OPTIMIZERS = [sgd, momentum, adagrad, rmsprop, adadelta, adam, adamw]
FORWARD_ONLY = {'step', *(function.__name__ for function in OPTIMIZERS)}
OPS = {function.__name__: function for function in [
    sigmoid, tanh, relu, leakyRelu, elu, maxout, softplus, step, softmax, logSoftmax,
    dense, conv1d, conv2d, convTranspose2d, maxPool2d, avgPool2d, globalAvgPool, batchNormTraining, batchNormInference,
    localResponseNorm, flatten, reshape, add, mul, concat, scaleChannels, rnnCell, lstmCell, gruCell, rnn, lstm, gru,
    mse, bce, bceWithLogits, cce, softmaxCrossEntropy, hinge, l2Penalty, *OPTIMIZERS,
]}


# ---- The protocol ----


def refuse(code, message):
    return {'ok': False, 'error': {'code': code, 'message': message}}


def tensor_of(told, device):
    data = [float(value) for value in told['data']]  # "NaN" and "-Infinity" are what float reads
    return torch.tensor(data, dtype=torch.float32, device=device).reshape(told['shape'])


def number_of(value):
    return value if math.isfinite(value) else 'NaN' if math.isnan(value) else 'Infinity' if value > 0 else '-Infinity'


def told_of(tensor):
    data = tensor.detach().flatten().tolist()
    return {'shape': list(tensor.shape), 'data': [number_of(value) for value in data]}


def known(function, attrs):
    """The attributes that a function takes; those that it does not are PyTorch's own meaning, or unsupported."""
    names = [name for name, one in inspect.signature(function).parameters.items() if one.kind is one.KEYWORD_ONLY]
    for name, value in attrs.items():
        if name not in names and value not in [*DIALS.get(name, []), *OWN.get(function.__name__, {}).get(name, [])]:
            raise Unsupported(f'another {name}')
    return {name: value for name, value in attrs.items() if name in names}


def evaluate(op, direction, attrs, inputs, cotangents):
    function = OPS[op]
    attrs = known(function, attrs)
    if direction == 'forward':
        return function(**inputs, **attrs)
    for name, tensor in inputs.items():
        tensor.requires_grad_(name not in NOT_DIFFERENTIABLE)
    wanted = [name for name in inputs if name not in NOT_DIFFERENTIABLE]
    outputs = function(**inputs, **attrs)
    gradients = torch.autograd.grad([outputs[name] for name in cotangents], [inputs[name] for name in wanted],
                                    list(cotangents.values()), allow_unused=True)
    return {name: torch.zeros_like(inputs[name]) if gradient is None else gradient
            for name, gradient in zip(wanted, gradients)}


def answer(line, device):
    try:
        request = json.loads(line)
        op, direction = request['op'], request.get('direction', 'forward')
        tensors = {part: {name: tensor_of(told, device) for name, told in request.get(part, {}).items()}
                   for part in ['inputs', 'cotangents']}
    except (ValueError, KeyError, TypeError, AttributeError, RuntimeError) as problem:
        return None, refuse('MalformedRequest', f'{type(problem).__name__}: {problem}')
    identity = request.get('id')
    if op not in OPS:
        return identity, refuse('BackendUnavailable', f'there is no {op} here')
    if direction == 'backward' and op in FORWARD_ONLY:
        return identity, refuse('NoBackward', f'{op} has no backward')
    if direction not in ['forward', 'backward']:
        return identity, refuse('Unsupported', f'direction {direction}')
    try:
        results = evaluate(op, direction, request.get('attrs', {}), tensors['inputs'], tensors['cotangents'])
    except Unsupported as reason:
        return identity, refuse('Unsupported', str(reason))
    except Exception as problem:  # whatever the library says is its answer to the case
        return identity, refuse('BackendUnavailable', f'{type(problem).__name__}: {problem}')
    return identity, {'ok': True, 'outputs': {name: told_of(tensor) for name, tensor in results.items()}}


def main():
    parser = argparse.ArgumentParser(description='PyTorch, answering the oracle protocol')
    parser.add_argument('--device', default='cpu', help='where tensors live: cpu, cuda, mps, …')
    parser.add_argument('--ops', action='store_true', help='prints the ops with their directions, and ends')
    parser.add_argument('--version', action='store_true', help='prints the version of PyTorch, and ends')
    options = parser.parse_args()
    if options.version:
        print(torch.__version__)
        return
    if options.ops:
        print(json.dumps({op: ['forward'] if op in FORWARD_ONLY else ['forward', 'backward'] for op in OPS}))
        return
    for line in sys.stdin:
        identity, said = answer(line, options.device)
        print(json.dumps({'id': identity, **said}), flush=True)


if __name__ == '__main__':
    main()
