import { opNames } from '../../spec/catalogue.js'
import { copy } from '../copy.js'
import type { Kernel } from '../kernel.js'
import { lowerings } from '../table.js'

const isKernel = (value: object): value is Kernel => 'code' in value

// an op's module exports its kernels one by one, its reductions as pairs, and kernels by the size of subgroups; one that has a
// form in a workgroup's memory brings it along
const kernelsIn = (value: unknown): readonly Kernel[] =>
  typeof value !== 'object' || value === null
    ? []
    : isKernel(value)
      ? [value, ...(value.shared === undefined ? [] : [value.shared.kernel])]
      : Object.values<unknown>({ ...value }).flatMap(kernelsIn)

/** Every kernel that the table's modules export, and the one they share: found, not listed. */
export const everyKernel: readonly Kernel[] = [
  ...new Set([
    ...kernelsIn(copy),
    ...opNames.flatMap((op) => Object.values<unknown>({ ...lowerings[op] }).flatMap(kernelsIn)),
  ]),
]
