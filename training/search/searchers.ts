import { either as E, function as F } from 'fp-ts'
import * as t from 'io-ts'
import type { Result } from '../../spec/error.js'
import { ensure, fail } from '../../spec/error.js'
import { draws, keyOf } from '../../spec/philox.js'
import { expectedImprovement, gaussianProcess } from './gaussianProcess.js'
import type { Setting, Space } from './space.js'
import { coordinatesOf, gridOf, gridSize, parameterOfCoordinate, settingAt, shareOf } from './space.js'

/** A setting that is to be tried, and how much may be spent on it in all: epochs, of a training. */
export interface Trial {
  /** tells trials of a search apart */
  readonly id: string
  readonly setting: Setting
  readonly budget: number
  /** the trial of the same setting that this one goes on from, where there was one of a smaller budget */
  readonly from?: string
}

/** What came of a trial: a loss, the smaller the better, or a failure, which counts as worse than any loss. */
export interface Outcome extends Trial {
  readonly loss: number | 'failed'
  /** why it failed */
  readonly reason?: string
}

/**
 * How settings are looked for: a pure function from all that is known to the trials that may be run next, side by side. None
 * is left where the search is over. So a search that was broken off goes on from the list of its outcomes, and two that know the same
 * do the same.
 */
export interface Searcher {
  readonly name: SearcherName
  readonly next: (known: readonly Outcome[]) => readonly Trial[]
}

export const searcherNames = ['grid', 'random', 'halving', 'hyperband', 'bayesian'] as const
export type SearcherName = (typeof searcherNames)[number]

/** How much is spent. */
export interface Effort {
  /** trials of `grid`, at most, `random` and `bayesian`; first ones of `halving`; `hyperband` has as many as its budget asks for */
  readonly trials: number
  /** epochs of a whole trial */
  readonly budget: number
  /** of `halving` and `hyperband`: one of so many goes on, with so many times the budget */
  readonly eta: number
  readonly seed: number
}

/** The outcome's loss, where what failed is the worst. */
export const lossOf = ({ loss }: Pick<Outcome, 'loss'>): number =>
  loss === 'failed' || Number.isNaN(loss) ? Infinity : loss

const unknown = (trials: readonly Trial[], known: readonly Outcome[]): readonly Trial[] => {
  const done = new Set(known.map(({ id }) => id))
  return trials.filter(({ id }) => !done.has(id))
}

/** A setting drawn evenly; by its name, so that it stays put whatever else is drawn. */
const drawnSetting = (space: Space, key: string): Setting => {
  const draw = draws(keyOf(`search ${key}`))
  return settingAt(
    space,
    Object.keys(space).map(() => draw.uniform()),
  )
}

const gridSearch = (space: Space, { trials, budget }: Effort): readonly Trial[] => {
  // as fine as so many trials allow
  const sizes = Array.from({ length: trials }, (_, i) => i + 1).filter((each) => gridSize(space, each) <= trials)
  const settings = gridOf(space, sizes.at(-1) ?? 1).slice(0, trials)
  return settings.map((setting, i) => ({ id: `grid ${i + 1}`, setting, budget }))
}

// 1e-9 forgives the logarithm its last digit
const rungsOf = (budget: number, eta: number): number => Math.floor(Math.log(budget) / Math.log(eta) + 1e-9)

/** One bracket: so many settings at the first budget, of which the best go on. */
interface Bracket {
  readonly name: string
  readonly count: number
  readonly first: number
  readonly rungs: number
}

/** The budget of a rung, in whole units. */
const budgetAt = ({ first }: Bracket, rung: number, { eta, budget }: Effort): number =>
  Math.min(Math.max(1, Math.round(first * eta ** rung)), budget)

/** The trials of a bracket that are known to be run: the next rung once the last is whole. */
const bracketTrials = (space: Space, bracket: Bracket, effort: Effort, known: readonly Outcome[]): readonly Trial[] => {
  const first = Array.from({ length: bracket.count }, (_, i): Trial => ({
    id: `${bracket.name} ${i + 1}, rung 1`,
    setting: drawnSetting(space, `${effort.seed} ${bracket.name} ${i}`),
    budget: budgetAt(bracket, 0, effort),
  }))
  const after = (trials: readonly Trial[], rung: number): readonly Trial[] => {
    if (rung >= bracket.rungs) return trials
    const outcomes = trials.flatMap(({ id }) => known.filter((one) => one.id === id))
    if (outcomes.length < trials.length) return trials
    const left = Math.max(1, Math.floor(bracket.count * effort.eta ** -rung))
    const promoted = outcomes
      .filter((one) => lossOf(one) < Infinity)
      .toSorted((a, b) => lossOf(a) - lossOf(b))
      .slice(0, left)
      .map(({ id, setting }): Trial => ({
        id: `${id.slice(0, id.lastIndexOf(','))}, rung ${rung + 1}`,
        setting,
        budget: budgetAt(bracket, rung, effort),
        from: id,
      }))
    return [...trials, ...(promoted.length === 0 ? [] : after(promoted, rung + 1))]
  }
  return after(first, 1)
}

/**
 * Successive halving: all settings get a little, the best of them η times as much, and so on to the whole budget.
 *
 * Source  Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", 2016
 */
const halvingBracket = ({ trials, budget, eta }: Effort): Bracket => {
  const rungs = Math.min(rungsOf(budget, eta), rungsOf(trials, eta))
  return { name: 'halving', count: trials, first: budget * eta ** -rungs, rungs: rungs + 1 }
}

/**
 * The brackets of Hyperband: from many settings with little each to few with all of it.
 *
 *   s_max = ⌊log_η R⌋,   n_s = ⌈(s_max + 1)/(s + 1)·η^s⌉,   r_s = R·η^−s
 *
 * Source  Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar, "Hyperband", JMLR 2018, algorithm 1
 */
export const hyperbandBrackets = (budget: number, eta: number): readonly Bracket[] => {
  const most = rungsOf(budget, eta)
  return Array.from({ length: most + 1 }, (_, i) => most - i).map((s) => ({
    name: `bracket ${s}`,
    count: Math.ceil(((most + 1) / (s + 1)) * eta ** s - 1e-9),
    first: budget * eta ** -s,
    rungs: s + 1,
  }))
}

// candidates for the largest expected improvement: anywhere, and close to the best
const anywhere = 400
const nearby = 160

/** The setting whose expected improvement is largest, among drawn ones. */
const mostPromising = (space: Space, known: readonly Outcome[], key: string): Setting => {
  const worst = Math.max(...known.map(lossOf).filter(Number.isFinite))
  // what failed is as bad as the worst that did not: a belief wants a number
  const ys = known.map((one) => Math.min(lossOf(one), worst))
  const surrogate = gaussianProcess(
    known.map(({ setting }) => coordinatesOf(space, setting)),
    ys,
    parameterOfCoordinate(space),
  )
  const best = Math.min(...ys)
  const seen = new Set(known.map(({ setting }) => JSON.stringify(setting)))
  const draw = draws(keyOf(`candidates ${key}`))
  const parameters = Object.entries(space)
  const far = Array.from({ length: anywhere }, () => parameters.map(() => draw.uniform()))
  const near = known
    .toSorted((a, b) => lossOf(a) - lossOf(b))
    .slice(0, 2)
    .flatMap(({ setting }, rank) =>
      Array.from({ length: rank === 0 ? nearby : nearby / 2 }, (_, i) => {
        const reach = 0.2 * 4 ** -(i % 4)
        return parameters.map(([name, dimension]) => {
          const share = shareOf(dimension, setting[name] as Setting[string])
          return dimension.kind === 'choice'
            ? draw.uniform() < 0.2
              ? draw.uniform()
              : share
            : share + reach * draw.normal()
        })
      }),
    )
  const candidates = [...far, ...near].map((shares) => settingAt(space, shares))
  const fresh = candidates.filter((setting) => !seen.has(JSON.stringify(setting)))
  return (fresh.length === 0 ? candidates : fresh).reduce<{ readonly setting: Setting; readonly worth: number }>(
    (most, setting) => {
      const worth = expectedImprovement(best, surrogate.predict(coordinatesOf(space, setting)))
      return worth > most.worth ? { setting, worth } : most
    },
    { setting: (fresh[0] ?? candidates[0]) as Setting, worth: -1 },
  ).setting
}

/**
 * Bayesian optimization: a few settings drawn, then one after the other where a Gaussian process expects the largest
 * improvement.
 *
 * Source  Snoek, Larochelle and Adams, "Practical Bayesian optimization of machine learning algorithms", 2012
 */
const bayesian =
  (space: Space, { trials, budget, seed }: Effort) =>
  (known: readonly Outcome[]): readonly Trial[] => {
    const begin = Math.min(trials, 2 + Object.keys(space).length)
    const first = Array.from({ length: begin }, (_, i): Trial => ({
      id: `bayesian ${i + 1}`,
      setting: drawnSetting(space, `${seed} bayesian ${i}`),
      budget,
    }))
    const open = unknown(first, known)
    if (open.length > 0 || known.length >= trials) return open
    const id = `bayesian ${known.length + 1}`
    const setting = known.some((one) => lossOf(one) < Infinity)
      ? mostPromising(space, known, `${seed} ${known.length}`)
      : drawnSetting(space, `${seed} bayesian ${known.length}`)
    return [{ id, setting, budget }]
  }

/**
 * A searcher of a space.
 *
 * Errors  AttributeOutOfRange – less than one trial or one unit of budget, whole ones, η below 2, or more combinations of choices than a
 *         grid of so many trials has
 */
export const searcherOf = (name: SearcherName, space: Space, effort: Effort): Result<Searcher> => {
  const { trials, budget, eta, seed } = effort
  return F.pipe(
    ensure(
      [trials, budget].every((count) => Number.isSafeInteger(count) && count >= 1),
      'AttributeOutOfRange',
      `a search has ${trials} trials of ${budget}; whole numbers of at least 1 are wanted`,
    ),
    E.flatMap(() => ensure(eta >= 2, 'AttributeOutOfRange', `η is ${eta}; at least 2 is wanted`)),
    E.flatMap(() =>
      ensure(
        name !== 'grid' || gridSize(space, 1) <= trials,
        'AttributeOutOfRange',
        `a grid has ${gridSize(space, 1)} combinations of choices alone, more than ${trials} trials`,
      ),
    ),
    E.map((): Searcher => {
      const listed = (list: (known: readonly Outcome[]) => readonly Trial[]): Searcher => ({
        name,
        next: (known) => unknown(list(known), known),
      })
      switch (name) {
        case 'grid':
          return listed(() => gridSearch(space, effort))
        case 'random':
          return listed(() =>
            Array.from({ length: trials }, (_, i) => ({
              id: `random ${i + 1}`,
              setting: drawnSetting(space, `${seed} random ${i}`),
              budget,
            })),
          )
        case 'halving':
          return listed((known) => bracketTrials(space, halvingBracket(effort), effort, known))
        case 'hyperband':
          return listed((known) =>
            hyperbandBrackets(budget, eta).flatMap((bracket) => bracketTrials(space, bracket, effort, known)),
          )
        case 'bayesian':
          return { name, next: bayesian(space, effort) }
      }
    }),
  )
}

/** What an outcome cost: its budget, less what the trial that it goes on from had spent. */
export const costOf = ({ budget, from }: Outcome, known: readonly Outcome[]): number =>
  budget - (known.find(({ id }) => id === from)?.budget ?? 0)

/** A search followed to its end on a function that costs nothing to ask. */
export const searched = (
  { next }: Searcher,
  ask: (trial: Trial) => number | 'failed',
  known: readonly Outcome[] = [],
): readonly Outcome[] => {
  const trials = next(known)
  return trials.length === 0
    ? known
    : searched({ name: 'random', next }, ask, [
        ...known,
        ...trials.map((trial): Outcome => ({ ...trial, loss: ask(trial) })),
      ])
}

/**
 * The outcome of the largest budget that did best.
 *
 * Errors  AttributeOutOfRange – no trial at all, or every one failed, with why the first did
 */
export const bestOf = (known: readonly Outcome[]): Result<Outcome> => {
  const right = known.filter((one) => lossOf(one) < Infinity)
  const most = Math.max(...right.map(({ budget }) => budget))
  const [best] = right.filter(({ budget }) => budget === most).toSorted((a, b) => lossOf(a) - lossOf(b))
  if (best !== undefined) return E.right(best)
  const [first] = known
  return fail(
    'AttributeOutOfRange',
    first === undefined
      ? 'the search has no trials'
      : `every trial failed, ${known.length} of ${known.length}; ${first.id}: ${first.reason ?? 'its loss is no number'}`,
  )
}

const outcomeCodec = t.intersection([
  t.strict({
    id: t.string,
    setting: t.record(t.string, t.union([t.number, t.string, t.boolean])),
    budget: t.number,
    loss: t.union([t.number, t.literal('failed')]),
  }),
  t.partial({ from: t.string, reason: t.string }),
])

/** Outcomes from outside. Errors: FormatInvalid */
export const parseOutcome = (input: unknown): Result<Outcome> =>
  F.pipe(
    outcomeCodec.decode(input),
    E.orElse(() => fail<Outcome>('FormatInvalid', 'an outcome has id, setting, budget and loss, a number or "failed"')),
  )

// points at which a surrogate is asked for what a parameter matters
const asked = 24
const behind = 64

/**
 * How much of the differences in loss each parameter explains by itself: of the variance of a Gaussian process's mean over the space, the
 * share of the means at each value of that parameter, the others drawn (Sobol' index of first order).
 *
 * Source  Hutter, Hoos and Leyton-Brown, "An efficient approach for assessing hyperparameter importance", 2014, with a
 *         Gaussian process for the forest
 */
export const importanceOf = (space: Space, known: readonly Outcome[]): Readonly<Record<string, number>> => {
  const right = known.filter((one) => lossOf(one) < Infinity)
  const names = Object.keys(space)
  if (right.length < 2) return Object.fromEntries(names.map((name) => [name, 0]))
  const { predict } = gaussianProcess(
    right.map(({ setting }) => coordinatesOf(space, setting)),
    right.map(lossOf),
    parameterOfCoordinate(space),
  )
  const draw = draws(keyOf('importance'))
  const others = Array.from({ length: behind }, () => names.map(() => draw.uniform()))
  const at = (shares: readonly number[]): number => predict(coordinatesOf(space, settingAt(space, shares))).mean
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length
  const variance = (values: readonly number[]): number => {
    const middle = mean(values)
    return mean(values.map((value) => (value - middle) ** 2))
  }
  const tables = names.map((_, i) =>
    Array.from({ length: asked }, (_, k) =>
      others.map((shares) => at(shares.map((share, j) => (j === i ? (k + 0.5) / asked : share)))),
    ),
  )
  return Object.fromEntries(
    names.map((name, i) => {
      const table = tables[i] as readonly (readonly number[])[]
      const whole = variance(table.flat())
      return [name, whole === 0 ? 0 : variance(table.map(mean)) / whole]
    }),
  )
}
