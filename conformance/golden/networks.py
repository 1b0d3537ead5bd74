"""
Golden networks: whole small networks that PyTorch builds, runs and differentiates, from its own modules.

    /usr/bin/python3 conformance/golden/networks.py        (rewrites conformance/golden/networks/*.json)

Provenance and number types are those of generate.py, the kinds of numbers drawn those of common.py. Nothing here knows a
Program: a network is a torch.nn.Module, its loss is made by torch.nn.functional, and gradients come from
loss.backward(). Rerunning gives the same bytes, and each file draws from its own seed, so a new network leaves the others
alone.

Files: {"provenance", "network", "loss", "x", "target", "parameters", "kept", "output", "value", "gradients", "updated"}.
Names in "parameters", "kept", "gradients" and "updated" are those of the module's state dict; "gradients" has one more,
x. "kept" holds what batch norm keeps before the step, "updated" the same after it; "value" is the loss.
"""

import random
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from common import SEED, draw, draw_between, layout, plain
from vocabulary.losses import distributions

FOLDER = Path(__file__).parent / 'networks'


class Basic(nn.Module):
    """A residual block of two 3×3 convolutions, with a 1×1 convolution in the shortcut where shapes differ."""

    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = shortcut(inputs, width, stride)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    """A residual block of 1×1, 3×3 and 1×1 convolutions, the stride in the middle one."""

    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = shortcut(inputs, 4 * width, stride)

    def forward(self, x):
        y = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        return F.relu(self.bn3(self.conv3(y)) + (x if self.downsample is None else self.downsample(x)))


def shortcut(inputs, outputs, stride):
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 3, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(3)
        self.layer1 = Basic(3, 3, 1)
        self.layer2 = Basic(3, 4, 2)
        self.layer3 = Bottleneck(4, 2, 2)
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.layer3(self.layer2(self.layer1(y)))
        return self.fc(y.mean((2, 3)))


class Module(nn.Module):
    """Four branches side by side, as in GoogLeNet; what the last one pools by is handed over."""

    def __init__(self, inputs, one, three, five, after_pool, pool):
        super().__init__()
        self.add_module('1x1', nn.Conv2d(inputs, one, 1))
        self.add_module('3x3_reduce', nn.Conv2d(inputs, three[0], 1))
        self.add_module('3x3', nn.Conv2d(three[0], three[1], 3, padding=1))
        self.add_module('5x5_reduce', nn.Conv2d(inputs, five[0], 1))
        self.add_module('5x5', nn.Conv2d(five[0], five[1], 5, padding=2))
        self.add_module('pool_proj', nn.Conv2d(inputs, after_pool, 1))
        self.pool = pool

    def forward(self, x):
        def through(name, value):
            return F.relu(self.get_submodule(name)(value))

        three = through('3x3', through('3x3_reduce', x))
        five = through('5x5', through('5x5_reduce', x))
        return torch.cat([through('1x1', x), three, five, through('pool_proj', self.pool(x))], 1)


class Inception(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 3, 3)
        self.inceptionA = Module(3, 2, (3, 2), (2, 3), 2, nn.MaxPool2d(3, 1, 1))
        self.inceptionB = Module(9, 2, (2, 3), (2, 2), 1, nn.AvgPool2d(3, 1, 1, count_include_pad=False))
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        y = self.inceptionB(self.inceptionA(F.relu(self.conv1(x))))
        return self.fc(F.adaptive_avg_pool2d(y, 1).flatten(1))


class Excitation(nn.Module):
    def __init__(self, channels, reduction):
        super().__init__()
        self.fc1 = nn.Linear(channels, channels // reduction)
        self.fc2 = nn.Linear(channels // reduction, channels)

    def forward(self, x):
        s = torch.sigmoid(self.fc2(F.relu(self.fc1(x.mean((2, 3))))))
        return x * s[:, :, None, None]


class SqueezeExcite(nn.Module):
    """A residual block whose maps are weighed before the shortcut is added."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 6, 3)
        self.conv2 = nn.Conv2d(6, 6, 3, padding=1, groups=2)
        self.se = Excitation(6, 2)
        self.fc = nn.Linear(6, 3)

    def forward(self, x):
        y = F.relu(self.conv1(x))
        y = F.relu(self.se(self.conv2(y)) + y)
        return self.fc(y.mean((2, 3)))


class Recurrent(nn.Module):
    """A recurrent layer that starts from zeros, and a dense layer on its last state."""

    def __init__(self, kind):
        super().__init__()
        self.cell = kind(3, 4)
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        y, _ = self.cell(x)
        return self.fc(y[-1])


class Layers(nn.Module):
    """Recurrent layers on top of each other, as one module, and a dense layer on the last state of the last."""

    def __init__(self, kind, layers):
        super().__init__()
        self.cell = kind(3, 4, num_layers=layers)
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        y, _ = self.cell(x)
        return self.fc(y[-1])


class BothWays(nn.Module):
    """Recurrent layers that read a sequence from both its ends, and a dense layer on the last state of either direction."""

    def __init__(self, kind, layers):
        super().__init__()
        self.cell = kind(3, 4, num_layers=layers, bidirectional=True)
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        _, state = self.cell(x)
        last = state[0] if isinstance(state, tuple) else state
        return self.fc(torch.cat([last[-2], last[-1]], 1))


class EveryStepBothWays(nn.Module):
    """What both directions have at every step, read by an RNN."""

    def __init__(self):
        super().__init__()
        self.lower = nn.GRU(3, 2, bidirectional=True)
        self.upper = nn.RNN(4, 4)
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        states, _ = self.lower(x)
        y, _ = self.upper(states)
        return self.fc(y[-1])


class Stacked(nn.Module):
    """An LSTM, all of whose states an RNN reads."""

    def __init__(self):
        super().__init__()
        self.lower = nn.LSTM(3, 2)
        self.upper = nn.RNN(2, 4)
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        states, _ = self.lower(x)
        y, _ = self.upper(states)
        return self.fc(y[-1])


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Conv2d(2, 3, 3, 2, 1)
        self.up = nn.ConvTranspose2d(3, 2, 3, 2, 1, output_padding=1)

    def forward(self, x):
        return torch.sigmoid(self.up(F.relu(self.down(x))))


LOSSES = {'softmaxCrossEntropy': F.cross_entropy, 'mse': F.mse_loss}


def classified(rng):
    return 'softmaxCrossEntropy', draw(rng, (2, 2, 6, 6)), distributions(rng, (2, 3))


def read(rng):
    return 'softmaxCrossEntropy', draw(rng, (5, 2, 3)), distributions(rng, (2, 3))


def repeated(rng):
    x = draw_between(rng, (2, 2, 6, 4), 0, 1)
    return 'mse', x, x


NETWORKS = {
    'residual': (Residual, classified),
    'inception': (Inception, classified),
    'squeezeExcite': (SqueezeExcite, classified),
    'rnn': (lambda: Recurrent(nn.RNN), read),
    'lstm': (lambda: Recurrent(nn.LSTM), read),
    'lstmBelowRnn': (Stacked, read),
    'gru': (lambda: Recurrent(nn.GRU), read),
    'rnnOfTwo': (lambda: Layers(nn.RNN, 2), read),
    'lstmOfTwo': (lambda: Layers(nn.LSTM, 2), read),
    'gruOfThree': (lambda: Layers(nn.GRU, 3), read),
    'rnnBothWays': (lambda: BothWays(nn.RNN, 1), read),
    'lstmOfTwoBothWays': (lambda: BothWays(nn.LSTM, 2), read),
    'gruOfThreeBothWays': (lambda: BothWays(nn.GRU, 3), read),
    'gruBothWaysBelowRnn': (EveryStepBothWays, read),
    'autoencoder': (Autoencoder, repeated),
}


def drawn(rng, name, shape):
    """Matrices and filters about 0; gains and variances, which are positive, about 1; biases above 0, lest units be dead."""
    if len(shape) > 1:
        return draw(rng, shape, quantum=1 / 64, span=0.5)
    if name.endswith(('weight', 'running_var')):
        return draw_between(rng, shape, 0.5, 1.5)
    return draw_between(rng, shape, 0.25, 1)


def kept(model):
    return {name: value.clone() for name, value in model.named_buffers() if not name.endswith('num_batches_tracked')}


def golden(name, make, data):
    rng = random.Random(f'{SEED} network {name}')
    model = make()
    with torch.no_grad():
        for key, value in model.state_dict().items():  # which shares the numbers of the model's own tensors
            if value.dtype == torch.float64:
                value.copy_(drawn(rng, key, value.shape))
    loss, x, target = data(rng)
    before = kept(model)
    x.requires_grad_()
    output = model.train()(x)
    value = LOSSES[loss](output, target.detach())
    value.backward()
    parameters = dict(model.named_parameters())
    assert all(each.grad.count_nonzero() > 0 for each in parameters.values()), f'{name}: a parameter is dead'
    return {
        'network': name, 'loss': loss, 'x': x, 'target': target,
        'parameters': parameters, 'kept': before, 'output': output, 'value': value,
        'gradients': {'x': x.grad, **{key: each.grad for key, each in parameters.items()}},
        'updated': kept(model),
    }


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.set_default_dtype(torch.float64)
    FOLDER.mkdir(exist_ok=True)
    provenance = {
        'generator': 'conformance/golden/networks.py', 'torch': '1.13.1',
        'package': 'Debian python3-torch 1.13.1+dfsg-4', 'dtype': 'float64', 'seed': SEED,
    }
    for name, (make, data) in NETWORKS.items():
        text = layout(plain({'provenance': provenance, **golden(name, make, data)}), 2) + '\n'
        (FOLDER / f'{name}.json').write_text(text, encoding='utf-8')
        print(f'{name}: {len(text.encode()) / 1000:.0f} kB')


if __name__ == '__main__':
    main()
