import type { OpName } from '../../spec/catalogue.js'
import { opNames } from '../../spec/catalogue.js'
import { copy } from '../copy.js'
import type { Kernel } from '../kernel.js'
import { lowerings } from '../table.js'

const isKernel = (value: unknown): value is Kernel => typeof value === 'object' && value !== null && 'code' in value

// an op's module exports its kernels one by one, and its reductions as pairs of kernels
const exported = (op: OpName): readonly Kernel[] =>
  Object.values<unknown>(lowerings[op]).flatMap((value) =>
    typeof value === 'object' && value !== null
      ? [value, ...Object.values<unknown>({ ...value })].filter(isKernel)
      : [],
  )

/** Every kernel that the table's modules export, and the one they share: found, not listed. */
export const everyKernel: readonly Kernel[] = [...new Set([copy, ...opNames.flatMap(exported)])]
