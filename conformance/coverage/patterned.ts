import { either as E, function as F } from 'fp-ts'
import type { Direction, OpName } from '../../spec/catalogue.js'
import { opOf } from '../../spec/catalogue.js'
import { cotangentNames, resolve } from '../../spec/op.js'
import type { Shape } from '../../spec/tensor.js'
import { sizeOf } from '../../spec/tensor.js'
import type { Fill, Form } from '../form.js'
import { acceptable } from '../form.js'
import type { Attrs } from './miniature/forms.js'
import { formOf, recurrence } from './miniature/forms.js'
import { gatesOf, isRecurrent, notNegative, withFills, zero } from './plain.js'
import { isFree } from './structured.js'

/**
 * Numbers with a pattern, and tensors that are one and the same by their numbers: matrices that are symmetrical, triangular,
 * an identity with a bias, a permutation; filters that shift, blur or differentiate; samples, channels and rows that are
 * alike; whole numbers whose products no integer of 32 bits holds; an input that is its own cotangent, or the other's opposite;
 * pieces of zeros beside longer ones. And numeric attributes of every usual magnitude. A kernel that takes a short way for
 * such, or tells it by looking at too little of it, is wrong nowhere else. The same in every run, whatever its seed.
 */

const values = (list: readonly number[]): Fill => ({ values: list })
const times = (count: number, f: (index: number) => number): readonly number[] =>
  Array.from({ length: count }, (_, i) => f(i))

// ---- attributes ----------------------------------------------------------------------------------------------------

const usual: Readonly<Record<string, readonly number[]>> = {
  epsilon: [1e-12, 1e-8, 1e-3, 0.5],
  alpha: [1e-4, 0.3, 1.6733, 20],
  beta: [1e-8, 1e-5, 0.03, 3],
  k: [1e-3, 7],
  learningRate: [1e-8, 1e-6, 0.3, 50],
  weightDecay: [1e-6, 0.03, 0.5],
  momentum: [0.001, 0.05, 0.999],
  decay: [0.5, 0.95, 0.9999],
  beta1: [0.01, 0.5, 0.9999],
  beta2: [0.01, 0.9, 0.9999],
  keep: [0.001, 0.5, 0.75, 0.999],
}
const ranges: readonly Attrs[] = [{ low: -1 }, { high: 255 }, { low: -1e3, high: 1e3 }, { low: 1e-3, high: 2e-3 }]

const ofAttributes = (op: OpName, small: Form): readonly Form[] => {
  const { names } = opOf(op).attrs
  return [
    ...names.flatMap((name) => (usual[name] ?? []).map((value): Attrs => ({ [name]: value }))),
    ...(names.includes('low') ? ranges : []),
  ].map((attrs) => ({ ...small, attrs: { ...small.attrs, ...attrs } }))
}

// ---- numbers of one tensor, and of two -----------------------------------------------------------------------------

// their products are beyond 2³¹, and some of them beyond 2³² themselves
const whole = values([50_000, -65_537, 46_341, 70_001, -99_999, 65_536, 50_001])
const vast = values([3e9, -2_500_000_000, 4_400_000_000, 2_147_483_648, -2_147_483_904, 16_777_218, 5e9])
const magnitudes = values([50_000, 65_537, 46_341, 70_001, 99_999])

const ofWholeNumbers = (op: OpName, small: Form): readonly Form[] => {
  if (isRecurrent(op)) return []
  const names = Object.keys(small.shapes).filter(isFree(op))
  return names.length === 0
    ? []
    : [whole, vast].map((fill) =>
        withFills(
          small,
          Object.fromEntries(names.map((name) => [name, notNegative.includes(name) ? magnitudes : fill])),
        ),
      )
}

const distinct = (i: number): number => ((i * 37) % 101) / 16 - 3 + i / 128

/** Numbers that hang on the place along one axis alone, and numbers that are again the same from one place of it to the next. */
const alike = (shape: Shape): readonly Fill[] => {
  const size = sizeOf(shape)
  if (shape.length < 2 || size < 2 || size > 4096) return []
  return shape.flatMap((extent, axis) => {
    if (extent === 1) return []
    const stride = sizeOf(shape.slice(axis + 1))
    return [
      values(times(size, (i) => distinct(Math.floor(i / stride) % extent))),
      ...(stride > 1 && stride < size ? [values(times(stride, distinct))] : []),
    ]
  })
}

const ofAlike = (op: OpName, small: Form): readonly Form[] =>
  Object.entries(small.shapes)
    .filter(([name]) => isFree(op)(name) && !notNegative.includes(name))
    .flatMap(([name, shape]) => alike(shape).map((fill) => withFills(small, { [name]: fill })))

const list = [0.5, -1.25, 2, 0.75, -1.5, 2.5, 0.25, -3, 1.75, 0.875, -2.25]

/** Inputs that are each other's opposite or double, and cotangents that are an input. */
const ofTwo = (op: OpName, direction: Direction, small: Form): readonly Form[] => {
  const free = Object.entries(small.shapes).filter(([name]) => isFree(op)(name) && !notNegative.includes(name))
  const same = (a: Shape, b: Shape): boolean => String(a) === String(b) && sizeOf(a) > 1
  const pairs = free.flatMap(([a, shape], at) =>
    free
      .slice(at + 1)
      .filter(([, other]) => same(shape, other))
      .map(([b]) => [a, b] as const),
  )
  const resolved = F.pipe(
    opOf(op).attrs.decode(small.attrs),
    E.flatMap((attrs) => resolve(opOf(op), attrs, small.shapes)),
  )
  const outputs = E.isRight(resolved) && direction === 'backward' ? resolved.right.outputs : {}
  const pulled = cotangentNames(opOf(op)).flatMap((name) =>
    free
      .filter(([, shape]) => outputs[name] !== undefined && same(shape, outputs[name]))
      .map(([input]) => [input, `d${name}`] as const),
  )
  return [
    ...pairs.flatMap(([a, b]) =>
      [-1, 2].map((factor) => withFills(small, { [a]: values(list), [b]: values(list.map((v) => factor * v)) })),
    ),
    ...pulled.flatMap(([input, cotangent]) =>
      [1, -1].map((factor) =>
        withFills(small, { [input]: values(list), [cotangent]: values(list.map((v) => factor * v)) }),
      ),
    ),
  ]
}

// ---- matrices and filters ------------------------------------------------------------------------------------------

type Entry = (row: number, column: number, n: number) => number

/** Square matrices, by their entries. */
const matrices: readonly Entry[] = [
  (i, j) => (i === j ? 2 : Math.abs(i - j) === 1 ? -1 : 0),
  (i, j) => 1 / (1 + i + j),
  (i, j) => (j <= i ? 0.5 + ((3 * i + j) % 5) / 4 : 0),
  (i, j) => (j >= i ? 0.5 + ((3 * j + i) % 5) / 4 : 0),
  (i, j) => (i === j ? 1 : 0),
  (i, j) => (i === j ? -1.5 : 0),
  (i, j) => (i === j ? 0.5 + i : 0),
  (i, j, n) => (i + j === n - 1 ? 1 : 0),
  (i, j, n) => (j === (i + 1) % n ? 1 : 0),
  (i, j) => (i - 1.5) * (j + 0.5),
  (i, j) => (i === j ? 0 : (i - j) / 4),
  (i, j) => (i === 0 ? 0 : 1 + ((i + 2 * j) % 3)),
  (i, j, n) => (j === n - 1 ? 0 : 1 + ((2 * i + j) % 3)),
]

const matrix = (entry: Entry, n: number, scale = 1): Fill =>
  values(times(n * n, (at) => scale * entry(Math.floor(at / n), at % n, n)))

const square = (): readonly Form[] =>
  matrices.flatMap((entry, turn) => {
    const sides = [
      [2, 5, 17],
      [3, 8, 33],
      [4, 6, 16],
    ][turn % 3] as readonly number[]
    return sides.flatMap((n, at) => [
      formOf({}, { x: [3, n], w: [n, n], b: [n] }, { w: matrix(entry, n) }),
      at === turn % 2
        ? formOf({}, { x: [n, n], w: [5, n] }, { x: matrix(entry, n) })
        : formOf({}, { x: [2, n], w: [n, n] }, { w: matrix(entry, n) }),
    ])
  })

/** States that lead to states by such matrices, the same for every gate. */
const through = (op: string, gates: 1 | 3 | 4): readonly Form[] =>
  matrices.map((entry, turn) => {
    const [H, steps] = [[3, 4, 8][turn % 3] as number, !op.endsWith('Cell')]
    const wHh = matrix(entry, H, 1 / (4 * H))
    return recurrence({ gates, steps }, [steps ? 4 : 1, 2, 3, H], { wHh })
  })

/** Filters of one size, by their taps: what shifts, blurs, differentiates, and has rows or columns of zeros. */
const taps = (K: number): readonly Entry[] => {
  const middle = Math.floor(K / 2)
  return [
    (i, j) => (i === middle && j === middle ? 1 : 0),
    (i, j) => (i === 0 && j === 0 ? 1 : 0),
    (i, j) => (i === K - 1 && j === 0 ? 1 : 0),
    (i, j) => (1 + Math.min(i, K - 1 - i)) * (1 + Math.min(j, K - 1 - j)),
    (i, j) => (j - middle) * (1 + Math.min(i, K - 1 - i)),
    (i, j) => (i === middle || j === middle ? 0.5 + i : 0),
    () => 1,
    (i, j) => (i === middle ? 0 : 1 + ((i + 2 * j) % 3)),
    (i, j) => (j === K - 1 ? 0 : 1 + ((2 * i + j) % 3)),
    (i, j) => (i === j ? 1.5 : 0),
  ]
}

const filtered = (op: 'conv1d' | 'conv2d' | 'convTranspose2d'): readonly Form[] =>
  [2, 3, 5].flatMap((K) =>
    (op === 'conv1d' ? [0, 1, 2, 3, 6].map((at) => taps(K)[at] as Entry) : taps(K)).map((entry, turn) => {
      const side = Math.floor(K / 2)
      const [groups, C, O] = (
        [
          [1, 4, 4],
          [1, 1, 1],
          [4, 4, 4],
          [2, 4, 6],
        ] as const
      )[turn % 4] as readonly [number, number, number]
      const w: Fill =
        op === 'conv1d'
          ? values(times(K, (i) => entry(i, side, K)))
          : values(times(K * K, (at) => entry(Math.floor(at / K), at % K, K)))
      const filters: readonly number[] = op === 'convTranspose2d' ? [C, O / groups] : [O, C / groups]
      return op === 'conv1d'
        ? formOf({ padding: [side, side], groups }, { x: [2, C, 11], w: [...filters, K], b: [O] }, { w })
        : formOf(
            { padding: [side, side, side, side], groups, ...(turn % 3 === 2 ? { stride: [2, 2] } : {}) },
            { x: [2, C, 7, 8], w: [...filters, K, K], ...(turn % 2 === 0 ? { b: [O] } : {}) },
            { w },
          )
    }),
  )

// filters of one tap are matrices
const pointwise = (op: 'conv1d' | 'conv2d' | 'convTranspose2d'): readonly Form[] =>
  matrices.map((entry, turn) => {
    const C = [3, 4, 8][turn % 3] as number
    const map = op === 'conv1d' ? [9] : [5, 6]
    return formOf({}, { x: [2, C, ...map], w: [C, C, ...map.map(() => 1)], b: [C] }, { w: matrix(entry, C) })
  })

// ---- pieces of zeros -----------------------------------------------------------------------------------------------

const pieces: readonly (readonly [number, Shape, Shape])[] = [
  [1, [2, 2], [2, 4]],
  [1, [2, 4], [2, 2]],
  [0, [1, 5], [3, 5]],
  [1, [2, 3, 4, 4], [2, 5, 4, 4]],
  [-1, [3, 2, 1], [3, 2, 6]],
]
const ofZeros = (): readonly Form[] => [
  ...pieces.flatMap(([axis, x0, x1]) => ['x0', 'x1'].map((name) => formOf({ axis }, { x0, x1 }, { [name]: zero }))),
  formOf({ axis: 1 }, { x0: [2, 3], x1: [2, 5], x2: [2, 4] }, { x1: zero }),
  formOf({ axis: 0 }, { x0: [2, 3], x1: [1, 3], x2: [4, 3] }, { x0: zero, x2: zero }),
]

const besides: Readonly<Partial<Record<OpName, () => readonly Form[]>>> = {
  dense: square,
  concat: ofZeros,
  ...Object.fromEntries(
    (['conv1d', 'conv2d', 'convTranspose2d'] as const).map((op) => [op, () => [...filtered(op), ...pointwise(op)]]),
  ),
  ...Object.fromEntries(Object.entries(gatesOf).map(([op, gates]) => [op, () => through(op, gates)])),
}

/** The cases of an op in a direction whose numbers have a pattern, and whose numeric attributes have every magnitude. */
export const patternedOf = (op: OpName, direction: Direction, small: Form): readonly Form[] => [
  ...[
    ...ofAttributes(op, small),
    ...ofWholeNumbers(op, small),
    ...ofAlike(op, small),
    ...ofTwo(op, direction, small),
  ].filter((form) => acceptable(op, form)),
  ...(besides[op]?.() ?? []),
]
