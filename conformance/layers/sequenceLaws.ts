import { either as E, function as F } from 'fp-ts'
import type { Result } from '../../spec/error.js'
import type { Tensor, Tensors } from '../../spec/tensor.js'
import { generate, sizeOf, zeros } from '../../spec/tensor.js'
import type { Fill } from '../form.js'
import { equal, named } from '../laws.js'
import type { Claim, Evaluation, Law } from '../questions.js'
import { element } from './recurrentLaws.js'

/** Laws of scans: they are asked about `rnn` and `lstm`, and a sequence cut into pieces is the pieces, one after the other. */

/** Weights of a state of H units whose rows' magnitudes sum to less than 1, so that no error grows from step to step. */
export const steady = (H: number): Fill => ({ mean: 0, scale: 1 / (2 * H + 2) })

/** Steps `from` … `to − 1`. */
const steps = (x: Tensor, from: number, to: number): Tensor => {
  const [T = 1, ...shape] = x.shape
  const size = sizeOf(shape)
  return generate([Math.min(to, T) - from, ...shape], (i) => element(x, from * size + i))
}

const joined = (a: Tensor, b: Tensor): Tensor =>
  generate([(a.shape[0] as number) + (b.shape[0] as number), ...a.shape.slice(1)], (i) =>
    i < a.data.length ? element(a, i) : element(b, i - a.data.length),
  )

const renamed = ({ values, slack }: Evaluation, from: string, to: string): Evaluation => ({
  values: { [to]: named(values, from) },
  slack: { [to]: named(slack, from) },
})

const cutIn = (y: string, { values, slack }: Evaluation, from: number, to: number): Evaluation => ({
  values: { [y]: steps(named(values, y), from, to) },
  slack: { [y]: steps(named(slack, y), from, to) },
})

const added = (parts: readonly Evaluation[], name: string): Evaluation => {
  const sum = (tensors: readonly Tensor[]): Tensor =>
    generate((tensors[0] as Tensor).shape, (i) => tensors.reduce((total, t) => total + element(t, i), 0))
  return {
    values: { [name]: sum(parts.map(({ values }) => named(values, name))) },
    slack: { [name]: sum(parts.map(({ slack }) => named(slack, name))) },
  }
}

// x in two copies, so that there are at least two steps
const doubled = (x: Tensor): Tensor => joined(x, x)

/**
 * A sequence cut in two: what the first piece ends with, the second starts from, forward; and backward the first piece's
 * end is pulled by what the second's start is. `states` pairs the input of a state with the output that it becomes.
 * The second piece starts from what the oracle answers to the first, exactly, so the pieces' errors do not add up.
 */
export const piecesInTurn = (states: Readonly<Record<string, string>>): Law => ({
  name: 'a sequence is its pieces in turn, gradients and all',
  claims: ({ attrs, inputs, cotangents }, ask): Result<readonly Claim[]> => {
    const x = doubled(named(inputs, 'x'))
    const dy = doubled(named(cotangents, 'y'))
    const T = x.shape[0] as number
    const cut = Math.ceil(T / 2) + (T > 2 ? 1 : 0)
    const ends = Object.fromEntries(Object.values(states).map((end) => [end, named(cotangents, end)]))
    const first = { ...inputs, x: steps(x, 0, cut) }
    const secondFrom = ({ values }: Evaluation): Tensors => ({
      ...inputs,
      x: steps(x, cut, T),
      ...Object.fromEntries(Object.entries(states).map(([start, end]) => [start, named(values, end)])),
    })
    const pullOf = ({ values }: Evaluation): Tensors => ({
      y: steps(dy, 0, cut),
      ...Object.fromEntries(Object.entries(states).map(([start, end]) => [end, named(values, start)])),
    })
    return F.pipe(
      E.Do,
      E.bind('whole', () => ask('forward', attrs, { ...inputs, x })),
      E.bind('one', () => ask('forward', attrs, first)),
      E.bind('two', ({ one }) => ask('forward', attrs, secondFrom(one))),
      E.bind('back', () => ask('backward', attrs, { ...inputs, x }, { ...ends, y: dy })),
      E.bind('backTwo', ({ one }) => ask('backward', attrs, secondFrom(one), { ...ends, y: steps(dy, cut, T) })),
      E.bind('backOne', ({ backTwo }) => ask('backward', attrs, first, pullOf(backTwo))),
      E.map(({ whole, one, two, back, backTwo, backOne }) => [
        equal('y', cutIn('y', whole, 0, cut), one),
        equal('y', cutIn('y', whole, cut, T), two),
        ...Object.values(states).map((end) => equal(end, whole, two)),
        equal('x', cutIn('x', back, 0, cut), backOne),
        equal('x', cutIn('x', back, cut, T), backTwo),
        ...Object.keys(states).map((start) => equal(start, back, backOne)),
        ...['wIh', 'wHh', 'b'].map((name) => equal(name, back, added([backOne, backTwo], name))),
      ]),
    )
  },
})

/** hT is y's last step, and a pull on the one is a pull on the other. */
export const endsWithItsLast: Law = {
  name: 'hT is the last of y, and pulls as the last of y does',
  claims: ({ attrs, inputs, cotangents }, ask) => {
    const T = named(inputs, 'x').shape[0] as number
    const [dy, dhT] = [named(cotangents, 'y'), named(cotangents, 'hT')]
    const asY = generate(dy.shape, (i) =>
      i < dy.data.length - dhT.data.length ? 0 : element(dhT, i - dy.data.length + dhT.data.length),
    )
    return F.pipe(
      E.Do,
      E.bind('ahead', () => ask('forward', attrs, inputs)),
      E.bind('byEnd', () => ask('backward', attrs, inputs, { hT: dhT })),
      E.bind('byY', () => ask('backward', attrs, inputs, { y: asY })),
      E.map(({ ahead, byEnd, byY }) => {
        const { values, slack } = renamed(ahead, 'hT', 'y')
        const alone = (tensors: Tensors): Tensors => {
          const hT = named(tensors, 'y')
          return { y: { shape: [1, ...hT.shape], data: hT.data } }
        }
        return [
          equal('y', cutIn('y', ahead, T - 1, T), { values: alone(values), slack: alone(slack) }),
          ...Object.keys(byEnd.values).map((name) => equal(name, byEnd, byY)),
        ]
      }),
    )
  },
}

/** A pull on a step reaches that step and those before it, and none after. */
export const causal: Law = {
  name: 'a step does not see later ones, and is not pulled by earlier ones',
  claims: ({ attrs, inputs, cotangents }, ask, draw) => {
    const x = doubled(named(inputs, 'x'))
    const [T, size] = [x.shape[0] as number, x.data.length / (x.shape[0] as number)]
    const t = draw.integer(1, T - 1)
    const other = generate(x.shape, (i) => (i < t * size ? element(x, i) : 1 - element(x, i)))
    const dy = doubled(named(cotangents, 'y'))
    const row = dy.data.length / T
    const early = generate(dy.shape, (i) => (i < t * row ? element(dy, i) : 0))
    return F.pipe(
      E.Do,
      E.bind('before', () => ask('forward', attrs, { ...inputs, x })),
      E.bind('after', () => ask('forward', attrs, { ...inputs, x: other })),
      E.bind('back', () => ask('backward', attrs, { ...inputs, x }, { y: early })),
      E.map(({ before, after, back }) => [
        equal('y', cutIn('y', after, 0, t), cutIn('y', before, 0, t)),
        {
          got: steps(named(back.values, 'x'), t, T),
          want: zeros([T - t, ...x.shape.slice(1)]),
          allowed: steps(named(back.slack, 'x'), t, T),
        },
      ]),
    )
  },
}
