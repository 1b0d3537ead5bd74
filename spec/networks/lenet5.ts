import type { Asked, Block, Network } from './network.js'
import { chain, convolution, fullyConnected, inference, keepingSize, plainLayer, sequential } from './network.js'

/** LeNet's variants differ in the padding of the first layer, and with it in how large the second's maps are. */
export interface AskedOfLenet extends Asked {
  readonly variant?: 'padded' | 'unpadded'
  readonly classes?: number
}

/** LeNet-5's convolutional part, digits [N,1,28,28] to codes [N,400], or [N,256] `unpadded`: what another classifier may reuse. */
export const lenetFeatures = (variant: NonNullable<AskedOfLenet['variant']> = 'padded'): Block =>
  chain(
    convolution('conv1', [1, 6], [5, 5], { padding: variant === 'padded' ? keepingSize(5) : [0, 0, 0, 0] }),
    plainLayer('relu1', 'relu'),
    plainLayer('pool1', 'maxPool2d'),
    convolution('conv2', [6, 16], [5, 5]),
    plainLayer('relu2', 'relu'),
    plainLayer('pool2', 'maxPool2d'),
    plainLayer('flat', 'flatten'),
  )

/**
 * LeNet-5 in its common variant: 61,706 parameters.
 *
 *   x [N,1,28,28] → conv 5×5, padding 2 → 6 maps → ReLU → max pool 2×2 → conv 5×5 → 16 maps → ReLU → max pool 2×2
 *     → flatten 400 → 120 → ReLU → 84 → ReLU → 10 logits
 *
 * Three networks go by this name. The course's "≈60k" is the paper's of 1998: exactly 60,000 learnt numbers, since its
 * third layer is connected sparsely (1,516 instead of 2,416) and its subsampling layers have weights; it uses a scaled
 * tanh and radial basis functions at the end. This one reads the paper's 32×32 as 28×28 with padding 2. Without padding,
 * `unpadded`, 256 numbers are left to flatten, and 44,426 parameters.
 *
 * Source  LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", 1998; slide
 *         "LeNet"
 */
export const lenet5 = (
  batch: number,
  { variant = 'padded', classes = 10, mode = inference }: AskedOfLenet = {},
): Network =>
  sequential(
    [batch, 1, 28, 28],
    [
      lenetFeatures(variant),
      fullyConnected('fc1', variant === 'padded' ? 400 : 256, 120),
      plainLayer('relu3', 'relu'),
      fullyConnected('fc2', 120, 84),
      plainLayer('relu4', 'relu'),
      fullyConnected('fc3', 84, classes),
    ],
    mode,
  )
