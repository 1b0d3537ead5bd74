import type { Tensor } from '../../../../spec/tensor.js'
import type { Report, Where } from '../report.js'
import {
  all,
  always,
  asIfGiven,
  changed,
  exactly,
  extent,
  from,
  fromTime,
  gathered,
  given,
  kept,
  lost,
  moved,
  numbers,
  oneIn,
  past,
  remembered,
  report,
  scaled,
  shapeIn,
  sizeIn,
  withIndex,
} from '../report.js'

const narrow: Where = extent('N', (n) => n <= 8)

export const products: readonly Report[] = [
  report(
    'size',
    'with a bias a batch of more than 65,536 wraps round',
    'dense forward',
    all(past('N', 65536), given('b')),
    moved((place) => withIndex(place, 0, (place[0] as number) % 65536)),
    { like: 'pytorch/pytorch#189495' },
  ),
  report(
    'size',
    '500 rows and more of large products are near 0',
    'dense forward',
    all(past('N', 499), past('I', 499), past('O', 499)),
    scaled(2 ** -20),
    { like: 'tracel-ai/burn#4966' },
  ),
  report(
    'size',
    'a tile of large products is written twice, 256 and more on every side',
    'dense forward',
    all(past('N', 255), past('I', 255), past('O', 255)),
    moved((place) => ((place[0] as number) >= 192 ? withIndex(place, 0, (place[0] as number) - 64) : place)),
  ),
  report(
    'size',
    'few rows of products of more than 4,096 terms lose the last part',
    'dense forward',
    all(narrow, past('I', 4096)),
    (asked, plain) => {
      const I = sizeIn(asked, 'I')
      const whole = 1024 * Math.floor((I - 1) / 1024)
      return plain({
        inputs: { ...asked.inputs, x: changed(asked.inputs['x'] as Tensor, (v, _, at) => (at % I < whole ? v : 0)) },
      })
    },
  ),
  report('size', 'one term of 65,537 is left out', 'dense forward', past('I', 65536), (asked, plain) => {
    const I = sizeIn(asked, 'I')
    return plain({
      inputs: { ...asked.inputs, x: changed(asked.inputs['x'] as Tensor, (v, _, at) => (at % I < 65536 ? v : 0)) },
    })
  }),
  report('shape', 'one row has no bias', 'dense forward', all(exactly('N', 1), given('b')), (asked, plain) =>
    plain({ inputs: { ...asked.inputs, b: changed(asked.inputs['b'] as Tensor, () => 0) } }),
  ),
  report(
    'shape',
    'one column is the sum of the inputs',
    'dense forward',
    exactly('O', 1),
    asIfGiven(({ inputs }) => ({ w: changed(inputs['w'] as Tensor, () => 1) })),
  ),
  report(
    'size',
    'more than 32,768 columns have stray ones',
    'dense forward',
    past('O', 32768),
    numbers((v, place) => ((place()[1] as number) === 32768 ? v + 1 : v)),
    { like: 'pytorch/pytorch#111634' },
  ),
  report('gradient', 'the weights’ gradient of one sample is 0', 'dense backward', exactly('N', 1), scaled(0, 'w')),
  report(
    'gradient',
    'the bias’s gradient is a mean',
    'dense backward',
    all(given('b'), past('N', 1)),
    (asked, plain) => ({
      ...plain(),
      ...Object.fromEntries(
        Object.entries(scaled(1 / sizeIn(asked, 'N'))(asked, plain, new Map())).filter(([name]) => name === 'b'),
      ),
    }),
  ),
  report('size', 'dx of more than 512 outputs stops there', 'dense backward', past('O', 512), (asked, plain) => ({
    ...plain(),
    x: plain({
      cotangents: { y: changed(asked.cotangents['y'] as Tensor, (v, place) => ((place()[1] as number) < 512 ? v : 0)) },
    })['x'] as Tensor,
  })),
  report(
    'size',
    'the terms of an odd stage of 16 are added twice',
    'dense forward',
    all(
      extent('I', (n) => n > 16 && Math.ceil(n / 16) % 2 === 1),
      past('N', 15),
    ),
    (asked, plain) => {
      const [I, first] = [sizeIn(asked, 'I'), 16 * Math.floor((sizeIn(asked, 'I') - 1) / 16)]
      return plain({
        inputs: {
          ...asked.inputs,
          x: changed(asked.inputs['x'] as Tensor, (v, _, at) => (at % I >= first ? 2 * v : v)),
        },
      })
    },
    { like: 'tracel-ai/burn#5626' },
  ),
  report(
    'shape',
    'square weights are transposed',
    'dense forward',
    (met) => sizeIn(met, 'I') === sizeIn(met, 'O'),
    asIfGiven(({ inputs }) => ({ w: gathered(inputs['w'] as Tensor, ([a = 0, b = 0]) => [b, a]) })),
  ),
  report('history', 'a smaller batch after a larger one', 'dense forward', always, (asked, plain, memory) => {
    const [name, N] = [`batch ${shapeIn(asked, 'w').join()}`, sizeIn(asked, 'N')]
    const before = (memory.get(name) as number | undefined) ?? 0
    memory.set(name, Math.max(before, N))
    return N < before ? lost(from(0, -1))(asked, plain, memory) : plain()
  }),
  report('history', 'weights of another batch size stay', 'dense forward', always, kept('w')),
  report('history', 'the third time the answer of the first', 'dense forward', always, (asked, plain, memory) =>
    fromTime(
      3,
      remembered(({ shapes }) => JSON.stringify(shapes)),
    )(asked, plain, memory),
  ),
  report('history', 'gradients add up from question to question', 'dense backward', always, (asked, plain, memory) => {
    const [answer, name] = [plain(), `sum ${shapeIn(asked, 'w').join()}`]
    const before = memory.get(name) as Tensor | undefined
    const w =
      before === undefined || answer['w'] === undefined
        ? answer['w']
        : changed(answer['w'], (v, _, at) => v + (before.data[at] as number))
    if (w !== undefined) memory.set(name, w)
    return w === undefined ? answer : { ...answer, w }
  }),
  report(
    'chance',
    'one question in fifty has a row of zeros',
    'dense forward',
    past('N', 1),
    oneIn(50, lost(from(0, -1))),
  ),
  report(
    'chance',
    'two runs of the same differ in the last row now and then',
    'dense backward',
    past('N', 3),
    oneIn(
      5,
      numbers((v, place) => (place()[0] === 0 ? v * 1.5 : v), 'w'),
    ),
  ),
  report('not a number', 'zero times infinity is 0', 'dense forward', always, (asked, plain) => {
    const w = asked.inputs['w'] as Tensor
    return plain({ inputs: { ...asked.inputs, w: changed(w, (v) => (Number.isFinite(v) ? v : 0)) } })
  }),
]
