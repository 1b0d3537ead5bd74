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
import { bnInception } from './bnInception.js'
import { dqn } from './dqn.js'
import { googlenet } from './googlenet.js'
import { inceptionResnetV2 } from './inceptionResnetV2.js'
import { inceptionV3 } from './inceptionV3.js'
import { inceptionV4 } from './inceptionV4.js'
import { lenet5 } from './lenet5.js'
import { mlp } from './mlp.js'
import type { Network } from './network.js'
import {
  convolution,
  fullyConnected,
  initialKept,
  keepingSize,
  parameterCount,
  plainLayer,
  residual,
  scoped,
  sequential,
  squeezeExcite,
  trainingBy,
} from './network.js'
import { perceptron } from './perceptron.js'
import { lstmClassifier, rnnClassifier } from './recurrent.js'
import {
  basicBlock,
  bottleneck,
  preactResnet152,
  preactResnet18,
  preactResnet200,
  preactResnet50,
  preactivatedBasicBlock,
  resnet101,
  resnet152,
  resnet18,
  resnet34,
  resnet50,
  seResnet152,
  seResnet50,
  senet154,
} from './resnet.js'
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
      for (const name of network.auxiliaries) {
        const op = nodes.find(({ node }) => node.name === name)!.node.op
        if (hasBackward(op)) right(differentiate(network.program, name, ['x']))
      }
    }
  })
})

// the parameters that the answer depends on: those of an auxiliary classifier lie beside
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
    expect([network.output, network.auxiliaries, parameterCount(network)]).toEqual(['score', ['y'], 3])
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

/** The parameters of the given names' last parts, counted. */
const counted = ({ parameters }: Network, last: string) =>
  Object.entries(parameters)
    .filter(([name]) => name.endsWith(`.${last}`))
    .reduce((sum, [, { shape }]) => sum + sizeOf(shape), 0)

describe('GoogLeNet', () => {
  it('has 6,998,552 parameters, 5,973,552 before its classifier, and 13,378,280 with the auxiliary ones', () => {
    expect(parameterCount(googlenet(1))).toBe(6998552)
    expect(parameterCount(googlenet(1)) - layerOf(googlenet(1), 'fc').parameters).toBe(5973552)
    expect(parameterCount(googlenet(1, { aux: true }))).toBe(13378280)
  })

  it('has 6,624,904 parameters as in torchvision, and 13,004,888 with the auxiliary classifiers', () => {
    expect(parameterCount(googlenet(1, { variant: 'torchvision' }))).toBe(6624904)
    expect(parameterCount(googlenet(1, { variant: 'torchvision', aux: true }))).toBe(13004888)
  })

  it.each(['paper', 'torchvision'] as const)('joins the maps that the paper has in its table (%s)', (variant) => {
    const extents = [
      [256, 28],
      [480, 28],
      [512, 14],
      [512, 14],
      [512, 14],
      [528, 14],
      [832, 14],
      [832, 7],
      [1024, 7],
    ]
    expect(shapesBehind(googlenet(1, { variant, aux: true }), 'concat')).toEqual(
      extents.map(([maps, side]) => `${maps}×${side}×${side}`),
    )
  })

  it('pays a tenth for 5×5 windows behind a 1×1 convolution: 12,443,648 multiply-adds instead of 120,422,400', () => {
    const shape = [1, 192, 28, 28]
    const at = (channels: readonly [number, number]) =>
      convolution('5x5', channels, [5, 5], { padding: keepingSize(5) })
    const direct = sequential(shape, [at([192, 32])])
    const reduced = sequential(shape, [convolution('1x1', [192, 16], [1, 1]), at([16, 32])])
    expect(figuresOf(direct).totals.multiplyAdds).toBe(120422400)
    expect(figuresOf(reduced).totals.multiplyAdds).toBe(12443648)
  })
})

describe('Inception v3', () => {
  it('has 23,834,568 parameters, and 27,161,264 with its auxiliary classifier', () => {
    expect(parameterCount(inceptionV3(1))).toBe(23834568)
    expect(parameterCount(inceptionV3(1, { aux: true }))).toBe(27161264)
  })

  it("has 23,817,352 without the scales of batch norm, as Keras' has", () => {
    expect(parameterCount(inceptionV3(1)) - counted(inceptionV3(1), 'gamma')).toBe(23817352)
  })

  it('joins 288, 768, 1280 and 2048 maps of 35, 17 and 8 pixels', () => {
    const joins = figuresOf(inceptionV3(1)).layers.filter(({ name }) => /^Mixed_..\.concat$/.test(name))
    expect(joins.map(({ output }) => output.slice(1, 3).join('×'))).toEqual([
      ...['256×35', '288×35', '288×35', '768×17', '768×17', '768×17', '768×17', '768×17'],
      ...['1280×8', '2048×8', '2048×8'],
    ])
  })
})

/** How many maps of how many pixels come out of the modules, halving ones among them. */
const joinedBy = (network: Network, names: RegExp) =>
  figuresOf(network)
    .layers.filter(({ name }) => names.test(name))
    .map(({ output }) => output.slice(1, 3).join('×'))

describe('Inception v2', () => {
  it('has 11,295,240 parameters as ported, the biases of its convolutions among them', () => {
    const network = bnInception(1)
    expect(parameterCount(network)).toBe(11295240)
    // every map has one bias and one shift
    expect(counted(network, 'b') - 1000).toBe(counted(network, 'beta'))
  })

  it.each([
    ['ported', 608, 1056],
    ['paper', 576, 1024],
  ] as const)('joins, as %s, %d maps behind 4d and %d behind 4e', (variant, behind4d, behind4e) => {
    expect(joinedBy(bnInception(1, { variant }), /^inception..\.concat$/)).toEqual([
      ...['256×28', '320×28', '576×14', '576×14', '576×14'],
      ...[`${behind4d}×14`, `${behind4d}×14`, `${behind4e}×7`, '1024×7', '1024×7'],
    ])
  })
})

describe('Inception v4', () => {
  it('has the published 42,679,816 parameters', () => {
    expect(parameterCount(inceptionV4(1))).toBe(42679816)
  })

  it('joins 384, 1024 and 1536 maps of 35, 17 and 8 pixels', () => {
    expect(joinedBy(inceptionV4(1), /^(inception|reduction|stem\.mixed)_[^.]*(\.\d)?\.concat$/)).toEqual([
      ...['160×73', '192×71', '384×35', '384×35', '384×35', '384×35', '384×35'],
      ...['1024×17', ...Array.from({ length: 7 }, () => '1024×17')],
      ...['1536×8', '1536×8', '1536×8', '1536×8'],
    ])
  })
})

describe('Inception-ResNet v2', () => {
  it("has the published 55,843,464 parameters, and 55,813,192 without batch norm's scales, as Keras' has", () => {
    expect(parameterCount(inceptionResnetV2(1))).toBe(55843464)
    expect(parameterCount(inceptionResnetV2(1)) - counted(inceptionResnetV2(1), 'gamma')).toBe(55813192)
  })

  it('adds to 320, 1088 and 2080 maps, a tenth to a fifth of what a module gives but for the last', () => {
    const network = inceptionResnetV2(2)
    const sums = figuresOf(network).layers.filter(({ op }) => op === 'add')
    expect(sums.map(({ output }) => output[1])).toEqual([
      ...Array.from({ length: 10 }, () => 320),
      ...Array.from({ length: 20 }, () => 1088),
      ...Array.from({ length: 10 }, () => 2080),
    ])
    const factors = Object.values(network.kept).map(({ first }) => first)
    expect(factors.filter((first) => typeof first === 'number' && first > 0 && first < 1)).toEqual([
      ...Array.from({ length: 10 }, () => 0.17),
      ...Array.from({ length: 20 }, () => 0.1),
      ...Array.from({ length: 9 }, () => 0.2),
    ])
    expect(network.program.nodes.find(({ name }) => name === 'block8.relu')).toBeUndefined()
  })
})

describe('a residual network with pre-activation', () => {
  it.each([
    [preactResnet18, 11687848, 18],
    [preactResnet50, 25549480, 50],
    [preactResnet152, 60185256, 152],
    [preactResnet200, 64666280, 200],
  ])('%o has %d parameters in %d layers that learn', (resnet, count, depth) => {
    const network = resnet(1)
    expect(parameterCount(network)).toBe(count)
    const learning = figuresOf(network).layers.filter(({ op }) => ['conv2d', 'dense'].includes(op))
    expect(learning.filter(({ name }) => !name.includes('downsample'))).toHaveLength(depth)
  })

  it('hands on what it is given itself where shapes agree, else 1×1 convolutions of its activation', () => {
    const same = sequential([1, 64, 8, 8], [preactivatedBasicBlock({ inputs: 64, width: 64, stride: 1 })])
    const halved = sequential([1, 64, 8, 8], [preactivatedBasicBlock({ inputs: 64, width: 128, stride: 2 })])
    const node = ({ program }: Network, name: string) => program.nodes.find((each) => each.name === name)?.inputs
    expect(node(same, 'add')).toEqual({ a: 'conv2', b: 'x' })
    expect(node(halved, 'add')).toEqual({ a: 'conv2', b: 'downsample.0' })
    expect(node(halved, 'downsample.0')?.['x']).toBe('relu1')
    expect(same.output).toBe('add')
  })
})

describe('SENet-154', () => {
  it('has 115,088,984 parameters, and 56×56 maps behind its pool', () => {
    expect(parameterCount(senet154(1))).toBe(115088984)
    expect(layerOf(senet154(1), 'pool').output).toEqual([1, 128, 56, 56])
  })
})

describe('SE-ResNet-152', () => {
  it('has 66,821,848 parameters with the biases of its dense layers', () => {
    expect(parameterCount(seResnet152(1))).toBe(66821848)
    expect(parameterCount(seResnet152(1, { variant: 'unbiased' }))).toBe(66770984)
  })
})

describe('ResNet', () => {
  it.each([
    [resnet18, 11689512],
    [resnet34, 21797672],
    [resnet50, 25557032],
    [resnet101, 44549160],
    [resnet152, 60192808],
  ])('%o has the published number of parameters', (resnet, count) => {
    expect(parameterCount(resnet(1))).toBe(count)
    expect(parameterCount(resnet(1, { variant: 'paper' }))).toBe(count)
  })

  it('learns in as many layers as its name says, shortcuts left out', () => {
    const depths = [resnet18, resnet34, resnet50, resnet101, resnet152].map(
      (resnet) =>
        figuresOf(resnet(1)).layers.filter(
          ({ name, op }) => ['conv2d', 'dense'].includes(op) && !name.includes('downsample'),
        ).length,
    )
    expect(depths).toEqual([18, 34, 50, 101, 152])
  })

  it('makes 4,089,184,256 multiply-adds with 50 layers, and 3,857,973,248 with the strides of the paper', () => {
    expect(figuresOf(resnet50(1)).totals.multiplyAdds).toBe(4089184256)
    expect(figuresOf(resnet50(1, { variant: 'paper' })).totals.multiplyAdds).toBe(3857973248)
  })

  it("has 25,583,592 parameters with Keras' biases of convolutions, and 25,636,712 with its running statistics", () => {
    const network = resnet50(1)
    const biases = Object.values(network.parameters)
      .filter(({ shape }) => shape.length === 4)
      .reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0)
    const kept = Object.values(network.kept).reduce((sum, { shape }) => sum + sizeOf(shape), 0)
    expect(parameterCount(network) + biases).toBe(25583592)
    expect(parameterCount(network) + biases + kept).toBe(25636712)
  })

  it('has 69,632 weights in a bottleneck of 256 maps, where one 3×3 layer has 589,824', () => {
    const narrow = sequential([1, 256, 8, 8], [bottleneck({ inputs: 256, width: 64, stride: 1 })])
    const wide = convolution('conv', [256, 256], [3, 3], { padding: keepingSize(3) }, { bias: false })
    expect(counted(narrow, 'w')).toBe(69632)
    expect(parameterCount(sequential([1, 256, 8, 8], [wide]))).toBe(589824)
    // the weights are the multiply-adds at each position
    expect(figuresOf(narrow).totals.multiplyAdds).toBe(69632 * 64)
  })

  it('adds to what a block is given itself where shapes agree, else 1×1 convolutions of it', () => {
    const same = sequential([1, 64, 8, 8], [basicBlock({ inputs: 64, width: 64, stride: 1 })])
    const halved = sequential([1, 64, 8, 8], [basicBlock({ inputs: 64, width: 128, stride: 2 })])
    const added = ({ program }: Network) => program.nodes.find(({ op }) => op === 'add')?.inputs
    expect(added(same)).toEqual({ a: 'bn2', b: 'x' })
    expect(added(halved)).toEqual({ a: 'bn2', b: 'downsample.1' })
    expect(layerOf(halved, 'relu').output).toEqual([1, 128, 4, 4])
  })
})

describe('SE-ResNet-50', () => {
  it('has 28,088,024 parameters, 28,071,976 without biases: 2,514,944 weights more than ResNet-50', () => {
    expect(parameterCount(seResnet50(1))).toBe(28088024)
    expect(parameterCount(seResnet50(1, { variant: 'unbiased' }))).toBe(28071976)
    expect(28071976 - parameterCount(resnet50(1))).toBe(2514944)
  })
})

describe('the deep Q-network', () => {
  it('has 1,686,180 parameters for 4 actions, and 1,693,362 for 18', () => {
    expect(figuresOf(dqn(1)).totals.parameters).toBe(1686180)
    expect(figuresOf(dqn(1, { actions: 18 })).totals.parameters).toBe(1693362)
  })
})

describe('what does not fit', () => {
  it.each([
    [
      'channels',
      [convolution('c1', [1, 6], [5, 5]), convolution('c2', [5, 6], [5, 5])],
      /^c2: x has C = 6 channels; w wants .* = 5/,
    ],
    ['a window', [convolution('c1', [1, 6], [31, 31])], /^c1: along H the window spans 31 and the padded input 28/],
    ['units', [plainLayer('flat', 'flatten'), fullyConnected('fc', 100, 10)], /^fc: axis I is 784 in x and 100 in w/],
    ['a shortcut', [scoped('block', residual(convolution('c', [1, 6], [3, 3])))], /^block\.add: a and b must agree/],
    [
      'half a channel',
      [convolution('c', [1, 6], [3, 3]), scoped('se', squeezeExcite(6, 4))],
      /^se\.fc1\.w has shape \[1\.5,6\]/,
    ],
    [
      'no units',
      [plainLayer('flat', 'flatten'), fullyConnected('fc', 784, 0)],
      /^fc\.w has shape \[0,784\]; .* at least 1/,
    ],
  ] as const)('%s: the layer is named', (_, blocks, message) => {
    const told = { left: { code: 'ShapeMismatch', message: expect.stringMatching(message) as string } }
    expect(describeNetwork('mine', sequential([1, 1, 28, 28], blocks))).toMatchObject(told)
  })

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
