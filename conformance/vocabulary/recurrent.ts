import { either as E, function as F } from 'fp-ts'
import type { Result } from '../../spec/error.js'
import type { Tensor, Tensors } from '../../spec/tensor.js'
import { mapTensor, zeros } from '../../spec/tensor.js'
import type { Fill, Form } from '../form.js'
import type { Ask, Claim, Evaluation, Law } from '../questions.js'
import { form } from '../questions.js'
import { part } from './arrange.js'
import { another, answersTo, combination, dot, equal, named, numbersAgree, renamed, size, unit } from './claims.js'
import { aroundTiles } from './tiles.js'

/** Cases and laws of recurrent cells, and laws that their scans keep as well. */

// ---- laws --------------------------------------------------------------------------------------------------------

/** Without the inputs named: zeros in their place. */
export const zeroed = (inputs: Tensors, ...names: readonly string[]): Tensors => ({
  ...inputs,
  ...Object.fromEntries(names.map((name) => [name, zeros(named(inputs, name).shape)])),
})

/**
 * ⟨dw, w⟩ = ⟨dx, x⟩: the two meet only in their product, so that stretching one is shrinking the other. Both sides are
 * sums of da·w·x.
 */
export const weighsLike = (w: string, x: string): Law => ({
  name: `⟨d${w}, ${w}⟩ is ⟨d${x}, ${x}⟩`,
  claims: ({ attrs, inputs, cotangents }, ask) =>
    F.pipe(
      ask('backward', attrs, inputs, cotangents),
      E.map(({ values, slack }) => {
        const sum = (name: string): number => dot(named(inputs, name), named(values, name))
        const error = (name: string): number => {
          const given = size(named(inputs, name))
          const rounding = (given.data.length + 1) * unit * dot(given, size(named(values, name)))
          return dot(given, named(slack, name)) + rounding
        }
        return [numbersAgree(sum(w), sum(x), error(w) + error(x))]
      }),
    ),
})

/** Cotangents left out count as zeros: those of single outputs pull like all of them together. */
export const cotangentsAdd: Law = {
  name: 'a cotangent left out counts as zeros: the gradients of single outputs sum to those of all',
  claims: ({ attrs, inputs, cotangents }, ask) =>
    F.pipe(
      E.Do,
      E.bind('ofAll', () => ask('backward', attrs, inputs, cotangents)),
      E.bind('ofEach', () =>
        E.sequenceArray(Object.entries(cotangents).map(([name, dy]) => ask('backward', attrs, inputs, { [name]: dy }))),
      ),
      E.map(({ ofAll, ofEach }) =>
        Object.keys(ofAll.values).map((name) =>
          combination(
            name,
            ofAll,
            ofEach.map((each) => [1, each] as const),
          ),
        ),
      ),
    ),
}

/** x and h are the same kind of thing to a cell: exchanged with their weights, they make the same state. */
export const rolesExchange = (outputs: readonly string[]): Law => ({
  name: 'the input and the state exchanged, their weights with them, change nothing but whose gradient is whose',
  claims: ({ attrs, inputs, cotangents }, ask, draw) => {
    const h = named(inputs, 'h')
    const wHh = named(inputs, 'wHh')
    const alike = { ...inputs, x: another(draw, h.shape), wIh: another(draw, wHh.shape) }
    const exchanged = { ...alike, x: h, wIh: wHh, h: alike.x, wHh: alike.wIh }
    return F.pipe(
      E.Do,
      E.bind('before', () => answersTo(ask, { attrs, inputs: alike, cotangents })),
      E.bind('after', () => answersTo(ask, { attrs, inputs: exchanged, cotangents })),
      E.map(({ before, after }) => [
        ...outputs.map((output) => equal(output, after.ahead, before.ahead)),
        ...(
          [
            ['x', 'h'],
            ['h', 'x'],
            ['wIh', 'wHh'],
            ['wHh', 'wIh'],
            ['b', 'b'],
          ] as const
        ).map(([now, was]) => equal(now, after.back, renamed(before.back, was, now))),
      ]),
    )
  },
})

/** Samples do not meet: each has its own states and gradients, and the gradients of weights are sums over them. */
export const samplesApart = (axes: Readonly<Record<string, number>>): Law => ({
  name: 'a batch is its samples, one by one, and the gradients of weights are their sums',
  claims: ({ attrs, inputs, cotangents }, ask): Result<readonly Claim[]> => {
    const [first = '', axis = 0] = Object.entries(axes)[0] ?? []
    const N = named(inputs, first).shape[axis] as number
    const one = (tensors: Tensors, n: number): Tensors =>
      Object.fromEntries(
        Object.entries(tensors).map(([name, x]) => [
          name,
          axes[name] === undefined ? x : part(axes[name], n, n + 1, x),
        ]),
      )
    const alone = (direction: Parameters<Ask>[0]) =>
      E.sequenceArray(
        Array.from({ length: N }, (_, n) =>
          direction === 'forward'
            ? ask('forward', attrs, one(inputs, n))
            : ask('backward', attrs, one(inputs, n), one(cotangents, n)),
        ),
      )
    const claims = (whole: Evaluation, parts: readonly Evaluation[]): readonly Claim[] =>
      Object.keys(whole.values).flatMap((name) =>
        axes[name] === undefined
          ? [
              combination(
                name,
                whole,
                parts.map((part) => [1, part] as const),
              ),
            ]
          : parts.map((part, n) => equal(name, part, { values: one(whole.values, n), slack: one(whole.slack, n) })),
      )
    return F.pipe(
      E.Do,
      E.bind('ahead', () => ask('forward', attrs, inputs)),
      E.bind('aheadAlone', () => alone('forward')),
      E.bind('back', () => ask('backward', attrs, inputs, cotangents)),
      E.bind('backAlone', () => alone('backward')),
      E.map(({ ahead, aheadAlone, back, backAlone }) => [...claims(ahead, aheadAlone), ...claims(back, backAlone)]),
    )
  },
})

/** An output as a formula has it: what was computed here by the same roundings may be off as far as the answer. */
export const byFormula = (output: string, answer: Evaluation, want: Tensor): Claim => ({
  got: named(answer.values, output),
  want,
  allowed: mapTensor((slack) => 2 * slack, named(answer.slack, output)),
})

/** A tensor of 3 blocks of rows, every block through a function of its own. */
export const byGruGate = (
  x: Tensor,
  change: Readonly<Partial<Record<'r' | 'z' | 'g', (v: number) => number>>>,
): Tensor => {
  const block = x.data.length / 3
  const changes = [change.r, change.z, change.g]
  return mapTensor((v, i) => changes[Math.floor(i / block)]?.(v) ?? v, x)
}

/** A tensor of 4 blocks of rows, every block through a function of its own. */
export const byGate = (
  x: Tensor,
  change: Readonly<Partial<Record<'i' | 'f' | 'g' | 'o', (v: number) => number>>>,
): Tensor => {
  const block = x.data.length / 4
  const changes = [change.i, change.f, change.g, change.o]
  return mapTensor((v, i) => changes[Math.floor(i / block)]?.(v) ?? v, x)
}

// ---- cases of cells ----------------------------------------------------------------------------------------------

/** A cell of N samples, I inputs and H units: its case, under shapes of its own. */
export type Cell = (N: number, I: number, H: number) => Form['shapes']

/** One of everything, and too few for a tile. */
export const smallCells = (cell: Cell): readonly Form[] => [
  form('one number', {}, cell(1, 1, 1)),
  form('one sample', {}, cell(1, 9, 7)),
  form('one input', {}, cell(5, 1, 6)),
  form('one unit', {}, cell(6, 10, 1)),
]

/** Numbers x from 0 to ±10³⁰. */
export const saturating: Fill = { values: [0, 1, -1, 20, -20, 100, -100, 1e4, -1e4, 1e30, -1e30] }

/** Sizes about those of tiles, and sums over many inputs or units. */
export const cellTiles = (cell: Cell): readonly Form[] => {
  const even = { wIh: { mean: 0, scale: 0.25 }, wHh: 'small' } as const
  return [
    ...aroundTiles([4, 16, 32, 64], (N, I, H) => form(`tiles: ${N} by ${I} by ${H}`, {}, cell(N, I, H), even)),
    form('tiles: 65 by 63 by 64', {}, cell(65, 63, 64), even),
    form('256 inputs to 33 units', {}, cell(5, 256, 33), { wIh: { mean: 0, scale: 0.0625 }, wHh: 'small' }),
    form('255 units', {}, cell(2, 3, 255), { wHh: { mean: 0, scale: 0.0625 } }),
    form('257 units', {}, cell(5, 3, 257), { wHh: { mean: 0, scale: 0.0625 } }),
    form('sums of 1024 over the batch', {}, cell(1024, 3, 5)),
  ]
}

/** Weights of any of these sizes. */
export const anyWeights: readonly Fill[] = ['normal', 'small', { mean: 0, scale: 0.25 }]
