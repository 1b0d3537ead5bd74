import { either as E, function as F } from 'fp-ts'
import { mapTensor } from '../../spec/tensor.js'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { at, equal, named, sixteenths, unit } from '../vocabulary/claims.js'
import { array } from '../vocabulary/examples.js'
import { adamCorners, adamLaws, adamState, after, anyAdamStep, atRest, secondStep } from '../vocabulary/moments.js'
import { decayShrinks, widened } from '../vocabulary/optimizers.js'

const paper = 'Loshchilov and Hutter, "Decoupled weight decay regularization" (2019), algorithm 2'

const decayIsApart: Law = {
  name: 'decay takes η·λ·w away from the step without it, and leaves the moments alone',
  claims: ({ attrs, inputs }, ask, draw) => {
    const given = { ...inputs, w: sixteenths(named(inputs, 'w')) }
    const rate = draw.pick([0.25, 0.5, 1, 2])
    const rated = { ...attrs, learningRate: rate }
    return F.pipe(
      E.Do,
      E.bind('with', () => ask('forward', { ...rated, weightDecay: 1 / 8 / rate }, given)),
      E.bind('without', () => ask('forward', { ...rated, weightDecay: 0 }, given)),
      E.map(({ with: decayed, without }) => {
        // an eighth of w is exact; the sum with it is rounded here
        const back = mapTensor((w, i) => w + at(given.w, i) / 8, named(decayed.values, 'w'))
        return [
          equal(
            'w',
            widened({ ...decayed, values: { w: back } }, 'w', (w) => unit * Math.abs(w)),
            without,
          ),
          equal('m', decayed, without),
          equal('v', decayed, without),
        ]
      }),
    )
  },
}

export const adamw = questionsAbout('adamw', {
  corners: adamCorners,
  random: anyAdamStep,
  laws: [...adamLaws, decayShrinks(atRest, { epsilon: 0.5 }), decayIsApart],
  worked: [
    {
      name: 'the second step by hand: 1·(1 − ½·½) = ¾, and adam’s ½·2/(4 + 4) less',
      attrs: { learningRate: 0.5, beta1: 0.5, beta2: 0.75, epsilon: 4, weightDecay: 0.5 },
      inputs: secondStep.inputs,
      outputs: { w: array([0.625, -0.625]), ...secondStep.outputs },
      source: paper,
    },
  ],
  faults: [
    {
      name: 'decay forgotten',
      direction: 'forward',
      find: '1 - eta * lambda',
      replace: '1',
      unseenAt: form('', { weightDecay: 0.0005 }, adamState(4), after(2)),
    },
    { name: 'sign of the decay', direction: 'forward', find: '1 - eta * lambda', replace: '1 + eta * lambda' },
    {
      name: 'decay without the rate, as in the paper',
      direction: 'forward',
      find: '1 - eta * lambda',
      replace: '1 - lambda',
      unseenAt: form('', { learningRate: 1, weightDecay: 0.1 }, adamState(4), after(2)),
    },
    {
      name: 'coupled decay beside the other',
      direction: 'forward',
      find: 'weightDecay: 0 }',
      replace: 'weightDecay: lambda }',
    },
    {
      name: 'coupled decay in place of the other',
      direction: 'forward',
      find: 'adam({ ...attrs, weightDecay: 0 }, { w: shrunk',
      replace: 'adam(attrs, { w',
    },
    {
      name: 'decay by the sign of the weight',
      direction: 'forward',
      find: 'w * (1 - eta * lambda)',
      replace: 'w - Math.sign(w) * (eta * lambda)',
      unseenAt: form('', {}, adamState(4), after(2, { w: { values: [1, -1] } })),
    },
    {
      name: 'the moments exchanged',
      direction: 'forward',
      find: 'w: shrunk, g, m, v',
      replace: 'w: shrunk, g, m: v, v: m',
      unseenAt: form('', {}, adamState(4), after(2, { m: { constant: 1 }, v: { constant: 1 } })),
    },
  ],
})
