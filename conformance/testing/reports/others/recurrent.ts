import type { Tensor, Tensors } from '../../../../spec/tensor.js'
import type { Asked, Harm, Report } from '../report.js'
import {
  all,
  always,
  asIfGiven,
  changed,
  exactly,
  extent,
  gathered,
  lost,
  past,
  report,
  scaled,
  shapeIn,
  sizeIn,
} from '../report.js'
import { valuesOf } from './met.js'

const gateRows = (asked: Asked, order: readonly number[]): Tensors => {
  const H = sizeIn(asked, 'H')
  const turned = (tensor: Tensor): Tensor =>
    gathered(tensor, ([row = 0, ...rest]) => [(order[Math.floor(row / H)] as number) * H + (row % H), ...rest])
  return Object.fromEntries(
    Object.entries(asked.inputs)
      .filter(([name]) => /^[wb]/.test(name))
      .map(([name, tensor]) => [name, turned(tensor)]),
  )
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))

// n = tanh(Wₙx + b + Uₙ(r∘h) + c)
const resetBefore: Harm = ({ inputs, sizes }) => {
  const [N, I, H] = [sizes['N'] as number, sizes['I'] as number, sizes['H'] as number]
  const of = (name: string): readonly number[] => valuesOf(inputs[name] as Tensor)
  const [x, h, wIh, wHh, bIh, bHh] = ['x', 'h', 'wIh', 'wHh', 'bIh', 'bHh'].map(of) as [
    number[],
    number[],
    number[],
    number[],
    number[],
    number[],
  ]
  const next = new Float32Array(N * H)
  for (let n = 0; n < N; n++) {
    const sum = (row: number, state: (j: number) => number): number => {
      let total = (bIh[row] as number) + (bHh[row] as number)
      for (let i = 0; i < I; i++) total += (wIh[row * I + i] as number) * (x[n * I + i] as number)
      for (let j = 0; j < H; j++) total += (wHh[row * H + j] as number) * state(j)
      return total
    }
    const before = (j: number): number => h[n * H + j] as number
    const reset = Array.from({ length: H }, (_, j) => sigmoid(sum(j, before)))
    for (let j = 0; j < H; j++) {
      const z = sigmoid(sum(H + j, before))
      const candidate = Math.tanh(sum(2 * H + j, (k) => (reset[k] as number) * before(k)))
      next[n * H + j] = (1 - z) * candidate + z * before(j)
    }
  }
  return { h: { shape: [N, H], data: next } }
}

const without = (...names: readonly string[]): Harm =>
  asIfGiven(({ inputs }) => Object.fromEntries(names.map((name) => [name, changed(inputs[name] as Tensor, () => 0)])))

export const recurrent: readonly Report[] = [
  report('convention', 'the reset gate before the product', 'gruCell forward', always, resetBefore, {
    like: 'nntrainer/nntrainer#1787',
  }),
  report(
    'convention',
    'update before reset in the weights',
    ['gru forward', 'gruCell forward'],
    always,
    (asked, plain) => plain({ inputs: { ...asked.inputs, ...gateRows(asked, [1, 0, 2]) } }),
  ),
  report(
    'convention',
    'gates in the order input, output, forget, candidate',
    ['lstm forward', 'lstmCell forward'],
    always,
    (asked, plain) => plain({ inputs: { ...asked.inputs, ...gateRows(asked, [0, 3, 1, 2]) } }),
  ),
  report('shape', 'from three sequences on the state’s bias is left out', 'gru forward', past('N', 2), without('bHh'), {
    like: 'microsoft/onnxruntime#3893',
  }),
  report(
    'shape',
    'one step forgets the state it starts from',
    ['rnn forward', 'gru forward', 'lstm forward'],
    exactly('T', 1),
    without('h0'),
  ),
  report(
    'gradient',
    'all gradients of the weights are 0',
    ['rnn backward', 'lstm backward'],
    always,
    scaled(0, 'wIh', 'wHh'),
    { like: 'tensorflow/tfjs#8590' },
  ),
  report(
    'gradient',
    'the state weights’ gradient is that of the first sequence',
    'rnn backward',
    past('N', 1),
    scaled(0.5, 'wHh'),
  ),
  report(
    'size',
    'units behind the last whole four keep their state',
    ['gru forward', 'lstm forward', 'rnn forward'],
    all(
      extent('H', (H) => H % 4 !== 0),
      past('H', 4),
    ),
    lost((place, shape) => (place.at(-1) as number) >= 4 * Math.floor((shape.at(-1) as number) / 4), 'y', 'hT'),
  ),
  report(
    'size',
    'after 256 steps the state starts anew',
    ['rnn forward', 'gru forward'],
    past('T', 256),
    scaled(0, 'hT'),
  ),
  report(
    'size',
    'more than 256 inputs to a cell are cut',
    ['lstmCell forward', 'gruCell forward'],
    past('I', 256),
    asIfGiven(({ inputs }) => ({
      x: changed(inputs['x'] as Tensor, (v, place) => ((place()[1] as number) < 256 ? v : 0)),
    })),
  ),
  report(
    'size',
    '256 units and more of a batch of 16 and more',
    'lstmCell forward',
    all(past('H', 255), past('N', 15)),
    scaled(0.5),
  ),
  report('gradient', 'without a cotangent of y there is no gradient', 'gru backward', always, (asked, plain) =>
    valuesOf(asked.cotangents['y'] as Tensor).every((v) => v === 0) ? scaled(0)(asked, plain, new Map()) : plain(),
  ),
  report('gradient', 'what comes back by the cell alone is lost', 'lstmCell backward', always, (asked, plain) =>
    valuesOf(asked.cotangents['h'] as Tensor).every((v) => v === 0) ? scaled(0)(asked, plain, new Map()) : plain(),
  ),
  report(
    'history',
    'the state of the sequences before is where the next start',
    'rnn forward',
    always,
    (asked, plain, memory) => {
      const name = `state ${shapeIn(asked, 'h0').join()}`
      const before = memory.get(name) as Tensor | undefined
      const answer = plain(before === undefined ? {} : { inputs: { ...asked.inputs, h0: before } })
      memory.set(name, answer['hT'])
      return answer
    },
  ),
  report(
    'shape',
    'more inputs than units: the rest is read as state',
    'rnnCell forward',
    (met) => sizeIn(met, 'I') > sizeIn(met, 'H') + 8,
    asIfGiven(({ inputs, sizes }) => ({
      x: changed(inputs['x'] as Tensor, (v, place) => ((place()[1] as number) < (sizes['H'] as number) ? v : 0)),
    })),
  ),
]
