import { roundAttributes } from '../spec/attributes.js'
import type { Backend } from '../spec/backend.js'
import type { OpName } from '../spec/catalogue.js'
import { opOf } from '../spec/catalogue.js'
import type { KernelTable, PlainKernel } from '../spec/fromKernels.js'
import { fromKernels } from '../spec/fromKernels.js'
import type { GivenTensors } from '../spec/op.js'
import type { Tensor } from '../spec/tensor.js'
import { loops } from './plainF32/table.js'

const inF32 = (tensors: GivenTensors): GivenTensors =>
  Object.fromEntries(
    Object.entries(tensors)
      .filter((entry): entry is [string, Tensor] => entry[1] !== undefined)
      .map(([name, { shape, data }]) => [
        name,
        { shape, data: data instanceof Float32Array ? data : Float32Array.from(data) },
      ]),
  )

// attributes, inputs and cotangents rounded to f32 on their way in
const rounding = (op: OpName, { forward, backward }: PlainKernel): PlainKernel => {
  const { attrs: codec } = opOf(op)
  return {
    forward: (attrs, inputs, sizes) => forward(roundAttributes(codec, attrs), inF32(inputs), sizes),
    ...(backward && {
      backward: (attrs, inputs, cotangents, sizes) =>
        backward(roundAttributes(codec, attrs), inF32(inputs), inF32(cotangents) as typeof cotangents, sizes),
    }),
  }
}

/** The backend's kernels, one for each op: for a backend that has all but some of its own. */
export const plainF32Kernels: KernelTable = Object.fromEntries(
  Object.entries(loops as KernelTable).map(([op, kernel]) => [op, rounding(op as OpName, kernel)]),
)

/**
 * A textbook's loops in f32 and no cleverness, for every op and direction: sums added one by one in the order of the
 * formula, every operation rounded to the nearest f32. It is what plain f32 gives, so that others can be measured by it,
 * and it runs wherever there is a JavaScript engine.
 */
export const plainF32: Backend = fromKernels('plain-f32', plainF32Kernels, {
  fingerprint: { name: 'plain-f32', arithmetic: 'f32', rounding: 'to nearest, by Math.fround after every operation' },
  dials: true,
})
