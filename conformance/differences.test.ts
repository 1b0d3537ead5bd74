import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { oracle, run } from '../reference/index.js'
import { anyOrder } from '../spec/bound.js'
import type { OpName } from '../spec/catalogue.js'
import { hasBackward, opNames, opOf } from '../spec/catalogue.js'
import type { Differentiated } from '../spec/differentiate.js'
import { cotangentNames } from '../spec/op.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import { mapTensor, scalar, sumOf } from '../spec/tensor.js'
import type { GoldenCase, GoldenProgram } from './golden/read.js'
import { parsePrograms } from './golden/read.js'
import { expectWhole as expected } from './judge.js'
import type { Trial } from './differences.js'
import { agrees, compare, directionAt, moved, pointsAround } from './differences.js'
import { goldenOf } from './testing/golden.js'
import { differentiated, feedsOf, keepingOnly } from './testing/programs.js'
import { asF64, deviations, right } from './testing/shaken.js'

const folder = new URL('./golden/', import.meta.url)
const textOf = (name: string): string => readFileSync(new URL(name, folder), 'utf8')

const isFinite = (tensors: Tensors): boolean => Object.values(tensors).every(({ data }) => Number.isFinite(sumOf(data)))

// ---- ops ---------------------------------------------------------------------------------------------------------

const scaled = (bounds: Tensors): Tensors =>
  Object.fromEntries(Object.entries(bounds).map(([name, b]) => [name, mapTensor((b) => asF64 * b, b)]))

/** A golden case's attributes, shapes and cotangents, at a point near its inputs; undefined where that leaves the op's domain. */
const trialOf = (op: OpName, each: GoldenCase) => {
  const attrs = right(opOf(op).attrs.decode(each.attrs))
  const names = Object.keys(each.gradients ?? {})
  const x = moved(each.name, names, each.inputs)
  const v = directionAt(each.name, names, x)
  const given = each.cotangents ?? {}
  const cotangents = Object.fromEntries(cotangentNames(opOf(op)).map((name) => [name, given[name] as Tensor]))
  const f = (inputs: Tensors) => right(oracle.evaluate(op, 'forward', attrs, inputs, {}))
  const forward = right(expected(oracle, { op, direction: 'forward', attrs, inputs: x, cotangents: {} }, anyOrder))
  const backward = right(expected(oracle, { op, direction: 'backward', attrs, inputs: x, cotangents }, anyOrder))
  const trial: Trial = {
    ofValues: scaled(forward.bounds),
    cotangents,
    gradients: backward.values,
    ofGradients: scaled(backward.bounds),
  }
  const h = 2 ** -18
  const points = pointsAround(x, v, h)
  const values = points.map(f)
  const inside = [x, forward.values, backward.values, ...values].every(isFinite)
  return inside ? { trial, points, values, h } : undefined
}

const differentiable = opNames.filter(hasBackward)
const casesOf = (op: OpName): readonly GoldenCase[] => (goldenOf(op)?.cases ?? []).filter((each) => each.gradients)

describe('backward is the derivative of forward', () => {
  describe.each(differentiable)('%s', (op) => {
    const points = casesOf(op).map((each) => ({ name: each.name, made: trialOf(op, each) }))
    const inside = points.flatMap(({ name, made }) => (made === undefined ? [] : [{ name, ...made }]))

    it('has points to be asked at, at most a third of its golden cases lying on the edge of its domain', () => {
      expect(inside.length).toBeGreaterThan(0)
      expect(points.length - inside.length).toBeLessThanOrEqual(points.length / 3)
    })

    it.each(inside)('$name', ({ trial, points, values, h }) => {
      expect(compare(trial, points, values, h)).toSatisfy(agrees)
    })

    it('a gradient a millionth too large is refused', () => {
      const refused = inside.filter(({ trial, points, values, h }) => {
        const gradients = Object.fromEntries(
          Object.entries(trial.gradients).map(([name, g]) => [name, mapTensor((g) => (1 + 1e-6) * g, g)]),
        )
        return !agrees(compare({ ...trial, gradients }, points, values, h))
      })
      expect(refused.length).toBeGreaterThan(inside.length / 2)
    })
  })
})

// ---- programs ----------------------------------------------------------------------------------------------------

const programs = right(parsePrograms(textOf('programs.json')))
const named = (part: string): GoldenProgram => programs.find(({ name }) => name.includes(part)) as GoldenProgram

/** A whole program's loss, along one feed. */
const programTrial = (golden: GoldenProgram, { program, gradients }: Differentiated, feed: string) => {
  const names = Object.keys(golden.gradients)
  const feeds = moved(golden.name, names, feedsOf(golden))
  const v = directionAt(`${golden.name} ${feed}`, [feed], feeds)
  const f = (feeds: Tensors) => right(run(program, feeds, ['loss']))
  const value = gradients[feed] as string
  const found = right(run(program, feeds, ['loss', value]))
  const errors = deviations(oracle, program, feeds, found)
  const trial: Trial = {
    ofValues: errors,
    cotangents: { loss: scalar(1) },
    gradients: { [feed]: found[value] as Tensor },
    ofGradients: { [feed]: errors[value] as Tensor },
  }
  const h = 2 ** -22
  const points = pointsAround(feeds, v, h)
  return compare(trial, points, points.map(f), h)
}

describe('the reverse of a program is its derivative', () => {
  describe.each([named('LeNet'), named('residual'), named('step 3 of 3')])('$name', (golden) => {
    it.each(Object.keys(golden.gradients))('along %s', (feed) => {
      expect(programTrial(golden, right(differentiated(golden)), feed)).toSatisfy(agrees)
    })
  })

  describe.each(['a', 'b'] as const)('a skip connection whose gradient is dropped, summand %s kept', (summand) => {
    const golden = named('residual')
    const planted = keepingOnly(summand, 'relu1', right(differentiated(golden)))
    it.each(['x', 'conv1.w', 'norm.gamma', 'norm.beta'])('is refused along %s, which lies before it', (feed) => {
      expect(programTrial(golden, planted, feed)).not.toSatisfy(agrees)
    })
    it.each(['conv2.w', 'dense.w', 'dense.b'])('passes along %s, which does not', (feed) => {
      expect(programTrial(golden, planted, feed)).toSatisfy(agrees)
    })
  })
})
