import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { reference, run } from '../reference/index.js'
import { getOrThrow } from '../spec/error.js'
import { mlp } from '../spec/networks/mlp.js'
import type { Network } from '../spec/networks/network.js'
import { fullyConnected, plainLayer, sequential } from '../spec/networks/network.js'
import { draws, keyOf } from '../spec/philox.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import { generate, mapTensor, sumOf } from '../spec/tensor.js'
import type { InnerSteps, MetaAlgorithm, Task } from '../training/meta.js'
import { metaLearner, sinusoid, taskFeeds, taskProgram } from '../training/meta.js'

const network = (examples: number): Network => mlp(examples, { units: [1, 3, 1] })
const [support, query] = [network(4), network(5)]

const parametersOf = (seed: string): Tensors => {
  const draw = draws(keyOf(seed))
  return Object.fromEntries(
    Object.entries(support.parameters).map(([name, { shape }]) => [name, generate(shape, () => draw.normal())]),
  )
}

const inner = (steps: number): InnerSteps => ({ loss: 'mse', steps, rate: 0.0625 })
const parameters = parametersOf('meta')
const task = sinusoid(draws(keyOf('task')), 4, 5)

/** The largest difference between the meta-gradient and central differences of the query's loss after the steps. */
const apart = (steps: number, order: 'first' | 'second'): number => {
  const { program, gradients, loss, ...rest } = getOrThrow(taskProgram(support, query, inner(steps), order))
  const feeds = (at: Tensors): Tensors => taskFeeds({ program, gradients, loss, ...rest }, task, at)
  const lossAt = (at: Tensors): number => getOrThrow(run(program, feeds(at), [loss]))[loss]?.data[0] as number
  const found = getOrThrow(run(program, feeds(parameters), Object.values(gradients)))
  const h = 2 ** -17
  const each = Object.entries(parameters).flatMap(([name, x]) =>
    Array.from({ length: x.data.length }, (_, i) => {
      const moved = (by: number): Tensors => ({ ...parameters, [name]: mapTensor((v, j) => (i === j ? v + by : v), x) })
      const slope = (lossAt(moved(h)) - lossAt(moved(-h))) / (2 * h)
      return Math.abs(slope - ((found[gradients[name] as string] as Tensor).data[i] as number)) / (1 + Math.abs(slope))
    }),
  )
  return each.reduce((a, b) => Math.max(a, b))
}

describe('the gradient of a task', () => {
  it.each([0, 1, 3])('of the second order is the slope of the query’s loss after %i steps', (steps) => {
    // differences of f64 at h = 2⁻¹⁷ err h² of the third derivative, and 2⁻⁵²/h
    expect(apart(steps, 'second')).toBeLessThan(1e-8)
  })

  it('of the first order is not, but where there are no steps', () => {
    expect(apart(0, 'first')).toBeLessThan(1e-8)
    expect(apart(2, 'first')).toBeGreaterThan(1e-2)
  })

  it('goes through pieces that are straight as well', () => {
    const of = (N: number) =>
      sequential([N, 1], [fullyConnected('a', 1, 3), plainLayer('relu', 'relu'), fullyConnected('b', 3, 1)])
    const { program } = getOrThrow(taskProgram(of(4), of(5), inner(1), 'second'))
    expect(program.nodes.length).toBeGreaterThan(0)
  })
})

describe('steps that move a part of the parameters', () => {
  const head = ['fc2.w', 'fc2.b']
  const body = Object.keys(parameters).filter((name) => !head.includes(name))
  const fromZero = {
    ...parameters,
    ...Object.fromEntries(head.map((name) => [name, mapTensor(() => 0, parameters[name] as Tensor)])),
  }
  const found = (steps: InnerSteps, at: Tensors): Readonly<Record<string, Tensor>> => {
    const made = getOrThrow(taskProgram(support, query, steps, 'second'))
    const names = { loss: made.loss, ...Object.fromEntries(body.map((name) => [name, made.gradients[name] as string])) }
    const values = getOrThrow(run(made.program, taskFeeds(made, task, at), Object.values(names)))
    return Object.fromEntries(Object.entries(names).map(([name, value]) => [name, values[value] as Tensor]))
  }

  it('leave the others as they are', () => {
    const { adapted } = getOrThrow(taskProgram(support, query, { ...inner(2), moved: head }, 'second'))
    expect(body.filter((name) => adapted[name] === name)).toEqual(body)
    expect(head.filter((name) => adapted[name] === name)).toEqual([])
  })

  it('are all that one step does from a last layer of 0, and no more than a part elsewhere', () => {
    const apartAt = (at: Tensors): number => {
      const [all, last] = [found(inner(1), at), found({ ...inner(1), moved: head }, at)]
      const differences = Object.entries(all).flatMap(([name, { data }]) =>
        Array.from(data as Float64Array, (v, i) => Math.abs(v - (last[name]?.data[i] as number)) / (1 + Math.abs(v))),
      )
      return Math.max(...differences)
    }
    // the same numbers of f64, added in other orders
    expect(apartAt(fromZero)).toBeLessThan(1e-12)
    expect(apartAt(parameters)).toBeGreaterThan(1e-6)
  })

  it('are refused where the network has no such parameter', () => {
    expect(taskProgram(support, query, { ...inner(1), moved: ['fc9.w'] }, 'second')).toMatchObject(
      E.left({ code: 'MissingInput' }),
    )
  })
})

const learner = (algorithm: MetaAlgorithm) =>
  getOrThrow(metaLearner(support, query, { ...inner(1), algorithm, optimizer: { op: 'adam' }, metaRate: 2 ** -2 }))

/** The mean loss of some tasks' queries after a step, before and after learning over batches of four. */
const learnt = async (algorithm: MetaAlgorithm): Promise<readonly [number, number]> => {
  const { begun, step } = learner(algorithm)
  const draw = draws(keyOf('tasks'))
  const batch = (): readonly Task[] => Array.from({ length: 4 }, () => sinusoid(draw, 4, 5))
  const held = batch()
  let state = begun(parameters)
  const lossOf = async () => getOrThrow(await step(reference, state, held)()).loss
  const before = await lossOf()
  for (let k = 0; k < 20; k++) state = getOrThrow(await step(reference, state, batch())())
  return [before, await lossOf()]
}

describe('learning over tasks', () => {
  it.each(['maml', 'firstOrderMaml', 'reptile'] as const)(
    '%s: other sinusoids are learnt better afterwards',
    async (algorithm) => {
      const [before, after] = await learnt(algorithm)
      expect(after).toBeLessThan(0.95 * before)
    },
  )

  it('is a pure step: the same state and tasks give the same bits, and the state is left alone', async () => {
    const { begun, step } = learner('maml')
    const state = begun(parameters)
    const [a, b] = [await step(reference, state, [task])(), await step(reference, state, [task])()]
    expect(a).toEqual(b)
    expect(state).toEqual(begun(parameters))
  })

  it('a session takes the steps that pure ones take, and leaves alone what is frozen', async () => {
    const method = { ...inner(1), algorithm: 'firstOrderMaml', optimizer: { op: 'adam' }, metaRate: 2 ** -2 } as const
    const [frozen] = Object.keys(parameters) as [string]
    const { begun, open, step } = getOrThrow(metaLearner(support, query, { ...method, frozen: [frozen] }))
    const draw = draws(keyOf('sessions'))
    const batches = Array.from({ length: 3 }, () => Array.from({ length: 2 }, () => sinusoid(draw, 4, 5)))
    const session = getOrThrow(await open(reference, begun(parameters), 2)())
    let state = begun(parameters)
    for (const batch of batches) {
      state = getOrThrow(await step(reference, state, batch)())
      expect(getOrThrow(await session.step(batch)())).toBe(state.loss)
    }
    expect(getOrThrow(await session.state())).toEqual(state.state)
    expect(state.state[frozen]).toEqual(parameters[frozen])
    expect(state.state[frozen.replace('w', 'b')]).not.toEqual(parameters[frozen.replace('w', 'b')])
    const strange = metaLearner(support, query, { ...method, frozen: ['fc9.w'] })
    expect(strange).toMatchObject(E.left({ code: 'MissingInput' }))
  })

  it('Reptile by plain gradient descent at rate 1 goes all the way to the adapted parameters', async () => {
    const { begun, step } = getOrThrow(
      metaLearner(support, query, { ...inner(2), algorithm: 'reptile', optimizer: { op: 'sgd' }, metaRate: 1 }),
    )
    const { program, adapted, ...rest } = getOrThrow(taskProgram(support, query, inner(2), 'first'))
    const feeds = taskFeeds({ program, adapted, ...rest }, task, parameters)
    const ends = getOrThrow(run(program, feeds, Object.values(adapted)))
    const { state } = getOrThrow(await step(reference, begun(parameters), [task])())
    for (const [name, value] of Object.entries(adapted))
      for (const [i, v] of Array.from((ends[value] as Tensor).data as Float64Array).entries())
        expect(state[name]?.data[i]).toBeCloseTo(v, 6)
  })
})

describe('what is refused', () => {
  it('a step without tasks, and a task of another number of examples', async () => {
    const { begun, step } = learner('maml')
    expect(await step(reference, begun(parameters), [])()).toMatchObject(E.left({ code: 'MissingInput' }))
    const few = sinusoid(draws(keyOf('few')), 2, 5)
    expect(await step(reference, begun(parameters), [few])()).toMatchObject(E.left({ code: 'ShapeMismatch' }))
  })

  it('steps below 0, and rates that are no numbers', () => {
    expect(taskProgram(support, query, inner(-1), 'second')).toMatchObject(E.left({ code: 'AttributeOutOfRange' }))
    const odd = { ...inner(1), rate: NaN }
    expect(taskProgram(support, query, odd, 'second')).toMatchObject(E.left({ code: 'AttributeOutOfRange' }))
  })

  it('a network with an op that has no second derivative, but only where one is needed', () => {
    const of = (N: number) =>
      sequential(
        [N, 2, 2, 2],
        [plainLayer('norm', 'localResponseNorm'), plainLayer('flat', 'flatten'), fullyConnected('a', 8, 1)],
      )
    const behind = (N: number) =>
      sequential(
        [N, 2],
        [
          fullyConnected('a', 2, 8),
          plainLayer('image', 'reshape', { shape: [N, 2, 2, 2] }),
          plainLayer('norm', 'localResponseNorm'),
          plainLayer('flat', 'flatten'),
          fullyConnected('b', 8, 1),
        ],
      )
    expect(E.isRight(taskProgram(of(2), of(3), inner(1), 'second'))).toBe(true)
    expect(taskProgram(behind(2), behind(3), inner(1), 'second')).toMatchObject(E.left({ code: 'NoBackward' }))
    expect(E.isRight(taskProgram(behind(2), behind(3), inner(1), 'first'))).toBe(true)
  })
})

describe('sinusoids', () => {
  it('are the tasks of Finn et al.: amplitudes in [0.1, 5], phases in [0, π], x in [−5, 5]', () => {
    const draw = draws(keyOf('sinusoids'))
    const tasks = Array.from({ length: 50 }, () => sinusoid(draw, 10, 10))
    for (const { support, query } of tasks) {
      expect(support.x.shape).toEqual([10, 1])
      for (const x of [...Array.from(support.x.data as Float64Array), ...Array.from(query.x.data as Float64Array)])
        expect(Math.abs(x)).toBeLessThanOrEqual(5)
      for (const y of Array.from(support.target.data as Float64Array)) expect(Math.abs(y)).toBeLessThanOrEqual(5)
    }
    expect(new Set(tasks.map(({ support }) => sumOf(support.target.data))).size).toBe(50)
  })
})
