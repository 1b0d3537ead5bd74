import { either as E } from 'fp-ts'
import type { either, taskEither } from 'fp-ts'
import type { Backend, Session } from '../../spec/backend.js'
import { sessionOf } from '../../spec/backend.js'
import type { EtalonError } from '../../spec/error.js'
import type { Numbers, Tensors } from '../../spec/tensor.js'
import type { Interruption } from '../fit.js'
import type {
  AgentProgress,
  AgentState,
  AgentTraining,
  Criticized,
  CurvePoint,
  PolicyRecipe,
  QRecipe,
  Stepped,
  Transition,
} from './agent.js'
import {
  actionsAt,
  afterUpdate,
  agentIsOver,
  batchOf,
  episodeRows,
  isPolicy,
  meanOf,
  numbersOf,
  placesOf,
  policyRows,
  rateOf,
  stepped,
} from './agent.js'
import { actorCriticNetwork, asked, policyFeeds, qFeeds, stateFeeds, targetValues, valueNetwork } from './programs.js'
import type { PolicyRow } from './programs.js'
import type { Replay } from './replay.js'
import { remembered } from './replay.js'
import { largestOf, targetsOf } from './returns.js'

/** What happens in a training of an agent. */
export type AgentEvent =
  /** an update: what it was fed beside its state, and what was brought back of it */
  | {
      readonly kind: 'update'
      readonly progress: AgentProgress
      readonly loss: number
      readonly feeds: Tensors
      readonly values: Tensors
    }
  | { readonly kind: 'point'; readonly point: CurvePoint }

/** Where a training is taken up and left, and who hears of it. None of this changes its bits. */
export interface AgentOptions<S> {
  readonly from?: AgentState
  /** stops, to go on later, once this says so; it is asked before every update */
  readonly stop?: () => boolean
  /** which values to bring back of an update, counted from 1, beside its loss */
  readonly values?: (update: number) => readonly string[]
  /** hears of all that happens, and may end the training with a Left */
  readonly listen?: (event: AgentEvent) => Promise<either.Either<Interruption<S>, void>>
  /** is handed the whole state after every so many points of the curve */
  readonly keep?: (state: AgentState) => Promise<either.Either<EtalonError, void>>
}

type Answer<A> = Promise<either.Either<EtalonError, A>>

/** What the network says of some states, so many at a time as it is for. */
const ask = async (
  session: Session,
  { acting, environment, recipe: { places } }: AgentTraining,
  states: readonly Numbers[],
): Answer<readonly Tensors[]> => {
  const answers: Tensors[] = []
  for (let from = 0; from < states.length; from += places) {
    const answer = await session.run(acting, stateFeeds(environment, states.slice(from, from + places), places))()
    if (E.isLeft(answer)) return answer
    answers.push(answer.right)
  }
  return E.right(answers)
}

interface Gathered {
  readonly rows: readonly PolicyRow[]
  readonly progress: AgentProgress
}

/** One step of all places by the network as it is: what was done, and what the critic said before. */
const act = async (
  session: Session,
  training: AgentTraining,
  progress: AgentProgress,
): Answer<{ readonly taken: readonly Criticized[]; readonly progress: AgentProgress }> => {
  const { environment, recipe, network } = training
  const seen = progress.places.map(({ state }) => environment.observe(state))
  const answer = await session.run(training.acting, stateFeeds(environment, seen, recipe.places))()
  if (E.isLeft(answer)) return answer
  const values = isPolicy(recipe) ? numbersOf(answer.right, 'value') : []
  const actions = actionsAt(training, progress, numbersOf(answer.right, network.output))
  return E.map(({ taken, progress }: Stepped) => ({
    taken: taken.map((each, place) => ({ ...each, value: values[place] ?? 0 })),
    progress,
  }))(stepped(environment, recipe.seed, progress, actions))
}

/** So many steps of all places, as the critic sees them. */
const gatherSteps = async (
  session: Session,
  training: AgentTraining,
  recipe: PolicyRecipe,
  from: AgentProgress,
): Answer<Gathered> => {
  let progress = from
  const steps: (readonly Criticized[])[] = []
  for (let time = 0; time < recipe.horizon; time++) {
    const acted = await act(session, training, progress)
    if (E.isLeft(acted)) return acted
    steps.push(acted.right.taken)
    progress = acted.right.progress
  }
  // states behind which the critic has to say what is left: at the end of the horizon, and of episodes that were cut off
  const behind = steps.flatMap((all, time) =>
    all.flatMap(({ last, end, next }, place) =>
      !end && (last || time === steps.length - 1) ? [{ at: `${time} ${place}`, next }] : [],
    ),
  )
  const said = await ask(
    session,
    training,
    behind.map(({ next }) => next),
  )
  if (E.isLeft(said)) return said
  const { places } = recipe
  const values = new Map(
    behind.map(({ at }, i) => [at, said.right[Math.floor(i / places)]?.['value']?.data[i % places] ?? 0]),
  )
  return E.right({
    rows: policyRows(recipe, steps, (time, place) => values.get(`${time} ${place}`) ?? 0),
    progress,
  })
}

/** An episode of each place, from its start to its end. Places that are done wait for the others. */
const gatherEpisodes = async (
  session: Session,
  training: AgentTraining,
  recipe: PolicyRecipe,
  from: AgentProgress,
): Answer<Gathered> => {
  let progress = from
  const episodes: Criticized[][] = from.places.map(() => [])
  const over = from.places.map(() => false)
  while (over.includes(false)) {
    const before = progress
    const acted = await act(session, training, progress)
    if (E.isLeft(acted)) return acted
    const { taken, progress: after } = acted.right
    const going = over.flatMap((is, place) => (is ? [] : [place]))
    const ended = going.filter((place) => taken[place]?.last === true)
    const totals = ended.map((place) => (before.places[place]?.total ?? 0) + (taken[place]?.reward ?? 0))
    // what a place does that has had its episode does not count: it stays where its next one starts
    progress = {
      ...before,
      steps: before.steps + going.length,
      episodes: before.episodes + ended.length,
      places: before.places.map((place, at) => (over[at] === true ? place : (after.places[at] ?? place))),
      returns: [...before.returns, ...totals].slice(-100),
      since: {
        episodes: before.since.episodes + ended.length,
        total: before.since.total + totals.reduce((a, b) => a + b, 0),
      },
    }
    for (const place of going) episodes[place]?.push(taken[place] as Criticized)
    for (const place of ended) over[place] = true
  }
  return E.right({ rows: episodeRows(recipe, episodes), progress })
}

const learnPolicy = async (
  session: Session,
  training: AgentTraining,
  recipe: PolicyRecipe,
  progress: AgentProgress,
): Answer<{ readonly feeds: Tensors; readonly progress: AgentProgress }> => {
  const gather = recipe.agent === 'reinforce' ? gatherEpisodes : gatherSteps
  const gathered = await gather(session, training, recipe, progress)
  if (E.isLeft(gathered)) return gathered
  const { rows, progress: after } = gathered.right
  const feeds = policyFeeds(training.environment, training.rows, rows, {
    entropy: recipe.entropy,
    value: recipe.value,
    learningRate: rateOf(training, progress),
  })
  return E.right({ feeds, progress: after })
}

/** The feeds of an update of Q-learning: a batch of what is remembered, and what the target network says of it. */
const learnValues = async (
  session: Session,
  training: AgentTraining,
  recipe: QRecipe,
  progress: AgentProgress,
  replay: Replay<Transition>,
): Answer<Tensors> => {
  const { environment, looking, network } = training
  const { batch, discount, copyEvery, scale } = recipe
  const drawn = batchOf(recipe, replay, batch, progress.updates)
  const looked = await session.run(
    looking,
    stateFeeds(
      environment,
      drawn.map(({ next }) => next),
      batch,
    ),
  )()
  if (E.isLeft(looked)) return looked
  const targets = targetsOf(
    drawn.map(({ reward, end }) => ({ reward: scale * reward, end })),
    discount,
    environment.actions,
    numbersOf(looked.right, targetValues(network.output)),
    ...(recipe.agent === 'doubleDqn' ? [numbersOf(looked.right, network.output)] : []),
  )
  return E.right(
    qFeeds(
      environment,
      drawn.map(({ x, action }, n) => ({ x, action, target: targets[n] as number })),
      {
        tau: (progress.updates + 1) % copyEvery === 0 ? 1 : 0,
        learningRate: rateOf(training, progress),
      },
    ),
  )
}

const failed = (error: EtalonError): Interruption<never> => ({ why: 'error', error })

const takeUpdates = async <S>(
  session: Session,
  training: AgentTraining,
  from: AgentState,
  { stop, values: watch, listen, keep }: AgentOptions<S>,
): Promise<either.Either<Interruption<S>, AgentState>> => {
  const { recipe } = training
  let { progress, replay } = from
  const wholeState = async (): Answer<AgentState> =>
    E.map((tensors: Tensors): AgentState => ({ tensors, progress, replay }))(await session.state())
  /** One update with such feeds, and who hears of it. */
  const update = async (feeds: Tensors): Promise<either.Either<Interruption<S>, void>> => {
    const at = progress.updates + 1
    const taken = await session.step(feeds, [...new Set(['loss', ...(watch?.(at) ?? [])])])()
    if (E.isLeft(taken)) return E.left(failed(taken.left))
    const loss = taken.right['loss']?.data[0] ?? NaN
    progress = afterUpdate(training, progress)
    const told = await listen?.({ kind: 'update', progress, loss, feeds, values: taken.right })
    if (told !== undefined && E.isLeft(told)) return told
    return Number.isFinite(loss) ? E.right(undefined) : E.left({ why: 'diverged', step: at, loss })
  }
  while (!agentIsOver(training, progress) && stop?.() !== true) {
    const points = progress.curve.length
    if (isPolicy(recipe)) {
      const learnt = await learnPolicy(session, training, recipe, progress)
      if (E.isLeft(learnt)) return E.left(failed(learnt.left))
      progress = learnt.right.progress
      const done = await update(learnt.right.feeds)
      if (E.isLeft(done)) return done
    } else {
      const acted = await act(session, training, progress)
      if (E.isLeft(acted)) return E.left(failed(acted.left))
      progress = acted.right.progress
      replay = remembered(replay, acted.right.taken)
      const ready = replay.items.length >= Math.max(recipe.warmup, recipe.batch)
      for (let i = 0; ready && i < recipe.updates; i++) {
        const feeds = await learnValues(session, training, recipe, progress, replay)
        if (E.isLeft(feeds)) return E.left(failed(feeds.left))
        const done = await update(feeds.right)
        if (E.isLeft(done)) return done
      }
    }
    const point = progress.curve.at(-1)
    if (point !== undefined && progress.curve.length > points) {
      const told = await listen?.({ kind: 'point', point })
      if (told !== undefined && E.isLeft(told)) return told
      if (keep !== undefined) {
        const state = await wholeState()
        if (E.isLeft(state)) return E.left(failed(state.left))
        const kept = await keep(state.right)
        if (E.isLeft(kept)) return E.left(failed(kept.left))
      }
    }
  }
  const state = await wholeState()
  return E.isLeft(state) ? E.left(failed(state.left)) : state
}

/**
 * Follows the training of an agent on a backend to its end: a fold of updates over the state. Environments are stepped where
 * this runs, networks are asked and learn where the backend computes. The same training makes the same bits on the same
 * backend, whoever listens, and wherever it was interrupted.
 */
export const trainAgent =
  <S = never>(
    training: AgentTraining,
    backend: Backend,
    options: AgentOptions<S> = {},
  ): taskEither.TaskEither<Interruption<S>, AgentState> =>
  async () => {
    const from = options.from ?? training.start
    const opened = await sessionOf(backend, training.program, from.tensors)()
    if (E.isLeft(opened)) return E.left(failed(opened.left))
    const ended = await takeUpdates(opened.right, training, from, options)
    await opened.right.close()
    return ended
  }

/** What an agent makes of episodes that it has not learnt from. */
export interface AgentEvaluation {
  readonly episodes: number
  readonly mean: number
  readonly returns: readonly number[]
}

/** The return of the first episode of each of so many places. */
const playedOut = async (
  session: Session,
  { environment, recipe, start }: AgentTraining,
  output: string,
  count: number,
): Answer<readonly number[]> => {
  // seeds of trainings are 0 and up
  const seed = -1 - recipe.seed
  const { actions } = environment
  const returns = new Map<number, number>()
  let progress: AgentProgress = { ...start.progress, places: placesOf(environment, seed, count) }
  while (returns.size < count) {
    const seen = progress.places.map(({ state }) => environment.observe(state))
    const answer = await session.step(stateFeeds(environment, seen, count), [output])()
    if (E.isLeft(answer)) return answer
    const scores = numbersOf(answer.right, output)
    const chosen = seen.map((_, place) => largestOf(scores, place * actions, actions))
    const next = stepped(environment, seed, progress, chosen)
    if (E.isLeft(next)) return next
    for (const [place, { last, reward }] of next.right.taken.entries())
      if (last && !returns.has(place)) returns.set(place, (progress.places[place]?.total ?? 0) + reward)
    progress = next.right.progress
  }
  return E.right(Array.from({ length: count }, (_, place) => returns.get(place) ?? NaN))
}

/**
 * The returns of so many episodes, all side by side, in which the agent does what it holds for best: the likeliest action, or
 * that of the largest value. They start and go on by draws that no training sees.
 *
 * Errors  LimitExceeded – an episode that does not end; and what the backend refuses
 */
export const evaluateAgent =
  (
    training: AgentTraining,
    backend: Backend,
    tensors: Tensors,
    episodes = 100,
  ): taskEither.TaskEither<EtalonError, AgentEvaluation> =>
  async () => {
    const { environment, recipe } = training
    const network = (isPolicy(recipe) ? actorCriticNetwork : valueNetwork)(environment, recipe.layers, episodes)
    const program = { ...asked(network), outputs: [network.output] }
    const own = Object.fromEntries(Object.entries(tensors).filter(([name]) => name in network.parameters))
    // parameters stay where the backend computes
    const still = Object.fromEntries(Object.keys(own).map((name) => [name, name]))
    const opened = await sessionOf(backend, { ...program, carry: still }, own)()
    if (E.isLeft(opened)) return opened
    const returns = await playedOut(opened.right, training, network.output, episodes)
    await opened.right.close()
    return E.map((all: readonly number[]): AgentEvaluation => ({ episodes, mean: meanOf(all), returns: all }))(returns)
  }

/** What the network of an agent says of some states, by its own output names: logits and value, or values of actions. */
export const answersOf =
  (
    { environment, recipe }: Pick<AgentTraining, 'environment' | 'recipe'>,
    backend: Backend,
    tensors: Tensors,
    states: readonly (readonly number[])[],
  ): taskEither.TaskEither<EtalonError, Tensors> =>
  () => {
    const network = (isPolicy(recipe) ? actorCriticNetwork : valueNetwork)(environment, recipe.layers, states.length)
    const own = Object.fromEntries(Object.entries(tensors).filter(([name]) => name in network.parameters))
    const seen = states.map((state) => environment.observe(state))
    return backend.run(asked(network), { ...own, ...stateFeeds(environment, seen, states.length) })()
  }
