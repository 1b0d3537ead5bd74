import { either as E } from 'fp-ts'
import { describe, expect as assert, test } from 'vitest'
import { oracle } from '../reference/index.js'
import { anyOrder } from '../spec/bound.js'
import { opOf, questions } from '../spec/catalogue.js'
import { element, field, mapField, mapValues, ruled, whole } from '../spec/field.js'
import type { Field, Fields } from '../spec/field.js'
import { resolve, shapesOf } from '../spec/op.js'
import { draws, keyOf } from '../spec/philox.js'
import type { Question } from '../spec/program.js'
import { sizeOf, zeros } from '../spec/tensor.js'
import type { Shape } from '../spec/tensor.js'
import { caseAt, caseCount } from './cases.js'
import type { Case } from './form.js'
import { numbersIn, realise } from './form.js'
import { questionTable } from './table.js'

const right = <A>(result: E.Either<{ message: string }, A>): A => {
  if (E.isLeft(result)) throw new Error(result.left.message)
  return result.right
}

const sizeOfCase = ({ form }: Case): number => numbersIn(form)

/** A question's values and bounds as fields, each made afresh. */
const answersTo = ({ op, direction, attrs, inputs, cotangents: given }: Question): Fields => {
  const { sizes, outputs } = right(resolve(opOf(op), attrs, shapesOf(inputs)))
  const cotangents = direction === 'forward' ? {} : mapValues((shape: Shape) => zeros(shape), outputs)
  const arriving = { ...cotangents, ...given }
  const context = {
    attrs,
    inputs,
    sizes,
    depth: anyOrder,
    valuesOf: (attrs: Question['attrs'], given: Readonly<Record<string, Field | undefined>>) =>
      right(
        oracle.fields(
          op,
          'forward',
          attrs,
          mapValues((x) => x, given),
          {},
        ),
      ),
    gradientsOf: (attrs: Question['attrs'], given: object, dy: Fields) =>
      right(
        oracle.fields(
          op,
          'backward',
          attrs,
          mapValues((x: Field) => x, given as Fields),
          dy,
        ),
      ),
  } as never
  const spec = opOf(op)
  const bounds =
    direction === 'forward'
      ? spec.bound(context)
      : spec.boundBackward({ ...(context as object), cotangents: arriving } as never)
  const values = right(oracle.fields(op, direction, attrs, inputs, arriving))
  return {
    ...values,
    ...Object.fromEntries(
      Object.entries(mapValues((bound) => bound, bounds)).map(([name, bound]) => [`bound of ${name}`, bound]),
    ),
  }
}

/** Some positions, in no order and some twice. */
const somePositions = (size: number, seed: string): readonly number[] => {
  const draw = draws(keyOf(seed))
  return [size - 1, 0, ...Array.from({ length: 24 }, () => draw.integer(0, size - 1)), 0]
}

describe('an answer at an element', () => {
  test.each(questions.map(({ op, direction }) => [op, direction] as const))(
    '%s %s: values and bounds are, bit for bit, what the whole answer says there',
    (op, direction) => {
      const count = caseCount(questionTable, op, direction, 6)
      const cases = Array.from({ length: count }, (_, index) => caseAt(questionTable, op, direction, 3, index)).filter(
        (asked) => sizeOfCase(asked) < 1e4,
      )
      assert(cases.length).toBeGreaterThan(5)
      for (const asked of cases) {
        const question = right(realise(asked))
        const [wholes, parts] = [mapValues(whole, answersTo(question)), answersTo(question)]
        assert(Object.keys(parts)).toEqual(Object.keys(wholes))
        for (const [name, part] of Object.entries(parts)) {
          const { shape, data } = wholes[name]!
          assert(part.shape).toEqual(shape)
          for (const position of somePositions(sizeOf(shape), `${asked.seed} ${name}`))
            if (!Object.is(element(part, position), data[position]))
              assert.fail(
                `${asked.seed} ${name}[${position}]: ${element(part, position)}, as a whole ${data[position]}`,
              )
        }
      }
    },
  )
})

describe('a field', () => {
  const counted = (shape: Shape): { readonly x: Field; readonly made: number[] } => {
    const made: number[] = []
    const rule = (position: number): number => {
      made.push(position)
      return position ** 2
    }
    return { x: field(shape, rule), made }
  }

  test('works out an element when it is read, and once', () => {
    const { x, made } = counted([3, 4])
    const halves = mapField((v) => v / 2, x)
    assert(made).toEqual([])
    assert([element(halves, 5), element(halves, 5), element(x, 5)]).toEqual([12.5, 12.5, 25])
    assert(made).toEqual([5])
  })

  test('of more elements than memory holds answers at any of them', () => {
    const { x, made } = counted([2 ** 20, 2 ** 20])
    assert(element(x, 2 ** 39 + 1)).toBe((2 ** 39 + 1) ** 2)
    assert(element(x, 2 ** 39 + 1)).toBe((2 ** 39 + 1) ** 2)
    assert(made).toEqual([2 ** 39 + 1])
  })

  test('is a tensor for whoever asks for all of it', () => {
    assert(
      whole(
        ruled(
          [2],
          (i) => i + 1,
          () => [1, 2],
        ),
      ),
    ).toEqual({ shape: [2], data: [1, 2] })
  })
})

describe('an answer that is too large to be made whole', () => {
  test('is refused as a whole, and given at an element', () => {
    const x = { shape: [5000, 4], data: Float64Array.from({ length: 20000 }, (_, i) => i % 7) }
    const w = { shape: [4000, 4], data: Float64Array.from({ length: 16000 }, (_, i) => i % 5) }
    const answer = oracle.evaluate('dense', 'forward', {}, { x, w }, {})
    assert(E.isLeft(answer) && answer.left.code).toBe('TooLarge')
    const { y } = right(oracle.fields('dense', 'forward', {}, { x, w }, {}))
    const [n, o] = [4999, 3999]
    const products = [0, 1, 2, 3].map((i) => x.data[n * 4 + i]! * w.data[o * 4 + i]!)
    assert(element(y!, n * 4000 + o)).toBe(products.reduce((sum, v) => sum + v, 0))
  })
})

test('the last state of a long sequence is reached without a chain of calls as long', () => {
  const T = 8000
  const x = { shape: [T, 1, 1], data: new Float64Array(T).fill(0.5) }
  const [h0, b] = [zeros([1, 1]), zeros([1])]
  const w = { shape: [1, 1], data: [0.5] }
  const { y } = right(oracle.fields('rnn', 'forward', {}, { x, h0, wIh: w, wHh: w, b }, {}))
  const h = element(y!, T - 1)
  assert(Math.abs(h - Math.tanh(0.25 + 0.5 * h))).toBeLessThan(1e-15)
  const backward = right(
    oracle.fields('rnn', 'backward', {}, { x, h0, wIh: w, wHh: w, b }, { y: x, hT: zeros([1, 1]) }),
  )
  assert(Number.isFinite(element(backward['wHh']!, 0))).toBe(true)
})
