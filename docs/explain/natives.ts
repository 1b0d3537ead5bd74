import * as fpTs from 'fp-ts'
import * as arithmetic from '../../reference/arithmetic.js'
import * as axis from '../../spec/axis.js'
import * as philox from '../../spec/philox.js'
import * as tensors from '../../spec/tensor.js'

/** What formulas are made of and no formula itself: run as it is, and named by its own names. */
const modules: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'reference/arithmetic': arithmetic,
  'spec/axis': axis,
  'spec/philox': philox,
  'spec/tensor': tensors,
  'fp-ts': fpTs,
}

export const isNative = (id: string): boolean => Object.hasOwn(modules, id)

export const nativeModule = (id: string): Readonly<Record<string, unknown>> => {
  const found = modules[id]
  if (found === undefined) throw new Error(`a formula reads ${id}, which is neither a formula nor among its words`)
  return found
}

const names: ReadonlyMap<unknown, string> = new Map(
  Object.values(modules).flatMap((module) => Object.entries(module).map(([name, value]) => [value, name] as const)),
)

/** The name of a word of the formulas. */
export const nameOfNative = (value: unknown): string | undefined => names.get(value)

/** The globals that a formula may use. */
export const globals: Readonly<Record<string, unknown>> = {
  Math,
  Number,
  Array,
  Object,
  Float64Array,
  Float32Array,
  Uint32Array,
  Int32Array,
  Map,
  Set,
  String,
  Boolean,
  Infinity,
  NaN,
  undefined,
}
