import { readFileSync } from 'node:fs'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { oracle, run } from '../reference/index.js'
import { anyOrder } from '../spec/bound.js'
import type { OpName } from '../spec/catalogue.js'
import { hasBackward, isOpName, opNames, opOf } from '../spec/catalogue.js'
import { hasSecond } from '../spec/second/index.js'
import type { SecondQuestion } from '../spec/second/question.js'
import { secondAnswers, secondProgram } from '../spec/second/question.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import { foldNumbers, mapTensor, mapTensors, scalar, sumOf, zeros, zipTensors } from '../spec/tensor.js'
import type { Trial } from './differences.js'
import { agrees, compare, directionAt, moved, pointsAround } from './differences.js'
import type { GoldenSecond } from './golden/read.js'
import { parseSecond } from './golden/read.js'
import { expectWhole as expected } from './judge.js'
import { asF64, right } from './testing/shaken.js'

const cases = right(parseSecond(readFileSync(new URL('./golden/second.json', import.meta.url), 'utf8')))

const questionOf = (op: OpName, { attrs, inputs, cotangents, directions }: GoldenSecond): SecondQuestion => ({
  op,
  attrs: right(opOf(op).attrs.decode(attrs)),
  inputs,
  cotangents,
  directions,
})

// what stands for −∞ enters sums with one term of its own size, and no rounding of another
const least = -(2 ** 100)

/**
 * What the oracle answers to a second derivative, and how far f64 roundings may have driven it: every node rounds on the
 * scale of its terms, of which none is larger than the largest value of the run.
 */
const answered = (question: SecondQuestion, of: 'inputs' | 'cotangents' = 'inputs') => {
  const second = right(secondProgram(question, of))
  const { program, feeds } = second
  const every = program.nodes.flatMap(({ outputs }) => Object.values(outputs))
  const found = every.length === 0 ? {} : right(run(program, feeds, every))
  const largest = Object.values({ ...feeds, ...found }).reduce(
    (most, { data }) => foldNumbers((m, v) => (v < least ? m : Math.max(m, Math.abs(v))), most, data),
    1,
  )
  return { values: secondAnswers(second, { ...feeds, ...found }), error: 2 ** -52 * every.length * largest }
}

const close = (want: Tensors, { values, error }: ReturnType<typeof answered>): readonly string[] =>
  Object.entries(want).flatMap(([name, theirs]) => {
    const ours = values[name] as Tensor
    if (ours.shape.join() !== theirs.shape.join()) return [`${name}: ${ours.shape.join()} for ${theirs.shape.join()}`]
    return Array.from({ length: theirs.data.length }, (_, i) => i).flatMap((i) => {
      const [w, o] = [theirs.data[i] as number, ours.data[i] as number]
      // the witness errs as well
      const allowed = 2 * error + 2 ** -50 * Math.abs(w)
      return Math.abs(w - o) <= allowed ? [] : [`${name}[${i}]: the witness has ${w}, the oracle ${o}, ±${allowed}`]
    })
  })

const ones = (tensors: Tensors): Tensors => mapTensors(() => 1, tensors)

const inner = (a: Tensors, b: Tensors): number =>
  Object.entries(b).reduce((sum, [name, b]) => sum + sumOf(zipTensors([a[name] as Tensor, b], (a, b) => a * b).data), 0)

const finite = (tensors: Tensors): boolean => Object.values(tensors).every(({ data }) => Number.isFinite(sumOf(data)))

it('every op with a backward has a second derivative but localResponseNorm, and golden ones', () => {
  const differentiable = opNames.filter(hasBackward)
  expect(differentiable.filter((op) => !hasSecond(op))).toEqual(['localResponseNorm'])
  expect([...new Set(cases.map(({ op }) => op))].sort()).toEqual(differentiable.filter(hasSecond).sort())
})

describe('the oracle agrees with PyTorch’s double backward', () => {
  it.each(cases)('$name', (golden) => {
    const op = golden.op
    if (!isOpName(op)) throw new Error(`there is no op ${op}`)
    const question = questionOf(op, golden)
    expect(close(golden.ofInputs, answered(question))).toEqual([])
    expect(close(golden.ofCotangents, answered(question, 'cotangents'))).toEqual([])
  })
})

/** ⟨H v, u⟩ against the difference of the gradient, contracted with v, along u, away from kinks. */
const trialOf = (op: OpName, golden: GoldenSecond) => {
  const asked = questionOf(op, golden)
  const names = Object.keys(golden.directions)
  const x = moved(golden.name, names, golden.inputs)
  const question = { ...asked, inputs: x }
  const backward = (inputs: Tensors) => right(oracle.evaluate(op, 'backward', asked.attrs, inputs, golden.cotangents))
  const { bounds } = right(expected(oracle, { ...question, direction: 'backward' }, anyOrder))
  const { values, error } = answered(question)
  const trial: Trial = {
    ofValues: Object.fromEntries(Object.entries(bounds).map(([name, b]) => [name, mapTensor((b) => asF64 * b, b)])),
    cotangents: golden.directions,
    gradients: values,
    ofGradients: mapTensors(() => error, values),
  }
  const h = 2 ** -18
  const points = pointsAround(x, directionAt(golden.name, names, x), h)
  const found = points.map(backward)
  return [x, values, ...found].every(finite) ? { trial, points, found, h, question } : undefined
}

describe('the second derivative is the derivative of the gradient, and symmetric', () => {
  const trials = cases.flatMap((golden, i) => {
    // three of each op
    const asked = cases[i - 3]?.op !== golden.op && isOpName(golden.op)
    const made = asked ? trialOf(golden.op as OpName, golden) : undefined
    return made === undefined ? [] : [{ name: golden.name, op: golden.op, ...made }]
  })

  it('has points to be asked at, for every op', () => {
    expect(new Set(trials.map(({ op }) => op)).size).toBe(new Set(cases.map(({ op }) => op)).size)
    expect(trials.length).toBeGreaterThan(100)
  })

  it.each(trials)('$name', ({ name, question, trial, points, found, h }) => {
    expect(compare(trial, points, found, h)).toSatisfy(agrees)
    // ⟨u, H v⟩ = ⟨v, H u⟩
    const u = directionAt(`${name}, the other`, Object.keys(question.directions), question.inputs)
    const other = answered({ ...question, directions: u })
    const [forth, back] = [inner(trial.gradients, u), inner(other.values, question.directions)]
    const sizes = (a: Tensors): Tensors =>
      Object.fromEntries(Object.entries(a).map(([k, x]) => [k, mapTensor(Math.abs, x)]))
    const allowed =
      inner(trial.ofGradients, sizes(u)) + other.error * inner(sizes(question.directions), ones(question.directions))
    const terms = inner(sizes(trial.gradients), sizes(u)) + inner(sizes(other.values), sizes(question.directions))
    expect(Math.abs(forth - back)).toBeLessThanOrEqual(allowed + 2 ** -46 * terms)
  })

  it('one that is a millionth too large is refused', () => {
    const bent = trials.filter(({ trial }) => inner(trial.gradients, trial.gradients) > 0)
    const refused = bent.filter(({ trial, points, found, h }) => {
      const gradients = Object.fromEntries(
        Object.entries(trial.gradients).map(([name, g]) => [name, mapTensor((g) => (1 + 1e-6) * g, g)]),
      )
      return !agrees(compare({ ...trial, gradients }, points, found, h))
    })
    expect(refused.length).toBeGreaterThan(bent.length / 2)
  })
})

describe('worked examples', () => {
  it('tanh at ½ is −2·tanh ½·(1 − tanh² ½)', () => {
    const one = { shape: [], data: [1] }
    const question = {
      op: 'tanh',
      attrs: {},
      inputs: { x: scalar(0.5) },
      cotangents: { y: one },
      directions: { x: one },
    } as const
    expect(answered(question).values['x']?.data[0]).toBe(-0.7268619813835873)
  })

  it('localResponseNorm has none, and step not even a first', () => {
    const x = zeros([1, 1, 1])
    const refused = (op: OpName) =>
      secondProgram({ op, attrs: {}, inputs: { x }, cotangents: { y: x }, directions: { x } })
    expect(refused('localResponseNorm')).toEqual(
      E.left({ code: 'NoBackward', message: 'localResponseNorm has no second derivative' }),
    )
    expect(refused('step')).toMatchObject(E.left({ code: 'NoBackward' }))
  })
})
