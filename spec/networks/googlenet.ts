import type { Asked, Block, Network } from './network.js'
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
} from './network.js'

export interface AskedOfGooglenet extends Asked {
  readonly variant?: 'paper' | 'torchvision'
  /** with both auxiliary classifiers, whose logits are `aux1.fc2` and `aux2.fc2` */
  readonly aux?: boolean
}

/** How many maps each branch of an Inception module gives, and how many a 1×1 convolution leaves before the larger windows. */
interface Branches {
  readonly inputs: number
  readonly one: number
  readonly three: readonly [number, number]
  readonly five: readonly [number, number]
  readonly pool: number
}

const branches = (
  inputs: number,
  one: number,
  three: readonly [number, number],
  five: readonly [number, number],
  pool: number,
): Branches => ({ inputs, one, three, five, pool })

// the paper's table 1
const modules = {
  '3a': branches(192, 64, [96, 128], [16, 32], 32),
  '3b': branches(256, 128, [128, 192], [32, 96], 64),
  '4a': branches(480, 192, [96, 208], [16, 48], 64),
  '4b': branches(512, 160, [112, 224], [24, 64], 64),
  '4c': branches(512, 128, [128, 256], [24, 64], 64),
  '4d': branches(512, 112, [144, 288], [32, 64], 64),
  '4e': branches(528, 256, [160, 320], [32, 128], 128),
  '5a': branches(832, 256, [160, 320], [32, 128], 128),
  '5b': branches(832, 384, [192, 384], [48, 128], 128),
} as const

/** A convolution with what follows it: a ReLU, or batch norm and a ReLU. */
type Convolve = (name: string, channels: readonly [number, number], side: number, stride?: number) => Block

const plainConvolve: Convolve = (name, channels, side, stride = 1) =>
  chain(
    convolution(name, channels, [side, side], { stride: [stride, stride], padding: keepingSize(side) }),
    plainLayer(`${name}.relu`, 'relu'),
  )

const normedConvolve: Convolve = (name, channels, side, stride = 1) =>
  scoped(
    name,
    chain(
      convolution(
        'conv',
        channels,
        [side, side],
        { stride: [stride, stride], padding: keepingSize(side) },
        { bias: false },
      ),
      batchNorm('bn', channels[1], { epsilon: 1e-3 }),
      plainLayer('relu', 'relu'),
    ),
  )

/** A pool of stride 2 that takes 112 to 56, as the paper and `ceil_mode` have it: the last window reaches past the image. */
const halving = (name: string, side: 2 | 3): Block =>
  plainLayer(name, 'maxPool2d', {
    window: [side, side],
    stride: [2, 2],
    padding: side === 3 ? [0, 1, 0, 1] : [0, 0, 0, 0],
  })

const poolBranch = (name: string): Block =>
  plainLayer(name, 'maxPool2d', { window: [3, 3], stride: [1, 1], padding: keepingSize(3) })

/**
 * An Inception module: windows of 1×1, 3×3 and 5×5 and a pool, side by side, their maps joined. 1×1 convolutions leave fewer
 * maps before the larger windows: from 28×28×192 to 32 maps, 5×5 costs 120,422,400 multiply-adds, and by way of 16 maps
 * 12,443,648, a tenth.
 */
export const inceptionModule = ({ inputs, one, three, five, pool }: Branches): Block =>
  inception([
    plainConvolve('1x1', [inputs, one], 1),
    chain(plainConvolve('3x3_reduce', [inputs, three[0]], 1), plainConvolve('3x3', three, 3)),
    chain(plainConvolve('5x5_reduce', [inputs, five[0]], 1), plainConvolve('5x5', five, 5)),
    chain(poolBranch('pool'), plainConvolve('pool_proj', [inputs, pool], 1)),
  ])

// torchvision's, from the TensorFlow models, has a 3×3 window where the paper has 5×5
const torchvisionModule = ({ inputs, one, three, five, pool }: Branches): Block =>
  inception([
    normedConvolve('branch1', [inputs, one], 1),
    chain(normedConvolve('branch2.0', [inputs, three[0]], 1), normedConvolve('branch2.1', three, 3)),
    chain(normedConvolve('branch3.0', [inputs, five[0]], 1), normedConvolve('branch3.1', five, 3)),
    chain(poolBranch('branch4.0'), normedConvolve('branch4.1', [inputs, pool], 1)),
  ])

/** What differs between the paper's network and torchvision's. */
export interface GooglenetParts {
  readonly stem: Block
  readonly module: (name: keyof typeof modules) => Block
  readonly lastHalving: Block
  readonly auxiliaryOf: (name: string, inputs: number) => Block
  readonly keep: number
}

const norm = (name: string): Block => plainLayer(name, 'localResponseNorm', { size: 5, alpha: 1e-4, beta: 0.75, k: 1 })

/** An auxiliary classifier of 128 maps of 4×4; three in ten of its hidden numbers are kept. */
const auxiliaryClassifier = (name: string, maps: Block): Block =>
  scoped(
    name,
    chain(
      maps,
      plainLayer('flatten', 'flatten'),
      fullyConnected('fc1', 4 * 4 * 128, 1024),
      plainLayer('relu', 'relu'),
      dropout('dropout', 0.3),
      fullyConnected('fc2', 1024, 1000),
    ),
  )

const paper: GooglenetParts = {
  stem: chain(
    plainConvolve('conv1', [3, 64], 7, 2),
    halving('pool1', 3),
    norm('norm1'),
    plainConvolve('conv2_reduce', [64, 64], 1),
    plainConvolve('conv2', [64, 192], 3),
    norm('norm2'),
    halving('pool2', 3),
  ),
  module: (name) => scoped(`inception${name}`, inceptionModule(modules[name])),
  lastHalving: halving('pool4', 3),
  auxiliaryOf: (name, inputs) =>
    auxiliaryClassifier(
      name,
      chain(
        plainLayer('pool', 'avgPool2d', { window: [5, 5], stride: [3, 3] }),
        plainConvolve('conv', [inputs, 128], 1),
      ),
    ),
  keep: 0.6,
}

/**
 * torchvision's adaptive mean from 14×14 to 4×4: rows 0–3, 3–6, 7–10 and 10–13, and columns likewise. Each half of 7 holds
 * two windows of 4, 3 apart, so the halves are told apart by reshaping, rows first.
 */
const adaptiveMean = (batch: number, channels: number): Block =>
  chain(
    plainLayer('rows', 'reshape', { shape: [batch, 2 * channels, 7, 14] }),
    plainLayer('rowMeans', 'avgPool2d', { window: [4, 1], stride: [3, 1] }),
    plainLayer('columns', 'reshape', { shape: [batch, 8 * channels, 1, 7] }),
    plainLayer('columnMeans', 'avgPool2d', { window: [1, 4], stride: [1, 3] }),
    plainLayer('means', 'reshape', { shape: [batch, channels, 4, 4] }),
  )

const torchvision = (batch: number): GooglenetParts => ({
  stem: chain(
    normedConvolve('conv1', [3, 64], 7, 2),
    halving('maxpool1', 3),
    normedConvolve('conv2', [64, 64], 1),
    normedConvolve('conv3', [64, 192], 3),
    halving('maxpool2', 3),
  ),
  module: (name) => scoped(`inception${name}`, torchvisionModule(modules[name])),
  lastHalving: halving('maxpool4', 2),
  auxiliaryOf: (name, inputs) =>
    auxiliaryClassifier(name, chain(adaptiveMean(batch, inputs), normedConvolve('conv', [inputs, 128], 1))),
  keep: 0.8,
})

/** What GoogLeNet is made of, as the paper or as torchvision has it. */
export const googlenetParts = (batch: number, variant: 'paper' | 'torchvision'): GooglenetParts =>
  variant === 'paper' ? paper : torchvision(batch)

/**
 * GoogLeNet, which won ILSVRC 2014: nine Inception modules, and a mean over the image instead of fully connected layers.
 *
 *   224×224×3 → 112×112×64 → 56×56×192 → 28×28: 3a 256, 3b 480 → 14×14: 4a–4d 512, 528, 4e 832 → 7×7: 5a 832, 5b 1024
 *     → mean → 1000 logits
 *
 *   paper        6,998,552 parameters (5,973,552 without the classifier), 13,378,280 with both auxiliary classifiers
 *   torchvision  6,624,904 and 13,004,888: batch norm instead of biases, 3×3 windows where the paper has 5×5
 *
 * The course's "5M" and "12 times fewer than AlexNet" is the paper's claim: AlexNet's 61M by 12. The table of the paper
 * itself sums to 6.8M. 22 layers learn, counted along the longest way.
 *
 * The auxiliary classifiers read the maps of 4a and 4d in training; the paper weighs their losses by 0.3, which is
 * `auxiliaryWeightsOf(network, 0.3)` in a training's description.
 *
 * Source  Szegedy et al., "Going deeper with convolutions", 2015; slide "GoogLeNet"
 */
export const googlenet = (
  batch: number,
  { variant = 'paper', aux = false, mode = inference }: AskedOfGooglenet = {},
): Network => {
  const { stem, module, lastHalving, auxiliaryOf, keep } = googlenetParts(batch, variant)
  const looking = (name: string, inputs: number): readonly Block[] =>
    aux ? [auxiliary(auxiliaryOf(name, inputs))] : []
  return sequential(
    [batch, 3, 224, 224],
    [
      stem,
      module('3a'),
      module('3b'),
      halving(variant === 'paper' ? 'pool3' : 'maxpool3', 3),
      module('4a'),
      ...looking('aux1', 512),
      module('4b'),
      module('4c'),
      module('4d'),
      ...looking('aux2', 528),
      module('4e'),
      lastHalving,
      module('5a'),
      module('5b'),
      plainLayer('avgpool', 'globalAvgPool'),
      dropout('dropout', keep),
      fullyConnected('fc', 1024, 1000),
    ],
    mode,
  )
}
