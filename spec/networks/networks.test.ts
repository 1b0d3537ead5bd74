import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { differentiate } from '../differentiate.js'
import type { Result } from '../error.js'
import { hasBackward } from '../catalogue.js'
import { checkProgram } from '../program.js'
import { sizeOf } from '../tensor.js'
import { describeNetwork } from './describe.js'
import { alexnet } from './alexnet.js'
import { autoencoder } from './autoencoder.js'
import { lenet5 } from './lenet5.js'
import { mlp } from './mlp.js'
import type { Network } from './network.js'
import { convolution, initialKept, keepingSize, parameterCount, plainLayer, sequential, trainingBy } from './network.js'
import { perceptron } from './perceptron.js'
import { lstmClassifier, rnnClassifier } from './recurrent.js'
import { stateDictNames } from './torch.js'
import { vgg16, vgg19 } from './vgg.js'
import { zfnet } from './zfnet.js'
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

/** How many numbers layers of the given ops give. */
const given = (network: Network, ...ops: readonly string[]) =>
  figuresOf(network)
    .layers.filter(({ op }) => ops.includes(op))
    .reduce((sum, { output }) => sum + sizeOf(output), 0)

const shapesBehind = (network: Network, ...ops: readonly string[]) =>
  figuresOf(network)
    .layers.filter(({ op }) => ops.includes(op))
    .map(({ output }) => output.slice(1).join('×'))

describe('AlexNet', () => {
  it('has 62,378,344 parameters in one tower, 60,965,224 in two, and 61,100,840 as in torchvision', () => {
    expect(parameterCount(alexnet(1))).toBe(62378344)
    expect(parameterCount(alexnet(1, { variant: 'two-tower' }))).toBe(60965224)
    expect(parameterCount(alexnet(1, { variant: 'torchvision' }))).toBe(61100840)
  })

  it('makes 1,135,256,096 multiply-adds in one tower and 724,406,816 in two', () => {
    expect(figuresOf(alexnet(1)).totals.multiplyAdds).toBe(1135256096)
    expect(figuresOf(alexnet(1, { variant: 'two-tower' })).totals.multiplyAdds).toBe(724406816)
  })

  it('has the shapes of the slide, and 34,944 parameters in its first layer', () => {
    expect(shapesBehind(alexnet(1), 'conv2d', 'maxPool2d', 'flatten', 'dense')).toEqual([
      ...['96×55×55', '96×27×27', '256×27×27', '256×13×13', '384×13×13', '384×13×13', '256×13×13', '256×6×6'],
      ...['9216', '4096', '4096', '1000'],
    ])
    expect(layerOf(alexnet(1), 'conv1').parameters).toBe(34944)
  })

  it('has 659,272 units, 290,400 of them in its first layer, where the paper prints 253,440 and 622,312 follow', () => {
    const units = given(alexnet(1), 'conv2d', 'dense')
    const first = sizeOf(layerOf(alexnet(1), 'conv1').output)
    expect([units, first, units - first + 55 * 48 * 96]).toEqual([659272, 290400, 622312])
  })

  it('would have a fraction of a position more with the 224 pixels of the paper', () => {
    const first = { inputs: 224, window: 11, stride: 4 }
    expect((first.inputs - first.window) / first.stride + 1).toBe(54.25)
    const { layers } = figuresOf(
      sequential([1, 3, 224, 224], [convolution('conv1', [3, 96], [11, 11], { stride: [4, 4] })]),
    )
    expect(layers[0]?.output).toEqual([1, 96, 54, 54])
  })
})

describe('ZFNet', () => {
  it('has 62,357,608 parameters, 14,208 in its first layer, whose maps are 110×110', () => {
    expect(parameterCount(zfnet(1))).toBe(62357608)
    expect(layerOf(zfnet(1), 'conv1')).toMatchObject({ parameters: 14208, output: [1, 96, 110, 110] })
  })
})

describe('VGG', () => {
  it('has 138,357,544 parameters with 16 layers and 143,667,240 with 19', () => {
    expect(parameterCount(vgg16(1))).toBe(138357544)
    expect(parameterCount(vgg19(1))).toBe(143667240)
    expect(parameterCount(vgg19(1, { variant: 'torchvision' }))).toBe(143667240)
  })

  it('has most of them in fc6, and makes 15,470,264,320 multiply-adds with 16 layers', () => {
    expect(layerOf(vgg16(1), 'fc6').parameters).toBe(102764544)
    expect(figuresOf(vgg16(1)).totals.multiplyAdds).toBe(15470264320)
  })

  it('holds 15,237,608 numbers for an image, itself included: 61 MB, where the course has 93', () => {
    expect(3 * 224 * 224 + given(vgg16(1), 'conv2d', 'maxPool2d', 'dense')).toBe(15237608)
  })

  it('sees 212 pixels behind its last pool', () => {
    expect(layerOf(vgg16(1), 'pool5').receptiveField).toBe(212)
  })

  it('sees with three layers of 3×3 what one of 7×7 sees, for 27C² weights instead of 49C²', () => {
    const [C, padding] = [64, keepingSize(3)]
    const bare = { bias: false }
    const stacked = sequential(
      [1, C, 32, 32],
      ['a', 'b', 'c'].map((name) => convolution(name, [C, C], [3, 3], { padding }, bare)),
    )
    const one = sequential([1, C, 32, 32], [convolution('a', [C, C], [7, 7], { padding: keepingSize(7) }, bare)])
    expect(figuresOf(stacked).layers.at(-1)?.receptiveField).toBe(figuresOf(one).layers.at(-1)?.receptiveField)
    expect([parameterCount(stacked), parameterCount(one)]).toEqual([27 * C ** 2, 49 * C ** 2])
  })
})

describe("PyTorch's names", () => {
  const namesOf = (network: Network) => Object.values(stateDictNames(network))

  it('of AlexNet and VGG count the modules of torchvision', () => {
    const layers = [
      'features.0',
      'features.3',
      'features.6',
      'features.8',
      'features.10',
      'classifier.1',
      'classifier.4',
    ]
    expect(namesOf(alexnet(1, { variant: 'torchvision' }))).toEqual(
      [...layers, 'classifier.6'].flatMap((name) => [`${name}.weight`, `${name}.bias`]),
    )
    const places = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]
    expect(namesOf(vgg16(1, { variant: 'torchvision' }))).toEqual(
      [...places.map((at) => `features.${at}`), 'classifier.0', 'classifier.3', 'classifier.6'].flatMap((name) => [
        `${name}.weight`,
        `${name}.bias`,
      ]),
    )
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
