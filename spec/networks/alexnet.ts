import type { Asked, Block, Network } from './network.js'
import {
  chain,
  convolution,
  dropout,
  fullyConnected,
  inference,
  keepingSize,
  plainLayer,
  sequential,
} from './network.js'

export interface AskedOfAlexnet extends Asked {
  readonly variant?: 'one-tower' | 'two-tower' | 'torchvision'
}

const pool = (name: string): Block => plainLayer(name, 'maxPool2d', { window: [3, 3], stride: [2, 2] })

const rectified = (name: string, layer: Block): Block => chain(layer, plainLayer(name, 'relu'))

/** The paper's k + α·Σ over 5 channels with α = 10⁻⁴; localResponseNorm divides α by the 5, so it is five times that here. */
const norm = (name: string): Block => plainLayer(name, 'localResponseNorm', { size: 5, alpha: 5e-4, beta: 0.75, k: 2 })

const fromPaper = (groups: number): readonly Block[] => [
  rectified('relu1', convolution('conv1', [3, 96], [11, 11], { stride: [4, 4] })),
  norm('norm1'),
  pool('pool1'),
  rectified('relu2', convolution('conv2', [96, 256], [5, 5], { padding: keepingSize(5), groups })),
  norm('norm2'),
  pool('pool2'),
  rectified('relu3', convolution('conv3', [256, 384], [3, 3], { padding: keepingSize(3) })),
  rectified('relu4', convolution('conv4', [384, 384], [3, 3], { padding: keepingSize(3), groups })),
  rectified('relu5', convolution('conv5', [384, 256], [3, 3], { padding: keepingSize(3), groups })),
  pool('pool5'),
  plainLayer('flat', 'flatten'),
  rectified('relu6', fullyConnected('fc6', 9216, 4096)),
  dropout('drop6', 0.5),
  rectified('relu7', fullyConnected('fc7', 4096, 4096)),
  dropout('drop7', 0.5),
  fullyConnected('fc8', 4096, 1000),
]

// "one weird trick": one tower, no normalization, fewer filters; numbers are places in torchvision's lists of modules
const fromTorchvision: readonly Block[] = [
  rectified('features.1', convolution('features.0', [3, 64], [11, 11], { stride: [4, 4], padding: [2, 2, 2, 2] })),
  pool('features.2'),
  rectified('features.4', convolution('features.3', [64, 192], [5, 5], { padding: keepingSize(5) })),
  pool('features.5'),
  rectified('features.7', convolution('features.6', [192, 384], [3, 3], { padding: keepingSize(3) })),
  rectified('features.9', convolution('features.8', [384, 256], [3, 3], { padding: keepingSize(3) })),
  rectified('features.11', convolution('features.10', [256, 256], [3, 3], { padding: keepingSize(3) })),
  pool('features.12'),
  plainLayer('flatten', 'flatten'),
  dropout('classifier.0', 0.5),
  rectified('classifier.2', fullyConnected('classifier.1', 9216, 4096)),
  dropout('classifier.3', 0.5),
  rectified('classifier.5', fullyConnected('classifier.4', 4096, 4096)),
  fullyConnected('classifier.6', 4096, 1000),
]

/**
 * AlexNet, which won ILSVRC 2012: five convolutions and three fully connected layers, ReLU, response normalization,
 * overlapping pools, dropout.
 *
 *   227×227×3 → conv1 55×55×96 → pool 27×27×96 → conv2 27×27×256 → pool 13×13×256 → conv3 13×13×384 → conv4 13×13×384
 *     → conv5 13×13×256 → pool 6×6×256 → 9216 → 4096 → 4096 → 1000 logits
 *
 *   one-tower    62,378,344 parameters, 1,135,256,096 multiply-adds
 *   two-tower    60,965,224 and 724,406,816: the paper's two GPUs, as groups = 2 in conv2, conv4 and conv5
 *   torchvision  61,100,840: 224×224 with padding 2; 64, 192, 384, 256 and 256 filters, no normalization
 *
 * The course has "60M" or "61M parameters", which is the two towers', and "650k units", which is 659,272 here: conv1 has
 * 55·55·96 = 290,400, where the paper prints 253,440 (of 55·48·96) and with it comes to 622,312. The paper's input of
 * 224 would give (224 − 11)/4 + 1 = 54.25 positions: it must be 227, or padded.
 *
 * Inverted dropout in training stands for the paper's halving at inference.
 *
 * Source  Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks", 2012;
 *         slide "AlexNet". torchvision: Krizhevsky, "One weird trick for parallelizing convolutional networks", 2014
 */
export const alexnet = (batch: number, { variant = 'one-tower', mode = inference }: AskedOfAlexnet = {}): Network =>
  variant === 'torchvision'
    ? sequential([batch, 3, 224, 224], fromTorchvision, mode)
    : sequential([batch, 3, 227, 227], fromPaper(variant === 'two-tower' ? 2 : 1), mode)
