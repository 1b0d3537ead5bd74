import type { Direction, OpName } from '../../spec/catalogue.js'
import { opOf } from '../../spec/catalogue.js'
import { cotangentNames } from '../../spec/op.js'
import type { Shape } from '../../spec/tensor.js'
import { sizeOf } from '../../spec/tensor.js'
import type { Fill, Form } from '../form.js'
import { formOf, recurrence } from './miniature/forms.js'

/**
 * Numbers as they are before anything is learned, and as they are when a tensor stands in two places: zeros, ones, masks, one
 * number throughout, factors of 1 and offsets of 0, an identity, equal inputs, and cotangents of ones, as a sum sends them
 * back. Drawn numbers are never so, and a kernel that takes a short way for such, or one tensor for another that looks alike,
 * is wrong nowhere else. Behind them numbers beyond 65,504, which f16 has not. The same in every run, whatever its seed.
 */

export const zero: Fill = { constant: 0 }
export const ones: Fill = { constant: 1 }
// no float, so that its mean is rounded
const same: Fill = { constant: 0.12345 }
const mask: Fill = { values: [0, 1, 1, 0, 1, 0, 0] }
const list: Fill = { values: [0.5, 1.25, 2, 0.75, 1.5, 2.5, 0.25, 3, 1.75, 0.875, 2.25] }
const beyond: Fill = { mean: 0, scale: 1000 }
// its square is no f32
const far: Fill = { values: [1e16, -2e16, 3e15, 4e16, -1e16] }

export const notNegative = ['runningVar', 'v', 'accumulator', 'meanSquare', 'meanSquareDelta']
// what is no free number: counts of steps, classes that are wanted, probabilities
const fixed = ['step', 'target', 'prediction']
export const isRecurrent = (op: OpName): boolean => opOf(op).inputs['wHh'] !== undefined

/** A form with other numbers in some of its tensors. */
export const withFills = (form: Form, fills: Form['fills']): Form => ({ ...form, fills: { ...form.fills, ...fills } })

/** Each tensor by itself, and all together, of plain numbers. */
const alone = (op: OpName, form: Form): readonly Form[] => {
  const free = Object.keys(form.shapes).filter(
    (name) => !fixed.includes(name) && !(isRecurrent(op) && name.startsWith('w')),
  )
  const all = (fill: Fill, names: readonly string[]): Form['fills'] =>
    Object.fromEntries(names.map((name) => [name, fill]))
  return [
    ...free.flatMap((name) => [zero, ones, same, mask].map((fill) => withFills(form, { [name]: fill }))),
    ...(isRecurrent(op)
      ? []
      : free.map((name) => withFills(form, { [name]: notNegative.includes(name) ? { constant: 100_000 } : beyond }))),
    withFills(form, all(zero, free)),
    withFills(form, all(ones, free)),
  ]
}

/** Two inputs of one shape that are equal. */
const equal = (op: OpName, form: Form): readonly Form[] => {
  const free = Object.entries(form.shapes).filter(
    ([name]) => !['step', 'prediction'].includes(name) && !(isRecurrent(op) && name.startsWith('w')),
  )
  return free.flatMap(([a, shape], at) =>
    free
      .slice(at + 1)
      .filter(([b, other]) => String(other) === String(shape) && b !== 'target')
      .map(([b]) => withFills(form, { [a]: list, [b]: list })),
  )
}

/** Factors of 1, offsets and states of 0, as training begins. */
export const atFirst = (op: OpName, form: Form): readonly Form[] => {
  const begins: Form['fills'] = Object.fromEntries(
    Object.keys(form.shapes).flatMap((name): readonly (readonly [string, Fill])[] =>
      ['gamma', 'runningVar'].includes(name)
        ? [[name, ones]]
        : ['beta', 'b', 'bIh', 'bHh', 'h', 'c', 'h0', 'c0', 'runningMean', 'm', 'velocity', ...notNegative].includes(
              name,
            )
          ? [[name, zero]]
          : [],
    ),
  )
  return Object.keys(begins).length === 0 || op === 'bce' ? [] : [withFills(form, begins)]
}

/** Cotangents of ones, of a scaled loss, and of one that is given alone. */
const pulled = (op: OpName, form: Form): readonly Form[] => {
  const names = cotangentNames(opOf(op))
  return [1, 65_536].map((constant) =>
    withFills(form, Object.fromEntries(names.map((name) => [`d${name}`, { constant }]))),
  )
}

const diagonal = (rows: number, columns: number): Fill => ({
  only: Array.from({ length: rows }, (_, r) => [r * columns + (r % columns), 1] as const),
})

/** How many gates a recurrent op has. */
export const gatesOf: Readonly<Partial<Record<OpName, 1 | 3 | 4>>> = {
  rnn: 1,
  gru: 3,
  lstm: 4,
  rnnCell: 1,
  gruCell: 3,
  lstmCell: 4,
}

/** States that are kept by identities, and losses of the last step of many alone. */
const ofStates = (op: OpName, direction: Direction): readonly Form[] => {
  const gates = gatesOf[op]
  if (gates === undefined) return []
  const steps = !op.endsWith('Cell')
  const identity = [3, 8].map((H) =>
    recurrence({ gates, steps }, [steps ? 5 : 1, 2, 3, H], { wHh: diagonal(gates * H, H) }),
  )
  const states = gates === 4 ? ['h', 'c'] : ['h']
  const still = [
    [2, 3, 7],
    [5, 4, 3],
    [3, 6, 9],
  ].map(([N = 1, I = 1, H = 1]) =>
    recurrence(
      { gates, steps },
      [steps ? 3 : 1, N, I, H],
      Object.fromEntries(states.map((name) => [steps ? `${name}0` : name, zero])),
    ),
  )
  if (!steps || direction === 'forward') return [...identity, ...still]
  const [T, N, I, H] = [20, 2, 4, 4]
  const long = recurrence({ gates, steps }, [T, N, I, H])
  const last: Fill = { only: Array.from({ length: N * H }, (_, i) => [(T - 1) * N * H + i, 1] as const) }
  return [
    ...identity,
    ...still,
    { ...long, given: ['hT'] },
    ...(gates === 4 ? [{ ...long, given: ['cT'] }] : []),
    { ...withFills(long, { dy: last }), given: ['y'] },
    withFills(long, { dhT: zero, ...(gates === 4 ? { dcT: zero } : {}), dy: last }),
  ]
}

// rows that are alike but for one number, and what is wanted of two classes at once
const peaked: Fill = { only: [0, 1, 2, 3, 4, 5].map((row) => [row * 5 + ((3 * row) % 5), 5] as const) }
const twice: Fill = { values: [1, 0, 1, 0, 0, 1, 1, 0, 0, 0] }

const hot = ([N = 1, C = 1]: Shape): Fill => diagonal(N, C)
const scored: readonly Shape[] = [
  [4, 10],
  [3, 3],
  [70, 5],
]

const appliedToItself = formOf({}, { x: [5, 2], apply: [5, 2] }, { x: list, apply: list })

/** What belongs to an op alone. */
const besides: Readonly<Partial<Record<OpName, (direction: Direction) => readonly Form[]>>> = {
  hinge: () =>
    scored.map((shape) => formOf({}, { scores: shape, target: shape }, { scores: hot(shape), target: hot(shape) })),
  softmaxCrossEntropy: () =>
    scored.map((shape) => formOf({}, { logits: shape, target: shape }, { logits: hot(shape), target: hot(shape) })),
  ...Object.fromEntries(
    (['softmax', 'logSoftmax'] as const).map((op) => [op, () => [formOf({}, { x: [6, 5] }, { x: peaked })]]),
  ),
  cce: () => [
    formOf({}, { prediction: [4, 5], target: [4, 5] }, { prediction: 'probability', target: twice }),
    formOf({ reduction: 'none' }, { prediction: [2, 5], target: [2, 5] }, { prediction: 'probability', target: twice }),
  ],
  mse: () =>
    (['none', 'sum'] as const).map((reduction) =>
      formOf({ reduction }, { prediction: [3, 4], target: [3, 4] }, { prediction: { mean: 0, scale: 2000 } }),
    ),
  softplus: () =>
    [0.25, 8.5, 16].map((beta) =>
      formOf({ beta }, { x: [9] }, { x: { values: [-1.01, -0.3, -2.5, 0.4, -1.6, 1.2, -0.7, 0, -1.1] } }),
    ),
  momentum: () =>
    [0.9, 0.99, 0.999].map((momentum) =>
      formOf(
        { momentum, learningRate: 0.1, weightDecay: 0.01 },
        { w: [9], g: [9], velocity: [9] },
        { velocity: { mean: 1, scale: 0.5 } },
      ),
    ),
  adagrad: () => [
    formOf(
      { learningRate: 0.1 },
      { w: [9], g: [9], accumulator: [9] },
      { g: { mean: 0, scale: 100 }, accumulator: { constant: 2e6 } },
    ),
  ],
  dense: () => [
    formOf({}, { x: [4, 6], w: [5, 6] }, { x: diagonal(4, 6) }),
    formOf({}, { x: [2, 4], w: [3, 4], b: [3] }, { x: diagonal(2, 4) }),
    formOf({}, { x: [40, 33], w: [7, 33] }, { x: diagonal(40, 33) }),
    formOf({}, { x: [3, 4], w: [5, 4], b: [5] }, { x: far, w: far }),
    formOf({}, { x: [33, 66], w: [34, 66] }, { x: far, w: far }),
  ],
  mul: () => [formOf({}, { a: [3, 5], b: [3, 5] }, { a: far, b: far })],
  minMaxNormalize: () => [appliedToItself],
  zScoreNormalize: () => [appliedToItself, ...[8, 20].map((M) => formOf({}, { x: [M, 2] }, { x: mask }))],
  concat: (direction) => [
    formOf({ axis: 1 }, { x0: [2, 4, 3, 3], x1: [2, 4, 3, 3] }, { x0: list, x1: list }),
    ...[
      [1, [2, 3, 4], [2, 5, 4]],
      [0, [2, 6], [5, 6]],
      [-1, [3, 2, 16], [3, 2, 7]],
    ].map(([axis, x0, x1]) =>
      formOf(
        { axis: axis as number },
        { x0: x0 as Shape, x1: x1 as Shape },
        direction === 'backward' ? { dy: ones } : {},
      ),
    ),
  ],
  scaleChannels: () =>
    [
      [2, 4, 3, 3],
      [3, 8, 5, 4],
    ].map((x) => {
      const [N = 1, C = 1] = x
      const s: Fill = { values: Array.from({ length: N * C }, (_, i) => 0.5 + Math.floor(i / C)) }
      return formOf({}, { x, s: [N, C] }, { s })
    }),
  dropout: () => [
    formOf({ keep: 0.05, key: [7, 9] }, { x: [4, 8, 16, 16] }),
    formOf({ keep: 0.0625, key: [3, 1] }, { x: [2, 3, 9, 7] }),
  ],
}

/** Rows, images and weights of one number, long enough for a second way. */
const longest: Readonly<Partial<Record<OpName, (fill: Fill) => Form>>> = {
  softmax: (fill) => formOf({}, { x: [2, 512] }, { x: fill }),
  logSoftmax: (fill) => formOf({}, { x: [2, 512] }, { x: fill }),
  softmaxCrossEntropy: (fill) => formOf({}, { logits: [3, 300], target: [3, 300] }, { logits: fill, target: 'oneHot' }),
  maxPool2d: (fill) => formOf({ window: [2, 2], stride: [2, 2] }, { x: [2, 3, 40, 40] }, { x: fill }),
  avgPool2d: (fill) => formOf({ window: [3, 3], stride: [2, 2] }, { x: [2, 3, 40, 40] }, { x: fill }),
  globalAvgPool: (fill) => formOf({}, { x: [2, 4, 33, 35] }, { x: fill }),
  zScoreNormalize: (fill) => formOf({}, { x: [300, 3] }, { x: fill }),
  minMaxNormalize: (fill) => formOf({}, { x: [300, 3] }, { x: fill }),
}

/** The cases of an op in a direction of plain numbers: those of a small case of it, and what belongs to it alone. */
export const plainOf = (op: OpName, direction: Direction, small: Form): readonly Form[] => [
  ...(sizeOf(Object.values(small.shapes)[0] ?? []) > 1 ? [...alone(op, small), ...equal(op, small)] : []),
  ...atFirst(op, small),
  ...(direction === 'backward' ? pulled(op, small) : []),
  ...ofStates(op, direction),
  ...(besides[op]?.(direction) ?? []),
  ...[zero, same].flatMap((fill) => longest[op]?.(fill) ?? []),
]
