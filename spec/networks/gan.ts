import type { Asked, Block, Network } from './network.js'
import {
  batchNorm,
  chain,
  convolution,
  fullyConnected,
  inference,
  plainLayer,
  scoped,
  sequential,
  transposedConvolution,
} from './network.js'

const double = { stride: [2, 2], padding: [1, 1, 1, 1] } as const
const bare = { bias: false }

/** How many numbers of noise a digit is drawn from, unless it is said otherwise. */
export const noise = 64

/** A smaller pair has fewer channels and less noise; its layers are the same. */
export interface AskedOfGan extends Asked {
  /** channels at 7×7 and at 14×14, in both networks */
  readonly widths?: readonly [deep: number, shallow: number]
  readonly noise?: number
}

interface Sizes {
  readonly widths: readonly [deep: number, shallow: number]
  readonly noise: number
}

const sizesOf = ({ widths = [128, 64], noise: numbers = noise }: AskedOfGan): Sizes => ({ widths, noise: numbers })

// the rows of a batch become images, so the batch is among what must be known
const generating = (batch: number, { widths: [deep, shallow], noise }: Sizes): Block =>
  scoped(
    'generator',
    chain(
      fullyConnected('fc', noise, deep * 7 * 7, bare),
      plainLayer('maps', 'reshape', { shape: [batch, deep, 7, 7] }),
      batchNorm('bn1', deep),
      plainLayer('relu1', 'relu'),
      transposedConvolution('conv1', [deep, shallow], [4, 4], double, bare),
      batchNorm('bn2', shallow),
      plainLayer('relu2', 'relu'),
      transposedConvolution('conv2', [shallow, 1], [4, 4], double),
      plainLayer('image', 'tanh'),
    ),
  )

const discriminating = ({ widths: [deep, shallow] }: Sizes): Block =>
  scoped(
    'discriminator',
    chain(
      convolution('conv1', [1, shallow], [4, 4], double),
      plainLayer('leakyRelu1', 'leakyRelu', { alpha: 0.2 }),
      convolution('conv2', [shallow, deep], [4, 4], double, bare),
      batchNorm('bn2', deep),
      plainLayer('leakyRelu2', 'leakyRelu', { alpha: 0.2 }),
      plainLayer('flat', 'flatten'),
      fullyConnected('fc', deep * 7 * 7, 1),
    ),
  )

/** Noise x [N,64] to digits [N,1,28,28], pixels from −1 to 1. */
export const generator = (batch: number, { mode = inference, ...asked }: AskedOfGan = {}): Network =>
  sequential([batch, sizesOf(asked).noise], [generating(batch, sizesOf(asked))], mode)

/** Digits x [N,1,28,28] to the logit of each being real. */
export const discriminator = (batch: number, { mode = inference, ...asked }: AskedOfGan = {}): Network =>
  sequential([batch, 1, 28, 28], [discriminating(sizesOf(asked))], mode)

/**
 * A generative adversarial network of digits: a generator that draws, and a discriminator that tells drawn from real.
 *
 *   generator      x [N,64] → 128×7×7 → 64×14×14 → image [N,1,28,28]
 *   discriminator  image → 64×14×14 → 128×7×7 → logit [N,1]
 *
 * This is the pair, one after the other; parameters have the same names in all three. `adversarialStep` trains the two
 * against each other. As DCGAN has it: strides instead of pools, batch norm but for the generator's end and the
 * discriminator's start.
 *
 * Source  Goodfellow et al., "Generative adversarial nets", 2014; Radford, Metz and Chintala, "Unsupervised
 *         representation learning with deep convolutional generative adversarial networks", 2016
 */
export const gan = (batch: number, { mode = inference, ...asked }: AskedOfGan = {}): Network =>
  sequential([batch, sizesOf(asked).noise], [generating(batch, sizesOf(asked)), discriminating(sizesOf(asked))], mode)
