import type { Asked, Block, Network } from './network.js'
import {
  batchNorm,
  chain,
  convolution,
  dropout,
  fullyConnected,
  identity,
  inference,
  keepingSize,
  plainLayer,
  residual,
  scoped,
  sequential,
  squeezeExcite,
} from './network.js'

export interface AskedOfResnet extends Asked {
  readonly variant?: 'torchvision' | 'paper'
}

const bare = { bias: false }

/** A convolution without bias, which the batch norm behind it would take away, and that norm. */
const normed = (at: number, channels: readonly [number, number], side: number, stride: number): Block =>
  chain(
    convolution(`conv${at}`, channels, [side, side], { stride: [stride, stride], padding: keepingSize(side) }, bare),
    batchNorm(`bn${at}`, channels[1]),
  )

/** A residual block's size: what it is given, how wide it is inside, how much smaller its maps come out. */
export interface BlockSize {
  readonly inputs: number
  readonly width: number
  readonly stride: number
}

// the identity where shapes agree, else a 1×1 convolution: the paper's option B, torchvision's `downsample`
const shortcutTo = (outputs: number, { inputs, stride }: BlockSize): Block =>
  stride === 1 && inputs === outputs
    ? identity
    : scoped(
        'downsample',
        chain(convolution('0', [inputs, outputs], [1, 1], { stride: [stride, stride] }, bare), batchNorm('1', outputs)),
      )

/** Two 3×3 convolutions beside a shortcut, as many maps out as it is wide. */
export const basicBlock = (size: BlockSize): Block => {
  const { inputs, width, stride } = size
  const main = chain(
    normed(1, [inputs, width], 3, stride),
    plainLayer('relu1', 'relu'),
    normed(2, [width, width], 3, 1),
  )
  return chain(residual(main, shortcutTo(width, size)), plainLayer('relu', 'relu'))
}

/**
 * 1×1, 3×3 and 1×1 convolutions beside a shortcut, four times as many maps out as it is wide: 256-64-64-256 has 69,632
 * weights, where one 3×3 layer from 256 to 256 maps has 589,824. The paper has the stride in the first 1×1 convolution,
 * torchvision in the 3×3. `excite` is a block on the last maps, before the shortcut is added.
 */
export const bottleneck = (
  size: BlockSize,
  strideIn: 'first' | 'middle' = 'middle',
  excite: Block = identity,
): Block => {
  const { inputs, width, stride } = size
  const [first, middle] = strideIn === 'first' ? [stride, 1] : [1, stride]
  const main = chain(
    normed(1, [inputs, width], 1, first),
    plainLayer('relu1', 'relu'),
    normed(2, [width, width], 3, middle),
    plainLayer('relu2', 'relu'),
    normed(3, [width, 4 * width], 1, 1),
    excite,
  )
  return chain(residual(main, shortcutTo(4 * width, size)), plainLayer('relu', 'relu'))
}

/** What a residual network starts with: a 7×7 convolution of stride 2, batch norm, a ReLU and a pool of stride 2. */
export const residualStem: Block = chain(
  normed(1, [3, 64], 7, 2),
  plainLayer('relu', 'relu'),
  plainLayer('maxpool', 'maxPool2d', { window: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] }),
)

/** What stands before and behind the stages of a residual network. */
interface Ends {
  readonly stem: Block
  /** how many maps the stem gives */
  readonly maps: number
  /** on the last maps, before their mean */
  readonly last: Block
  /** on the means, before the fully connected layer */
  readonly head: Block
}

const plainEnds: Ends = { stem: residualStem, maps: 64, last: identity, head: identity }

/** Four stages of blocks, 64, 128, 256 and 512 wide, between a stem, a 7×7 convolution, and a mean over the image. */
const residualNetwork = (
  batch: number,
  mode: Asked['mode'],
  stages: readonly number[],
  expansion: number,
  blockOf: (size: BlockSize) => Block,
  { stem, maps, last, head }: Ends = plainEnds,
): Network => {
  const stageOf = (stage: number, blocks: number): readonly Block[] => {
    const width = 64 * 2 ** stage
    return Array.from({ length: blocks }, (_, at) => {
      const inputs = at > 0 ? width * expansion : stage === 0 ? maps : (width / 2) * expansion
      return scoped(`layer${stage + 1}.${at}`, blockOf({ inputs, width, stride: at === 0 && stage > 0 ? 2 : 1 }))
    })
  }
  return sequential(
    [batch, 3, 224, 224],
    [
      stem,
      ...stages.flatMap((blocks, stage) => stageOf(stage, blocks)),
      last,
      plainLayer('avgpool', 'globalAvgPool'),
      head,
      fullyConnected('fc', 512 * expansion, 1000),
    ],
    mode ?? inference,
  )
}

const basic =
  (stages: readonly number[]) =>
  (batch: number, { mode }: AskedOfResnet = {}): Network =>
    residualNetwork(batch, mode, stages, 1, basicBlock)

const deep =
  (stages: readonly number[]) =>
  (batch: number, { variant = 'torchvision', mode }: AskedOfResnet = {}): Network =>
    residualNetwork(batch, mode, stages, 4, (size) => bottleneck(size, variant === 'paper' ? 'first' : 'middle'))

/**
 * Residual networks: what a block learns is added to what it is given.
 *
 *   224×224×3 → conv1 112×112×64 → pool 56×56×64 → layer1 56×56 → layer2 28×28 → layer3 14×14 → layer4 7×7 → mean → logits
 *
 *   resnet18    11,689,512 parameters, two basic blocks a stage
 *   resnet34    21,797,672             3, 4, 6 and 3 basic blocks
 *   resnet50    25,557,032             3, 4, 6 and 3 bottlenecks
 *   resnet101   44,549,160             3, 4, 23 and 3
 *   resnet152   60,192,808             3, 8, 36 and 3: 1 + 3·(3 + 8 + 36 + 3) + 1 = 152 layers that learn
 *
 * Names and numbers are torchvision's: batch norm after every convolution, γ and β counted, no other biases but fc's.
 * Keras keeps biases in the convolutions: 25,583,592 learnt for ResNet-50, and 25,636,712 with the running statistics.
 * `paper` differs in a bottleneck's stride, which is in its first 1×1 convolution: 3,857,973,248 multiply-adds for
 * ResNet-50 ("3.8 billion" in the paper) instead of torchvision's 4,089,184,256. Basic blocks are the same in both.
 *
 * Source  He, Zhang, Ren and Sun, "Deep residual learning for image recognition", 2016; slide "ResNet"
 */
export const resnet18 = basic([2, 2, 2, 2])
export const resnet34 = basic([3, 4, 6, 3])
export const resnet50 = deep([3, 4, 6, 3])
export const resnet101 = deep([3, 4, 23, 3])
export const resnet152 = deep([3, 8, 36, 3])

export interface AskedOfSeResnet extends Asked {
  readonly variant?: 'biased' | 'unbiased'
}

/** A bottleneck with squeeze and excitation, r = 16, on its last maps, before the shortcut is added. */
export const excitedBottleneck = (size: BlockSize, bias = true): Block =>
  bottleneck(size, 'middle', scoped('se', squeezeExcite(4 * size.width, 16, { bias })))

/**
 * ResNet-50 with squeeze and excitation, r = 16, on the last maps of every bottleneck.
 *
 *   biased    28,088,024 parameters
 *   unbiased  28,071,976, without the biases of the two dense layers: 2,514,944 weights more than ResNet-50
 *
 * This is the course's "about 10 % more"; 2,514,944 is 9.8 %.
 *
 * Source  Hu, Shen and Sun, "Squeeze-and-excitation networks", 2018; slide "SENet"
 */
export const seResnet50 = (batch: number, { variant = 'biased', mode }: AskedOfSeResnet = {}): Network =>
  residualNetwork(batch, mode, [3, 4, 6, 3], 4, (size) => excitedBottleneck(size, variant === 'biased'))

/**
 * ResNet-152 with squeeze and excitation, r = 16.
 *
 *   biased    66,821,848 parameters
 *   unbiased  66,770,984, without the biases of the dense layers: 6,578,176 weights more than ResNet-152
 *
 * Source  Hu, Shen and Sun, "Squeeze-and-excitation networks", 2018; slide "SENet"
 */
export const seResnet152 = (batch: number, { variant = 'biased', mode }: AskedOfSeResnet = {}): Network =>
  residualNetwork(batch, mode, [3, 8, 36, 3], 4, (size) => excitedBottleneck(size, variant === 'biased'))

/**
 * A bottleneck of SENet-154, four times as many maps out as its width: twice the width behind the first 1×1 convolution,
 * and the 3×3 one in 64 groups, as in ResNeXt. A shortcut that halves the image is a 3×3 convolution.
 */
export const groupedBottleneck = ({ inputs, width, stride }: BlockSize): Block => {
  const outputs = 4 * width
  const shortcut =
    stride === 1 && inputs === outputs
      ? identity
      : scoped(
          'downsample',
          chain(
            convolution(
              '0',
              [inputs, outputs],
              stride === 1 ? [1, 1] : [3, 3],
              { stride: [stride, stride], padding: keepingSize(stride === 1 ? 1 : 3) },
              bare,
            ),
            batchNorm('1', outputs),
          ),
        )
  const main = chain(
    normed(1, [inputs, 2 * width], 1, 1),
    plainLayer('relu1', 'relu'),
    convolution(
      'conv2',
      [2 * width, outputs],
      [3, 3],
      { stride: [stride, stride], padding: keepingSize(3), groups: 64 },
      bare,
    ),
    batchNorm('bn2', outputs),
    plainLayer('relu2', 'relu'),
    normed(3, [outputs, outputs], 1, 1),
    scoped('se', squeezeExcite(outputs)),
  )
  return chain(residual(main, shortcut), plainLayer('relu', 'relu'))
}

/** Three convolutions of 3×3 instead of one of 7×7, and a pool whose last window reaches past the image. */
export const senetStem: Block = chain(
  normed(1, [3, 64], 3, 2),
  plainLayer('relu1', 'relu'),
  normed(2, [64, 64], 3, 1),
  plainLayer('relu2', 'relu'),
  normed(3, [64, 128], 3, 1),
  plainLayer('relu3', 'relu'),
  plainLayer('pool', 'maxPool2d', { window: [3, 3], stride: [2, 2], padding: [0, 1, 0, 1] }),
)

/**
 * SENet-154, which won ILSVRC 2017: squeeze and excitation in a ResNeXt of 3, 8, 36 and 3 bottlenecks with 64 groups, half as
 * many maps behind the first 1×1 convolutions, 3×3 windows in the stem and the shortcuts.
 *
 *   224×224×3 → 112×112×128 → pool 56×56 → layer1 256 → layer2 28×28×512 → layer3 14×14×1024 → layer4 7×7×2048 → mean
 *     → 1000 logits
 *
 * 115,088,984 parameters, biases of squeeze and excitation among them, as the authors' model and Cadene's port have it. Eight
 * in ten of the last 2048 numbers are kept in training.
 *
 * Source  Hu, Shen and Sun, "Squeeze-and-excitation networks", 2018, appendix; slide "SENet"
 */
export const senet154 = (batch: number, { mode }: Asked = {}): Network =>
  residualNetwork(batch, mode, [3, 8, 36, 3], 4, groupedBottleneck, {
    stem: senetStem,
    maps: 128,
    last: identity,
    head: dropout('dropout', 0.8),
  })

/** Batch norm and a ReLU before a convolution: what comes out of the block is a sum that nothing rectifies. */
const activated = (at: number, inputs: number): Block =>
  chain(batchNorm(`bn${at}`, inputs), plainLayer(`relu${at}`, 'relu'))

const convolved = (at: number, channels: readonly [number, number], side: number, stride: number): Block =>
  convolution(`conv${at}`, channels, [side, side], { stride: [stride, stride], padding: keepingSize(side) }, bare)

/**
 * A residual block whose shortcut nothing stands in the way of: y = x + F(relu(bn(x))).
 *
 * Where shapes differ, the shortcut is a 1×1 convolution of what the first batch norm and ReLU give, which both ways read.
 */
const preactivated = ({ inputs, stride }: BlockSize, outputs: number, main: Block): Block =>
  stride === 1 && inputs === outputs
    ? residual(chain(activated(1, inputs), main))
    : chain(
        activated(1, inputs),
        residual(
          main,
          scoped('downsample', convolution('0', [inputs, outputs], [1, 1], { stride: [stride, stride] }, bare)),
        ),
      )

/** Two 3×3 convolutions, each behind batch norm and a ReLU. */
export const preactivatedBasicBlock = (size: BlockSize): Block => {
  const { inputs, width, stride } = size
  return preactivated(
    size,
    width,
    chain(convolved(1, [inputs, width], 3, stride), activated(2, width), convolved(2, [width, width], 3, 1)),
  )
}

/** 1×1, 3×3 and 1×1 convolutions, each behind batch norm and a ReLU; the stride is in the 3×3, as torchvision has it. */
export const preactivatedBottleneck = (size: BlockSize): Block => {
  const { inputs, width, stride } = size
  return preactivated(
    size,
    4 * width,
    chain(
      convolved(1, [inputs, width], 1, 1),
      activated(2, width),
      convolved(2, [width, width], 3, stride),
      activated(3, width),
      convolved(3, [width, 4 * width], 1, 1),
    ),
  )
}

/** What comes out of the last block is a sum still to be normalized and rectified. */
const preactivatedEnds = (maps: number): Ends => ({
  ...plainEnds,
  last: scoped('last', chain(batchNorm('bn', maps), plainLayer('relu', 'relu'))),
})

/**
 * Residual networks with pre-activation: batch norm and ReLU stand before the convolutions, so that a sum passes from block to
 * block as it is, forward and backward.
 *
 *   x_{l+1} = x_l + F(x_l),  so  x_L = x_l + Σ_{i=l}^{L−1} F(x_i)  and  ∂E/∂x_l = ∂E/∂x_L·(1 + ∂/∂x_l Σ F(x_i))
 *
 *   preactResnet18   11,687,848 parameters
 *   preactResnet50   25,549,480
 *   preactResnet152  60,185,256
 *   preactResnet200  64,666,280, with 3, 24, 36 and 3 bottlenecks: the depth that the paper trains
 *
 * as pytorchcv's preresnet18, preresnet50b, preresnet152b and preresnet200b have them. The stem has batch norm and a ReLU of
 * its own, and a batch norm and a ReLU follow the last block.
 *
 * Source  He, Zhang, Ren and Sun, "Identity mappings in deep residual networks", 2016; slide "ResNet"
 */
export const preactResnet18 = (batch: number, { mode }: Asked = {}): Network =>
  residualNetwork(batch, mode, [2, 2, 2, 2], 1, preactivatedBasicBlock, preactivatedEnds(512))

const deepPreactivated =
  (stages: readonly number[]) =>
  (batch: number, { mode }: Asked = {}): Network =>
    residualNetwork(batch, mode, stages, 4, preactivatedBottleneck, preactivatedEnds(2048))

export const preactResnet50 = deepPreactivated([3, 4, 6, 3])
export const preactResnet152 = deepPreactivated([3, 8, 36, 3])
export const preactResnet200 = deepPreactivated([3, 24, 36, 3])
