import type { Tensor, Tensors } from '../../../../spec/tensor.js'
import type { Asked, Plain, Report } from '../report.js'
import { asIfGiven, changed, fromTime, lost, past, report, scaled, sizeIn } from '../report.js'
import { values, when } from '../fresh/met.js'
import { having } from '../triggers/met.js'
import { added, input, joined, stepsOf } from './met.js'

const zeros = (asked: Asked, name: string): boolean => values(asked, name).every((v) => v === 0)
const cleared = (tensor: Tensor): Tensor => changed(tensor, () => 0)

/** The answer to some steps from a state. */
const scanned = (asked: Asked, plain: Plain, from: number, to: number, more: Tensors = {}): Tensors =>
  plain({ inputs: { ...asked.inputs, x: stepsOf(input(asked, 'x'), from, to), ...more } })

/** The states of a plain net before each of its steps. */
const statesOf = (asked: Asked): readonly Tensor[] => {
  const [x, wIh, wHh, b] = ['x', 'wIh', 'wHh', 'b'].map((name) => values(asked, name)) as [
    number[],
    number[],
    number[],
    number[],
  ]
  const [T, N, I, H] = ['T', 'N', 'I', 'H'].map((letter) => sizeIn(asked, letter)) as [number, number, number, number]
  const states: Tensor[] = [input(asked, 'h0')]
  for (let t = 1; t < T; t++) {
    const before = (states[t - 1] as Tensor).data
    const data = Float32Array.from({ length: N * H }, (_, at) => {
      const [n, j] = [Math.floor(at / H), at % H]
      let sum = b[j] as number
      for (let i = 0; i < I; i++) sum += (wIh[j * I + i] as number) * (x[((t - 1) * N + n) * I + i] as number)
      for (let k = 0; k < H; k++) sum += (wHh[j * H + k] as number) * Number(before[n * H + k])
      return Math.tanh(sum)
    })
    states.push({ shape: [N, H], data })
  }
  return states
}

export const recurrentPublic: readonly Report[] = [
  report(
    'numbers',
    'a series that starts from zeros: its first step has no bias of the state at the new gate',
    'gru forward',
    past('H', 0),
    when(
      (asked) => zeros(asked, 'h0'),
      (asked, plain) => {
        const T = sizeIn(asked, 'T')
        const own = 2 * sizeIn(asked, 'H')
        const first = scanned(asked, plain, 0, 1, {
          bHh: changed(input(asked, 'bHh'), (v, _, at) => (at < own ? v : 0)),
        })
        if (T === 1) return first
        const rest = scanned(asked, plain, 1, T, { h0: first['hT'] as Tensor })
        return { y: joined([first['y'] as Tensor, rest['y'] as Tensor]), hT: rest['hT'] as Tensor }
      },
    ),
    { like: 'ml-explore/mlx#3249' },
  ),
  report(
    'history',
    'every step of a series starts from the first state',
    'gru forward',
    past('T', 1),
    (asked, plain) => {
      const T = sizeIn(asked, 'T')
      const each = Array.from({ length: T }, (_, t) => scanned(asked, plain, t, t + 1))
      return { y: joined(each.map(({ y }) => y as Tensor)), hT: each[T - 1]?.['hT'] as Tensor }
    },
    { like: 'tracel-ai/burn#2701' },
  ),
  report(
    'numbers',
    'a first cell of zeros counts as none given: the first state is not read either',
    'lstm forward',
    past('H', 0),
    when(
      (asked) => zeros(asked, 'c0') && !zeros(asked, 'h0'),
      asIfGiven((asked) => ({ h0: cleared(input(asked, 'h0')) })),
    ),
    { like: 'onnx/onnx-tensorflow#408' },
  ),
  report(
    'history',
    'the gradients of a series that is asked for once more: the weights have a half of them',
    'lstm backward',
    past('H', 0),
    fromTime(2, scaled(0.5, 'wIh', 'wHh'), (asked) => `${asked.op} ${String(values(asked, 'x').slice(0, 64))}`),
    { like: 'tensorflow/tensorflow#26331' },
  ),
  report(
    'gradient',
    'a bias of zeros is taken for none: it has no gradient',
    'lstm backward',
    past('H', 0),
    when(
      (asked) => zeros(asked, 'b'),
      lost(() => true, 'b'),
    ),
    { like: 'pytorch/pytorch#94889' },
  ),
  report(
    'gradient',
    'the inputs’ weights have the gradient of the first step alone, which comes last on the way back',
    ['rnn backward', 'gru backward', 'lstm backward'],
    past('T', 1),
    (asked, plain) => {
      const I = sizeIn(asked, 'I')
      const [x, wIh] = [input(asked, 'x'), input(asked, 'wIh')]
      const [T = 1, N = 1] = x.shape
      const [G = 1] = wIh.shape
      // the first step reads other columns of the weights than the rest
      const wide = Float32Array.from({ length: T * N * 2 * I }, (_, at) => {
        const [step, column] = [Math.floor(at / (2 * I)), at % (2 * I)]
        const first = step < N
        if (first !== column < I) return 0
        return Number(x.data[step * I + (column % I)])
      })
      const twice = Float32Array.from({ length: G * 2 * I }, (_, at) =>
        Number(wIh.data[Math.floor(at / (2 * I)) * I + (at % I)]),
      )
      const apart = plain({
        inputs: { ...asked.inputs, x: { shape: [T, N, 2 * I], data: wide }, wIh: { shape: [G, 2 * I], data: twice } },
      })['wIh'] as Tensor
      return having(plain(), {
        wIh: changed(wIh, (_, __, at) => Number(apart.data[Math.floor(at / I) * 2 * I + (at % I)])),
      })
    },
    { like: 'tensorflow/swift-apis#518' },
  ),
  report(
    'gradient',
    'the way back through time ends after one step',
    'rnn backward',
    past('T', 1),
    (asked, plain) => {
      const T = sizeIn(asked, 'T')
      const states = statesOf(asked)
      const each = Array.from({ length: T }, (_, t) => {
        const { y, hT } = asked.cotangents
        return plain({
          inputs: { ...asked.inputs, x: stepsOf(input(asked, 'x'), t, t + 1), h0: states[t] as Tensor },
          cotangents: {
            ...(y !== undefined && { y: stepsOf(y, t, t + 1) }),
            ...(hT !== undefined && { hT: t === T - 1 ? hT : cleared(hT) }),
          },
        })
      })
      const total = (name: string): Tensor => each.map((one) => one[name] as Tensor).reduce(added)
      return {
        x: joined(each.map(({ x }) => x as Tensor)),
        h0: each[0]?.['h0'] as Tensor,
        wIh: total('wIh'),
        wHh: total('wHh'),
        b: total('b'),
      }
    },
    { like: 'FluxML/Flux.jl#1209' },
  ),
]
