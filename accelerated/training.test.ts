import { either as E } from 'fp-ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Session } from '../spec/backend.js'
import type { Result } from '../spec/error.js'
import { lenet5 } from '../spec/networks/lenet5.js'
import { checkProgram } from '../spec/program.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import { generate } from '../spec/tensor.js'
import { initialParameters } from '../training/initialize.js'
import { initialState, stepFeeds, trainingProgram, trainingStep } from '../training/step.js'
import type { WebGpuBackend } from './backend.js'
import { planLimits, webGpuBackend } from './backend.js'
import { makeExecutor } from './executor.js'
import { plan } from './plan.js'
import type { RecordedDevice } from './testing/recorded.js'
import { embedded, recordedDevice } from './testing/recorded.js'

const right = <A>(result: Result<A>): A => {
  if (E.isLeft(result)) throw new Error(`${result.left.code}: ${result.left.message}`)
  return result.right
}

const batch = 8
const network = lenet5(batch)
const program = right(trainingStep(network, { momentum: Math.fround(0.9), weightDecay: 0 }))
const feedsOf = (samples: number, learningRate: number, shift = 0): Tensors =>
  stepFeeds({
    x: generate([samples, 1, 28, 28], (i) => Math.fround(Math.sin(i * 0.37 + shift))),
    target: generate([samples, 10], (i) => (i % 10 === (Math.floor(i / 10) * 3) % 10 ? 1 : 0)),
    learningRate,
  })
const everyValue = [
  ...new Set([...Object.keys(program.inputs), ...program.nodes.flatMap(({ outputs }) => Object.values(outputs))]),
]
const feeds = (learningRate: number, shift = 0): Tensors => feedsOf(batch, learningRate, shift)
const state = initialState(initialParameters(network, 1))
const [images, targets, scalar] = [batch * 28 * 28 * 4, batch * 10 * 4, 4]

/** What a step of LeNet-5 dispatches: a change here is a change of cost, and is made knowingly. */
const launches = 27

describe.runIf(embedded)('a LeNet-5 training step on the device', () => {
  let recorded: RecordedDevice
  let backend: WebGpuBackend
  let session: Session
  beforeAll(async () => {
    recorded = await recordedDevice()
    backend = webGpuBackend(recorded.acquired)
    session = right(await backend.open(program, state)())
    right(await session.step(feeds(0.02))())
  })
  afterAll(async () => {
    await session.close()
    await backend.close()
  })

  const step = async (learningRate: number, shift = 0, watch?: readonly string[]): Promise<Tensors> => {
    recorded.reset()
    return right(await session.step(feeds(learningRate, shift), watch)())
  }

  test(`is ${launches} dispatches in one submit, as its plan says`, async () => {
    const { traffic, acquired } = recorded
    await step(0.02)
    const planned = right(plan(right(checkProgram(program)), feeds(0.02), ['loss'], planLimits(acquired)))
    expect(traffic.dispatches).toBe(launches)
    expect(planned.launches).toHaveLength(launches)
    expect(traffic.submits).toBe(1)
    expect(traffic.pipelines).toBe(0)
  })

  test('takes the memory that was predicted before anything was there, to the byte, and gives all of it back', async () => {
    const own = webGpuBackend(recorded.acquired)
    const wanted = right(own.memory.ofStep(program))
    expect(own.counters().bytesHeld).toBe(0)
    const opened = right(await own.open(program, state)())
    right(await opened.step(feeds(0.02))())
    expect(own.memory.most()).toEqual({ allocated: wanted, predicted: wanted })
    // another program on the same state, every value watched, the state brought back, and one that keeps nothing
    right(await opened.step(feeds(0.02), everyValue)())
    right(await opened.run({ ...network.program, carry: {} }, { x: feeds(0.02)['x'] as Tensor })())
    right(await opened.state())
    const { x } = feeds(0.02)
    right(await own.run({ ...network.program, carry: {} }, { ...initialParameters(network, 1), x: x as Tensor })())
    const { allocated, predicted } = own.memory.most()
    expect(allocated).toBe(predicted)
    expect(allocated).toBeGreaterThan(wanted)
    await opened.close()
    expect(own.counters().bytesHeld).toBe(0)
  })

  test('what takes more memory than there is is refused with the figures, before anything is there', async () => {
    const own = webGpuBackend({ ...recorded.acquired, memory: 2 ** 18 })
    const outcome = await own.open(program, state)()
    expect(outcome).toMatchObject({
      _tag: 'Left',
      left: {
        code: 'LimitExceeded',
        message: expect.stringMatching(/takes \d+ bytes of device memory; there are/) as string,
      },
    })
    expect(own.counters().mostBytesHeld).toBe(0)
  })

  test('is fed its batch while the step before it runs, to the same bits', async () => {
    const { traffic } = recorded
    const [plain, ahead] = [right(await backend.open(program, state)()), right(await backend.open(program, state)())]
    const batches = [0, 1, 2].map((shift) => feeds(0.02, shift))
    for (const one of batches) right(await plain.step(one)())
    for (const [i, one] of batches.entries()) {
      recorded.reset()
      const begun = right(await (ahead.begin as NonNullable<Session['begin']>)(one)())
      expect(traffic.up.filter(({ bytes }) => bytes === images)).toHaveLength(i === 0 ? 1 : 0)
      const next = batches[i + 1]
      if (next !== undefined) begun.ahead({ x: next['x'] as Tensor, target: next['target'] as Tensor })
      right(await begun.values())
    }
    const [wanted, found] = [right(await plain.state()), right(await ahead.state())]
    for (const name of Object.keys(wanted)) expect(found[name]?.data).toEqual(wanted[name]?.data)
    await plain.close()
    await ahead.close()
  })

  test('brings 4 bytes back: the loss, and no parameter ever', async () => {
    const { traffic } = recorded
    const values = await step(0.02)
    expect(Object.keys(values)).toEqual(['loss'])
    expect(traffic.back).toBe(4)
    expect(traffic.mapped).toBe(4)
  })

  test('sends up the images, the targets and the loss’s own cotangent, and of the blocks nothing at the same rate', async () => {
    const { traffic } = recorded
    await step(0.02)
    expect(traffic.up.filter(({ uniform }) => uniform)).toEqual([])
    expect(traffic.up.map(({ bytes }) => bytes).sort((a, b) => a - b)).toEqual([scalar, targets, images])
  })

  test('sends up one block of 16 bytes for all ten updates when the rate changes', async () => {
    const { traffic } = recorded
    await step(0.015)
    expect(traffic.up.filter(({ uniform }) => uniform)).toEqual([{ bytes: 16, uniform: true }])
  })

  test('copies nothing but the loss', async () => {
    await step(0.02)
    expect(recorded.traffic.copies).toBe(1)
  })

  test('makes no buffer but the four bytes that are read back, and lets go of them', async () => {
    await step(0.02)
    const before = { alive: recorded.alive(), made: recorded.traffic.created.size }
    await step(0.02)
    await step(0.01)
    expect(recorded.alive()).toBe(before.alive)
    expect(recorded.traffic.created.size).toBe(before.made + 2)
  })

  test('counts the same itself', async () => {
    const before = backend.counters()
    await step(0.03)
    const after = backend.counters()
    expect(after.dispatches - before.dispatches).toBe(recorded.traffic.dispatches)
    expect(after.submits - before.submits).toBe(recorded.traffic.submits)
    expect(after.bytesBack - before.bytesBack).toBe(recorded.traffic.mapped)
    expect(after.bytesUp - before.bytesUp).toBe(recorded.traffic.up.reduce((n, { bytes }) => n + bytes, 0))
  })

  test('gives the same bits whatever else is watched, and whether the state travels or stays', async () => {
    const everything = Object.keys(right(checkProgram(program)).shapes).filter((name) => name !== 'learningRate')
    const [narrow, wide] = [right(await backend.open(program, state)()), right(await backend.open(program, state)())]
    let travelling = state
    for (const shift of [0, 1, 2]) {
      const given = feeds(0.02, shift)
      const a = right(await narrow.step(given, ['loss'])())
      const b = right(await wide.step(given, everything)())
      const c = right(
        await backend.run(program, { ...travelling, ...given }, ['loss', ...Object.values(program.carry)])(),
      )
      travelling = Object.fromEntries(Object.entries(program.carry).map(([name, value]) => [name, c[value] as Tensor]))
      expect(a['loss']?.data).toEqual(b['loss']?.data)
      expect(a['loss']?.data).toEqual(c['loss']?.data)
    }
    const states = [right(await narrow.state()), right(await wide.state()), travelling]
    Object.keys(program.carry).forEach((name) => {
      expect(states[1]?.[name]?.data).toEqual(states[0]?.[name]?.data)
      expect(states[2]?.[name]?.data).toEqual(states[0]?.[name]?.data)
    })
    await narrow.close()
    await wide.close()
  })
})

describe.runIf(embedded)('a LeNet-5 training step, fused', () => {
  test.each(['momentum', 'adam'] as const)('gives by %s the bits that it gives plainly', async (op) => {
    const { acquired } = await recordedDevice()
    const executor = makeExecutor(acquired)
    const by = right(trainingProgram(lenet5(2), { optimizer: { op }, loss: 'softmaxCrossEntropy' }))
    const checked = right(checkProgram(by))
    const small = { ...initialState(initialParameters(lenet5(2), 1), { op }), ...feedsOf(2, 0.02) }
    const watch = ['loss', ...Object.values(by.carry)]
    const answers = []
    for (const plain of [false, true]) {
      const made = right(plan(checked, small, watch, planLimits(acquired), { plain }))
      const prepared = right(await executor.prepare(made))
      answers.push(right(await executor.execute(prepared, small)))
    }
    expect(answers[0]).toEqual(answers[1])
    await acquired.release()
  })
})

describe.runIf(embedded)('a LeNet-5 whose first filter holds one NaN', () => {
  test('has no loss any more, from the next step on', async () => {
    const backend = webGpuBackend((await recordedDevice()).acquired)
    const filter = state['conv1.w'] as Tensor
    const broken = { ...state, 'conv1.w': generate(filter.shape, (i) => (i === 7 ? NaN : (filter.data[i] as number))) }
    const session = right(await backend.open(program, broken)())
    for (const shift of [0, 1]) expect(right(await session.step(feeds(0.02, shift))())['loss']?.data[0]).toBe(NaN)
    await session.close()
    await backend.close()
  })
})
