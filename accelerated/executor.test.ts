import { either as E } from 'fp-ts'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Session } from '../spec/backend.js'
import { sessionOf } from '../spec/backend.js'
import type { EtalonError, Result } from '../spec/error.js'
import type { Program, ProgramNode } from '../spec/program.js'
import { checkProgram } from '../spec/program.js'
import type { Shape, Tensor, Tensors } from '../spec/tensor.js'
import { generate, scalar, sizeOf, tensor } from '../spec/tensor.js'
import type { WebGpuBackend } from './backend.js'
import { planLimits, webGpuBackend } from './backend.js'
import { makeExecutor } from './executor.js'
import type { Plan } from './plan.js'
import { plan } from './plan.js'
import type { RecordedDevice } from './testing/recorded.js'
import { embedded, recordedDevice } from './testing/recorded.js'

const right = <A>(result: Result<A>): A => {
  if (E.isLeft(result)) throw new Error(`${result.left.code}: ${result.left.message}`)
  return result.right
}
const left = <A>(result: Result<A>): EtalonError => {
  if (E.isRight(result)) throw new Error('a Left was expected')
  return result.left
}
const numbers = ({ data }: Pick<Tensor, 'data'>): readonly number[] =>
  Array.from({ length: data.length }, (_, i) => data[i]!)
const list = (...values: readonly number[]): Tensor => tensor([values.length], values)

const node = (
  name: string,
  op: ProgramNode['op'],
  inputs: ProgramNode['inputs'],
  outputs: ProgramNode['outputs'] = { y: name },
  attrs: ProgramNode['attrs'] = {},
): ProgramNode => ({ name, op, direction: 'forward', attrs, inputs, cotangents: {}, outputs })

const relu = (shape: Shape): Program => ({
  inputs: { x: shape },
  nodes: [node('y', 'relu', { x: 'x' })],
  outputs: ['y'],
  carry: {},
})
const planned = (recorded: RecordedDevice, program: Program): Plan =>
  right(plan(right(checkProgram(program)), {}, program.outputs, planLimits(recorded.acquired)))

/** A feed that says how long it is and holds nothing: for requests that are refused before anything is read. */
const hollow = (shape: Shape): Tensor => ({ shape, data: { length: sizeOf(shape) } })

let recorded: RecordedDevice
let backend: WebGpuBackend
let before = 0
beforeAll(async () => {
  recorded = await recordedDevice()
  backend = webGpuBackend(recorded.acquired)
})
afterAll(async () => {
  await backend.close()
})
beforeEach(() => {
  before = recorded.alive()
})

const answersNext = async (): Promise<void> => {
  const { y } = right(await backend.run(relu([3]), { x: list(-1, 0, 2) })())
  expect(numbers(y!)).toEqual([0, 0, 2])
  expect(recorded.alive()).toBe(before)
}

describe.runIf(embedded)('a run', () => {
  test('of no nodes answers with what it was fed, and may watch a value twice', async () => {
    const values = right(await backend.run({ ...relu([2]), nodes: [], outputs: ['x', 'x'] }, { x: list(3, -4) })())
    expect(Object.keys(values)).toEqual(['x'])
    expect(numbers(values['x']!)).toEqual([3, -4])
    expect(right(await backend.run({ ...relu([2]), outputs: [] }, { x: list(3, -4) })())).toEqual({})
  })

  test('takes feeds that no launch reads, and does not send them', async () => {
    recorded.reset()
    const program = { ...relu([2]), inputs: { x: [2], idle: [1000] } }
    right(await backend.run(program, { x: list(1, -1), idle: generate([1000], () => 1) })())
    expect(recorded.traffic.up.filter(({ uniform }) => !uniform)).toEqual([{ bytes: 8, uniform: false }])
  })

  test('takes a part of a longer array, plain numbers and doubles alike', async () => {
    const from = async (data: Tensor['data']): Promise<readonly number[]> =>
      numbers(right(await backend.run(relu([3]), { x: tensor([3], data) })())['y']!)
    expect(await from(Float32Array.of(9, 1, -2, 3, 9).subarray(1, 4))).toEqual([1, 0, 3])
    expect(await from(Float64Array.of(1, -2, 3))).toEqual([1, 0, 3])
    expect(await from([1, -2, 3])).toEqual([1, 0, 3])
    expect(await from(new Float32Array(new SharedArrayBuffer(12)).map((_, i) => i - 1))).toEqual([0, 0, 1])
  })

  test('refuses a feed that is shorter or longer than its shape says', async () => {
    const short = left(await backend.run(relu([3]), { x: tensor([3], [1, 2]) })())
    expect(short).toEqual({ code: 'MalformedTensor', message: 'x has 2 numbers; shape [3] holds 3' })
    expect(left(await backend.run(relu([3]), { x: tensor([3], [1, 2, 3, 4]) })()).code).toBe('MalformedTensor')
    await answersNext()
  })

  test('refuses a tensor larger than a buffer may be by name, bytes and limit, and answers the next request', async () => {
    const { maxBufferSize } = planLimits(recorded.acquired)
    const shape = [maxBufferSize / 4 / 1024 + 1, 1024]
    const { code, message } = left(await backend.run(relu(shape), { x: hollow(shape) })())
    expect(code).toBe('LimitExceeded')
    expect(message).toContain(`y of shape [${shape.join(',')}] takes ${4 * sizeOf(shape)} bytes`)
    expect(message).toContain(`at most ${maxBufferSize} (maxBufferSize)`)
    await answersNext()
  })

  test('has the right answers when many are asked for at once', async () => {
    const sizes = Array.from({ length: 24 }, (_, i) => 1 + ((i * 37) % 150))
    const answers = await Promise.all(
      sizes.map((n, i) =>
        backend.run(
          {
            inputs: { a: [n], b: [n] },
            nodes: [node('s', 'add', { a: 'a', b: 'b' }), node('y', i % 2 ? 'relu' : 'flatten', { x: 's' })].slice(
              0,
              i % 2 ? 2 : 1,
            ),
            outputs: [i % 2 ? 'y' : 's'],
            carry: {},
          },
          { a: generate([n], (k) => k), b: generate([n], () => -i) },
        )(),
      ),
    )
    answers.forEach((answer, i) => {
      const want = Array.from({ length: sizes[i]! }, (_, k) => (i % 2 ? Math.max(k - i, 0) : k - i))
      expect(numbers(Object.values(right(answer))[0]!)).toEqual(want)
    })
    expect(recorded.alive()).toBe(before)
  })

  test('three hundred in a row leave no buffer behind and compile one pipeline', async () => {
    right(await backend.run(relu([5]), { x: list(1, 2, 3, 4, 5) })())
    recorded.reset()
    const made = recorded.traffic.created.size
    for (let i = 0; i < 300; i++)
      right(await backend.run(relu([5 + (i % 7)]), { x: generate([5 + (i % 7)], (k) => k) })())
    expect(recorded.traffic.created.size).toBeGreaterThanOrEqual(made + 300)
    expect(recorded.alive()).toBe(before)
    expect(recorded.traffic.pipelines).toBe(0)
  })
})

describe.runIf(embedded)('what goes wrong on the device comes back as a Left', () => {
  const executor = () => makeExecutor(recorded.acquired)
  const sound = () => planned(recorded, relu([4]))
  const broken = (text: string): Plan => {
    const { launches, ...rest } = sound()
    return {
      ...rest,
      launches: launches.map((launch) => ({ ...launch, shader: launch.shader.replace('fn element', text) })),
    }
  }

  test('a shader that does not compile, by its node and what the compiler says', async () => {
    const { code, message } = left(await executor().prepare(broken('fn elephant')))
    expect(code).toBe('BackendUnavailable')
    expect(message).toMatch(/^y: its shader: .*element/s)
    await answersNext()
  })

  test('a pipeline that failed is tried again', async () => {
    const { device } = recorded.acquired
    const { createComputePipelineAsync } = device
    const tried = executor()
    device.createComputePipelineAsync = () => Promise.reject(new Error('no memory just now'))
    const first = left(await tried.prepare(sound()))
    device.createComputePipelineAsync = createComputePipelineAsync
    expect(first.message).toContain('no memory just now')
    tried.discard(right(await tried.prepare(sound())))
    await answersNext()
  })

  test('a buffer that the device refuses, and those made before it are let go', async () => {
    const plan = sound()
    const bytes = planLimits(recorded.acquired).maxBufferSize + 4
    const { code } = left(await executor().prepare({ ...plan, buffers: [...plan.buffers, { bytes }] }))
    expect(['BackendUnavailable', 'LimitExceeded']).toContain(code)
    await answersNext()
  })

  test('memory that runs out, with the bytes of the plan', async () => {
    const { device } = recorded.acquired
    const { popErrorScope } = device
    const scopes = ['validation', 'out-of-memory', 'internal']
    const tried = executor()
    // a pipeline that is at hand already asks for no scope of its own
    tried.discard(right(await tried.prepare(sound())))
    device.popErrorScope = async () => {
      const error = await popErrorScope.call(device)
      return scopes.shift() === 'out-of-memory' ? { message: 'no more' } : error
    }
    const { code, message } = left(await tried.prepare(sound()))
    device.popErrorScope = popErrorScope
    expect(code).toBe('LimitExceeded')
    // two tensors of 4 numbers, two blocks of uniforms at multiples of 256, and the answer
    expect(message).toMatch(/out of memory: no more; the plan takes 560 bytes$/)
    await answersNext()
  })

  test('a binding that does not fit its buffer, and no buffer is left behind', async () => {
    const plan = sound()
    const launches = plan.launches.map((launch) => ({
      ...launch,
      bindings: launch.bindings.map((binding) => ({ ...binding, size: 4096 })),
    }))
    expect(left(await executor().prepare({ ...plan, launches })).message).toMatch(/^preparing: the device refuses it/)
    await answersNext()
  })

  test('a dispatch past the limit, when it runs', async () => {
    const plan = sound()
    const launches = plan.launches.map((launch) => ({ ...launch, workgroups: [1, 1, 2 ** 20] as const }))
    const tried = executor()
    const prepared = right(await tried.prepare({ ...plan, launches }))
    expect(left(await tried.execute(prepared, { x: list(1, 2, 3, 4) })).code).toBe('BackendUnavailable')
    tried.discard(prepared)
    await answersNext()
  })

  test('a method that throws, half way through preparing', async () => {
    const { device } = recorded.acquired
    const { createBindGroup } = device
    device.createBindGroup = () => {
      throw new Error('thrown half way')
    }
    const thrown = left(await executor().prepare(sound()))
    device.createBindGroup = createBindGroup
    expect(thrown).toEqual({ code: 'BackendUnavailable', message: 'preparing: Error: thrown half way' })
    await answersNext()
  })

  test('a session that fails half way through its state, which is let go', async () => {
    const { device } = recorded.acquired
    const { createBuffer } = device
    let allowed = 2
    device.createBuffer = (descriptor) => {
      if (allowed-- === 0) throw new Error('no third buffer')
      return createBuffer.call(device, descriptor)
    }
    const names = ['a', 'b', 'c']
    const program: Program = {
      inputs: Object.fromEntries(names.map((name) => [name, [2]])),
      nodes: names.map((name) => node(`${name}.next`, 'softmax', { x: name })),
      outputs: [],
      carry: Object.fromEntries(names.map((name) => [name, `${name}.next`])),
    }
    const opened = await backend.open(program, { a: list(1, 2), b: list(3, 4), c: list(5, 6) })()
    device.createBuffer = createBuffer
    expect(left(opened).message).toContain('no third buffer')
    await answersNext()
  })

  test('a state larger than a buffer may be, by name, bytes and limit', async () => {
    const shape = [planLimits(recorded.acquired).maxBufferSize / 4 / 1024 + 1, 1024]
    const program = { ...relu(shape), carry: { x: 'y' } }
    const { code, message } = left(await backend.open(program, { x: hollow(shape) })())
    expect(code).toBe('LimitExceeded')
    expect(message).toContain(`x of shape [${shape.join(',')}] takes ${4 * sizeOf(shape)} bytes`)
    await answersNext()
  })
})

describe.runIf(embedded)('a lost device is reported as such', () => {
  const onOwnDevice = async (use: (own: RecordedDevice, backend: WebGpuBackend) => Promise<void>): Promise<void> => {
    const own = await recordedDevice()
    const on = webGpuBackend(own.acquired)
    await use(own, on)
    await on.close()
  }

  test('where it is lost while a run is on its way', () =>
    onOwnDevice(async (own, on) => {
      right(await on.run(relu([64]), { x: generate([64], () => 1) })())
      const runs = Array.from({ length: 4 }, () => on.run(relu([1 << 20]), { x: generate([1 << 20], () => 1) })())
      own.acquired.device.destroy()
      const ends = await Promise.all(runs)
      expect(ends.map((end) => left(end).code)).toEqual(ends.map(() => 'DeviceLost'))
    }))

  test.each([0, 1, 5, 20])('where it is lost %i ms into a run, if the run had not ended by then', (ms) =>
    onOwnDevice(async (own, on) => {
      const run = on.run(relu([1 << 21]), { x: generate([1 << 21], () => 1) })()
      await new Promise((done) => setTimeout(done, ms))
      own.acquired.device.destroy()
      const end = await run
      if (E.isLeft(end)) expect(end.left.code).toBe('DeviceLost')
      else expect(end.right['y']?.data[(1 << 21) - 1]).toBe(1)
    }),
  )

  test('where the backend was closed before, in runs and in sessions', () =>
    onOwnDevice(async (_, on) => {
      const session = right(await on.open({ ...relu([2]), carry: { x: 'y' } }, { x: list(1, 2) })())
      right(await session.step({})())
      await on.close()
      const ends: readonly Result<unknown>[] = [
        await on.run(relu([2]), { x: list(1, 2) })(),
        await on.open({ ...relu([2]), carry: { x: 'y' } }, { x: list(1, 2) })(),
        await session.step({})(),
        await session.step({}, ['x'])(),
        await session.state(),
        await session.run(relu([2]), {})(),
      ]
      expect(ends.map((end) => left(end).code)).toEqual(ends.map(() => 'DeviceLost'))
      await session.close()
    }))
})

describe.runIf(embedded)('a session', () => {
  // w′ = w − η·g, and seen = max(w, 0) before the step
  const program: Program = {
    inputs: { w: [3], g: [3], eta: [] },
    nodes: [
      node('seen', 'relu', { x: 'w' }),
      node('next', 'sgd', { w: 'w', g: 'g' }, { w: 'next' }, { learningRate: { feed: 'eta' } }),
    ],
    outputs: ['seen'],
    carry: { w: 'next' },
  }
  const feeds = (eta: number): Tensors => ({ g: list(1, 2, -4), eta: scalar(eta) })
  const opened = async (): Promise<Session> => right(await backend.open(program, { w: list(8, -8, 0) })())
  const w = async (session: Session): Promise<readonly number[]> => numbers(right(await session.state())['w']!)

  test('keeps its state between steps, and gives it', async () => {
    const session = await opened()
    expect(await w(session)).toEqual([8, -8, 0])
    right(await session.step(feeds(1))())
    const { seen } = right(await session.step(feeds(2))())
    expect(numbers(seen!)).toEqual([7, 0, 4])
    expect(await w(session)).toEqual([5, -14, 12])
    expect(await w(session)).toEqual([5, -14, 12])
    await session.close()
    expect(recorded.alive()).toBe(before)
  })

  test('follows a fed attribute from step to step, there and back', async () => {
    const session = await opened()
    for (const eta of [0.5, 0, 0.5, 0.25, 0.25, 0]) right(await session.step(feeds(eta))())
    expect(await w(session)).toEqual([6.5, -11, 6])
    await session.close()
  })

  test('shows its state to another program, as it is now', async () => {
    const session = await opened()
    const another: Program = {
      inputs: { w: [3], z: [3] },
      nodes: [node('y', 'add', { a: 'w', b: 'z' })],
      outputs: ['y'],
      carry: {},
    }
    const sum = async (): Promise<readonly number[]> =>
      numbers(right(await session.run(another, { z: list(100, 100, 100) })())['y']!)
    expect(await sum()).toEqual([108, 92, 100])
    right(await session.step(feeds(1))())
    expect(await sum()).toEqual([107, 90, 104])
    await session.close()
    expect(recorded.alive()).toBe(before)
  })

  test('refuses another program that wants the state in another shape, or has a state of its own', async () => {
    const session = await opened()
    const other = { ...relu([2, 2]), inputs: { w: [2, 2] }, nodes: [node('y', 'relu', { x: 'w' })] }
    expect(left(await session.run(other, {})())).toEqual({
      code: 'ShapeMismatch',
      message: 'w has shape [3] in the session; the program run on it wants [2,2]',
    })
    expect(left(await session.run({ ...relu([3]), carry: { x: 'y' } }, { x: list(1, 2, 3) })()).code).toBe(
      'UnexpectedInput',
    )
    right(await session.step(feeds(1))())
    await session.close()
  })

  test('refuses a step with wrong feeds and goes on from where it was', async () => {
    const session = await opened()
    right(await session.step(feeds(1))())
    const codes = [
      left(await session.step({ g: list(1, 2, 3) })()).code,
      left(await session.step({ ...feeds(1), g: list(1, 2) })()).code,
      left(await session.step({ ...feeds(1), g: tensor([3], [1, 2]) })()).code,
      left(await session.step({ ...feeds(1), w: list(1, 2, 3) })()).code,
      left(await session.step({ ...feeds(1), other: list(1) })()).code,
      left(await session.step(feeds(-1))()).code,
      left(await session.step(feeds(NaN))()).code,
      left(await session.step(feeds(1), ['nowhere'])()).code,
    ]
    expect(codes).toEqual([
      'MissingInput',
      'ShapeMismatch',
      'MalformedTensor',
      'UnexpectedInput',
      'UnexpectedInput',
      'AttributeOutOfRange',
      'AttributeOutOfRange',
      'MissingInput',
    ])
    expect(await w(session)).toEqual([7, -10, 4])
    right(await session.step(feeds(1))())
    expect(await w(session)).toEqual([6, -12, 8])
    await session.close()
  })

  test('has one state for all that is watched', async () => {
    const session = await opened()
    right(await session.step(feeds(1), ['seen'])())
    const { next } = right(await session.step(feeds(1), ['next'])())
    expect(numbers(next!)).toEqual([6, -12, 8])
    const { w: old, seen } = right(await session.step(feeds(1), ['w', 'seen'])())
    expect(numbers(old!)).toEqual([6, -12, 8])
    expect(numbers(seen!)).toEqual([6, 0, 8])
    expect(await w(session)).toEqual([5, -14, 12])
    await session.close()
    expect(recorded.alive()).toBe(before)
  })

  test('tells apart what is watched where names have spaces in them', async () => {
    const spaced: Program = {
      inputs: { w: [1] },
      nodes: ['a', 'b', 'a b'].map((name) => node(name, 'relu', { x: 'w' })),
      outputs: [],
      carry: { w: 'a' },
    }
    const session = right(await backend.open(spaced, { w: list(1) })())
    expect(Object.keys(right(await session.step({}, ['a b'])()))).toEqual(['a b'])
    expect(Object.keys(right(await session.step({}, ['a', 'b'])()))).toEqual(['a', 'b'])
    await session.close()
  })

  test('takes steps that are asked for at once, one after the other, and loses no buffer over it', async () => {
    const session = await opened()
    const rates = [1, 2, 0, 4, 1]
    const answers = await Promise.all(rates.map((eta) => session.step(feeds(eta), ['w', 'next'])()))
    answers.forEach((answer, i) => {
      const { w: from, next } = right(answer)
      expect(numbers(next!)).toEqual(numbers(from!).map((v, k) => v - rates[i]! * [1, 2, -4][k]!))
    })
    expect(await w(session)).toEqual([0, -24, 32])
    await session.close()
    expect(recorded.alive()).toBe(before)
  })

  test('lets two of its inputs change places, and one take another’s old value', async () => {
    const swapping: Program = {
      inputs: { a: [2], b: [2], c: [2] },
      nodes: [],
      outputs: ['a'],
      carry: { a: 'b', b: 'a', c: 'a' },
    }
    const session = right(await backend.open(swapping, { a: list(1, 2), b: list(3, 4), c: list(5, 6) })())
    right(await session.step({})())
    const { a, b, c } = right(await session.state())
    expect([a!, b!, c!].map(numbers)).toEqual([
      [3, 4],
      [1, 2],
      [1, 2],
    ])
    await session.close()
    expect(recorded.alive()).toBe(before)
  })

  test('is the same as one whose state travels with every step', async () => {
    const { open: _, ...stateless } = backend
    const [resident, travelling] = [await opened(), right(await sessionOf(stateless, program, { w: list(8, -8, 0) })())]
    for (const eta of [0.5, 1, 0]) {
      const [a, b] = [
        right(await resident.step(feeds(eta), ['seen', 'w'])()),
        right(await travelling.step(feeds(eta), ['seen', 'w'])()),
      ]
      expect(a).toEqual(b)
    }
    expect(right(await resident.state())).toEqual(right(await travelling.state()))
    await resident.close()
  })

  test('takes steps in the order in which they are asked for, though new ones take longer to make ready', async () => {
    const kept = await opened()
    const wanted: Tensors[] = []
    for (const watch of [['next'], ['w'], ['next'], ['seen', 'w']])
      wanted.push(right(await kept.step(feeds(wanted.length + 1), watch)()))
    wanted.push(right(await kept.state()), right(await kept.step(feeds(5), ['w'])()))
    await kept.close()
    const session = await opened()
    right(await session.step(feeds(1), ['next'])())
    // what was asked before is ready at once, and all else has to be planned and laid down
    const [second, third, fourth, state, fifth] = await Promise.all([
      session.step(feeds(2), ['w'])(),
      session.step(feeds(3), ['next'])(),
      session.step(feeds(4), ['seen', 'w'])(),
      session.state(),
      session.step(feeds(5), ['w'])(),
    ])
    expect([second, third, fourth, state, fifth].map(right)).toEqual(wanted.slice(1))
    await session.close()
  })

  test('may be closed while a step is on its way: the step ends, one way or the other, and no buffer stays', async () => {
    const session = await opened()
    const steps = [session.step(feeds(1))(), session.step(feeds(1), ['w'])()]
    await session.close()
    const ends = await Promise.all(steps)
    ends.forEach((end) => E.isLeft(end) && expect(end.left.code).toBe('BackendUnavailable'))
    await answersNext()
  })

  test('frees all its buffers when it is closed, answers nothing after, and may be closed again', async () => {
    const session = await opened()
    right(await session.step(feeds(1))())
    right(await session.run({ ...relu([3]), inputs: { w: [3] }, nodes: [node('y', 'relu', { x: 'w' })] }, {})())
    expect(recorded.alive()).toBeGreaterThan(before)
    await session.close()
    expect(recorded.alive()).toBe(before)
    const ends: readonly Result<unknown>[] = [
      await session.step(feeds(1))(),
      await session.step(feeds(1), ['w'])(),
      await session.state(),
    ]
    ends.forEach((end) => expect(left(end)).toEqual({ code: 'BackendUnavailable', message: 'the session is closed' }))
    await session.close()
    await answersNext()
  })
})
