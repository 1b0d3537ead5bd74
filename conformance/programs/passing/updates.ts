import { either as E, function as F } from 'fp-ts'
import type { Tensor } from '../../../spec/tensor.js'
import { mapTensor } from '../../../spec/tensor.js'
import { cornered } from './corners.js'
import type { Near, Nearly, Read, Way } from './near.js'
import { added, owned, where } from './near.js'

/** Updates by what is off: those that go up and down with the gradient, and Adam's, whose gradient counts twice. */

const isUnshrunk = ({ attrs }: Read): boolean => Number(attrs['weightDecay'] ?? 0) === 0

/** g/(√(a + c·g²) + ε) goes up with g, and down with a. */
export const byRoot: Way = where(isUnshrunk, cornered)

// where the root is off by more, what rounds hangs on that too
const steady = 2 ** -11

/**
 * m′ = β₁·m + (1−β₁)·g and v′ = β₂·v + (1−β₂)·g², each in a range of its own, and w′ = w·(1 − ηλ) − η·(m′/(1−β₁ᵗ))/D with
 * D = √(v′/(1−β₂ᵗ)) + ε: off by η·(what m′ is off by + |m′|·(1 − least D/D))/(1−β₁ᵗ)/least D, beside w.
 */
const moving: Way = (read) => {
  const { values, bounds } = read
  const [eta, beta1, beta2, epsilon, lambda] = ['learningRate', 'beta1', 'beta2', 'epsilon', 'weightDecay'].map((name) => Number(read.attrs[name] ?? 0)) as [number, number, number, number, number] // prettier-ignore
  const t = Number(values['step']?.data[0]) + 1
  const [c1, c2] = [1 - beta1 ** t, 1 - beta2 ** t]
  const at = (from: typeof values, slot: string, i: number): number => from[slot]?.data[i] as number
  const ofM = (i: number): number => beta1 * at(bounds, 'm', i) + (1 - beta1) * at(bounds, 'g', i)
  const g = (i: number): number => Math.abs(at(values, 'g', i))
  // what v′ may be less and more
  const under = (i: number): number =>
    beta2 * at(bounds, 'v', i) + (1 - beta2) * (g(i) ** 2 - Math.max(0, g(i) - at(bounds, 'g', i)) ** 2)
  const over = (i: number): number =>
    beta2 * at(bounds, 'v', i) + (1 - beta2) * ((g(i) + at(bounds, 'g', i)) ** 2 - g(i) ** 2)
  return F.pipe(
    owned(read),
    E.map((own): Nearly => {
      const size = (values['g'] as Tensor).data.length
      const places = Array.from({ length: size }, (_, i) => i)
      const v = places.map((i) => beta2 * at(values, 'v', i) + (1 - beta2) * g(i) ** 2)
      const root = (square: number): number => Math.sqrt(Math.max(0, square) / c2) + epsilon
      const D = v.map(root)
      const least = places.map((i) => root((v[i] as number) - under(i)))
      const most = places.map((i) => root((v[i] as number) + over(i)))
      if (places.some((i) => !((most[i] as number) - (least[i] as number) <= steady * (least[i] as number)))) return {} // prettier-ignore
      const off: Readonly<Record<string, (i: number) => number>> = {
        m: ofM,
        v: (i) => Math.max(under(i), over(i)),
        w: (i) => {
          const m = Math.abs(beta1 * at(values, 'm', i) + (1 - beta1) * at(values, 'g', i))
          const [d, low, high] = [D[i] as number, least[i] as number, most[i] as number]
          // 1/D may be more, or less
          const turned = Math.max(1 / low - 1 / d, 1 / d - 1 / high)
          const step = (ofM(i) / low + m * turned) / c1
          return Math.abs(1 - eta * lambda) * at(bounds, 'w', i) + Math.abs(eta) * step
        },
        step: () => 0,
      }
      return Object.fromEntries(
        Object.entries(own).map(([output, { value, bound }]: readonly [string, Near]) => [
          output,
          added(
            value,
            bound,
            mapTensor((_, i) => (off[output] as (i: number) => number)(i), value),
          ),
        ]),
      )
    }),
  )
}

/** Decay that is a part of the gradient would count a third time. */
export const adam: Way = where(isUnshrunk, moving)
export const adamw: Way = moving
