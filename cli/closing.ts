import { closed } from '../conformance/guarded.js'
import type { Backend } from '../spec/backend.js'
import type { Screen } from './terminal.js'
import { complainTo } from './terminal.js'
import { timeLimit } from './timeLimit.js'

// what hangs while it is closed is not waited for longer
const closingSeconds = 5

/** Closes a backend, and says so where that fails: it is nothing against what was found. */
export const closing = async ({ err }: { readonly err: Screen }, backend: Backend): Promise<void> => {
  const problem = await closed(backend, timeLimit(closingSeconds))
  if (problem !== undefined) complainTo(err)(`the backend: ${problem}`)
}
