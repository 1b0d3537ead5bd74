import { either as E, function as F, task as T, taskEither as TE } from 'fp-ts'
import type { task, taskEither } from 'fp-ts'
import type { Backend } from '../spec/backend.js'
import type { OpName } from '../spec/catalogue.js'
import type { EtalonError, Result } from '../spec/error.js'
import { fail } from '../spec/error.js'
import { draws, keyOf } from '../spec/philox.js'
import type { Question } from '../spec/program.js'
import { answersOf, oneNode } from '../spec/program.js'
import type { Numbers, Shape, Tensors } from '../spec/tensor.js'
import { generate } from '../spec/tensor.js'

/** Whether a backend's `+` and `*` round to nearest, as far as 256 draws show; 'unknown' where it cannot be asked. */
export type Rounding = 'nearest' | 'other' | 'unknown'

const drawn = (seed: string, n: number) => {
  const draw = draws(keyOf(seed))
  return generate([n, 1], () => Math.fround(draw.normal()))
}

/** What a backend makes of a question forward by an op's defaults. Errors: its own; BackendUnavailable, where it throws */
const answerOf = (
  backend: Backend,
  op: OpName,
  inputs: Question['inputs'],
): taskEither.TaskEither<EtalonError, Numbers> => {
  const { program, feeds } = oneNode({ op, direction: 'forward', attrs: {}, inputs, cotangents: {} })
  return F.pipe(
    TE.tryCatch(() => backend.run(program, feeds)(), String),
    // a library that throws here will throw where it is judged, too
    TE.matchE(
      (thrown) => T.of<Result<Tensors>>(fail('BackendUnavailable', thrown)),
      (result) => T.of(result),
    ),
    TE.map((values) => answersOf(values)['y']?.data ?? []),
  )
}

/**
 * Finds out how a backend rounds, through `dense` with one input: x·w + b with w = 1 is one addition, without b it is
 * one multiplication. Gate S is pass or fail only where both are to nearest.
 */
export const probeRounding = (backend: Backend): taskEither.TaskEither<EtalonError, Rounding> => {
  if (!backend.supports('dense', 'forward')) return TE.right('unknown')
  const [x, w, b] = [drawn('probe x', 256), Math.fround(Math.PI), Math.fround(Math.E)]
  const one = { shape: [1, 1], data: [1] }
  const ask = (inputs: Question['inputs']) => answerOf(backend, 'dense', inputs)
  const at = (i: number): number => x.data[i] as number
  return F.pipe(
    TE.Do,
    TE.bind('products', () => ask({ x, w: { shape: [1, 1], data: [w] } })),
    TE.bind('sums', () => ask({ x, w: one, b: { shape: [1], data: [b] } })),
    TE.map(({ products, sums }) =>
      x.data.length === products.length &&
      x.data.length === sums.length &&
      Array.from({ length: x.data.length }, (_, i) => i).every(
        (i) => products[i] === Math.fround(at(i) * w) && sums[i] === Math.fround(at(i) + b),
      )
        ? ('nearest' as const)
        : ('other' as const),
    ),
  )
}

const integers = (seed: string, shape: Shape) => {
  const draw = draws(keyOf(seed))
  return generate(shape, () => Math.round(3 * draw.normal()))
}

// as small as in programs, and as large as pays for a transform
const mapsOf: readonly (readonly [channels: number, height: number, width: number])[] = [
  [4, 8, 8],
  [16, 13, 11],
  [64, 16, 16],
]

/** Whether a backend's convolutions of integers have fractions, as they have by transforms; not, where it cannot be asked. */
export const probeTransforms =
  (backend: Backend): task.Task<boolean> =>
  async () => {
    if (!backend.supports('conv2d', 'forward')) return false
    for (const [C, H, W] of mapsOf) {
      const inputs = { x: integers(`maps ${C}`, [1, C, H, W]), w: integers(`taps ${C}`, [C, C, 3, 3]) }
      const y = await answerOf(backend, 'conv2d', inputs)()
      if (E.isRight(y) && Array.from(y.right).some((v) => Number.isFinite(v) && !Number.isInteger(v))) return true
    }
    return false
  }
