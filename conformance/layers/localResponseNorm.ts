import { either as E, function as F } from 'fp-ts'
import { slide } from '../../spec/op.js'
import type { Shape, Tensor } from '../../spec/tensor.js'
import { sizeOf, sumOf } from '../../spec/tensor.js'
import type { Fill, Form } from '../form.js'
import type { Evaluation, Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { bordered, part, rearranged, reversed } from '../vocabulary/arrange.js'
import {
  another,
  answersTo,
  combination,
  dot,
  equal,
  equals,
  named,
  numbersAgree,
  product,
  size,
  times,
  unit,
} from '../vocabulary/claims.js'
import { anyShape, drawn } from '../vocabulary/draws.js'
import { array } from '../vocabulary/examples.js'
import { batchSplits, linearInCotangents, ofAnswers, rearranging } from '../vocabulary/laws.js'

// an exponent and weights at which the sum counts as much as k does
const strong = { alpha: 0.5, k: 2 } as const

const numberOf = (value: unknown): number => value as number

const withoutWeight = ofAnswers(
  'α = 0 multiplies by k to the −β, forward and backward',
  ({ ahead, back }, { attrs, inputs, cotangents }) => {
    const factor = numberOf(attrs['k']) ** -numberOf(attrs['beta'])
    return [
      equals('y', ahead, times(factor, named(inputs, 'x'))),
      equals('x', back, times(factor, named(cotangents, 'y'))),
    ]
  },
  ({ attrs }) => ({ attrs: { ...attrs, alpha: 0, k: Math.abs(numberOf(attrs['k'])) || 1 } }),
)

const scaling: Law = {
  name: 'x twice as large under α is x under 4α, twice as large',
  claims: ({ attrs, inputs, cotangents }, ask) => {
    const twice = { x: times(2, named(inputs, 'x')) }
    const heavier = { ...attrs, alpha: 4 * numberOf(attrs['alpha']) }
    return F.pipe(
      E.Do,
      E.bind('large', () => answersTo(ask, { attrs, inputs: twice, cotangents })),
      E.bind('heavy', () => answersTo(ask, { attrs: heavier, inputs, cotangents })),
      E.map(({ large, heavy }) => [
        combination('y', large.ahead, [[2, heavy.ahead]]),
        equal('x', large.back, heavy.back),
      ]),
    )
  },
}

const threeQuarters: Law = {
  name: 'k and α times 16 under β = ¾ is an eighth',
  claims: ({ attrs, inputs, cotangents }, ask) => {
    const plain = { ...attrs, beta: 0.75 }
    const large = { ...plain, alpha: 16 * numberOf(attrs['alpha']), k: 16 * numberOf(attrs['k']) }
    return F.pipe(
      E.Do,
      E.bind('given', () => answersTo(ask, { attrs: plain, inputs, cotangents })),
      E.bind('less', () => answersTo(ask, { attrs: large, inputs, cotangents })),
      E.map(({ given, less }) => [
        combination('y', less.ahead, [[1 / 8, given.ahead]]),
        combination('x', less.back, [[1 / 8, given.back]]),
      ]),
    )
  },
}

const zeroChannels: Law = {
  name: 'channels of zeros on both sides change nothing: windows are clipped',
  claims: (sample, ask) => {
    const C = named(sample.inputs, 'x').shape[1] as number
    const wider = (x: Tensor): Tensor => bordered(1, 2, 3, x)
    const inner = (x: Tensor): Tensor => part(1, 2, C + 2, x)
    return F.pipe(
      E.Do,
      E.bind('given', () => answersTo(ask, sample)),
      E.bind('wide', () =>
        answersTo(ask, {
          ...sample,
          inputs: { x: wider(named(sample.inputs, 'x')) },
          cotangents: { y: wider(named(sample.cotangents, 'y')) },
        }),
      ),
      E.map(({ given, wide }) => [
        equal('y', rearranged(inner, 'y', wide.ahead), given.ahead),
        equal('x', rearranged(inner, 'x', wide.back), given.back),
      ]),
    )
  },
}

const aloneInTheWindow: Law = {
  name: 'a channel alone in its window does not see size, if α is as many times as large',
  claims: ({ attrs }, ask, draw) => {
    const x = another(draw, [3, 1, 5])
    const size = draw.pick([2, 4, 8])
    const of = (size: number) => ({ ...attrs, size, alpha: size * numberOf(attrs['alpha']) })
    return F.pipe(
      E.Do,
      E.bind('wide', () => ask('forward', of(size), { x })),
      E.bind('single', () => ask('forward', of(1), { x })),
      E.map(({ wide, single }) => [equal('y', wide, single)]),
    )
  },
}

const placesAlone = rearranging('every place is by itself: the axes … may be one', () => {
  const flat = ({ shape: [N = 0, C = 0, ...rest], data }: Tensor): Tensor => ({ shape: [N, C, sizeOf(rest)], data })
  return { x: flat, y: flat }
})

const oddWindowsAreSymmetric = rearranging(
  'an odd window does not mind the channels in reverse order',
  () => ({ x: (x) => reversed(1, x), y: (y) => reversed(1, y) }),
  ({ attrs }) => ({ attrs: { ...attrs, size: 2 * Math.floor(numberOf(attrs['size']) / 2) + 1 } }),
)

// d/dt of y(t·x) at 1 is y_β − 2β·(s − k)·x·s^(−β−1), and x·s^(−β−1) is y under β + 1
const growing: Law = {
  name: 'backward along x itself: ⟨x, dx⟩ = ⟨dy, (1 − 2β)·y + 2βk·y′⟩, y′ being y under β + 1',
  claims: ({ attrs, inputs, cotangents }, ask) => {
    const [beta, k] = [numberOf(attrs['beta']), numberOf(attrs['k'])]
    const [x, dy] = [named(inputs, 'x'), named(cotangents, 'y')]
    return F.pipe(
      E.Do,
      E.bind('ahead', () => ask('forward', attrs, inputs)),
      E.bind('steeper', () => ask('forward', { ...attrs, beta: beta + 1 }, inputs)),
      E.bind('back', () => ask('backward', attrs, inputs, cotangents)),
      E.map(({ ahead, steeper, back }) => {
        const [first, second] = [1 - 2 * beta, 2 * beta * k]
        const errs = ({ values, slack }: Evaluation, name: string, weight: Tensor): number =>
          dot(size(weight), named(slack, name)) +
          (x.data.length + 4) * unit * sumOf(size(product(named(values, name), weight)).data)
        return [
          numbersAgree(
            dot(x, named(back.values, 'x')),
            first * dot(dy, named(ahead.values, 'y')) + second * dot(dy, named(steeper.values, 'y')),
            errs(back, 'x', x) +
              (Math.abs(first) + 2 * Math.abs(beta) * unit) * errs(ahead, 'y', dy) +
              Math.abs(second) * errs(steeper, 'y', dy),
          ),
        ]
      }),
    )
  },
}

const of = (name: string, attrs: Form['attrs'], shape: Shape, fills: Readonly<Record<string, Fill>> = {}): Form =>
  form(name, attrs, { x: shape }, fills)

const column = (...channels: readonly number[]): Tensor => array([channels.map((v) => [v])])

export const localResponseNorm = questionsAbout('localResponseNorm', {
  corners: [
    of('one element', {}, [1, 1, 1]),
    of('defaults', {}, [2, 7, 3]),
    of('AlexNet: k = 2, n = 5, α = 10⁻⁴ not divided, β = ¾', { k: 2, alpha: 5e-4 }, [2, 12, 3, 4], { x: 'wide' }),
    of('a window of one channel', { ...strong, size: 1 }, [2, 5, 4]),
    of('a window of two: a channel and the one before', { ...strong, size: 2 }, [2, 5, 3]),
    of('an odd window', { ...strong, size: 3 }, [3, 6, 2, 2]),
    of('an even window', { ...strong, size: 4 }, [2, 7, 2, 3]),
    of('a window as wide as the channels', { ...strong, size: 6 }, [2, 6, 3]),
    of('a window wider than twice the channels', { ...strong, size: 15 }, [2, 6, 3]),
    of('a window far wider than the channels', { ...strong, size: 1000001, alpha: 1e5 }, [2, 3, 4]),
    of('one channel under a window of five', strong, [3, 1, 4]),
    of('five axes', strong, [2, 6, 2, 1, 3]),
    of('axes of extent 1', strong, [3, 7, 1, 1]),
    of('β = ½', { ...strong, beta: 0.5 }, [2, 7, 3]),
    of('β = 1', { ...strong, beta: 1 }, [2, 7, 3]),
    of('β = 2.5', { ...strong, beta: 2.5 }, [2, 7, 3]),
    of('β below 0 multiplies', { ...strong, beta: -0.5 }, [2, 7, 3]),
    of('β = 0 changes nothing', { ...strong, beta: 0 }, [2, 7, 3]),
    of('α = 0: k alone', { alpha: 0, k: 3 }, [2, 7, 3]),
    of('α below 0', { alpha: -0.125, k: 40 }, [2, 7, 3]),
    of('k = 0: the sum alone', { k: 0, alpha: 5 }, [2, 7, 3], { x: 'positive' }),
    of('k below ½', { k: 0.125, alpha: 0.25 }, [2, 7, 3]),
    of('k = 100', { k: 100, alpha: 4 }, [2, 7, 3]),
    of('large numbers, ±100 and ±10⁴', {}, [2, 7, 4], { x: { values: [100, -100, 1e4, 0, -1e4, 1] } }),
    of('large numbers under a large α', { alpha: 64 }, [2, 7, 4], { x: { values: [100, -100, 1e4, 0, -1e4, 1] } }),
    of('small numbers', { ...strong, k: 1 }, [2, 7, 3], { x: 'small', dy: 'small' }),
    of('zeros', strong, [2, 5, 3], { x: { constant: 0 } }),
    of('whole numbers', { ...strong, alpha: 5 }, [2, 6, 4], { x: 'ties', dy: 'ties' }),
    of('a gradient whose two parts cancel', { alpha: 10, beta: 0.5 }, [2, 1, 4], { x: { constant: 8 } }),
    of('15 channels, 17 places', strong, [1, 15, 17]),
    of('16 channels, 16 places', strong, [1, 16, 4, 4]),
    of('63 elements', strong, [1, 7, 9]),
    of('64 elements', strong, [1, 8, 8]),
    of('65 elements', strong, [1, 13, 5]),
    of('64 channels under a window of 63', { ...strong, size: 63 }, [1, 64, 3]),
    of('65 channels under a window of 64', { ...strong, size: 64 }, [1, 65, 2]),
    of('255 channels', strong, [1, 255, 1]),
    of('256 places', strong, [2, 3, 256]),
    of('257 samples', strong, [257, 3, 1]),
    of('65,537 places', strong, [1, 2, 65537]),
    of('65,535 channels', strong, [1, 65535, 1]),
    of('more elements than one row of workgroups', { ...strong, size: 2 }, [1, 2, 1024, 2049]),
  ],
  random: drawn({
    attrs: (draw) => ({
      ...(draw.uniform() < 0.8 ? { size: draw.integer(1, 8) } : {}),
      ...(draw.uniform() < 0.8 ? { alpha: draw.pick([1e-4, 0.01, 0.5, 2, 10]) } : {}),
      ...(draw.uniform() < 0.6 ? { beta: draw.pick([0.5, 1, 0.3, 2, -0.25, 0.75]) } : {}),
      ...(draw.uniform() < 0.6 ? { k: draw.pick([2, 0.5, 1, 0.01, 20]) } : {}),
    }),
    shapes: (draw) => ({ x: [draw.integer(1, 4), draw.integer(1, 12), ...anyShape(draw, [1, 3], 4)] }),
    fills: { x: ['normal', 'normal', 'wide', 'small'] },
  }),
  laws: [
    batchSplits(['x']),
    withoutWeight,
    scaling,
    threeQuarters,
    zeroChannels,
    aloneInTheWindow,
    placesAlone,
    oddWindowsAreSymmetric,
    linearInCotangents('backward is linear in the cotangent'),
    growing,
  ],
  worked: [
    {
      name: 'AlexNet’s k = 2, n = 5, α = 10⁻⁴, β = ¾ on 300, 200 and 100: s = 2 + 14 = 16, so each is an eighth',
      attrs: { size: 5, alpha: 5e-4, beta: 0.75, k: 2 },
      inputs: { x: column(300, 200, 100) },
      outputs: { y: column(37.5, 25, 12.5) },
      source: slide('AlexNet'),
    },
    {
      name: 'TensorFlow’s depth_radius 5, bias 1, alpha 1, beta ½ on 1, 2, 3, 1: s = 1 + 15 = 16, so each is a quarter',
      attrs: { size: 11, alpha: 11, beta: 0.5, k: 1 },
      inputs: { x: column(1, 2, 3, 1) },
      outputs: { y: column(0.25, 0.5, 0.75, 0.25) },
      source: 'tf.nn.local_response_normalization: its formula, at its defaults',
    },
    {
      name: 'an even window reaches back: 3, 4, 0 over √9, √25, √16',
      attrs: { size: 2, alpha: 2, beta: 0.5, k: 0 },
      inputs: { x: column(3, 4, 0) },
      outputs: { y: column(1, 0.8, 0) },
      source: '3² + 4² = 5²; PyTorch’s window of an even size',
    },
    {
      name: 'ONNX’s even window reaches ahead: its 9, 12, 5 over √225, √169, √25, here with the channels in reverse order',
      attrs: { size: 2, alpha: 2, beta: 0.5, k: 0 },
      inputs: { x: column(5, 12, 9) },
      outputs: { y: column(1, 12 / 13, 0.6) },
      source: '5² + 12² = 13², 9² + 12² = 15²; ONNX, LRN',
    },
    {
      name: 'one channel: the derivative of x/√(7 + x²) at 3 is 7/64',
      attrs: { size: 1, alpha: 1, beta: 0.5, k: 7 },
      inputs: { x: column(3) },
      cotangents: { y: column(1) },
      outputs: { x: column(0.109375) },
      source: 'k/(k + x²)^(3/2)',
    },
    {
      name: 'two channels, s = 16: the first one’s response falls by 9/256 of what the second grows',
      attrs: { size: 3, alpha: 3, beta: 0.75, k: 6 },
      inputs: { x: column(3, 1) },
      cotangents: { y: column(1, 0) },
      outputs: { x: column(0.01953125, -0.03515625) },
      source: '∂y₁/∂x₁ = 1/8 − (3/2)·9/128, ∂y₁/∂x₂ = −(3/2)·3/128',
    },
  ],
  faults: [
    {
      name: 'α not divided by size, as in the paper and TensorFlow',
      direction: 'forward',
      find: '(alpha / size) * squares',
      replace: 'alpha * squares',
      unseenAt: of('', {}, [1, 3, 2], { x: { constant: 0.5 } }),
    },
    {
      name: 'a window one channel short',
      direction: 'forward',
      find: 'c + Math.ceil(size / 2) - 1',
      replace: 'c + Math.ceil(size / 2) - 2',
      unseenAt: of('', {}, [1, 5, 2]),
    },
    {
      name: 'an even window that reaches ahead, as in ONNX',
      direction: 'forward',
      find: 'const first = Math.max(0, c - Math.floor(size / 2)) const last = Math.min(C - 1, c + Math.ceil(size / 2) - 1)',
      replace:
        'const first = Math.max(0, c - Math.ceil(size / 2) + 1), last = Math.min(C - 1, c + Math.floor(size / 2))',
      unseenAt: of('', { ...strong, size: 3 }, [2, 5, 3]),
    },
    {
      name: 'channels before the first taken from the other end',
      direction: 'forward',
      find: 'at3(x, n, first + j, s) * at3(x, n, first + j, s)',
      replace: 'at3(x, n, (first + j + 1) % C, s) * at3(x, n, (first + j + 1) % C, s)',
      unseenAt: of('', { ...strong, size: 9 }, [2, 4, 3]),
    },
    {
      name: 'k forgotten for 1',
      direction: 'forward',
      find: 'k + (alpha',
      replace: '1 + (alpha',
      unseenAt: of('', {}, [2, 5, 3]),
    },
    {
      name: 'the magnitudes in place of the squares',
      direction: 'forward',
      find: 'at3(x, n, first + j, s) * at3(x, n, first + j, s)',
      replace: 'Math.abs(at3(x, n, first + j, s))',
      unseenAt: of('', strong, [2, 5, 3], { x: { values: [1, -1, 1] } }),
    },
    { name: 'the sign of β', direction: 'forward', find: 'Math.exp(-beta', replace: 'Math.exp(beta' },
    {
      name: 'β always ¾',
      direction: 'forward',
      find: 'power(attrs.beta, at3(scale',
      replace: 'power(0.75, at3(scale',
      unseenAt: of('', strong, [2, 5, 3]),
    },
    {
      name: 'the scale of the channel after',
      direction: 'forward',
      find: 'at3(scale, n, c, s)',
      replace: 'at3(scale, n, Math.min(c + 1, C - 1), s)',
    },
    {
      name: 'dx: the window of the channel, not the channels in whose windows it lies',
      direction: 'backward',
      find: 'const first = Math.max(0, c - Math.ceil(size / 2) + 1) const last = Math.min(C - 1, c + Math.floor(size / 2))',
      replace:
        'const first = Math.max(0, c - Math.floor(size / 2)), last = Math.min(C - 1, c + Math.ceil(size / 2) - 1)',
      unseenAt: of('', { ...strong, size: 3 }, [2, 5, 3]),
    },
    {
      name: 'dx: as if s were constant',
      direction: 'backward',
      find: '((2 * alpha * beta) / size) * at3(x, n, c, s) * sum',
      replace: '0',
      unseenAt: of('', {}, [1, 3, 2], { x: { constant: 1 }, dy: { constant: 1 } }),
    },
    {
      name: 'dx: the 2 of the square forgotten',
      direction: 'backward',
      find: '(2 * alpha * beta)',
      replace: '(alpha * beta)',
      unseenAt: of('', {}, [1, 3, 2], { x: { constant: 1 }, dy: { constant: 1 } }),
    },
    { name: 'dx: β forgotten', direction: 'backward', find: '(2 * alpha * beta)', replace: '(2 * alpha)' },
    {
      name: 'dx: α not divided by size',
      direction: 'backward',
      find: '((2 * alpha * beta) / size)',
      replace: '(2 * alpha * beta)',
      unseenAt: of('', { ...strong, size: 1 }, [2, 5, 3]),
    },
    {
      name: 'dx: the division by s forgotten',
      direction: 'backward',
      find: '/ at3(scale, n, j, s)',
      replace: '',
      unseenAt: of('', {}, [2, 5, 3]),
    },
    {
      name: 'dx: the sign of the second part',
      direction: 'backward',
      find: 'at3(dy, n, c, s) * at3(r, n, c, s) -',
      replace: 'at3(dy, n, c, s) * at3(r, n, c, s) +',
    },
  ],
})
