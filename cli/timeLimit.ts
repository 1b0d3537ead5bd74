import { option as O } from 'fp-ts'
import type { TimeLimit } from '../conformance/guarded.js'

// a timer may be late by so much, in milliseconds, though nobody keeps the process busy
const late = 50

/**
 * A limit by the clock of the machine. It ends nothing: work that came too late goes on, and nobody hears of it. An answer
 * that comes while this process is busy, such as judging another one, is not heard before that is over: so it has as long
 * again as the limit was heard late.
 */
export const timeLimit = (seconds: number): TimeLimit => ({
  seconds,
  wait: async (work) => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const over = new Promise<O.Option<never>>((resolve) => {
      const wait = (milliseconds: number): void => {
        const due = performance.now() + milliseconds
        timer = setTimeout(() => {
          const by = performance.now() - due
          if (by > late) wait(by)
          else resolve(O.none)
        }, milliseconds)
      }
      wait(1000 * seconds)
    })
    return Promise.race([work.then(O.some), over]).finally(() => clearTimeout(timer))
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
