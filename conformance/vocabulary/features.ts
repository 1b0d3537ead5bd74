import { either as E, function as F } from 'fp-ts'
import type { Draws } from '../../spec/philox.js'
import type { Tensor, Tensors } from '../../spec/tensor.js'
import { filled, generate, mapTensor } from '../../spec/tensor.js'
import type { Fill, Form } from '../form.js'
import type { Law } from '../questions.js'
import { form } from '../questions.js'
import { joined, part, rolled } from './arrange.js'
import { equal, exactly, named } from './claims.js'
import { invariant, rearranging } from './laws.js'

/** Cases and laws of normalizers, which fit each feature of some rows and apply the fit to others. */

// ---- cases -------------------------------------------------------------------------------------------------------

export const fit = (N: number, D: number) => ({ x: [N, D] })
export const applied = (N: number, M: number, D: number) => ({ x: [N, D], apply: [M, D] })

/** Counts of rows and of features about the sizes of workgroups and of blocks of a sum. */
export const featureCorners = (attrs: Form['attrs'], x: Fill = 'normal'): readonly Form[] =>
  (
    [
      [2, 1],
      [7, 9],
      [15, 17],
      [16, 16],
      [17, 15],
      [63, 65],
      [64, 64],
      [65, 63],
      [255, 2],
      [256, 3],
      [257, 1],
      [2, 257],
      [1024, 2],
      [4097, 2],
      [3, 4095],
      [67, 4096],
      [2, 65537],
      [65535, 1],
      [65537, 1],
    ] as const
  )
    .map(([N, D]) => form(`${N} rows of ${D} features`, attrs, fit(N, D), { x }))
    .concat([
      form('more than one row of workgroups, fitted to few', attrs, applied(3, 2049, 2048), { x }),
      form('one row applied', attrs, applied(9, 1, 5), { x }),
      form('more rows applied than fitted', attrs, applied(4, 131, 3), { x }),
      form('fewer', attrs, applied(131, 4, 3), { x }),
      form('far outside the fitted range', attrs, applied(9, 8, 3), { x, apply: { mean: 100, scale: 30 } }),
      form('small values', attrs, fit(33, 4), { x: 'small' }),
      form('one row: every feature is constant', attrs, fit(1, 5), { x }),
      form('one row, applied to others', attrs, applied(1, 7, 5), { x }),
      form('constant features, of a number that adds up inexactly', attrs, fit(67, 3), {
        x: { constant: Math.fround(0.1) },
      }),
      form('constant features, applied to others', attrs, applied(67, 5, 3), { x: { constant: Math.fround(1 / 3) } }),
      form('a constant feature among others', attrs, applied(6, 5, 3), {
        x: { values: [Math.fround(0.1), 1, -3, Math.fround(0.1), 2, 5] },
      }),
      form('zeros of either sign', attrs, fit(5, 1), { x: { values: [0, -0] } }),
      form('equal but for one row', attrs, fit(65, 1), {
        x: { values: [...Array.from({ length: 64 }, () => Math.fround(0.1)), 1] },
      }),
      form('ties', attrs, fit(12, 4), { x: 'ties' }),
    ])

/** Data to fit, and for some cases data to apply the fit to. */
export const randomRows = (draw: Draws, fills: readonly Fill[]): Pick<Form, 'shapes' | 'fills'> => {
  const [N, M, D] = [draw.integer(1, 40), draw.integer(1, 8), draw.integer(1, 6)]
  return {
    shapes: draw.pick([fit(N, D), applied(N, M, D)]),
    fills: { x: draw.pick(fills), apply: draw.pick(['normal', 'wide', 'ties']) },
  }
}

// ---- laws --------------------------------------------------------------------------------------------------------

/** How many features there are. */
const width = ({ shape }: Tensor): number => shape[1] as number

const applyingToTheFitted = invariant(
  'the fit applied to its own data is the fit without anything to apply it to',
  'y',
  ({ inputs }) => ({ inputs: { ...inputs, apply: named(inputs, 'x') } }),
  ({ inputs }) => ({ inputs: { x: named(inputs, 'x') } }),
)

const rowByRow: Law = {
  name: 'data is transformed row by row, whatever else is transformed with it',
  claims: ({ attrs, inputs }, ask) => {
    const x = named(inputs, 'x')
    const N = x.shape[0] as number
    const last = (rows: Tensor): Tensor => part(0, N - 1, N, rows)
    return F.pipe(
      E.Do,
      E.bind('all', () => ask('forward', attrs, { x })),
      E.bind('one', () => ask('forward', attrs, { x, apply: last(x) })),
      E.map(({ all, one }) => {
        const of = (tensors: Tensors): Tensors => ({ y: last(named(tensors, 'y')) })
        return [equal('y', one, { values: of(all.values), slack: of(all.slack) })]
      }),
    )
  },
}

const rowsInAnyOrder: Law = {
  name: 'the order of the rows that are fitted changes nothing, nor does fitting to each of them twice',
  claims: ({ attrs, inputs }, ask) => {
    const x = named(inputs, 'x')
    const apply = inputs['apply'] ?? x
    return F.pipe(
      E.Do,
      E.bind('given', () => ask('forward', attrs, { x, apply })),
      E.bind('rolled', () => ask('forward', attrs, { x: rolled(0, x), apply })),
      E.bind('doubled', () => ask('forward', attrs, { x: joined(x, x), apply })),
      E.map(({ given, rolled, doubled }) => [equal('y', rolled, given), equal('y', doubled, given)]),
    )
  },
}

const roll = (x: Tensor): Tensor => rolled(1, x)

const featuresApart = rearranging('features in another order are the same features in that order', () => ({
  x: roll,
  apply: roll,
  y: roll,
}))

// x ↦ 4x + 3: every number is exact in f64
const unitFree = invariant('another unit and another origin of the data change nothing', 'y', ({ inputs }) => ({
  inputs: Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, mapTensor((v) => 4 * v + 3, x)])),
}))

/** A constant feature gives one number everywhere, beside features that vary and under whatever is applied. */
const constantFeature = (name: string, value: (attrs: Form['attrs']) => number): Law => ({
  name,
  claims: ({ attrs, inputs }, ask, draw) => {
    const x = named(inputs, 'x')
    const c = Math.fround(draw.normal())
    const apply = generate([3, width(x)], () => Math.fround(draw.normal()))
    return F.pipe(
      ask('forward', attrs, { x: filled(x.shape, c), apply }),
      E.map(({ values }) => [exactly(named(values, 'y'), filled(apply.shape, value(attrs)))]),
    )
  },
})

/** The laws that every normalizer keeps; a constant feature gives the same number everywhere. */
export const normalizerLaws = (constant: string, value: (attrs: Form['attrs']) => number): readonly Law[] => [
  applyingToTheFitted,
  rowByRow,
  rowsInAnyOrder,
  featuresApart,
  unitFree,
  constantFeature(constant, value),
]
