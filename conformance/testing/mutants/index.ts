import { accelerated } from './accelerated/index.js'
import { plainF32 } from './plainF32/index.js'
import type { Mutant, Variant } from './mutant.js'
import { variants } from './variants.js'

export { variants } from './variants.js'

/** Every fault that is put into a backend of ours. */
export const mutants: readonly Mutant[] = [...accelerated, ...plainF32]

const byId = new Map<string, Mutant | Variant>([...mutants, ...variants].map((change) => [change.id, change]))

export const changeOf = (id: string): Mutant | Variant => {
  const found = byId.get(id)
  if (found === undefined) throw new Error(`there is no mutant and no variant ${id}`)
  return found
}
