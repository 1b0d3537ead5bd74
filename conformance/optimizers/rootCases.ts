import type { Draws } from '../../spec/philox.js'
import { elementwiseCorners } from '../elementwise.js'
import type { Fill, Form } from '../form.js'
import { form } from '../questions.js'

/** Cases of optimizers that divide by the root of squares which they keep under the names of `kept`. */

export const rootState =
  (...kept: readonly string[]) =>
  (...shape: readonly number[]): Form['shapes'] =>
    Object.fromEntries(['w', 'g', ...kept].map((name) => [name, shape]))

// squares with zeros, and sizes down to those of gradients of 2⁻⁴⁰; and gradients of such sizes
const squares: Fill = { values: [0, 1, 2 ** -80, 0.25, 1e-6, 2 ** -40, 3] }
const faint: Fill = { values: [0, 2 ** -40, -(2 ** -40), 2 ** -30, -1e-6, 1e-3, -1] }

/** `attrs` are those without which the op would not run. */
export const rootCorners = (kept: readonly string[], attrs: Form['attrs']): readonly Form[] => {
  const state = rootState(...kept)
  const keeping = (fill: Fill): Readonly<Record<string, Fill>> => Object.fromEntries(kept.map((name) => [name, fill]))
  const special = (name: string, more: Form['attrs'], n: number, fills: Readonly<Record<string, Fill>> = {}): Form =>
    form(name, { ...attrs, ...more }, state(n), { ...keeping('positive'), ...fills })
  const still: Fill = { constant: 0 }
  return [
    ...elementwiseCorners(['w', 'g', ...kept], { ...attrs, epsilon: 0.001 }, keeping('positive')),
    special('weights of zero, so that the step is not hidden by their rounding', { epsilon: 0.001 }, 65, { w: still }),
    special('ε of its default', {}, 65, { w: still }),
    special('ε as large as the root', { epsilon: 1 }, 65, { w: still }),
    special('ε of 10⁻⁸', { epsilon: 1e-8 }, 65, { w: still }),
    special('faint gradients and squares', { epsilon: 1e-8 }, 49, { ...keeping(squares), w: still, g: faint }),
    special('faint gradients from rest', {}, 49, { ...keeping(still), w: still, g: faint }),
    special('from rest', {}, 40, keeping(still)),
    special('no gradient and no state: no step', {}, 40, { ...keeping(still), g: still }),
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

export const rootRandom =
  (kept: readonly string[], more: (draw: Draws) => Form['attrs']) =>
  (draw: Draws): Form => ({
    attrs: {
      learningRate: draw.pick([0, 0.001, 0.1, 1]),
      epsilon: draw.pick([1e-3, 1e-3, 1e-6, 1e-8, 0.5]),
      ...more(draw),
      ...draw.pick([{}, { weightDecay: 0 }, { weightDecay: 0.01 }, { weightDecay: 0.5 }]),
    },
    shapes: rootState(...kept)(...Array.from({ length: draw.integer(0, 4) }, () => draw.integer(1, 5))),
    fills: {
      w: draw.pick(['normal', { constant: 0 }, 'small', 'wide']),
      g: draw.pick(['normal', 'small', 'wide', 'ties', faint]),
      ...Object.fromEntries(
        kept.map((name) => [name, draw.pick<Fill>(['positive', 'fraction', squares, { constant: 0 }])]),
      ),
    },
  })
