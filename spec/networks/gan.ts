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

/** How many numbers of noise a digit is drawn from. */
export const noise = 64

// the rows of a batch become images, so the batch is among what must be known
const generating = (batch: number): Block =>
  scoped(
    'generator',
    chain(
      fullyConnected('fc', noise, 128 * 7 * 7, bare),
      plainLayer('maps', 'reshape', { shape: [batch, 128, 7, 7] }),
      batchNorm('bn1', 128),
      plainLayer('relu1', 'relu'),
      transposedConvolution('conv1', [128, 64], [4, 4], double, bare),
      batchNorm('bn2', 64),
      plainLayer('relu2', 'relu'),
      transposedConvolution('conv2', [64, 1], [4, 4], double),
      plainLayer('image', 'tanh'),
    ),
  )

const discriminating: Block = scoped(
  'discriminator',
  chain(
    convolution('conv1', [1, 64], [4, 4], double),
    plainLayer('leakyRelu1', 'leakyRelu', { alpha: 0.2 }),
    convolution('conv2', [64, 128], [4, 4], double, bare),
    batchNorm('bn2', 128),
    plainLayer('leakyRelu2', 'leakyRelu', { alpha: 0.2 }),
    plainLayer('flat', 'flatten'),
    fullyConnected('fc', 128 * 7 * 7, 1),
  ),
)

/** Noise x [N,64] to digits [N,1,28,28], pixels from −1 to 1. */
export const generator = (batch: number, { mode = inference }: Asked = {}): Network =>
  sequential([batch, noise], [generating(batch)], mode)

/** Digits x [N,1,28,28] to the logit of each being real. */
export const discriminator = (batch: number, { mode = inference }: Asked = {}): Network =>
  sequential([batch, 1, 28, 28], [discriminating], mode)

/**
 * A generative adversarial network of digits: a generator that draws, and a discriminator that tells drawn from real.
 *
 *   generator      x [N,64] → 128×7×7 → 64×14×14 → image [N,1,28,28]
 *   discriminator  image → 64×14×14 → 128×7×7 → logit [N,1]
 *
 * This is the pair as the generator is trained by, one after the other; the discriminator's parameters are then held
 * fixed. The discriminator learns by itself, from real images and drawn ones; parameters have the same names in all
 * three. As DCGAN has it: strides instead of pools, batch norm but for the generator's end and the discriminator's start.
 *
 * Source  Goodfellow et al., "Generative adversarial nets", 2014; Radford, Metz and Chintala, "Unsupervised
 *         representation learning with deep convolutional generative adversarial networks", 2016
 */
export const gan = (batch: number, { mode = inference }: Asked = {}): Network =>
  sequential([batch, noise], [generating(batch), discriminating], mode)
