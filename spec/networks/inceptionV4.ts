import { convolve, halving, maxPool, open } from './inceptionV3.js'
import type { Asked, Block, Network } from './network.js'
import {
  chain,
  dropout,
  fullyConnected,
  inception,
  inference,
  keepingSize,
  plainLayer,
  scoped,
  sequential,
} from './network.js'

/** A mean over 3×3 that keeps the image's size and leaves the zeros around it out, and a 1×1 convolution. */
export const meanBranch = (inputs: number, outputs: number): Block =>
  chain(
    plainLayer('pool', 'avgPool2d', { window: [3, 3], stride: [1, 1], padding: keepingSize(3) }),
    convolve('branch_pool', [inputs, outputs], [1, 1]),
  )

const stem: Block = chain(
  convolve('conv1', [3, 32], [3, 3], halving),
  convolve('conv2', [32, 32], [3, 3], open),
  convolve('conv3', [32, 64], [3, 3]),
  scoped('mixed_3a', inception([maxPool('pool'), convolve('conv', [64, 96], [3, 3], halving)])),
  scoped(
    'mixed_4a',
    inception([
      chain(convolve('branch3x3_1', [160, 64], [1, 1]), convolve('branch3x3_2', [64, 96], [3, 3], open)),
      chain(
        convolve('branch7x7_1', [160, 64], [1, 1]),
        convolve('branch7x7_2', [64, 64], [1, 7]),
        convolve('branch7x7_3', [64, 64], [7, 1]),
        convolve('branch7x7_4', [64, 96], [3, 3], open),
      ),
    ]),
  ),
  scoped('mixed_5a', inception([convolve('conv', [192, 192], [3, 3], halving), maxPool('pool')])),
)

/** 35×35×384. */
const moduleA: Block = inception([
  convolve('branch1x1', [384, 96], [1, 1]),
  chain(convolve('branch3x3_1', [384, 64], [1, 1]), convolve('branch3x3_2', [64, 96], [3, 3])),
  chain(
    convolve('branch3x3dbl_1', [384, 64], [1, 1]),
    convolve('branch3x3dbl_2', [64, 96], [3, 3]),
    convolve('branch3x3dbl_3', [96, 96], [3, 3]),
  ),
  meanBranch(384, 96),
])

/** From 35×35 to 17×17; the paper's k, l, m and n: how wide its branches are. */
export const reductionA = (
  inputs: number,
  [k, l, m, n]: readonly [k: number, l: number, m: number, n: number],
): Block =>
  inception([
    convolve('branch3x3', [inputs, n], [3, 3], halving),
    chain(
      convolve('branch3x3dbl_1', [inputs, k], [1, 1]),
      convolve('branch3x3dbl_2', [k, l], [3, 3]),
      convolve('branch3x3dbl_3', [l, m], [3, 3], halving),
    ),
    maxPool('branch_pool'),
  ])

/** 17×17×1024. */
const moduleB: Block = inception([
  convolve('branch1x1', [1024, 384], [1, 1]),
  chain(
    convolve('branch7x7_1', [1024, 192], [1, 1]),
    convolve('branch7x7_2', [192, 224], [1, 7]),
    convolve('branch7x7_3', [224, 256], [7, 1]),
  ),
  chain(
    convolve('branch7x7dbl_1', [1024, 192], [1, 1]),
    convolve('branch7x7dbl_2', [192, 192], [7, 1]),
    convolve('branch7x7dbl_3', [192, 224], [1, 7]),
    convolve('branch7x7dbl_4', [224, 224], [7, 1]),
    convolve('branch7x7dbl_5', [224, 256], [1, 7]),
  ),
  meanBranch(1024, 128),
])

/** From 17×17 to 8×8. */
const reductionB: Block = inception([
  chain(convolve('branch3x3_1', [1024, 192], [1, 1]), convolve('branch3x3_2', [192, 192], [3, 3], halving)),
  chain(
    convolve('branch7x7x3_1', [1024, 256], [1, 1]),
    convolve('branch7x7x3_2', [256, 256], [1, 7]),
    convolve('branch7x7x3_3', [256, 320], [7, 1]),
    convolve('branch7x7x3_4', [320, 320], [3, 3], halving),
  ),
  maxPool('branch_pool'),
])

/** 8×8×1536: windows of 1×3 and 3×1 side by side at the end of two branches. */
const moduleC: Block = (() => {
  const split = (name: string, inputs: number): Block =>
    inception(
      [convolve(`${name}_a`, [inputs, 256], [1, 3]), convolve(`${name}_b`, [inputs, 256], [3, 1])],
      `${name}_concat`,
    )
  return inception([
    convolve('branch1x1', [1536, 256], [1, 1]),
    chain(convolve('branch3x3_1', [1536, 384], [1, 1]), split('branch3x3_2', 384)),
    chain(
      convolve('branch3x3dbl_1', [1536, 384], [1, 1]),
      convolve('branch3x3dbl_2', [384, 448], [3, 1]),
      convolve('branch3x3dbl_3', [448, 512], [1, 3]),
      split('branch3x3dbl_4', 512),
    ),
    meanBranch(1536, 256),
  ])
})()

/** What Inception v4 is made of. */
export const inceptionV4Parts = {
  stem,
  moduleA,
  reductionA: reductionA(384, [192, 224, 256, 384]),
  moduleB,
  reductionB,
  moduleC,
} as const

const times = (count: number, name: string, block: Block): readonly Block[] =>
  Array.from({ length: count }, (_, at) => scoped(`${name}.${at}`, block))

/**
 * Inception v4: the modules of v3 made uniform, more of them, behind a stem that already branches.
 *
 *   299×299×3 → stem 35×35×384 → four modules A 384 → 17×17×1024 → seven modules B 1024 → 8×8×1536 → three modules C 1536
 *     → mean → 1000 logits
 *
 * 42,679,816 parameters, as timm's inception_v4 and Cadene's pretrained-models have it. Their means leave the zeros around
 * the image out, TensorFlow's way. Eight in ten of the last 1536 numbers are kept in training, as in the paper.
 *
 * Source  Szegedy, Ioffe, Vanhoucke and Alemi, "Inception-v4, Inception-ResNet and the impact of residual connections on
 *         learning", 2017, figures 3 to 9; slide "GoogLeNet"
 */
export const inceptionV4 = (batch: number, { mode = inference }: Asked = {}): Network =>
  sequential(
    [batch, 3, 299, 299],
    [
      scoped('stem', stem),
      ...times(4, 'inception_a', moduleA),
      scoped('reduction_a', inceptionV4Parts.reductionA),
      ...times(7, 'inception_b', moduleB),
      scoped('reduction_b', reductionB),
      ...times(3, 'inception_c', moduleC),
      plainLayer('avgpool', 'globalAvgPool'),
      dropout('dropout', 0.8),
      fullyConnected('fc', 1536, 1000),
    ],
    mode,
  )
