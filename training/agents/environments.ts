import { either as E } from 'fp-ts'
import type { Result } from '../../spec/error.js'
import { fail, show } from '../../spec/error.js'
import { cartpole } from './cartpole.js'
import { catching } from './catch.js'
import type { Environment } from './environment.js'
import { gridworld } from './gridworld.js'

/** The environments, by name. */
export const environments: readonly Environment[] = [gridworld, cartpole, catching]

/** Errors: AttributeOutOfRange – there is none of this name. */
export const environmentNamed = (name: string): Result<Environment> => {
  const found = environments.find((environment) => environment.name === name)
  return found === undefined
    ? fail(
        'AttributeOutOfRange',
        `there is no environment ${show(name)}; there are ${environments.map((each) => each.name).join(', ')}`,
      )
    : E.right(found)
}
