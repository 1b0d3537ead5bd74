import { either as E, function as F } from 'fp-ts'
import type { Result } from '../../spec/error.js'
import { ensure, fail } from '../../spec/error.js'
import type { Draws } from '../../spec/philox.js'
import { draws, keyOf } from '../../spec/philox.js'
import type { Outcome, Trial } from './searchers.js'
import { lossOf } from './searchers.js'
import type { Setting, Space } from './space.js'
import { settingAt } from './space.js'

/** How a population is bred. */
export interface Breeding {
  readonly trials: number
  readonly budget: number
  readonly seed: number
  /** so many live; the oldest of them dies when one is born */
  readonly population: number
  /** so many of them are drawn, of which the best has a child */
  readonly sample: number
  /** which settings may live at all, such as networks below a cost */
  readonly allowed?: (setting: Setting) => boolean
}

// draws until one is allowed
const mostDraws = 2000

/** A setting drawn evenly among the allowed ones; nothing where none was found. */
export const drawnAllowed = (
  space: Space,
  draw: Draws,
  allowed: (setting: Setting) => boolean = () => true,
  left = mostDraws,
): Setting | undefined => {
  const setting = settingAt(
    space,
    Object.keys(space).map(() => draw.uniform()),
  )
  return allowed(setting) ? setting : left <= 1 ? undefined : drawnAllowed(space, draw, allowed, left - 1)
}

/** The same setting but for one parameter, which is another one than it was; itself where none was found. */
const mutated = (
  space: Space,
  parent: Setting,
  draw: Draws,
  allowed: (setting: Setting) => boolean,
  left = mostDraws,
): Setting => {
  const name = draw.pick(Object.keys(space))
  const child = { ...parent, ...settingAt({ [name]: space[name] as Space[string] }, [draw.uniform()]) }
  return child[name] !== parent[name] && allowed(child)
    ? child
    : left <= 1
      ? parent
      : mutated(space, parent, draw, allowed, left - 1)
}

const idOf = (at: number): string => `evolution ${at + 1}`

/**
 * Regularized evolution: of a drawn few of those alive the best has a child that differs from it in one parameter, and the oldest
 * dies, however good it is. A pure function from what is known to what is tried next, one at a time behind the first population.
 *
 * Errors  AttributeOutOfRange – a population below 2 or above the trials, a sample that is no part of it, or no setting that is allowed
 * Source  Real, Aggarwal, Huang and Le, "Regularized evolution for image classifier architecture search", 2019, algorithm 1
 */
export const evolution = (
  space: Space,
  { trials, budget, seed, population, sample, allowed = () => true }: Breeding,
): Result<{ readonly next: (known: readonly Outcome[]) => readonly Trial[] }> => {
  const first = Array.from({ length: population }, (_, at) =>
    drawnAllowed(space, draws(keyOf(`evolution ${seed} ${at}`)), allowed),
  )
  const settings = first.filter((setting) => setting !== undefined)
  return F.pipe(
    ensure(
      Number.isSafeInteger(population) &&
        population >= 2 &&
        population <= trials &&
        sample >= 1 &&
        sample <= population,
      'AttributeOutOfRange',
      `a population of ${population}, of which ${sample} are drawn, in ${trials} trials`,
    ),
    E.flatMap(() =>
      settings.length < population
        ? fail('AttributeOutOfRange', 'no setting of the space is allowed, of so many drawn')
        : E.right({
            next: (known: readonly Outcome[]): readonly Trial[] => {
              const born = Array.from({ length: trials }, (_, at) => known.find(({ id }) => id === idOf(at)))
              const open = settings
                .map((setting, at): Trial => ({ id: idOf(at), setting, budget }))
                .filter((_, at) => born[at] === undefined)
              const at = born.findIndex((one) => one === undefined)
              if (open.length > 0 || at < 0) return open
              const draw = draws(keyOf(`child ${seed} ${at}`))
              const alive = born.slice(at - population, at) as readonly Outcome[]
              const parent = Array.from({ length: sample }, () => draw.pick(alive)).reduce((a, b) =>
                lossOf(b) < lossOf(a) ? b : a,
              )
              return [{ id: idOf(at), setting: mutated(space, parent.setting, draw, allowed), budget }]
            },
          }),
    ),
  )
}

/** Those that no other beats in both: in the order of their cost, each better than all that cost less. */
export const paretoFront = <A>(
  all: readonly A[],
  costOf: (one: A) => number,
  lossOf: (one: A) => number,
): readonly A[] =>
  all
    .toSorted((a, b) => costOf(a) - costOf(b) || lossOf(a) - lossOf(b))
    .reduce<readonly A[]>(
      (front, one) => (lossOf(one) < lossOf(front.at(-1) ?? one) || front.length === 0 ? [...front, one] : front),
      [],
    )
