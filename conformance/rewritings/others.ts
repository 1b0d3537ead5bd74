import type { Evaluate, Given, Machine, Rewriting } from './rewriting.js'
import { at, attribute, extent, forward, listOf, made, numbersIn, sum, tensorIn } from './rewriting.js'

/** w′ of every weight, its gradient with weight decay coupled in, and its state. */
const eachWeight =
  (
    f: (machine: Machine, w: number, gradient: number, state: (name: string) => number, given: Given) => number,
  ): Evaluate =>
  (machine, given) => {
    const { f32 } = machine
    const { shape, data } = tensorIn(given.inputs, 'w')
    const lambda = given.attrs['weightDecay'] as number
    return made(shape, (i) => {
      const [w, g] = [at(data, i), at(numbersIn(given.inputs, 'g'), i)]
      const state = (name: string): number => at(numbersIn(given.inputs, name), i)
      return f(machine, w, lambda === 0 ? g : f32(g + f32(lambda * w)), state, given)
    })
  }

/** ρ·before + (1 − ρ)·now. */
const mean = ({ f32 }: Machine, rho: number, before: number, now: number): number =>
  f32(f32(rho * before) + f32(f32(1 - rho) * now))

/** √s + ε, or √(s + ε). */
const rootWith = ({ f32, sqrt }: Pick<Machine, 'f32' | 'sqrt'>, s: number, given: Given): number => {
  const epsilon = attribute(given, 'epsilon')
  return given.attrs['epsilonInside'] === true ? sqrt(f32(s + epsilon)) : f32(sqrt(s) + epsilon)
}

/** Adam's step by its two corrections 1 − βᵗ; weight decay is coupled into the gradient or, decoupled, taken off w. */
const adamBy =
  (
    correction: (machine: Machine, beta: number, t: number) => number,
    along: (machine: Machine, eta: number, m: number, correction: number) => number,
    decay: 'coupled' | 'decoupled' = 'coupled',
  ): Evaluate =>
  (machine, given) => {
    const { f32, over, sqrt } = machine
    const [eta, lambda] = [attribute(given, 'learningRate'), attribute(given, 'weightDecay')]
    const [beta1, beta2] = [attribute(given, 'beta1'), attribute(given, 'beta2')]
    const t = at(numbersIn(given.inputs, 'step'), 0) + 1
    const [first, second] = [correction(machine, beta1, t), correction(machine, beta2, t)]
    const kept = decay === 'coupled' ? 1 : f32(1 - f32(eta * lambda))
    const step = eachWeight((machine, w, coupled, state) => {
      const gradient = decay === 'coupled' ? coupled : state('g')
      const m = mean(machine, beta1, state('m'), gradient)
      const v = mean(machine, beta2, state('v'), f32(gradient * gradient))
      const size = f32(sqrt(over(v, second)) + attribute(given, 'epsilon'))
      return f32(f32(w * kept) - over(along(machine, eta, m, first), size))
    })
    return step(machine, given)
  }

const byExpm1 = ({ f32, expm1 }: Machine, beta: number, t: number): number =>
  beta === 0 ? 1 : -expm1(f32(t * f32(Math.log(beta))))
const byPower = ({ f32 }: Machine, beta: number, t: number): number => f32(1 - f32(beta ** t))
const asWritten = ({ f32, over }: Machine, eta: number, m: number, correction: number): number =>
  f32(eta * over(m, correction))
const rateFirst = ({ f32, over }: Machine, eta: number, m: number, correction: number): number =>
  f32(over(eta, correction) * m)

/** y of every element, made of the numbers of its feature by f. */
const eachFeature =
  (f: (machine: Machine, feature: readonly number[], given: Given) => (a: number) => number): Evaluate =>
  (machine, given) => {
    const [N, D] = [extent(given, 'N'), extent(given, 'D')]
    const x = numbersIn(given.inputs, 'x')
    const { shape, data } = given.inputs['apply'] ?? tensorIn(given.inputs, 'x')
    const maps = Array.from({ length: D }, (_, d) =>
      f(
        machine,
        listOf(N, (n) => at(x, n * D + d)),
        given,
      ),
    )
    return made(shape, (i) => (maps[i % D] as (a: number) => number)(at(data, i)))
  }

const ends = (feature: readonly number[]) => [Math.min(...feature), Math.max(...feature)] as const

export const optimizers: readonly Rewriting[] = [
  forward('sgd', 'w', 'w − (η·g + (η·λ)·w)', (machine, given) => {
    const { f32 } = machine
    const [eta, lambda] = [attribute(given, 'learningRate'), attribute(given, 'weightDecay')]
    const { shape, data } = tensorIn(given.inputs, 'w')
    return made(shape, (i) => {
      const [w, along] = [at(data, i), f32(eta * at(numbersIn(given.inputs, 'g'), i))]
      return f32(w - (lambda === 0 ? along : f32(along + f32(f32(eta * lambda) * w))))
    })
  }),
  forward(
    'momentum',
    'w',
    'with Nesterov, w − (η·(g + λ·w) + (η·μ)·v′)',
    eachWeight(({ f32 }, w, gradient, state, given) => {
      const [eta, mu] = [attribute(given, 'learningRate'), attribute(given, 'momentum')]
      const v = f32(f32(mu * state('velocity')) + gradient)
      return given.attrs['nesterov'] === true
        ? f32(w - f32(f32(eta * gradient) + f32(f32(eta * mu) * v)))
        : f32(w - f32(eta * v))
    }),
  ),
  forward(
    'adagrad',
    'w',
    'w − η·(g/(√G′ + ε))',
    eachWeight(({ f32, over, sqrt }, w, gradient, state, given) => {
      const gathered = f32(state('accumulator') + f32(gradient * gradient))
      const step = over(gradient, rootWith({ f32, sqrt }, gathered, given))
      return f32(w - f32(attribute(given, 'learningRate') * step))
    }),
  ),
  forward(
    'rmsprop',
    'w',
    'w − η·(g/(√s′ + ε))',
    eachWeight((machine, w, gradient, state, given) => {
      const { f32, over } = machine
      const s = mean(machine, attribute(given, 'decay'), state('meanSquare'), f32(gradient * gradient))
      const step = over(gradient, rootWith(machine, s, given))
      return f32(w - f32(attribute(given, 'learningRate') * step))
    }),
  ),
  forward(
    'adadelta',
    'w',
    'Δ = g·(√(d + ε)/√(s′ + ε))',
    eachWeight((machine, w, gradient, state, given) => {
      const { f32, over, sqrt } = machine
      const epsilon = attribute(given, 'epsilon')
      const s = mean(machine, attribute(given, 'decay'), state('meanSquare'), f32(gradient * gradient))
      const ratio = over(sqrt(f32(state('meanSquareDelta') + epsilon)), sqrt(f32(s + epsilon)))
      return f32(w - f32(attribute(given, 'learningRate') * f32(gradient * ratio)))
    }),
  ),
  forward('adam', 'w', '(η/(1−β₁ᵗ))·m′ in place of η·(m′/(1−β₁ᵗ))', adamBy(byExpm1, rateFirst)),
  forward('adam', 'w', '1 − βᵗ as a difference, which cancels for β near 1', adamBy(byPower, asWritten)),
  forward('adamw', 'w', '(η/(1−β₁ᵗ))·m′ in place of η·(m′/(1−β₁ᵗ))', adamBy(byExpm1, rateFirst, 'decoupled')),
  forward('adamw', 'w', '1 − βᵗ as a difference, which cancels for β near 1', adamBy(byPower, asWritten, 'decoupled')),
]

export const normalizers: readonly Rewriting[] = [
  forward(
    'minMaxNormalize',
    'y',
    'low + (a − min)·((high − low)/(max − min))',
    eachFeature(({ f32, over }, feature, given) => {
      const [low, high] = [attribute(given, 'low'), attribute(given, 'high')]
      const [least, most] = ends(feature)
      const scale = over(f32(high - low), f32(most - least))
      return (a) => (least === most ? low : f32(low + f32(f32(a - least) * scale)))
    }),
  ),
  forward(
    'minMaxNormalize',
    'y',
    'a·scale + (low − min·scale), which cancels under an offset',
    eachFeature(({ f32, over }, feature, given) => {
      const [low, high] = [attribute(given, 'low'), attribute(given, 'high')]
      const [least, most] = ends(feature)
      const scale = over(f32(high - low), f32(most - least))
      return (a) => (least === most ? low : f32(f32(a * scale) + f32(low - f32(least * scale))))
    }),
  ),
  forward(
    'zScoreNormalize',
    'y',
    'σ² = mean x² − μ², which loses a small variance under a large mean',
    eachFeature((machine, feature) => {
      const { f32, over, sqrt } = machine
      const [least, most] = ends(feature)
      const mean = over(sum(machine, feature), feature.length)
      const squares = over(
        sum(
          machine,
          feature.map((x) => f32(x * x)),
        ),
        feature.length,
      )
      const deviation = sqrt(f32(squares - f32(mean * mean)))
      return (a) => (least === most ? 0 : over(f32(a - mean), deviation))
    }),
  ),
]
