import { describe, expect, test } from 'vitest'
import type { Direction, OpName } from '../../spec/catalogue.js'
import { opNames, opOf } from '../../spec/catalogue.js'
import { getOrThrow } from '../../spec/error.js'
import type { Question } from '../../spec/program.js'
import type { Tensor } from '../../spec/tensor.js'
import { scheduled } from '../cases.js'
import { numbersIn, realise } from '../form.js'
import { questionTable } from '../table.js'

// of what comes late in a standard run, what is small
const standardOf = (op: OpName, direction: Direction): readonly Question[] =>
  scheduled(questionTable, op, direction)
    .telling()
    .filter((form) => numbersIn(form) < 1500)
    .map((form) => getOrThrow(realise({ op, direction, seed: `patterned ${op} ${direction}`, form })))

const numbersOf = (x: Tensor | undefined): readonly number[] => Array.from((x?.data ?? []) as ArrayLike<number>)

describe('square weights', () => {
  const products = standardOf('dense', 'forward').flatMap(({ inputs }) => {
    const [O = 0, I = 0] = inputs['w']?.shape ?? []
    return O === I && O > 1 ? [{ n: O, w: numbersOf(inputs['w']), b: numbersOf(inputs['b']) }] : []
  })
  type Product = (typeof products)[number]
  const everywhere =
    (test: (i: number, j: number, product: Product) => boolean) =>
    (product: Product): boolean =>
      product.w.every((_, at) => test(Math.floor(at / product.n), at % product.n, product))
  const at = ({ n, w }: Product, i: number, j: number): number => w[i * n + j] as number
  const full = ({ w }: Product): boolean => w.filter((v) => v !== 0).length > 3
  const isIdentity = everywhere((i, j, product) => at(product, i, j) === (i === j ? 1 : 0))

  test.each<readonly [string, (product: Product) => boolean]>([
    ['symmetrical', (one) => full(one) && everywhere((i, j, product) => at(product, i, j) === at(product, j, i))(one)],
    ['lower triangular', (one) => full(one) && everywhere((i, j, product) => j <= i || at(product, i, j) === 0)(one)],
    ['upper triangular', (one) => full(one) && everywhere((i, j, product) => j >= i || at(product, i, j) === 0)(one)],
    ['an identity with a bias', (one) => isIdentity(one) && one.b.some((v) => v !== 0)],
    [
      'a permutation',
      (one) =>
        !isIdentity(one) &&
        one.w.every((v) => v === 0 || v === 1) &&
        one.w.reduce<number>((a, b) => a + b, 0) === one.n &&
        everywhere(
          (i, j, product) =>
            at(product, i, j) === 0 || one.w.slice(i * one.n, (i + 1) * one.n).filter((v) => v !== 0).length === 1,
        )(one),
    ],
  ])('that are %s are asked, at several sizes', (_, is) => {
    expect(new Set(products.filter(is).map(({ n }) => n)).size).toBeGreaterThan(1)
  })
})

// β of 10⁻⁵ is a usual penalty, and no f16 has it in full
test('every numeric attribute that may be small is asked below 10⁻³ and above 0, or near an end of its own', () => {
  const asked = (op: OpName, name: string): readonly number[] =>
    scheduled(questionTable, op, 'forward')
      .telling()
      .flatMap(({ attrs }) => (typeof attrs[name] === 'number' ? [attrs[name]] : []))
  for (const op of opNames)
    for (const name of ['epsilon', 'alpha', 'learningRate', 'weightDecay'])
      if (opOf(op).attrs.names.includes(name))
        expect({ op, name, small: asked(op, name).filter((v) => v > 0 && v < 1e-3).length }).not.toMatchObject({
          small: 0,
        })
  expect(asked('l2Penalty', 'beta').filter((v) => v > 0 && v <= 1e-5).length).toBeGreaterThan(1)
  expect(asked('dropout', 'keep').filter((v) => v < 0.01).length).toBeGreaterThan(0)
})

test('products of whole numbers beyond what 32 bits hold are asked', () => {
  const beyond = standardOf('mul', 'forward').filter(({ inputs: { a, b } }) => {
    const [left, right] = [numbersOf(a), numbersOf(b)]
    return (
      [...left, ...right].every((v) => Number.isInteger(v) && Math.abs(v) < 2 ** 31) &&
      left.some((v, i) => Math.abs(v * (right[i] as number)) > 2 ** 32)
    )
  })
  expect(beyond.length).toBeGreaterThan(0)
})

test.each(['sigmoid', 'tanh', 'relu', 'softplus', 'softmax', 'elu'] as const)(
  '%s is asked for the gradient by what is pulled by itself, and by its opposite',
  (op) => {
    const pulled = standardOf(op, 'backward').map(({ inputs, cotangents }) => ({
      x: numbersOf(inputs['x']),
      dy: numbersOf(cotangents['y']),
    }))
    for (const sign of [1, -1])
      expect(
        pulled.some(({ x, dy }) => x.length > 3 && new Set(x).size > 3 && x.every((v, i) => dy[i] === sign * v)),
      ).toBe(true)
  },
)

test('pieces of zeros are joined to longer and to shorter ones', () => {
  const joined = standardOf('concat', 'forward').flatMap(({ inputs }) => {
    const [zeros, other] = [numbersOf(inputs['x0']), numbersOf(inputs['x1'])]
    return zeros.every((v) => v === 0) && other.every((v) => v !== 0) ? [Math.sign(other.length - zeros.length)] : []
  })
  expect(joined).toEqual(expect.arrayContaining([1, -1]))
})
