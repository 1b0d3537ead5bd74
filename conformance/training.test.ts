import { either as E } from 'fp-ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openWebGpu } from '../accelerated/index.js'
import { embedded } from '../accelerated/testing/recorded.js'
import { oracle } from '../reference/index.js'
import type { Backend } from '../spec/backend.js'
import { anyOrder } from '../spec/bound.js'
import { getOrThrow } from '../spec/error.js'
import { decodeSafetensors, encodeSafetensors, storedTensor } from '../formats/safetensors.js'
import type { Safetensors } from '../formats/safetensors.js'
import {
  batchNorm,
  dropout,
  fullyConnected,
  inference,
  plainLayer,
  recurrent,
  sequential,
  trainingBy,
} from '../spec/networks/network.js'
import type { Network } from '../spec/networks/network.js'
import type { Tensor } from '../spec/tensor.js'
import { generate, scalar, tensor } from '../spec/tensor.js'
import { checkpointOf, stateFrom } from '../training/checkpoint.js'
import type { Training, Description, Examples, TrainingState } from '../training/training.js'
import { begun, trainingOf, outcomeOf } from '../training/training.js'
import type { FitOptions } from '../training/fit.js'
import { evaluateOn, fit } from '../training/fit.js'
import { accumulatingProgram } from '../training/microBatch.js'
import { initialState, trainingProgram } from '../training/step.js'
import type { Optimizer } from '../training/step.js'
import { everyValue, lockstep } from './lockstep.js'
import { toy } from './testing/toys.js'

/** Points of two classes, in and outside a ring: no line parts them. */
const points = (count: number, seed: number): Examples => {
  const at = (n: number): readonly [number, number] => [Math.sin(n * 2.4 + seed), Math.sin(n * 3.7 + 2 * seed)]
  const inside = (n: number): boolean => Math.hypot(...at(n)) < 0.8
  return {
    count,
    mark: `${count} points, seed ${seed}`,
    at: (indices) => ({
      x: generate([indices.length, 2], (i) => Math.fround(at(indices[Math.floor(i / 2)] as number)[i % 2] as number)),
      target: generate([indices.length, 2], (i) =>
        inside(indices[Math.floor(i / 2)] as number) === (i % 2 === 1) ? 1 : 0,
      ),
    }),
  }
}

const plain = (batch: number): Network =>
  sequential([batch, 2], [fullyConnected('hidden', 2, 12), plainLayer('act', 'tanh'), fullyConnected('out', 12, 2)])

/** With a batch norm whose running statistics the program carries, and a dropout that is fed its step. */
const normed =
  (learning: boolean) =>
  (batch: number): Network =>
    sequential(
      [batch, 2],
      [
        fullyConnected('hidden', 2, 12),
        batchNorm('norm', 12),
        plainLayer('act', 'tanh'),
        dropout('drop', 0.75),
        fullyConnected('out', 12, 2),
      ],
      learning ? trainingBy(1) : inference,
    )

const description: Description = {
  network: plain,
  optimizer: { op: 'adam', attrs: { weightDecay: 0.001 } },
  loss: 'softmaxCrossEntropy',
  rates: { schedule: 'cosine', rate: 0.05 },
  epochs: 2,
  batch: 8,
  seed: 3,
}
const [train, validation] = [points(32, 1), points(24, 5)]
const training = (given: Partial<Description> = {}): Training =>
  getOrThrow(trainingOf({ ...description, ...given }, { train, validation }))

const trained = async (backend: Backend, of: Training, options: FitOptions<never> = {}): Promise<TrainingState> => {
  const ended = await fit(of, backend, options)()
  if (E.isLeft(ended)) throw new Error(JSON.stringify(ended.left))
  return ended.right
}

// numbers by their bits, whichever array they came in
const bits = ({ tensors, best, progress }: TrainingState): unknown =>
  [tensors, best, progress].map((part) =>
    JSON.stringify(part, (_, value: unknown) =>
      ArrayBuffer.isView(value) ? Array.from(value as Float64Array) : value,
    ),
  )

// through the bytes of a file
const reopened = (of: Training, state: TrainingState): TrainingState =>
  getOrThrow(stateFrom(of, getOrThrow(decodeSafetensors(encodeSafetensors(checkpointOf(of, state))))))

const optimizers: readonly Optimizer[] = [
  { op: 'sgd' },
  { op: 'momentum', attrs: { nesterov: true, weightDecay: 0.01 } },
  { op: 'adagrad' },
  { op: 'rmsprop' },
  { op: 'adadelta' },
  { op: 'adam' },
  { op: 'adamw' },
]

const onEach = (name: string, open: () => Promise<Backend>): void => {
  describe(`training on ${name}`, () => {
    let backend: Backend
    beforeAll(async () => {
      backend = await open()
    })
    afterAll(() => backend.close())

    test.each(optimizers)('$op: 2 steps, a file and 2 more are the bits of 4 in one go', async (optimizer) => {
      const of = training({ optimizer })
      const whole = await trained(backend, of, { until: 4 })
      const half = await trained(backend, of, { until: 2 })
      expect(bits(await trained(backend, of, { from: reopened(of, half), until: 4 }))).toEqual(bits(whole))
    })

    test('with batch norm, dropout, early stopping and a plateau, an interrupted training goes on to the same bits', async () => {
      const of = training({
        network: normed(true),
        inference: normed(false),
        rates: { schedule: 'reduceOnPlateau', rate: 0.02, patience: 0 },
        stopping: { patience: 3, monitor: 'accuracy' },
        l2Penalty: 0.01,
        epochs: 3,
      })
      const whole = await trained(backend, of)
      const [some, more] = [
        await trained(backend, of, { until: 3 }),
        async (state: TrainingState, until: number) => trained(backend, of, { from: reopened(of, state), until }),
      ]
      expect(bits(await more(await more(some, 7), Infinity))).toEqual(bits(whole))
      expect(whole.progress.points).toHaveLength(3)
      expect(whole.tensors['norm.runningMean']?.data).not.toEqual(of.start['norm.runningMean']?.data)
    })

    test('every node of a step of each optimizer keeps its bound, dropout and running statistics too', async () => {
      for (const optimizer of optimizers) {
        const of = training({ network: normed(true), inference: normed(false), optimizer, l2Penalty: 0.01 })
        const worst: number[] = []
        await trained(backend, of, {
          until: 2,
          values: () => everyValue(of.program),
          listen: async (event) => {
            if (event.kind !== 'step') return E.right(undefined)
            const { feeds, values } = event
            const { findings } = getOrThrow(
              lockstep(oracle, of.program, { ...feeds, ...values }, backend.depth ?? anyOrder, { feeds }),
            )
            worst.push(...findings.map(({ judgement }) => judgement.worst.ratio))
            return E.right(undefined)
          },
        })
        expect(worst.length).toBeGreaterThan(40)
        expect(Math.max(...worst)).toBeLessThanOrEqual(1)
      }
    })

    test('a step in parts keeps every bound, draws another mask for each, and goes on from a file to the same bits', async () => {
      const of = training({
        network: (batch) =>
          sequential(
            [batch, 2],
            [
              fullyConnected('hidden', 2, 12),
              plainLayer('act', 'tanh'),
              dropout('drop', 0.5),
              fullyConnected('out', 12, 2),
            ],
            trainingBy(1),
          ),
        microBatch: 3,
        l2Penalty: 0.01,
      })
      const [worst, masks]: [number[], Set<string>] = [[], new Set()]
      const whole = await trained(backend, of, {
        until: 4,
        values: (step) => (step <= 2 ? everyValue(of.program) : []),
        listen: async (event) => {
          if (event.kind !== 'step' || event.step > 2) return E.right(undefined)
          const { feeds, values } = event
          const { findings } = getOrThrow(
            lockstep(oracle, of.program, { ...feeds, ...values }, backend.depth ?? anyOrder, { feeds }),
          )
          worst.push(...findings.map(({ judgement }) => judgement.worst.ratio))
          for (const part of ['micro1.drop', 'micro2.drop'])
            masks.add(Array.from(values[part]?.data ?? [], (y) => (y === 0 ? 0 : 1)).join(''))
          return E.right(undefined)
        },
      })
      expect(worst.length).toBeGreaterThan(60)
      expect(Math.max(...worst)).toBeLessThanOrEqual(1)
      expect(masks.size).toBe(4)
      const half = await trained(backend, of, { until: 2 })
      expect(bits(await trained(backend, of, { from: reopened(of, half), until: 4 }))).toEqual(bits(whole))
    })
  })
}

onEach('the reference', async () => toy())
if (embedded) onEach('the embedded adapter', async () => getOrThrow(await openWebGpu('software')()))

describe('micro-batches', () => {
  const rows = (batch: number): Network =>
    sequential(
      [2, batch, 1],
      [recurrent('cell', 'lstm', { batch, inputs: 1, hidden: 5 }, 'hT'), fullyConnected('out', 5, 2)],
      trainingBy(1),
    )
  // the two numbers of a point, one after the other
  const inTime: Examples = {
    ...train,
    at: (indices) => {
      const { x, target } = train.at(indices)
      const N = indices.length
      return { x: generate([2, N, 1], (i) => x.data[2 * (i % N) + Math.floor(i / N)] as number), target }
    },
  }
  // a step of gradient descent with rate 1: what the weights change by is the gradient
  const bySgd: Partial<Description> = {
    optimizer: { op: 'sgd' },
    rates: { schedule: 'constant', rate: 1 },
    l2Penalty: 0.1,
  }

  test.each([
    ['points, in parts of 3, 3 and 2', plain, train, 3],
    ['points, in parts of 4', plain, train, 4],
    ['points, one by one', plain, train, 1],
    ['sequences, in parts of 3, 3 and 2', rows, inTime, 3],
  ] as const)('%s: the loss and every gradient are those of the batch', async (_, network, examples, microBatch) => {
    const stepOf = async (given: Partial<Description>): Promise<TrainingState> =>
      trained(toy(), getOrThrow(trainingOf({ ...description, ...bySgd, network, ...given }, { train: examples })), {
        until: 1,
      })
    const [whole, parts] = [await stepOf({}), await stepOf({ microBatch })]
    // the same sums in another order, in f64
    const same = (a: number, b: number): boolean => Math.abs(a - b) <= 2 ** -46 * Math.max(1, Math.abs(a))
    expect(same(parts.progress.lossSum, whole.progress.lossSum)).toBe(true)
    for (const name of Object.keys(network(8).parameters))
      expect(
        Array.from(whole.tensors[name]?.data ?? []).every((value, i) =>
          same(value, parts.tensors[name]?.data[i] as number),
        ),
        name,
      ).toBe(true)
  })

  test('a sequence whose last part is smaller keeps a state before it of its own', () => {
    const of = getOrThrow(
      accumulatingProgram([3, 3, 2].map(rows), { optimizer: { op: 'sgd' }, loss: 'softmaxCrossEntropy' }),
    )
    expect(of.inputs['cell.h0']).toEqual([3, 5])
    expect(of.inputs['micro3.cell.h0']).toEqual([2, 5])
    expect(of.carry['micro3.cell.h0']).toBe('micro3.cell.h0')
  })

  test('a network that goes by its batch, and parts that do not fit, are refused', () => {
    const refused = (given: Partial<Description>): unknown =>
      E.getOrElseW((error: unknown) => error)(trainingOf({ ...description, ...given }, { train }))
    expect(refused({ network: normed(true), microBatch: 4 })).toMatchObject({
      code: 'AttributeOutOfRange',
      message: expect.stringMatching(/norm is a batch norm/) as string,
    })
    for (const microBatch of [0, 9, 2.5])
      expect(refused({ microBatch })).toMatchObject({
        code: 'AttributeOutOfRange',
        message: expect.stringMatching(/from 1 to the batch, which is 8/) as string,
      })
  })

  test('all of a batch at once is no other training', () => {
    expect(training({ microBatch: 8 }).program).toEqual(training().program)
    expect(bits(begun(training({ microBatch: 8 })))).toEqual(bits(begun(training())))
  })
})

describe('fit', () => {
  test('parts a ring from what lies around it, which no line does', async () => {
    const of = getOrThrow(
      trainingOf({ ...description, epochs: 24 }, { train: points(256, 1), validation: points(64, 5) }),
    )
    const { progress } = await trained(toy(), of, { sample: 64 })
    const last = progress.points.at(-1)
    expect(last?.accuracy).toBeGreaterThan(0.9)
    expect(last?.validationAccuracy).toBeGreaterThan(0.9)
    expect(progress.points.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 24 }, (_, i) => i + 1))
  })

  test('early stopping gives the weights of the best epoch, not of the last', async () => {
    const of = training({
      stopping: { patience: 2, monitor: 'loss' },
      rates: { schedule: 'constant', rate: 0.7 },
      epochs: 30,
    })
    const state = await trained(toy(), of)
    const { bestEpoch, stop } = state.progress.stopping
    const losses = state.progress.points.map(({ validationLoss = NaN }) => validationLoss)
    expect(stop).toBe(true)
    expect(losses.indexOf(Math.min(...losses))).toBe(bestEpoch)
    expect(losses).toHaveLength(bestEpoch + 3)
    const again = getOrThrow(await evaluateOn(toy(), of, outcomeOf(of, state), validation)())
    expect(again.loss).toBe(losses[bestEpoch])
  })

  test('a penalty of β and a decay of λ = β of the weights alone make the same step', async () => {
    const beta = 0.25
    const run = async (given: Partial<Description>) =>
      (await trained(toy(), training({ rates: { schedule: 'constant', rate: 0.125 }, ...given }), { until: 1 }))
        .tensors['out.w']
    const penalised = await run({ optimizer: { op: 'sgd' }, l2Penalty: beta })
    const decayed = await run({ optimizer: { op: 'sgd', attrs: { weightDecay: beta } } })
    expect(Array.from(decayed?.data ?? [])).toEqual(
      Array.from(penalised?.data ?? [], (v) => expect.closeTo(v, 14) as number),
    )
  })

  test('frozen parameters keep their bits, the others do not', async () => {
    const of = training({ frozen: ['hidden.w', 'hidden.b'] })
    const { tensors } = await trained(toy(), of)
    expect(tensors['hidden.w']).toEqual(of.start['hidden.w'])
    expect(tensors['out.w']).not.toEqual(of.start['out.w'])
    expect(Object.keys(tensors).filter((name) => name.startsWith('hidden'))).toEqual(['hidden.w', 'hidden.b'])
  })

  test('whoever listens ends it with a reason of their own, and a loss that is not finite with its step', async () => {
    const stopped = await fit(training(), toy(), { listen: async () => E.left({ why: 'stopped', by: 'enough' }) })()
    expect(stopped).toEqual(E.left({ why: 'stopped', by: 'enough' }))
    const wild = training({
      optimizer: { op: 'sgd' },
      loss: 'mse',
      rates: { schedule: 'constant', rate: 1e38 },
      epochs: 20,
    })
    expect(await fit(wild, toy())()).toMatchObject({ left: { why: 'diverged' } })
  })

  test.each([
    ['a batch larger than the data', { batch: 33 }, 'AttributeOutOfRange', /a batch of 33 is more than the 32/],
    [
      'an attribute that the optimizer lacks',
      { optimizer: { op: 'sgd', attrs: { beta1: 0 } } },
      'UnknownAttribute',
      /sgd: .*beta1/,
    ],
    [
      'an attribute out of range',
      { optimizer: { op: 'adam', attrs: { beta1: 1 } } },
      'AttributeOutOfRange',
      /adam: attribute beta1 is 1/,
    ],
    ['a frozen parameter that is none', { frozen: ['conv9.w'] }, 'MissingInput', /no parameter conv9.w/],
    [
      'targets of another shape',
      { network: (batch: number) => sequential([batch, 2], [fullyConnected('out', 2, 3)]) },
      'ShapeMismatch',
      /feed target has shape \[8,2\]; the program wants \[8,3\]/,
    ],
    [
      'examples of another shape',
      { network: (batch: number) => sequential([batch, 3], [fullyConnected('out', 3, 2)]) },
      'ShapeMismatch',
      /feed x has shape \[8,2\]; the program wants \[8,3\]/,
    ],
  ] as const)('%s is a Left', (_, given, code, message) => {
    const result = trainingOf({ ...description, ...(given as Partial<Description>) }, { train, validation })
    expect(result).toEqual(E.left({ code, message: expect.stringMatching(message) as string }))
  })
})

describe('a recurrent network', () => {
  // points as sequences of one step
  const sequence = (batch: number): Network =>
    sequential(
      [1, batch, 2],
      [recurrent('lstm', 'lstm', { batch, inputs: 2, hidden: 3 }), fullyConnected('out', 3, 2)],
      inference,
    )
  const steps = (of: Examples): Examples => ({
    ...of,
    at: (indices) => {
      const { x, target } = of.at(indices)
      return { x: tensor([1, ...x.shape], x.data), target }
    },
  })

  test('keeps the state before a sequence from step to step, and is asked about any number of sequences', async () => {
    const examples = { train: steps(train), validation: steps(points(5, 2)) }
    const of = getOrThrow(trainingOf({ ...description, network: sequence }, examples))
    const { tensors, progress } = await trained(toy(), of)
    expect(tensors['lstm.h0']).toEqual(generate([8, 3], () => 0))
    expect(progress.points.at(-1)?.validationLoss).toBeGreaterThan(0)
    const alone = getOrThrow(
      await evaluateOn(toy(), of, outcomeOf(of, { tensors, best: {}, progress }), steps(train), 3)(),
    )
    expect(alone.loss).toBeGreaterThan(0)
  })
})

describe('a checkpoint', () => {
  const of = training({ stopping: { patience: 9, monitor: 'loss' } })
  const made = async (): Promise<Safetensors> => checkpointOf(of, await trained(toy(), of, { until: 5 }))

  test('starts from a state that no step has changed as well', () => {
    expect(reopened(of, begun(of))).toEqual(begun(of))
  })

  test('of another training is refused, with the field that differs', async () => {
    const file = await made()
    const refused = (given: Partial<Description>): unknown =>
      stateFrom(training({ stopping: { patience: 9, monitor: 'loss' }, ...given }), file)
    const told = (message: RegExp): unknown =>
      E.left({ code: 'FormatInvalid', message: expect.stringMatching(message) as string })
    expect(refused({ batch: 4 })).toEqual(told(/of another training: batch is 8 there and 4 here/))
    expect(refused({ seed: 4 })).toEqual(told(/seed is 3 there and 4 here/))
    expect(refused({ optimizer: { op: 'sgd' } })).toEqual(told(/optimizer is .*adam.* there and .*sgd.* here/))
    expect(refused({ frozen: ['out.b'] })).toEqual(told(/frozen is not set there/))
    expect(refused({ network: normed(true) })).toEqual(told(/program is /))
  })

  test('with a tensor missing or of another shape is refused, with its name; one that nothing wants is passed over', async () => {
    const { tensors, metadata = {} } = await made()
    const from = (list: Safetensors['tensors']) => stateFrom(of, { tensors: list, metadata })
    const told = (code: string, message: RegExp): unknown =>
      E.left({ code, message: expect.stringMatching(message) as string })
    expect(from(tensors.filter(({ name }) => name !== 'hidden.w.m'))).toEqual(
      told('MissingInput', /checkpoint: tensor hidden.w.m is missing/),
    )
    expect(from(tensors.filter(({ name }) => name !== 'best/out.b'))).toEqual(told('MissingInput', /best\/out.b/))
    expect(from([...tensors, storedTensor('conv9.w', scalar(1))])).toEqual(from(tensors))
    expect(from([...tensors.slice(1), storedTensor('conv9.w', scalar(1))])).toEqual(
      told('MissingInput', /is missing; nothing wants conv9.w/),
    )
    const wider = (value: Tensor): Safetensors['tensors'] =>
      tensors.map((stored) => (stored.name === 'out.b' ? storedTensor('out.b', value) : stored))
    expect(from(wider(tensor([3], [1, 2, 3])))).toEqual(
      told('ShapeMismatch', /tensor out.b has shape \[3\]; wanted \[2\]/),
    )
  })

  test('that contradicts itself, or is no checkpoint, is refused', async () => {
    const { tensors, metadata = {} } = await made()
    const progress = JSON.parse(metadata['progress'] ?? '') as Readonly<Record<string, unknown>>
    const from = (changed: Readonly<Record<string, unknown>>) =>
      stateFrom(of, { tensors, metadata: { ...metadata, progress: JSON.stringify({ ...progress, ...changed }) } })
    const told = (message: RegExp): unknown =>
      E.left({ code: 'FormatInvalid', message: expect.stringMatching(message) as string })
    expect(from({ step: 9 })).toEqual(told(/at step 9; this training has 8/))
    expect(from({ step: 3 })).toEqual(told(/at step 3 0 epochs are over; it tells of 1/))
    expect(from({ step: -1 })).toEqual(told(/progress has step -1; wanted an integer of at least 0/))
    expect(from({ rate: { rate: 1, best: 0, bad: 0, resting: 0 } })).toEqual(
      told(/schedule has bad, best, rate, resting/),
    )
    expect(stateFrom(of, { tensors })).toEqual(told(/its format is undefined/))
    expect(stateFrom(of, { tensors, metadata: { ...metadata, progress: '{' } })).toEqual(told(/progress is not JSON/))
  })
})

test('the state of an optimizer has one tensor for each of its inputs: adam counts steps in a scalar', () => {
  const parameters = { w: tensor([2], [1, 2]) }
  expect(initialState(parameters, { op: 'adam' })).toEqual({
    w: parameters.w,
    'w.m': tensor([2], Float64Array.of(0, 0)),
    'w.v': tensor([2], Float64Array.of(0, 0)),
    'w.step': scalar(0),
  })
  expect(Object.keys(initialState(parameters, { op: 'sgd' }))).toEqual(['w'])
  const program = getOrThrow(trainingProgram(plain(2), { optimizer: { op: 'adam' }, loss: 'hinge' }))
  expect(program.inputs['out.w.step']).toEqual([])
})
