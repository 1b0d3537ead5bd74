import { either as E } from 'fp-ts'
import type { Result } from '../../spec/error.js'
import { ensure } from '../../spec/error.js'
import type { Draws } from '../../spec/philox.js'

/** What was seen last, up to so many, as a value: a ring in which new items take the place of the oldest. */
export interface Replay<A> {
  readonly capacity: number
  readonly items: readonly A[]
  /** where the next item goes, once the ring is full: the place of the oldest */
  readonly next: number
}

/**
 * A replay for batches of a size, empty.
 *
 * Errors  AttributeOutOfRange – no whole capacity of at least 1, or one smaller than a batch
 * Source  Lin, "Self-improving reactive agents based on reinforcement learning, planning and teaching", 1992
 */
export const emptyReplay = <A>(capacity: number, batch: number): Result<Replay<A>> =>
  E.map((): Replay<A> => ({ capacity, items: [], next: 0 }))(
    ensure(
      Number.isSafeInteger(capacity) && capacity >= 1 && capacity >= batch,
      'AttributeOutOfRange',
      `a replay of ${capacity} transitions is smaller than a batch of ${batch}; it has to hold one at least`,
    ),
  )

/** The ring with more items in it; of more than it holds, the last. */
export const remembered = <A>({ capacity, items, next }: Replay<A>, more: readonly A[]): Replay<A> => {
  const grown = items.concat(more.slice(0, capacity - items.length))
  const rest = more.slice(capacity - items.length).slice(-capacity)
  // what is passed over of more than the ring holds has moved its place on all the same
  const over = Math.max(0, more.length - (capacity - items.length) - rest.length)
  const from = (next + over) % capacity
  const [here, around] = [rest.slice(0, capacity - from), rest.slice(capacity - from)]
  return {
    capacity,
    items:
      rest.length === 0
        ? grown
        : around.concat(grown.slice(around.length, from), here, grown.slice(from + here.length)),
    next: rest.length === 0 ? next : (from + rest.length) % capacity,
  }
}

/** So many of what is remembered, drawn with replacement, each as likely. */
export const sampled = <A>({ items }: Replay<A>, count: number, draw: Draws): readonly A[] =>
  Array.from({ length: count }, () => draw.pick(items))
