import { convolve, halving, maxPool, open } from './inceptionV3.js'
import { meanBranch, reductionA } from './inceptionV4.js'
import type { Asked, Block, Network } from './network.js'
import {
  chain,
  convolution,
  dropout,
  fullyConnected,
  identity,
  inception,
  inference,
  plainLayer,
  residual,
  scaled,
  scoped,
  sequential,
} from './network.js'

const stem: Block = chain(
  convolve('conv2d_1a', [3, 32], [3, 3], halving),
  convolve('conv2d_2a', [32, 32], [3, 3], open),
  convolve('conv2d_2b', [32, 64], [3, 3]),
  maxPool('maxpool_3a'),
  convolve('conv2d_3b', [64, 80], [1, 1]),
  convolve('conv2d_4a', [80, 192], [3, 3], open),
  maxPool('maxpool_5a'),
)

/** 35×35: Inception v3's first module, the mean without the zeros around the image. */
const mixed5b: Block = inception([
  convolve('branch1x1', [192, 96], [1, 1]),
  chain(convolve('branch5x5_1', [192, 48], [1, 1]), convolve('branch5x5_2', [48, 64], [5, 5])),
  chain(
    convolve('branch3x3dbl_1', [192, 64], [1, 1]),
    convolve('branch3x3dbl_2', [64, 96], [3, 3]),
    convolve('branch3x3dbl_3', [96, 96], [3, 3]),
  ),
  meanBranch(192, 64),
])

/** How a residual module ends: a 1×1 convolution back to as many maps, scaled down, added; a ReLU but for the very last. */
interface Ending {
  readonly batch: number
  readonly inputs: number
  readonly joined: number
  readonly factor: number
  readonly isLast?: boolean
}

/**
 * A residual Inception module.
 *
 *   y = relu(x + factor·conv(inception(x)))
 *
 * Without the factor, 0.1 to 0.2, networks this wide died early in training, says the paper, whatever the rate was. The
 * convolution has a bias and no batch norm.
 */
const added = (branches: readonly Block[], { batch, inputs, joined, factor, isLast = false }: Ending): Block =>
  chain(
    residual(
      chain(
        inception(branches),
        convolution('conv2d', [joined, inputs], [1, 1]),
        ...(factor === 1 ? [] : [scaled('scale', [batch, inputs], factor)]),
      ),
      identity,
    ),
    ...(isLast ? [] : [plainLayer('relu', 'relu')]),
  )

/** 35×35×320. */
const block35 = (batch: number): Block =>
  added(
    [
      convolve('branch0', [320, 32], [1, 1]),
      chain(convolve('branch1.0', [320, 32], [1, 1]), convolve('branch1.1', [32, 32], [3, 3])),
      chain(
        convolve('branch2.0', [320, 32], [1, 1]),
        convolve('branch2.1', [32, 48], [3, 3]),
        convolve('branch2.2', [48, 64], [3, 3]),
      ),
    ],
    { batch, inputs: 320, joined: 128, factor: 0.17 },
  )

/** 17×17×1088. */
const block17 = (batch: number): Block =>
  added(
    [
      convolve('branch0', [1088, 192], [1, 1]),
      chain(
        convolve('branch1.0', [1088, 128], [1, 1]),
        convolve('branch1.1', [128, 160], [1, 7]),
        convolve('branch1.2', [160, 192], [7, 1]),
      ),
    ],
    { batch, inputs: 1088, joined: 384, factor: 0.1 },
  )

/** 8×8×2080; the last is neither scaled nor rectified. */
const block8 = (batch: number, isLast = false): Block =>
  added(
    [
      convolve('branch0', [2080, 192], [1, 1]),
      chain(
        convolve('branch1.0', [2080, 192], [1, 1]),
        convolve('branch1.1', [192, 224], [1, 3]),
        convolve('branch1.2', [224, 256], [3, 1]),
      ),
    ],
    { batch, inputs: 2080, joined: 448, factor: isLast ? 1 : 0.2, isLast },
  )

/** From 17×17 to 8×8. */
const reductionB: Block = inception([
  chain(convolve('branch0.0', [1088, 256], [1, 1]), convolve('branch0.1', [256, 384], [3, 3], halving)),
  chain(convolve('branch1.0', [1088, 256], [1, 1]), convolve('branch1.1', [256, 288], [3, 3], halving)),
  chain(
    convolve('branch2.0', [1088, 256], [1, 1]),
    convolve('branch2.1', [256, 288], [3, 3]),
    convolve('branch2.2', [288, 320], [3, 3], halving),
  ),
  maxPool('branch_pool'),
])

/** What Inception-ResNet v2 is made of. */
export const inceptionResnetV2Parts = (batch: number) => ({
  stem,
  mixed5b,
  block35: block35(batch),
  reductionA: reductionA(320, [256, 256, 384, 384]),
  block17: block17(batch),
  reductionB,
  block8: block8(batch),
  lastBlock: block8(batch, true),
})

const times = (count: number, name: string, block: Block): readonly Block[] =>
  Array.from({ length: count }, (_, at) => scoped(`${name}.${at}`, block))

/**
 * Inception-ResNet v2: Inception modules that add to what they are given.
 *
 *   299×299×3 → stem 35×35×192 → 320 → ten blocks of 35×35 → 17×17×1088 → twenty blocks → 8×8×2080 → ten blocks → 1×1
 *     convolution 1536 → mean → 1000 logits
 *
 * 55,843,464 parameters, as timm's inception_resnet_v2, Cadene's pretrained-models and pytorchcv have it, after TensorFlow's
 * own model: its widths are those of the code that was published, 320, 1088 and 2080, where the paper's figures say 384,
 * 1154 and 2048. Keras' batch norm has no γ: 55,813,192 learnt. Eight in ten of the last 1536 numbers are kept in training.
 *
 * Source  Szegedy, Ioffe, Vanhoucke and Alemi, "Inception-v4, Inception-ResNet and the impact of residual connections on
 *         learning", 2017, figures 15 to 19; slide "GoogLeNet"
 */
export const inceptionResnetV2 = (batch: number, { mode = inference }: Asked = {}): Network => {
  const parts = inceptionResnetV2Parts(batch)
  return sequential(
    [batch, 3, 299, 299],
    [
      parts.stem,
      scoped('mixed_5b', parts.mixed5b),
      ...times(10, 'repeat', parts.block35),
      scoped('mixed_6a', parts.reductionA),
      ...times(20, 'repeat_1', parts.block17),
      scoped('mixed_7a', parts.reductionB),
      ...times(9, 'repeat_2', parts.block8),
      scoped('block8', parts.lastBlock),
      convolve('conv2d_7b', [2080, 1536], [1, 1]),
      plainLayer('avgpool', 'globalAvgPool'),
      dropout('dropout', 0.8),
      fullyConnected('fc', 1536, 1000),
    ],
    mode,
  )
}
