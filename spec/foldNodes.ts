import { either as E } from 'fp-ts'
import type { Result } from './error.js'

/** What a visit makes, and the values that it writes, by name. */
export interface Visit<A, V> {
  readonly made: A
  readonly writes: Readonly<Record<string, V>>
}

/**
 * Items in order, each seeing by name what was given and what those before it wrote; a name may be written again. The
 * first failure is the answer. A copy of all names for each node would make a deep network cost the square of its depth.
 */
export const foldNodes = <I, A, V>(
  given: Readonly<Record<string, V>>,
  items: readonly I[],
  visit: (known: ReadonlyMap<string, V>, item: I) => Result<Visit<A, V>>,
): Result<{ readonly made: readonly A[]; readonly known: ReadonlyMap<string, V> }> => {
  const known = new Map(Object.entries(given))
  const made: A[] = []
  for (const item of items) {
    const visited = visit(known, item)
    if (E.isLeft(visited)) return visited
    made.push(visited.right.made)
    for (const [name, value] of Object.entries(visited.right.writes)) known.set(name, value)
  }
  return E.right({ made, known })
}
