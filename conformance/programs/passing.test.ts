import { taskEither as TE } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import { plainF32 } from '../../adapters/plainF32.js'
import { oracle } from '../../reference/index.js'
import type { Backend } from '../../spec/backend.js'
import { getOrThrow } from '../../spec/error.js'
import { mapValues } from '../../spec/field.js'
import { draws, keyOf } from '../../spec/philox.js'
import type { Program, ProgramNode } from '../../spec/program.js'
import type { Shape, Tensor, Tensors } from '../../spec/tensor.js'
import { generate, mapTensor, mapTensors, zipTensors } from '../../spec/tensor.js'
import { copies, passedOn, passes } from './passing.js'
import { outputsNear } from './passing/near.js'
import { probeProgram } from './probe.js'
import { scenarios } from './scenarios.js'
import type { Scenario } from './scenario.js'
import { scenario } from './scenario.js'
import { node, program } from './scenarios/making.js'

const drawnIn = (shape: Shape, seed: string): Tensor => {
  const draw = draws(keyOf(seed))
  return generate(shape, () => Math.fround(4 * draw.uniform() - 2))
}

describe('a bound is passed on', () => {
  const shape = [2, 3, 4, 6]
  const nodes: readonly ProgramNode[] = [
    node('y', 'relu', { x: 'a' }),
    node('y', 'add', { a: 'a', b: 'b' }),
    node('y', 'add', { a: 'a', b: 'a' }),
    node('y', 'concat', { x0: 'b', x1: 'a', x2: 'known' }, { axis: 2 }),
    node('y', 'flatten', { x: 'b' }),
    node('y', 'reshape', { x: 'a' }, { shape: [6, 24] }),
    node('y', 'maxPool2d', { x: 'b' }, { window: [3, 2], padding: [1, 0, 1, 1] }),
    node('y', 'mul', { a: 'a', b: 'b' }),
    node('y', 'scaleChannels', { x: 'a', s: 's' }),
    node('y', 'leakyRelu', { x: 'a' }, { alpha: -1.5 }),
    node('y', 'sigmoid', { x: 'a' }),
    node('y', 'tanh', { x: 'a' }),
    node('y', 'softplus', { x: 'b' }),
    node('y', 'elu', { x: 'a' }),
    node('y', 'batchNormInference', {
      x: 'a',
      gamma: 'gamma',
      beta: 'beta',
      runningMean: 'beta',
      runningVar: 'variance',
    }),
    node('y', 'dropout', { x: 'a' }, { key: [1, 2], keep: 0.5 }),
  ]
  // of sums, where the terms are off to different sides, and shares, which are held by the largest, not all of it is reached
  const less: readonly ProgramNode[] = [
    node('y', 'conv2d', { x: 'a', w: 'w', b: 'beta' }, { padding: [1, 1, 1, 1] }),
    node('y', 'convTranspose2d', { x: 'a', w: 'w', b: 'beta' }, { stride: [2, 2] }),
    node('y', 'dense', { x: 'row', w: 'rows' }),
    node('y', 'avgPool2d', { x: 'a' }, { window: [2, 2] }),
    node('y', 'globalAvgPool', { x: 'b' }),
    node('y', 'softmax', { x: 'a' }, { axis: -1 }),
    node('y', 'logSoftmax', { x: 'b' }, { axis: 1 }),
  ]

  test.each(
    [...nodes.map((one) => [one, 0.8] as const), ...less.map((one) => [one, 0.1] as const)].map(
      ([one, reached], i) => [`${one.op} ${i}`, one, reached] as const,
    ),
  )('%s', (_, one, reached) => {
    // prettier-ignore
    expect(passes(one, () => true)).toBe(true)
    const value = { a: drawnIn(shape, 'a'), b: drawnIn(shape, 'b') }
    const known = {
      known: drawnIn(shape, 'known'),
      w: drawnIn([3, 3, 3, 3], 'w'),
      rows: drawnIn([5, 6], 'rows'),
      s: drawnIn([2, 3], 's'),
      ...Object.fromEntries(['gamma', 'beta'].map((name) => [name, drawnIn([3], name)])),
      variance: mapTensor((v) => v * v + 1, drawnIn([3], 'variance')),
    }
    const off = (name: string): Tensor => generate(shape, (i) => ((i * 7 + name.length) % 5) / 2048)
    const row = drawnIn([4, 6], 'row')
    const nearly = {
      a: { value: value.a, bound: off('a') },
      b: { value: value.b, bound: off('other') },
      row: { value: row, bound: mapTensor(() => 2 ** -9, row) },
    }
    const { y } = getOrThrow(passedOn(oracle, one, known, nearly, {}))
    // of what is off by all that it may be, either way, f32 answers within it; and somewhere by all of it
    let most = 0
    for (const turn of Array.from({ length: 40 }, (_, i) => i)) {
      const draw = draws(keyOf(`turn ${turn}`))
      const moved = ({ value: v, bound }: { readonly value: Tensor; readonly bound: Tensor }): Tensor =>
        zipTensors([v, bound], (x, b) => x + b * [-1, 1][draw.integer(0, 1)]!)
      const got = getOrThrow(outputsNear(oracle, one, { ...known, ...mapValues(moved, nearly) }, {}))['y']!
      for (const [i, v] of Array.from(got.value.data as Float64Array).entries()) {
        const error = Math.abs(v - (y!.value.data[i] as number))
        const bound = y!.bound.data[i] as number
        expect(error).toBeLessThanOrEqual(bound)
        if (bound > 0) most = Math.max(most, error / bound)
      }
    }
    expect(most).toBeGreaterThan(reached)
  })

  test('what has a jump passes nothing on, nor recurrent nets', () => {
    for (const op of ['step', 'lstm'] as const) expect(passes(node('y', op, { x: 'a' }), () => true)).toBe(false)
    expect([copies(node('y', 'relu', { x: 'a' })), copies(node('y', 'tanh', { x: 'a' }))]).toEqual([true, false])
  })

  test('a norm passes nothing on whose factors are not known', () => {
    const norm = node('y', 'batchNormInference', { x: 'a', gamma: 'b', beta: 'c', runningMean: 'd', runningVar: 'e' })
    expect(passes(norm, (value) => value !== 'a')).toBe(true)
    expect(passes(norm, (value) => value !== 'b')).toBe(false)
  })

  test('integers that are a little off are added with a rounding', () => {
    const x: Tensor = { shape: [1, 2], data: Float64Array.of(3, 5) }
    const w: Tensor = { shape: [1, 2], data: Float64Array.of(1, 1) }
    const nearly = { a: { value: x, bound: mapTensor(() => 2 ** -20, x) } }
    const { y } = getOrThrow(passedOn(oracle, node('y', 'dense', { x: 'a', w: 'w' }), { w }, nearly, {}))
    expect(Number(y!.bound.data[0])).toBeGreaterThan(2 * 2 ** -20 + 8 * 2 ** -23)
  })

  test('of what may be anything nothing is known', () => {
    const x = drawnIn(shape, 'x')
    const nearly = { a: { value: x, bound: mapTensor(() => 1, x) } }
    expect(getOrThrow(passedOn(oracle, node('y', 'relu', { x: 'a' }), {}, nearly, {}))).toEqual({})
  })
})

const ofNorms = scenarios(1).filter(({ name }) => ['channels behind', 'norms in a row', 'behind rows', 'behind dense'].includes(name)) // prettier-ignore

const readersOf = ({ nodes, outputs }: Program, name: string, watch: readonly string[] = outputs): number =>
  nodes.filter(({ inputs }) => Object.values(inputs).includes(name)).length + (watch.includes(name) ? 1 : 0)
const writerOf = ({ nodes }: Program, name: string): ProgramNode | undefined =>
  nodes.find(({ outputs }) => Object.values(outputs).includes(name))

/** Plain f32 that makes one of each layer and norm of known statistics, where nobody sees what is between; `b` may be wrong. */
const folding = (wrong: (b: number) => number = (b) => b): Backend => ({
  ...plainF32,
  run: (of, feeds, watch = of.outputs) => {
    const norms = of.nodes.filter(
      ({ op, inputs }) =>
        op === 'batchNormInference' &&
        readersOf(of, inputs['x'] as string, watch) === 1 &&
        ['conv2d', 'conv1d', 'convTranspose2d', 'dense'].includes(writerOf(of, inputs['x'] as string)?.op ?? ''),
    )
    const f = Math.fround
    const folded = norms.reduce<{ readonly of: Program; readonly feeds: Tensors }>(
      (soFar, norm, at) => {
        const layer = writerOf(of, norm.inputs['x'] as string) as ProgramNode
        const data = (name: string): ArrayLike<number> => (feeds[name] as Tensor).data
        const square = writerOf(of, norm.inputs['runningVar'] as string) as ProgramNode
        const means = data(square.inputs['a'] as string)
        const factor = Array.from({ length: means.length }, (_, c) =>
          f(data(norm.inputs['gamma'] as string)[c]! / f(Math.sqrt(f(f(means[c]! * means[c]!) + f(1e-5))))),
        )
        const w = feeds[layer.inputs['w'] as string] as Tensor
        const [first = 1, second = 1, ...rest] = w.shape
        const taps = rest.reduce((a, b) => a * b, 1)
        const turned = layer.op === 'convTranspose2d'
        const output = (i: number): number => (turned ? Math.floor(i / taps) % second : Math.floor(i / (taps * second)))
        const b = layer.inputs['b'] === undefined ? undefined : data(layer.inputs['b'])
        return {
          of: {
            ...soFar.of,
            inputs: { ...soFar.of.inputs, [`w ${at}`]: w.shape, [`b ${at}`]: [turned ? second : first] },
            nodes: soFar.of.nodes
              .filter(({ name }) => name !== layer.name)
              .map((one) =>
                one.name === norm.name
                  ? {
                      ...layer,
                      name: norm.name,
                      inputs: { x: layer.inputs['x'] as string, w: `w ${at}`, b: `b ${at}` },
                      outputs: norm.outputs,
                    }
                  : one,
              ),
          },
          feeds: {
            ...soFar.feeds,
            [`w ${at}`]: generate(w.shape, (i) => f((w.data[i] as number) * factor[output(i)]!)),
            [`b ${at}`]: generate([turned ? second : first], (c) => {
              const shifted = f(f((b?.[c] ?? 0) - means[c]!) * factor[c]!)
              return wrong(f(shifted + data(norm.inputs['beta'] as string)[c]!))
            }),
          },
        }
      },
      { of, feeds },
    )
    return plainF32.run(folded.of, folded.feeds, watch)
  },
})

describe('a norm and its layer that are made one by other weights', () => {
  test.each(ofNorms.map((one) => [one.name, one] as const))('are right: %s', async (_, asked) => {
    const { verdict, failure } = getOrThrow(await probeProgram(folding(), oracle, asked)())
    expect(failure?.message).toBeUndefined()
    expect(verdict).toBe('conformant')
  })

  test('are wrong where an offset is off by a thousandth, and the message names the norm or what is behind it', async () => {
    const lines = await Promise.all(
      ofNorms.map(async (asked) =>
        getOrThrow(
          await probeProgram(
            folding((b) => b * 1.001),
            oracle,
            asked,
          )(),
        ),
      ),
    )
    expect(lines.map(({ verdict }) => verdict)).toEqual(lines.map(() => 'not-conformant'))
    for (const { failure } of lines) expect(failure?.message).toMatch(/^node .*(batchNormInference|relu|add|concat|maxPool2d|flatten)/) // prettier-ignore
  })
})

describe('values that are called as every object calls something', () => {
  const named = (name: string): Scenario => {
    const x: Tensor = { shape: [2, 2], data: Float32Array.of(1, -2, 3, 4) }
    const nodes = [node('hidden', 'relu', { x: 'x' }, {}, { y: name }), node('out', 'add', { a: name, b: 'x' })]
    const of = program({ x: [2, 2] }, nodes, ['out'])
    const run = { what: 'run', program: of, feeds: { x } } as const
    return scenario('called', 'what a value is called', of, [run, { ...run, watch: [name] }])
  }
  const wrong: Backend = {
    ...plainF32,
    run: (...given) => TE.map((values: Tensors) => mapTensors((v) => v + 1, values))(plainF32.run(...given)),
  }

  test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])(
    '%s: judged like any other, hidden and seen',
    async (name) => {
      const [right, not] = [await probeProgram(plainF32, oracle, named(name))(), await probeProgram(wrong, oracle, named(name))()] // prettier-ignore
      expect(getOrThrow(right)).toMatchObject({ verdict: 'conformant', cases: 2 })
      expect(getOrThrow(not)).toMatchObject({ verdict: 'not-conformant', failure: { node: 'out' } })
    },
  )
})
