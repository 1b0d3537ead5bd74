import type { Network } from './network.js'
import { convolution, fullyConnected, plainLayer, sequential } from './network.js'

/**
 * LeNet-5 in its common variant: 61,706 parameters.
 *
 *   x [N,1,28,28] → conv 5×5, padding 2 → 6 maps → ReLU → max pool 2×2 → conv 5×5 → 16 maps → ReLU → max pool 2×2
 *     → flatten 400 → 120 → ReLU → 84 → ReLU → 10 logits
 *
 * The paper of 1998 has 60,000: its third layer is connected sparsely and its subsampling layers have weights; it uses
 * a scaled tanh and radial basis functions at the end.
 *
 * Source  LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", 1998; slide
 *         "LeNet"
 */
export const lenet5 = (batch: number): Network =>
  sequential(
    [batch, 1, 28, 28],
    [
      convolution('conv1', [1, 6], [5, 5], { padding: [2, 2, 2, 2] }),
      plainLayer('relu1', 'relu'),
      plainLayer('pool1', 'maxPool2d'),
      convolution('conv2', [6, 16], [5, 5]),
      plainLayer('relu2', 'relu'),
      plainLayer('pool2', 'maxPool2d'),
      plainLayer('flat', 'flatten'),
      fullyConnected('fc1', 400, 120),
      plainLayer('relu3', 'relu'),
      fullyConnected('fc2', 120, 84),
      plainLayer('relu4', 'relu'),
      fullyConnected('fc3', 84, 10),
    ],
  )
