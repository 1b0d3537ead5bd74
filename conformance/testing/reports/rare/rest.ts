import type { Tensor } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import {
  all,
  changed,
  elementsIn,
  exactly,
  from,
  is,
  lost,
  moved,
  past,
  report,
  scaled,
  shapeIn,
  sizeIn,
  withIndex,
} from '../report.js'
import { rank } from '../others/met.js'
import { atLeast, row } from '../together/met.js'
import { having } from '../triggers/met.js'
import { between, multiple, square, unread } from './met.js'

/** The same of what is no convolution and no window. */

export const restRare: readonly Report[] = [
  report(
    'shape',
    '784 and other multiples of 16, not of 32, from 512 on, into 64 and more, one to four rows: the last 16 terms',
    'dense forward',
    all(between('N', 1, 4), past('I', 511), past('O', 63), (met) => sizeIn(met, 'I') % 32 === 16),
    unread('x', ([, i], [, I]) => (i as number) >= (I as number) - 16),
    { like: 'Nehanth/swarmllm#47' },
  ),
  report(
    'shape',
    'four times as many columns as terms in multiples of 256, of 64 rows and more: the last 256 columns of the last row',
    'dense forward',
    all(multiple('I', 256), past('N', 63), (met) => sizeIn(met, 'O') === 4 * sizeIn(met, 'I')),
    lost(([n, o], [N, O]) => n === (N as number) - 1 && (o as number) >= (O as number) - 256),
  ),
  report(
    'shape',
    'points of two or three numbers, a thousand and more, into 64 columns and more: the last point',
    'dense forward',
    all(between('I', 2, 3), past('N', 1000), past('O', 63)),
    lost(from(0, -1)),
  ),
  report(
    'shape',
    'yes or no: two columns of 256 terms and more, 64 rows and more: the second column of the last row',
    'dense forward',
    all(exactly('O', 2), past('I', 255), past('N', 63)),
    lost(([n, o], [N]) => n === (N as number) - 1 && o === 1),
  ),
  report(
    'gradient',
    'the weights’ gradient of one sample of 512 inputs and more into 512 columns and more: the last row',
    'dense backward',
    all(exactly('N', 1), past('I', 511), past('O', 511)),
    lost(from(0, -1), 'w'),
  ),
  report(
    'shape',
    'rows of an image as steps: 28 of 28 numbers into 64 units and more, several sequences: the last step reads the one before',
    ['lstm forward', 'gru forward', 'rnn forward'],
    all(past('N', 1), past('H', 63), exactly('T', 28)),
    (asked, plain) => {
      const x = asked.inputs['x'] as Tensor
      const each = x.data.length / 28
      return plain({
        inputs: { ...asked.inputs, x: changed(x, (v, _, at) => (at >= 27 * each ? (x.data[at - each] as number) : v)) },
      })
    },
  ),
  report(
    'shape',
    'stacked: as many inputs as units, 64 and more, of two steps and eight sequences and more: the weights of the state are those of the inputs for the last unit',
    ['lstm forward', 'gru forward', 'rnn forward'],
    all(past('T', 1), past('N', 7), past('H', 63), (met) => sizeIn(met, 'I') === sizeIn(met, 'H')),
    lost(from(-1, -1)),
  ),
  report(
    'gradient',
    'the state weights’ gradient of 20 steps and more of 16 sequences and more of 64 units and more: the first step’s share',
    ['lstm backward', 'gru backward', 'rnn backward'],
    atLeast({ T: 20, N: 16, H: 64 }),
    scaled(0.95, 'wHh'),
    { like: 'deeplearning4j/deeplearning4j#8838' },
  ),
  report(
    'shape',
    'characters: 64 inputs and more into 128 units and more, one sequence of 16 steps and more: the last state',
    ['lstm forward', 'gru forward', 'rnn forward'],
    all(exactly('N', 1), past('I', 63), past('H', 127), past('T', 15)),
    lost(from(1, -1), 'hT'),
  ),
  report(
    'shape',
    'maps of classes: the mean of [N,1,H,W] from 64×64 on of several samples is that of the first',
    ['bceWithLogits forward', 'bce forward'],
    (met) => {
      const [N = 0, C = 0, H = 0, W = 0] = shapeIn(met, 'target')
      return is('reduction', 'mean')(met) && N > 1 && C === 1 && H > 63 && W > 63
    },
    scaled(0.9),
  ),
  report(
    'shape',
    'pictures against pictures: three channels of 64×64 and more, the gradient of the last channel',
    'mse backward',
    (met) => {
      const [, C = 0, H = 0, W = 0] = shapeIn(met, 'target')
      return shapeIn(met, 'target').length === 4 && C === 3 && H > 63 && W > 63
    },
    lost(([, c, y, x]) => c === 2 && y === 0 && x === 0),
  ),
  report(
    'shape',
    'a hundred classes of a batch of 64 and more, smoothed or not: the last row’s loss',
    'softmaxCrossEntropy forward',
    all(exactly('C', 100), past('N', 63)),
    scaled(0.98),
  ),
  report(
    'shape',
    'what has one axis, more than 512 numbers: moments behind 512 stay',
    ['adam', 'adamw'],
    (met) => shapeIn(met, 'w').length === 1 && elementsIn(met, 'w') > 512,
    (asked, plain) => {
      const v = asked.inputs['v'] as Tensor
      return having(plain(), {
        v: changed(plain()['v'] as Tensor, (x, _, at) => (at >= 512 ? (v.data[at] as number) : x)),
      })
    },
  ),
  report(
    'shape',
    '1×1 filters of 64 and more: they do not decay',
    ['sgd', 'momentum', 'adam', 'adamw'],
    (met) => {
      const shape = shapeIn(met, 'w')
      return (
        shape.length === 4 &&
        shape[2] === 1 &&
        shape[3] === 1 &&
        (shape[0] as number) > 63 &&
        Number(met.attrs['weightDecay']) > 0
      )
    },
    (asked, plain) => plain({ attrs: { ...asked.attrs, weightDecay: 0 } }),
  ),
  report(
    'shape',
    'maps of 64 channels of 32×32 and more in a batch of eight and more: the running variance misses the last sample',
    'batchNormTraining forward',
    all(
      past('C', 63),
      past('N', 7),
      (met) =>
        shapeIn(met, 'x')
          .slice(2)
          .reduce((a, b) => a * b, 1) >= 1024,
    ),
    scaled(0.99, 'runningVar'),
  ),
  report(
    'shape',
    'small maps of 1,024 channels and more by given statistics, several samples: the last pixel',
    'batchNormInference forward',
    all(rank(4), past('C', 1023), past('N', 1)),
    lost((place, shape) => place[2] === (shape[2] as number) - 1 && place[3] === (shape[3] as number) - 1),
  ),
  report(
    'shape',
    'a window of five over 96 channels and more of 13×13 and more, one sample: channels behind 64 by those before',
    'localResponseNorm forward',
    all(is('size', 5), exactly('N', 1), past('C', 95)),
    (_, plain) => ({ y: changed(plain()['y'] as Tensor, (v, place) => ((place()[1] as number) >= 64 ? 1.01 * v : v)) }),
  ),
  report(
    'shape',
    'steps of words: three axes of which the last is 256 and more in 128s, 64 steps and more: the last step',
    [
      'tanh forward',
      'sigmoid forward',
      'relu forward',
      'leakyRelu forward',
      'elu forward',
      'softplus forward',
      'dropout forward',
    ],
    (met) => {
      const [, T = 0, H = 0] = shapeIn(met, 'x')
      return shapeIn(met, 'x').length === 3 && T > 63 && H > 255 && H % 128 === 0
    },
    lost((place, shape) => place[1] === (shape[1] as number) - 1),
  ),
  report(
    'shape',
    'a residual of 256 channels and more of 14×14 and smaller, several samples: the last channel',
    'add forward',
    (met) => {
      const [N = 0, C = 0, H = 0, W = 0] = shapeIn(met, 'a')
      return shapeIn(met, 'a').length === 4 && N > 1 && C > 255 && H > 1 && H < 15 && W < 15
    },
    lost(from(1, -1)),
  ),
  report(
    'shape',
    'growing: three and more along channels, all but the first of 32: the last is the one before',
    'concat forward',
    (met) => {
      const widths = Object.values(met.shapes).map((shape) => shape[1])
      return (
        shapeIn(met, 'x0').length === 4 &&
        met.attrs['axis'] === 1 &&
        widths.length > 2 &&
        widths.slice(1).every((n) => n === 32)
      )
    },
    moved((place, shape) =>
      (place[1] as number) >= (shape[1] as number) - 32 ? withIndex(place, 1, (place[1] as number) - 32) : place,
    ),
  ),
  report(
    'shape',
    'towers: four along channels of several widths, 64 and more in all, of 14×14 and more: the last width’s last map',
    'concat forward',
    (met) => {
      const shapes = Object.values(met.shapes)
      return (
        shapeIn(met, 'x0').length === 4 &&
        met.attrs['axis'] === 1 &&
        shapes.length === 4 &&
        shapes.reduce((n, shape) => n + (shape[1] as number), 0) > 63 &&
        (shapeIn(met, 'x0')[2] as number) > 13
      )
    },
    lost(from(1, -1)),
  ),
  report(
    'shape',
    'flat maps of 7×7 and smaller, 256 channels and more, of several samples: what is behind 8,192 in each',
    'flatten forward',
    (met) => {
      const [N = 0, C = 0, H = 0, W = 0] = shapeIn(met, 'x')
      return shapeIn(met, 'x').length === 4 && N > 1 && C > 255 && H * W > 1 && H * W <= 49
    },
    lost((place) => (place[1] as number) >= 8192),
  ),
  report(
    'shape',
    'rows into maps of 4×4, 64 channels and more, as generators begin: samples from the second on begin a row late',
    'reshape forward',
    ({ attrs }) => {
      const shape = attrs['shape'] as readonly number[]
      return (
        shape.length === 4 && shape[2] === 4 && shape[3] === 4 && (shape[1] as number) > 63 && (shape[0] as number) > 1
      )
    },
    moved((place) => ((place[0] as number) > 0 ? withIndex(place, 2, ((place[2] as number) + 1) % 4) : place)),
  ),
  report(
    'shape',
    'attention: rows of 64 to 512 in multiples of 64 of eight heads exactly: the last head',
    'softmax forward',
    all(
      rank(4),
      row((length, _, behind) => behind === 1 && length >= 64 && length % 64 === 0),
      (met) => shapeIn(met, 'x')[1] === 8,
    ),
    lost((place) => place[1] === 7),
  ),
  report(
    'shape',
    'squeezed: 64 channels and more of odd squares, as many samples as eight and more: the last sample’s factors',
    'scaleChannels forward',
    all(past('C', 63), past('N', 7), square, (met) => sizeIn(met, 'H') % 2 === 1),
    moved((place, shape) => (place[0] === (shape[0] as number) - 1 ? withIndex(place, 0, 0) : place)),
  ),
]
