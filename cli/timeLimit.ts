import { option as O } from 'fp-ts'
import type { TimeLimit } from '../conformance/guarded.js'

/** A limit by the clock of the machine. It ends nothing: work that came too late goes on, and nobody hears of it. */
export const timeLimit = (seconds: number): TimeLimit => ({
  seconds,
  wait: async (work) => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<O.Option<never>>((resolve) => {
      timer = setTimeout(() => resolve(O.none), 1000 * seconds)
    })
    return Promise.race([work.then(O.some), late]).finally(() => clearTimeout(timer))
  },
})

// so often a person, or a reader that goes away, is heard
const turn = 100

/**
 * A limit that lets the process hear of what happens around it: a backend that answers at once would keep it from hearing a
 * Ctrl-C for as long as the run takes.
 */
export const breathing = (limit: TimeLimit): TimeLimit => {
  let last = performance.now()
  return {
    ...limit,
    wait: async (work) => {
      const heard = await limit.wait(work)
      if (performance.now() - last > turn) {
        await new Promise(setImmediate)
        last = performance.now()
      }
      return heard
    },
  }
}
