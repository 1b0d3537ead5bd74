import { either as E, function as F } from 'fp-ts'
import type { Result } from '../../spec/error.js'
import type { Tensor, Tensors } from '../../spec/tensor.js'
import { generate, mapTensor, sizeOf, zeros } from '../../spec/tensor.js'
import { another, combination, equal, named } from '../laws.js'
import type { Ask, Claim, Evaluation, Law } from '../questions.js'

/** Laws that recurrent cells and their scans share. */

export const unit = 2 ** -52
export const element = ({ data }: Tensor, i: number): number => data[i] as number

/** Without the inputs named: zeros in their place. */
export const zeroed = (inputs: Tensors, ...names: readonly string[]): Tensors => ({
  ...inputs,
  ...Object.fromEntries(names.map((name) => [name, zeros(named(inputs, name).shape)])),
})

const total = (x: Tensor, f: (value: number, i: number) => number): number =>
  Array.from({ length: x.data.length }, (_, i) => f(element(x, i), i)).reduce((a, b) => a + b, 0)

const scalar = (value: number): Tensor => ({ shape: [], data: [value] })

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
        const side = (name: string) => {
          const [given, gradient, error] = [named(inputs, name), named(values, name), named(slack, name)]
          const n = given.data.length
          return {
            sum: total(given, (v, i) => v * element(gradient, i)),
            slack: total(
              given,
              (v, i) => Math.abs(v) * (element(error, i) + (n + 1) * unit * Math.abs(element(gradient, i))),
            ),
          }
        }
        const [ofW, ofX] = [side(w), side(x)]
        return [{ got: scalar(ofW.sum), want: scalar(ofX.sum), allowed: scalar(ofW.slack + ofX.slack) }]
      }),
    ),
})

/** Twice one cotangent and once another pull like their sum: gradients are linear in cotangents. */
export const linearInCotangents: Law = {
  name: 'gradients are linear in the cotangents, one output’s and another’s alike',
  claims: ({ attrs, inputs, cotangents }, ask, draw) => {
    const others = Object.fromEntries(
      Object.entries(cotangents).map(([name, { shape }]) => [name, another(draw, shape)]),
    )
    const both = Object.fromEntries(
      Object.entries(cotangents).map(([name, dy]) => [
        name,
        mapTensor((v, i) => 2 * v + element(named(others, name), i), dy),
      ]),
    )
    return F.pipe(
      E.Do,
      E.bind('ofBoth', () => ask('backward', attrs, inputs, both)),
      E.bind('ofOne', () => ask('backward', attrs, inputs, cotangents)),
      E.bind('ofOther', () => ask('backward', attrs, inputs, others)),
      E.map(({ ofBoth, ofOne, ofOther }) =>
        Object.keys(ofBoth.values).map((name) =>
          combination(name, ofBoth, [
            [2, ofOne],
            [1, ofOther],
          ]),
        ),
      ),
    )
  },
}

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
    const from = (a: string, { values, slack }: Evaluation, to: string): Evaluation => ({
      values: { [to]: named(values, a) },
      slack: { [to]: named(slack, a) },
    })
    return F.pipe(
      E.Do,
      E.bind('before', () => ask('forward', attrs, alike)),
      E.bind('after', () => ask('forward', attrs, exchanged)),
      E.bind('back', () => ask('backward', attrs, alike, cotangents)),
      E.bind('exchangedBack', () => ask('backward', attrs, exchanged, cotangents)),
      E.map(({ before, after, back, exchangedBack }) => [
        ...outputs.map((output) => equal(output, after, before)),
        equal('x', exchangedBack, from('h', back, 'x')),
        equal('h', exchangedBack, from('x', back, 'h')),
        equal('wIh', exchangedBack, from('wHh', back, 'wIh')),
        equal('wHh', exchangedBack, from('wIh', back, 'wHh')),
        equal('b', exchangedBack, back),
      ]),
    )
  },
})

/** The part at an index along an axis, whose extent stays as 1. */
export const sampleOf = (axis: number, x: Tensor, n: number): Tensor => {
  const shape = x.shape.map((extent, at) => (at === axis ? 1 : extent))
  const inner = sizeOf(x.shape.slice(axis + 1))
  const extent = x.shape[axis] as number
  return generate(shape, (i) => element(x, (Math.floor(i / inner) * extent + n) * inner + (i % inner)))
}

/** Samples do not meet: each has its own states and gradients, and the gradients of weights are sums over them. */
export const samplesApart = (axes: Readonly<Record<string, number>>): Law => ({
  name: 'a batch is its samples, one by one, and the gradients of weights are their sums',
  claims: ({ attrs, inputs, cotangents }, ask): Result<readonly Claim[]> => {
    const [first = '', axis = 0] = Object.entries(axes)[0] ?? []
    const N = named(inputs, first).shape[axis] as number
    const one = (tensors: Tensors, n: number): Tensors =>
      Object.fromEntries(
        Object.entries(tensors).map(([name, x]) => [name, axes[name] === undefined ? x : sampleOf(axes[name], x, n)]),
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

/** One below, at and above the sizes of tiles and of blocks of terms: each axis takes every one, beside other sizes. */
const edges = [3, 4, 5, 15, 16, 17, 63, 64, 65]
export const aroundTiles = edges.map((N, k) => {
  const [I, H] = [edges[(k + 3) % 9] as number, edges[(k + 6) % 9] as number]
  return [N, I, H] as const
})
