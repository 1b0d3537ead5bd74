import { either as E } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import { oracle } from '../reference/index.js'
import type { KernelTable, PlainKernel } from '../spec/fromKernels.js'
import { interpret } from '../spec/fromKernels.js'
import {
  convolution,
  dropout,
  fullyConnected,
  networkOf,
  plainLayer,
  sequential,
  trainingBy,
} from '../spec/networks/network.js'
import { draws, keyOf } from '../spec/philox.js'
import { filled, generate, mapTensor, mapTensors, scalar } from '../spec/tensor.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import { initialParameters } from '../training/initialize.js'
import { initialState, stepFeeds, trainingStep } from '../training/step.js'
import { everyValue, lockstep } from './lockstep.js'
import { inArithmetic, mutant } from './testing/instrument.js'
import { arithmeticOf, formulaTable } from './testing/toys.js'

const right = <A>(result: E.Either<{ readonly message: string }, A>): A => {
  if (E.isLeft(result)) throw new Error(result.left.message)
  return result.right
}

const network = sequential(
  [2, 1, 8, 8],
  [
    convolution('conv1', [1, 3], [3, 3], { padding: [1, 1, 1, 1] }),
    plainLayer('relu1', 'relu'),
    plainLayer('pool1', 'maxPool2d'),
    convolution('conv2', [3, 4], [3, 3]),
    plainLayer('relu2', 'relu'),
    plainLayer('pool2', 'maxPool2d'),
    plainLayer('flat', 'flatten'),
    fullyConnected('fc', 4, 3),
  ],
)
const program = right(trainingStep(network, { momentum: Math.fround(0.9), weightDecay: 0 }))
const { normal } = draws(keyOf('lockstep'))
const feeds: Tensors = {
  ...initialState(initialParameters(network, 1)),
  ...stepFeeds({
    x: generate([2, 1, 8, 8], () => Math.fround(normal())),
    target: { shape: [2, 3], data: [1, 0, 0, 0, 0, 1] },
    learningRate: 0.1,
  }),
}
const judged = (table: KernelTable) =>
  right(lockstep(oracle, program, right(interpret(table, program, feeds, everyValue(program)))))

// a kernel that errs in one element of the answer to inputs of one shape: one node of the program
const erringAt = (kernel: PlainKernel, first: string, shape: readonly number[], by: number): PlainKernel => {
  const off = (at: Tensor | undefined, tensors: Readonly<Record<string, Tensor | undefined>>) =>
    at?.shape.join() === shape.join()
      ? {
          ...tensors,
          [first]: mapTensor((v, i) => (i === 0 ? v + by : v), tensors[first] as Tensor),
        }
      : tensors
  return {
    forward: kernel.forward,
    backward: (attrs, inputs, cotangents, sizes) =>
      off(inputs['x'], kernel.backward!(attrs, inputs, cotangents, sizes)),
  }
}

describe('a training step in lockstep', () => {
  test('every node of f32 arithmetic is within its bound', () => {
    const { findings, guilty, worst } = judged(inArithmetic(arithmeticOf(Math.fround)))
    expect(guilty).toBeUndefined()
    expect(findings.map(({ node }) => node)).toEqual(program.nodes.map(({ name }) => name))
    expect(worst.judgement.worst.ratio).toBeGreaterThan(0)
    expect(worst.judgement.worst.ratio).toBeLessThanOrEqual(1)
  })

  test.each([
    ['pool1, backward', 'maxPool2d', 'x', [2, 3, 8, 8], /pool1/],
    ['pool2, backward', 'maxPool2d', 'x', [2, 4, 2, 2], /pool2/],
    ['the weights of conv2', 'conv2d', 'w', [2, 3, 4, 4], /conv2/],
    ['the bias of conv1', 'conv2d', 'b', [2, 1, 8, 8], /conv1/],
  ] as const)('an error in one element of %s is found there and nowhere else', (_name, op, output, shape, node) => {
    const { findings, guilty } = judged({
      ...formulaTable,
      [op]: erringAt(formulaTable[op]!, output, shape, 1e-3),
    })
    expect(guilty?.node).toMatch(node)
    expect(guilty?.direction).toBe('backward')
    const outside = findings.filter(({ judgement }) => !(judgement.worst.ratio <= 1))
    expect(outside).toHaveLength(1)
  })

  test('NaN in one node names it, and those that read it are not blamed', () => {
    const { findings, guilty } = judged({
      ...formulaTable,
      conv2d: erringAt(formulaTable.conv2d!, 'w', [2, 1, 8, 8], NaN),
    })
    expect(guilty?.node).toMatch(/conv1/)
    expect(findings.filter(({ judgement }) => !(judgement.worst.ratio <= 1))).toHaveLength(1)
  })

  test('a wrong optimizer is found in each update', () => {
    const wrong = mutant('momentum', { find: 'mu * v', replace: 'v' })
    const first = judged({ ...formulaTable, momentum: wrong })
    // every velocity is 0 before the first step, so nothing shows there
    expect(first.guilty).toBeUndefined()
    const moving = Object.fromEntries(
      Object.entries(feeds).map(([name, value]) => [
        name,
        name.endsWith('.velocity') ? mapTensor(() => 0.5, value) : value,
      ]),
    )
    const values = right(interpret({ ...formulaTable, momentum: wrong }, program, moving, everyValue(program)))
    const { findings } = right(lockstep(oracle, program, values))
    const outside = findings.filter(({ judgement }) => !(judgement.worst.ratio <= 1))
    expect(outside.map(({ node }) => node)).toEqual(
      program.nodes.filter(({ op }) => op === 'momentum').map(({ name }) => name),
    )
  })

  test('a step that f32 does not hold is judged as it was fed, whatever copy of it the run brings back', () => {
    const dropping = networkOf([2, 40], dropout('drop', 0.5), trainingBy(1)).program
    const step = scalar(2 ** 24 + 1)
    const fed = { x: filled([2, 40], 1), step }
    const values = right(interpret(formulaTable, dropping, fed, everyValue(dropping)))
    const brought = mapTensors(Math.fround, values)
    expect(brought['step']).not.toEqual(step)
    expect(right(lockstep(oracle, dropping, brought, undefined, { feeds: fed })).guilty).toBeUndefined()
    // the masks of the two steps differ, so the feed is what makes the difference
    expect(right(lockstep(oracle, dropping, brought)).guilty?.node).toBe('drop')
  })

  test('a value that the run did not bring is a Left that names its node', () => {
    const { conv1: _, ...others } = right(interpret(formulaTable, program, feeds, everyValue(program)))
    const found = lockstep(oracle, program, others)
    expect(E.isLeft(found) && found.left.message).toMatch(/relu1/)
  })
})
