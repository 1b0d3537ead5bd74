import type { Draws } from '../../spec/philox.js'
import { draws, keyOf } from '../../spec/philox.js'

/** What is made of draws, which begin anew from any seed: to make it takes longer than to use it. */
export const reseeded = <A>(madeBy: (draw: Draws) => A): ((seed: string) => A) => {
  let now = draws(keyOf(''))
  const draw: Draws = {
    word: () => now.word(),
    toss: () => now.toss(),
    uniform: () => now.uniform(),
    integer: (low, high) => now.integer(low, high),
    pick: (choices) => now.pick(choices),
    normal: () => now.normal(),
  }
  let made: A | undefined
  return (seed) => {
    now = draws(keyOf(seed))
    return (made ??= madeBy(draw))
  }
}
