import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { EtalonError, Result } from '../../spec/error.js'
import { ensure } from '../../spec/error.js'
import type { Network } from '../../spec/networks/network.js'
import { chain, fullyConnected, plainLayer, sequential } from '../../spec/networks/network.js'
import type { Evaluation } from '../../training/fit.js'
import { evaluateOn, fit } from '../../training/fit.js'
import type { Outcome, Searcher, SearcherName, Trial } from '../../training/search/searchers.js'
import { bestOf, costOf, importanceOf, lossOf, searcherNames, searcherOf } from '../../training/search/searchers.js'
import type { Setting, Space } from '../../training/search/space.js'
import type { Description, Training, TrainingState } from '../../training/training.js'
import { outcomeOf, trainingOf } from '../../training/training.js'
import type { Material } from './classroom.js'
import { inTurn, materialOf, sized } from './classroom.js'
import type { Classroom, Lesson, Section } from './lesson.js'
import { bars, heading, lines, percent, table, text } from './lesson.js'

type Task<A> = taskEither.TaskEither<EtalonError, A>

const space: Space = {
  learningRate: { kind: 'real', from: 1e-4, to: 3, log: true },
  momentum: { kind: 'real', from: 0, to: 0.95 },
  weightDecay: { kind: 'real', from: 1e-5, to: 1, log: true },
  // 2^3 to 2^7 hidden units
  doublings: { kind: 'integer', from: 3, to: 7 },
}

const eta = 3
const titles: Readonly<Record<SearcherName, string>> = {
  grid: 'grid',
  random: 'random',
  halving: 'successive halving',
  hyperband: 'Hyperband',
  bayesian: 'Bayesian',
}

const networkOf =
  (hidden: number) =>
  (batch: number): Network =>
    sequential(
      [batch, 1, 28, 28],
      [
        chain(
          plainLayer('flat', 'flatten'),
          fullyConnected('fc1', 784, hidden),
          plainLayer('relu1', 'relu'),
          fullyConnected('fc2', hidden, 10),
        ),
      ],
    )

const descriptionOf = (setting: Setting, epochs: number, batch: number, seed: number): Description => ({
  network: networkOf(2 ** Number(setting['doublings'])),
  optimizer: {
    op: 'momentum',
    attrs: { momentum: Number(setting['momentum']), weightDecay: Number(setting['weightDecay']) },
  },
  loss: 'softmaxCrossEntropy',
  // what goes on later goes on as if it had never stopped
  rates: { schedule: 'constant', rate: Number(setting['learningRate']) },
  epochs,
  batch,
  seed,
})

interface Tried {
  readonly outcome: Outcome
  /** none of one that diverged */
  readonly state?: TrainingState
}

/** One trial, from where the one that it goes on from has left off; judged by the validation digits. */
const tried =
  (room: Classroom, { train, validation }: Material, batch: number, trial: Trial, from: TrainingState | undefined) =>
  async (): Promise<Result<Tried>> => {
    const planned = trainingOf(descriptionOf(trial.setting, trial.budget, batch, room.seed), { train })
    if (E.isLeft(planned)) return planned
    const ended = await fit(planned.right, room.backend, from === undefined ? {} : { from })()
    if (E.isLeft(ended)) {
      if (ended.left.why === 'error') return E.left(ended.left.error)
      return E.right({ outcome: { ...trial, loss: 'failed', reason: 'its loss left the numbers' } })
    }
    const judged = await evaluateOn(room.backend, planned.right, outcomeOf(planned.right, ended.right), validation)()
    return E.map(({ accuracy }: Evaluation): Tried => ({
      outcome: { ...trial, loss: 1 - accuracy },
      state: ended.right,
    }))(judged)
  }

/** A search, in the order in which its trials were run, and the state of the best. */
interface Search {
  readonly name: SearcherName
  readonly seed: number
  readonly outcomes: readonly Outcome[]
  readonly best: { readonly outcome: Outcome; readonly state: TrainingState } | undefined
}

interface Plan {
  readonly budget: number
  readonly trials: number
  readonly batch: number
}

/** The searchers of a search one after the other: Hyperband begins again, with other draws, until it has cost as much. */
const searchersOf = (name: SearcherName, { budget, trials }: Plan, seed: number): Result<readonly Searcher[]> => {
  const of = (trials: number, seed: number): Result<Searcher> => searcherOf(name, space, { trials, budget, eta, seed })
  // of n first trials of one epoch, halving costs n·(1 + (1 − 1/η)·rungs) or so
  const rungs = Math.floor(Math.log(budget) / Math.log(eta) + 1e-9)
  const first = Math.max(2, Math.floor((trials * budget) / (1 + (1 - 1 / eta) * rungs)))
  return name === 'hyperband'
    ? F.pipe([of(1, 2 * seed), of(1, 2 * seed + 1)], E.sequenceArray)
    : E.map((one: Searcher) => [one])(of(name === 'halving' ? first : trials, seed))
}

const search =
  (room: Classroom, material: Material, plan: Plan, name: SearcherName, seed: number): Task<Search> =>
  async () => {
    const searchers = searchersOf(name, plan, seed)
    if (E.isLeft(searchers)) return searchers
    let [whole, best]: readonly [readonly Outcome[], Search['best']] = [[], undefined]
    const all = plan.trials * plan.budget
    for (const [cycle, { next }] of searchers.right.entries()) {
      let known: readonly Outcome[] = []
      let states: Readonly<Record<string, TrainingState>> = {}
      for (let open = next(known); open.length > 0; open = next(known)) {
        for (const trial of open) {
          const made = await tried(room, material, plan.batch, trial, states[trial.from ?? ''])()
          if (E.isLeft(made)) return made
          const { outcome, state } = made.right
          known = [...known, outcome]
          if (state !== undefined) {
            states = { ...states, [outcome.id]: state }
            if (best === undefined || lossOf(outcome) < lossOf(best.outcome)) best = { outcome, state }
          }
          const spent = spentBy([...whole, ...known])
          room.tell(Math.min(spent / all, 0.999), `${titles[name]}, search ${seed}: ${trial.id}`)
        }
      }
      whole = [...whole, ...known.map((one) => renamed(one, cycle))]
    }
    room.tell(1, titles[name])
    return E.right({ name, seed, outcomes: whole, best })
  }

const renamed = (outcome: Outcome, cycle: number): Outcome => ({
  ...outcome,
  id: `${cycle}/${outcome.id}`,
  ...(outcome.from === undefined ? {} : { from: `${cycle}/${outcome.from}` }),
})

const spentBy = (outcomes: readonly Outcome[]): number =>
  outcomes.reduce((sum, outcome) => sum + costOf(outcome, outcomes), 0)

/** The least error so far, after every trial, by the epochs spent. */
const curveOf = ({ outcomes }: Search): readonly (readonly [number, number])[] =>
  outcomes.map((_, at) => {
    const some = outcomes.slice(0, at + 1)
    return [spentBy(some), Math.min(1, ...some.map(lossOf))] as const
  })

/** The value of such a curve where so much is spent. */
const curveAt = (curve: readonly (readonly [number, number])[], cost: number): number =>
  curve.filter(([spent]) => spent <= cost).at(-1)?.[1] ?? 1

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / Math.max(values.length, 1)
const short = (value: Setting[string] | undefined): string =>
  typeof value === 'number' ? String(Number(value.toPrecision(3))) : String(value)

interface Judged {
  readonly searches: readonly Search[]
  readonly chosen: Search
  readonly test: Evaluation
  readonly plan: Plan
  readonly counts: { readonly validation: number; readonly test: number }
}

const errorsOf = (searches: readonly Search[], name: SearcherName): readonly number[] =>
  searches.filter((one) => one.name === name).map(({ outcomes }) => Math.min(1, ...outcomes.map(lossOf)))

const sectionsOf = ({
  searches,
  chosen,
  test,
  plan,
  counts,
}: Judged): { readonly sections: readonly Section[]; readonly figures: Readonly<Record<string, number>> } => {
  const all = searches.flatMap(({ outcomes }) => outcomes)
  const least = searcherNames.map((name) => ({ name, error: mean(errorsOf(searches, name)) }))
  const [first, last] = [
    least.reduce((a, b) => (b.error < a.error ? b : a)),
    least.reduce((a, b) => (b.error > a.error ? b : a)),
  ]
  const importance = importanceOf(
    space,
    all.filter(({ budget }) => budget === plan.budget),
  )
  const most = Object.entries(importance).toSorted(([, a], [, b]) => b - a)[0] as [string, number]
  const total = plan.trials * plan.budget
  const ticks = Array.from({ length: 24 }, (_, i) => Math.max(1, Math.round(((i + 1) / 24) * total)))
  const failed = all.filter(({ loss }) => loss === 'failed').length
  const setting = chosen.best?.outcome.setting ?? {}
  return {
    figures: {
      ...Object.fromEntries(least.map(({ name, error }) => [`validationError ${name}`, error])),
      ...Object.fromEntries(Object.entries(importance).map(([name, share]) => [`importance ${name}`, share])),
      'validationError of the chosen': lossOf(chosen.best?.outcome ?? { loss: 1 }),
      testAccuracy: test.accuracy,
    },
    sections: [
      table(
        `The least error on ${counts.validation} validation digits that each search found`,
        ['searcher', 'trials', 'epochs', 'mean', 'best', 'worst'],
        searcherNames.map((name) => {
          const own = searches.filter((one) => one.name === name)
          const errors = errorsOf(searches, name)
          return [
            titles[name],
            Math.round(mean(own.map(({ outcomes }) => outcomes.length))),
            Math.round(mean(own.map(({ outcomes }) => spentBy(outcomes)))),
            percent(mean(errors)),
            percent(Math.min(...errors)),
            percent(Math.max(...errors)),
          ]
        }),
      ),
      text(
        `At about equal cost ${titles[first.name]} found the least error on average, ${percent(first.error)}, and ${titles[last.name]} the largest, ${percent(last.error)}.`,
        `${failed} of ${all.length} trials diverged: they count as worse than any other, and the searches went on.`,
      ),
      lines(
        'The least validation error so far, by the epochs spent: mean of the searches, dashed the best and the worst',
        {
          x: { label: 'epochs spent' },
          y: { label: 'validation error', percent: true, log: true },
          lines: searcherNames.flatMap((name) => {
            const curves = searches.filter((one) => one.name === name).map(curveOf)
            const over = (how: (values: readonly number[]) => number) =>
              ticks.map((cost) => [cost, how(curves.map((curve) => curveAt(curve, cost)))] as const)
            const title = titles[name]
            return [
              { name: title, points: over(mean) },
              ...(curves.length < 2
                ? []
                : [
                    { name: `${title}, best`, dashed: true, like: title, points: over((some) => Math.min(...some)) },
                    { name: `${title}, worst`, dashed: true, like: title, points: over((some) => Math.max(...some)) },
                  ]),
            ]
          }),
        },
      ),
      heading('What matters'),
      bars('The share of the differences in validation error that each parameter explains by itself', {
        x: { label: 'share', percent: true, from: 0 },
        bars: Object.entries(importance).map(([name, value]) => ({ name, value })),
      }),
      text(
        `${most[0]} matters most, ${percent(most[1], 0)}. A grid tries it at ${new Set(searches.find(({ name }) => name === 'grid')?.outcomes.map(({ setting }) => setting[most[0]])).size} values; random search, in as many trials, at ${plan.trials}.`,
      ),
      heading('The test set, once'),
      text(
        `Of all trials the one with the least validation error was chosen: ${titles[chosen.name]}’s, ${Object.entries(
          setting,
        )
          .map(([name, value]) => `${name} ${short(value)}`)
          .join(
            ', ',
          )}; ${percent(lossOf(chosen.best?.outcome ?? { loss: 1 }))} of the validation digits are wrong. It, and no other, was shown the ${counts.test} test digits: ${percent(1 - test.accuracy)} are wrong.`,
        1 - test.accuracy > lossOf(chosen.best?.outcome ?? { loss: 1 })
          ? 'That is more: the least of many errors flatters whoever has it.'
          : 'That is no more than on those that it was chosen by.',
      ),
    ],
  }
}

export const hyperparameters: Lesson = {
  name: 'hyperparameters',
  title: 'Hyperparameter search: five ways to look for what no gradient tells',
  question: 'A rate, a decay and a width have no gradient. At equal cost, how are good ones found?',
  source:
    'Bergstra and Bengio, "Random search for hyper-parameter optimization", 2012; Li et al., "Hyperband", 2018; Snoek, Larochelle and Adams, "Practical Bayesian optimization", 2012; Hutter, Hoos and Leyton-Brown, 2014',
  theory: [
    'A grid of k values of d parameters takes kᵈ trainings, and tries each parameter at k values only. Where one parameter matters and the others hardly do, as many random points try it at as many values as there are points.',
    'Successive halving gives all settings a little and the best third three times as much, again and again: bad ones are seen early. What is slow at first and good at last is lost; Hyperband hedges with brackets that begin with fewer settings and more for each.',
    'Bayesian optimization believes in a Gaussian process: settings alike have errors alike. Where the expected improvement below the best so far, EI = (best − μ)·Φ(u) + σ·φ(u) with u = (best − μ)/σ, is largest, it tries next.',
    'Whoever takes the best of many by some digits has learnt from these digits. What the choice is worth, others have to say, and once.',
  ],
  ops: ['momentum', 'softmaxCrossEntropy'],
  next: [
    { idea: 'Other draws, other first weights.', command: 'etalon lesson hyperparameters --seed 2' },
    {
      idea: 'A search of your own, in as many processes as there are cores.',
      command: 'etalon search lenet5 --space space.json --searcher hyperband --trials-file trials.json --jobs 2',
    },
  ],
  run: (room) => {
    const budget = sized(room, 9, 1)
    const plan: Plan = { budget, trials: sized(room, 16, 2), batch: sized(room, 32, 4) }
    const seeds = Array.from({ length: sized(room, 3, 1) }, (_, i) => i + 1)
    const asked = searcherNames.flatMap((name) => seeds.map((seed) => ({ name, seed: 100 * room.seed + seed })))
    return F.pipe(
      TE.fromEither(materialOf(room, { train: 256, validation: 500, test: 1000 })),
      TE.bindTo('material'),
      TE.bind('searches', ({ material }) =>
        inTurn(room, asked, (part, { name, seed }) => search(part, material, plan, name, seed)),
      ),
      TE.bind('chosen', ({ searches }) => {
        const found = searches.filter(({ best }) => best !== undefined)
        return F.pipe(
          bestOf(searches.flatMap(({ outcomes }) => outcomes)),
          E.flatMap(() => ensure(found.length > 0, 'AttributeOutOfRange', 'every trial diverged')),
          E.map(() =>
            found.reduce((a, b) =>
              lossOf((b.best as NonNullable<Search['best']>).outcome) <
              lossOf((a.best as NonNullable<Search['best']>).outcome)
                ? b
                : a,
            ),
          ),
          TE.fromEither,
        )
      }),
      TE.bind('test', ({ material, chosen }) => {
        const { outcome, state } = chosen.best as NonNullable<Search['best']>
        return F.pipe(
          trainingOf(descriptionOf(outcome.setting, outcome.budget, plan.batch, room.seed), material),
          TE.fromEither,
          TE.flatMap((training: Training) =>
            evaluateOn(room.backend, training, outcomeOf(training, state), material.test),
          ),
        )
      }),
      TE.map(({ material, searches, chosen, test }) => ({
        done: [
          `784–hidden–10 with ReLU learnt ${material.train.count} digits in batches of ${plan.batch} by momentum at a constant rate, for ${plan.budget} epochs where it was a whole trial. Rate, momentum, weight decay and width, 2 to the power of doublings, were looked for; ${material.validation.count} other digits judged.`,
          `Each searcher had ${plan.trials * plan.budget} epochs, ${seeds.length} times with other draws; Hyperband went through its brackets twice for it. A trial that goes on costs only what it goes on for. First weights and the order of the digits are the same in all.`,
        ],
        ...sectionsOf({
          searches,
          chosen,
          test,
          plan,
          counts: { validation: material.validation.count, test: material.test.count },
        }),
      })),
    )
  },
}
