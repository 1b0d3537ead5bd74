/**
 * While something of Dawn's is on its way, Node asks Dawn for news as often as its event loop turns, without a pause, and so
 * keeps a core busy. Where the adapter is itself a processor's, that core is what shaders are compiled and run on. So the
 * loop is made to rest between its turns: not for what comes within a millisecond, then for an eighth of what was waited
 * already, and no longer than a millisecond at once, in which nothing else that waits has to wait long either.
 */

const cell = new Int32Array(new SharedArrayBuffer(4))
const patience = 1
const longest = 1

/** The milliseconds to rest for at the next turn of the loop, after so many of waiting. */
export const restAfter = (waited: number): number => (waited < patience ? 0 : Math.min(waited / 8, longest))

let waiting = 0
let since = 0
let turning = false

const turn = (): void => {
  turning = waiting > 0
  if (!turning) return
  const rest = restAfter(performance.now() - since)
  if (rest > 0) Atomics.wait(cell, 0, 0, rest)
  setImmediate(turn)
}

/** What is waited for, with rests on the way. */
export const resting = async <A>(work: Promise<A>): Promise<A> => {
  waiting++
  if (waiting === 1) since = performance.now()
  if (!turning) {
    turning = true
    setImmediate(turn)
  }
  try {
    return await work
  } finally {
    waiting--
  }
}
