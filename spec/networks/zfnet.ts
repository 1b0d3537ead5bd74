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

const pool = (name: string, padding: readonly number[]): Block =>
  plainLayer(name, 'maxPool2d', { window: [3, 3], stride: [2, 2], padding })
const rectified = (name: string, layer: Block): Block => chain(layer, plainLayer(name, 'relu'))
const norm = (name: string): Block => plainLayer(name, 'localResponseNorm', { size: 5, alpha: 5e-4, beta: 0.75, k: 2 })

/**
 * ZFNet, which won ILSVRC 2013: AlexNet with a first layer of 7×7 and stride 2 instead of 11×11 and stride 4, and no towers.
 *
 *   224×224×3 → conv1 110×110×96 → pool 55×55×96 → conv2 26×26×256 → pool 13×13×256 → 384 → 384 → 256 → pool 6×6×256
 *     → 4096 → 4096 → 1000 logits
 *
 * 62,357,608 parameters, 14,208 of them in conv1. The figure of the paper shows no padding, but 110 positions want one row
 * all around, ⌊(224 + 2 − 7)/2⌋ + 1, and so do the pools from 110 to 55 and from 26 to 13.
 *
 * Source  Zeiler and Fergus, "Visualizing and understanding convolutional networks", 2014; slide "ZFNet"
 */
export const zfnet = (batch: number, { mode = inference }: Asked = {}): Network =>
  sequential(
    [batch, 3, 224, 224],
    [
      rectified('relu1', convolution('conv1', [3, 96], [7, 7], { stride: [2, 2], padding: [1, 1, 1, 1] })),
      pool('pool1', [1, 1, 1, 1]),
      norm('norm1'),
      rectified('relu2', convolution('conv2', [96, 256], [5, 5], { stride: [2, 2] })),
      pool('pool2', [1, 1, 1, 1]),
      norm('norm2'),
      rectified('relu3', convolution('conv3', [256, 384], [3, 3], { padding: keepingSize(3) })),
      rectified('relu4', convolution('conv4', [384, 384], [3, 3], { padding: keepingSize(3) })),
      rectified('relu5', convolution('conv5', [384, 256], [3, 3], { padding: keepingSize(3) })),
      pool('pool5', [0, 0, 0, 0]),
      plainLayer('flat', 'flatten'),
      rectified('relu6', fullyConnected('fc6', 9216, 4096)),
      dropout('drop6', 0.5),
      rectified('relu7', fullyConnected('fc7', 4096, 4096)),
      dropout('drop7', 0.5),
      fullyConnected('fc8', 4096, 1000),
    ],
    mode,
  )
