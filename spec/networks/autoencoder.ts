import type { Asked, Block, Network } from './network.js'
import { chain, convolution, inference, plainLayer, sequential, transposedConvolution } from './network.js'

const half = { stride: [2, 2], padding: [1, 1, 1, 1] } as const

/** Digits [N,1,28,28] to codes [N,8,4,4], by convolutions of stride 2. */
export const encoder: Block = chain(
  convolution('encoder.conv1', [1, 16], [3, 3], half),
  plainLayer('encoder.relu1', 'relu'),
  convolution('encoder.conv2', [16, 32], [3, 3], half),
  plainLayer('encoder.relu2', 'relu'),
  convolution('encoder.conv3', [32, 8], [3, 3], half),
  plainLayer('code', 'relu'),
)

/**
 * Codes [N,8,4,4] to digits: each layer the transpose of the encoder's, in reverse. Stride 2 takes images of 13 and of 14
 * pixels to 7; outputPadding says that 14 is meant.
 */
export const decoder: Block = chain(
  transposedConvolution('decoder.conv1', [8, 32], [3, 3], half),
  plainLayer('decoder.relu1', 'relu'),
  transposedConvolution('decoder.conv2', [32, 16], [3, 3], { ...half, outputPadding: [1, 1] }),
  plainLayer('decoder.relu2', 'relu'),
  transposedConvolution('decoder.conv3', [16, 1], [3, 3], { ...half, outputPadding: [1, 1] }),
  plainLayer('y', 'sigmoid'),
)

/**
 * A convolutional autoencoder of digits: 784 pixels from 0 to 1 through a code of 128 numbers and back.
 *
 *   [N,1,28,28] → 16×14×14 → 32×7×7 → 8×4×4 → 32×7×7 → 16×14×14 → y [N,1,28,28]
 *
 * Source  slide "Autoencoders"
 */
export const autoencoder = (batch: number, { mode = inference }: Asked = {}): Network =>
  sequential([batch, 1, 28, 28], [encoder, decoder], mode)
