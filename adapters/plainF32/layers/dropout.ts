import { at, f32, zeros } from '../arithmetic.js'
import type { Key } from '../../../spec/philox.js'
import { wordAt } from '../../../spec/philox.js'
import type { Backward, Forward, Tensor32 } from '../kernel.js'

interface Mask {
  readonly keep: number
  readonly key: Key
  readonly step: number
  readonly stream: number
}

// v·m/keep: element i is kept, m = 1, where its word is below ⌈keep·2³²⌉
const masked = (v: Tensor32, { keep, key, step, stream }: Mask): Tensor32 => {
  const result = zeros(v.shape)
  const kept = Math.ceil(keep * 2 ** 32)
  for (let i = 0; i < result.data.length; i++) {
    const m = wordAt(key, i, step, stream) < kept ? 1 : 0
    result.data[i] = f32(f32(at(v.data, i) * m) / keep)
  }
  return result
}

// y = x·m/keep
export const forward: Forward<'dropout'> = (mask, { x }) => ({ y: masked(x, mask) })

// dx = dy·m/keep
export const backward: Backward<'dropout'> = (mask, _, { y: dy }) => ({ x: masked(dy, mask) })
