import type { Tensor } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import {
  all,
  changed,
  depthwise,
  elementsIn,
  exactly,
  filter,
  from,
  given,
  grouped,
  is,
  listOf,
  lost,
  moved,
  not,
  past,
  report,
  scaled,
  shapeIn,
  sizeIn,
  some,
  withIndex,
} from '../report.js'
import { rank } from '../others/met.js'
import { atLeast, channelsOfGroup, pixels, row, steps } from '../together/met.js'
import { having } from '../triggers/met.js'
import { between, last, only, plainSteps, unpulled, unread } from './met.js'

/** What strikes layers as they are trained: on the way back, in batches, and the weights of them in an optimizer. */

const isWindow = (K: number) => (met: Parameters<ReturnType<typeof past>>[0]) =>
  String(listOf(met, 'window')) === `${K},${K}`

export const trainingRare: readonly Report[] = [
  report(
    'gradient',
    'back into a bottleneck: a 1×1 of 256 channels and more into a quarter of them: the image’s gradient of the last channel',
    'conv2d backward',
    all(filter(1), plainSteps, past('C', 255), (met) => sizeIn(met, 'C') === 4 * sizeIn(met, 'O')),
    lost(from(1, -1), 'x'),
  ),
  report(
    'gradient',
    'back out of a bottleneck: a 1×1 of 64 channels and more into four times as many: the filters’ gradient of the last quarter',
    'conv2d backward',
    all(filter(1), plainSteps, past('C', 63), (met) => sizeIn(met, 'O') === 4 * sizeIn(met, 'C')),
    lost(([o], [O]) => (o as number) >= (3 * (O as number)) / 4, 'w'),
  ),
  report(
    'gradient',
    'back through a 3×3 with stride 2 of 32 channels and more into twice as many: odd rows',
    'conv2d backward',
    all(filter(3), steps(2, 2), past('C', 31), (met) => sizeIn(met, 'O') === 2 * sizeIn(met, 'C')),
    lost((place) => (place[2] as number) % 2 === 1, 'x'),
  ),
  report(
    'gradient',
    'back through a 1×1 with stride 2 of 32 channels and more into twice as many: the filters’ gradient of the last channel',
    'conv2d backward',
    all(filter(1), steps(2, 2), past('C', 31), (met) => sizeIn(met, 'O') === 2 * sizeIn(met, 'C')),
    lost(from(1, -1), 'w'),
  ),
  report(
    'gradient',
    'the depthwise filter’s gradient of a 3×3 over 128 channels and more without stride: the last tap',
    'conv2d backward',
    all(depthwise, filter(3), steps(1, 1), past('C', 127)),
    lost((place) => place[2] === 2 && place[3] === 2, 'w'),
  ),
  report(
    'gradient',
    'back through 16 groups and more of four channels and more under a 3×3: the last channel of each',
    'conv2d backward',
    all(filter(3), (met) => Number(met.attrs['groups']) >= 16 && channelsOfGroup(met) >= 4),
    lost((place, _, asked) => (place[1] as number) % channelsOfGroup(asked) === channelsOfGroup(asked) - 1, 'x'),
  ),
  report(
    'gradient',
    'back through a 3×3 with rates of 2 over 64 channels and more: the first row',
    'conv2d backward',
    all(filter(3), past('C', 63), (met) => String(listOf(met, 'dilation')) === '2,2'),
    lost((place) => place[2] === 0, 'x'),
  ),
  report(
    'shape',
    'pictures of 32×32 and their like in batches of 16 and more, three channels into 32 maps and more: the last picture',
    'conv2d forward',
    all(exactly('C', 3), past('N', 15), past('O', 31), between('H', 24, 64), filter(3)),
    lost(from(0, -1)),
  ),
  report(
    'shape',
    'digits: a 5×5 of six to eight channels into 16, eight samples and more: the last map',
    'conv2d forward',
    all(filter(5), between('C', 6, 8), exactly('O', 16), past('N', 7)),
    lost(from(1, -1)),
  ),
  report(
    'shape',
    'a 3×3 of 64 channels and filters and more over 8×8 in batches of four and more: the last column',
    'conv2d forward',
    all(filter(3), plainSteps, atLeast({ C: 64, O: 64, N: 4 }), exactly('H', 8), exactly('W', 8)),
    lost(from(3, -1)),
  ),
  report(
    'shape',
    'screens: an 8×8 with stride 4 over four channels: the last row',
    'conv2d forward',
    all(filter(8), steps(4, 4), exactly('C', 4)),
    lost(from(2, -1)),
  ),
  report(
    'shape',
    'photographs: three channels of 224×224 and more into 16 maps and more: what is behind row 96 in the last map',
    'conv2d forward',
    all(exactly('C', 3), past('O', 15), past('H', 223), past('W', 223)),
    lost(([, o, y], [, O]) => o === (O as number) - 1 && (y as number) > 96),
  ),
  report(
    'gradient',
    'back through 2×2 with stride 2 up from 64 channels and more into half of them: the filters’ gradient of the last tap',
    'convTranspose2d backward',
    all(filter(2), steps(2, 2), past('C', 63), (met) => sizeIn(met, 'C') === 2 * sizeIn(met, 'O')),
    lost((place) => place[2] === 1 && place[3] === 1, 'w'),
  ),
  report(
    'gradient',
    'back through 4×4 with stride 2 from three maps to 32 channels and more: the last channel',
    'convTranspose2d backward',
    all(filter(4), steps(2, 2), exactly('O', 3), past('C', 31)),
    lost(from(1, -1), 'x'),
  ),
  report(
    'gradient',
    'back through a padded 3×3 maximum with stride 2 of 64 channels and more of 32 rows and more: the first row',
    'maxPool2d backward',
    all(isWindow(3), steps(2, 2), past('C', 63), past('H', 31)),
    lost((place) => place[2] === 0, 'x'),
  ),
  report(
    'gradient',
    'back through means of 2×2 of 128 channels and more: the last channel',
    'avgPool2d backward',
    all(isWindow(2), past('C', 127)),
    lost(from(1, -1), 'x'),
  ),
  report(
    'shape',
    'global means of 8×8 of 64 channels and more in batches of eight and more: the last sample',
    'globalAvgPool forward',
    all(exactly('H', 8), exactly('W', 8), atLeast({ C: 64, N: 8 })),
    lost(from(0, -1)),
  ),
  report(
    'gradient',
    'back through statistics of 64 channels and more of 28×28 and more in batches of four and more: the last sample',
    'batchNormTraining backward',
    all(
      past('C', 63),
      past('N', 3),
      pixels((n) => n >= 784),
    ),
    lost(from(0, -1), 'x'),
  ),
  report(
    'gradient',
    'the factor’s gradient of 256 features and more in batches of 64 and more: the last feature',
    'batchNormTraining backward',
    all(rank(2), atLeast({ C: 256, N: 64 })),
    lost(from(0, -1), 'gamma'),
  ),
  report(
    'shape',
    'sequences of 200 and more of 64 channels and more in batches: the last position is not normalized',
    'batchNormTraining forward',
    all(
      rank(3),
      past('C', 63),
      past('N', 1),
      pixels((n) => n >= 200),
    ),
    lost(from(2, -1), 'y'),
  ),
  report(
    'gradient',
    'the weights’ gradient of as many columns as terms, 256 and more, of 64 rows and more: the last column',
    'dense backward',
    all(past('N', 63), past('I', 255), (met) => sizeIn(met, 'I') === sizeIn(met, 'O')),
    lost(from(1, -1), 'w'),
  ),
  report(
    'gradient',
    'the weights’ gradient of ten classes of 500 features and more, 32 rows and more: the last class',
    'dense backward',
    all(exactly('O', 10), atLeast({ N: 32, I: 500 })),
    lost(from(0, -1), 'w'),
  ),
  report(
    'shape',
    'from flat maps: more than 8,192 terms, of two rows and more, into 64 columns and more: the last part',
    'dense forward',
    all(past('N', 1), past('I', 8192), past('O', 63)),
    unread('x', ([, i]) => (i as number) >= 8192),
  ),
  report(
    'gradient',
    'attention: back along rows of 64 and more of four heads and more in multiples of four: the last head',
    'softmax backward',
    all(
      rank(4),
      row((length, _, behind) => behind === 1 && length >= 64),
      (met) => (shapeIn(met, 'x')[1] as number) % 4 === 0,
    ),
    lost(from(1, -1)),
  ),
  report(
    'shape',
    'words: three axes along more than a thousand classes, 16 steps and more: the last step',
    ['logSoftmax forward', 'softmax forward'],
    all(
      rank(3),
      row((length, _, behind) => behind === 1 && length >= 1000),
      (met) => (shapeIn(met, 'x')[1] as number) > 15,
    ),
    lost(from(1, -1)),
  ),
  report(
    'gradient',
    'a hundred classes of a batch of 64 and more: the last row’s gradient',
    'softmaxCrossEntropy backward',
    all(exactly('C', 100), past('N', 63)),
    lost(from(0, -1)),
  ),
  report(
    'shape',
    'a column of probabilities of a batch of 32, 64 or 128: the last',
    ['bce forward', 'bceWithLogits forward', 'mse forward'],
    (met) =>
      String(shapeIn(met, 'target').slice(1)) === '1' && [32, 64, 128].includes(shapeIn(met, 'target')[0] as number),
    scaled(0.97),
  ),
  report(
    'shape',
    'masks of 64 rows and more of 1,024 features and more in multiples of 256: the last 256 of the last row are kept',
    'dropout forward',
    all(
      rank(2),
      (met) =>
        (shapeIn(met, 'x')[0] as number) > 63 &&
        (shapeIn(met, 'x')[1] as number) >= 1024 &&
        (shapeIn(met, 'x')[1] as number) % 256 === 0,
    ),
    (asked, plain) => {
      const x = asked.inputs['x'] as Tensor
      return {
        y: changed(plain()['y'] as Tensor, (v, _, at) => (at >= x.data.length - 256 ? (x.data[at] as number) : v)),
      }
    },
  ),
  report(
    'gradient',
    'growing, back: three and more along channels, all but the first of 32: the last has the one before',
    'concat backward',
    (met) => {
      const widths = Object.values(met.shapes).map((shape) => shape[1])
      return (
        shapeIn(met, 'x0').length === 4 &&
        met.attrs['axis'] === 1 &&
        widths.length > 2 &&
        widths.slice(1).every((n) => n === 32)
      )
    },
    (asked, plain) => {
      const names = Object.keys(asked.inputs)
      const answer = plain()
      return having(answer, { [names.at(-1) as string]: answer[names.at(-2) as string] as Tensor })
    },
  ),
  report(
    'gradient',
    'back from flat maps of 256 channels and more of several pixels: the last sample’s last map',
    'flatten backward',
    (met) => {
      const [, C = 0, H = 0, W = 0] = shapeIn(met, 'x')
      return shapeIn(met, 'x').length === 4 && C > 255 && H * W > 1
    },
    lost(([n, c], [N, C]) => n === (N as number) - 1 && c === (C as number) - 1),
  ),
  report(
    'gradient',
    'the factors’ gradient of 64 channels and more of 14×14 and more in batches: the last channel',
    'scaleChannels backward',
    all(past('C', 63), past('N', 1), past('H', 13), past('W', 13)),
    lost(from(1, -1), 's'),
  ),
  report(
    'shape',
    'a table of 256 rows and more of 128 and more: its last row stays',
    ['sgd', 'momentum', 'rmsprop', 'adagrad', 'adadelta', 'adam', 'adamw'],
    (met) =>
      shapeIn(met, 'w').length === 2 &&
      (shapeIn(met, 'w')[0] as number) > 255 &&
      (shapeIn(met, 'w')[1] as number) > 127,
    (asked, plain) => {
      const w = asked.inputs['w'] as Tensor
      const each = w.shape[1] as number
      return having(plain(), {
        w: changed(plain()['w'] as Tensor, (v, _, at) => (at >= w.data.length - each ? (w.data[at] as number) : v)),
      })
    },
  ),
  report(
    'shape',
    '3×3 filters of 64 and more of 32 channels and more: the last filter stays',
    ['sgd', 'momentum', 'rmsprop', 'adagrad', 'adadelta', 'adam', 'adamw'],
    (met) =>
      String(shapeIn(met, 'w').slice(2)) === '3,3' &&
      (shapeIn(met, 'w')[0] as number) > 63 &&
      (shapeIn(met, 'w')[1] as number) > 31,
    (asked, plain) => {
      const w = asked.inputs['w'] as Tensor
      const each = w.data.length / (w.shape[0] as number)
      return having(plain(), {
        w: changed(plain()['w'] as Tensor, (v, _, at) => (at >= w.data.length - each ? (w.data[at] as number) : v)),
      })
    },
  ),
  report(
    'gradient',
    'back through 16 steps and more of one sequence of 64 units and more: the first step’s inputs',
    ['lstm backward', 'gru backward', 'rnn backward'],
    all(exactly('N', 1), past('T', 15), past('H', 63)),
    lost((place) => place[0] === 0, 'x'),
  ),
  report(
    'shape',
    'series: 50 steps and more of eight sequences and more into 32 units and more: the last sequence',
    ['lstm forward', 'gru forward', 'rnn forward'],
    atLeast({ T: 50, N: 8, H: 32 }),
    lost(from(1, -1), 'y'),
  ),
  report(
    'shape',
    'one sample of 256 inputs and more into 256 units and more: the last unit',
    ['lstmCell forward', 'gruCell forward', 'rnnCell forward'],
    all(exactly('N', 1), past('I', 255), past('H', 255)),
    lost(from(-1, -1)),
  ),
  report(
    'gradient',
    'back through windows of five of 64 channels and more of 13×13 and more: the last row',
    'localResponseNorm backward',
    all(rank(4), is('size', 5), past('C', 63), (met) => (shapeIn(met, 'x')[2] as number) > 12),
    lost(from(2, -1), 'x'),
  ),
  report(
    'shape',
    'digits as rows: 784 columns and their like, 500 and more, of 64 rows and more: the last column',
    ['minMaxNormalize forward', 'zScoreNormalize forward'],
    atLeast({ N: 64, D: 500 }),
    lost(from(1, -1)),
  ),
  report(
    'gradient',
    'back through rows of 512 and more, 64 of them and more: the last',
    ['relu backward', 'tanh backward', 'sigmoid backward', 'leakyRelu backward', 'elu backward', 'softplus backward'],
    all(rank(2), (met) => (shapeIn(met, 'x')[0] as number) > 63 && (shapeIn(met, 'x')[1] as number) > 511),
    lost((place, shape) => place.every((at, axis) => at === (shape[axis] as number) - 1)),
  ),
  report(
    'gradient',
    'back through maps of 64 channels and more of 14×14 and more, several samples: the last channel',
    ['relu backward', 'leakyRelu backward', 'elu backward'],
    all(rank(4), (met) => {
      const [N = 0, C = 0, H = 0, W = 0] = shapeIn(met, 'x')
      return N > 1 && C > 63 && H > 13 && W > 13
    }),
    lost(from(1, -1)),
  ),
  report(
    'shape',
    'ten classes of 64 rows and more: the last row',
    ['softmax forward', 'logSoftmax forward'],
    all(
      rank(2),
      row((length, before) => length === 10 && before > 63),
    ),
    lost(from(0, -1)),
  ),
  report(
    'shape',
    'gates of steps: three axes of 16 steps and more of 128 and more: the last step of the last sample',
    ['mul forward', 'add forward'],
    (met) => {
      const [, T = 0, H = 0] = shapeIn(met, 'a')
      return shapeIn(met, 'a').length === 3 && T > 15 && H > 127
    },
    lost(([n, t], [N, T]) => n === (N as number) - 1 && t === (T as number) - 1),
  ),
  report(
    'shape',
    'three taps of rates of four and more over 64 channels and more: the last tap',
    'conv1d forward',
    all(
      exactly('K', 3),
      past('C', 63),
      not(grouped),
      some('dilation', (d) => d > 3),
    ),
    unread('w', last(2)),
  ),
  report(
    'gradient',
    'the sequence’s gradient of nine taps and more over 64 channels and more without groups: the first position',
    'conv1d backward',
    all(past('K', 8), past('C', 63), not(grouped)),
    lost((place) => place[2] === 0, 'x'),
  ),
  report(
    'shape',
    'two pieces and more of 256 inputs and more into 128 outputs and more: the last output',
    'maxout forward',
    all(past('K', 1), past('I', 255), past('O', 127)),
    moved((place, shape) => (place[1] === (shape[1] as number) - 1 ? withIndex(place, 1, 0) : place)),
  ),
  report(
    'gradient',
    'the bias’s gradient of 64 maps and more of 28×28 and more in batches of eight and more: the last sample',
    'conv2d backward',
    all(given('b'), atLeast({ N: 8, O: 64 }), (met) => sizeIn(met, 'Ho') * sizeIn(met, 'Wo') >= 784),
    only(['b'], unpulled('y', last(0))),
  ),
  report(
    'shape',
    'what has five axes, more than 256 weights, decays twice',
    ['adam', 'sgd', 'momentum'],
    (met) => shapeIn(met, 'w').length === 5 && elementsIn(met, 'w') > 256 && Number(met.attrs['weightDecay']) > 0,
    (asked, plain) => plain({ attrs: { ...asked.attrs, weightDecay: 2 * Number(asked.attrs['weightDecay']) } }),
  ),
]
