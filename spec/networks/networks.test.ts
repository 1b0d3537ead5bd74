import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { differentiate } from '../differentiate.js'
import type { Result } from '../error.js'
import { hasBackward } from '../catalogue.js'
import { checkProgram } from '../program.js'
import { describeNetwork } from './describe.js'
import { autoencoder } from './autoencoder.js'
import { lenet5 } from './lenet5.js'
import { mlp } from './mlp.js'
import type { Network } from './network.js'
import { convolution, initialKept, keepingSize, parameterCount, plainLayer, sequential, trainingBy } from './network.js'
import { perceptron } from './perceptron.js'
import { lstmClassifier, rnnClassifier } from './recurrent.js'
import { hasAuxiliaries, networkNamed, networkNames, variantsOf } from './zoo.js'

const right = <A>(result: Result<A>): A => {
  if (E.isLeft(result)) throw new Error(`${result.left.code}: ${result.left.message}`)
  return result.right
}
const figuresOf = (network: Network) => right(describeNetwork('', network))
const named = (name: string, wanted = {}) => right(networkNamed(name, wanted))
const layerOf = (network: Network, name: string) => figuresOf(network).layers.find((layer) => layer.name === name)!

const everyForm = networkNames.flatMap((name) =>
  [undefined, ...variantsOf(name).slice(1)].flatMap((variant) =>
    (hasAuxiliaries(name) ? [false, true] : [false]).map((aux) => ({
      form: [name, ...(variant === undefined ? [] : [variant]), ...(aux ? ['aux'] : [])].join(' '),
      name,
      wanted: { ...(variant === undefined ? {} : { variant }), aux },
    })),
  ),
)

describe('every network', () => {
  it.each(everyForm)('$form is a program for inference and for training, forward and backward', ({ name, wanted }) => {
    for (const mode of [undefined, trainingBy(1)]) {
      const network = named(name, { ...wanted, batch: 2, ...(mode === undefined ? {} : { mode }) })
      const { nodes } = right(checkProgram(network.program))
      const names = Object.keys(network.parameters)
      const { program, gradients } = right(differentiate(network.program, network.output, mainOf(network, names)))
      right(checkProgram(program))
      expect(Object.keys(gradients).length).toBeGreaterThan(0)
      expect(nodes.filter(({ node }) => hasBackward(node.op)).length).toBeGreaterThan(0)
      for (const name of network.aside) {
        const op = nodes.find(({ node }) => node.name === name)!.node.op
        if (hasBackward(op)) right(differentiate(network.program, name, ['x']))
      }
    }
  })
})

// the parameters that the answer depends on: those of an auxiliary classifier lie aside
const mainOf = ({ program, output }: Network, names: readonly string[]): readonly string[] => {
  const needed = [...program.nodes]
    .reverse()
    .reduce<ReadonlySet<string>>(
      (needed, { inputs, outputs }) =>
        Object.values(outputs).some((value) => needed.has(value))
          ? new Set([...needed, ...Object.values(inputs)])
          : needed,
      new Set([output]),
    )
  return names.filter((name) => needed.has(name))
}

describe('a training network', () => {
  it('carries running statistics from step to step, and its inference twin reads them under the same names', () => {
    const [training, inference] = [named('gan', { mode: trainingBy(1) }), named('gan')]
    expect(training.program.carry['generator.bn1.runningMean']).toBe('generator.bn1.runningMean.next')
    expect(Object.keys(inference.program.carry)).toEqual([])
    expect(Object.keys(inference.program.inputs)).toEqual(Object.keys(training.program.inputs))
    expect(initialKept(training)['generator.bn1.runningVar']?.data[5]).toBe(1)
  })
})

describe('receptive field', () => {
  it.each([1, 2, 3, 4, 5])('of %d stacked 3×3 convolutions is 2k + 1', (k) => {
    const layers = Array.from({ length: k }, (_, at) =>
      convolution(`conv${at}`, [1, 1], [3, 3], { padding: keepingSize(3) }),
    )
    expect(figuresOf(sequential([1, 1, 32, 32], layers)).layers.at(-1)?.receptiveField).toBe(2 * k + 1)
  })

  it('of LeNet-5 grows from 5 to 16 pixels', () => {
    const fields = figuresOf(lenet5(1)).layers.map(({ receptiveField }) => receptiveField)
    expect(fields).toEqual([5, 5, 6, 14, 14, 16, null, null, null, null, null, null])
  })

  it('of dilated and of oblong windows counts what they span', () => {
    const { layers } = figuresOf(
      sequential(
        [1, 1, 32, 32],
        [
          convolution('wide', [1, 1], [1, 7]),
          convolution('high', [1, 1], [7, 1]),
          convolution('dilated', [1, 1], [3, 3], { dilation: [2, 2] }),
        ],
      ),
    )
    expect(layers.map(({ receptiveField }) => receptiveField)).toEqual([[1, 7], 7, 11])
  })
})

describe('small networks', () => {
  it('LeNet-5 has 61,706 parameters, and 44,426 without padding', () => {
    expect(parameterCount(lenet5(1))).toBe(61706)
    expect(parameterCount(lenet5(1, { variant: 'unpadded' }))).toBe(44426)
  })

  // 6·28²·25 + 16·10²·150 + 400·120 + 120·84 + 84·10
  it('LeNet-5 makes 416,520 multiply-adds for a digit, and as many more for each further one', () => {
    expect(figuresOf(lenet5(1)).totals.multiplyAdds).toBe(416520)
    expect(figuresOf(lenet5(3)).totals.multiplyAdds).toBe(3 * 416520)
  })

  it('the multilayer perceptron 784-30-10 has 23,860 parameters, 784-128-10 has 101,770', () => {
    expect(parameterCount(mlp(1))).toBe(23860)
    expect(parameterCount(mlp(1, { variant: 'wide' }))).toBe(101770)
  })

  it('the perceptron decides beside its score', () => {
    const network = perceptron(1)
    expect([network.output, network.aside, parameterCount(network)]).toEqual(['score', ['y'], 3])
  })

  it("an LSTM cell of 10 inputs and 20 units has 2,480 parameters, of which PyTorch's second bias is none", () => {
    const network = lstmClassifier(1, { inputs: 10, hidden: 20 })
    expect(layerOf(network, 'lstm').parameters).toBe(4 * (20 * (10 + 20) + 20))
    expect(layerOf(network, 'lstm').parameters).toBe(2480)
    expect(layerOf(rnnClassifier(1, { inputs: 10, hidden: 20 }), 'rnn').parameters).toBe(620)
  })

  it('the autoencoder comes back to the shape it started from, through 128 numbers', () => {
    const network = autoencoder(2)
    expect(layerOf(network, 'code').output).toEqual([2, 8, 4, 4])
    expect(layerOf(network, 'y').output).toEqual([2, 1, 28, 28])
  })
})

describe('what does not fit', () => {
  it('is refused with the layer in front', () => {
    const wrong = sequential([1, 1, 8, 8], [convolution('conv1', [3, 4], [3, 3]), plainLayer('relu1', 'relu')])
    expect(describeNetwork('wrong', wrong)).toMatchObject({
      left: { code: 'ShapeMismatch', message: 'conv1: x has C = 1 channels; w wants groups·Cg = 1·3 = 3' },
    })
  })

  it.each([
    ['a name that no network has', 'lenet', {}],
    ['a variant that the network has not', 'lenet5', { variant: 'torchvision' }],
    ['a variant of a network with one form', 'gan', { variant: 'padded' }],
    ['auxiliary classifiers of a network without', 'lenet5', { aux: true }],
  ])('%s is refused', (_, name, wanted) => {
    expect(networkNamed(name, wanted)).toMatchObject({ left: { code: 'AttributeOutOfRange' } })
  })
})
