import type { Tensor } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import {
  all,
  always,
  asIfGiven,
  changed,
  elementsIn,
  every,
  firstInputs,
  from,
  gathered,
  holds,
  listOf,
  lost,
  moreInputs,
  numbers,
  odd,
  past,
  product,
  report,
  scaled,
  shapeIn,
} from '../report.js'
import { f32, valuesOf } from './met.js'

export const moving: readonly Report[] = [
  report(
    'attributes',
    'an axis counted from the end is one too far',
    'concat forward',
    ({ attrs, shapes }) => (attrs['axis'] as number) < -1 && (shapes['x0'] as readonly number[]).length > 1,
    (asked, plain) => scaled(-1)(asked, plain, new Map()),
  ),
  report('shape', 'of more than eight tensors the rest is left out', 'concat forward', moreInputs(8), firstInputs(8)),
  report(
    'shape',
    'of more than sixteen tensors the rest is left out',
    'concat forward',
    moreInputs(16),
    firstInputs(16),
  ),
  report(
    'gradient',
    'pieces of different lengths have each other’s gradient',
    'concat backward',
    ({ shapes }) => new Set(Object.values(shapes).map(String)).size > 1,
    scaled(0.5),
  ),
  report(
    'shape',
    'a last axis of one is spread',
    'add forward',
    ({ shapes }) => shapes['b']?.at(-1) === 1 && elementsIn({ shapes } as never, 'b') > 1,
    asIfGiven(({ inputs }) => ({ b: changed(inputs['b'] as Tensor, () => (inputs['b'] as Tensor).data[0] as number) })),
  ),
  report(
    'shape',
    'a first axis of one is spread',
    'mul forward',
    ({ shapes }) => shapes['b']?.[0] === 1 && elementsIn({ shapes } as never, 'b') > 1,
    asIfGiven(({ inputs }) => ({ b: changed(inputs['b'] as Tensor, () => (inputs['b'] as Tensor).data[0] as number) })),
  ),
  report(
    'axis',
    'maps are flattened channels last',
    'flatten forward',
    ({ shapes }) => shapes['x']?.length === 4,
    (asked, plain) => {
      const x = asked.inputs['x'] as Tensor
      const [, C = 1, H = 1, W = 1] = x.shape
      const data = valuesOf(x)
      return {
        y: changed(plain()['y'] as Tensor, (_, place) => {
          const [n = 0, at = 0] = place()
          const [pixel, c] = [Math.floor(at / C), at % C]
          return data[((n * C + c) * H + Math.floor(pixel / W)) * W + (pixel % W)] as number
        }),
      }
    },
    { like: 'tensorflow/tfjs#2205' },
  ),
  report(
    'size',
    'past 65,536 elements the mask is drawn again',
    'dropout forward',
    holds('x', (n) => n > 65536),
    (asked, plain) => {
      const [y, x] = [plain()['y'] as Tensor, asked.inputs['x'] as Tensor]
      return {
        y: changed(y, (v, _, at) =>
          at < 65536 ? v : y.data[at - 65536] === 0 ? 0 : f32((x.data[at] as number) / (asked.attrs['keep'] as number)),
        ),
      }
    },
  ),
  report(
    'attributes',
    'at test time’s scale: not divided by what is kept',
    'dropout forward',
    every('keep', (k) => k < 1),
    (asked, plain) => scaled(asked.attrs['keep'] as number)(asked, plain, new Map()),
  ),
  report('history', 'the same mask at the next step', 'dropout forward', always, (asked, plain, memory) => {
    const name = `step ${listOf(asked, 'key').join()} ${shapeIn(asked, 'x').join()}`
    const before = memory.get(name) as number | undefined
    if (before === undefined) memory.set(name, asked.attrs['step'])
    return plain({ attrs: { ...asked.attrs, step: before ?? (asked.attrs['step'] as number) } })
  }),
  report(
    'shape',
    'every sample is scaled as the first',
    'scaleChannels forward',
    past('N', 1),
    asIfGiven(({ inputs }) => ({ s: gathered(inputs['s'] as Tensor, ([, c = 0]) => [0, c]) })),
  ),
  report('gradient', 'a factor that is also the other has half its gradient', 'mul backward', always, (asked, plain) =>
    elementsIn(asked, 'a') < 1000 &&
    String(valuesOf(asked.inputs['a'] as Tensor)) === String(valuesOf(asked.inputs['b'] as Tensor))
      ? scaled(0.5)(asked, plain, new Map())
      : plain(),
  ),
  report(
    'shape',
    'three pieces and more: the second is the winner',
    'maxout forward',
    past('K', 4),
    numbers((v) => v + 0.5),
  ),
  report(
    'size',
    'a reshape of more than 4,096 rows',
    'reshape forward',
    ({ shapes }) => (shapes['x']?.[0] ?? 0) > 4096,
    lost((place) => (place[0] as number) > 4095),
  ),
  report(
    'size',
    'odd widths from 64 on lose a column',
    'scaleChannels forward',
    all(odd('W'), past('W', 64)),
    lost(from(3, -1)),
  ),
  report(
    'size',
    'sums of more than 2¹⁶ weights',
    'l2Penalty forward',
    holds('w', (n) => n > 2 ** 16),
    scaled(0.99),
  ),
  report(
    'size',
    'many maps of many pixels: 64 and more channels of 32×32 and more',
    'scaleChannels forward',
    all(
      past('C', 63),
      product(['H', 'W'], (n) => n >= 1024),
    ),
    lost(from(1, 63)),
  ),
]
