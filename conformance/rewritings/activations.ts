import type { Evaluate, Given, Machine, Rewriting } from './rewriting.js'
import {
  anyOrder,
  at,
  attribute,
  backward,
  extent,
  forward,
  fused,
  largest,
  listOf,
  made,
  numbersIn,
  shifted,
  sigmoid,
  softmax,
  sum,
  tensorIn,
} from './rewriting.js'

/** y of x, element by element. */
const each =
  (f: (machine: Machine, x: number, given: Given) => number): Evaluate =>
  (machine, given) => {
    const { shape, data } = tensorIn(given.inputs, 'x')
    return made(shape, (i) => f(machine, at(data, i), given))
  }

/** dx of x and dy, element by element. */
const eachPulled =
  (f: (machine: Machine, x: number, dy: number, given: Given) => number): Evaluate =>
  (machine, given) => {
    const { shape, data } = tensorIn(given.inputs, 'x')
    return made(shape, (i) => f(machine, at(data, i), at(numbersIn(given.cotangents, 'y'), i), given))
  }

/** y of every row of x along the axis. */
const eachRow =
  (f: (machine: Machine, row: readonly number[]) => readonly number[]): Evaluate =>
  (machine, given) => {
    const { shape, data } = tensorIn(given.inputs, 'x')
    const [outer, length, inner] = [extent(given, 'outer'), extent(given, 'extent'), extent(given, 'inner')]
    const y = new Float32Array(data.length)
    for (let row = 0; row < outer * inner; row++) {
      const first = Math.floor(row / inner) * length * inner + (row % inner)
      f(
        machine,
        listOf(length, (i) => at(data, first + i * inner)),
      ).forEach((value, i) => (y[first + i * inner] = value))
    }
    return { shape, data: y }
  }

const maxoutOf: Evaluate = (machine, given) => {
  const [N, I, K, O] = [extent(given, 'N'), extent(given, 'I'), extent(given, 'K'), extent(given, 'O')]
  const [x, w, b] = [numbersIn(given.inputs, 'x'), numbersIn(given.inputs, 'w'), numbersIn(given.inputs, 'b')]
  return made([N, O], (place) => {
    const [n, o] = [Math.floor(place / O), place % O]
    return largest(
      listOf(K, (k) => {
        const products = Array.from({ length: I }, (_, i) => [at(w, (k * O + o) * I + i), at(x, n * I + i)] as const)
        return fused(machine, products, at(b, k * O + o))
      }),
    )
  })
}

export const activations: readonly Rewriting[] = [
  forward(
    'sigmoid',
    'y',
    '1/(1 + e^{−x}) below 0 too',
    each(({ f32, over, exp }, x) => over(1, f32(1 + exp(-x)))),
  ),
  forward(
    'sigmoid',
    'y',
    'e^x/(1 + e^x) above 0 too, which overflows',
    each(({ f32, over, exp }, x) => over(exp(x), f32(1 + exp(x)))),
  ),
  forward(
    'sigmoid',
    'y',
    '(1 + tanh(x/2))/2, which cancels below 0',
    each(({ f32, tanh }, x) => f32(1 + tanh(x / 2)) / 2),
  ),
  backward(
    'sigmoid',
    'x',
    'dx = dy·(y·(1 − y))',
    eachPulled((machine, x, dy) => {
      const { f32 } = machine
      const y = sigmoid(machine, x)
      return f32(dy * f32(y * f32(1 - y)))
    }),
  ),
  forward(
    'tanh',
    'y',
    '(e^{2x} − 1)/(e^{2x} + 1), which overflows, and cancels near 0',
    each(({ f32, over, exp }, x) => over(f32(exp(2 * x) - 1), f32(exp(2 * x) + 1))),
  ),
  forward(
    'tanh',
    'y',
    '1 − 2/(e^{2x} + 1), which cancels near 0',
    each(({ f32, over, exp }, x) => f32(1 - over(2, f32(exp(2 * x) + 1)))),
  ),
  backward(
    'tanh',
    'x',
    'dx = dy·(1 − y²)',
    eachPulled(({ f32, tanh }, x, dy) => {
      const y = tanh(x)
      return f32(dy * f32(1 - f32(y * y)))
    }),
  ),
  forward(
    'leakyRelu',
    'y',
    'max(x, αx), where α is from 0 to 1',
    each(({ f32 }, x, given) => {
      const alpha = attribute(given, 'alpha')
      return alpha >= 0 && alpha <= 1 ? Math.max(x, f32(alpha * x)) : x > 0 ? x : f32(alpha * x)
    }),
  ),
  forward(
    'elu',
    'y',
    'e^x − 1 as a difference, which cancels near 0',
    each(({ f32, exp }, x, given) => (x >= 0 ? x : f32(attribute(given, 'alpha') * f32(exp(x) - 1)))),
  ),
  backward(
    'elu',
    'x',
    'dx = dy·(y + α)',
    eachPulled(({ f32, expm1 }, x, dy, given) => {
      const alpha = attribute(given, 'alpha')
      const isRight = x > 0 || (x === 0 && given.attrs['kink'] !== 'left')
      return isRight ? dy : f32(dy * f32(f32(alpha * expm1(x)) + alpha))
    }),
  ),
  forward(
    'softplus',
    'y',
    'ln(1 + e^{βx})/β as it stands, which overflows, and loses what is small beside 1',
    each(({ f32, over, exp, log }, x, given) => {
      const beta = attribute(given, 'beta')
      return over(log(f32(1 + exp(f32(beta * x)))), beta)
    }),
  ),
  backward(
    'softplus',
    'x',
    'dx = dy/(1 + e^{−βx})',
    eachPulled(({ f32, over, exp }, x, dy, given) => over(dy, f32(1 + exp(-f32(attribute(given, 'beta') * x))))),
  ),
  forward('maxout', 'y', anyOrder, maxoutOf),
  forward(
    'softmax',
    'y',
    'e^{x_i}/Σ_j e^{x_j} as it stands, which overflows',
    eachRow((machine, row) => {
      const powers = row.map(machine.exp)
      const total = sum(machine, powers)
      return powers.map((power) => machine.over(power, total))
    }),
  ),
  forward(
    'logSoftmax',
    'y',
    'x_i − log Σ_j e^{x_j} as it stands, which overflows',
    eachRow((machine, row) => {
      const ofSum = machine.log(sum(machine, row.map(machine.exp)))
      return row.map((x) => machine.f32(x - ofSum))
    }),
  ),
  forward(
    'logSoftmax',
    'y',
    'log of softmax, −Infinity where a share vanishes',
    eachRow((machine, row) => softmax(machine, row).map(machine.log)),
  ),
  forward(
    'logSoftmax',
    'y',
    'x_i − (max x + log S), which loses what large logits differ by',
    eachRow((machine, row) => {
      const { f32, exp, log } = machine
      const ofSum = f32(largest(row) + log(sum(machine, shifted(machine, row).map(exp))))
      return row.map((x) => f32(x - ofSum))
    }),
  ),
  backward('logSoftmax', 'x', 'dx_i = dy_i − (e^{z_i}/S)·Σ_j dy_j', (machine, given) => {
    const dy = numbersIn(given.cotangents, 'y')
    const { shape, data } = eachRow((machine, row) => softmax(machine, row))(machine, given)
    const [length, inner] = [extent(given, 'extent'), extent(given, 'inner')]
    return made(shape, (i) => {
      const first = Math.floor(i / (length * inner)) * length * inner + (i % inner)
      const total = sum(
        machine,
        listOf(length, (j) => at(dy, first + j * inner)),
      )
      return machine.f32(at(dy, i) - machine.f32(at(data, i) * total))
    })
  }),
]
