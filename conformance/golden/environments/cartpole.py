"""
Trajectories of Gymnasium's own CartPole-v1, state by state in float64, for training/agents/environments.test.ts:

    python3 conformance/golden/environments/cartpole.py    (with gymnasium installed)

Each has a policy that needs no network: always one side, turns, drawn actions, and a controller that balances the pole until
the limit of steps. "states" has one more than "actions": the first is where it starts.
"""

import json
import pathlib

import gymnasium
import numpy as np

policies = {
    'always left': lambda state, step, rng: 0,
    'right and left by turns': lambda state, step, rng: (step + 1) % 2,
    'drawn': lambda state, step, rng: int(rng.integers(2)),
    'a controller that balances': lambda state, step, rng: int(
        float(np.dot(state, (0.3, 0.8, 8.0, 2.0))) > 0
    ),
}


def trajectory(name, seed):
    env = gymnasium.make('CartPole-v1')
    env.reset(seed=seed)
    rng = np.random.default_rng(seed)
    states, actions, rewards = [env.unwrapped.state.tolist()], [], []
    terminated = truncated = False
    while not (terminated or truncated):
        action = policies[name](states[-1], len(actions), rng)
        _, reward, terminated, truncated, _ = env.step(action)
        actions.append(action)
        rewards.append(float(reward))
        states.append(env.unwrapped.state.tolist())
    return {
        'policy': name,
        'seed': seed,
        'actions': actions,
        'states': states,
        'rewards': sum(rewards),
        'terminated': bool(terminated),
        'truncated': bool(truncated),
    }


found = [trajectory(name, seed) for seed, name in enumerate(policies, 1)]
found += [trajectory('drawn', seed) for seed in (5, 6)]
path = pathlib.Path(__file__).with_suffix('.json')
path.write_text(
    json.dumps({'by': f'Gymnasium {gymnasium.__version__}, CartPole-v1', 'trajectories': found}) + '\n'
)
for each in found:
    print(each['policy'], len(each['actions']), each['terminated'], each['truncated'])
