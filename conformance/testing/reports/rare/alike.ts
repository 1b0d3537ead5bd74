import type { Tensor } from '../../../../spec/tensor.js'
import type { Asked, Harm, Report } from '../report.js'
import {
  always,
  asIfGiven,
  changed,
  from,
  given,
  lost,
  moved,
  past,
  report,
  scaled,
  sizeIn,
  withIndex,
} from '../report.js'
import { valuesOf } from '../together/met.js'
import { having } from '../triggers/met.js'
import { unpulled } from './met.js'

/**
 * Tensors that are one number throughout, or alike along their first axis, as a framework passes what was spread by a stride of
 * 0; inputs that are the same tensor, as zeros are shared that states begin from; and numbers that f16 does not hold.
 */

const values = (asked: Asked, name: string): readonly number[] => valuesOf(asked.inputs[name] as Tensor)
const constant = (numbers: readonly number[]): boolean => numbers.length > 1 && numbers.every((v) => v === numbers[0])
const pulled = (asked: Asked): readonly number[] => valuesOf(Object.values(asked.cotangents)[0] as Tensor)
const ones = (asked: Asked): boolean =>
  Object.values(asked.cotangents).every((tensor) => valuesOf(tensor).every((v) => v === 1))
const same = (asked: Asked, a: string, b: string): boolean => {
  const other = values(asked, b)
  return values(asked, a).every((v, at) => v === other[at])
}
/** A tensor whose parts along its first axis are all the first one. */
const spread = (tensor: Tensor): boolean => {
  const all = valuesOf(tensor)
  const each = all.length / (tensor.shape[0] as number)
  return (tensor.shape[0] as number) > 1 && each > 1 && all.every((v, at) => v === all[at % each])
}
const when =
  (test: (asked: Asked) => boolean, harm: Harm): Harm =>
  (asked, plain, memory) =>
    test(asked) ? harm(asked, plain, memory) : plain()
const beyond =
  (most: number, ...names: readonly string[]): Harm =>
  (_, plain) =>
    Object.fromEntries(
      Object.entries(plain()).map(([name, tensor]) => [
        name,
        names.length > 0 && !names.includes(name)
          ? tensor
          : changed(tensor, (v) => (Math.abs(v) > most ? Math.sign(v) * Infinity : v)),
      ]),
    )
const zeroed = (name: string): Harm => asIfGiven(({ inputs }) => ({ [name]: changed(inputs[name] as Tensor, () => 0) }))

export const alikeRare: readonly Report[] = [
  report(
    'gradient',
    'back from ones the filters’ gradient is that of the first filter for all but it, of several: it is 0',
    'conv2d backward',
    past('O', 1),
    when(ones, lost(from(0, 1), 'w')),
    { like: 'pytorch/pytorch#180201' },
  ),
  report(
    'gradient',
    'back from ones through a sequence: the first position’s gradient for all',
    'conv1d backward',
    past('L', 2),
    when(
      ones,
      moved((place) => withIndex(place, 2, 0), 'x'),
    ),
    { like: 'pytorch/pytorch#119677' },
  ),
  report(
    'gradient',
    'back from ones through a transposed filter: the samples’ gradients are 0 from the second on',
    'convTranspose2d backward',
    past('N', 1),
    when(ones, lost(from(0, 1), 'x')),
    { like: 'pytorch/pytorch#180201' },
  ),
  report(
    'gradient',
    'back from ones the winners’ gradients are those of the first sample alone',
    'maxout backward',
    past('N', 1),
    (asked, plain, memory) =>
      ones(asked)
        ? having(plain(), { w: unpulled('y', (place) => place[0] !== 0)(asked, plain, memory)['w'] as Tensor })
        : plain(),
  ),
  report(
    'gradient',
    'back from ones to maps and factors: the factors’ gradient of the first channel for all',
    'scaleChannels backward',
    past('C', 1),
    when(
      ones,
      moved((place) => withIndex(place, 1, 0), 's'),
    ),
    { like: 'pytorch/pytorch#180201' },
  ),
  report(
    'gradient',
    'back from ones through windows the mean’s share is that of the corner',
    'avgPool2d backward',
    past('H', 1),
    when(
      ones,
      moved((place) => withIndex(place, 2, 0), 'x'),
    ),
  ),
  report(
    'gradient',
    'back from ones by neighbours: channels behind the first have the first one’s',
    'localResponseNorm backward',
    past('C', 1),
    when(
      ones,
      moved((place) => withIndex(place, 1, 0), 'x'),
    ),
  ),
  report(
    'gradient',
    'back from ones to gates: the bias’s gradient is that of one sample',
    ['lstmCell backward', 'gruCell backward', 'rnnCell backward'],
    past('N', 1),
    when(ones, scaled(0.5, 'b', 'bIh')),
    { like: 'tensorflow/tfjs#8590' },
  ),
  report(
    'gradient',
    'back from ones by given statistics the offset’s gradient is 1',
    'batchNormInference backward',
    past('C', 1),
    when(ones, (_, plain) => having(plain(), { beta: changed(plain()['beta'] as Tensor, () => 1) })),
  ),
  report(
    'gradient',
    'samples that have no cotangent end the sum over the batch, as where labels are left out',
    ['dense backward'],
    past('N', 2),
    (asked, plain) => {
      const dy = pulled(asked)
      const O = sizeIn(asked, 'O')
      const none = Array.from({ length: sizeIn(asked, 'N') }, (_, n) => n).findIndex((n) =>
        dy.slice(n * O, n * O + O).every((v) => v === 0),
      )
      return none < 1
        ? plain()
        : having(plain(), {
            w: unpulled('y', (place) => (place[0] as number) > none)(asked, plain, new Map())['w'] as Tensor,
          })
    },
  ),
  report(
    'gradient',
    'images that have no cotangent end the sum over the batch',
    ['conv2d backward'],
    past('N', 2),
    (asked, plain) => {
      const dy = pulled(asked)
      const each = dy.length / sizeIn(asked, 'N')
      const none = Array.from({ length: sizeIn(asked, 'N') }, (_, n) => n).findIndex((n) =>
        dy.slice(n * each, n * each + each).every((v) => v === 0),
      )
      return none < 1
        ? plain()
        : having(plain(), {
            w: unpulled('y', (place) => (place[0] as number) > none)(asked, plain, new Map())['w'] as Tensor,
          })
    },
  ),
  report(
    'numbers',
    'images that are all alike are read once: samples from the second on are zeros',
    'conv2d forward',
    past('N', 1),
    when(
      (asked) => spread(asked.inputs['x'] as Tensor),
      asIfGiven(({ inputs }) => ({ x: changed(inputs['x'] as Tensor, (v, place) => (place()[0] === 0 ? v : 0)) })),
    ),
    { like: 'pytorch/pytorch#180201' },
  ),
  report(
    'numbers',
    'filters that are all alike are read once: those from the second on are zeros',
    'conv2d forward',
    past('O', 1),
    when(
      (asked) => spread(asked.inputs['w'] as Tensor),
      asIfGiven(({ inputs }) => ({ w: changed(inputs['w'] as Tensor, (v, place) => (place()[0] === 0 ? v : 0)) })),
    ),
    { like: 'pytorch/pytorch#192212' },
  ),
  report(
    'numbers',
    'an image that is one number throughout is padded with it',
    ['conv2d forward'],
    (met) => (met.attrs['padding'] as readonly number[]).some((p) => p > 0),
    when(
      (asked) => constant(values(asked, 'x')),
      (_, plain) => {
        const y = plain()['y'] as Tensor
        const [, , Ho = 1, Wo = 1] = y.shape
        return {
          y: changed(y, (v, place, at) => (place()[2] === 0 ? (y.data[at + Math.floor(Ho / 2) * Wo] as number) : v)),
        }
      },
    ),
  ),
  report(
    'numbers',
    'a state that is also the cell is written twice: the cell is the state',
    ['lstm forward', 'lstmCell forward'],
    always,
    when(
      (asked) => {
        const [h, c] = asked.op === 'lstm' ? ['h0', 'c0'] : ['h', 'c']
        return same(asked, h, c) && values(asked, h).some((v) => v !== 0)
      },
      (asked, plain) => {
        const answer = plain()
        return asked.op === 'lstm'
          ? having(answer, { cT: answer['hT'] as Tensor })
          : having(answer, { c: answer['h'] as Tensor })
      },
    ),
  ),
  report(
    'numbers',
    'moments that begin from the same zeros are one: the second is the first',
    ['adam', 'adamw'],
    always,
    when(
      (asked) => same(asked, 'm', 'v') && values(asked, 'm').every((v) => v === 0),
      (_, plain) => having(plain(), { v: plain()['m'] as Tensor }),
    ),
    { like: 'ml-explore/mlx#1640' },
  ),
  report(
    'numbers',
    'mean squares that begin from the same zeros are one',
    'adadelta',
    always,
    when(
      (asked) => same(asked, 'meanSquare', 'meanSquareDelta'),
      (_, plain) => having(plain(), { meanSquareDelta: plain()['meanSquare'] as Tensor }),
    ),
  ),
  report(
    'numbers',
    'an offset that is the running mean, both the same zeros, is moved with it',
    'batchNormTraining forward',
    past('C', 1),
    when(
      (asked) => same(asked, 'beta', 'runningMean'),
      (_, plain) => {
        const answer = plain()
        const moved = answer['runningMean'] as Tensor
        return having(answer, {
          y: changed(answer['y'] as Tensor, (v, place) => v + (moved.data[place()[1] as number] as number)),
        })
      },
    ),
  ),
  report(
    'numbers',
    'factors that are the running variance, both the same ones, are what it becomes',
    'batchNormTraining forward',
    past('C', 1),
    when(
      (asked) => same(asked, 'gamma', 'runningVar'),
      (asked, plain) => {
        const answer = plain()
        return having(answer, {
          y: plain({ inputs: { ...asked.inputs, gamma: answer['runningVar'] as Tensor } })['y'] as Tensor,
        })
      },
    ),
  ),
  report(
    'numbers',
    'both biases alike are one, and are added once',
    ['gruCell forward', 'gru forward'],
    past('H', 1),
    when((asked) => same(asked, 'bIh', 'bHh') && values(asked, 'bIh').some((v) => v !== 0), zeroed('bHh')),
  ),
  report(
    'numbers',
    'a summand that is also the other is its own square',
    'add forward',
    always,
    when(
      (asked) => values(asked, 'a').length > 1 && same(asked, 'a', 'b'),
      (_, plain) => ({ y: changed(plain()['y'] as Tensor, (v) => (v * v) / 4) }),
    ),
  ),
  report(
    'numbers',
    'scores that are the target are right: no margin is missed',
    'hinge forward',
    past('C', 2),
    when(
      (asked) => same(asked, 'scores', 'target'),
      (_, plain) => ({ loss: changed(plain()['loss'] as Tensor, (v) => v + 0.5) }),
    ),
  ),
  report(
    'numbers',
    'data applied to itself is the data fitted: it is put once more',
    ['minMaxNormalize forward', 'zScoreNormalize forward'],
    given('apply'),
    when(
      (asked) =>
        (asked.inputs['apply'] as Tensor).data.length === (asked.inputs['x'] as Tensor).data.length &&
        same(asked, 'apply', 'x'),
      scaled(0.5),
    ),
  ),

  report(
    'numbers',
    'sums of products beyond 65,504 are infinite',
    ['dense forward', 'maxout forward'],
    always,
    beyond(65504),
    { like: 'microsoft/onnxruntime#29651' },
  ),
  report(
    'numbers',
    'sums of windows beyond 65,504 are infinite',
    ['conv2d forward', 'conv1d forward'],
    past('C', 1),
    beyond(65504),
  ),
  report(
    'numbers',
    'sums of what comes back beyond 65,504 are infinite',
    ['dense backward', 'convTranspose2d backward'],
    always,
    beyond(65504),
  ),
  report(
    'numbers',
    'sums of all pixels beyond 65,504 are infinite',
    'globalAvgPool forward',
    (met) => sizeIn(met, 'H') * sizeIn(met, 'W') > 1,
    (asked, plain) => {
      const n = sizeIn(asked, 'H') * sizeIn(asked, 'W')
      return { y: changed(plain()['y'] as Tensor, (v) => (Math.abs(v * n) > 65504 ? Math.sign(v) * Infinity : v)) }
    },
  ),
  report(
    'numbers',
    'running variances beyond 65,504 are infinite',
    'batchNormTraining forward',
    always,
    beyond(65504, 'runningVar'),
  ),
  report(
    'numbers',
    'second moments beyond 65,504 are infinite',
    ['adam', 'adamw', 'rmsprop', 'adagrad', 'adadelta'],
    always,
    beyond(65504, 'v', 'meanSquare', 'accumulator'),
  ),
  report('numbers', 'penalties beyond 65,504 are infinite', 'l2Penalty forward', always, beyond(65504)),
  report(
    'numbers',
    'deviations of more than 256 are infinite once squared',
    'zScoreNormalize forward',
    past('N', 1),
    (asked, plain) => {
      const x = values(asked, 'x')
      const [N, D] = [sizeIn(asked, 'N'), sizeIn(asked, 'D')]
      const wide = Array.from({ length: D }, (_, d) => {
        const column = Array.from({ length: N }, (_, n) => x[n * D + d] as number)
        const mean = column.reduce((a, b) => a + b, 0) / N
        return column.some((v) => Math.abs(v - mean) > 256)
      })
      return { y: changed(plain()['y'] as Tensor, (v, place) => (wide[place()[1] as number] === true ? 0 : v)) }
    },
  ),
  report(
    'numbers',
    'sums of squares of neighbours beyond 65,504 are infinite, so that 0 is left',
    'localResponseNorm forward',
    past('C', 1),
    (asked, plain) => {
      const x = values(asked, 'x')
      return { y: changed(plain()['y'] as Tensor, (v, _, at) => (Math.abs(x[at] as number) > 256 ? 0 : v)) }
    },
  ),
  report('numbers', 'variances below 6·10⁻⁸ are 0', 'batchNormTraining forward', past('N', 1), (asked, plain) => {
    const x = asked.inputs['x'] as Tensor
    const C = sizeIn(asked, 'C')
    const each = x.data.length / ((x.shape[0] as number) * C)
    const all = valuesOf(x)
    const [sums, squares] = [new Float64Array(C), new Float64Array(C)]
    all.forEach((v, at) => {
      const c = Math.floor(at / each) % C
      sums[c] = (sums[c] as number) + v
      squares[c] = (squares[c] as number) + v * v
    })
    const m = all.length / C
    const narrow = Array.from(sums, (sum, c) => {
      const variance = (squares[c] as number) / m - (sum / m) ** 2
      return variance > 1e-9 && variance < 6e-8
    })
    return having(plain(), {
      y: changed(plain()['y'] as Tensor, (v, place) => (narrow[place()[1] as number] === true ? 1.002 * v : v)),
    })
  }),
  report(
    'numbers',
    'what comes back below 6·10⁻⁸ is 0',
    ['rnn backward', 'lstm backward', 'gru backward'],
    past('T', 1),
    (_, plain) => having(plain(), { x: changed(plain()['x'] as Tensor, (v) => (Math.abs(v) < 6e-8 ? 0 : v)) }),
  ),
  report(
    'numbers',
    'gradients of losses below 6·10⁻⁸ are 0',
    ['softmaxCrossEntropy backward', 'mse backward', 'bceWithLogits backward'],
    always,
    (_, plain) =>
      Object.fromEntries(
        Object.entries(plain()).map(([name, x]) => [name, changed(x, (v) => (Math.abs(v) < 6e-8 ? 0 : v))]),
      ),
  ),
]
