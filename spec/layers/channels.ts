import type { Field } from '../field.js'
import { field } from '../field.js'
import type { Numbers, Shape } from '../tensor.js'
import { fold, sizeOf } from '../tensor.js'

/** A tensor [N,C,…] by its channels: each has m = N·S values, S being the product of the axes …. */
export interface Channels {
  readonly N: number
  readonly C: number
  readonly S: number
  readonly m: number
}

/** The product of the axes …, and the number of values in a channel. */
export const channelCounts = (N: number, rest: Shape): Pick<Channels, 'S' | 'm'> => ({
  S: sizeOf(rest),
  m: N * sizeOf(rest),
})

/** For each channel f(… f(f(start, i₀), i₁) …) over the positions i of its values: a field [C]. */
export const foldChannels = (
  { N, C, S }: Channels,
  start: number,
  f: (soFar: number, position: number, channel: number) => number,
): Field =>
  field([C], (c) => fold(N, start, (soFar, n) => fold(S, soFar, (soFar, s) => f(soFar, (n * C + c) * S + s, c))))

/** The channel in which the value at a position lies. */
export const channelOf = ({ C, S }: Channels, position: number): number => Math.floor(position / S) % C

export const at = (numbers: Numbers, position: number): number => numbers[position] as number
