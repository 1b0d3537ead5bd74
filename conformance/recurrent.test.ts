import { either as E } from 'fp-ts'
import { afterAll, beforeAll, describe, expect as assert, test } from 'vitest'
import { webGpuBackend } from '../accelerated/backend.js'
import { acquireDevice } from '../accelerated/device/index.js'
import { embedded } from '../accelerated/testing/recorded.js'
import { oracle } from '../reference/index.js'
import type { Backend } from '../spec/backend.js'
import { lanesThenTree } from '../spec/bound.js'
import type { OpName } from '../spec/catalogue.js'
import { opOf } from '../spec/catalogue.js'
import { cotangentNames } from '../spec/op.js'
import type { Question } from '../spec/program.js'
import { answersOf, oneNode } from '../spec/program.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import { generate, sizeOf } from '../spec/tensor.js'
import { realise } from './form.js'
import { expect, judge } from './judge.js'
import { sampleOf } from './samples.js'
import { questionTable } from './table.js'
import { right } from './testing/shaken.js'

/** What only several ops together, or a part of a question, can show of recurrent layers. */

const recurrent = ['rnnCell', 'lstmCell', 'gruCell', 'rnn', 'lstm', 'gru'] as const

// a drawn case of an op, its numbers with it
const drawn = (op: OpName, direction: 'forward' | 'backward', sample: number): Question =>
  right(realise(sampleOf(questionTable, op, direction, 31, sample)))

const ask = (op: OpName, direction: 'forward' | 'backward', inputs: Tensors, cotangents: Tensors = {}): Tensors =>
  right(oracle.evaluate(op, direction, {}, inputs, cotangents))

const stepOf = (x: Tensor, t: number): Tensor => {
  const shape = x.shape.slice(1)
  return generate(shape, (i) => x.data[t * sizeOf(shape) + i] as number)
}

const numbers = ({ data }: Tensor): readonly number[] =>
  Array.from({ length: data.length }, (_, i) => data[i] as number)

const close = (got: Tensor, want: Tensor): void => {
  assert(got.shape).toEqual(want.shape)
  numbers(got).forEach((v, i) => assert(v).toBeCloseTo(want.data[i] as number, 12))
}

describe.each([
  ['rnn', 'rnnCell', ['h'], ['b']],
  ['lstm', 'lstmCell', ['h', 'c'], ['b']],
  ['gru', 'gruCell', ['h'], ['bIh', 'bHh']],
] as const)('%s is %s, step by step', (scan, cell, states, biases) => {
  test.each(Array.from({ length: 10 }, (_, sample) => sample))('forward and backward, case %i', (sample) => {
    const { inputs, cotangents } = drawn(scan, 'backward', sample)
    const x = inputs['x'] as Tensor
    const weights = Object.fromEntries(['wIh', 'wHh', ...biases].map((name) => [name, inputs[name] as Tensor]))
    const T = x.shape[0] as number
    const ahead = ask(scan, 'forward', inputs)
    const before: Tensors[] = [Object.fromEntries(states.map((s) => [s, inputs[`${s}0`] as Tensor]))]
    for (let t = 0; t < T; t++) {
      before.push(ask(cell, 'forward', { x: stepOf(x, t), ...before[t], ...weights }))
      close(stepOf(ahead['y'] as Tensor, t), before[t + 1]?.['h'] as Tensor)
    }
    states.forEach((s) => close(ahead[`${s}T`] as Tensor, before[T]?.[s] as Tensor))

    const back = ask(scan, 'backward', inputs, cotangents)
    let pull: Tensors = Object.fromEntries(states.map((s) => [s, cotangents[`${s}T`] as Tensor]))
    let sums: Tensors = Object.fromEntries(biases.map((b) => [b, generate((inputs[b] as Tensor).shape, () => 0)]))
    for (let t = T - 1; t >= 0; t--) {
      const dy = stepOf(cotangents['y'] as Tensor, t)
      const dh = generate(dy.shape, (i) => (dy.data[i] as number) + (pull['h']?.data[i] as number))
      const step = ask(cell, 'backward', { x: stepOf(x, t), ...before[t], ...weights }, { ...pull, h: dh })
      close(stepOf(back['x'] as Tensor, t), step['x'] as Tensor)
      sums = Object.fromEntries(
        Object.entries(sums).map(([b, sum]) => [
          b,
          generate(sum.shape, (i) => (sum.data[i] as number) + (step[b]?.data[i] as number)),
        ]),
      )
      pull = Object.fromEntries(states.map((s) => [s, step[s] as Tensor]))
    }
    states.forEach((s) => close(back[`${s}0`] as Tensor, pull[s] as Tensor))
    biases.forEach((b) => close(back[b] as Tensor, sums[b] as Tensor))
  })
})

/** All choices of some names, but for none. */
const subsets = (names: readonly string[]): readonly (readonly string[])[] =>
  names
    .reduce<readonly (readonly string[])[]>((sets, name) => [...sets, ...sets.map((set) => [...set, name])], [[]])
    .filter(({ length }) => length > 0)

const among = (names: readonly string[], all: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)))

describe.runIf(embedded)('recurrent layers on the device', () => {
  let backend: Backend
  beforeAll(async () => {
    backend = webGpuBackend(right(await acquireDevice('software')()))
  })
  afterAll(() => backend.close())

  const holds = async (question: Question, wanted: readonly string[]): Promise<void> => {
    const { program, feeds } = oneNode(question)
    const [node] = program.nodes
    if (node === undefined) throw new Error('a question without a node')
    const outputs = among(wanted, node.outputs)
    const part = { ...program, nodes: [{ ...node, outputs }], outputs: Object.values(outputs) }
    const expected = right(expect(oracle, question, lanesThenTree))
    const values = Object.fromEntries(Object.entries(expected.values).filter(([name]) => wanted.includes(name)))
    const answer = await backend.run(part, feeds)()
    if (E.isLeft(answer)) throw new Error(answer.left.message)
    const { worst, problem } = judge({
      oracle,
      question,
      expected: { ...expected, values },
      answer: answersOf(answer.right),
    })
    assert(problem).toBeUndefined()
    assert(worst.ratio, `${worst.output} of ${wanted.join()}`).toBeLessThanOrEqual(1)
  }

  test.each(recurrent)('%s takes any of its cotangents, the others counting as zeros', async (op) => {
    const question = drawn(op, 'backward', 1)
    for (const names of subsets(cotangentNames(opOf(op)))) {
      const cotangents = Object.fromEntries(names.map((name) => [name, question.cotangents[name] as Tensor]))
      await holds({ ...question, cotangents }, opOf(op).differentiable)
    }
  })

  test.each(recurrent)('%s gives each answer by itself, and each gradient', async (op) => {
    for (const name of Object.keys(opOf(op).outputs)) await holds(drawn(op, 'forward', 2), [name])
    for (const name of opOf(op).differentiable) await holds(drawn(op, 'backward', 2), [name])
  })
})
