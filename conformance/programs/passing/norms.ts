import { either as E, function as F } from 'fp-ts'
import type { Tensor } from '../../../spec/tensor.js'
import { mapTensor, sizeOf, sumOf } from '../../../spec/tensor.js'
import type { Near, Nearly, Read, Way } from './near.js'
import { added, cotangent, magnitude, nothing, owned } from './near.js'
import { uppermost } from './sums.js'

/** Norms, of known statistics and of those of a batch. */

/** |y(x) − y(x′)| ≤ |γ|/√(v + ε)·b, by statistics, factors and offsets that are known. */
export const normed: Way = (read) => {
  const { values, bounds } = read
  const none = (slot: string): Tensor => mapTensor(() => 0, values[slot] as Tensor)
  const upper = uppermost(read)
  return F.pipe(
    E.Do,
    E.bind('own', () => read.of(values)),
    E.bind('upper', () => read.of({ ...values, x: upper['x'] as Tensor })),
    E.bind('off', () =>
      read.of({
        ...values,
        x: bounds['x'] as Tensor,
        gamma: magnitude(values['gamma'] as Tensor),
        beta: none('beta'),
        runningMean: none('runningMean'),
      }),
    ),
    E.map(({ own, upper, off }) => ({
      y: added((own['y'] as Near).value, (upper['y'] as Near).bound, (off['y'] as Near).value),
    })),
  )
}

/** A channel of a batch: where its numbers are, what they are about their mean, how wide they are, and what that is off by. */
interface Channel {
  readonly positions: readonly number[]
  readonly about: readonly number[]
  /** s = √(σ² + ε), and the least that it may be: s is off by no more than the root mean square R of b */
  readonly deviation: number
  readonly least: number
  readonly R: number
  readonly b: readonly number[]
  readonly meanOff: number
}

const meanOf = (numbers: readonly number[]): number => sumOf(numbers) / numbers.length

const channelsOf = ({ values, bounds, attrs }: Read): readonly Channel[] => {
  const { shape, data } = values['x'] as Tensor
  const [N = 1, C = 1, ...rest] = shape
  const S = sizeOf(rest)
  return Array.from({ length: C }, (_, c) => {
    const positions = Array.from({ length: N * S }, (_, i) => (Math.floor(i / S) * C + c) * S + (i % S))
    const [x, b] = [positions.map((at) => data[at] as number), positions.map((at) => bounds['x']?.data[at] as number)]
    const mean = meanOf(x)
    const about = x.map((v) => v - mean)
    const deviation = Math.sqrt(meanOf(about.map((v) => v * v)) + Number(attrs['epsilon']))
    const R = Math.sqrt(meanOf(b.map((v) => v * v)))
    return { positions, about, deviation, least: deviation - R, R, b, meanOff: meanOf(b) }
  })
}

// where statistics are off by more, what rounds hangs on that too
const steady = 2 ** -12

const ofSteady =
  (way: (read: Read, own: Nearly, channels: readonly Channel[]) => Nearly): Way =>
  (read) => {
    const channels = channelsOf(read)
    return channels.every(({ R, least }) => R < steady * least)
      ? F.pipe(
          owned(read),
          E.map((own) => way(read, own, channels)),
        )
      : nothing
  }

const factor = (read: Read, c: number): number => Math.abs(read.values['gamma']?.data[c] as number)

/** An output by element of the channels, with what each is off by. */
const byElement = (own: Near, channels: readonly Channel[], of: (c: number) => readonly number[]): Near => {
  const data = new Float64Array(own.value.data.length)
  channels.forEach(({ positions }, c) => {
    const off = of(c)
    positions.forEach((at, i) => (data[at] = off[i] as number))
  })
  return added(own.value, own.bound, { shape: own.value.shape, data })
}

const byChannel = (own: Near, off: readonly number[]): Near =>
  added(own.value, own.bound, { shape: own.value.shape, data: Float64Array.from(off) })

const present = (answers: Readonly<Record<string, Near | undefined>>): Nearly =>
  Object.fromEntries(Object.entries(answers).flatMap(([name, near]) => (near === undefined ? [] : [[name, near]])))

/**
 * With c = x − μ, which is off by b + mean b, and s by R: y by |γ|·((b + mean b)/s′ + |c|·R/(s·s′)), μ by mean b, and σ² by
 * (2σ + R)·R.
 */
export const batchNormed = ofSteady((read, own, channels) => {
  const { momentum, runningVariance } = read.attrs
  const alpha = Number(momentum)
  return present({
    y:
      own['y'] &&
      byElement(own['y'], channels, (c) => {
        const { about, b, meanOff, least, deviation, R } = channels[c] as Channel
        return about.map(
          (v, i) => factor(read, c) * (((b[i] as number) + meanOff) / least + (Math.abs(v) * R) / (deviation * least)),
        )
      }),
    runningMean: own['runningMean'] && byChannel(own['runningMean'], channels.map(({ meanOff }) => alpha * meanOff)), // prettier-ignore
    runningVar:
      own['runningVar'] &&
      byChannel(
        own['runningVar'],
        channels.map(({ positions: { length: m }, deviation, R }) => {
          const share = runningVariance === 'unbiased' ? m / Math.max(1, m - 1) : 1
          return alpha * share * (2 * deviation + R) * R
        }),
      ),
  })
})

/**
 * With x̂ = c/s off by e = (b + mean b)/s′ + |x̂|·R/s′, dy by d, the mean of dy·x̂ by m = mean(|dy|·e + d·(|x̂| + e)), and
 * I = dy − mean dy − x̂·mean(dy·x̂) by d + mean d + |x̂|·m + e·(|mean dy·x̂| + m): dx by |γ|·(that/s′ + |I|·R/(s·s′)).
 */
export const batchNormedBack = ofSteady((read, own, channels) => {
  const [dy, off] = [read.values[cotangent('y')], read.bounds[cotangent('y')]] as readonly [Tensor, Tensor]
  const ofChannels = channels.map((channel, c) => {
    const { positions, about, b, meanOff, least, deviation, R } = channel
    const [g, d] = [positions.map((at) => dy.data[at] as number), positions.map((at) => off.data[at] as number)]
    const normed = about.map((v) => v / deviation)
    const e = normed.map((v, i) => ((b[i] as number) + meanOff) / least + (Math.abs(v) * R) / least)
    const products = g.map((v, i) => Math.abs(v) * (e[i] as number) + (d[i] as number) * (Math.abs(normed[i] as number) + (e[i] as number))) // prettier-ignore
    const [m, meanDy, meanD] = [meanOf(products), meanOf(g), meanOf(d)]
    const M = meanOf(g.map((v, i) => v * (normed[i] as number)))
    const dx = g.map((v, i) => {
      const [x, ofX] = [normed[i] as number, e[i] as number]
      const inner = v - meanDy - x * M
      const ofInner = (d[i] as number) + meanD + Math.abs(x) * m + ofX * (Math.abs(M) + m)
      return factor(read, c) * (ofInner / least + (Math.abs(inner) * R) / (deviation * least))
    })
    return { dx, dgamma: m * positions.length, dbeta: meanD * positions.length }
  })
  return present({
    x: own['x'] && byElement(own['x'], channels, (c) => ofChannels[c]?.dx ?? []),
    gamma: own['gamma'] && byChannel(own['gamma'], ofChannels.map(({ dgamma }) => dgamma)), // prettier-ignore
    beta: own['beta'] && byChannel(own['beta'], ofChannels.map(({ dbeta }) => dbeta)), // prettier-ignore
  })
})
