import type { Block } from '../spec/networks/blocks.js'
import { chain, convolution, keepingSize, plainLayer } from '../spec/networks/blocks.js'
import { bnInceptionParts } from '../spec/networks/bnInception.js'
import { googlenetParts } from '../spec/networks/googlenet.js'
import { inceptionResnetV2Parts } from '../spec/networks/inceptionResnetV2.js'
import { inceptionV3Parts } from '../spec/networks/inceptionV3.js'
import { inceptionV4Parts } from '../spec/networks/inceptionV4.js'
import {
  basicBlock,
  bottleneck,
  excitedBottleneck,
  groupedBottleneck,
  preactivatedBasicBlock,
  preactivatedBottleneck,
  residualStem,
  senetStem,
} from '../spec/networks/resnet.js'
import { vggStage } from '../spec/networks/vgg.js'
import type { Shape } from '../spec/tensor.js'

/** A block of a large network as it stands there, all its channels, and the shape of an image small enough to try it on. */
export interface Piece {
  readonly shape: Shape
  readonly block: Block
}

const { moduleA, moduleB, moduleC, moduleD, moduleE } = inceptionV3Parts

/**
 * Every kind of block that the large networks of the zoo are made of, by the network's name and its own, on images of
 * batch 1 and at most 32×32. What they say of a backend, they say in seconds; the networks themselves take minutes.
 */
export const pieces = (): Readonly<Record<string, Piece>> => {
  const [paper, torchvision] = [googlenetParts(1, 'paper'), googlenetParts(1, 'torchvision')]
  const [ported, table] = [bnInceptionParts('ported'), bnInceptionParts('paper')]
  const added = inceptionResnetV2Parts(1)
  return {
    'zfnet/conv1': {
      shape: [1, 3, 32, 32],
      block: chain(
        convolution('conv1', [3, 96], [7, 7], { stride: [2, 2], padding: [1, 1, 1, 1] }),
        plainLayer('relu1', 'relu'),
        plainLayer('pool1', 'maxPool2d', { window: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] }),
      ),
    },
    'zfnet/conv2': {
      shape: [1, 96, 15, 15],
      block: chain(convolution('conv2', [96, 256], [5, 5], { stride: [2, 2] }), plainLayer('relu2', 'relu')),
    },
    'zfnet/conv4': {
      shape: [1, 384, 7, 7],
      block: chain(
        convolution('conv4', [384, 384], [3, 3], { padding: keepingSize(3) }),
        plainLayer('relu4', 'relu'),
        plainLayer('pool5', 'maxPool2d', { window: [3, 3], stride: [2, 2] }),
      ),
    },
    'vgg16/stage1': { shape: [1, 3, 32, 32], block: vggStage(1, 2) },
    'vgg16/stage4': { shape: [1, 256, 6, 6], block: vggStage(4, 3) },
    'vgg16/stage5': { shape: [1, 512, 4, 4], block: vggStage(5, 3) },
    'googlenet/stem': { shape: [1, 3, 32, 32], block: paper.stem },
    'googlenet/inception3a': { shape: [1, 192, 14, 14], block: paper.module('3a') },
    'googlenet/inception5b': { shape: [1, 832, 7, 7], block: paper.module('5b') },
    'googlenet/aux1': { shape: [1, 512, 14, 14], block: paper.auxiliaryOf('aux1', 512) },
    'googlenet torchvision/stem': { shape: [1, 3, 32, 32], block: torchvision.stem },
    'googlenet torchvision/inception5b': { shape: [1, 832, 7, 7], block: torchvision.module('5b') },
    'googlenet torchvision/aux2': { shape: [1, 528, 14, 14], block: torchvision.auxiliaryOf('aux2', 528) },
    'bnInception/stem': { shape: [1, 3, 32, 32], block: ported.stem },
    'bnInception/inception3a': { shape: [1, 192, 14, 14], block: ported['3a'] },
    'bnInception/inception4e': { shape: [1, 608, 8, 8], block: ported['4e'] },
    'bnInception/inception5b': { shape: [1, 1024, 5, 5], block: ported['5b'] },
    'bnInception paper/inception4d': { shape: [1, 576, 7, 7], block: table['4d'] },
    'inceptionV3/Mixed_5b': { shape: [1, 192, 9, 9], block: moduleA(192, 32) },
    'inceptionV3/Mixed_6a': { shape: [1, 288, 9, 9], block: moduleB(288) },
    'inceptionV3/Mixed_6e': { shape: [1, 768, 5, 5], block: moduleC(192) },
    'inceptionV3/Mixed_7a': { shape: [1, 768, 7, 7], block: moduleD },
    'inceptionV3/Mixed_7c': { shape: [1, 2048, 4, 4], block: moduleE(2048) },
    'inceptionV4/stem': { shape: [1, 3, 47, 47], block: inceptionV4Parts.stem },
    'inceptionV4/inception_a': { shape: [1, 384, 7, 7], block: inceptionV4Parts.moduleA },
    'inceptionV4/reduction_a': { shape: [1, 384, 7, 7], block: inceptionV4Parts.reductionA },
    'inceptionV4/inception_b': { shape: [1, 1024, 5, 5], block: inceptionV4Parts.moduleB },
    'inceptionV4/reduction_b': { shape: [1, 1024, 5, 5], block: inceptionV4Parts.reductionB },
    'inceptionV4/inception_c': { shape: [1, 1536, 3, 3], block: inceptionV4Parts.moduleC },
    'inceptionResnetV2/mixed_5b': { shape: [1, 192, 7, 7], block: added.mixed5b },
    'inceptionResnetV2/block35': { shape: [1, 320, 7, 7], block: added.block35 },
    'inceptionResnetV2/mixed_6a': { shape: [1, 320, 7, 7], block: added.reductionA },
    'inceptionResnetV2/block17': { shape: [1, 1088, 5, 5], block: added.block17 },
    'inceptionResnetV2/mixed_7a': { shape: [1, 1088, 5, 5], block: added.reductionB },
    'inceptionResnetV2/block8': { shape: [1, 2080, 3, 3], block: added.lastBlock },
    'resnet18/stem': { shape: [1, 3, 32, 32], block: residualStem },
    'resnet18/layer1.0': { shape: [1, 64, 14, 14], block: basicBlock({ inputs: 64, width: 64, stride: 1 }) },
    'resnet18/layer4.0': { shape: [1, 256, 8, 8], block: basicBlock({ inputs: 256, width: 512, stride: 2 }) },
    'resnet50/layer1.0': { shape: [1, 64, 14, 14], block: bottleneck({ inputs: 64, width: 64, stride: 1 }) },
    'resnet50/layer4.0': { shape: [1, 1024, 8, 8], block: bottleneck({ inputs: 1024, width: 512, stride: 2 }) },
    'resnet50/layer4.1': { shape: [1, 2048, 4, 4], block: bottleneck({ inputs: 2048, width: 512, stride: 1 }) },
    'resnet50 paper/layer4.0': {
      shape: [1, 1024, 8, 8],
      block: bottleneck({ inputs: 1024, width: 512, stride: 2 }, 'first'),
    },
    'preactResnet18/layer4.0': {
      shape: [1, 256, 8, 8],
      block: preactivatedBasicBlock({ inputs: 256, width: 512, stride: 2 }),
    },
    'preactResnet50/layer1.1': {
      shape: [1, 256, 14, 14],
      block: preactivatedBottleneck({ inputs: 256, width: 64, stride: 1 }),
    },
    'preactResnet50/layer4.0': {
      shape: [1, 1024, 8, 8],
      block: preactivatedBottleneck({ inputs: 1024, width: 512, stride: 2 }),
    },
    'seResnet50/layer1.1': { shape: [1, 256, 14, 14], block: excitedBottleneck({ inputs: 256, width: 64, stride: 1 }) },
    'seResnet50/layer4.0': {
      shape: [1, 1024, 8, 8],
      block: excitedBottleneck({ inputs: 1024, width: 512, stride: 2 }),
    },
    'senet154/stem': { shape: [1, 3, 32, 32], block: senetStem },
    'senet154/layer1.0': { shape: [1, 128, 8, 8], block: groupedBottleneck({ inputs: 128, width: 64, stride: 1 }) },
    'senet154/layer3.0': { shape: [1, 512, 8, 8], block: groupedBottleneck({ inputs: 512, width: 256, stride: 2 }) },
  }
}
