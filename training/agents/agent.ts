import { either as E, function as F } from 'fp-ts'
import type { Result } from '../../spec/error.js'
import { ensure, fail, show } from '../../spec/error.js'
import type { Network } from '../../spec/networks/network.js'
import type { Key } from '../../spec/philox.js'
import { draws, keyOf, uniformOf, wordAt } from '../../spec/philox.js'
import type { Program } from '../../spec/program.js'
import type { Numbers, Tensor, Tensors } from '../../spec/tensor.js'
import type { Optimizer } from '../step.js'
import { initialState } from '../step.js'
import type { Environment, EnvironmentState } from './environment.js'
import { goesOn, keyAt } from './environment.js'
import type { Layers, PolicyRow } from './programs.js'
import {
  actorCriticNetwork,
  actorCriticProgram,
  asked,
  firstParameters,
  nextValuesProgram,
  qLearningProgram,
  qState,
  valueNetwork,
} from './programs.js'
import type { Replay } from './replay.js'
import { emptyReplay, sampled } from './replay.js'
import type { Exploration } from './returns.js'
import { advantages, drawnBy, epsilonAt, largestOf, standardized } from './returns.js'

/**
 * What learns to act.
 *
 *   reinforce     whole episodes; ∇log π weighted by the return less a baseline that is learnt, V(s)
 *   actorCritic   so many steps at a time; the return behind them is what the critic says of it
 *   dqn           Q(s, a) from a replay of transitions, against a target network
 *   doubleDqn     the same, where the online network chooses the action that the target network values
 *
 * Source  Williams 1992; Mnih et al. 2016; Mnih et al. 2013 and 2015; van Hasselt, Guez and Silver 2016
 */
export const agentNames = ['reinforce', 'actorCritic', 'dqn', 'doubleDqn'] as const
export type AgentName = (typeof agentNames)[number]

/** Errors: AttributeOutOfRange – there is none of this name. */
export const agentNamed = (name: string): Result<AgentName> => {
  const found = agentNames.find((agent) => agent === name)
  return found === undefined
    ? fail('AttributeOutOfRange', `there is no agent ${show(name)}; there are ${agentNames.join(', ')}`)
    : E.right(found)
}

/** What all agents are told. */
interface Common {
  readonly seed: number
  /** of the environment, in all places together, after which the training is over */
  readonly steps: number
  /** over as soon as the mean return of the last 100 episodes is this */
  readonly until?: number
  /** environments side by side: a forward of the network is for all of them */
  readonly places: number
  readonly layers: Layers
  /** γ */
  readonly discount: number
  /** how much a reward counts in what is learnt: values are so many times as large, and are learnt sooner where near 1 */
  readonly scale: number
  /** of Adam: the first; it falls to 0 with the last step */
  readonly learningRate: number
}

/** An agent whose network says how likely each action is to be taken. */
export interface PolicyRecipe extends Common {
  readonly agent: 'reinforce' | 'actorCritic'
  /** steps of each place between two updates, of an actor with its critic; REINFORCE waits for whole episodes */
  readonly horizon: number
  /** λ of the advantages; REINFORCE has no use for it */
  readonly lambda: number
  /** how much the entropy of the policy counts */
  readonly entropy: number
  /** how much the squared error of the values counts */
  readonly value: number
}

/** An agent whose network says what each action is worth. */
export interface QRecipe extends Common {
  readonly agent: 'dqn' | 'doubleDqn'
  /** transitions in an update */
  readonly batch: number
  /** transitions that are remembered */
  readonly capacity: number
  /** transitions before the first update */
  readonly warmup: number
  /** updates after each step of all places */
  readonly updates: number
  /** updates after which the target network becomes what the online one is */
  readonly copyEvery: number
  readonly exploration: Exploration
}

export type Recipe = PolicyRecipe | QRecipe

export const isPolicy = (recipe: Recipe): recipe is PolicyRecipe =>
  recipe.agent === 'reinforce' || recipe.agent === 'actorCritic'

/** An episode under way at a place. */
export interface Place {
  readonly state: EnvironmentState
  /** episodes of this place before this one */
  readonly episode: number
  /** steps of this one */
  readonly taken: number
  /** rewards of this one, added up */
  readonly total: number
}

/** A point of the learning curve: the mean return of the episodes that ended since the one before. */
export interface CurvePoint {
  readonly steps: number
  readonly episodes: number
  readonly mean: number
}

/** How far a training has come, beside its tensors and what it remembers. */
export interface AgentProgress {
  /** of the environment */
  readonly steps: number
  readonly updates: number
  readonly episodes: number
  readonly places: readonly Place[]
  /** returns of the last 100 episodes */
  readonly returns: readonly number[]
  /** of the episodes that ended since the last point of the curve: how many, and their returns added up */
  readonly since: { readonly episodes: number; readonly total: number }
  readonly curve: readonly CurvePoint[]
}

/** A step that was taken, as Q-learning remembers it. */
export interface Transition {
  readonly x: Numbers
  readonly action: number
  readonly reward: number
  readonly next: Numbers
  readonly end: boolean
}

/** All of a training between two updates: what goes on from it goes on to the same bits. */
export interface AgentState {
  readonly tensors: Tensors
  readonly progress: AgentProgress
  readonly replay: Replay<Transition>
}

/** A training of an agent, ready to start. */
export interface AgentTraining {
  readonly recipe: Recipe
  readonly environment: Environment
  /** of the places' states, which it answers */
  readonly network: Network
  /** asks it */
  readonly acting: Program
  /** the step that learns */
  readonly program: Program
  /** rows of that step */
  readonly rows: number
  /** what it is told of the states behind a batch of transitions, where it learns values */
  readonly looking: Program
  readonly start: AgentState
}

const optimizer: Optimizer = { op: 'adam' }

const keyFor = ({ seed }: Pick<Common, 'seed'>, what: string): Key => keyOf(`agent ${seed} ${what}`)

const begun = (environment: Environment, seed: number, place: number, episode: number): Place => ({
  state: environment.start(keyAt(keyFor({ seed }, 'start'), place, episode, 0)),
  episode,
  taken: 0,
  total: 0,
})

/** So many places, each at the start of an episode of its own. */
export const placesOf = (environment: Environment, seed: number, count: number): readonly Place[] =>
  Array.from({ length: count }, (_, place) => begun(environment, seed, place, 0))

const whole = (least: number, what: string, value: number): Result<void> =>
  ensure(
    Number.isSafeInteger(value) && value >= least,
    'AttributeOutOfRange',
    `${what} is ${value}; a whole number of at least ${least} is wanted`,
  )

/**
 * A training, ready to start.
 *
 * Errors  AttributeOutOfRange – no step, place, horizon or batch; γ or λ outside [0, 1]; a replay that is smaller than a
 *         batch, or than what comes before the first update; REINFORCE in an environment whose episodes have no limit; a
 *         rate below 0; and what the programs refuse
 */
export const agentTrainingOf = (environment: Environment, recipe: Recipe): Result<AgentTraining> => {
  const { seed, places, layers, steps, discount, learningRate, scale } = recipe
  const nothing: Replay<Transition> = { capacity: 0, items: [], next: 0 }
  const stateOf = (tensors: Tensors, replay: Replay<Transition>): AgentState => ({
    tensors,
    replay,
    progress: {
      steps: 0,
      updates: 0,
      episodes: 0,
      places: placesOf(environment, seed, places),
      returns: [],
      since: { episodes: 0, total: 0 },
      curve: [],
    },
  })
  const common = F.pipe(
    whole(1, 'steps', steps),
    E.flatMap(() => whole(1, 'places', places)),
    E.flatMap(() => E.traverseArray((units: number) => whole(1, 'units of a hidden layer', units))(layers.hidden)),
    E.flatMap(() =>
      ensure(discount >= 0 && discount <= 1, 'AttributeOutOfRange', `discount is ${discount}; from 0 to 1 is wanted`),
    ),
    E.flatMap(() =>
      ensure(
        Number.isFinite(learningRate) && learningRate >= 0,
        'AttributeOutOfRange',
        `the learning rate is ${learningRate}; a number of at least 0 is wanted`,
      ),
    ),
    E.flatMap(() =>
      ensure(
        Number.isFinite(scale) && scale > 0,
        'AttributeOutOfRange',
        `the scale of rewards is ${scale}; a number above 0 is wanted`,
      ),
    ),
  )
  if (isPolicy(recipe)) {
    const { agent, horizon, lambda } = recipe
    const { limit } = environment
    const length = agent === 'reinforce' ? (limit ?? 0) : horizon
    return F.pipe(
      common,
      E.flatMap(() =>
        ensure(
          agent !== 'reinforce' || limit !== undefined,
          'AttributeOutOfRange',
          `reinforce learns from whole episodes; those of ${environment.name} have no limit`,
        ),
      ),
      E.flatMap(() => whole(1, 'horizon', length)),
      E.flatMap(() =>
        ensure(lambda >= 0 && lambda <= 1, 'AttributeOutOfRange', `lambda is ${lambda}; from 0 to 1 is wanted`),
      ),
      E.flatMap(() => {
        const rows = places * length
        const network = actorCriticNetwork(environment, layers, places)
        return F.pipe(
          actorCriticProgram(actorCriticNetwork(environment, layers, rows), optimizer),
          E.map((program): AgentTraining => ({
            recipe,
            environment,
            network,
            acting: asked(network),
            looking: asked(network),
            program,
            rows,
            start: stateOf(initialState(firstParameters(network, seed), optimizer), nothing),
          })),
        )
      }),
    )
  }
  const { agent, batch, capacity, warmup, updates, copyEvery } = recipe
  return F.pipe(
    common,
    E.flatMap(() => whole(1, 'batch', batch)),
    E.flatMap(() => whole(1, 'updates', updates)),
    E.flatMap(() => whole(1, 'copyEvery', copyEvery)),
    E.flatMap(() => emptyReplay<Transition>(capacity, batch)),
    E.tap(() => whole(0, 'warmup', warmup)),
    E.tap(() =>
      ensure(
        warmup <= capacity,
        'AttributeOutOfRange',
        `a replay of ${capacity} transitions never holds the ${warmup} that the first update waits for`,
      ),
    ),
    E.flatMap((replay) => {
      const network = valueNetwork(environment, layers, places)
      const learning = valueNetwork(environment, layers, batch)
      return F.pipe(
        qLearningProgram(learning, optimizer),
        E.map((program): AgentTraining => ({
          recipe,
          environment,
          network,
          acting: asked(network),
          looking: nextValuesProgram(learning, agent === 'doubleDqn'),
          program,
          rows: batch,
          start: stateOf(qState(firstParameters(network, seed), optimizer), replay),
        })),
      )
    }),
  )
}

/** How much of a training is over, from 0 to 1. */
export const shareOf = ({ recipe: { steps } }: AgentTraining, progress: AgentProgress): number =>
  Math.min(1, progress.steps / steps)

/** The rate of the next update. */
export const rateOf = (training: AgentTraining, progress: AgentProgress): number =>
  training.recipe.learningRate * (1 - shareOf(training, progress))

const judgedBy = 100

export const meanOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length

/** Whether no step is left to take. */
export const agentIsOver = ({ recipe: { steps, until = Infinity } }: AgentTraining, progress: AgentProgress): boolean =>
  progress.steps >= steps || (progress.returns.length >= judgedBy && meanOf(progress.returns) >= until)

/**
 * What is done at each place, by what the network answered: a policy's is drawn from it, of values it is the largest, or
 * one of all with probability ε. Drawn by place, episode and step, whatever was before.
 */
export const actionsAt = (training: AgentTraining, progress: AgentProgress, answered: Numbers): readonly number[] => {
  const { recipe, environment } = training
  const { actions } = environment
  const key = keyFor(recipe, 'action')
  return progress.places.map(({ episode, taken }, place) => {
    const own = keyAt(key, place, episode, taken)
    if (isPolicy(recipe)) return drawnBy(answered, place * actions, actions, uniformOf(wordAt(own, 0)))
    return uniformOf(wordAt(own, 0)) < epsilonAt(recipe.exploration, shareOf(training, progress))
      ? Math.floor(uniformOf(wordAt(own, 1)) * actions)
      : largestOf(answered, place * actions, actions)
  })
}

/** A step of one place. */
export interface Taken extends Transition {
  /** the episode ended with it, or was cut off */
  readonly last: boolean
}

/** A step of all places, and where they are after it: those whose episode is over, at the start of another. */
export interface Stepped {
  readonly taken: readonly Taken[]
  readonly progress: AgentProgress
}

/**
 * All places a step on.
 *
 * Errors  LimitExceeded – an episode that does not end; see `goesOn`
 */
export const stepped = (
  environment: Environment,
  seed: number,
  progress: AgentProgress,
  actions: readonly number[],
): Result<Stepped> => {
  const { places } = progress
  const { limit = Infinity } = environment
  const key = keyFor({ seed }, 'step')
  const found = places.map(({ state, episode, taken, total }, at) => {
    const action = actions[at] as number
    const { state: next, reward, end } = environment.step(state, action, keyAt(key, at, episode, taken))
    const last = end || taken + 1 >= limit
    return {
      taken: { x: environment.observe(state), action, reward, next: environment.observe(next), end, last },
      place: last
        ? begun(environment, seed, at, episode + 1)
        : { state: next, episode, taken: taken + 1, total: total + reward },
      over: last ? [total + reward] : [],
    }
  })
  const endless = found.reduce((most, { place }) => Math.max(most, place.taken), 0)
  const over = found.flatMap((each) => each.over)
  return F.pipe(
    goesOn(environment, endless),
    E.map(() => ({
      taken: found.map(({ taken }) => taken),
      progress: {
        ...progress,
        steps: progress.steps + places.length,
        episodes: progress.episodes + over.length,
        places: found.map(({ place }) => place),
        returns: over.length === 0 ? progress.returns : [...progress.returns, ...over].slice(-judgedBy),
        since: {
          episodes: progress.since.episodes + over.length,
          total: progress.since.total + over.reduce((a, b) => a + b, 0),
        },
      },
    })),
  )
}

const curvePoints = 30

/** After an update; a point is put to the learning curve where it is time for one and some episode ended. */
export const afterUpdate = ({ recipe: { steps } }: AgentTraining, progress: AgentProgress): AgentProgress => {
  const { since, curve } = progress
  const due = (progress.steps - (curve.at(-1)?.steps ?? 0)) * curvePoints >= steps || progress.steps >= steps
  return {
    ...progress,
    updates: progress.updates + 1,
    ...(due && since.episodes > 0
      ? {
          since: { episodes: 0, total: 0 },
          curve: [...curve, { steps: progress.steps, episodes: progress.episodes, mean: since.total / since.episodes }],
        }
      : {}),
  }
}

/** A step with what the critic said of the state it was taken in. */
export interface Criticized extends Taken {
  readonly value: number
}

/**
 * What an actor and its critic learn from steps of all places, in order of time; `beyond` is what the critic says of the
 * state behind each step whose episode was cut off, and behind the last ones.
 */
export const policyRows = (
  { discount, lambda, scale }: PolicyRecipe,
  steps: readonly (readonly Criticized[])[],
  beyond: (time: number, place: number) => number,
): readonly PolicyRow[] => {
  const places = steps[0]?.length ?? 0
  const rows = Array.from({ length: places }, (_, place) => {
    const own = steps.map((all) => all[place] as Criticized)
    const ahead = advantages(
      own.map(({ reward, value, end, last }, time) => ({
        reward: scale * reward,
        value,
        end,
        last,
        next: end ? 0 : last || time === own.length - 1 ? beyond(time, place) : (own[time + 1] as Criticized).value,
      })),
      discount,
      lambda,
    )
    return own.map(({ x, action, value }, time) => {
      const advantage = ahead[time] as number
      return { x, action, advantage, target: value + advantage }
    })
  }).flat()
  const scaled = standardized(rows.map(({ advantage }) => advantage))
  return rows.map((row, at) => ({ ...row, advantage: scaled[at] as number }))
}

/** What REINFORCE learns from the episode of each place: returns, less the baseline. */
export const episodeRows = (
  { discount, scale }: PolicyRecipe,
  episodes: readonly (readonly Criticized[])[],
): readonly PolicyRow[] => {
  const rows = episodes.flatMap((steps) => {
    const returns = advantages(
      steps.map(({ reward, end, last }) => ({ reward: scale * reward, value: 0, next: 0, end, last })),
      discount,
      1,
    )
    return steps.map(({ x, action, value }, time) => {
      const target = returns[time] as number
      return { x, action, advantage: target - value, target }
    })
  })
  const scaled = standardized(rows.map(({ advantage }) => advantage))
  return rows.map((row, at) => ({ ...row, advantage: scaled[at] as number }))
}

/** What the next update of Q-learning learns from. */
export const batchOf = (
  { seed }: Pick<Common, 'seed'>,
  replay: Replay<Transition>,
  batch: number,
  update: number,
): readonly Transition[] => sampled(replay, batch, draws(keyFor({ seed }, 'replay'), update))

/** The values of an answer [N,1] or [N,A] by row. */
export const numbersOf = (values: Tensors, name: string): Tensor['data'] => values[name]?.data ?? []
