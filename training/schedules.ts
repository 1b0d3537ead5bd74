/**
 * Learning rates over epochs, as pure state machines: a state holds the rate of the epoch that it stands for, and the
 * next follows from it and the validation metric after that epoch. Nothing remembers; a state can be kept and gone on
 * from. The formulas count epochs e from 0, and may as well count steps; η is the first rate. Schedules that ask for no
 * metric take none. All are total: what a rate may be is the optimizer's to say.
 */
export interface Rated {
  readonly rate: number
}

export interface Schedule<S extends Rated> {
  readonly start: S
  readonly next: (state: S, metric?: number) => S
}

/** A state that knows how many epochs went before. */
export interface AtEpoch extends Rated {
  readonly epoch: number
}

const byEpoch = (rateAt: (epoch: number) => number): Schedule<AtEpoch> => ({
  start: { epoch: 0, rate: rateAt(0) },
  next: ({ epoch }) => ({ epoch: epoch + 1, rate: rateAt(epoch + 1) }),
})

/**
 * The same rate for ever.
 *
 *   η(e) = η
 *
 * Source  PyTorch's optimizers without a scheduler
 */
export const constant = (rate: number): Schedule<AtEpoch> => byEpoch(() => rate)

/**
 * A rate that is divided every so many epochs.
 *
 *   η(e) = η/c^⌊e/k⌋,   c = 10
 *
 * Units   every: k, epochs, 1 or more; divideBy: c, a plain number above 0
 * Source  PyTorch's StepLR with gamma 1/c; with c = 10 the three divisions that AlexNet made by hand
 */
export const stepDecay = (
  rate: number,
  { every, divideBy = 10 }: { readonly every: number; readonly divideBy?: number },
): Schedule<AtEpoch> => byEpoch((epoch) => rate / divideBy ** Math.floor(epoch / every))

/**
 * A rate that shrinks by the same factor each epoch.
 *
 *   η(e) = η·γ^e
 *
 * Units   gamma: γ, a plain number, above 0 and up to 1
 * Source  PyTorch's ExponentialLR
 */
export const exponential = (rate: number, { gamma }: { readonly gamma: number }): Schedule<AtEpoch> =>
  byEpoch((epoch) => rate * gamma ** epoch)

/**
 * A rate that falls along half a cosine, from η to η₀ at epoch T.
 *
 *   η(e) = η₀ + (η − η₀)·(1 + cos(π·e/T))/2
 *
 * After T it rises along the other half, as PyTorch's does; TensorFlow's CosineDecay stays at η₀, and restarts are another
 * schedule.
 *
 * Units   epochs: T, 1 or more; least: η₀, a rate
 * Source  Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017; PyTorch's CosineAnnealingLR
 */
export const cosine = (
  rate: number,
  { epochs, least = 0 }: { readonly epochs: number; readonly least?: number },
): Schedule<AtEpoch> => byEpoch((epoch) => least + ((rate - least) * (1 + Math.cos((Math.PI * epoch) / epochs))) / 2)

/**
 * A rate that falls along a line, to 0 at epoch T.
 *
 *   η(e) = η·(1 − e/T)
 *
 * Units   epochs: T, 1 or more
 * Source  PyTorch's LinearLR from 1 to 0
 */
export const linear = (rate: number, { epochs }: { readonly epochs: number }): Schedule<AtEpoch> =>
  byEpoch((epoch) => rate * (1 - epoch / epochs))

/** Which way a metric improves: a loss by falling, an accuracy by rising. */
export type Improves = 'falling' | 'rising'

/** A state that waits for the metric to improve on its best. */
export interface Watching extends Rated {
  /** the best metric so far; what any number improves on, before the first */
  readonly best: number
  /** epochs in a row that did not improve on it */
  readonly bad: number
  /** epochs still to go in which none is counted as bad */
  readonly resting: number
}

/**
 * A rate that is divided when the metric stalls.
 *
 *   η′ = max(η/c, η₀) where stalled, else η,   c = 10
 *
 *   improved   metric < best·(1 − threshold) for a falling one, > best·(1 + threshold) for a rising one; with `absolute`
 *              best ∓ threshold. NaN never improves
 *   stalled    more than `patience` epochs in a row did not; the next `cooldown` epochs then count for nothing
 *
 * The rate stays where it would change by no more than 10⁻⁸.
 *
 * Units   divideBy: c, a plain number above 1; least: η₀, a rate; patience, cooldown: epochs; threshold: a fraction of the
 *         best, or the metric's unit
 * Source  AlexNet and ResNet did so by hand, c = 10; PyTorch's ReduceLROnPlateau
 */
export const reduceOnPlateau = (
  rate: number,
  {
    divideBy = 10,
    patience = 10,
    improves = 'falling',
    threshold = 1e-4,
    absolute = false,
    cooldown = 0,
    least = 0,
  }: {
    readonly divideBy?: number
    readonly patience?: number
    readonly improves?: Improves
    readonly threshold?: number
    readonly absolute?: boolean
    readonly cooldown?: number
    readonly least?: number
  } = {},
): Schedule<Watching> => {
  const sign = improves === 'falling' ? -1 : 1
  const toBeat = (best: number): number =>
    // ∓Infinity stays what it is, whatever the threshold
    !Number.isFinite(best) ? best : absolute ? best + sign * threshold : best * (1 + sign * threshold)
  const reduced = (rate: number): number => {
    const lower = Math.max(rate / divideBy, least)
    return rate - lower > 1e-8 ? lower : rate
  }
  return {
    start: { rate, best: -sign * Infinity, bad: 0, resting: 0 },
    next: ({ rate, best, bad, resting }, metric = NaN) => {
      const improved = sign * metric > sign * toBeat(best)
      const rested = resting > 0
      const counted = improved || rested ? 0 : bad + 1
      const stalled = counted > patience
      return {
        rate: stalled ? reduced(rate) : rate,
        best: improved ? metric : best,
        bad: stalled ? 0 : counted,
        resting: stalled ? cooldown : Math.max(resting - 1, 0),
      }
    },
  }
}

/** Whether to stop, and which epoch was the best: keep its weights. */
export interface Stopping {
  readonly stop: boolean
  /** how many epochs were judged */
  readonly epoch: number
  readonly best: number
  /** the epoch of `best`, from 0; −1 before the first */
  readonly bestEpoch: number
}

/**
 * Stops where the metric has not improved on its best for so many epochs in a row.
 *
 *   improved   metric < best − least for a falling one, > best + least for a rising one. NaN never improves
 *   stop       once e − e_best ≥ patience, e_best the last epoch that improved, −1 before there is one; and for good
 *
 * Units   patience: epochs, 1 or more; least: the metric's
 * Source  algorithm 7.1 of Goodfellow, Bengio and Courville, "Deep learning", 2016; Keras's EarlyStopping
 */
export const earlyStopping = ({
  patience,
  least = 0,
  improves = 'falling',
}: {
  readonly patience: number
  readonly least?: number
  readonly improves?: Improves
}): { readonly start: Stopping; readonly next: (state: Stopping, metric: number) => Stopping } => {
  const sign = improves === 'falling' ? -1 : 1
  return {
    start: { stop: false, epoch: 0, best: -sign * Infinity, bestEpoch: -1 },
    next: ({ stop, epoch, best, bestEpoch }, metric) => {
      const improved = sign * metric - least > sign * best
      const [newBest, newEpoch] = improved ? [metric, epoch] : [best, bestEpoch]
      return {
        stop: stop || epoch - newEpoch >= patience,
        epoch: epoch + 1,
        best: newBest,
        bestEpoch: newEpoch,
      }
    },
  }
}
