"""
Golden vectors: what PyTorch, an outside witness, answers to the catalogue's questions.

Provenance
  PyTorch 1.13.1 as packaged by Debian 12: python3-torch 1.13.1+dfsg-4 (its `torch.__version__` reads 1.13.0a0).
  Everything is float64 on the CPU, one thread, with PyTorch's plain code path (no AVX variants).

Install and run
  apt-get install python3-torch
  /usr/bin/python3 conformance/golden/generate.py        (rewrites conformance/golden/*.json)

Rerunning gives the same bytes. Inputs come from Python's own `random`, seeded by SEED and the name of the file, so a
new case in one file leaves the others alone.

Inputs are small multiples of 1/16 or 1/64, hence exact in f32 as well; sums of their products are exact, so the order
in which dense, conv2d or a pool adds its terms leaves no trace. Attributes are exact in f32 too. Not so are the
catalogue's own defaults (0.1, 0.9, 1e-5), AlexNet's learning rate and decay, other libraries' slopes (0.01, SELU's
1.67…), the overflow case of add, and what a later step of an optimizer carries over from an earlier one.

Files: {"provenance", "op", "cases"}. A case has "name", "witness" (what computed it), "attrs" (those that differ from
the catalogue's defaults), "inputs", "outputs" and, for ops with a backward, "cotangents" (of the outputs) and
"gradients" (one per differentiable input given). A case without these two speaks of forward only. A tensor is
{"shape", "data"}, row-major; NaN and the infinities are strings. programs.json is described above `programs`.
"""

import inspect
import itertools
import json
import math
import os
import pathlib
import random

os.environ['ATEN_CPU_CAPABILITY'] = 'default'  # the last bit of exp and tanh should not depend on the processor

import torch
import torch.nn.functional as F

SEED = 20210
FOLDER = pathlib.Path(__file__).parent
NAN, INFINITY = math.nan, math.inf


# ---- The catalogue's ops, spoken in PyTorch. Parameters that are not inputs are attributes, with their defaults. ----


def padded(x, padding, value=0.0):
    top, bottom, left, right = padding
    return F.pad(x, (left, right, top, bottom), value=value)


def symmetric(padding):
    top, bottom, left, right = padding
    return top == bottom and left == right


def dense(x, w, b=None):
    return {'y': F.linear(x, w, b)}


def conv2d(x, w, b=None, *, stride=(1, 1), padding=(0, 0, 0, 0), dilation=(1, 1), groups=1):
    if symmetric(padding):
        return {'y': F.conv2d(x, w, b, stride, (padding[0], padding[2]), dilation, groups)}
    return {'y': F.conv2d(padded(x, padding), w, b, stride, 0, dilation, groups)}


def torch_pads_pool(window, padding):
    """PyTorch's own pools take the same padding on both sides, up to half a window."""
    return symmetric(padding) and 2 * padding[0] <= window[0] and 2 * padding[2] <= window[1]


def maxPool2d(x, *, window=(2, 2), stride=None, padding=(0, 0, 0, 0)):
    if torch_pads_pool(window, padding):
        return {'y': F.max_pool2d(x, window, stride, (padding[0], padding[2]))}
    return {'y': F.max_pool2d(padded(x, padding, -INFINITY), window, stride)}


def avgPool2d(x, *, window=(2, 2), stride=None, padding=(0, 0, 0, 0), countIncludePad=False):
    if torch_pads_pool(window, padding):
        pads = (padding[0], padding[2])
        return {'y': F.avg_pool2d(x, window, stride, pads, count_include_pad=countIncludePad)}
    if countIncludePad:
        return {'y': F.avg_pool2d(padded(x, padding), window, stride)}
    total = F.avg_pool2d(padded(x, padding), window, stride, divisor_override=1)
    count = F.avg_pool2d(padded(torch.ones_like(x), padding), window, stride, divisor_override=1)
    return {'y': total / count}


def globalAvgPool(x):
    return {'y': torch.flatten(F.adaptive_avg_pool2d(x, 1), 1)}


def convTranspose2d(x, w, b=None, *, stride=(1, 1), padding=(0, 0, 0, 0), dilation=(1, 1), groups=1,
                    outputPadding=(0, 0)):
    if symmetric(padding):
        pads = (padding[0], padding[2])
        return {'y': F.conv_transpose2d(x, w, b, stride, pads, outputPadding, groups, dilation)}
    top, bottom, left, right = padding
    y = F.conv_transpose2d(x, w, b, stride, 0, outputPadding, groups, dilation)
    return {'y': y[:, :, top:y.shape[2] - bottom, left:y.shape[3] - right]}


def localResponseNorm(x, *, size=5, alpha=1e-4, beta=0.75, k=1):
    return {'y': F.local_response_norm(x, size, alpha, beta, k)}


def conv1d(x, w, b=None, *, stride=(1,), padding=(0, 0), dilation=(1,), groups=1):
    if padding[0] == padding[1]:
        return {'y': F.conv1d(x, w, b, stride, padding[0], dilation, groups)}
    return {'y': F.conv1d(F.pad(x, padding), w, b, stride, 0, dilation, groups)}


def flatten(x):
    return {'y': torch.flatten(x, 1)}


def add(a, b):
    return {'y': torch.add(a, b)}


def sigmoid(x):
    return {'y': torch.sigmoid(x)}


def tanh(x):
    return {'y': torch.tanh(x)}


def relu(x):
    return {'y': torch.relu(x)}


def leakyRelu(x, *, alpha=0.1):
    return {'y': F.leaky_relu(x, alpha)}


def elu(x, *, alpha=1):
    return {'y': F.elu(x, alpha)}


def step(x):
    return {'y': torch.heaviside(x, torch.ones_like(x))}


def softmax(x, *, axis=-1):
    return {'y': torch.softmax(x, axis)}


def logSoftmax(x, *, axis=-1):
    return {'y': torch.log_softmax(x, axis)}


def maxout(x, w, b):
    pieces = torch.einsum('ni,koi->kno', x, w) + b[:, None, :]
    return {'y': pieces.max(0).values}  # not amax, which shares the gradient of a tie


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


def batchNormInference(x, gamma, beta, runningMean, runningVar, *, epsilon=1e-5):
    return {'y': F.batch_norm(x, runningMean, runningVar, gamma, beta, False, 0.0, epsilon)}


def rnnCell(x, h, wIh, wHh, b):
    cell = torch.nn.RNNCell(x.shape[1], h.shape[1], dtype=torch.float64)
    return {'h': torch.nn.utils.stateless.functional_call(cell, cell_weights(wIh, wHh, b), (x, h))}


def lstmCell(x, h, c, wIh, wHh, b):
    cell = torch.nn.LSTMCell(x.shape[1], h.shape[1], dtype=torch.float64)
    return dict(zip('hc', torch.nn.utils.stateless.functional_call(cell, cell_weights(wIh, wHh, b), (x, (h, c)))))


# torch.nn.RNN and LSTM hold their weights; these are the functions that they call with them
ONE_LAYER = dict(has_biases=True, num_layers=1, dropout=0.0, train=True, bidirectional=False, batch_first=False)


def rnn(x, h0, wIh, wHh, b):
    y, hT = torch.rnn_tanh(x, h0[None], list(cell_weights(wIh, wHh, b).values()), **ONE_LAYER)
    return {'y': y, 'hT': hT[0]}


def lstm(x, h0, c0, wIh, wHh, b):
    y, hT, cT = torch.lstm(x, (h0[None], c0[None]), list(cell_weights(wIh, wHh, b).values()), **ONE_LAYER)
    return {'y': y, 'hT': hT[0], 'cT': cT[0]}


def cell_weights(wIh, wHh, b):
    """PyTorch's names. It adds two biases; the catalogue's is their sum, so they take three quarters and a quarter of it."""
    names = ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh']
    return dict(zip(names, [wIh, wHh, 0.75 * b, 0.25 * b]))


def reduced(terms, reduction, count):
    return {'none': terms, 'sum': terms.sum(), 'mean': terms.sum() / count}[reduction]


def weighted_log(t, p):
    """t · log p, with value and gradient 0 where t is 0 (torch.xlogy has the value but a gradient of 0/0 at p = 0)."""
    return torch.where(t == 0, torch.zeros_like(p), t * torch.log(torch.where(t == 0, torch.ones_like(p), p)))


def away_from_certainty(prediction):
    return 1e-6 <= prediction.min() and prediction.max() <= 1 - 1e-6


def mse(prediction, target, *, reduction='mean'):
    return {'loss': F.mse_loss(prediction, target, reduction=reduction)}


def bce(prediction, target, *, reduction='mean'):
    if away_from_certainty(prediction):
        return {'loss': F.binary_cross_entropy(prediction, target, reduction=reduction)}
    # near 0 and 1 PyTorch clamps the logarithm at −100 and the gradient's denominator at 1e-12; the catalogue does not
    terms = -(weighted_log(target, prediction) + weighted_log(1 - target, 1 - prediction))
    return {'loss': reduced(terms, reduction, terms.numel())}


def cce(prediction, target, *, reduction='mean'):
    terms = -weighted_log(target, prediction).sum(1)
    return {'loss': reduced(terms, reduction, len(terms))}


def softmaxCrossEntropy(logits, target, *, reduction='mean'):
    return {'loss': F.cross_entropy(logits, target, reduction=reduction)}


def bceWithLogits(logits, target, *, reduction='mean'):
    return {'loss': F.binary_cross_entropy_with_logits(logits, target, reduction=reduction)}


def is_one_hot(target):
    return bool(((target == 0) | (target == 1)).all() and (target.sum(1) == 1).all())


def hinge(scores, target, *, reduction='mean'):
    if is_one_hot(target):
        # PyTorch divides by the number of classes
        terms = F.multi_margin_loss(scores, target.argmax(1), reduction='none') * scores.shape[1]
        return {'loss': reduced(terms, reduction, len(terms))}
    margins = 1 + scores[:, None, :] - scores[:, :, None]
    others = 1 - torch.eye(scores.shape[1], dtype=torch.float64)
    terms = (target * (others * torch.relu(margins)).sum(2)).sum(1)
    return {'loss': reduced(terms, reduction, len(terms))}


def l2Penalty(w, *, beta):
    return {'loss': beta / 2 * (w * w).sum()}


def sgd(w, g, *, learningRate, weightDecay=0):
    return {'w': optimizer_step(w, g, None, lr=learningRate, weight_decay=weightDecay)[0]}


def momentum(w, g, velocity, *, learningRate, momentum=0.9, nesterov=False, weightDecay=0):
    settings = dict(lr=learningRate, momentum=momentum, nesterov=nesterov, weight_decay=weightDecay)
    after, buffer = optimizer_step(w, g, velocity, **settings)
    # with μ = 0 PyTorch keeps no buffer; the catalogue's v′ = 0·v + g is then the gradient itself
    return {'w': after, 'velocity': g + weightDecay * w if momentum == 0 else buffer}


def optimizer_step(w, g, velocity, **settings):
    parameter = torch.nn.Parameter(w.clone())
    parameter.grad = g.clone()
    optimizer = torch.optim.SGD([parameter], **settings)
    if velocity is not None:
        optimizer.state[parameter]['momentum_buffer'] = velocity.clone()
    optimizer.step()
    return parameter.detach(), optimizer.state[parameter].get('momentum_buffer')


def mul(a, b):
    return {'y': torch.mul(a, b)}


def reshape(x, *, shape):
    return {'y': torch.reshape(x, shape)}


def concat(*, axis=1, **pieces):
    return {'y': torch.cat(list(pieces.values()), axis)}


def scaleChannels(x, s):
    return {'y': x * s[:, :, None, None]}


def philox4x32(counter, key):
    """Philox4x32-10 as its paper has it: PyTorch draws its own masks in another way, so no two libraries agree."""
    (c0, c1, c2, c3), (k0, k1) = counter, key
    for _ in range(10):
        (high0, low0), (high1, low1) = divmod(0xD2511F53 * c0, 2 ** 32), divmod(0xCD9E8D57 * c2, 2 ** 32)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = (k0 + 0x9E3779B9) % 2 ** 32, (k1 + 0xBB67AE85) % 2 ** 32
    return c0, c1, c2, c3


ONES = 0xFFFFFFFF
PI = (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0)
assert philox4x32((0, 0, 0, 0), (0, 0)) == (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)
assert philox4x32((ONES,) * 4, (ONES,) * 2) == (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)
assert philox4x32(*PI) == (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)


def dropout(x, *, keep=0.5, key, step=0, stream=0):
    words = [word for block in range(-(-x.numel() // 4)) for word in philox4x32((block, step, stream, 0), key)]
    mask = [float(word < math.ceil(keep * 2 ** 32)) for word in words[:x.numel()]]
    return {'y': x * tensor(mask).reshape(x.shape) / keep}
def adagrad(w, g, accumulator, *, learningRate, epsilon=1e-10, weightDecay=0):
    settings = dict(lr=learningRate, eps=epsilon, weight_decay=weightDecay)
    after, state = one_step(torch.optim.Adagrad, w, g, {'sum': accumulator}, settings)
    return {'w': after, 'accumulator': state['sum']}


def rmsprop(w, g, meanSquare, *, learningRate, decay=0.99, epsilon=1e-8, weightDecay=0):
    settings = dict(lr=learningRate, alpha=decay, eps=epsilon, weight_decay=weightDecay)
    after, state = one_step(torch.optim.RMSprop, w, g, {'step': 0, 'square_avg': meanSquare}, settings)
    return {'w': after, 'meanSquare': state['square_avg']}


def adadelta(w, g, meanSquare, meanSquareDelta, *, learningRate=1, decay=0.9, epsilon=1e-6, weightDecay=0):
    settings = dict(lr=learningRate, rho=decay, eps=epsilon, weight_decay=weightDecay)
    before = {'step': 0, 'square_avg': meanSquare, 'acc_delta': meanSquareDelta}
    after, state = one_step(torch.optim.Adadelta, w, g, before, settings)
    return {'w': after, 'meanSquare': state['square_avg'], 'meanSquareDelta': state['acc_delta']}


def adam(w, g, m, v, step, *, learningRate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, weightDecay=0):
    settings = dict(lr=learningRate, betas=(beta1, beta2), eps=epsilon, weight_decay=weightDecay)
    return adam_step(torch.optim.Adam, w, g, m, v, step, settings)


def adamw(w, g, m, v, step, *, learningRate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, weightDecay=0.01):
    settings = dict(lr=learningRate, betas=(beta1, beta2), eps=epsilon, weight_decay=weightDecay)
    return adam_step(torch.optim.AdamW, w, g, m, v, step, settings)


def adam_step(optimizer, w, g, m, v, step, settings):
    after, state = one_step(optimizer, w, g, {'exp_avg': m, 'exp_avg_sq': v, 'step': step}, settings)
    return {'w': after, 'm': state['exp_avg'], 'v': state['exp_avg_sq'], 'step': state['step']}


def one_step(kind, w, g, state, settings):
    """A step of a torch optimizer that goes on from a state; the weights and the state after it."""
    parameter = torch.nn.Parameter(w.clone())
    parameter.grad = g.clone()
    optimizer = kind([parameter], **settings)
    copies = {key: value.clone() if isinstance(value, torch.Tensor) else value for key, value in state.items()}
    optimizer.state[parameter].update(copies)
    optimizer.step()
    return parameter.detach(), optimizer.state[parameter]


def minMaxNormalize(x, apply=None, *, low=0, high=1):
    least, most = torch.aminmax(x, dim=0)
    share = ((x if apply is None else apply) - least) / (most - least)
    y = torch.lerp(tensor(low), tensor(high), share)
    return {'y': torch.where(most > least, y, torch.full_like(y, low))}


def zScoreNormalize(x, apply=None):
    if apply is None:
        return {'y': F.batch_norm(x, None, None, training=True, eps=0)}
    var, mean = torch.var_mean(x, 0, unbiased=False)
    return {'y': F.batch_norm(apply, mean, var, training=False, eps=0)}


WITNESS = {
    dense: 'F.linear',
    conv2d: 'F.conv2d',
    maxPool2d: 'F.max_pool2d',
    avgPool2d: 'F.avg_pool2d',
    globalAvgPool: 'F.adaptive_avg_pool2d',
    convTranspose2d: 'F.conv_transpose2d',
    localResponseNorm: 'F.local_response_norm',
    conv1d: 'F.conv1d',
    flatten: 'torch.flatten',
    add: 'torch.add',
    sigmoid: 'torch.sigmoid',
    tanh: 'torch.tanh',
    relu: 'torch.relu',
    softmax: 'torch.softmax',
    batchNormTraining: 'F.batch_norm',
    batchNormInference: 'F.batch_norm',
    rnnCell: 'torch.nn.RNNCell',
    lstmCell: 'torch.nn.LSTMCell',
    rnn: 'torch.rnn_tanh, which torch.nn.RNN calls',
    lstm: 'torch.lstm, which torch.nn.LSTM calls',
    mse: 'F.mse_loss',
    bce: 'F.binary_cross_entropy',
    cce: 'the catalogue\'s formula in torch.log, with autograd',
    softmaxCrossEntropy: 'F.cross_entropy',
    bceWithLogits: 'F.binary_cross_entropy_with_logits',
    hinge: 'F.multi_margin_loss, times the number of classes',
    l2Penalty: 'the catalogue\'s formula in torch, with autograd',
    sgd: 'torch.optim.SGD',
    momentum: 'torch.optim.SGD',
    leakyRelu: 'F.leaky_relu',
    elu: 'F.elu',
    step: 'torch.heaviside',
    logSoftmax: 'torch.log_softmax',
    mul: 'torch.mul',
    reshape: 'torch.reshape',
    concat: 'torch.cat',
    scaleChannels: 'a product with s broadcast',
    dropout: 'Philox in Python, checked by the known answers of Random123; x · mask / keep with autograd',
    adagrad: 'torch.optim.Adagrad',
    rmsprop: 'torch.optim.RMSprop',
    adadelta: 'torch.optim.Adadelta',
    adam: 'torch.optim.Adam',
    adamw: 'torch.optim.AdamW',
    maxout: 'torch.einsum, then Tensor.max(0)',
    minMaxNormalize: 'torch.aminmax and torch.lerp',
    zScoreNormalize: 'F.batch_norm without ε; for data to apply it to, with the statistics of torch.var_mean',
}
OPS = {op.__name__: op for op in WITNESS}
NOT_DIFFERENTIABLE = {'target', 'runningMean', 'runningVar'}
OPTIMIZERS = {sgd, momentum, adagrad, rmsprop, adadelta, adam, adamw}


def witness_of(op, inputs, attrs):
    padding, window = attrs.get('padding', (0, 0, 0, 0)), attrs.get('window', (2, 2))
    if op is conv2d and not symmetric(padding):
        return 'F.pad, then F.conv2d'
    if op is convTranspose2d and not symmetric(padding):
        return 'F.conv_transpose2d without padding, then a slice'
    if op is conv1d and len(set(padding)) > 1:
        return 'F.pad, then F.conv1d'
    if op is maxPool2d and not torch_pads_pool(window, padding):
        return 'F.pad with -Infinity, then F.max_pool2d'
    if op is avgPool2d and not torch_pads_pool(window, padding):
        if attrs.get('countIncludePad'):
            return 'F.pad, then F.avg_pool2d'
        return 'F.pad, then F.avg_pool2d with divisor 1: sums of x over sums of ones'
    if op is batchNormTraining and attrs.get('runningVariance') == 'biased':
        return 'torch.batch_norm; runningVar from Tensor.var(unbiased=False)'
    if op is bce and not away_from_certainty(inputs['prediction']):
        return 'the catalogue\'s formula in torch.log, with autograd'
    if op is hinge and not is_one_hot(inputs['target']):
        return 'the catalogue\'s formula in torch.relu, with autograd'
    if op is momentum and attrs.get('momentum') == 0:
        return 'torch.optim.SGD; velocity is the decayed gradient, as PyTorch keeps none'
    return WITNESS[op]


# ---- Asking, and writing the answers down ----


def tensor(nested):
    return torch.tensor(nested, dtype=torch.float64)


def draw(rng, shape, quantum=1 / 16, span=2):
    """Multiples of `quantum` between −span and span."""
    steps = int(span / quantum)
    values = [rng.randint(-steps, steps) * quantum for _ in range(math.prod(shape))]
    return tensor(values).reshape(shape)


def draw_nonzero(rng, shape):
    values = [rng.choice([-1, 1]) * rng.randint(1, 16) / 8 for _ in range(math.prod(shape))]
    return tensor(values).reshape(shape)


def draw_between(rng, shape, low, high, quantum=1 / 64):
    values = [rng.randint(round(low / quantum), round(high / quantum)) * quantum for _ in range(math.prod(shape))]
    return tensor(values).reshape(shape)


def ask(rng, op, name, inputs, attrs=None, backward=True):
    """One case: the outputs, and the gradients under drawn cotangents."""
    attrs = without_defaults(op, attrs or {})
    differentiable = backward and op not in OPTIMIZERS
    leaves = {
        key: value.clone().requires_grad_(differentiable and key not in NOT_DIFFERENTIABLE)
        for key, value in inputs.items()
    }
    outputs = op(**leaves, **attrs)
    case = {'name': name, 'witness': witness_of(op, inputs, attrs), 'attrs': attrs,
            'inputs': inputs, 'outputs': outputs}
    return {**case, **gradients(rng, leaves, outputs)} if differentiable else case


def gradients(rng, leaves, outputs):
    cotangents = {key: draw_nonzero(rng, y.shape) for key, y in outputs.items() if y.requires_grad}
    wanted = [key for key, leaf in leaves.items() if leaf.requires_grad]
    found = torch.autograd.grad(
        [outputs[key] for key in cotangents], [leaves[key] for key in wanted], list(cotangents.values())
    )
    return {'cotangents': cotangents, 'gradients': dict(zip(wanted, found))}


def without_defaults(op, attrs):
    parameters = inspect.signature(op).parameters
    return {key: value for key, value in attrs.items() if value != parameters[key].default}


def plain(value):
    """Tensors and tuples as JSON has them; NaN and the infinities as strings."""
    if isinstance(value, torch.Tensor):
        return {'shape': list(value.shape), 'data': [plain(number) for number in value.flatten().tolist()]}
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return 'NaN' if math.isnan(value) else 'Infinity' if value > 0 else '-Infinity'
    return value


def layout(value, depth):
    """JSON, broken into lines down to `depth` levels; below that, one line each."""
    if depth == 0 or not isinstance(value, (dict, list)) or not value:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(',', ':'))
    if isinstance(value, dict):
        lines = [f'{json.dumps(key, ensure_ascii=False)}: {layout(each, depth - 1)}' for key, each in value.items()]
        return '{\n' + ',\n'.join(lines) + '\n}'
    return '[\n' + ',\n'.join(layout(each, depth - 1) for each in value) + '\n]'


def write(name, body, depth):
    provenance = {
        'generator': 'conformance/golden/generate.py',
        'torch': '1.13.1',
        'package': 'Debian python3-torch 1.13.1+dfsg-4',
        'dtype': 'float64',
        'seed': SEED,
    }
    text = layout(plain({'provenance': provenance, **body}), depth) + '\n'
    (FOLDER / f'{name}.json').write_text(text, encoding='utf-8')
    return text


def told(attrs):
    """Attributes in words, for the names of cases."""
    return ', '.join(f'{key} {list(value) if isinstance(value, tuple) else value}' for key, value in attrs.items())


def pairwise(rng, factors):
    """Rows in which every two values of every two factors meet at least once (greedy; not minimal)."""
    names = list(factors)
    missing = {
        frozenset([(a, u), (b, v)])
        for a, b in itertools.combinations(names, 2) for u in factors[a] for v in factors[b]
    }
    rows = []
    while missing:
        seed = dict(min(missing, key=lambda pair: sorted(map(repr, pair))))
        tries = [{**{name: rng.choice(factors[name]) for name in names}, **seed} for _ in range(60)]
        met = [missing & {frozenset(pair) for pair in itertools.combinations(row.items(), 2)} for row in tries]
        best = max(range(len(tries)), key=lambda index: len(met[index]))
        rows.append(tries[best])
        missing -= met[best]
    return rows


# ---- Cases, op by op ----

SHAPES = [(), (5,), (2, 3), (3, 1, 2), (1, 2, 3, 2), (2, 1, 3, 1, 2)]
SATURATING = [-100.0, -40.0, -20.0, -1.0, -0.0, 0.0, 1.0, 20.0, 40.0, 100.0]


def dense_cases(rng):
    for N, I, O, bias in [(3, 4, 2, True), (3, 4, 2, False), (1, 5, 3, True), (2, 1, 3, True), (3, 7, 1, False),
                          (1, 1, 1, True), (1, 1, 1, False), (5, 9, 11, True), (7, 16, 5, False)]:
        inputs = {'x': draw(rng, (N, I)), 'w': draw(rng, (O, I)), **({'b': draw(rng, (O,))} if bias else {})}
        yield ask(rng, dense, f'dense: {N} rows of {I} to {O} with{"" if bias else "out"} bias', inputs)


def conv2d_case(rng, name, shape, attrs, bias=True):
    N, Cg, H, W, O, KH, KW = shape
    inputs = {'x': draw(rng, (N, attrs.get('groups', 1) * Cg, H, W)), 'w': draw(rng, (O, Cg, KH, KW))}
    return ask(rng, conv2d, f'conv2d: {name}', {**inputs, **({'b': draw(rng, (O,))} if bias else {})}, attrs)


def conv2d_cases(rng):
    yield conv2d_case(rng, 'a 3×3 window with bias', (2, 2, 5, 5, 3, 3, 3), {})
    yield conv2d_case(rng, 'a 3×3 window without bias', (2, 2, 5, 5, 3, 3, 3), {}, bias=False)
    yield conv2d_case(rng, 'a 1×1 window is dense at each pixel', (2, 3, 3, 2, 2, 1, 1), {})
    yield conv2d_case(rng, 'a window as large as the image', (1, 2, 3, 4, 3, 3, 4), {})
    yield conv2d_case(rng, 'every axis of size 1', (1, 1, 1, 1, 1, 1, 1), {}, bias=False)
    yield conv2d_case(rng, 'an image of one pixel seen through padding alone', (1, 1, 1, 1, 2, 3, 3),
                      {'padding': (1, 1, 1, 1)})
    yield conv2d_case(rng, 'an image one row high', (3, 1, 1, 7, 2, 1, 3), {})
    yield conv2d_case(rng, 'an image one column wide', (3, 1, 7, 1, 2, 3, 1), {})
    yield conv2d_case(rng, 'a 2×3 window, odd sizes', (1, 3, 7, 5, 1, 2, 3), {})
    yield conv2d_case(rng, 'AlexNet\'s first layer in small, 5×5 window, stride 4', (1, 3, 13, 13, 2, 5, 5),
                      {'stride': (4, 4)})
    alone = [
        {'stride': (2, 2)}, {'stride': (2, 1)}, {'stride': (1, 3)}, {'padding': (1, 1, 1, 1)},
        {'padding': (2, 0, 0, 0)},
        {'padding': (0, 2, 0, 0)}, {'padding': (0, 0, 2, 0)}, {'padding': (0, 0, 0, 2)}, {'padding': (0, 1, 2, 3)},
        {'dilation': (2, 2)}, {'dilation': (2, 1)}, {'dilation': (1, 3)}, {'groups': 2},
    ]
    for attrs in alone:
        yield conv2d_case(rng, f'{told(attrs)} alone', (1, 1, 6, 7, 2, 2, 3), attrs)
    yield conv2d_case(rng, 'depthwise, groups 3 with two filters each', (2, 1, 4, 4, 6, 3, 2), {'groups': 3})
    yield conv2d_case(rng, 'stride 3 past a window of 2 skips pixels', (1, 1, 8, 7, 2, 2, 2), {'stride': (3, 3)})
    for row in pairwise(rng, {
        'sh': [1, 2, 3], 'sw': [1, 2, 3], 'dh': [1, 2, 3], 'dw': [1, 2], 'top': [0, 1, 2], 'bottom': [0, 1],
        'left': [0, 1],
        'right': [0, 1, 2], 'groups': [1, 2, 3], 'bias': [True, False], 'N': [1, 2], 'KH': [2, 3], 'KW': [2, 3],
        'Cg': [1, 2], 'Og': [1, 2],
    }):
        yield paired_conv2d(rng, row)


def paired_conv2d(rng, row):
    """An image with room for two rows and two columns of windows and a remainder, counting the padding."""
    attrs = {
        'stride': (row['sh'], row['sw']), 'padding': (row['top'], row['bottom'], row['left'], row['right']),
        'dilation': (row['dh'], row['dw']), 'groups': row['groups'],
    }
    H = max(2, row['dh'] * (row['KH'] - 1) + 1 + row['sh'] + (row['sh'] > 1) - row['top'] - row['bottom'])
    W = max(2, row['dw'] * (row['KW'] - 1) + 1 + row['sw'] + (row['sw'] > 1) - row['left'] - row['right'])
    shape = (row['N'], row['Cg'], H, W, row['Og'] * row['groups'], row['KH'], row['KW'])
    name = f'pairs, {told(attrs)}, with{"" if row["bias"] else "out"} bias'
    return conv2d_case(rng, name, shape, attrs, row['bias'])


POOLS = [
    ('halves even sizes', (2, 3, 4, 6), {}),
    ('drops an odd last row and column', (1, 2, 5, 7), {}),
    ('every axis of size 1', (1, 1, 1, 1), {'window': (1, 1)}),
    ('one row, window [1, 2]', (3, 1, 1, 5), {'window': (1, 2)}),
    ('one column, window [3, 1]', (1, 2, 7, 1), {'window': (3, 1)}),
    ('the whole image in one window', (2, 2, 3, 4), {'window': (3, 4)}),
    ('window [3, 2] alone, stride equal to it', (1, 2, 7, 5), {'window': (3, 2)}),
    ('windows overlap, AlexNet\'s 3×3 with stride 2', (1, 2, 7, 7), {'window': (3, 3), 'stride': (2, 2)}),
    ('windows overlap by one row and by two columns', (2, 1, 5, 6), {'window': (2, 3), 'stride': (1, 1)}),
    ('stride alone, smaller than the window', (1, 1, 4, 5), {'stride': (1, 1)}),
    ('stride [3, 4] past a window of 2 skips pixels', (1, 2, 8, 7), {'stride': (3, 4)}),
    ('stride differs per axis, [1, 3]', (1, 2, 5, 8), {'stride': (1, 3)}),
    ('padding 1 on every side', (1, 2, 4, 5), {'padding': (1, 1, 1, 1)}),
    ('padding at the top only', (1, 1, 5, 4), {'padding': (1, 0, 0, 0)}),
    ('padding at the bottom only', (1, 1, 5, 4), {'padding': (0, 1, 0, 0)}),
    ('padding at the left only', (1, 1, 4, 5), {'padding': (0, 0, 1, 0)}),
    ('padding at the right only', (1, 1, 4, 5), {'padding': (0, 0, 0, 1)}),
    ('padding of window − 1 on every side', (1, 1, 3, 3),
     {'window': (3, 3), 'stride': (1, 1), 'padding': (2, 2, 2, 2)}),
    ('one pixel within padding', (1, 2, 1, 1), {'window': (2, 2), 'stride': (1, 1), 'padding': (1, 1, 1, 1)}),
    ('padding [0, 1, 2, 1], window [2, 3], stride [2, 1]', (1, 1, 5, 4),
     {'window': (2, 3), 'stride': (2, 1), 'padding': (0, 1, 2, 1)}),
]
POOL_FACTORS = {
    'kh': [2, 3], 'kw': [2, 3, 4], 'sh': [1, 2, 3], 'sw': [1, 2, 4], 'top': [0, 1], 'bottom': [0, 1], 'left': [0, 1],
    'right': [0, 1], 'N': [1, 2], 'C': [1, 3],
}


def paired_pool(row):
    padding = (row['top'], row['bottom'], row['left'], row['right'])
    attrs = {'window': (row['kh'], row['kw']), 'stride': (row['sh'], row['sw']), 'padding': padding}
    H = row['kh'] + row['sh'] + 1 - row['top']
    W = row['kw'] + row['sw'] + 1 - row['left']
    return told(attrs), (row['N'], row['C'], H, W), attrs


def maxPool2d_cases(rng):
    first_of_equals_wins()
    paired = [paired_pool(row) for row in pairwise(rng, POOL_FACTORS)]
    for name, shape, attrs in POOLS + [(f'pairs, {name}', shape, attrs) for name, shape, attrs in paired]:
        yield ask(rng, maxPool2d, f'maxPool2d: {name}', {'x': draw(rng, shape)}, attrs)
    yield from tied_max_pools(rng)
    below = draw_between(rng, (1, 2, 4, 5), -3, -1)
    yield ask(rng, maxPool2d, 'maxPool2d: all-negative windows keep their negative maximum', {'x': below})
    yield ask(rng, maxPool2d, 'maxPool2d: padding never wins over negative pixels', {'x': below},
              {'padding': (1, 1, 1, 1)})
    yield ask(rng, maxPool2d, 'maxPool2d: asymmetric padding never wins over negative pixels', {'x': below},
              {'window': (3, 3), 'stride': (2, 2), 'padding': (2, 0, 1, 2)})
    special = tensor([[[[1, NAN, -INFINITY, 2], [3, 4, INFINITY, -1]]]])
    yield ask(rng, maxPool2d, 'maxPool2d: NaN and Infinity come through their windows', {'x': special}, backward=False)


def tied_max_pools(rng):
    """Integers among −1, 0, 1: most windows hold their maximum more than once, and the gradient tells which one won."""
    for name, attrs in [
        ('in disjoint windows', {}),
        ('in overlapping windows', {'window': (3, 3), 'stride': (1, 2)}),
        ('in windows touching the padding', {'window': (3, 3), 'stride': (2, 1), 'padding': (1, 1, 1, 1)}),
        ('in windows touching asymmetric padding', {'window': (2, 3), 'stride': (1, 1), 'padding': (1, 0, 0, 2)}),
    ]:
        yield ask(rng, maxPool2d, f'maxPool2d: ties {name} go to the first in row-major order',
                  {'x': draw(rng, (2, 1, 5, 6), 1, 1)}, attrs)
    for window in [(2, 2), (3, 2)]:
        yield ask(rng, maxPool2d, f'maxPool2d: a constant image, window {list(window)}, all ties',
                  {'x': torch.full((1, 1, 5, 5), 0.5, dtype=torch.float64)}, {'window': window, 'stride': (1, 1)})


def first_of_equals_wins():
    """The catalogue's rule for ties, checked of PyTorch itself."""
    x = torch.ones(1, 1, 6, 6, dtype=torch.float64)
    for window, stride in itertools.product([(2, 2), (3, 3), (1, 4), (4, 1)], [(1, 1), (2, 2), (2, 3)]):
        _, index = F.max_pool2d(x, window, stride, return_indices=True)
        rows, columns = index.shape[2:]
        first = [[i * stride[0] * 6 + j * stride[1] for j in range(columns)] for i in range(rows)]
        assert index[0, 0].tolist() == first


def avgPool2d_cases(rng):
    factors = {**POOL_FACTORS, 'include': [False, True]}
    paired = [(row['include'], *paired_pool(row)) for row in pairwise(rng, factors)]
    listed = [(False, *pool) for pool in POOLS]
    listed += [(True, *pool) for pool in POOLS if 'padding' in pool[2] or not pool[2]]
    for include, name, shape, attrs in listed + [(include, f'pairs, {name}', *rest) for include, name, *rest in paired]:
        counted = 'counts the padding' if include else 'counts real elements only'
        yield ask(rng, avgPool2d, f'avgPool2d: {name}; {counted}', {'x': draw(rng, shape)},
                  {**attrs, 'countIncludePad': include})
    special = tensor([[[[1, NAN, -INFINITY, 2], [3, 4, 5, -1]]]])
    yield ask(rng, avgPool2d, 'avgPool2d: NaN and Infinity come through their windows', {'x': special}, backward=False)


def globalAvgPool_cases(rng):
    for shape in [(2, 3, 4, 5), (1, 1, 1, 1), (3, 2, 1, 1), (1, 2, 1, 7), (2, 1, 6, 1), (1, 3, 3, 3), (2, 4, 7, 7),
                  (4, 1, 2, 8)]:
        yield ask(rng, globalAvgPool, f'globalAvgPool: shape {list(shape)}', {'x': draw(rng, shape)})
    constant = torch.full((1, 2, 3, 5), 0.75, dtype=torch.float64)
    yield ask(rng, globalAvgPool, 'globalAvgPool: a constant plane', {'x': constant})
    special = tensor([[[[1, NAN], [3, 4]], [[INFINITY, 2], [0, -1]], [[INFINITY, -INFINITY], [1, 1]]]])
    yield ask(rng, globalAvgPool, 'globalAvgPool: NaN and Infinity come through', {'x': special}, backward=False)


def convTranspose2d_case(rng, name, shape, attrs, bias=True):
    N, C, H, W, Og, KH, KW = shape
    inputs = {'x': draw(rng, (N, C, H, W)), 'w': draw(rng, (C, Og, KH, KW))}
    bias = {'b': draw(rng, (attrs.get('groups', 1) * Og,))} if bias else {}
    return ask(rng, convTranspose2d, f'convTranspose2d: {name}', {**inputs, **bias}, attrs)


def convTranspose2d_cases(rng):
    yield convTranspose2d_case(rng, 'a 3×3 window with bias', (2, 2, 3, 3, 3, 3, 3), {})
    yield convTranspose2d_case(rng, 'a 3×3 window without bias', (2, 2, 3, 3, 3, 3, 3), {}, bias=False)
    yield convTranspose2d_case(rng, 'a 1×1 window is dense at each pixel', (2, 3, 3, 2, 2, 1, 1), {})
    yield convTranspose2d_case(rng, 'every axis of size 1', (1, 1, 1, 1, 1, 1, 1), {}, bias=False)
    yield convTranspose2d_case(rng, 'one pixel stamps the filter', (2, 2, 1, 1, 2, 3, 2), {})
    yield convTranspose2d_case(rng, 'padding leaves one pixel', (1, 1, 2, 2, 2, 2, 2), {'padding': (1, 1, 1, 1)})
    yield convTranspose2d_case(rng, 'an image one row high', (2, 1, 1, 5, 2, 1, 3), {})
    yield convTranspose2d_case(rng, 'an image one column wide', (2, 1, 5, 1, 2, 3, 1), {})
    yield convTranspose2d_case(rng, 'DCGAN\'s layer in small, a 4×4 window, stride 2, padding 1', (1, 3, 3, 3, 2, 4, 4),
                               {'stride': (2, 2), 'padding': (1, 1, 1, 1)})
    alone = [
        {'stride': (2, 2)}, {'stride': (2, 1)}, {'stride': (1, 3)}, {'padding': (1, 1, 1, 1)},
        {'padding': (2, 0, 0, 0)},
        {'padding': (0, 2, 0, 0)}, {'padding': (0, 0, 2, 0)}, {'padding': (0, 0, 0, 2)}, {'padding': (0, 1, 2, 1)},
        {'dilation': (2, 2)}, {'dilation': (2, 1)}, {'dilation': (1, 3)}, {'groups': 2},
    ]
    for attrs in alone:
        yield convTranspose2d_case(rng, f'{told(attrs)} alone', (1, 2, 3, 4, 2, 2, 3), attrs)
    for attrs in [
        {'stride': (2, 3), 'outputPadding': (1, 2)}, {'stride': (2, 3), 'outputPadding': (0, 1)},
        {'dilation': (2, 3), 'outputPadding': (1, 2)}, {'stride': (2, 1), 'dilation': (1, 3), 'outputPadding': (1, 2)},
        {'stride': (2, 2), 'padding': (1, 1, 1, 1), 'outputPadding': (1, 1)},
        {'stride': (3, 2), 'padding': (0, 2, 1, 1), 'outputPadding': (2, 1)},
    ]:
        yield convTranspose2d_case(rng, f'{told(attrs)}', (2, 2, 2, 3, 2, 3, 3), attrs)
    yield convTranspose2d_case(rng, 'depthwise, groups 3 with two filters each', (2, 3, 3, 3, 2, 3, 2), {'groups': 3})
    yield convTranspose2d_case(rng, 'stride 3 past a window of 2 leaves gaps', (1, 1, 3, 2, 2, 2, 2), {'stride': (3, 3)})
    for row in pairwise(rng, {
        'sh': [1, 2, 3], 'sw': [1, 2, 3], 'dh': [1, 2, 3], 'dw': [1, 2], 'top': [0, 1, 2], 'bottom': [0, 1],
        'left': [0, 1],
        'right': [0, 1, 2], 'groups': [1, 2, 3], 'bias': [True, False], 'N': [1, 2], 'KH': [2, 3], 'KW': [2, 3],
        'Cg': [1, 2], 'Og': [1, 2], 'below': [0, 1, 2], 'after': [0, 1, 2],
    }):
        yield paired_convTranspose2d(rng, row)


def paired_convTranspose2d(rng, row):
    """Two rows and three columns; outputPadding as drawn, or as much of it as there may be."""
    most = (max(row['sh'], row['dh']) - 1, max(row['sw'], row['dw']) - 1)
    attrs = {
        'stride': (row['sh'], row['sw']), 'padding': (row['top'], row['bottom'], row['left'], row['right']),
        'dilation': (row['dh'], row['dw']), 'groups': row['groups'],
        'outputPadding': (min(row['below'], most[0]), min(row['after'], most[1])),
    }
    H = 3 if row['top'] + row['bottom'] > 1 else 2
    shape = (row['N'], row['groups'] * row['Cg'], H, 3, row['Og'], row['KH'], row['KW'])
    name = f'pairs, {told(attrs)}, with{"" if row["bias"] else "out"} bias'
    return convTranspose2d_case(rng, name, shape, attrs, row['bias'])


def localResponseNorm_cases(rng):
    for shape in [(2, 7, 3), (1, 1, 1), (3, 1, 4), (1, 2, 3), (2, 6, 2, 2), (1, 9, 1, 3), (1, 6, 2, 1, 2), (2, 12, 1, 1)]:
        yield ask(rng, localResponseNorm, f'localResponseNorm: shape {list(shape)}', {'x': draw(rng, shape)})
    alone = [{'size': size} for size in [1, 2, 3, 4, 6, 7, 20]]
    alone += [{'alpha': 0.5}, {'alpha': 0}, {'beta': 0.5}, {'beta': 2}, {'beta': -0.5}, {'beta': 0}, {'k': 2},
              {'k': 0.125}]
    for attrs in alone:
        yield ask(rng, localResponseNorm, f'localResponseNorm: {told(attrs)} alone', {'x': draw(rng, (2, 6, 3))}, attrs)
    alexnet = {'size': 5, 'alpha': 5e-4, 'beta': 0.75, 'k': 2}
    yield ask(rng, localResponseNorm, 'localResponseNorm: AlexNet\'s k 2, n 5, α 10⁻⁴ before division, β ¾',
              {'x': draw(rng, (1, 9, 2, 2), span=200)}, alexnet)
    for row in pairwise(rng, {
        'size': [1, 2, 3, 4, 5, 8], 'alpha': [0.25, 2, 16], 'beta': [0.5, 0.75, 1, 2.5], 'k': [0.5, 1, 2], 'C': [1, 5, 8],
        'rest': [(3,), (2, 2), (1, 2, 2)],
    }):
        attrs = {name: row[name] for name in ['size', 'alpha', 'beta', 'k']}
        shape = (2, row['C'], *row['rest'])
        yield ask(rng, localResponseNorm, f'localResponseNorm: pairs, {told(attrs)}, shape {list(shape)}',
                  {'x': draw(rng, shape)}, attrs)
    zero = {'x': torch.zeros(1, 4, 2, dtype=torch.float64)}
    yield ask(rng, localResponseNorm, 'localResponseNorm: zeros', zero, {'k': 2})


def conv1d_case(rng, name, shape, attrs, bias=True):
    N, Cg, L, O, K = shape
    inputs = {'x': draw(rng, (N, attrs.get('groups', 1) * Cg, L)), 'w': draw(rng, (O, Cg, K))}
    return ask(rng, conv1d, f'conv1d: {name}', {**inputs, **({'b': draw(rng, (O,))} if bias else {})}, attrs)


def conv1d_cases(rng):
    yield conv1d_case(rng, 'a window of 3 with bias', (2, 2, 7, 3, 3), {})
    yield conv1d_case(rng, 'a window of 3 without bias', (2, 2, 7, 3, 3), {}, bias=False)
    yield conv1d_case(rng, 'a window of 1 is dense at each place', (2, 3, 5, 2, 1), {})
    yield conv1d_case(rng, 'a window as long as the sequence', (1, 2, 5, 3, 5), {})
    yield conv1d_case(rng, 'every axis of size 1', (1, 1, 1, 1, 1), {}, bias=False)
    yield conv1d_case(rng, 'a sequence of one place seen through padding alone', (1, 1, 1, 2, 3), {'padding': (1, 1)})
    alone = [
        {'stride': (2,)}, {'stride': (3,)}, {'padding': (1, 1)}, {'padding': (2, 0)}, {'padding': (0, 2)},
        {'padding': (1, 3)}, {'dilation': (2,)}, {'dilation': (3,)}, {'groups': 2},
    ]
    for attrs in alone:
        yield conv1d_case(rng, f'{told(attrs)} alone', (2, 2, 9, 2, 3), attrs)
    yield conv1d_case(rng, 'causal: all padding before, dilation 2', (2, 2, 8, 3, 3), {'padding': (4, 0), 'dilation': (2,)})
    yield conv1d_case(rng, 'depthwise, groups 3 with two filters each', (2, 1, 6, 6, 3), {'groups': 3})
    yield conv1d_case(rng, 'stride 3 past a window of 2 skips places', (1, 1, 9, 2, 2), {'stride': (3,)})
    for row in pairwise(rng, {
        's': [1, 2, 3], 'd': [1, 2, 3], 'left': [0, 1, 2], 'right': [0, 1, 3], 'groups': [1, 2, 3],
        'bias': [True, False], 'N': [1, 2], 'K': [1, 2, 4], 'Cg': [1, 2], 'Og': [1, 2],
    }):
        attrs = {'stride': (row['s'],), 'padding': (row['left'], row['right']), 'dilation': (row['d'],),
                 'groups': row['groups']}
        L = max(2, row['d'] * (row['K'] - 1) + 1 + 2 * row['s'] + (row['s'] > 1) - row['left'] - row['right'])
        name = f'pairs, {told(attrs)}, with{"" if row["bias"] else "out"} bias'
        yield conv1d_case(rng, name, (row['N'], row['Cg'], L, row['Og'] * row['groups'], row['K']), attrs, row['bias'])


def flatten_cases(rng):
    for shape in [(2, 3), (3, 2, 4), (2, 3, 2, 2), (1, 2, 1, 3, 2), (1, 1, 1, 1), (3, 1)]:
        yield ask(rng, flatten, f'flatten: shape {list(shape)}', {'x': draw(rng, shape)})


def add_cases(rng):
    for shape in SHAPES:
        yield ask(rng, add, f'add: shape {list(shape)}', {'a': draw(rng, shape), 'b': draw(rng, shape)})
    infinities = {'a': tensor([INFINITY, INFINITY, -INFINITY, NAN]), 'b': tensor([1, -INFINITY, -INFINITY, 0])}
    yield ask(rng, add, 'add: infinities and NaN', infinities)
    yield ask(rng, add, 'add: overflow is Infinity', {'a': tensor([1e308, -1e308]), 'b': tensor([1e308, -1e308])})
    cancelling = {'a': tensor([1, -1, 0.5, 0, -0.0]), 'b': tensor([-1, 1, 2.0 ** -20, -0.0, -0.0])}
    yield ask(rng, add, 'add: cancellation, small against large, signed zeros', cancelling)


def activation_cases(rng, op):
    for shape in SHAPES:
        yield ask(rng, op, f'{op.__name__}: shape {list(shape)}', {'x': draw(rng, shape)})
    yield ask(rng, op, f'{op.__name__}: from −100 to 100, both zeros included', {'x': tensor(SATURATING)})
    tiny = tensor([2.0 ** -10, -(2.0 ** -10), 2.0 ** -40, -(2.0 ** -40), 2.0 ** -126])
    yield ask(rng, op, f'{op.__name__}: close to zero', {'x': tiny})
    yield ask(rng, op, f'{op.__name__}: infinities', {'x': tensor([INFINITY, -INFINITY])})
    yield ask(rng, op, f'{op.__name__}: NaN comes through', {'x': tensor([NAN, 1.0])}, backward=False)


def relu_cases(rng):
    yield from activation_cases(rng, relu)
    yield ask(rng, relu, 'relu: the derivative at exactly 0 is 0', {'x': tensor([[0.0, -0.0], [1.0, -1.0]])})


def leakyRelu_cases(rng):
    yield from activation_cases(rng, leakyRelu)
    for alpha in [0.01, 0, 0.25, 1, 2, -0.5]:
        attrs = {'alpha': alpha}
        yield ask(rng, leakyRelu, f'leakyRelu: {told(attrs)}', {'x': draw(rng, (3, 4))}, attrs)
        yield ask(rng, leakyRelu, f'leakyRelu: the derivative at exactly 0 is alpha, {alpha}',
                  {'x': tensor([[0.0, -0.0], [1.0, -1.0]])}, attrs)


def elu_cases(rng):
    yield from activation_cases(rng, elu)
    # no zeros among these: PyTorch's derivative at 0 is alpha, the catalogue's 1
    for alpha in [0.5, 2, 0.1, 1.6732632423543772, 0, -0.5]:
        attrs = {'alpha': alpha}
        yield ask(rng, elu, f'elu: {told(attrs)}', {'x': draw_nonzero(rng, (3, 4))}, attrs)
        yield ask(rng, elu, f'elu: {told(attrs)}, from −100 to 100',
                  {'x': tensor([x for x in SATURATING if x != 0])}, attrs)
    yield ask(rng, elu, 'elu: 0 is 0, whatever alpha is', {'x': tensor([0.0, -0.0])}, {'alpha': 2}, backward=False)


def step_cases(rng):
    for shape in SHAPES:
        yield ask(rng, step, f'step: shape {list(shape)}', {'x': draw(rng, shape)}, backward=False)
    yield ask(rng, step, 'step: at exactly 0 it is 1', {'x': tensor([[0.0, -0.0], [1.0, -1.0]])}, backward=False)
    tiny = tensor([2.0 ** -126, -(2.0 ** -126), 2.0 ** -40, -(2.0 ** -40)])
    yield ask(rng, step, 'step: close to the threshold', {'x': tiny}, backward=False)
    special = tensor([INFINITY, -INFINITY, NAN])
    yield ask(rng, step, 'step: infinities; NaN is not above the threshold', {'x': special}, backward=False)


def softmax_cases(rng):
    for shape in SHAPES[1:]:
        for axis in range(-len(shape), len(shape)):
            yield ask(rng, softmax, f'softmax: shape {list(shape)}, axis {axis}',
                      {'x': draw(rng, shape)}, {'axis': axis})
    for axis in [0, 1]:
        huge = tensor([[1e4, -1e4, 0, 1e4], [-1e4, -1e4, -1e4, 1e4], [1e4, 9999, 9998, -1e4]])
        yield ask(rng, softmax, f'softmax: logits of ±10⁴, axis {axis}', {'x': huge}, {'axis': axis})
    yield ask(rng, softmax, 'softmax: logits of ±100', {'x': tensor([[100, -100, 99, 0.5], [-100, -101, -102, -100]])})
    yield ask(rng, softmax, 'softmax: equal logits share equally', {'x': torch.full((2, 3), 0.75, dtype=torch.float64)})
    yield ask(rng, softmax, 'softmax: a logit of −Infinity has no share', {'x': tensor([[0, -INFINITY, 1]])})
    special = tensor([[INFINITY, 0, 1], [-INFINITY, -INFINITY, -INFINITY], [NAN, 0, 1]])
    yield ask(rng, softmax, 'softmax: rows with Infinity, only −Infinity, or NaN are NaN',
              {'x': special}, backward=False)


def logSoftmax_cases(rng):
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


def maxout_cases(rng):
    for N, I, O, K in [(3, 4, 2, 3), (1, 5, 3, 2), (2, 1, 3, 4), (4, 7, 1, 2), (3, 4, 2, 1), (1, 1, 1, 1), (5, 6, 7, 5)]:
        inputs = {'x': draw(rng, (N, I)), 'w': draw(rng, (K, O, I)), 'b': draw(rng, (K, O))}
        yield ask(rng, maxout, f'maxout: {N} rows of {I} to {O} by {K} pieces', inputs)
    for N, I, O, K in [(6, 1, 4, 3), (5, 2, 3, 4)]:
        inputs = {'x': draw(rng, (N, I), 1, 1), 'w': draw(rng, (K, O, I), 1, 1), 'b': draw(rng, (K, O), 1, 1)}
        yield ask(rng, maxout, f'maxout: whole numbers, often tied, {K} pieces of {I}', inputs)
    same = {'x': draw(rng, (3, 2)), 'w': draw(rng, (1, 2, 2)).repeat(3, 1, 1), 'b': draw(rng, (1, 2)).repeat(3, 1)}
    yield ask(rng, maxout, 'maxout: equal pieces, of which the first has the gradient', same)
    magnitude = {'x': tensor([[-1.5], [0], [2]]), 'w': tensor([[[1]], [[-1]]]), 'b': tensor([[0], [0]])}
    yield ask(rng, maxout, 'maxout: the magnitude, as the larger of x and −x', magnitude)
    special = {'x': tensor([[INFINITY], [-INFINITY]]), 'w': tensor([[[1]], [[0.5]]]), 'b': tensor([[0], [1]])}
    yield ask(rng, maxout, 'maxout: infinities', special, backward=False)
    yield ask(rng, maxout, 'maxout: NaN comes through, whichever piece it is in',
              {'x': tensor([[NAN], [1.0]]), 'w': tensor([[[1]], [[2]]]), 'b': tensor([[0], [NAN]])}, backward=False)


def normalized(rng, x):
    C = (x.shape[1],)
    return {'x': x, 'gamma': draw(rng, C), 'beta': draw(rng, C), 'runningMean': draw(rng, C),
            'runningVar': draw_between(rng, C, 0.25, 3)}


def batchNormTraining_cases(rng):
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


def batchNormInference_cases(rng):
    for shape in [(4, 3), (1, 1), (1, 5), (2, 3, 4), (3, 1, 1), (2, 3, 2, 2), (1, 2, 3, 1), (3, 1, 1, 5)]:
        yield ask(rng, batchNormInference, f'batchNormInference: shape {list(shape)}',
                      normalized(rng, draw(rng, shape)))
    for epsilon in [0.125, 2.0 ** -10, 0]:
        yield ask(rng, batchNormInference, f'batchNormInference: epsilon {epsilon}',
                  normalized(rng, draw(rng, (2, 3, 2, 2))), {'epsilon': epsilon})
    flat = {**normalized(rng, draw(rng, (2, 2, 3))), 'runningVar': tensor([0, 2.0 ** -30])}
    yield ask(rng, batchNormInference, 'batchNormInference: a running variance of 0 leans on epsilon', flat)


REDUCTIONS = ['mean', 'sum', 'none']


def mse_cases(rng):
    for shape, reduction in itertools.product(SHAPES[1:], REDUCTIONS):
        inputs = {'prediction': draw(rng, shape), 'target': draw(rng, shape)}
        yield ask(rng, mse, f'mse: shape {list(shape)}, reduction {reduction}', inputs, {'reduction': reduction})
    same = draw(rng, (2, 3))
    yield ask(rng, mse, 'mse: a perfect prediction has loss and gradient 0', {'prediction': same, 'target': same})


def bce_cases(rng):
    for shape, reduction in itertools.product(SHAPES[1:5], REDUCTIONS):
        for kind, target in [('soft', draw_between(rng, shape, 0, 1)), ('hard', draw_between(rng, shape, 0, 1, 1))]:
            inputs = {'prediction': draw_between(rng, shape, 1 / 64, 63 / 64), 'target': target}
            yield ask(rng, bce, f'bce: {kind} targets, shape {list(shape)}, reduction {reduction}',
                      inputs, {'reduction': reduction})
    certain = {'prediction': tensor([0, 1, 0.5, 0.25]), 'target': tensor([0, 1, 1, 0])}
    wrong = {'prediction': tensor([0, 1, 0, 1]), 'target': tensor([1, 0, 0.5, 0.5])}
    close = {'prediction': tensor([2.0 ** -149, 2.0 ** -60, 1 - 2.0 ** -24, 2.0 ** -24]),
             'target': tensor([1, 1, 0, 0.25])}
    for reduction in REDUCTIONS:
        attrs = {'reduction': reduction}
        yield ask(rng, bce, f'bce: 0·log 0 is 0, also in the gradient, reduction {reduction}', certain, attrs)
        yield ask(rng, bce, f'bce: certain and wrong is Infinity, reduction {reduction}', wrong, attrs)
        yield ask(rng, bce, f'bce: no clamp close to 0 and 1, reduction {reduction}', close, attrs)


def cce_cases(rng):
    for shape, reduction in itertools.product([(3, 4), (1, 5), (4, 1), (5, 3)], REDUCTIONS):
        for kind, target in [('soft', draw_between(rng, shape, 0, 1)), ('one-hot', one_hot(rng, shape))]:
            inputs = {'prediction': draw_between(rng, shape, 1 / 64, 63 / 64), 'target': target}
            yield ask(rng, cce, f'cce: {kind} targets, shape {list(shape)}, reduction {reduction}',
                      inputs, {'reduction': reduction})
    certain = {'prediction': tensor([[0, 1, 0], [0.5, 0, 0.5]]), 'target': tensor([[0, 1, 0], [0.25, 0, 0.75]])}
    wrong = {'prediction': tensor([[0, 1, 0], [0.5, 0.25, 0.25]]), 'target': tensor([[1, 0, 0], [0, 1, 0]])}
    for reduction in REDUCTIONS:
        attrs = {'reduction': reduction}
        yield ask(rng, cce, f'cce: 0·log 0 is 0, also in the gradient, reduction {reduction}', certain, attrs)
        yield ask(rng, cce, f'cce: certain and wrong is Infinity, reduction {reduction}', wrong, attrs)


def one_hot(rng, shape):
    N, C = shape
    return F.one_hot(torch.tensor([rng.randrange(C) for _ in range(N)]), C).to(torch.float64)


def distributions(rng, shape):
    """Rows of sixteenths that sum to 1 exactly."""
    counts = [[0] * shape[1] for _ in range(shape[0])]
    for row in counts:
        for _ in range(16):
            row[rng.randrange(shape[1])] += 1
    return tensor(counts) / 16


def softmaxCrossEntropy_cases(rng):
    for shape, reduction in itertools.product([(3, 4), (1, 5), (4, 1), (5, 3)], REDUCTIONS):
        targets = [('one-hot', one_hot(rng, shape)), ('soft', distributions(rng, shape)),
                   ('not summing to 1', draw_between(rng, shape, 0, 1))]
        for kind, target in targets:
            inputs = {'logits': draw(rng, shape), 'target': target}
            yield ask(rng, softmaxCrossEntropy,
                      f'softmaxCrossEntropy: targets {kind}, shape {list(shape)}, reduction {reduction}',
                      inputs, {'reduction': reduction})
    huge = tensor([[1e4, -1e4, 0], [-1e4, -1e4, 1e4], [100, -100, 99]])
    target = tensor([[0, 1, 0], [0, 0, 1], [0.5, 0.25, 0.125]])
    for reduction in REDUCTIONS:
        yield ask(rng, softmaxCrossEntropy, f'softmaxCrossEntropy: logits of ±10⁴, reduction {reduction}',
                  {'logits': huge, 'target': target}, {'reduction': reduction})
    nothing = {'logits': draw(rng, (2, 3)), 'target': torch.zeros(2, 3, dtype=torch.float64)}
    yield ask(rng, softmaxCrossEntropy, 'softmaxCrossEntropy: a target of zeros has loss 0', nothing)


def bceWithLogits_cases(rng):
    for shape, reduction in itertools.product(SHAPES[1:5], REDUCTIONS):
        for kind, target in [('soft', draw_between(rng, shape, 0, 1)), ('hard', draw_between(rng, shape, 0, 1, 1))]:
            yield ask(rng, bceWithLogits, f'bceWithLogits: {kind} targets, shape {list(shape)}, reduction {reduction}',
                      {'logits': draw(rng, shape), 'target': target}, {'reduction': reduction})
    sure = {'logits': tensor(SATURATING), 'target': tensor([0, 1, 0.5, 0.25, 1, 0, 1, 0, 1, 0.75])}
    vast = {'logits': tensor([1e4, -1e4, 1e30, -1e30, 1e30, -1e30]), 'target': tensor([0, 1, 0, 1, 1, 0])}
    for reduction in REDUCTIONS:
        yield ask(rng, bceWithLogits, f'bceWithLogits: logits from -100 to 100, reduction {reduction}', sure,
                  {'reduction': reduction})
        yield ask(rng, bceWithLogits, f'bceWithLogits: logits of up to ±10³⁰, reduction {reduction}', vast,
                  {'reduction': reduction})


def hinge_cases(rng):
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


def l2Penalty_cases(rng):
    for shape, beta in itertools.product(SHAPES, [0.5, 0.0625, 0.0005]):
        yield ask(rng, l2Penalty, f'l2Penalty: shape {list(shape)}, beta {beta}', {'w': draw(rng, shape)},
                  {'beta': beta})
    yield ask(rng, l2Penalty, 'l2Penalty: beta 0 costs nothing', {'w': draw(rng, (3,))}, {'beta': 0})
RECURRENT = [(1, 1, 1), (1, 3, 2), (3, 4, 2), (3, 2, 5), (2, 1, 3), (5, 3, 1), (4, 4, 4)]


def cell_inputs(rng, N, I, H, rows=1, state=('h',)):
    weights = {'wIh': draw(rng, (rows * H, I), span=0.5), 'wHh': draw(rng, (rows * H, H), span=0.5),
               'b': draw(rng, (rows * H,), span=0.5)}
    return {'x': draw(rng, (N, I)), **{name: draw(rng, (N, H), span=1) for name in state}, **weights}


def rnnCell_cases(rng):
    for N, I, H in RECURRENT:
        inputs = cell_inputs(rng, N, I, H)
        yield ask(rng, rnnCell, f'rnnCell: {N} samples of {I} inputs, {H} units', inputs)
        still = {**inputs, 'h': torch.zeros(N, H, dtype=torch.float64)}
        yield ask(rng, rnnCell, f'rnnCell: {N} samples of {I} inputs, {H} units, from a state of 0', still)
    steep = cell_inputs(rng, 3, 2, 4)
    yield ask(rng, rnnCell, 'rnnCell: inputs that saturate', {**steep, 'x': 8 * steep['x']})


def lstmCell_cases(rng):
    for N, I, H in RECURRENT:
        inputs = cell_inputs(rng, N, I, H, 4, ('h', 'c'))
        yield ask(rng, lstmCell, f'lstmCell: {N} samples of {I} inputs, {H} units', inputs)
        zeros = torch.zeros(N, H, dtype=torch.float64)
        yield ask(rng, lstmCell, f'lstmCell: {N} samples of {I} inputs, {H} units, from a state and a cell of 0',
                  {**inputs, 'h': zeros, 'c': zeros})
    steep = cell_inputs(rng, 3, 2, 4, 4, ('h', 'c'))
    yield ask(rng, lstmCell, 'lstmCell: inputs that saturate', {**steep, 'x': 8 * steep['x']})
    yield ask(rng, lstmCell, 'lstmCell: a cell of some size', {**steep, 'c': 4 * steep['c']})


SEQUENCES = [(1, 1, 2, 3), (1, 3, 4, 2), (5, 1, 3, 2), (5, 3, 2, 4), (2, 2, 1, 3), (3, 4, 3, 1), (1, 1, 1, 1)]


def sequence_cases(rng, op, rows, state):
    for T, N, I, H in SEQUENCES:
        inputs = {**cell_inputs(rng, N, I, H, rows, state), 'x': draw(rng, (T, N, I))}
        name = f'{op.__name__}: {T} steps, {N} sequences of {I} inputs, {H} units'
        yield ask(rng, op, name, inputs)
        still = {key: torch.zeros(N, H, dtype=torch.float64) for key in state}
        yield ask(rng, op, f'{name}, from a state of 0', {**inputs, **still})


def run_of_steps(rng, op, shape, attrs, count, state):
    """`count` steps, a case each; what one writes, the next reads, with a new gradient."""
    carried = {'w': draw(rng, shape), **state}
    for step in range(1, count + 1):
        inputs = {'w': carried['w'], 'g': draw(rng, shape), **{key: carried[key] for key in state}}
        name = f'{op.__name__}: {told(attrs)}, shape {list(shape)}, step {step} of {count}'
        case = ask(rng, op, name, inputs, attrs)
        yield case
        carried = case['outputs']


def sgd_cases(rng):
    for shape in [(), (5,), (2, 3), (2, 1, 3), (2, 1, 2, 2)]:
        yield from run_of_steps(rng, sgd, shape, {'learningRate': 0.125}, 1, {})
    yield from run_of_steps(rng, sgd, (3, 2), {'learningRate': 0.125}, 3, {})
    yield from run_of_steps(rng, sgd, (3, 2), {'learningRate': 0.5, 'weightDecay': 0.0625}, 3, {})
    yield from run_of_steps(rng, sgd, (4,), {'learningRate': 0.01, 'weightDecay': 0.0005}, 3, {})
    yield from run_of_steps(rng, sgd, (4,), {'learningRate': 0, 'weightDecay': 0.5}, 1, {})
    still = {'w': draw(rng, (3,)), 'g': torch.zeros(3, dtype=torch.float64)}
    yield ask(rng, sgd, 'sgd: a zero gradient leaves the weights', still, {'learningRate': 0.25})
    yield ask(rng, sgd, 'sgd: a zero gradient leaves the decay', still, {'learningRate': 0.25, 'weightDecay': 0.125})


def momentum_cases(rng):
    for shape in [(), (5,), (2, 3), (2, 1, 3), (2, 1, 2, 2)]:
        start = {'velocity': torch.zeros(shape, dtype=torch.float64)}
        yield from run_of_steps(rng, momentum, shape, {'learningRate': 0.125}, 2, start)
    choices = {'momentum': [0.9, 0.5], 'nesterov': [False, True], 'weightDecay': [0, 0.0625]}
    for values in itertools.product(*choices.values()):
        attrs = {'learningRate': 0.25, **without_defaults(momentum, dict(zip(choices, values)))}
        for kind, velocity in [('rest', torch.zeros(3, 2, dtype=torch.float64)), ('moving', draw(rng, (3, 2)))]:
            for case in run_of_steps(rng, momentum, (3, 2), attrs, 3, {'velocity': velocity}):
                yield {**case, 'name': f'{case["name"]}, starting {"at rest" if kind == "rest" else "in motion"}'}
    alexnet = {'learningRate': 0.01, 'weightDecay': 0.0005}
    yield from run_of_steps(rng, momentum, (4,), alexnet, 5, {'velocity': torch.zeros(4, dtype=torch.float64)})
    yield from run_of_steps(rng, momentum, (4,), {'learningRate': 0.125, 'momentum': 0}, 2,
                            {'velocity': draw(rng, (4,))})
    yield from run_of_steps(rng, momentum, (4,), {'learningRate': 0.125, 'momentum': 0, 'weightDecay': 0.25}, 2,
                            {'velocity': draw(rng, (4,))})
    yield from run_of_steps(rng, momentum, (4,), {'learningRate': 0}, 1, {'velocity': draw(rng, (4,))})
    still = {'w': draw(rng, (3,)), 'g': torch.zeros(3, dtype=torch.float64), 'velocity': draw(rng, (3,))}
    yield ask(rng, momentum, 'momentum: a zero gradient leaves μ·v', still, {'learningRate': 0.25, 'momentum': 0.5})


def mul_cases(rng):
    for shape in SHAPES:
        yield ask(rng, mul, f'mul: shape {list(shape)}', {'a': draw(rng, shape), 'b': draw(rng, shape)})
    gate = {'a': draw(rng, (2, 3)), 'b': tensor([[0, 1, -0.0], [1, 0, 0.5]])}
    yield ask(rng, mul, 'mul: a gate of zeros and ones', gate)
    special = {'a': tensor([INFINITY, INFINITY, NAN, -INFINITY]), 'b': tensor([0, -2, 0, -INFINITY])}
    yield ask(rng, mul, 'mul: infinities and NaN', special)
    extreme = {'a': tensor([1e200, 1e-200]), 'b': tensor([-1e200, 1e-200])}
    yield ask(rng, mul, 'mul: overflow is an infinity, underflow 0', extreme)


def reshape_cases(rng):
    for shape, after in [((2, 3), (3, 2)), ((2, 3), (6,)), ((12,), (2, 3, 2)), ((3, 1, 2), (1, 6, 1)),
                         ((2, 3, 2, 2), (4, 6)), ((2, 1, 3, 1, 2), (3, 4)), ((), (1, 1)), ((1, 1, 1), ()),
                         ((2, 2, 4), (2, 4, 2)), ((3, 4), (3, 4))]:
        yield ask(rng, reshape, f'reshape: from {list(shape)} to {list(after)}',
                  {'x': draw(rng, shape)}, {'shape': after})
    special = {'x': tensor([[NAN, INFINITY], [-INFINITY, -0.0]])}
    yield ask(rng, reshape, 'reshape: NaN and infinities are numbers like others', special, {'shape': (4, 1)})


def concat_cases(rng):
    for axis, shape, extents in [(1, (2, None, 3), (1, 4)), (0, (None, 3), (2, 1, 3)), (-1, (2, 3, None), (2, 2)),
                                 (-2, (2, None, 2), (3, 1)), (-3, (None, 1, 2), (1, 2)), (0, (None,), (1, 5, 2)),
                                 (1, (2, None, 2, 2), (2, 3, 1, 2)), (2, (1, 2, None, 1, 3), (4, 1)),
                                 (1, (3, None), (1,) * 12), (1, (3, None), (4,)), (-4, (None, 1, 1, 2), (1, 1, 1))]:
        pieces = {
            f'x{q}': draw(rng, tuple(extent if size is None else size for size in shape))
            for q, extent in enumerate(extents)
        }
        yield ask(rng, concat, f'concat: extents {list(extents)}, axis {axis}, rank {len(shape)}', pieces, {'axis': axis})
    special = {'x0': tensor([[NAN], [INFINITY]]), 'x1': tensor([[-0.0], [-INFINITY]])}
    yield ask(rng, concat, 'concat: NaN and infinities are numbers like others', special)


def scaleChannels_cases(rng):
    for N, C, H, W in [(2, 3, 4, 5), (1, 1, 1, 1), (3, 2, 1, 4), (2, 4, 3, 1), (1, 5, 2, 2), (4, 1, 3, 3)]:
        inputs = {'x': draw(rng, (N, C, H, W)), 's': draw(rng, (N, C))}
        yield ask(rng, scaleChannels, f'scaleChannels: shape {[N, C, H, W]}', inputs)
    excited = {'x': draw(rng, (2, 3, 2, 3)), 's': draw_between(rng, (2, 3), 0, 1)}
    yield ask(rng, scaleChannels, 'scaleChannels: excitations from 0 to 1', excited)
    shut = {'x': draw(rng, (1, 2, 2, 2)), 's': tensor([[0, 1]])}
    yield ask(rng, scaleChannels, 'scaleChannels: a channel shut, a channel open', shut)
    special = {'x': tensor([[[[NAN, 1]], [[INFINITY, 2]], [[-INFINITY, -0.0]]]]), 's': tensor([[1, -2, 0]])}
    yield ask(rng, scaleChannels, 'scaleChannels: NaN and infinities come through', special, backward=False)


def dropout_cases(rng):
    for shape in SHAPES:
        yield ask(rng, dropout, f'dropout: shape {list(shape)}', {'x': draw(rng, shape)}, {'key': (7, 11)})
    factors = {'keep': [0.5, 0.75, 0.875, 1], 'key': [(0, 0), (1, 2 ** 31), (ONES, ONES)], 'step': [0, 1, 2 ** 24 + 1, ONES],
               'stream': [0, 1, ONES]}
    for row in pairwise(rng, factors):
        yield ask(rng, dropout, f'dropout: {told(row)}', {'x': draw(rng, (3, 7))}, row)
    for keep in [2.0 ** -10, 0.125, 1 - 2.0 ** -24]:
        yield ask(rng, dropout, f'dropout: keep {keep}', {'x': draw(rng, (50,))}, {'keep': keep, 'key': (1, 2)})
    special = {'x': tensor([INFINITY, -INFINITY, NAN, 1, INFINITY, NAN, -INFINITY, 2])}
    yield ask(rng, dropout, 'dropout: what is not finite comes through as NaN where it is dropped', special,
              {'key': (0, 0)}, backward=False)
def at_rest(shape, *names):
    return {name: torch.zeros(shape, dtype=torch.float64) for name in names}


def settings_alone_and_in_pairs(rng, choices):
    """No setting but the rate, each alone at every value that is not its first, and every two values together."""
    first = {key: values[0] for key, values in choices.items()}
    alone = [{**first, key: value} for key, values in choices.items() for value in values[1:]]
    return [first, *alone, *pairwise(rng, choices)]


def root_cases(rng, op, kept, plain, choices):
    """Cases of an optimizer that divides by the root of squares, kept under these names."""
    for shape in [(), (5,), (2, 3), (2, 1, 3), (2, 1, 2, 2)]:
        yield from run_of_steps(rng, op, shape, plain, 2, at_rest(shape, *kept))
    for attrs in settings_alone_and_in_pairs(rng, choices):
        yield from run_of_steps(rng, op, (3,), attrs, 3, at_rest((3,), *kept))
    moving = {name: draw_between(rng, (4,), 0, 2) for name in kept}
    for case in run_of_steps(rng, op, (4,), plain, 3, moving):
        yield {**case, 'name': f'{case["name"]}, starting in motion'}
    yield from run_of_steps(rng, op, (4,), {**plain, 'learningRate': 0}, 1, moving)
    still = {'w': draw(rng, (3,)), 'g': torch.zeros(3, dtype=torch.float64), **at_rest((3,), *kept)}
    yield ask(rng, op, f'{op.__name__}: a zero gradient from rest makes no step', still, plain)
    faint = {**still, 'w': torch.zeros(3, dtype=torch.float64), 'g': tensor([2.0 ** -40, -2.0 ** -30, 2.0 ** -20])}
    yield ask(rng, op, f'{op.__name__}: a faint gradient is held back by epsilon', faint, plain)


def adam_like_cases(rng, op, decays):
    def counted(state, taken=0):
        return {**state, 'step': torch.tensor(float(taken), dtype=torch.float64)}

    for shape in [(), (5,), (2, 3), (2, 1, 3), (2, 1, 2, 2)]:
        yield from run_of_steps(rng, op, shape, {}, 2, counted(at_rest(shape, 'm', 'v')))
    # β of few bits, so that no digit is lost in 1 − βᵗ
    choices = {'learningRate': [0.125, 0.5], 'beta1': [0.875, 0.5, 0], 'beta2': [0.96875, 0.75, 0],
               'epsilon': [2.0 ** -10, 0.25], 'weightDecay': decays}
    for attrs in settings_alone_and_in_pairs(rng, choices):
        yield from run_of_steps(rng, op, (3,), attrs, 3, counted(at_rest((3,), 'm', 'v')))
    moving = {'m': draw(rng, (4,)), 'v': draw_between(rng, (4,), 0, 2)}
    for taken in [1, 2, 9, 1000]:
        for case in run_of_steps(rng, op, (4,), {'learningRate': 0.125}, 2, counted(moving, taken)):
            yield {**case, 'name': f'{case["name"]}, after {taken} more'}
    yield from run_of_steps(rng, op, (4,), {'learningRate': 0}, 1, counted(moving, 3))
    still = {'w': draw(rng, (3,)), 'g': torch.zeros(3, dtype=torch.float64), **counted(at_rest((3,), 'm', 'v'))}
    yield ask(rng, op, f'{op.__name__}: a zero gradient from rest makes no step', still, {})
    faint = {**still, 'w': torch.zeros(3, dtype=torch.float64), 'g': tensor([2.0 ** -40, -2.0 ** -30, 2.0 ** -20])}
    yield ask(rng, op, f'{op.__name__}: a faint gradient is held back by epsilon', faint, {})


ROWS = [(4, 3), (2, 1), (7, 5), (16, 2), (3, 6)]


def minMaxNormalize_cases(rng):
    for N, D in ROWS:
        yield ask(rng, minMaxNormalize, f'minMaxNormalize: shape {[N, D]}', {'x': draw(rng, (N, D))}, backward=False)
        inputs = {'x': draw(rng, (N, D)), 'apply': draw(rng, (3, D), span=4)}
        yield ask(rng, minMaxNormalize, f'minMaxNormalize: shape {[N, D]}, applied to three rows that may lie outside',
                  inputs, backward=False)
    for attrs in [{'low': -1}, {'high': 255}, {'low': 0.25, 'high': 0.75}, {'low': -8, 'high': -2.5}]:
        yield ask(rng, minMaxNormalize, f'minMaxNormalize: {told(attrs)}', {'x': draw(rng, (5, 3))}, attrs, backward=False)
        inputs = {'x': draw(rng, (5, 3)), 'apply': draw(rng, (4, 3), span=4)}
        yield ask(rng, minMaxNormalize, f'minMaxNormalize: {told(attrs)}, applied', inputs, attrs, backward=False)
    constant = {'x': torch.full((3, 2), 0.1, dtype=torch.float64), 'apply': draw(rng, (2, 2))}
    for attrs in [{}, {'low': -2, 'high': 3}]:
        yield ask(rng, minMaxNormalize, f'minMaxNormalize: constant features are low, {told(attrs) or "0 by default"}',
                  constant, attrs, backward=False)
    offset = {'x': 1000 + draw(rng, (6, 2))}
    yield ask(rng, minMaxNormalize, 'minMaxNormalize: an offset of 1000', offset, backward=False)


def zScoreNormalize_cases(rng):
    for N, D in ROWS:
        yield ask(rng, zScoreNormalize, f'zScoreNormalize: shape {[N, D]}', {'x': draw(rng, (N, D))}, backward=False)
        inputs = {'x': draw(rng, (N, D)), 'apply': draw(rng, (3, D), span=4)}
        yield ask(rng, zScoreNormalize, f'zScoreNormalize: shape {[N, D]}, applied to three rows', inputs, backward=False)
    for offset in [10, 1000]:
        yield ask(rng, zScoreNormalize, f'zScoreNormalize: a mean of {offset} does not swallow the variance',
                  {'x': offset + draw(rng, (6, 2))}, backward=False)


CASES = {
    'dense': dense_cases,
    'conv2d': conv2d_cases,
    'maxPool2d': maxPool2d_cases,
    'avgPool2d': avgPool2d_cases,
    'globalAvgPool': globalAvgPool_cases,
    'convTranspose2d': convTranspose2d_cases,
    'localResponseNorm': localResponseNorm_cases,
    'conv1d': conv1d_cases,
    'flatten': flatten_cases,
    'add': add_cases,
    'sigmoid': lambda rng: activation_cases(rng, sigmoid),
    'tanh': lambda rng: activation_cases(rng, tanh),
    'relu': relu_cases,
    'softmax': softmax_cases,
    'batchNormTraining': batchNormTraining_cases,
    'batchNormInference': batchNormInference_cases,
    'rnnCell': rnnCell_cases,
    'lstmCell': lstmCell_cases,
    'rnn': lambda rng: sequence_cases(rng, rnn, 1, ('h0',)),
    'lstm': lambda rng: sequence_cases(rng, lstm, 4, ('h0', 'c0')),
    'mse': mse_cases,
    'bce': bce_cases,
    'cce': cce_cases,
    'softmaxCrossEntropy': softmaxCrossEntropy_cases,
    'bceWithLogits': bceWithLogits_cases,
    'hinge': hinge_cases,
    'l2Penalty': l2Penalty_cases,
    'sgd': sgd_cases,
    'momentum': momentum_cases,
    'leakyRelu': leakyRelu_cases,
    'elu': elu_cases,
    'step': step_cases,
    'logSoftmax': logSoftmax_cases,
    'mul': mul_cases,
    'reshape': reshape_cases,
    'concat': concat_cases,
    'scaleChannels': scaleChannels_cases,
    'dropout': dropout_cases,
    'adagrad': lambda rng: root_cases(rng, adagrad, ['accumulator'], {'learningRate': 0.125}, {
        'learningRate': [0.125, 0.5], 'epsilon': [1e-10, 0.25, 2.0 ** -10], 'weightDecay': [0, 0.0625]}),
    'rmsprop': lambda rng: root_cases(rng, rmsprop, ['meanSquare'], {'learningRate': 0.125}, {
        'learningRate': [0.125, 0.5], 'decay': [0.99, 0.75, 0, 1], 'epsilon': [2.0 ** -10, 1e-8, 0.25],
        'weightDecay': [0, 0.0625]}),
    'adadelta': lambda rng: root_cases(rng, adadelta, ['meanSquare', 'meanSquareDelta'], {}, {
        'learningRate': [1, 0.125], 'decay': [0.9, 0.75, 0, 1], 'epsilon': [1e-6, 0.25, 2.0 ** -10],
        'weightDecay': [0, 0.0625]}),
    'adam': lambda rng: adam_like_cases(rng, adam, [0, 0.0625]),
    'adamw': lambda rng: adam_like_cases(rng, adamw, [0.01, 0, 0.0625]),
    'maxout': maxout_cases,
    'minMaxNormalize': minMaxNormalize_cases,
    'zScoreNormalize': zScoreNormalize_cases,
}


# ---- Whole programs ----
#
# {"name", "description": [node…], "feeds", "values", "gradients"}; a node is {"op", "attrs", "inputs", "outputs"},
# where inputs and outputs map the op's own names to names of values. "values" holds every value, feeds included;
# "gradients" is that of the value `loss` with respect to each feed but targets, running statistics and velocities.
#
# A training step has two more fields: "updates", optimizer nodes in which the value "gradient of w" is gradients.w,
# and "updated", the values they write.


def node(op, inputs, outputs, **attrs):
    return {'op': op, 'attrs': without_defaults(OPS[op], attrs), 'inputs': inputs, 'outputs': outputs}


def layer(op, y, x, *parameters, **attrs):
    """A node with one output; inputs are given in the op's order."""
    names = [name for name, value in inspect.signature(OPS[op]).parameters.items() if value.kind != value.KEYWORD_ONLY]
    output = 'loss' if op == 'softmaxCrossEntropy' else 'y'
    return node(op, dict(zip(names, (x, *parameters))), {output: y}, **attrs)


def run(nodes, values):
    """The values, and those the nodes write."""
    values = dict(values)
    for each in nodes:
        outputs = OPS[each['op']](**{key: values[name] for key, name in each['inputs'].items()}, **each['attrs'])
        values.update({name: outputs[key] for key, name in each['outputs'].items()})
    return values


def program(name, nodes, feeds):
    state = ('target', '.runningMean', '.runningVar', '.velocity')
    wanted = [key for key in feeds if not key.endswith(state)]
    leaves = {key: value.clone().requires_grad_(key in wanted) for key, value in feeds.items()}
    values = run(nodes, leaves)
    found = dict(zip(wanted, torch.autograd.grad(values['loss'], [values[key] for key in wanted])))
    return {'name': name, 'description': nodes, 'feeds': feeds, 'values': values, 'gradients': found}


def lenet(rng):
    nodes = [
        layer('conv2d', 'conv1', 'x', 'conv1.w', 'conv1.b', padding=(2, 2, 2, 2)),
        layer('relu', 'relu1', 'conv1'),
        layer('maxPool2d', 'pool1', 'relu1'),
        layer('conv2d', 'conv2', 'pool1', 'conv2.w', 'conv2.b'),
        layer('tanh', 'tanh2', 'conv2'),
        layer('avgPool2d', 'pool2', 'tanh2'),
        layer('flatten', 'flat', 'pool2'),
        layer('dense', 'logits', 'flat', 'dense.w', 'dense.b'),
        layer('softmaxCrossEntropy', 'loss', 'logits', 'target'),
    ]
    feeds = {
        'x': draw(rng, (2, 1, 12, 12)),
        'conv1.w': draw(rng, (3, 1, 5, 5), span=0.5), 'conv1.b': draw(rng, (3,), span=0.5),
        'conv2.w': draw(rng, (4, 3, 3, 3), span=0.25), 'conv2.b': draw(rng, (4,), span=0.5),
        'dense.w': draw(rng, (5, 16)), 'dense.b': draw(rng, (5,)),
        'target': one_hot(rng, (2, 5)),
    }
    return program('a LeNet in small: two convolutions, a max and an average pool, a dense layer', nodes, feeds)


def residual(rng):
    norm = {name: f'norm.{name}' for name in ['gamma', 'beta', 'runningMean', 'runningVar']}
    written = {'y': 'norm', 'runningMean': 'norm.runningMean.next', 'runningVar': 'norm.runningVar.next'}
    nodes = [
        layer('conv2d', 'conv1', 'x', 'conv1.w', padding=(1, 1, 1, 1)),  # no bias: the norm would take it away again
        node('batchNormTraining', {'x': 'conv1', **norm}, written),
        layer('relu', 'relu1', 'norm'),
        layer('conv2d', 'conv2', 'relu1', 'conv2.w', padding=(1, 1, 1, 1)),
        layer('add', 'sum', 'conv2', 'relu1'),
        layer('relu', 'relu2', 'sum'),
        layer('flatten', 'flat', 'relu2'),
        layer('dense', 'logits', 'flat', 'dense.w', 'dense.b'),
        layer('softmaxCrossEntropy', 'loss', 'logits', 'target'),
    ]
    feeds = {
        'x': draw(rng, (3, 2, 6, 6)),
        'conv1.w': draw(rng, (3, 2, 3, 3), span=0.5),
        'norm.gamma': draw_between(rng, (3,), 0.5, 1.5), 'norm.beta': draw(rng, (3,), span=0.5),
        'norm.runningMean': draw(rng, (3,)), 'norm.runningVar': draw_between(rng, (3,), 0.5, 2),
        'conv2.w': draw(rng, (3, 3, 3, 3), span=0.25),
        'dense.w': draw(rng, (4, 108), span=0.25), 'dense.b': draw(rng, (4,)),
        'target': distributions(rng, (3, 4)),
    }
    return program('a residual block: the skip leaves before the second convolution and joins after it', nodes, feeds)


def training(rng):
    """Three steps of an MLP; feeds of a step are the updated parameters and velocities of the one before."""
    parameters = {'w1': draw(rng, (5, 4)), 'b1': draw(rng, (5,)), 'w2': draw(rng, (3, 5)), 'b2': draw(rng, (3,))}
    state = {**parameters, **{f'{key}.velocity': torch.zeros_like(value) for key, value in parameters.items()}}
    nodes = [
        layer('dense', 'hidden', 'x', 'w1', 'b1'),
        layer('tanh', 'tanh1', 'hidden'),
        layer('dense', 'logits', 'tanh1', 'w2', 'b2'),
        layer('softmaxCrossEntropy', 'loss', 'logits', 'target'),
    ]
    optimizer = mlp_optimizer(parameters)
    for step in range(1, 4):
        feeds = {'x': draw(rng, (3, 4)), 'target': one_hot(rng, (3, 3)), **state}
        result = program(f'an MLP learning with momentum and weight decay, step {step} of 3', nodes, feeds)
        state = optimizer(result['gradients'])
        updated = {f'{key}.next': value for key, value in state.items()}
        yield {**result, 'updates': updates(parameters), 'updated': updated}


TRAINING = {'learningRate': 0.125, 'momentum': 0.875, 'weightDecay': 0.0625}


def updates(parameters):
    return [
        node('momentum', {'w': key, 'g': f'gradient of {key}', 'velocity': f'{key}.velocity'},
             {'w': f'{key}.next', 'velocity': f'{key}.velocity.next'}, **TRAINING)
        for key in parameters
    ]


def mlp_optimizer(parameters):
    """One torch.optim.SGD that lives through all steps and keeps its own momentum buffers."""
    leaves = {key: torch.nn.Parameter(value.clone()) for key, value in parameters.items()}
    optimizer = torch.optim.SGD(
        leaves.values(), lr=TRAINING['learningRate'], momentum=TRAINING['momentum'],
        weight_decay=TRAINING['weightDecay']
    )

    def step(found):
        for key, leaf in leaves.items():
            leaf.grad = found[key].clone()
        optimizer.step()
        after = {key: leaf.detach().clone() for key, leaf in leaves.items()}
        buffers = {f'{key}.velocity': optimizer.state[leaf]['momentum_buffer'].clone() for key, leaf in leaves.items()}
        return {**after, **buffers}

    return step


def programs(rng):
    return [lenet(rng), residual(rng), *training(rng)]


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(SEED)  # nothing here draws from PyTorch; should something ever, it is seeded
    for op, cases in CASES.items():
        found = list(cases(random.Random(f'{SEED} {op}')))
        text = write(op, {'op': op, 'cases': found}, depth=3)
        print(f'{op}: {len(found)} cases, {len(text.encode()) / 1000:.0f} kB')
    found = programs(random.Random(f'{SEED} programs'))
    text = write('programs', {'programs': found}, depth=4)
    print(f'programs: {len(found)}, {len(text.encode()) / 1000:.0f} kB')


if __name__ == '__main__':
    main()
