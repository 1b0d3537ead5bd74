import * as fpTs from 'fp-ts'
import * as arithmetic from '../../reference/arithmetic.js'
import * as axis from '../../spec/axis.js'
import type { Field } from '../../spec/field.js'
import { element } from '../../spec/field.js'
import * as philox from '../../spec/philox.js'
import { scan, scanBack } from '../../spec/scan.js'
import * as tensors from '../../spec/tensor.js'

export const isField = (value: unknown): value is Field =>
  typeof value === 'object' && value !== null && 'shape' in value && 'read' in value && 'all' in value

/** Of more steps than these each is worked out before the next: the last would wait for all before it, and no stack is so deep. */
const deep = 32

const carried = (start: unknown, made: unknown): readonly unknown[] =>
  isField(start)
    ? [made]
    : Object.keys(start as object).map((name) => (made as Readonly<Record<string, unknown>>)[name])

const workOut = (x: unknown): void => {
  if (isField(x)) for (let at = 0; at < tensors.sizeOf(x.shape); at++) element(x, at)
}

// Steps that hand on the very fields that they made: how those came about can be told then, and an element of one costs
// what it reads of those before. The reference's own steps hand on numbers.
const handingOn =
  (inOrder: typeof scan): typeof scan =>
  (T, start, step) =>
    inOrder(T, start, (before, t) => {
      const made = step(before, t)
      if (T > deep) carried(start, made).forEach(workOut)
      return made
    })

/** What formulas are made of and no formula itself: run as it is, and named by its own names. */
const modules: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'reference/arithmetic': { ...arithmetic, scan: handingOn(scan), scanBack: handingOn(scanBack) },
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
