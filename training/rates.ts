import type { AtEpoch, Improves, Rated, Schedule, Watching } from './schedules.js'
import { constant, cosine, exponential, linear, reduceOnPlateau, stepDecay } from './schedules.js'

/**
 * A schedule of `schedules.ts` as a value, which can be kept and compared. `linear` and `cosine` fall with every step and
 * reach their end with the last; the others change from epoch to epoch.
 */
export type Rates =
  | { readonly schedule: 'constant'; readonly rate: number }
  | { readonly schedule: 'linear'; readonly rate: number }
  | { readonly schedule: 'cosine'; readonly rate: number; readonly least?: number }
  | { readonly schedule: 'stepDecay'; readonly rate: number; readonly every: number; readonly divideBy?: number }
  | { readonly schedule: 'exponential'; readonly rate: number; readonly gamma: number }
  | {
      readonly schedule: 'reduceOnPlateau'
      readonly rate: number
      readonly divideBy?: number
      readonly patience?: number
      readonly improves?: Improves
      readonly threshold?: number
      readonly least?: number
    }

/** What a schedule's state may be. */
export type RateState = AtEpoch | Watching

/** A schedule, and whether its state moves on with every step or with every epoch. */
export interface Rhythm {
  readonly per: 'step' | 'epoch'
  readonly start: RateState
  readonly next: (state: RateState, metric?: number) => RateState
}

const rhythm = <S extends Rated & RateState>(per: Rhythm['per'], { start, next }: Schedule<S>): Rhythm => ({
  per,
  start,
  // a schedule is given its own states only: `start`, what followed from it, or a checkpoint's, which was compared
  next: (state, metric) => next(state as S, metric),
})

/** The schedule of a training of so many steps. */
export const rhythmOf = (rates: Rates, steps: number): Rhythm => {
  switch (rates.schedule) {
    case 'constant':
      return rhythm('epoch', constant(rates.rate))
    case 'linear':
      return rhythm('step', linear(rates.rate, { epochs: steps }))
    case 'cosine':
      return rhythm('step', cosine(rates.rate, { ...rates, epochs: steps }))
    case 'stepDecay':
      return rhythm('epoch', stepDecay(rates.rate, rates))
    case 'exponential':
      return rhythm('epoch', exponential(rates.rate, rates))
    case 'reduceOnPlateau':
      return rhythm('epoch', reduceOnPlateau(rates.rate, rates))
  }
}
