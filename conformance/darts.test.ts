import { describe, expect, it } from 'vitest'
import { run } from '../reference/index.js'
import { getOrThrow } from '../spec/error.js'
import { architectureParameters, cellNetwork, operations, relaxedNetwork } from '../spec/networks/cell.js'
import { initialKept } from '../spec/networks/network.js'
import { draws, keyOf } from '../spec/philox.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import { generate } from '../spec/tensor.js'
import { digits } from '../training/digits.js'
import { batch } from '../training/dataset.js'
import { alternatingProgram } from '../training/search/darts.js'
import { initialState, lossProgram, nextOf, trainingProgram } from '../training/step.js'

const network = relaxedNetwork(1, { filters: 1, nodes: 1 })
const [alpha] = architectureParameters(1) as [string]
const drawn = (seed: string): Tensors => {
  const draw = draws(keyOf(seed))
  return Object.fromEntries(
    Object.entries(network.parameters).map(([name, { shape }]) => [
      name,
      generate(shape, () => Math.fround(0.3 * draw.normal())),
    ]),
  )
}
const parameters = drawn('relaxed')
const shown = digits(1, 2, 'train')
const [judging, learning] = [batch(shown, [0]), batch(shown, [1])] as const
const loss = 'softmaxCrossEntropy'

describe('a mixed operation', () => {
  it.each(['s', 'c3', 'd5', 'm3'] as const)('is %s alone where that has all of the share', (op) => {
    const at = { ...parameters, [alpha]: generate([1, operations.length], (i) => (operations[i] === op ? 800 : 0)) }
    const { x } = judging
    const mixed = getOrThrow(run(network.program, { x, ...at, ...initialKept(network) }))[network.output] as Tensor
    const one = cellNetwork(1, { filters: 1, nodes: [[{ from: 0, op }]] })
    // edge0to1.1.conv.w is edge0to1.c3.conv.w of the relaxation
    const own = Object.fromEntries(
      Object.keys(one.parameters).map((name) => [name, at[name.replace('edge0to1.1', `edge0to1.${op}`)] as Tensor]),
    )
    const alone = getOrThrow(run(one.program, { x, ...own }))[one.output] as Tensor
    expect(Array.from(mixed.data)).toEqual(Array.from(alone.data))
  })
})

describe('a step of a search by gradients', () => {
  const method = { loss, weights: { op: 'sgd' }, architecture: { op: 'sgd' } } as const
  const made = getOrThrow(alternatingProgram(network, [alpha], method))
  const rates = { architecture: 0.5, weights: 0.25 }
  const after = getOrThrow(
    run(made.program, { ...made.begun(parameters), ...made.feeds({ judging, learning }, rates) }, [
      ...Object.values(made.program.carry),
    ]),
  )
  const next = (name: string): Tensor => after[made.program.carry[name] as string] as Tensor

  it('moves the architecture down the slope of the loss of the examples that judge', () => {
    const program = getOrThrow(lossProgram(network, { loss }))
    const lossAt = (i: number, by: number): number => {
      const moved = generate([1, operations.length], (j) => (parameters[alpha]?.data[j] as number) + (i === j ? by : 0))
      const feeds = { ...parameters, ...initialKept(network), ...judging, [alpha]: moved }
      return getOrThrow(run(program, feeds, ['loss']))['loss']?.data[0] as number
    }
    const h = 2 ** -15
    // no path from a parameter to the loss has so many roundings, each of 2⁻⁵³ of numbers that are no larger than this
    const rounding = (4096 * 2 ** -53 * 4) / h
    const slopeBy = (i: number, step: number): number => (lossAt(i, step) - lossAt(i, -step)) / (2 * step)
    for (const i of [2, 5]) {
      const slope = slopeBy(i, h)
      const moved = (parameters[alpha]?.data[i] as number) - rates.architecture * slope
      // h²·|f‴|/6 is what the difference leaves out, and three times as much is between it and that of 2h
      const most = rates.architecture * (Math.abs(slopeBy(i, 2 * h) - slope) + rounding)
      expect(Math.abs(rates.architecture * slope)).toBeGreaterThan(100 * most)
      expect(Math.abs((next(alpha).data[i] as number) - moved)).toBeLessThanOrEqual(most)
    }
  })

  it('then moves the weights by their own examples, under the architecture that has moved', () => {
    const frozen = [alpha]
    const step = getOrThrow(trainingProgram(network, { loss, optimizer: { op: 'sgd' }, frozen }))
    const state = { ...initialState(parameters, { op: 'sgd' }), ...initialKept(network), [alpha]: next(alpha) }
    const one = { shape: [], data: [1] }
    const learnt = getOrThrow(
      run(
        step,
        { ...state, ...learning, 'd.loss': one, learningRate: { shape: [], data: [rates.weights] } },
        Object.keys(parameters)
          .filter((name) => name !== alpha)
          .map(nextOf),
      ),
    )
    for (const name of Object.keys(parameters)) if (name !== alpha) expect(next(name)).toEqual(learnt[nextOf(name)])
  })

  it('refuses an architecture parameter that there is none of, and none at all', () => {
    expect(alternatingProgram(network, ['edge9to1.share.x'], method)).toMatchObject({ left: { code: 'MissingInput' } })
    expect(alternatingProgram(network, [], method)).toMatchObject({ left: { code: 'AttributeOutOfRange' } })
  })
})
