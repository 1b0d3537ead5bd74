import type { Tensor } from '../../../../spec/tensor.js'
import type { Asked, Report } from '../report.js'
import { all, always, changed, exactly, past, report, scaled, sizeIn } from '../report.js'
import { values } from '../fresh/met.js'
import { by } from '../novel/met.js'
import { added, input, rewritten, stepsOf } from '../public/met.js'
import { having } from '../triggers/met.js'

const sigmoid = (a: number): number => 1 / (1 + Math.exp(-a))
/** What a gate of a cell is made of, for a unit of a sample. */
const before = (asked: Asked): ((n: number, gate: number, j: number) => number) => {
  const [x, h, wIh, wHh, b] = ['x', 'h', 'wIh', 'wHh', 'b'].map((name) => values(asked, name)) as [
    readonly number[],
    readonly number[],
    readonly number[],
    readonly number[],
    readonly number[],
  ]
  const [I, H] = [sizeIn(asked, 'I'), sizeIn(asked, 'H')]
  return (n, gate, j) => {
    const row = gate * H + j
    const ofX = Array.from({ length: I }, (_, i) => (wIh[row * I + i] as number) * (x[n * I + i] as number))
    const ofH = Array.from({ length: H }, (_, k) => (wHh[row * H + k] as number) * (h[n * H + k] as number))
    return [...ofX, ...ofH].reduce((sum, v) => sum + v, b[row] as number)
  }
}
const shaped = (shape: readonly number[], data: readonly number[]): Tensor => ({ shape, data: Float32Array.from(data) })
const numbersOf = (x: Tensor | undefined): readonly number[] => Array.from(x?.data as ArrayLike<number>, Number)
/** One sample of what has samples on an axis. */
const sampleOf = (x: Tensor, n: number, axis: number): Tensor => {
  const N = x.shape[axis] as number
  const inner = x.shape.slice(axis + 1).reduce((a, b) => a * b, 1)
  return shaped(
    x.shape.map((extent, at) => (at === axis ? 1 : extent)),
    numbersOf(x).filter((_, at) => Math.floor(at / inner) % N === n),
  )
}
const upTo = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i)

export const recurrentLately: readonly Report[] = [
  report(
    'history',
    'samples of a batch share their state: each starts where the one before has ended',
    'gru forward',
    past('N', 1),
    (asked, plain) => {
      const [T, N, H] = [sizeIn(asked, 'T'), sizeIn(asked, 'N'), sizeIn(asked, 'H')]
      const [x, h0] = [input(asked, 'x'), input(asked, 'h0')]
      const answers = upTo(N).reduce<readonly Readonly<Record<string, Tensor>>[]>(
        (soFar, n) => [
          ...soFar,
          plain({
            inputs: { ...asked.inputs, x: sampleOf(x, n, 1), h0: soFar.at(-1)?.['hT'] ?? sampleOf(h0, 0, 0) },
          }),
        ],
        [],
      )
      return {
        y: shaped(
          [T, N, H],
          upTo(T).flatMap((t) => answers.flatMap(({ y }) => numbersOf(y).slice(t * H, t * H + H))),
        ),
        hT: shaped(
          [N, H],
          answers.flatMap(({ hT }) => numbersOf(hT)),
        ),
      }
    },
    { like: 'alibaba/MNN#1573' },
  ),
  report(
    'axis',
    'a batch of single steps is one sequence',
    'gru forward',
    all(exactly('T', 1), past('N', 1)),
    (asked, plain) => {
      const [N, I, H] = [sizeIn(asked, 'N'), sizeIn(asked, 'I'), sizeIn(asked, 'H')]
      const x = shaped([N, 1, I], values(asked, 'x'))
      const { y } = plain({ inputs: { ...asked.inputs, x, h0: sampleOf(input(asked, 'h0'), 0, 0) } })
      return { y: shaped([1, N, H], numbersOf(y)), hT: shaped([N, H], numbersOf(y)) }
    },
    { like: 'triton-inference-server/server#808' },
  ),
  report(
    'convention',
    'the gate of the input and the candidate are added, not multiplied',
    'lstmCell forward',
    always,
    (asked, plain) => {
      const [a, c, H] = [before(asked), values(asked, 'c'), sizeIn(asked, 'H')]
      const next = (at: number): number => {
        const [n, j] = [Math.floor(at / H), at % H]
        return sigmoid(a(n, 1, j)) * (c[at] as number) + sigmoid(a(n, 0, j)) + Math.tanh(a(n, 2, j))
      }
      const right = plain()
      return {
        c: changed(right['c'] as Tensor, (_, __, at) => next(at)),
        h: changed(
          right['h'] as Tensor,
          (_, __, at) => sigmoid(a(Math.floor(at / H), 3, at % H)) * Math.tanh(next(at)),
        ),
      }
    },
    { like: 'MartinuzziFrancesco/torchrecurrent#22' },
  ),
  report(
    'history',
    'the state is made of the cell as it was before the step',
    'lstmCell forward',
    always,
    by((asked) => {
      const [a, c, H] = [before(asked), values(asked, 'c'), sizeIn(asked, 'H')]
      return (_, at) => sigmoid(a(Math.floor(at / H), 3, at % H)) * Math.tanh(c[at] as number)
    }, 'h'),
    { like: 'MartinuzziFrancesco/RecurrentLayers.jl#155' },
  ),
  report('gradient', 'the bias of a long memory does not learn', 'lstm backward', always, scaled(0, 'b'), {
    like: 'tracel-ai/burn#5235',
  }),
  report(
    'axis',
    'a cell answers its memory as its state, and its state as its memory',
    'lstmCell forward',
    always,
    (_, plain) => {
      const { h, c } = plain()
      return { h: c as Tensor, c: h as Tensor }
    },
    { like: 'microsoft/nni#2839' },
  ),
  report(
    'gradient',
    'the gradient of a batch of sequences lies with its samples first',
    'lstm backward',
    all(past('T', 1), past('N', 1)),
    rewritten(
      (_, data, [T = 1, N = 1, I = 1]) =>
        (at) => {
          const row = Math.floor(at / I)
          return data[((row % T) * N + Math.floor(row / T)) * I + (at % I)] as number
        },
      'x',
    ),
    { like: 'pytorch/pytorch#91694' },
  ),
  report(
    'gradient',
    'what later steps hand back is not handed on: each step learns from its own answer only',
    'rnn backward',
    past('T', 1),
    (asked, plain) => {
      const [T, N, H, I] = ['T', 'N', 'H', 'I'].map((letter) => sizeIn(asked, letter)) as [
        number,
        number,
        number,
        number,
      ]
      const [wIh, wHh, b, x] = ['wIh', 'wHh', 'b', 'x'].map((name) => values(asked, name)) as [
        readonly number[],
        readonly number[],
        readonly number[],
        readonly number[],
      ]
      const next = (h: readonly number[], t: number): readonly number[] =>
        Array.from({ length: N * H }, (_, at) => {
          const [n, j] = [Math.floor(at / H), at % H]
          const ofX = upTo(I).reduce((s, i) => s + (wIh[j * I + i] as number) * (x[(t * N + n) * I + i] as number), 0)
          const ofH = upTo(H).reduce((s, k) => s + (wHh[j * H + k] as number) * (h[n * H + k] as number), 0)
          return Math.fround(Math.tanh((b[j] as number) + ofX + ofH))
        })
      const states = upTo(T).reduce<readonly (readonly number[])[]>(
        (soFar, t) => [...soFar, next(soFar.at(-1) ?? [], t)],
        [values(asked, 'h0')],
      )
      const dy = asked.cotangents['y'] as Tensor
      const dhT = asked.cotangents['hT']
      const steps = upTo(T).map((t) =>
        plain({
          inputs: {
            ...asked.inputs,
            x: stepsOf(input(asked, 'x'), t, t + 1),
            h0: shaped([N, H], states[t] as readonly number[]),
          },
          cotangents: {
            y: stepsOf(dy, t, t + 1),
            ...(dhT !== undefined && { hT: t === T - 1 ? dhT : changed(dhT, () => 0) }),
          },
        }),
      )
      const sum = (name: string): Tensor => steps.map((step) => step[name] as Tensor).reduce(added)
      return having(plain(), {
        x: shaped(
          [T, N, I],
          steps.flatMap((step) => numbersOf(step['x'])),
        ),
        h0: steps[0]?.['h0'] as Tensor,
        wIh: sum('wIh'),
        wHh: sum('wHh'),
        b: sum('b'),
      })
    },
    { like: 'qixianbiao/RNN#2' },
  ),
]
