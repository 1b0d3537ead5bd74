import { either as E, function as F } from 'fp-ts'
import type { Attributes } from '../../spec/attributes.js'
import type { Draws } from '../../spec/philox.js'
import type { Shape, Tensor } from '../../spec/tensor.js'
import { generate, mapTensor, zipTensors } from '../../spec/tensor.js'
import type { Fill, Form } from '../form.js'
import type { Law } from '../questions.js'
import { form } from '../questions.js'
import { at, claim, exactly, named, product, times, unit } from './claims.js'
import { anyShape, drawn } from './draws.js'
import { compared, invariant, ofAnswers } from './laws.js'

/** Cases and laws of what is done to every element by itself. */

// ---- cases -------------------------------------------------------------------------------------------------------

/** The shapes at which elementwise kernels change, for ops whose tensors share one shape. */
export const elementwiseCorners = (
  inputs: readonly string[],
  attrs: Form['attrs'] = {},
  fills: Readonly<Record<string, Fill>> = {},
): readonly Form[] =>
  (
    [
      ['a scalar', []],
      ['one element', [1]],
      ['rank 5', [2, 1, 3, 1, 2]],
      ['15', [15]],
      ['17', [17]],
      ['a workgroup less one', [63]],
      ['a workgroup', [64]],
      ['a workgroup and one', [65]],
      ['255', [255]],
      ['256', [4, 64]],
      ['257', [257]],
      ['65,535', [65535]],
      ['65,537', [65537]],
      ['more than one row of workgroups', [2048, 2049]],
    ] as const
  ).map(([name, shape]) => form(name, attrs, Object.fromEntries(inputs.map((input) => [input, shape])), fills))

/** The sizes at which a sum of many values by one invocation changes, besides: one more than four terms, and as many as four times four. */
export const summedCorners = (
  inputs: readonly string[],
  attrs: Form['attrs'] = {},
  fills: Readonly<Record<string, Fill>> = {},
): readonly Form[] =>
  [5, 16].map((n) => form(`${n}`, attrs, Object.fromEntries(inputs.map((input) => [input, [n]])), fills))

/** The shapes of a function of one number x; the attributes are those of the sizes that vectors of 4 and 8 add. */
export const functionCorners = (attrs: Form['attrs'] = {}): readonly Form[] => [
  ...elementwiseCorners(['x']),
  ...[7, 8, 9, 16, 31, 32, 33, 65536].map((n) => form(`${n}`, attrs, { x: [n] })),
]

/** So many numbers x: drawn in one way, or given and repeated. */
export const points = (
  name: string,
  shape: number | Shape,
  x: Fill | readonly number[],
  attrs: Form['attrs'] = {},
): Form =>
  form(
    name,
    attrs,
    { x: typeof shape === 'number' ? [shape] : shape },
    { x: Array.isArray(x) ? { values: x as readonly number[] } : (x as Fill) },
  )

/** Numbers of either sign and of these magnitudes, such as those where a formula gives way to another. */
export const ofEitherSign = (magnitudes: readonly number[]): readonly number[] => magnitudes.flatMap((x) => [x, -x])

/** Every value of an attribute, beside the numbers that come. */
export const eachValue = (word: string, attribute: string, values: readonly number[]): readonly Form[] =>
  values.map((value) => form(`${word} ${value}`, { [attribute]: value }, { x: [65] }))

/** Numbers that a copy must not change: zeros of either sign, and the ends of the range. */
export const extremes: Fill = {
  values: [0, -0, 2 ** -126, -(2 ** -126), 3.4028234663852886e38, -3.4028234663852886e38, 1, -1],
}

const nextToZero = [0, 2 ** -126, -(2 ** -126), 1e-30, -1e-30, 2 ** -20, -(2 ** -20)]

/** Where a function turns at 0: all there, many there, and on either side; with attributes for each of the three. */
export const aroundZero = (
  word: string,
  [exactly, often, beside]: readonly [Form['attrs'], Form['attrs'], Form['attrs']] = [{}, {}, {}],
): readonly [Form, Form, Form] => [
  points(`exactly at ${word}`, [3, 7], { constant: 0 }, exactly),
  points(`often at ${word}`, 130, 'ties', often),
  points(`on either side of ${word}`, 16, nextToZero, beside),
]

/** Drawn cases of a function of one number. */
export const anyPoints = (
  fills: readonly Fill[],
  attrs: (draw: Draws) => Form['attrs'] = () => ({}),
): ((draw: Draws) => Form) => drawn({ attrs, shapes: (draw) => ({ x: anyShape(draw) }), fills: { x: fills } })

/** An attribute at its default three times in ten, else one of these or a normal number. */
export const anyValue =
  (attribute: string, values: readonly number[]) =>
  (draw: Draws): Form['attrs'] =>
    draw.uniform() < 0.3 ? {} : { [attribute]: draw.pick([...values, draw.normal()]) }

/** Two terms, or factors, of one shape. */
export const pairOf = (...shape: Shape): Form['shapes'] => ({ a: shape, b: shape })

// ---- laws --------------------------------------------------------------------------------------------------------

/** f(f(x)) = f(x), to the bit. */
export const idempotent = (name: string): Law => ({
  name,
  claims: ({ attrs, inputs }, ask) =>
    F.pipe(
      E.Do,
      E.bind('once', () => ask('forward', attrs, inputs)),
      E.bind('twice', ({ once }) => ask('forward', attrs, { x: named(once.values, 'y') })),
      E.map(({ once, twice }) => [exactly(named(twice.values, 'y'), named(once.values, 'y'))]),
    ),
})

/** f(a, b) = f(b, a). */
export const exchangeable: Law = invariant('the order of the two changes nothing', 'y', ({ inputs }) => ({
  inputs: { a: named(inputs, 'b'), b: named(inputs, 'a') },
}))

/** f(4x) = 4f(x), and the slope at 4x is that at x. */
export const homogeneous: Law = compared(
  'of a positive multiple the multiple, and the same slope',
  ({ inputs }) => ({ inputs: { x: times(4, named(inputs, 'x')) } }),
  (before, after) => [
    exactly(named(after.ahead.values, 'y'), times(4, named(before.ahead.values, 'y'))),
    exactly(named(after.back.values, 'x'), named(before.back.values, 'x')),
  ],
)

/** Euler's theorem; so many roundings, of products and on the way to them, move the two sides apart. */
export const eulersOfDegree1 = (roundings: number): Law =>
  ofAnswers('x·dx = y·dy, as for every function homogeneous of degree 1', ({ ahead, back }, { inputs, cotangents }) => {
    const want = product(named(ahead.values, 'y'), named(cotangents, 'y'))
    return [
      claim(
        product(named(inputs, 'x'), named(back.values, 'x')),
        (i) => at(want, i),
        (i) => roundings * unit * Math.abs(at(want, i)),
      ),
    ]
  })

/** Which slope is asked for at a corner. */
export const kinks = ['catalogue', 'left', 'right'] as const

/** Any of the slopes at a corner, the catalogue's as often as both others. */
export const anyKink = (draw: Draws): Form['attrs'] => draw.pick([{}, {}, { kink: 'left' }, { kink: 'right' }])

/** At the corner, 0 of either sign, the slope is the one asked for; anywhere else it does not matter which is. */
export const slopeAtTheCorner = (
  slopes: (attrs: Attributes) => Readonly<Record<(typeof kinks)[number], number>>,
): Law => ({
  name: 'at 0 the slope is the one asked for, the catalogue’s, or that on its left or its right; elsewhere all are one',
  claims: ({ attrs, inputs, cotangents }, ask) => {
    const [drawn, dy] = [named(inputs, 'x'), named(cotangents, 'y')]
    const x = mapTensor((v, i) => (i % 3 === 0 ? 0 : i % 3 === 1 ? -0 : v === 0 ? 1 : v), drawn)
    return F.pipe(
      E.Do,
      E.bind('moved', () => ask('backward', attrs, { x: mapTensor((v) => (v === 0 ? 1 : v), x) }, cotangents)),
      E.bind('asked', () =>
        E.sequenceArray(kinks.map((kink) => ask('backward', { ...attrs, kink }, { x }, cotangents))),
      ),
      E.map(({ moved, asked }) =>
        asked.map((answer, k) =>
          exactly(
            named(answer.values, 'x'),
            mapTensor(
              (dy, i) =>
                at(x, i) === 0
                  ? slopes(attrs)[kinks[k] as (typeof kinks)[number]] * dy
                  : at(named(moved.values, 'x'), i),
              dy,
            ),
          ),
        ),
      ),
    )
  },
})

/** Where a function has its corner, with each slope that it may have there. */
export const eachKink = (attrs: Form['attrs'] = {}): readonly Form[] =>
  (['left', 'right'] as const).flatMap((kink) => [
    points(`all at the corner, the slope on its ${kink}`, [5, 13], { constant: 0 }, { ...attrs, kink }),
    points(`zeros of either sign, the slope on the ${kink}`, 70, [0, -0, 1, -1, 0, 2, -2], { ...attrs, kink }),
    points(`beside the corner, the slope on its ${kink}`, 24, nextToZero, { ...attrs, kink }),
  ])

/**
 * The slope, told from the value: dx = dy·slope(y). `error` bounds what an error e of y and roundings make of the slope.
 * `x` says at which numbers it is so.
 */
export const slopeOfValue = (
  name: string,
  slope: (y: number, parameter: number) => number,
  error: (y: number, e: number, parameter: number) => number,
  { x = (v) => v, attribute = '' }: { readonly x?: (v: number) => number; readonly attribute?: string } = {},
): Law =>
  ofAnswers(
    name,
    ({ ahead, back }, { attrs, cotangents }) => {
      const [y, dy, parameter] = [named(ahead.values, 'y'), named(cotangents, 'y'), attrs[attribute] as number]
      return [
        {
          got: named(back.values, 'x'),
          want: zipTensors([y, dy], (y, dy) => dy * slope(y, parameter)),
          allowed: zipTensors(
            [named(back.slack, 'x'), named(ahead.slack, 'y'), y, dy],
            (ofX, e, y, dy) => ofX + Math.abs(dy) * error(y, e, parameter),
          ),
        },
      ]
    },
    ({ inputs }) => ({ inputs: { x: mapTensor(x, named(inputs, 'x')) } }),
  )

/** A closed form, at numbers where it keeps its digits; `error` bounds what it errs itself. */
export const closedForm = (
  name: string,
  point: (draw: Draws, i: number) => number,
  formula: (x: number, parameter: number) => number,
  error: (x: number, y: number, parameter: number) => number,
  attribute = '',
): Law => ({
  name,
  claims: ({ attrs }, ask, draw) => {
    const x: Tensor = generate([20], (i) => Math.fround(point(draw, i)))
    const parameter = attrs[attribute] as number
    return F.pipe(
      ask('forward', attrs, { x }),
      E.map(({ values, slack }) => [
        claim(
          named(values, 'y'),
          (i) => formula(at(x, i), parameter),
          (i) => at(named(slack, 'y'), i) + error(at(x, i), at(named(values, 'y'), i), parameter),
        ),
      ]),
    )
  },
})
