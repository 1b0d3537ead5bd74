import { option as O } from 'fp-ts'
import type { TimeLimit } from '../conformance/guarded.js'

/** A limit by the clock of the machine. It ends nothing: work that came too late goes on, and nobody hears of it. */
export const timeLimit = (seconds: number): TimeLimit => ({
  seconds,
  wait: async (work) => {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<O.Option<never>>((resolve) => {
      timer = setTimeout(() => resolve(O.none), 1000 * seconds)
    })
    return Promise.race([work.then(O.some), late]).finally(() => clearTimeout(timer))
  },
})
