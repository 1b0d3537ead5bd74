import * as arithmetic from '../../reference/arithmetic.js'
import type { Role } from '../../reference/words.js'
import { roles } from '../../reference/words.js'
import type { Field } from '../../spec/field.js'
import { element } from '../../spec/field.js'
import { wordAt } from '../../spec/philox.js'
import { scan, scanBack } from '../../spec/scan.js'
import { sizeOf } from '../../spec/tensor.js'

export const isField = (value: unknown): value is Field =>
  typeof value === 'object' && value !== null && 'shape' in value && 'read' in value && 'all' in value

/** Of more steps than these each is worked out before the next: the last would wait for all before it, and no stack is so deep. */
const deep = 32

const carried = (start: unknown, made: unknown): readonly unknown[] =>
  isField(start)
    ? [made]
    : Object.keys(start as object).map((name) => (made as Readonly<Record<string, unknown>>)[name])

const workOut = (x: unknown): void => {
  if (isField(x)) for (let at = 0; at < sizeOf(x.shape); at++) element(x, at)
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

/** The words that formulas are made of, by the file that has them: run as they are, and told by their own names. */
export const words: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'reference/arithmetic': { ...arithmetic, scan: handingOn(scan), scanBack: handingOn(scanBack) },
  'spec/philox': { wordAt },
  'spec/tensor': { sizeOf },
}

/** Has this file words? Any other that a formula imports is a formula, too. */
export const hasWords = (id: string): boolean => Object.hasOwn(words, id)

const byName: ReadonlyMap<string, unknown> = new Map(Object.values(words).flatMap(Object.entries<unknown>))
const names: ReadonlyMap<unknown, string> = new Map([...byName].map(([name, value]) => [value, name]))

export const isWord = (name: string): boolean => byName.has(name)

/** The name of a word of the formulas. */
export const nameOfWord = (value: unknown): string | undefined => names.get(value)

/** What a word of the formulas does. */
export const roleOf = (word: string): Role => (Object.hasOwn(roles, word) ? roles[word as keyof typeof roles] : 'named')

/** The globals that a formula may use, and which of their members it may call: every function of numbers. */
export const globals: Readonly<Record<string, unknown>> = { Math, Number, Array, Object, Infinity, NaN, undefined }
export const globalCalls: Readonly<Record<string, readonly string[]>> = {
  Math: Object.getOwnPropertyNames(Math),
  Number: ['isFinite', 'isInteger', 'isNaN'],
  Array: ['from'],
  Object: ['fromEntries'],
}

/** What a formula may ask of a list. */
export const listCalls: readonly string[] = ['filter', 'flatMap', 'map', 'slice']
