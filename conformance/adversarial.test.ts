import { either as E } from 'fp-ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openWebGpu } from '../accelerated/index.js'
import { embedded } from '../accelerated/testing/recorded.js'
import { oracle, reference } from '../reference/index.js'
import type { Backend } from '../spec/backend.js'
import { sessionOf } from '../spec/backend.js'
import { anyOrder } from '../spec/bound.js'
import { getOrThrow } from '../spec/error.js'
import { discriminator, gan, generator } from '../spec/networks/gan.js'
import { fullyConnected, scoped, sequential, trainingBy } from '../spec/networks/network.js'
import { draws, keyOf } from '../spec/philox.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import { generate, tensor } from '../spec/tensor.js'
import type { Adversaries } from '../training/adversarial.js'
import { adversarialFeeds, adversarialState, adversarialStep, adversarialValues } from '../training/adversarial.js'
import { initialParameters } from '../training/initialize.js'
import { everyValue, lockstep } from './lockstep.js'

/** Adversaries that a pencil can follow: numbers drawn as g·n + c, and told by d·x + e. */
const linear: Adversaries = {
  generator: sequential([2, 1], [scoped('generator', fullyConnected('fc', 1, 1))]),
  discriminator: sequential([2, 1], [scoped('discriminator', fullyConnected('fc', 1, 1))]),
}
const [g, c, d, e] = [0.5, 0.25, -0.75, 0.125]
const parameters: Tensors = {
  'generator.fc.w': tensor([1, 1], [g]),
  'generator.fc.b': tensor([1], [c]),
  'discriminator.fc.w': tensor([1, 1], [d]),
  'discriminator.fc.b': tensor([1], [e]),
}
const [noise, real, learningRate] = [[-1, 2], [1.5, 3], 0.5]
const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z))
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length

describe('a step of two adversaries', () => {
  // the derivative of ℓ(z, t) is σ(z) − t
  const drawn = noise.map((n) => g * n + c)
  const told = [
    ...real.map((x) => ({ x, error: sigmoid(d * x + e) - 1 })),
    ...drawn.map((x) => ({ x, error: sigmoid(d * x + e) })),
  ]
  const [d2, e2] = [
    d - learningRate * mean(told.map(({ x, error }) => error * x)),
    e - learningRate * mean(told.map(({ error }) => error)),
  ]
  const taken = noise.map((n) => ({ n, error: (sigmoid(d2 * (g * n + c) + e2) - 1) * d2 }))
  const [g2, c2] = [
    g - learningRate * mean(taken.map(({ n, error }) => error * n)),
    c - learningRate * mean(taken.map(({ error }) => error)),
  ]

  it('is a step of logistic regression, then one of the generator by what that made', async () => {
    const optimizer = { op: 'sgd' } as const
    const program = getOrThrow(adversarialStep(linear, optimizer))
    const session = getOrThrow(await sessionOf(reference, program, adversarialState(linear, parameters, optimizer))())
    const feeds = adversarialFeeds({ noise: tensor([2, 1], noise), real: tensor([2, 1], real), learningRate })
    const { discriminating, generating } = adversarialValues
    const losses = getOrThrow(await session.step(feeds)())
    const state = getOrThrow(await session.state())
    const number = (values: Tensors, name: string): number => (values[name] as Tensor).data[0] as number
    expect(Object.keys(losses)).toEqual([discriminating, generating])
    expect(number(losses, discriminating)).toBeCloseTo(
      -mean([...real.map((x) => Math.log(sigmoid(d * x + e))), ...drawn.map((x) => Math.log(1 - sigmoid(d * x + e)))]),
      12,
    )
    expect(number(losses, generating)).toBeCloseTo(-mean(drawn.map((x) => Math.log(sigmoid(d2 * x + e2)))), 12)
    expect(number(state, 'discriminator.fc.w')).toBeCloseTo(d2, 12)
    expect(number(state, 'discriminator.fc.b')).toBeCloseTo(e2, 12)
    expect(number(state, 'generator.fc.w')).toBeCloseTo(g2, 12)
    expect(number(state, 'generator.fc.b')).toBeCloseTo(c2, 12)
  })

  it('refuses parameters of one name, and images that the other does not read', () => {
    const twins = { ...linear, generator: linear.discriminator }
    expect(adversarialStep(twins, { op: 'sgd' })).toEqual(
      E.left({ code: 'UnexpectedInput', message: expect.stringContaining('discriminator.fc.w') as string }),
    )
    const wide = { ...linear, generator: sequential([2, 1], [scoped('generator', fullyConnected('fc', 1, 3))]) }
    expect(adversarialStep(wide, { op: 'sgd' })).toEqual(
      E.left({ code: 'ShapeMismatch', message: expect.any(String) as string }),
    )
  })
})

describe.runIf(embedded)('the zoo’s adversaries, small', () => {
  let backend: Backend
  beforeAll(async () => {
    backend = getOrThrow(await openWebGpu('software')())
  })
  afterAll(() => backend.close())

  it('learn in lockstep with the oracle, batch norm and Adam and all', async () => {
    const asked = { widths: [4, 2], noise: 3, mode: trainingBy(1) } as const
    const both: Adversaries = { generator: generator(2, asked), discriminator: discriminator(2, asked) }
    const optimizer = { op: 'adam', attrs: { beta1: 0.5 } } as const
    const program = getOrThrow(adversarialStep(both, optimizer))
    const state = adversarialState(both, initialParameters(gan(2, asked), 1), optimizer)
    const session = getOrThrow(await sessionOf(backend, program, state)())
    const { normal } = draws(keyOf('noise'))
    let before = state
    for (const step of [1, 2]) {
      const feeds = adversarialFeeds({
        noise: generate([2, 3], () => Math.fround(normal())),
        real: generate([2, 1, 28, 28], (i) => Math.fround(Math.sin(i * step))),
        learningRate: 0.001,
      })
      const values = getOrThrow(await session.step(feeds, everyValue(program))())
      const { guilty, findings } = getOrThrow(
        lockstep(oracle, program, { ...before, ...feeds, ...values }, backend.depth ?? anyOrder),
      )
      expect(guilty).toBeUndefined()
      expect(findings).toHaveLength(program.nodes.length)
      before = getOrThrow(await session.state())
    }
    expect(before['discriminator.bn2.runningMean']).not.toEqual(state['discriminator.bn2.runningMean'])
    await session.close()
  })
})
