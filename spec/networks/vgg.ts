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

export interface AskedOfVgg extends Asked {
  readonly variant?: 'paper' | 'torchvision'
}

/** How a network calls its layers. `at` counts a stage's convolutions from 1, `place` all modules before, from 0. */
interface Names {
  readonly convolution: (stage: number, at: number, place: number) => string
  readonly relu: (stage: number, at: number, place: number) => string
  readonly pool: (stage: number, place: number) => string
  /** two fully connected layers, each with its ReLU and its dropout, and a last one */
  readonly classifier: readonly [string, string, string, string, string, string, string]
}

const papers: Names = {
  convolution: (stage, at) => `conv${stage}_${at}`,
  relu: (stage, at) => `relu${stage}_${at}`,
  pool: (stage) => `pool${stage}`,
  classifier: ['fc6', 'relu6', 'drop6', 'fc7', 'relu7', 'drop7', 'fc8'],
}

const torchvisions: Names = {
  convolution: (_stage, _at, place) => `features.${place}`,
  relu: (_stage, _at, place) => `features.${place + 1}`,
  pool: (_, place) => `features.${place}`,
  classifier: [0, 1, 2, 3, 4, 5, 6].map((at) => `classifier.${at}`) as readonly string[] as Names['classifier'],
}

const widths = [64, 128, 256, 512, 512] as const

/** A stage of 3×3 convolutions that keep the image's size, and a pool that halves it. */
const namedStage = (names: Names, stage: number, convolutions: number, place: number): Block => {
  const [before, width] = [widths[stage - 2] ?? 3, widths[stage - 1] as number]
  const layers = Array.from({ length: convolutions }, (_, at) =>
    chain(
      convolution(names.convolution(stage, at + 1, place + 2 * at), [at === 0 ? before : width, width], [3, 3], {
        padding: keepingSize(3),
      }),
      plainLayer(names.relu(stage, at + 1, place + 2 * at), 'relu'),
    ),
  )
  return chain(...layers, plainLayer(names.pool(stage, place + 2 * convolutions), 'maxPool2d'))
}

/** Stage 1 to 5 of so many convolutions, under the paper's names. */
export const vggStage = (stage: number, convolutions: number): Block => namedStage(papers, stage, convolutions, 0)

const classifierOf = ([fc6, relu6, drop6, fc7, relu7, drop7, fc8]: Names['classifier']): Block =>
  chain(
    plainLayer('flatten', 'flatten'),
    fullyConnected(fc6, 512 * 7 * 7, 4096),
    plainLayer(relu6, 'relu'),
    dropout(drop6, 0.5),
    fullyConnected(fc7, 4096, 4096),
    plainLayer(relu7, 'relu'),
    dropout(drop7, 0.5),
    fullyConnected(fc8, 4096, 1000),
  )

const vgg =
  (stages: readonly number[]) =>
  (batch: number, { variant = 'paper', mode = inference }: AskedOfVgg = {}): Network => {
    const names = variant === 'paper' ? papers : torchvisions
    const placeOf = (stage: number): number => stages.slice(0, stage).reduce((sum, n) => sum + 2 * n + 1, 0)
    return sequential(
      [batch, 3, 224, 224],
      [
        ...stages.map((convolutions, at) => namedStage(names, at + 1, convolutions, placeOf(at))),
        classifierOf(names.classifier),
      ],
      mode,
    )
  }

/**
 * VGG with 16 layers that learn: stages of 2, 2, 3, 3 and 3 convolutions, all 3×3 with padding 1.
 *
 *   224×224×3 → 112×112×64 → 56×56×128 → 28×28×256 → 14×14×512 → 7×7×512 → 4096 → 4096 → 1000 logits
 *
 * 138,357,544 parameters, 102,764,544 of them in fc6 alone; 15,470,264,320 multiply-adds. Three 3×3 layers see as much as one
 * of 7×7 for 27C² weights instead of 49C². The course's 93 MB for an image's activations is 61 MB: 15,237,608 floats, the
 * image included.
 *
 * `torchvision` is the same network under the names of torchvision's modules.
 *
 * Source  Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition", 2015; slide "VGG"
 */
export const vgg16 = vgg([2, 2, 3, 3, 3])

/** VGG with 19 layers that learn: stages of 2, 2, 4, 4 and 4 convolutions; 143,667,240 parameters. */
export const vgg19 = vgg([2, 2, 4, 4, 4])
