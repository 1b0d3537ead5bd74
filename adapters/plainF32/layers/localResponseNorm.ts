import { at, exp, f32, log, zeros } from '../arithmetic.js'
import type { Backward, Forward, Tensor32 } from '../kernel.js'

interface Normalization {
  readonly size: number
  readonly alpha: number
  readonly beta: number
  readonly k: number
}

// s[c] = k + (α/size)·Σ_j x[j]²  over the channels j from c − ⌊size/2⌋ to c + ⌈size/2⌉ − 1 that there are
const scales = (
  { size, alpha, k }: Normalization,
  x: Tensor32,
  { N, C, S }: Readonly<Record<'N' | 'C' | 'S', number>>,
): Tensor32 => {
  const scale = zeros(x.shape)
  const share = f32(alpha / size)
  for (let n = 0; n < N; n++)
    for (let c = 0; c < C; c++)
      for (let s = 0; s < S; s++) {
        const end = Math.min(c + Math.ceil(size / 2), C)
        let sum = 0
        for (let j = Math.max(c - Math.floor(size / 2), 0); j < end; j++) {
          const neighbour = at(x.data, (n * C + j) * S + s)
          sum = f32(sum + f32(neighbour * neighbour))
        }
        scale.data[(n * C + c) * S + s] = f32(k + f32(share * sum))
      }
  return scale
}

// s^−β = e^{−β·log s}
const power = (s: number, beta: number): number => exp(f32(-beta * log(s)))

// y[c] = x[c]·s[c]^−β
export const forward: Forward<'localResponseNorm'> = (attrs, { x }, sizes) => {
  const y = scales(attrs, x, sizes)
  for (let i = 0; i < y.data.length; i++) y.data[i] = f32(at(x.data, i) * power(at(y.data, i), attrs.beta))
  return { y }
}

// dx[c] = dy[c]·s[c]^−β − (2αβ/size)·x[c]·Σ_j dy[j]·x[j]·s[j]^−β/s[j]  over the channels j whose windows hold c
export const backward: Backward<'localResponseNorm'> = (attrs, { x }, { y: dy }, sizes) => {
  const { size, alpha, beta } = attrs
  const { N, C, S } = sizes
  const [dx, scale] = [zeros(x.shape), scales(attrs, x, sizes)]
  const factor = f32(f32(f32(2 * alpha) * beta) / size)
  for (let n = 0; n < N; n++)
    for (let c = 0; c < C; c++)
      for (let s = 0; s < S; s++) {
        const place = (n * C + c) * S + s
        const end = Math.min(c + Math.floor(size / 2) + 1, C)
        let sum = 0
        for (let j = Math.max(c - Math.ceil(size / 2) + 1, 0); j < end; j++) {
          const reader = (n * C + j) * S + s
          const normalized = f32(at(x.data, reader) * power(at(scale.data, reader), beta))
          sum = f32(sum + f32(f32(at(dy.data, reader) * normalized) / at(scale.data, reader)))
        }
        const own = f32(at(dy.data, place) * power(at(scale.data, place), beta))
        dx.data[place] = f32(own - f32(f32(factor * at(x.data, place)) * sum))
      }
  return { x: dx }
}
