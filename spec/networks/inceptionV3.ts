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

export interface AskedOfInception extends Asked {
  /** with the auxiliary classifier, whose logits are `AuxLogits.fc` */
  readonly aux?: boolean
}

type Pair = readonly [number, number]

/** A convolution without bias, batch norm and a ReLU; it keeps the image's size unless it is told otherwise. */
export const convolve = (
  name: string,
  channels: Pair,
  window: Pair,
  {
    stride = 1,
    padding = keepingSize(...window),
  }: { readonly stride?: number; readonly padding?: readonly number[] } = {},
): Block =>
  scoped(
    name,
    chain(
      convolution('conv', channels, window, { stride: [stride, stride], padding }, { bias: false }),
      batchNorm('bn', channels[1], { epsilon: 1e-3 }),
      plainLayer('relu', 'relu'),
    ),
  )

/** Without padding: the maps become smaller by the window less one. */
export const open = { padding: [0, 0, 0, 0] } as const
/** Without padding and with stride 2. */
export const halving = { stride: 2, ...open } as const

/** A pool of 3×3 with stride 2 and no padding. */
export const maxPool = (name: string): Block => plainLayer(name, 'maxPool2d', { window: [3, 3], stride: [2, 2] })

/** A mean over 3×3 that keeps the image's size and counts the zeros around it, and a 1×1 convolution. */
const poolBranch = (inputs: number, outputs: number): Block =>
  chain(
    plainLayer('pool', 'avgPool2d', {
      window: [3, 3],
      stride: [1, 1],
      padding: keepingSize(3),
      countIncludePad: true,
    }),
    convolve('branch_pool', [inputs, outputs], [1, 1]),
  )

/** 35×35: the 5×5 window of GoogLeNet beside two of 3×3, which see as much. */
const moduleA = (inputs: number, pool: number): Block =>
  inception([
    convolve('branch1x1', [inputs, 64], [1, 1]),
    chain(convolve('branch5x5_1', [inputs, 48], [1, 1]), convolve('branch5x5_2', [48, 64], [5, 5])),
    chain(
      convolve('branch3x3dbl_1', [inputs, 64], [1, 1]),
      convolve('branch3x3dbl_2', [64, 96], [3, 3]),
      convolve('branch3x3dbl_3', [96, 96], [3, 3]),
    ),
    poolBranch(inputs, pool),
  ])

/** From 35×35 to 17×17, convolutions and a pool of stride 2 side by side. */
const moduleB = (inputs: number): Block =>
  inception([
    convolve('branch3x3', [inputs, 384], [3, 3], halving),
    chain(
      convolve('branch3x3dbl_1', [inputs, 64], [1, 1]),
      convolve('branch3x3dbl_2', [64, 96], [3, 3]),
      convolve('branch3x3dbl_3', [96, 96], [3, 3], halving),
    ),
    maxPool('branch_pool'),
  ])

/** 17×17: windows of 7×7 factorized into 1×7 and 7×1, for 14 weights instead of 49. */
const moduleC = (width: number): Block =>
  inception([
    convolve('branch1x1', [768, 192], [1, 1]),
    chain(
      convolve('branch7x7_1', [768, width], [1, 1]),
      convolve('branch7x7_2', [width, width], [1, 7]),
      convolve('branch7x7_3', [width, 192], [7, 1]),
    ),
    chain(
      convolve('branch7x7dbl_1', [768, width], [1, 1]),
      convolve('branch7x7dbl_2', [width, width], [7, 1]),
      convolve('branch7x7dbl_3', [width, width], [1, 7]),
      convolve('branch7x7dbl_4', [width, width], [7, 1]),
      convolve('branch7x7dbl_5', [width, 192], [1, 7]),
    ),
    poolBranch(768, 192),
  ])

/** From 17×17 to 8×8. */
const moduleD: Block = inception([
  chain(convolve('branch3x3_1', [768, 192], [1, 1]), convolve('branch3x3_2', [192, 320], [3, 3], halving)),
  chain(
    convolve('branch7x7x3_1', [768, 192], [1, 1]),
    convolve('branch7x7x3_2', [192, 192], [1, 7]),
    convolve('branch7x7x3_3', [192, 192], [7, 1]),
    convolve('branch7x7x3_4', [192, 192], [3, 3], halving),
  ),
  maxPool('branch_pool'),
])

/** 8×8: windows of 1×3 and 3×1 side by side, so that there are more maps at the end. */
const moduleE = (inputs: number): Block => {
  const split = (name: string, at: string): Block =>
    inception(
      [convolve(`${name}_${at}a`, [384, 384], [1, 3]), convolve(`${name}_${at}b`, [384, 384], [3, 1])],
      `${name}_concat`,
    )
  return inception([
    convolve('branch1x1', [inputs, 320], [1, 1]),
    chain(convolve('branch3x3_1', [inputs, 384], [1, 1]), split('branch3x3', '2')),
    chain(
      convolve('branch3x3dbl_1', [inputs, 448], [1, 1]),
      convolve('branch3x3dbl_2', [448, 384], [3, 3]),
      split('branch3x3dbl', '3'),
    ),
    poolBranch(inputs, 192),
  ])
}

/** What Inception v3 is made of after its first layers. */
export const inceptionV3Parts = { moduleA, moduleB, moduleC, moduleD, moduleE } as const

const auxiliaryClassifier: Block = scoped(
  'AuxLogits',
  chain(
    plainLayer('pool', 'avgPool2d', { window: [5, 5], stride: [3, 3] }),
    convolve('conv0', [768, 128], [1, 1]),
    convolve('conv1', [128, 768], [5, 5], open),
    plainLayer('avgpool', 'globalAvgPool'),
    fullyConnected('fc', 768, 1000),
  ),
)

/**
 * Inception v3: Inception modules whose large windows are factorized into small and oblong ones, with batch norm.
 *
 *   299×299×3 → 35×35×192 → three modules A 288 → B 17×17×768 → four modules C 768 → D 8×8×1280 → two modules E 2048
 *     → mean → 1000 logits
 *
 * 23,834,568 parameters, 27,161,264 with the auxiliary classifier that reads the 17×17 maps in training. Names, shapes and
 * numbers are torchvision's; the paper's figures leave some widths open, and Keras' batch norm
 * has no γ, which leaves 23,817,352. TensorFlow's and PyTorch's trainings weigh the auxiliary loss by 0.4,
 * `auxiliaryWeightsOf(network, 0.4)` in a training's description.
 *
 * Source  Szegedy et al., "Rethinking the Inception architecture for computer vision", 2016; slide "GoogLeNet"
 */
export const inceptionV3 = (batch: number, { aux = false, mode = inference }: AskedOfInception = {}): Network =>
  sequential(
    [batch, 3, 299, 299],
    [
      convolve('Conv2d_1a_3x3', [3, 32], [3, 3], halving),
      convolve('Conv2d_2a_3x3', [32, 32], [3, 3], open),
      convolve('Conv2d_2b_3x3', [32, 64], [3, 3]),
      maxPool('maxpool1'),
      convolve('Conv2d_3b_1x1', [64, 80], [1, 1]),
      convolve('Conv2d_4a_3x3', [80, 192], [3, 3], open),
      maxPool('maxpool2'),
      scoped('Mixed_5b', moduleA(192, 32)),
      scoped('Mixed_5c', moduleA(256, 64)),
      scoped('Mixed_5d', moduleA(288, 64)),
      scoped('Mixed_6a', moduleB(288)),
      scoped('Mixed_6b', moduleC(128)),
      scoped('Mixed_6c', moduleC(160)),
      scoped('Mixed_6d', moduleC(160)),
      scoped('Mixed_6e', moduleC(192)),
      ...(aux ? [auxiliary(auxiliaryClassifier)] : []),
      scoped('Mixed_7a', moduleD),
      scoped('Mixed_7b', moduleE(1280)),
      scoped('Mixed_7c', moduleE(2048)),
      plainLayer('avgpool', 'globalAvgPool'),
      dropout('dropout', 0.5),
      fullyConnected('fc', 2048, 1000),
    ],
    mode,
  )
