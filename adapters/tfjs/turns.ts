/*
 * TensorFlow.js has one engine for all of its backends: the backend that computes, and the scopes that tensors belong to,
 * are the process's. A backend that starts while another one computes leaves the engine with the name of the one and the
 * instance of the other, and two answers at a time end each other's scopes. So whoever uses the engine takes a turn.
 */

let last: Promise<unknown> = Promise.resolve()

/** Runs work when all that came before has ended, or when it was given up: work that never ends holds nobody past `until`. */
export const inTurn =
  (until: Promise<unknown>) =>
  <A>(work: () => Promise<A>): Promise<A> => {
    const mine = last.then(work)
    last = Promise.race([mine.catch(() => undefined), until])
    return mine
  }
