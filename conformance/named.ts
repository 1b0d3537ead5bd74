import type { Tensors } from '../spec/tensor.js'

/** What stands under a name; nothing under names that every object has, as `constructor`. */
export const own = <A>(named: Readonly<Record<string, A>>, name: string): A | undefined =>
  Object.hasOwn(named, name) ? named[name] : undefined

/** The values that stand under some names, by those names; what is not there is left out. */
export const pick = (names: Readonly<Record<string, string>>, values: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(names).flatMap(([name, value]) => {
      const one = own(values, value)
      return one === undefined ? [] : [[name, one]]
    }),
  )
