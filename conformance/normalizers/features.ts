import { either as E, function as F } from 'fp-ts'
import type { Tensor, Tensors } from '../../spec/tensor.js'
import { generate, mapTensor, zeros } from '../../spec/tensor.js'
import { rearranged, rolled } from '../arrange.js'
import type { Fill, Form } from '../form.js'
import { equal, equals, named } from '../laws.js'
import type { Draws } from '../../spec/philox.js'
import type { Law } from '../questions.js'
import { form } from '../questions.js'

/** Cases and laws that the normalizers share. */

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

const size = ({ shape }: Tensor): number => shape[1] as number

/** Row after row, x twice: the same least, most, mean and deviation. */
const doubled = (x: Tensor): Tensor =>
  generate([2 * (x.shape[0] as number), size(x)], (i) => x.data[i % x.data.length] as number)

const onlyX = (inputs: Tensors): Tensors => ({ x: named(inputs, 'x') })

export const applyingToTheFitted: Law = {
  name: 'the fit applied to its own data is the fit without anything to apply it to',
  claims: ({ attrs, inputs }, ask) => {
    const x = named(inputs, 'x')
    return F.pipe(
      E.Do,
      E.bind('alone', () => ask('forward', attrs, { x })),
      E.bind('applied', () => ask('forward', attrs, { x, apply: x })),
      E.map(({ alone, applied }) => [equal('y', applied, alone)]),
    )
  },
}

export const rowByRow: Law = {
  name: 'data is transformed row by row, whatever else is transformed with it',
  claims: ({ attrs, inputs }, ask) => {
    const x = named(inputs, 'x')
    const row = (n: number): Tensor => generate([1, size(x)], (d) => x.data[n * size(x) + d] as number)
    const last = (x.shape[0] as number) - 1
    return F.pipe(
      E.Do,
      E.bind('all', () => ask('forward', attrs, { x })),
      E.bind('one', () => ask('forward', attrs, { x, apply: row(last) })),
      E.map(({ all, one }) => {
        const of = (tensors: Tensors): Tensors => ({
          y: generate([1, size(x)], (d) => named(tensors, 'y').data[last * size(x) + d] as number),
        })
        return [equal('y', one, { values: of(all.values), slack: of(all.slack) })]
      }),
    )
  },
}

export const rowsInAnyOrder: Law = {
  name: 'the order of the rows that are fitted changes nothing, nor does fitting to each of them twice',
  claims: ({ attrs, inputs }, ask) => {
    const x = named(inputs, 'x')
    const apply = inputs['apply'] ?? x
    return F.pipe(
      E.Do,
      E.bind('given', () => ask('forward', attrs, { x, apply })),
      E.bind('rolled', () => ask('forward', attrs, { x: rolled(0, x), apply })),
      E.bind('doubled', () => ask('forward', attrs, { x: doubled(x), apply })),
      E.map(({ given, rolled, doubled }) => [equal('y', rolled, given), equal('y', doubled, given)]),
    )
  },
}

export const featuresApart: Law = {
  name: 'features in another order are the same features in that order',
  claims: ({ attrs, inputs }, ask) => {
    const roll = (x: Tensor): Tensor => rolled(1, x)
    return F.pipe(
      E.Do,
      E.bind('given', () => ask('forward', attrs, onlyX(inputs))),
      E.bind('rolled', () => ask('forward', attrs, { x: roll(named(inputs, 'x')) })),
      E.map(({ given, rolled }) => [equal('y', rolled, rearranged(roll, 'y', given))]),
    )
  },
}

/** Another unit and another origin of a feature, x ↦ 4x + 3, change nothing; every number here is exact in f64. */
export const unitFree: Law = {
  name: 'another unit and another origin of the data change nothing',
  claims: ({ attrs, inputs }, ask) => {
    const moved = Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, mapTensor((v) => 4 * v + 3, x)]))
    return F.pipe(
      E.Do,
      E.bind('given', () => ask('forward', attrs, inputs)),
      E.bind('moved', () => ask('forward', attrs, moved)),
      E.map(({ given, moved }) => [equal('y', moved, given)]),
    )
  },
}

/** A constant feature gives one number everywhere, beside features that vary and under whatever is applied. */
export const constantFeature = (name: string, value: (attrs: Form['attrs']) => number): Law => ({
  name,
  claims: ({ attrs, inputs }, ask, draw) => {
    const x = named(inputs, 'x')
    const c = Math.fround(draw.normal())
    const apply = generate([3, size(x)], () => Math.fround(draw.normal()))
    return F.pipe(
      ask('forward', attrs, { x: generate(x.shape, () => c), apply }),
      E.map((answer) => [
        {
          ...equals(
            'y',
            answer,
            mapTensor(() => value(attrs), apply),
          ),
          allowed: zeros(apply.shape),
        },
      ]),
    )
  },
})
