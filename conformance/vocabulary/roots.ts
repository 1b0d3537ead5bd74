import type { Draws } from '../../spec/philox.js'
import type { Fill, Form } from '../form.js'
import { form } from '../questions.js'
import { elementwiseCorners } from './elementwise.js'
import { anyDecay, anyStep, faint, faintSquares, stateOf, still } from './optimizers.js'

/** Cases of optimizers that divide by the root of squares which they keep under the names of `kept`. */

const everyKept = (kept: readonly string[], fill: Fill): Readonly<Record<string, Fill>> =>
  Object.fromEntries(kept.map((name) => [name, fill]))

/** `attrs` are those without which the op would not run. */
export const rootCorners = (kept: readonly string[], attrs: Form['attrs']): readonly Form[] => {
  const state = stateOf(...kept)
  const special = (name: string, more: Form['attrs'], n: number, fills: Readonly<Record<string, Fill>> = {}): Form =>
    form(name, { ...attrs, ...more }, state(n), { ...everyKept(kept, 'positive'), ...fills })
  const faintState = { ...everyKept(kept, faintSquares), w: still, g: faint }
  const atRest = everyKept(kept, still)
  return [
    ...elementwiseCorners(['w', 'g', ...kept], { ...attrs, epsilon: 0.001 }, everyKept(kept, 'positive')),
    special('weights of zero, so that the step is not hidden by their rounding', { epsilon: 0.001 }, 65, { w: still }),
    special('ε of its default', {}, 65, { w: still }),
    special('ε as large as the root', { epsilon: 1 }, 65, { w: still }),
    special('ε of 10⁻⁸', { epsilon: 1e-8 }, 65, { w: still }),
    special('faint gradients and squares', { epsilon: 1e-8 }, 49, faintState),
    special('faint gradients from rest', {}, 49, { ...atRest, w: still, g: faint }),
    special('from rest', {}, 40, atRest),
    special('no gradient and no state: no step', {}, 40, { ...atRest, g: still }),
    special('no gradient', {}, 40, { g: still }),
    special('no rate: w stays', { learningRate: 0 }, 33),
    special('a rate of 1', { learningRate: 1 }, 33, { w: still }),
    special('weight decay', { weightDecay: 0.01 }, 40),
    special('much decay', { weightDecay: 3, epsilon: 0.001 }, 65, { g: 'small' }),
    special('decay against the gradient', { weightDecay: 0.3, epsilon: 0.001 }, 40, {
      w: { constant: 1.1 },
      g: { constant: -0.33 },
    }),
    special('wide gradients', { epsilon: 0.001 }, 65, { g: 'wide' }),
    special('small gradients', { epsilon: 0.001 }, 65, { w: still, g: 'small' }),
  ]
}

/** ε inside the root, where it shows: as large as the squares, and where they are none. */
export const insideCorners = (kept: readonly string[], attrs: Form['attrs']): readonly Form[] => {
  const inside = (name: string, more: Form['attrs'], n: number, fills: Readonly<Record<string, Fill>> = {}): Form =>
    form(`ε inside: ${name}`, { ...attrs, epsilonInside: true, ...more }, stateOf(...kept)(n), {
      ...everyKept(kept, 'positive'),
      w: still,
      ...fills,
    })
  return [
    inside('of its default', {}, 65),
    inside('as large as the square', { epsilon: 1 }, 65),
    inside('of 10⁻³', { epsilon: 1e-3 }, 257, { w: 'normal' }),
    inside('faint gradients and squares', { epsilon: 1e-8 }, 49, { ...everyKept(kept, faintSquares), g: faint }),
    inside('from rest', { epsilon: 1e-7 }, 40, everyKept(kept, still)),
    inside('weight decay', { epsilon: 0.001, weightDecay: 0.01 }, 40, { w: 'normal' }),
    inside('wide gradients', { epsilon: 0.001 }, 65, { g: 'wide' }),
    inside('small gradients', { epsilon: 0.001 }, 65, { g: 'small' }),
  ]
}

/** Inside the root half the time. */
export const anyPlaceOfEpsilon = (draw: Draws): Form['attrs'] => draw.pick([{}, { epsilonInside: true }])

/** Every one of these means of squares, in a case in which its weight shows. */
export const eachDecay = (
  kept: readonly string[],
  attrs: Form['attrs'],
  decays: readonly number[],
  fills: Readonly<Record<string, Fill>>,
): readonly Form[] =>
  decays.map((decay) =>
    form(`ρ of ${decay}`, { ...attrs, decay, epsilon: 0.001 }, stateOf(...kept)(40), { w: still, ...fills }),
  )

export const anyRootStep = (
  kept: readonly string[],
  more: (draw: Draws) => Form['attrs'] = () => ({}),
): ((draw: Draws) => Form) =>
  anyStep(
    stateOf(...kept),
    (draw) => ({
      learningRate: draw.pick([0, 0.001, 0.1, 1]),
      epsilon: draw.pick([1e-3, 1e-3, 1e-6, 1e-8, 0.5]),
      ...more(draw),
      ...anyDecay(draw),
    }),
    {
      w: ['normal', still, 'small', 'wide'],
      g: ['normal', 'small', 'wide', 'ties', faint],
      ...Object.fromEntries(kept.map((name) => [name, ['positive', 'fraction', faintSquares, still] as const])),
    },
  )
