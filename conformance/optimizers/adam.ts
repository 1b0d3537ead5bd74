import { form, questionsAbout } from '../questions.js'
import { array } from '../vocabulary/examples.js'
import { adamCorners, adamLaws, adamState, after, anyAdamStep, secondStep } from '../vocabulary/moments.js'
import { decayAddsToTheGradient } from '../vocabulary/optimizers.js'

const paper = 'Kingma and Ba, "Adam" (2015), algorithm 1'

export const adam = questionsAbout('adam', {
  corners: adamCorners,
  random: anyAdamStep,
  laws: [...adamLaws, decayAddsToTheGradient(['w', 'm', 'v'])],
  worked: [
    {
      name: 'the second step by hand: m′ = 3/2 and v′ = 7, 2 and 16 when corrected, w′ = 1 − 2/(4 + 4)',
      attrs: { learningRate: 1, beta1: 0.5, beta2: 0.75, epsilon: 4, weightDecay: 0 },
      inputs: secondStep.inputs,
      outputs: { w: array([0.75, -0.75]), ...secondStep.outputs },
      source: paper,
    },
    {
      name: 'from rest, with decay: the gradient is 1 + ½·2, and the step η·2/(2 + 2)',
      attrs: { learningRate: 0.5, beta1: 0.5, beta2: 0.75, epsilon: 2, weightDecay: 0.5 },
      inputs: {
        w: array(2),
        g: array(1),
        m: array(0),
        v: array(0),
        step: array(0),
      },
      outputs: {
        w: array(1.75),
        m: array(1),
        v: array(1),
        step: array(1),
      },
      source: `${paper}; the decay as in PyTorch`,
    },
    {
      name: 'without memory 1 − 0ᵗ is 1: the gradient over its own size and ε',
      attrs: { learningRate: 1, beta1: 0, beta2: 0, epsilon: 1, weightDecay: 0 },
      inputs: {
        w: array([0, 0]),
        g: array([3, -1]),
        m: array([5, 5]),
        v: array([9, 9]),
        step: array(0),
      },
      outputs: {
        w: array([-0.75, 0.5]),
        m: array([3, -1]),
        v: array([9, 1]),
        step: array(1),
      },
      source: paper,
    },
  ],
  faults: [
    { name: 'uphill', direction: 'forward', find: 'w - (eta', replace: 'w + (eta' },
    {
      name: 'the mean not corrected',
      direction: 'forward',
      find: 'm / correction1',
      replace: 'm',
      unseenAt: form('', { learningRate: 0.5 }, adamState(4), after(1000)),
    },
    {
      name: 'the squares not corrected',
      direction: 'forward',
      find: 'v / correction2',
      replace: 'v',
      unseenAt: form('', { beta2: 0.9 }, adamState(4), after(1000)),
    },
    {
      name: 'corrected for the steps before this one',
      direction: 'forward',
      find: '[1 - beta1 ** t, 1 - beta2 ** t]',
      replace: '[1 - beta1 ** (t - 1), 1 - beta2 ** (t - 1)]',
      unseenAt: form('', { beta2: 0.9 }, adamState(4), after(1000)),
    },
    {
      name: 'the decays exchanged in the corrections',
      direction: 'forward',
      find: '[1 - beta1 ** t, 1 - beta2 ** t]',
      replace: '[1 - beta2 ** t, 1 - beta1 ** t]',
    },
    {
      name: 'β₂ᵗ by a built-in pow, two units of f32 off',
      direction: 'forward',
      find: '1 - beta2 ** t',
      replace: '1 - beta2 ** t * (1 + 2 ** -22)',
      unseenAt: form('', {}, adamState(4), after(2)),
    },
    {
      name: 'ε within the root',
      direction: 'forward',
      find: 'Math.sqrt(v / correction2) + epsilon',
      replace: 'Math.sqrt(v / correction2 + epsilon)',
      unseenAt: form('', {}, adamState(4), after(2)),
    },
    {
      name: 'ε before the correction, as in the faster form',
      direction: 'forward',
      find: 'Math.sqrt(v / correction2) + epsilon',
      replace: '(Math.sqrt(v) + epsilon) / Math.sqrt(correction2)',
      unseenAt: form('', {}, adamState(4), after(2)),
    },
    { name: 'no root', direction: 'forward', find: 'Math.sqrt(v / correction2)', replace: 'v / correction2' },
    {
      name: 'the gradient at full weight in the mean',
      direction: 'forward',
      find: '(1 - beta1) * g',
      replace: 'g',
      unseenAt: form('', { beta1: 0, learningRate: 0.1 }, adamState(4), after(2)),
    },
    { name: 'no square', direction: 'forward', find: '(g * g)', replace: 'Math.abs(g)' },
    {
      name: 'the decays exchanged',
      direction: 'forward',
      find: 'beta1 * m + (1 - beta1)',
      replace: 'beta2 * m + (1 - beta2)',
    },
    {
      name: 'the mean before this gradient applied',
      direction: 'forward',
      find: 'w, m, v),',
      replace: 'w, mBefore, v),',
    },
    {
      name: 'decay forgotten',
      direction: 'forward',
      find: 'lambda === 0',
      replace: 'lambda >= 0',
      unseenAt: form('', { weightDecay: 0 }, adamState(4), after(2)),
    },
    { name: 'sign of the decay', direction: 'forward', find: 'g + lambda * w', replace: 'g - lambda * w' },
    {
      name: 'the steps not counted',
      direction: 'forward',
      find: 'scalarOf(t)',
      replace: 'step',
      unseenAt: form('', {}, adamState(4), after(2000)),
    },
  ],
})
