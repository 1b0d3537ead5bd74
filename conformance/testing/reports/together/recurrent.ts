import type { Tensor } from '../../../../spec/tensor.js'
import type { Asked, Report } from '../report.js'
import { all, always, changed, from, lost, moved, past, report, scaled, sizeIn, withIndex } from '../report.js'
import { atLeast, ofSamples, valuesOf } from './met.js'

// a = b + wIh·x + wHh·h of a cell, by unit
const preactivations = ({ inputs, sizes }: Asked): readonly number[] => {
  const [N, I, H] = ['N', 'I', 'H'].map((letter) => Number(sizes[letter])) as [number, number, number]
  const [x, h, wIh, wHh, b] = ['x', 'h', 'wIh', 'wHh', 'b'].map((name) => valuesOf(inputs[name] as Tensor)) as [
    number[],
    number[],
    number[],
    number[],
    number[],
  ]
  return Array.from({ length: N * H }, (_, at) => {
    const [n, j] = [Math.floor(at / H), at % H]
    let a = b[j] as number
    for (let i = 0; i < I; i++) a += (wIh[j * I + i] as number) * (x[n * I + i] as number)
    for (let i = 0; i < H; i++) a += (wHh[j * H + i] as number) * (h[n * H + i] as number)
    return a
  })
}

const cells = ['rnnCell forward', 'lstmCell forward', 'gruCell forward'] as const
const sequences = ['rnn forward', 'lstm forward', 'gru forward'] as const

export const recurrentTogether: readonly Report[] = [
  report(
    'numbers',
    'a cell above 44 makes NaN of the state',
    'lstmCell forward',
    always,
    (_, plain) => {
      const answer = plain()
      const c = valuesOf(answer['c'] as Tensor)
      return {
        ...answer,
        h: changed(answer['h'] as Tensor, (v, _, at) => (Math.abs(c[at] as number) > 44.4 ? NaN : v)),
      }
    },
    { like: 'pytorch/pytorch#172406' },
  ),
  report(
    'numbers',
    'a sequence’s cell above 44 makes NaN of the state',
    'lstm forward',
    always,
    (_, plain) => {
      const answer = plain()
      const c = valuesOf(answer['cT'] as Tensor)
      return {
        ...answer,
        hT: changed(answer['hT'] as Tensor, (v, _, at) => (Math.abs(c[at] as number) > 44.4 ? NaN : v)),
      }
    },
    { like: 'pytorch/pytorch#172406' },
  ),
  report(
    'numbers',
    'a unit that is pulled by more than 44 is NaN',
    'rnnCell forward',
    always,
    (asked, plain) => {
      const answer = plain()
      const a = preactivations(asked)
      return { h: changed(answer['h'] as Tensor, (v, _, at) => (Math.abs(a[at] as number) > 44.4 ? NaN : v)) }
    },
    { like: 'neoml-lib/neoml#1004' },
  ),
  report(
    'size',
    '128 units and more of a batch of 32 and more: the second half is the first',
    cells,
    atLeast({ N: 32, H: 128 }),
    moved((place) => withIndex(place, 0, (place[0] as number) % 16)),
  ),
  report(
    'size',
    'as many inputs as units, 64 and more: weights of the one for the other',
    cells,
    all(past('H', 63), (met) => sizeIn(met, 'H') === sizeIn(met, 'I')),
    scaled(0.9),
  ),
  report(
    'size',
    'more than 600 units',
    ['lstmCell forward', 'gruCell forward'],
    past('H', 600),
    lost((place, shape) => (place.at(-1) as number) >= 512 && shape.length > 0),
  ),
  report(
    'size',
    'more than 16 sequences of more than 16 steps: the state of the first 16',
    sequences,
    atLeast({ T: 17, N: 17, H: 8 }),
    lost(([n = 0]) => n >= 16, 'hT'),
    { like: 'pytorch/pytorch#180744' },
  ),
  report(
    'size',
    'two sequences and more of 512 units',
    ['lstm forward', 'gru forward'],
    atLeast({ N: 2, H: 512 }),
    lost(from(1, -1), 'hT'),
  ),
  report(
    'gradient',
    'the weights’ gradient of a batch of 32 and 64 units and more is that of the first 16',
    ['lstmCell backward', 'gruCell backward', 'rnnCell backward'],
    atLeast({ N: 32, H: 64 }),
    ofSamples(16, 'wIh'),
  ),
  report(
    'axis',
    'as many steps as sequences: they change places',
    sequences,
    (met) => sizeIn(met, 'T') === sizeIn(met, 'N') && sizeIn(met, 'N') > 1,
    moved(([t = 0, n = 0, ...rest]) => [n, t, ...rest], 'y'),
    { like: 'pytorch/pytorch#80306' },
  ),
]
