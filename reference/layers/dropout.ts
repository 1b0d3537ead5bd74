import type { AttrsOf } from '../../spec/catalogue.js'
import { reciprocal } from '../../spec/host.js'
import { wordAt } from '../../spec/philox.js'
import type { Field } from '../../spec/field.js'
import { sizeOf } from '../../spec/tensor.js'
import { at1, reshaped, tabulate1 } from '../arithmetic.js'
import type { Backward, Forward } from '../kernel.js'

// x·m/keep, m[i] = 1 where word i < ⌈keep·2³²⌉, else 0; no word reaches 2³², the threshold of keep = 1
const masked = ({ keep, key, step, stream }: AttrsOf<'dropout'>, x: Field): Field => {
  const threshold = Math.ceil(keep * 2 ** 32)
  const scale = reciprocal(keep)
  const mask = (i: number): number => (wordAt(key, i, step, stream) < threshold ? 1 : 0)
  return reshaped(
    x.shape,
    tabulate1([sizeOf(x.shape)], (i) => at1(x, i) * mask(i) * scale),
  )
}

// y = x·m/keep
export const forward: Forward<'dropout'> = (attrs, { x }) => ({ y: masked(attrs, x) })

// dx = dy·m/keep, under the same mask
export const backward: Backward<'dropout'> = (attrs, _, { y: dy }) => ({ x: masked(attrs, dy) })
