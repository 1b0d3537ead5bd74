import { basicBlock } from '../spec/networks/resnet.js'
import type { Mode, Network } from '../spec/networks/network.js'
import {
  batchNorm,
  convolution,
  fullyConnected,
  keepingSize,
  plainLayer,
  scoped,
  sequential,
  trainingBy,
} from '../spec/networks/network.js'

/**
 * A residual network for images of 32×32×3 of 6n + 2 layers: a convolution, three stages of n basic blocks with 16, 32 and
 * 64 maps of 32², 16² and 8², the mean of each map, and a dense layer. Shortcuts between stages are 1×1 convolutions.
 *
 * Source  He, Zhang, Ren and Sun, "Deep residual learning for image recognition", 2016, section 4.2
 */
export const smallResnet = (batch: number, n: number, mode: Mode = trainingBy(1)): Network =>
  sequential(
    [batch, 3, 32, 32],
    [
      convolution('conv1', [3, 16], [3, 3], { padding: keepingSize(3) }, { bias: false }),
      batchNorm('bn1', 16),
      plainLayer('relu', 'relu'),
      ...[16, 32, 64].flatMap((width, stage) =>
        Array.from({ length: n }, (_, at) =>
          scoped(
            `layer${stage + 1}.${at}`,
            basicBlock({
              inputs: at > 0 || stage === 0 ? width : width / 2,
              width,
              stride: at === 0 && stage > 0 ? 2 : 1,
            }),
          ),
        ),
      ),
      plainLayer('avgpool', 'globalAvgPool'),
      fullyConnected('fc', 64, 10),
    ],
    mode,
  )
