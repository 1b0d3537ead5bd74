"""
Golden programs: whole programs of the catalogue's ops, spoken in PyTorch.

{"name", "description": [node…], "feeds", "values", "gradients"}; a node is {"op", "attrs", "inputs", "outputs"}, where
inputs and outputs map the op's own names to names of values. "values" holds every value, feeds included; "gradients" is
that of the value `loss` with respect to each feed but targets, running statistics and velocities.

A training step has two more fields: "updates", optimizer nodes in which the value "gradient of w" is gradients.w, and
"updated", the values they write.
"""

import inspect

import torch

from common import draw, draw_between, op_of, without_defaults
from vocabulary.losses import distributions, one_hot


def node(op, inputs, outputs, **attrs):
    return {'op': op, 'attrs': without_defaults(op_of(op), attrs), 'inputs': inputs, 'outputs': outputs}


def layer(op, y, x, *parameters, **attrs):
    """A node with one output; inputs are given in the op's order."""
    names = [name for name, value in inspect.signature(op_of(op)).parameters.items() if value.kind != value.KEYWORD_ONLY]
    output = 'loss' if op == 'softmaxCrossEntropy' else 'y'
    return node(op, dict(zip(names, (x, *parameters))), {output: y}, **attrs)


def run(nodes, values):
    """The values, and those the nodes write."""
    values = dict(values)
    for each in nodes:
        outputs = op_of(each['op'])(**{key: values[name] for key, name in each['inputs'].items()}, **each['attrs'])
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
