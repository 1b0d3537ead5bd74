import type { Asked, Block, Network } from './network.js'
import {
  batchNorm,
  chain,
  convolution,
  fullyConnected,
  inception,
  inference,
  keepingSize,
  plainLayer,
  scoped,
  sequential,
} from './network.js'

export interface AskedOfBnInception extends Asked {
  readonly variant?: 'ported' | 'paper'
}

/** A convolution, batch norm and a ReLU; the ported network has biases that batch norm takes away again. */
type Convolve = (name: string, channels: readonly [number, number], side: number, stride?: number) => Block

const convolveBy =
  (bias: boolean): Convolve =>
  (name, channels, side, stride = 1) =>
    scoped(
      name,
      chain(
        convolution('conv', channels, [side, side], { stride: [stride, stride], padding: keepingSize(side) }, { bias }),
        batchNorm('bn', channels[1]),
        plainLayer('relu', 'relu'),
      ),
    )

/** A pool of stride 2 that takes 112 to 56: the last window reaches past the image. */
const halvingPool = (name: string): Block =>
  plainLayer(name, 'maxPool2d', { window: [3, 3], stride: [2, 2], padding: [0, 1, 0, 1] })

const meanPool: Block = plainLayer('pool', 'avgPool2d', {
  window: [3, 3],
  stride: [1, 1],
  padding: keepingSize(3),
  countIncludePad: true,
})

const maxPool: Block = plainLayer('pool', 'maxPool2d', { window: [3, 3], stride: [1, 1], padding: keepingSize(3) })

/** How many maps each branch of a module gives, and how many a 1×1 convolution leaves before the larger windows. */
interface Branches {
  readonly inputs: number
  readonly one: number
  readonly three: readonly [number, number]
  /** two windows of 3×3, one after the other, see as much as 5×5 for 18 weights instead of 25 */
  readonly double: readonly [number, number]
  readonly pool: number
}

const moduleBy =
  (convolve: Convolve) =>
  ({ inputs, one, three, double, pool }: Branches, pooled: Block = meanPool): Block =>
    inception([
      convolve('1x1', [inputs, one], 1),
      chain(convolve('3x3_reduce', [inputs, three[0]], 1), convolve('3x3', three, 3)),
      chain(
        convolve('double_3x3_reduce', [inputs, double[0]], 1),
        convolve('double_3x3_1', double, 3),
        convolve('double_3x3_2', [double[1], double[1]], 3),
      ),
      chain(pooled, convolve('pool_proj', [inputs, pool], 1)),
    ])

/** A module that halves the image: strides of 2 in the last convolutions, and a pool whose maps are handed on. */
const halvingBy =
  (convolve: Convolve) =>
  ({ inputs, three, double }: Omit<Branches, 'one' | 'pool'>): Block =>
    inception([
      chain(convolve('3x3_reduce', [inputs, three[0]], 1), convolve('3x3', three, 3, 2)),
      chain(
        convolve('double_3x3_reduce', [inputs, double[0]], 1),
        convolve('double_3x3_1', double, 3),
        convolve('double_3x3_2', [double[1], double[1]], 3, 2),
      ),
      halvingPool('pool'),
    ])

/** What Inception v2 is made of, as the paper's table or as the ported network has it. */
export const bnInceptionParts = (variant: 'ported' | 'paper') => {
  const isPorted = variant === 'ported'
  const convolve = convolveBy(isPorted)
  const [module, halving] = [moduleBy(convolve), halvingBy(convolve)]
  // behind the pools of 4c and 4d the paper's table has 96 maps, the ported network 128
  const pool = isPorted ? 128 : 96
  const joined = 480 + pool
  return {
    stem: chain(
      convolve('conv1', [3, 64], 7, 2),
      halvingPool('pool1'),
      convolve('conv2_reduce', [64, 64], 1),
      convolve('conv2', [64, 192], 3),
      halvingPool('pool2'),
    ),
    '3a': module({ inputs: 192, one: 64, three: [64, 64], double: [64, 96], pool: 32 }),
    '3b': module({ inputs: 256, one: 64, three: [64, 96], double: [64, 96], pool: 64 }),
    '3c': halving({ inputs: 320, three: [128, 160], double: [64, 96] }),
    '4a': module({ inputs: 576, one: 224, three: [64, 96], double: [96, 128], pool: 128 }),
    '4b': module({ inputs: 576, one: 192, three: [96, 128], double: [96, 128], pool: 128 }),
    '4c': module({ inputs: 576, one: 160, three: [128, 160], double: [128, 160], pool }),
    '4d': module({ inputs: joined, one: 96, three: [128, 192], double: [160, 192], pool }),
    '4e': halving({ inputs: joined, three: [128, 192], double: [192, 256] }),
    '5a': module({ inputs: 448 + joined, one: 352, three: [192, 320], double: [160, 224], pool: 128 }),
    '5b': module({ inputs: 1024, one: 352, three: [192, 320], double: [192, 224], pool: 128 }, maxPool),
  }
}

/**
 * Inception v2, or BN-Inception: GoogLeNet with batch norm behind every convolution, and two windows of 3×3 where it had one
 * of 5×5.
 *
 *   224×224×3 → 56×56×192 → 28×28: 3a 256, 3b 320 → 3c 14×14×576: 4a, 4b 576, 4c, 4d 608 → 4e 7×7×1056 → 5a, 5b 1024
 *     → mean → 1000 logits
 *
 *   ported  11,295,240 parameters: the network that was trained in Caffe and ported to PyTorch (Cadene's pretrained-models,
 *           pytorchcv's bninception). Its convolutions have biases, which batch norm takes away again
 *   paper   11,194,984: 96 maps behind the pools of 4c and 4d, as in the paper's table, so 576 where the ported network has
 *           608, and no biases
 *
 * The two differ in 4c and 4d alone, and in the biases. Both pool by a mean that counts the zeros around the image, but for
 * 5b, which has a maximum. The paper's 3×3 of stride 2 in 3c and 4e have the pool's maps beside them as they are.
 *
 * Source  Ioffe and Szegedy, "Batch normalization: accelerating deep network training by reducing internal covariate shift",
 *         2015, figure 5; slide "GoogLeNet"
 */
export const bnInception = (
  batch: number,
  { variant = 'ported', mode = inference }: AskedOfBnInception = {},
): Network => {
  const { stem, ...modules } = bnInceptionParts(variant)
  return sequential(
    [batch, 3, 224, 224],
    [
      stem,
      ...Object.entries(modules).map(([name, module]) => scoped(`inception${name}`, module)),
      plainLayer('avgpool', 'globalAvgPool'),
      fullyConnected('fc', 1024, 1000),
    ],
    mode,
  )
}
