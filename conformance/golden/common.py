"""
What the golden cases of all ops share: ops in PyTorch's terms, numbers drawn, questions asked, answers written down.

Inputs come from Python's own `random`, seeded by SEED and the name of the file, so a new case in one file leaves the
others alone. They are small multiples of 1/16 or 1/64, hence exact in f32 as well; sums of their products are exact, so
the order in which dense, conv2d or a pool adds its terms leaves no trace. Attributes are exact in f32 too. Not so are the
catalogue's own defaults (0.1, 0.9, 1e-5), AlexNet's learning rate and decay, other libraries' slopes (0.01, SELU's
1.67…), the overflow case of add, and what a later step of an optimizer carries over from an earlier one.
"""

import importlib
import inspect
import itertools
import json
import math
import os
import pathlib

os.environ['ATEN_CPU_CAPABILITY'] = 'default'  # the last bit of exp and tanh should not depend on the processor

import torch

FOLDER = pathlib.Path(__file__).parent
FAMILIES = ['activations', 'layers', 'normalizers', 'losses', 'optimizers']
NOT_DIFFERENTIABLE = {'target', 'runningMean', 'runningVar'}
SEED = 20210
NAN, INFINITY = math.nan, math.inf
SHAPES = [(), (5,), (2, 3), (3, 1, 2), (1, 2, 3, 2), (2, 1, 3, 1, 2)]


# ---- Ops ----


def op(witness, differentiable=True):
    """
    An op of the catalogue, spoken in PyTorch. Parameters that are not inputs are attributes, with their defaults.
    `witness` is what computes it: words, or a function of inputs and attributes where it is not always the same.
    """
    def spoken(function):
        function.witness = witness if callable(witness) else lambda inputs, attrs: witness
        function.differentiable = differentiable
        return function
    return spoken


def files():
    """The file of every op, by its name."""
    return {path.stem: path for family in FAMILIES for path in sorted((FOLDER / family).glob('*.py'))}


def module_of(name):
    return importlib.import_module(f'{files()[name].parent.name}.{name}')


def op_of(name):
    return getattr(module_of(name), name)


# ---- Numbers ----


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


# ---- Asking ----


def ask(rng, op, name, inputs, attrs=None, backward=True):
    """One case: the outputs, and the gradients under drawn cotangents."""
    attrs = without_defaults(op, attrs or {})
    differentiable = backward and op.differentiable
    leaves = {
        key: value.clone().requires_grad_(differentiable and key not in NOT_DIFFERENTIABLE)
        for key, value in inputs.items()
    }
    outputs = op(**leaves, **attrs)
    case = {'name': name, 'witness': op.witness(inputs, attrs), 'attrs': attrs, 'inputs': inputs, 'outputs': outputs}
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


# ---- Writing ----


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


def write(path, body, depth):
    provenance = {
        'generator': 'conformance/golden/generate.py',
        'torch': '1.13.1',
        'package': 'Debian python3-torch 1.13.1+dfsg-4',
        'dtype': 'float64',
        'seed': SEED,
    }
    text = layout(plain({'provenance': provenance, **body}), depth) + '\n'
    path.write_text(text, encoding='utf-8')
    return f'{len(text.encode()) / 1000:.0f} kB'


# ---- Many attributes ----


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
