import { either as E, function as F } from 'fp-ts'
import type { Result } from '../../spec/error.js'
import type { Draws } from '../../spec/philox.js'
import type { Tensor, Tensors } from '../../spec/tensor.js'
import { generate, zeros } from '../../spec/tensor.js'
import type { Fill, Form } from '../form.js'
import type { Claim, Evaluation, Fault, Law } from '../questions.js'
import { form } from '../questions.js'
import { joined, part, rearranged } from './arrange.js'
import { at, equal, named, plus, renamed } from './claims.js'
import { linearInCotangents } from './laws.js'
import { cotangentsAdd, samplesApart, saturating, weighsLike } from './recurrent.js'
import { aroundTiles } from './tiles.js'

/** Cases and laws of scans, `rnn`, `lstm` and `gru`: a sequence cut into pieces is the pieces, one after the other. */

// ---- laws --------------------------------------------------------------------------------------------------------

/** Steps `from` … `to − 1`. */
const steps = (x: Tensor, from: number, to: number): Tensor => part(0, from, to, x)

const cutIn = (answer: Evaluation, name: string, from: number, to: number): Evaluation =>
  rearranged((x) => steps(x, from, to), name, answer)

const added = (parts: readonly Evaluation[], name: string): Evaluation => {
  const sum = (tensors: readonly Tensor[]): Tensor => tensors.reduce(plus)
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
const piecesInTurn = (states: Readonly<Record<string, string>>): Law => ({
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
        equal('y', cutIn(whole, 'y', 0, cut), one),
        equal('y', cutIn(whole, 'y', cut, T), two),
        ...Object.values(states).map((end) => equal(end, whole, two)),
        equal('x', cutIn(back, 'x', 0, cut), backOne),
        equal('x', cutIn(back, 'x', cut, T), backTwo),
        ...Object.keys(states).map((start) => equal(start, back, backOne)),
        ...Object.keys(back.values)
          .filter((name) => name !== 'x' && states[name] === undefined)
          .map((name) => equal(name, back, added([backOne, backTwo], name))),
      ]),
    )
  },
})

/** hT is y's last step, and a pull on the one is a pull on the other. */
const endsWithItsLast: Law = {
  name: 'hT is the last of y, and pulls as the last of y does',
  claims: ({ attrs, inputs, cotangents }, ask) => {
    const T = named(inputs, 'x').shape[0] as number
    const [dy, dhT] = [named(cotangents, 'y'), named(cotangents, 'hT')]
    const asY = generate(dy.shape, (i) =>
      i < dy.data.length - dhT.data.length ? 0 : at(dhT, i - dy.data.length + dhT.data.length),
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
          equal('y', cutIn(ahead, 'y', T - 1, T), { values: alone(values), slack: alone(slack) }),
          ...Object.keys(byEnd.values).map((name) => equal(name, byEnd, byY)),
        ]
      }),
    )
  },
}

/** A pull on a step reaches that step and those before it, and none after. */
const causal: Law = {
  name: 'a step does not see later ones, and is not pulled by earlier ones',
  claims: ({ attrs, inputs, cotangents }, ask, draw) => {
    const x = doubled(named(inputs, 'x'))
    const [T, size] = [x.shape[0] as number, x.data.length / (x.shape[0] as number)]
    const t = draw.integer(1, T - 1)
    const other = generate(x.shape, (i) => (i < t * size ? at(x, i) : 1 - at(x, i)))
    const dy = doubled(named(cotangents, 'y'))
    const row = dy.data.length / T
    const early = generate(dy.shape, (i) => (i < t * row ? at(dy, i) : 0))
    return F.pipe(
      E.Do,
      E.bind('before', () => ask('forward', attrs, { ...inputs, x })),
      E.bind('after', () => ask('forward', attrs, { ...inputs, x: other })),
      E.bind('back', () => ask('backward', attrs, { ...inputs, x }, { y: early })),
      E.map(({ before, after, back }) => [
        equal('y', cutIn(after, 'y', 0, t), cutIn(before, 'y', 0, t)),
        {
          got: steps(named(back.values, 'x'), t, T),
          want: zeros([T - t, ...x.shape.slice(1)]),
          allowed: steps(named(back.slack, 'x'), t, T),
        },
      ]),
    )
  },
}

/** Every law of a scan; `states` pairs the input of a state with the output that it becomes. */
export const scanLaws = (states: Readonly<Record<string, string>>): readonly Law[] => [
  piecesInTurn(states),
  endsWithItsLast,
  causal,
  samplesApart({
    x: 1,
    y: 1,
    ...Object.fromEntries(
      Object.entries(states)
        .flat()
        .map((state) => [state, 0]),
    ),
  }),
  weighsLike('wIh', 'x'),
  linearInCotangents('gradients are linear in the cotangents, one output’s and another’s alike'),
  cotangentsAdd,
]

// ---- cases -------------------------------------------------------------------------------------------------------

/** Weights of a state of H units whose rows' magnitudes sum to less than 1, so that no error grows from step to step. */
export const steady = (H: number): Fill => ({ mean: 0, scale: 1 / (2 * H + 2) })

/** Steps, sequences, inputs and units of a scan. */
export type Extents = readonly [T: number, N: number, I: number, H: number]

/** A case of a scan whose errors do not grow, of an op whose weights have so many rows for each unit, and of its biases. */
export const scansOf =
  (gates: number, states: readonly string[], biases: readonly string[] = ['b']) =>
  (name: string, [T, N, I, H]: Extents, fills: Readonly<Record<string, Fill>> = {}): Form =>
    form(
      name,
      {},
      {
        x: [T, N, I],
        ...Object.fromEntries(states.map((state) => [state, [N, H]])),
        wIh: [gates * H, I],
        wHh: [gates * H, H],
        ...Object.fromEntries(biases.map((bias) => [bias, [gates * H]])),
      },
      { wIh: { mean: 0, scale: 0.5 }, wHh: steady(H), ...fills },
    )

type Scan = ReturnType<typeof scansOf>

/** Few steps, and one of everything. */
export const shortScans = (scan: Scan): readonly Form[] => [
  scan('one number', [1, 1, 1, 1]),
  scan('one step', [1, 4, 5, 6]),
  scan('two steps', [2, 3, 4, 5]),
  scan('eight steps', [8, 3, 4, 5]),
  scan('one sequence', [5, 1, 4, 7]),
  scan('one input', [4, 3, 1, 5]),
  scan('one unit', [4, 5, 3, 1]),
]

/** Inputs at which cells saturate. */
export const wideInputs = (scan: Scan): Form => scan('wide inputs saturate', [5, 4, 6, 5], { x: 'wide', wIh: 'wide' })
export const extremeInputs = (scan: Scan, wIh: readonly number[]): Form =>
  scan('saturation from ±1 to ±10³⁰', [11, 2, 1, 3], { x: saturating, wIh: { values: wIh } })

/** Sizes about those of tiles, and counts of steps; `scale` is that of the state's weights where steps are many. */
export const longScans = (scan: Scan, scale: number): readonly Form[] => [
  ...aroundTiles([4, 16, 32, 64], (N, I, H) =>
    scan(`tiles: two steps, ${N} by ${I} by ${H}`, [2, N, I, H], { wIh: { mean: 0, scale: 0.125 } }),
  ),
  ...[15, 16, 17, 63, 64, 65].map((T) => scan(`${T} steps`, [T, 2, 3, 4], { wHh: { mean: 0, scale } })),
]

/** Drawn scans of up to these extents. */
export const anyScan =
  (scan: Scan, [T, N, I, H]: Extents, states: Readonly<Record<string, readonly Fill[]>>) =>
  (draw: Draws): Form => {
    const units = draw.integer(1, H)
    const { shapes } = scan('', [draw.integer(1, T), draw.integer(1, N), draw.integer(1, I), units])
    return {
      attrs: {},
      shapes,
      fills: {
        x: draw.pick(['normal', 'normal', 'small', 'wide']),
        ...Object.fromEntries(Object.entries(states).map(([state, fills]) => [state, draw.pick(fills)])),
        wIh: draw.pick(['normal', 'small', { mean: 0, scale: 0.25 }]),
        wHh: steady(units),
      },
    }
  }

// ---- faults -------------------------------------------------------------------------------------------------------

/** Mistakes in the gradient of a scan: of its two pulls on a state, that of the steps after it and y's, one is left out. */
export const faultsOfThePull = (scan: Scan): readonly Fault[] => [
  {
    name: 'no path through the state',
    direction: 'backward',
    find: 'dh + dy',
    replace: 'dy',
    unseenAt: scan('', [1, 3, 2, 4], { dhT: { constant: 0 } }),
  },
  { name: 'only the end pulls', direction: 'backward', find: 'dh + dy', replace: 'dh' },
]

/** Mistakes in the gradient of a scan that carries one state, whatever its cell. */
export const faultsOfTheScan = (scan: Scan): readonly Fault[] => [
  ...faultsOfThePull(scan),
  {
    name: 'the pull on hT dropped',
    direction: 'backward',
    find: '{ h: dhT }',
    replace: '{ h: zip((v) => 0 * v, dhT, dhT) }',
  },
  {
    name: 'the pull on y one step late',
    direction: 'backward',
    find: 'partOf(dy, t)',
    replace: 'partOf(dy, Math.max(t - 1, 0))',
  },
  { name: 'the state after for the one before', direction: 'backward', find: 'h[t] as', replace: 'h[t + 1] as' },
  {
    name: 'inputs in the wrong direction of time',
    direction: 'backward',
    find: 'partOf(x, t)',
    nth: 1,
    replace: 'partOf(x, sizes.T - 1 - t)',
  },
  {
    name: 'dx in the wrong direction of time',
    direction: 'backward',
    find: 'steps.map((step) => step.x)',
    replace: 'steps.map((step) => step.x).reverse()',
  },
  {
    name: 'dh0 of the last step',
    direction: 'backward',
    find: 'steps[0]',
    replace: 'steps[sizes.T - 1]',
    unseenAt: scan('', [1, 3, 2, 4]),
  },
  {
    name: 'dwIh of the first step alone',
    direction: 'backward',
    find: 'sumOfFields(steps.map((step) => step.wIh))',
    replace: 'steps[0].wIh',
    unseenAt: scan('', [1, 3, 2, 4]),
  },
  {
    name: 'dwHh without the first step',
    direction: 'backward',
    find: 'sumOfFields(steps.map((step) => step.wHh))',
    replace: 'sumOfFields(steps.slice(sizes.T > 1 ? 1 : 0).map((step) => step.wHh))',
  },
]
