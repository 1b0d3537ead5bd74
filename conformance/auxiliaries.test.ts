import { either as E } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import { openWebGpu } from '../accelerated/index.js'
import { embedded } from '../accelerated/testing/recorded.js'
import { oracle } from '../reference/index.js'
import type { Backend } from '../spec/backend.js'
import { differentiate, gradientName } from '../spec/differentiate.js'
import { getOrThrow } from '../spec/error.js'
import type { Network } from '../spec/networks/network.js'
import {
  auxiliary,
  batchNorm,
  chain,
  convolution,
  dropout,
  fullyConnected,
  inception,
  inference,
  keepingSize,
  plainLayer,
  scoped,
  sequential,
  trainingBy,
} from '../spec/networks/network.js'
import { draws, keyOf } from '../spec/philox.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import { generate, scalar } from '../spec/tensor.js'
import { checkpointOf, stateFrom } from '../training/checkpoint.js'
import type { Description, Examples } from '../training/training.js'
import { begun, trainingOf } from '../training/training.js'
import { evaluateOn, fit } from '../training/fit.js'
import { initialParameters } from '../training/initialize.js'
import { auxiliaryWeightsOf, lossProgram, trainingProgram } from '../training/step.js'
import { everyValue, lockstep } from './lockstep.js'
import { toy } from './testing/toys.js'

/** GoogLeNet in the small: a stem, an auxiliary classifier that looks on, an Inception module and a mean over the image. */
const small =
  (aux: boolean, learning: boolean) =>
  (batch: number): Network =>
    sequential(
      [batch, 1, 6, 6],
      [
        convolution('stem', [1, 3], [3, 3]),
        ...(learning ? [batchNorm('norm', 3)] : []),
        plainLayer('stem.relu', 'relu'),
        ...(aux
          ? [
              auxiliary(
                scoped(
                  'aux',
                  chain(
                    plainLayer('pool', 'avgPool2d', { window: [2, 2], stride: [2, 2] }),
                    plainLayer('flatten', 'flatten'),
                    ...(learning ? [dropout('dropout', 0.75)] : []),
                    fullyConnected('fc', 12, 4),
                  ),
                ),
              ),
            ]
          : []),
        inception([
          convolution('one', [3, 2], [1, 1]),
          convolution('three', [3, 2], [3, 3], { padding: keepingSize(3) }),
        ]),
        plainLayer('mean', 'globalAvgPool'),
        fullyConnected('fc', 4, 4),
      ],
      learning ? trainingBy(1) : inference,
    )

const { normal } = draws(keyOf('aside'))
const image = (): Tensor => generate([3, 1, 6, 6], () => Math.fround(normal()))
const classes = [2, 0, 3]
const x = image()
const target = generate([3, 4], (i) => (classes[Math.floor(i / 4)] === i % 4 ? 1 : 0))
const loss = 'softmaxCrossEntropy'
const network = small(true, false)(3)
const parameters = initialParameters(network, 1)
const names = Object.keys(parameters)

/** The loss and its gradients, by the formulas; a weight of `aux.fc` is fed where there is one. */
const gradientsOf = async (of: Network, wrt: readonly string[], weight?: number): Promise<Tensors> => {
  const withLoss = getOrThrow(
    lossProgram(of, { loss, auxiliaryWeights: weight === undefined ? {} : { 'aux.fc': weight } }),
  )
  const { program, gradients } = getOrThrow(differentiate(withLoss, 'loss', wrt))
  const fed = {
    ...Object.fromEntries(Object.entries(parameters).filter(([name]) => name in program.inputs)),
    ...{ x, target, [gradientName('loss')]: scalar(1) },
    ...(weight === undefined ? {} : { 'aux.fc.weight': scalar(weight) }),
  }
  const values = getOrThrow(await toy().run(program, fed, Object.values(gradients))())
  return Object.fromEntries(wrt.map((name) => [name, values[gradients[name] as string] as Tensor]))
}

/** The mean over rows of −log of the target's share, from logits. */
const crossEntropy = (logits: Tensor | undefined): number => {
  const at = (n: number, c: number): number => logits?.data[4 * n + c] ?? NaN
  const rows = classes.map((own, n) =>
    Math.log([0, 1, 2, 3].reduce((sum, c) => sum + Math.exp(at(n, c) - at(n, own)), 0)),
  )
  return rows.reduce((a, b) => a + b, 0) / rows.length
}

/** main + w·auxiliary from the logits that the network itself answers with. */
const lossBy = async (given: Tensors, weight: number): Promise<number> => {
  const logits = getOrThrow(await toy().run(network.program, { ...given, x }, ['fc', 'aux.fc'])())
  return crossEntropy(logits['fc']) + weight * crossEntropy(logits['aux.fc'])
}

const flat = (tensors: Tensors): readonly number[] =>
  names.flatMap((name) =>
    Array.from({ length: tensors[name]?.data.length ?? 0 }, (_, i) => tensors[name]?.data[i] ?? NaN),
  )

describe('an auxiliary classifier in the loss', () => {
  test('the gradient is that of the main loss and, times its weight, that of the auxiliary loss', async () => {
    const together = await gradientsOf(network, names, 0.25)
    const auxiliary = names.filter((name) => name.startsWith('aux.'))
    const main = await gradientsOf(
      network,
      names.filter((name) => !auxiliary.includes(name)),
    )
    const own = await gradientsOf({ ...network, output: 'aux.fc', auxiliaries: [] }, ['stem.w', 'stem.b', ...auxiliary])
    const part = (of: Tensors, name: string, i: number): number => of[name]?.data[i] ?? 0
    for (const name of names)
      expect(Array.from(together[name]?.data ?? [])).toEqual(
        Array.from(
          parameters[name]?.data ?? [],
          (_, i) => expect.closeTo(part(main, name, i) + 0.25 * part(own, name, i), 14) as number,
        ),
      )
    // the stem learns from both
    expect(part(own, 'stem.b', 0)).not.toBe(0)
  })

  test('central differences of the weighted sum of both losses find the same gradient', async () => {
    const gradient = flat(await gradientsOf(network, names, 0.3))
    const h = 2 ** -12
    const stepped = (direction: Tensors, by: number): Tensors =>
      Object.fromEntries(
        names.map((name) => {
          const { shape, data } = parameters[name] as Tensor
          return [name, generate(shape, (i) => (data[i] as number) + by * (direction[name]?.data[i] as number))]
        }),
      )
    for (const seed of [1, 2, 3]) {
      const { normal } = draws(keyOf(`direction ${seed}`))
      const direction = Object.fromEntries(names.map((name) => [name, generate(parameters[name]?.shape ?? [], normal)]))
      const slopeAt = async (h: number): Promise<number> =>
        ((await lossBy(stepped(direction, h), 0.3)) - (await lossBy(stepped(direction, -h), 0.3))) / (2 * h)
      const [wide, slope] = [await slopeAt(2 * h), await slopeAt(h)]
      const expected = flat(direction).reduce((sum, d, i) => sum + d * (gradient[i] as number), 0)
      // the step errs by C·h², so of two steps the finer one errs a third of what lies between them (Richardson): all of
      // it is allowed, and roundings, 2⁻⁵³/h, are far below
      const allowed = Math.abs(wide - slope)
      expect(allowed).toBeLessThan(1e-5 * Math.abs(expected))
      expect(Math.abs(slope - expected)).toBeLessThanOrEqual(allowed)
    }
  })

  test('without weights, and without the classifier, the step is the same as ever', () => {
    const optimizer = { op: 'sgd' } as const
    const plain = small(false, false)(3)
    expect(trainingProgram(plain, { optimizer, loss, auxiliaryWeights: {} })).toEqual(
      trainingProgram(plain, { optimizer, loss }),
    )
    expect(Object.keys(getOrThrow(trainingProgram(plain, { optimizer, loss })).inputs)).not.toContain('aux.fc.weight')
    // what nothing learns from is told rather than left as it was
    expect(trainingProgram(network, { optimizer, loss })).toMatchObject({
      left: { code: 'NoBackward', message: expect.stringMatching(/aux\.fc/) as string },
    })
  })

  test.each([
    ['a value that is no auxiliary output', { stem: 0.3 }, 'MissingInput', /no auxiliary output stem; it has aux.fc/],
    ['a weight below 0', { 'aux.fc': -1 }, 'AttributeOutOfRange', /aux.fc has the weight -1/],
    ['a weight that is no number', { 'aux.fc': NaN }, 'AttributeOutOfRange', /aux.fc has the weight NaN/],
  ] as const)('%s is a Left', (_, auxiliaryWeights, code, message) => {
    expect(lossProgram(network, { loss, auxiliaryWeights })).toEqual(
      E.left({ code, message: expect.stringMatching(message) as string }),
    )
  })
})

describe('training with an auxiliary classifier', () => {
  const examples: Examples = {
    count: 6,
    mark: 'six images',
    at: (indices) => ({
      x: generate([indices.length, 1, 6, 6], (i) => x.data[i % x.data.length] as number),
      target: generate([indices.length, 4], (i) => target.data[i % 12] as number),
    }),
  }
  const description: Description = {
    network: small(true, true),
    inference: small(true, false),
    optimizer: { op: 'adam' },
    loss,
    auxiliaryWeights: auxiliaryWeightsOf(small(true, true)(3), 0.3),
    rates: { schedule: 'constant', rate: 0.01 },
    epochs: 1,
    batch: 3,
    seed: 1,
  }

  const judgedOn = async (backend: Backend): Promise<readonly number[]> => {
    const training = getOrThrow(trainingOf(description, { train: examples }))
    const ratios: number[] = []
    await fit(training, backend, {
      values: () => everyValue(training.program),
      listen: async (event) => {
        if (event.kind !== 'step') return E.right(undefined)
        const { feeds, values } = event
        const { findings } = getOrThrow(
          lockstep(oracle, training.program, { ...feeds, ...values }, backend.depth, { feeds }),
        )
        ratios.push(...findings.map(({ judgement }) => judgement.worst.ratio))
        return E.right(undefined)
      },
    })()
    await backend.close()
    return ratios
  }
  test.runIf(embedded)('keeps every bound on the device, step by step', async () => {
    const ratios = await judgedOn(getOrThrow(await openWebGpu('software')()))
    expect(ratios.length).toBeGreaterThan(80)
    expect(Math.max(...ratios)).toBeLessThanOrEqual(1)
  })

  test('is judged by the main loss alone where it is only asked', async () => {
    const plain: Description = { ...description, network: small(true, false), inference: small(true, false) }
    const training = getOrThrow(trainingOf(plain, { train: examples }, parameters))
    const { loss: asked } = getOrThrow(await evaluateOn(toy(), training, parameters, examples, 3)())
    const logits = getOrThrow(await toy().run(network.program, { ...parameters, x }, ['fc'])())
    expect(asked).toBeCloseTo(crossEntropy(logits['fc']), 12)
  })

  test('a checkpoint of other weights is of another training', () => {
    const training = getOrThrow(trainingOf(description, { train: examples }))
    const other = getOrThrow(trainingOf({ ...description, auxiliaryWeights: { 'aux.fc': 0.4 } }, { train: examples }))
    const file = checkpointOf(training, begun(training))
    expect(stateFrom(other, file)).toMatchObject({
      left: {
        message: expect.stringMatching(/auxiliaryWeights is {"aux.fc":0.3} there and {"aux.fc":0.4} here/) as string,
      },
    })
  })
})
