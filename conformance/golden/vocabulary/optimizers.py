"""Single steps of torch.optim, and runs of them."""

import torch

from common import ask, draw, draw_between, op, pairwise, plain, tensor, told


def optimizer_step(w, g, velocity, **settings):
    parameter = torch.nn.Parameter(w.clone())
    parameter.grad = g.clone()
    optimizer = torch.optim.SGD([parameter], **settings)
    if velocity is not None:
        optimizer.state[parameter]['momentum_buffer'] = velocity.clone()
    optimizer.step()
    return parameter.detach(), optimizer.state[parameter].get('momentum_buffer')


def one_step(kind, w, g, state, settings):
    """A step of a torch optimizer that goes on from a state; the weights and the state after it."""
    parameter = torch.nn.Parameter(w.clone())
    parameter.grad = g.clone()
    optimizer = kind([parameter], **settings)
    copies = {key: value.clone() if isinstance(value, torch.Tensor) else value for key, value in state.items()}
    optimizer.state[parameter].update(copies)
    optimizer.step()
    return parameter.detach(), optimizer.state[parameter]


def inside(w, gradient, squares, rate, epsilon):
    """A step by the root of squares with ε within it."""
    return torch.addcdiv(w, gradient, (squares + epsilon).sqrt(), value=-rate)


def inside_cases(rng, op, kept, choices):
    """Runs of an optimizer with ε inside the root, its settings alone and in pairs."""
    for attrs in settings_alone_and_in_pairs(rng, choices):
        attrs = {**attrs, 'epsilonInside': True}
        yield from run_of_steps(rng, op, (3,), attrs, 2, at_rest((3,), kept))
    faint = {'w': torch.zeros(3, dtype=torch.float64), 'g': tensor([2.0 ** -40, -2.0 ** -30, 2.0 ** -20]),
             **at_rest((3,), kept)}
    yield ask(rng, op, f'{op.__name__}: ε inside, a faint gradient is held back by its root', faint,
              {'learningRate': 0.125, 'epsilonInside': True})


def adam_step(optimizer, w, g, m, v, step, settings):
    after, state = one_step(optimizer, w, g, {'exp_avg': m, 'exp_avg_sq': v, 'step': step}, settings)
    return {'w': after, 'm': state['exp_avg'], 'v': state['exp_avg_sq'], 'step': state['step']}


def run_of_steps(rng, op, shape, attrs, count, state):
    """`count` steps, a case each; what one writes, the next reads, with a new gradient."""
    carried = {'w': draw(rng, shape), **state}
    for step in range(1, count + 1):
        inputs = {'w': carried['w'], 'g': draw(rng, shape), **{key: carried[key] for key in state}}
        name = f'{op.__name__}: {told(attrs)}, shape {list(shape)}, step {step} of {count}'
        case = ask(rng, op, name, inputs, attrs)
        yield case
        carried = case['outputs']


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
