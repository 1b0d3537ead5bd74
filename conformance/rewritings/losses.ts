import type { Evaluate, Given, Machine, Rewriting } from './rewriting.js'
import {
  at,
  attribute,
  backward,
  extent,
  forward,
  listOf,
  made,
  numbersIn,
  shifted,
  sigmoid,
  softmax,
  sum,
  tensorIn,
} from './rewriting.js'

/** The loss of the costs of elements or rows. */
const reduced = (machine: Machine, { attrs }: Given, shape: readonly number[], costs: readonly number[]) => {
  if (attrs['reduction'] === 'none') return made(shape, (i) => costs[i] as number)
  const total = sum(machine, costs)
  return made([], () => (attrs['reduction'] === 'mean' ? machine.over(total, costs.length) : total))
}

/** A loss whose elements cost f of prediction and target each. */
const eachCost =
  (prediction: string, f: (machine: Machine, p: number, t: number) => number): Evaluate =>
  (machine, given) => {
    const { shape, data } = tensorIn(given.inputs, prediction)
    const t = numbersIn(given.inputs, 'target')
    return reduced(
      machine,
      given,
      shape,
      listOf(data.length, (i) => f(machine, at(data, i), at(t, i))),
    )
  }

/** A loss whose rows cost f of prediction and target each. */
const eachRowCost =
  (
    prediction: string,
    f: (machine: Machine, p: readonly number[], t: readonly number[], given: Given) => number,
  ): Evaluate =>
  (machine, given) => {
    const [N, C] = [extent(given, 'N'), extent(given, 'C')]
    const row = (name: string, n: number) => listOf(C, (c) => at(numbersIn(given.inputs, name), n * C + c))
    const costs = listOf(N, (n) => f(machine, row(prediction, n), row('target', n), given))
    return reduced(machine, given, [N], costs)
  }

// 0·log 0 = 0
const weighted = ({ f32 }: Machine, weight: number, value: number): number => (weight === 0 ? 0 : f32(weight * value))

/** −Σ_c t·log p, of the logarithms. */
const crossEntropy = (machine: Machine, t: readonly number[], logs: readonly number[]): number =>
  -sum(
    machine,
    logs.map((log, c) => weighted(machine, t[c] as number, log)),
  )

export const losses: readonly Rewriting[] = [
  forward(
    'mse',
    'loss',
    'y² − 2yŷ + ŷ², which cancels',
    eachCost('prediction', ({ f32 }, p, t) => f32(f32(f32(t * t) - f32(f32(2 * t) * p)) + f32(p * p))),
  ),
  forward(
    'bce',
    'loss',
    'log1p(−p) in place of log(1−p)',
    eachCost('prediction', (machine, p, t) => {
      const { f32, log, log1p } = machine
      return -f32(weighted(machine, t, log(p)) + weighted(machine, f32(1 - t), log1p(-p)))
    }),
  ),
  backward('bce', 'prediction', 'dp = ((1−t)/(1−p) − t/p)·dloss/n', (machine, given) => {
    const { f32, over } = machine
    const { shape, data } = tensorIn(given.inputs, 'prediction')
    const [t, dloss] = [numbersIn(given.inputs, 'target'), numbersIn(given.cotangents, 'loss')]
    const { reduction } = given.attrs
    return made(shape, (i) => {
      const [p, target] = [at(data, i), at(t, i)]
      const up = target === 1 ? 0 : over(f32(1 - target), f32(1 - p))
      const down = target === 0 ? 0 : over(target, p)
      const pulled = f32(f32(up - down) * at(dloss, reduction === 'none' ? i : 0))
      return reduction === 'mean' ? over(pulled, data.length) : pulled
    })
  }),
  forward(
    'bceWithLogits',
    'loss',
    'log(1 + e^{−|x|}) as it stands, which loses what is small beside 1',
    eachCost('logits', ({ f32, exp, log }, x, t) =>
      f32(f32(Math.max(x, 0) - f32(x * t)) + log(f32(1 + exp(-Math.abs(x))))),
    ),
  ),
  forward(
    'bceWithLogits',
    'loss',
    'x·(1 − t) + log(1 + e^{−x}), which overflows',
    eachCost('logits', ({ f32, exp, log1p }, x, t) => f32(f32(x * f32(1 - t)) + log1p(exp(-x)))),
  ),
  forward(
    'bceWithLogits',
    'loss',
    'bce of σ(x), Infinity for a sure mistake',
    eachCost('logits', (machine, x, t) => {
      const { f32, log } = machine
      const p = sigmoid(machine, x)
      return -f32(weighted(machine, t, log(p)) + weighted(machine, f32(1 - t), log(f32(1 - p))))
    }),
  ),
  forward(
    'cce',
    'loss',
    '−Σ_n Σ_c (t/N)·log p',
    eachRowCost('prediction', (machine, p, t, given) => {
      // the mean is taken afterwards too, by a factor that rounds nothing where N is a power of two
      const N = given.attrs['reduction'] === 'mean' ? 2 ** Math.ceil(Math.log2(extent(given, 'N'))) : 1
      return (
        N *
        crossEntropy(
          machine,
          t.map((t) => machine.over(t, N)),
          p.map(machine.log),
        )
      )
    }),
  ),
  forward(
    'softmaxCrossEntropy',
    'loss',
    'log S·Σ_c t − Σ_c t·z',
    eachRowCost('logits', (machine, x, t) => {
      const { f32, exp, log } = machine
      const z = shifted(machine, x)
      const ofSum = log(sum(machine, z.map(exp)))
      return f32(f32(ofSum * sum(machine, t)) + crossEntropy(machine, t, z))
    }),
  ),
  forward(
    'softmaxCrossEntropy',
    'loss',
    'x − log Σ_j e^{x_j} as it stands, which overflows',
    eachRowCost('logits', (machine, x, t) => {
      const ofSum = machine.log(sum(machine, x.map(machine.exp)))
      return crossEntropy(
        machine,
        t,
        x.map((x) => machine.f32(x - ofSum)),
      )
    }),
  ),
  forward(
    'softmaxCrossEntropy',
    'loss',
    'cce of softmax, Infinity where a share vanishes',
    eachRowCost('logits', (machine, x, t) => crossEntropy(machine, t, softmax(machine, x).map(machine.log))),
  ),
  forward(
    'hinge',
    'loss',
    'a margin as (s_j − s_c) + 1',
    eachRowCost('scores', (machine, s, t) => {
      const { f32 } = machine
      return sum(
        machine,
        t.map((weight, c) =>
          weight === 0
            ? 0
            : f32(
                weight *
                  sum(
                    machine,
                    s.map((sj, j) => (j === c ? 0 : Math.max(0, f32(f32(sj - (s[c] as number)) + 1)))),
                  ),
              ),
        ),
      )
    }),
  ),
  forward('l2Penalty', 'loss', 'Σ_i ((β/2)·w_i)·w_i', (machine, given) => {
    const { f32 } = machine
    const { data } = tensorIn(given.inputs, 'w')
    const half = attribute(given, 'beta') / 2
    return made([], () =>
      sum(
        machine,
        listOf(data.length, (i) => f32(f32(half * at(data, i)) * at(data, i))),
      ),
    )
  }),
]
