import { readFile } from 'node:fs/promises'
import { InvalidArgumentError } from 'commander'
import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { either, taskEither } from 'fp-ts'
import type { DeviceChoice } from '../accelerated/index.js'
import { guarded } from '../conformance/guarded.js'
import type { LockstepFinding } from '../conformance/lockstep.js'
import { everyValue, lockstep } from '../conformance/lockstep.js'
import { printJudgement } from '../conformance/failureReport.js'
import { decodeSafetensors, encodeSafetensors } from '../formats/safetensors.js'
import type { Backend } from '../spec/backend.js'
import { anyOrder } from '../spec/bound.js'
import type { EtalonError, Result } from '../spec/error.js'
import { etalonError, within } from '../spec/error.js'
import { parameterCount } from '../spec/networks/network.js'
import type { AgentState, AgentTraining, Recipe } from '../training/agents/agent.js'
import { agentIsOver, agentNamed, agentNames, agentTrainingOf, isPolicy, shareOf } from '../training/agents/agent.js'
import { agentCheckpoint, agentStateFrom } from '../training/agents/checkpoint.js'
import { environmentNamed, environments } from '../training/agents/environments.js'
import type { CellValue } from '../training/agents/gridValues.js'
import { arrows, errorOfValues, gridValues } from '../training/agents/gridValues.js'
import { gridMap } from '../training/agents/gridworld.js'
import { recipeFor } from '../training/agents/recipes.js'
import type { AgentEvaluation, AgentEvent } from '../training/agents/run.js'
import { evaluateAgent, trainAgent } from '../training/agents/run.js'
import type { Interruption } from '../training/fit.js'
import { deviceProblem } from './backends.js'
import type { Subcommand } from './command.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'
import type { Target } from './file.js'
import { writable, writeWhole } from './file.js'
import { atLeastZero, backendOption, deviceOption, longTimeout, longTimeoutOption, wholeNumber } from './options.js'
import type { Rim } from './rim.js'
import { closing, processRim } from './rim.js'
import { bar, complainTo } from './terminal.js'
import { timeLimit } from './timeLimit.js'
import { goingOn } from './trainPrint.js'
import { exitOfInterruption, voiceOf } from './voice.js'

/** What an agent may be told, beside its name and its environment; what is left out is the recipe's. */
export interface AgentTrainingOptions {
  readonly seed: number
  readonly steps?: number
  readonly until?: number
  readonly places?: number
  readonly horizon?: number
  readonly batch?: number
  readonly capacity?: number
  readonly updates?: number
  readonly copyEvery?: number
  readonly hidden?: readonly number[]
  readonly discount?: number
  readonly lambda?: number
  readonly entropy?: number
  readonly learningRate?: number
  readonly episodes: number
  readonly lockstep: number
  readonly checkpoint?: string
  readonly resume?: string
  readonly device: DeviceChoice
  readonly backend?: string
  readonly caseTimeout?: number
  readonly json?: true
}

/** All that `train-agent` meets of the world. */
export interface AgentRim extends Omit<Rim, 'table'> {
  /** whether it was asked to stop, to go on later */
  readonly interrupted?: () => boolean
  /** how the command was given: its name and all that followed */
  readonly args?: readonly string[]
}

/** A node outside its bound, which ends a training. */
interface Guilty {
  readonly update: number
  readonly finding: LockstepFinding
}

const given = <A>(name: string, value: A | undefined): Readonly<Record<string, A>> =>
  value === undefined ? {} : { [name]: value }

// what one kind of agent is told and the other has no use for
const ofPolicies = ['horizon', 'lambda', 'entropy'] as const
const ofValues = ['batch', 'capacity', 'updates', 'copyEvery'] as const

/**
 * The recipe of an agent with what was given in its place.
 *
 * Errors  UnknownAttribute – an option that the agent has no use for
 */
const recipeOf = (recipe: Recipe, options: AgentTrainingOptions): Result<Recipe> => {
  const { steps, until, places, hidden, discount, learningRate } = options
  const stranger = (isPolicy(recipe) ? ofValues : ofPolicies).find((name) => options[name] !== undefined)
  const common = {
    ...given('steps', steps),
    ...given('until', until),
    ...given('places', places),
    ...given('discount', discount),
    ...given('learningRate', learningRate),
    ...given('layers', hidden === undefined ? undefined : { ...recipe.layers, hidden }),
  }
  if (stranger !== undefined)
    return E.left(
      etalonError(
        'UnknownAttribute',
        `${recipe.agent} has no ${stranger === 'copyEvery' ? 'copy-every' : stranger}; it has ${(isPolicy(recipe) ? ofPolicies : ofValues).join(', ').replace('copyEvery', 'copy-every')}`,
      ),
    )
  return E.right(
    isPolicy(recipe)
      ? {
          ...recipe,
          ...common,
          ...given('horizon', options.horizon),
          ...given('lambda', options.lambda),
          ...given('entropy', options.entropy),
        }
      : {
          ...recipe,
          ...common,
          ...given('batch', options.batch),
          ...given('capacity', options.capacity),
          ...given('updates', options.updates),
          ...given('copyEvery', options.copyEvery),
          // no update waits for more than is ever remembered
          ...given(
            'warmup',
            options.capacity === undefined || options.capacity < 1
              ? undefined
              : Math.min(recipe.warmup, options.capacity),
          ),
        },
  )
}

/**
 * A training of an agent in an environment, by their names.
 *
 * Errors  AttributeOutOfRange – names of neither; and what `recipeOf` and `agentTrainingOf` refuse
 */
export const agentTrainingNamed = (
  agent: string,
  environment: string,
  options: AgentTrainingOptions,
): Result<AgentTraining> =>
  F.pipe(
    E.Do,
    E.bind('agent', () => agentNamed(agent)),
    E.bind('environment', () => environmentNamed(environment)),
    E.bind('recipe', ({ agent, environment }) => recipeOf(recipeFor(agent, environment, options.seed), options)),
    E.flatMap(({ environment, recipe }) => agentTrainingOf(environment, recipe)),
  )

const fromFile = (training: AgentTraining, file: string): taskEither.TaskEither<EtalonError, AgentState> =>
  F.pipe(
    TE.tryCatch(
      () => readFile(file),
      (error) => etalonError('FileUnreadable', error instanceof Error ? error.message : String(error)),
    ),
    TE.flatMapEither(decodeSafetensors),
    TE.flatMapEither((found) => agentStateFrom(training, found)),
    TE.mapLeft(within(file)),
  )

const whyOf = (interruption: Interruption<Guilty>): string => {
  switch (interruption.why) {
    case 'error':
      return `${interruption.error.code}: ${interruption.error.message}`
    case 'stopped': {
      const { update, finding } = interruption.by
      return `update ${update}: node ${finding.node} (${finding.op} ${finding.direction}) is outside its bound\n${printJudgement(finding.judgement)}`
    }
    case 'diverged':
      return `update ${interruption.step}: the loss is ${interruption.loss}, so the training stops; a smaller --learning-rate may help`
  }
}

type Update = Extract<AgentEvent, { readonly kind: 'update' }>

/** What the oracle makes of each node of an update. */
const judged = (
  { program }: AgentTraining,
  { oracle }: AgentRim,
  depth: Backend['depth'],
  { progress: { updates }, feeds, values }: Update,
): either.Either<Interruption<Guilty>, { readonly nodes: number; readonly worst: LockstepFinding }> =>
  F.pipe(
    lockstep(oracle, program, { ...feeds, ...values }, depth ?? anyOrder, { feeds }),
    E.mapLeft((error): Interruption<Guilty> => ({ why: 'error', error })),
    E.flatMap(({ findings, worst, guilty }) =>
      guilty === undefined
        ? E.right<Interruption<Guilty>, { readonly nodes: number; readonly worst: LockstepFinding }>({
            nodes: findings.length,
            worst,
          })
        : E.left({ why: 'stopped' as const, by: { update: updates, finding: guilty } }),
    ),
  )

const headOf = ({ recipe, environment, network }: AgentTraining, { name, fingerprint }: Backend): string => {
  const { agent, places, steps, discount, learningRate, layers, until } = recipe
  const own = isPolicy(recipe)
    ? recipe.agent === 'reinforce'
      ? `${places} episodes an update`
      : `${places}×${recipe.horizon} steps an update, λ ${recipe.lambda}`
    : `batches of ${recipe.batch} of the last ${recipe.capacity} transitions, the target copied every ${recipe.copyEvery} updates`
  return [
    `${agent} on ${environment.name}: ${parameterCount(network)} parameters, hidden ${layers.hidden.join(', ')} (${layers.activation})`,
    `on ${fingerprint['description'] ?? name} (${fingerprint['kind'] ?? name})`,
    `${steps} steps in ${places} places at once${until === undefined ? '' : `, or until a mean return of ${until}`}, γ ${discount}, Adam from ${learningRate}`,
    own,
  ].join('\n')
}

const fixed = (value: number): string => value.toFixed(Math.abs(value) < 10 ? 3 : 1)

/** What the agent makes of new episodes, in a phrase. */
const resultOf = ({ environment: { success } }: AgentTraining, { episodes, mean, returns }: AgentEvaluation): string =>
  [
    `mean return ${fixed(mean)} over ${episodes} episodes, from ${fixed(Math.min(...returns))} to ${fixed(Math.max(...returns))}`,
    ...(success === undefined ? [] : [`${success.called} in ${returns.filter(success.by).length} of them`]),
  ].join('; ')

/** Learnt values beside the exact ones, in the form of the grid. */
export const gridText = (cells: readonly CellValue[]): string => {
  const at = (row: number, column: number): CellValue | undefined =>
    cells.find(({ cell }) => cell === row * (gridMap[0]?.length ?? 0) + column)
  const cellText = (mark: string, found: CellValue | undefined): string =>
    found === undefined
      ? mark.padEnd(17)
      : `${arrows[found.action]} ${found.learnt.toFixed(3)} (${found.exact.toFixed(3)})`.padEnd(17)
  return [
    'the likeliest action of each cell, its value as learnt, and in brackets exactly:',
    ...gridMap.map((line, row) =>
      `  ${line
        .split('')
        .map((mark, column) => cellText(mark, at(row, column)))
        .join(' ')}`.trimEnd(),
    ),
    `values are off by ${errorOfValues(cells).toFixed(3)}, root mean square; its actions cost ${Math.max(...cells.map(({ regret }) => regret)).toFixed(3)} at most`,
  ].join('\n')
}

/** Trains an agent on the backend that `rim` opens, and says so on its streams. */
export const trainAgentAt = async (
  rim: AgentRim,
  agent: string,
  environment: string,
  options: AgentTrainingOptions,
): Promise<ExitCode> => {
  const { out, err, now } = rim
  const { json } = options
  const { ink, status, say, refuse } = voiceOf(rim, json, whyOf, exitOfInterruption)
  const refused = (error: EtalonError): ExitCode => refuse({ why: 'error', error })

  const problem = deviceProblem(options.device, options.backend ?? 'webgpu')
  if (problem !== undefined) {
    complainTo(err)(problem)
    return exit.usage
  }
  const planned = agentTrainingNamed(agent, environment, options)
  if (E.isLeft(planned)) return refused(planned.left)
  const training = planned.right
  // whether there is a place for the state is asked before the work
  const target: either.Either<EtalonError, Target | undefined> =
    options.checkpoint === undefined ? E.right(undefined) : await writable(options.checkpoint)
  if (E.isLeft(target)) return refused(target.left)
  const from =
    options.resume === undefined
      ? E.right<EtalonError, AgentState>(training.start)
      : await fromFile(training, options.resume)()
  if (E.isLeft(from)) return refused(from.left)
  status.show('opening a device …')
  const opened = await rim.open(options.device, options.backend)()
  if (E.isLeft(opened)) return refused(opened.left)
  const ours = (options.backend ?? 'webgpu') === 'webgpu' && options.caseTimeout === undefined
  const backend = ours ? opened.right : guarded(opened.right, { limit: timeLimit(options.caseTimeout ?? longTimeout) })

  say(headOf(training, backend))
  if (options.resume !== undefined)
    say(
      `goes on after ${from.right.progress.steps} steps (${options.resume})${agentIsOver(training, from.right.progress) ? '; nothing is left to learn, and more --steps go on from there' : ''}`,
    )
  const started = now()
  let worstRatio = 0
  let last = from.right.progress
  let kept: { readonly file: string; readonly steps: number } | undefined
  const keep = async (state: AgentState): Promise<Result<void>> => {
    if (target.right === undefined) return E.right(undefined)
    const written = await writeWhole(target.right, encodeSafetensors(agentCheckpoint(training, state)))
    if (E.isRight(written)) kept = { file: options.checkpoint ?? '', steps: state.progress.steps }
    return written
  }
  const ofCommand = rim.args ?? ['train-agent', agent, environment]
  const stop = (): boolean => rim.interrupted?.() === true
  const work = async (): Promise<ExitCode> => {
    const ended = await trainAgent<Guilty>(training, backend, {
      from: from.right,
      stop,
      ...(target.right === undefined ? {} : { keep }),
      values: (update) => (update <= options.lockstep ? everyValue(training.program) : []),
      listen: async (event) => {
        if (event.kind === 'point') {
          const { steps, episodes, mean } = event.point
          // a backend that never waits for anything outside would keep signals from being heard
          await new Promise((resolve) => void setImmediate(resolve))
          say(
            `step ${String(steps).padStart(7)}  ${String(episodes).padStart(6)} episodes  mean return ${fixed(mean).padStart(7)}`,
          )
          return E.right(undefined)
        }
        last = event.progress
        status.show(
          `${bar(shareOf(training, last))} step ${last.steps}, update ${last.updates}, loss ${event.loss.toFixed(4)}`,
        )
        if (last.updates > options.lockstep) return E.right(undefined)
        const verdict = judged(training, rim, backend.depth, event)
        if (E.isLeft(verdict)) return verdict
        const { nodes, worst } = verdict.right
        worstRatio = Math.max(worstRatio, worst.judgement.worst.ratio)
        say(
          `update ${last.updates} in lockstep: ${nodes} nodes within bounds, worst error ÷ bound ${worst.judgement.worst.ratio.toPrecision(3)} at ${worst.node}`,
        )
        return E.right(undefined)
      },
    })()
    if (E.isLeft(ended)) {
      const code = refuse(ended.left)
      if (kept !== undefined)
        complainTo(err)(
          `its state after ${kept.steps} steps is in ${kept.file}; to go on:\n  ${goingOn(ofCommand, kept.file)}`,
        )
      return code
    }
    const state = ended.right
    const written = state.progress.steps === from.right.progress.steps ? E.right(undefined) : await keep(state)
    if (E.isLeft(written)) return refused(written.left)
    if (!agentIsOver(training, state.progress)) {
      say(`interrupted after ${state.progress.steps} of ${training.recipe.steps} steps`)
      say(
        kept === undefined
          ? 'nothing of it is kept: with --checkpoint FILE its state would be, and --resume FILE would go on'
          : `its state is in ${kept.file}; to go on:\n  ${goingOn(ofCommand, kept.file)}`,
      )
      return exit.interrupted
    }
    const seconds = (now() - started) / 1000
    status.show(`playing ${options.episodes} episodes …`)
    const evaluated = await evaluateAgent(training, backend, state.tensors, options.episodes)()
    if (E.isLeft(evaluated)) return refused(evaluated.left)
    const grid: Result<readonly CellValue[]> =
      environment === 'gridworld' ? await gridValues(training, backend, state.tensors)() : E.right([])
    if (E.isLeft(grid)) return refused(grid.left)
    say(ink.strong(resultOf(training, evaluated.right)))
    if (grid.right.length > 0) say(gridText(grid.right))
    say(`${state.progress.steps} steps, ${state.progress.updates} updates in ${seconds.toFixed(1)} s`)
    if (json === true) {
      const { success } = training.environment
      out.write(
        `${JSON.stringify({
          agent,
          environment,
          seed: options.seed,
          parameters: parameterCount(training.network),
          steps: state.progress.steps,
          updates: state.progress.updates,
          trainingEpisodes: state.progress.episodes,
          episodes: options.episodes,
          meanReturn: evaluated.right.mean,
          ...(success === undefined
            ? {}
            : { [success.called]: evaluated.right.returns.filter(success.by).length / options.episodes }),
          returns: evaluated.right.returns,
          curve: state.progress.curve,
          ...(grid.right.length === 0 ? {} : { values: grid.right, errorOfValues: errorOfValues(grid.right) }),
          seconds,
          recipe: training.recipe,
          ...(options.lockstep > 0
            ? { lockstep: { updates: Math.min(options.lockstep, state.progress.updates), worstRatio } }
            : {}),
          fingerprint: backend.fingerprint,
        })}\n`,
      )
    }
    return exit.ok
  }
  return work().finally(() => closing(rim, backend))
}

const share = (text: string): number => {
  const value = atLeastZero(text)
  if (value > 1) throw new InvalidArgumentError('A number from 0 to 1 is wanted.')
  return value
}

const units = (text: string): readonly number[] => text.split(',').map(wholeNumber(1))

const anyNumber = (text: string): number => {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('A number is wanted.')
  return value
}

/** `etalon train-agent AGENT ENVIRONMENT`: deep reinforcement learning on the device. */
export const trainAgentCommand: Subcommand = (command, end) =>
  void command
    .argument('<agent>', agentNames.join(', '))
    .argument('<environment>', environments.map(({ name }) => name).join(', '))
    .option('--seed <n>', 'of the first weights, the actions and all that is drawn', wholeNumber(0), 1)
    .option('--steps <n>', 'steps of the environment, in all places together', wholeNumber(1))
    .option('--until <return>', 'over as soon as the last 100 episodes have this mean return', anyNumber)
    .option('--places <n>', 'environments side by side: a forward is for all of them', wholeNumber(1))
    .option('--hidden <units>', 'units of the hidden layers, with commas between', units)
    .option('--discount <gamma>', 'what a reward a step later is worth', share)
    .option('--learning-rate <rate>', 'of Adam, at first: it falls to 0 with the last step', atLeastZero)
    .option('--horizon <n>', 'actorCritic: steps of each place between updates', wholeNumber(1))
    .option('--lambda <share>', 'actorCritic: how far an advantage looks ahead', share)
    .option('--entropy <weight>', 'policies: how much their entropy counts', atLeastZero)
    .option('--batch <n>', 'Q-learning: transitions in an update', wholeNumber(1))
    .option('--capacity <n>', 'Q-learning: transitions that are remembered', wholeNumber(1))
    .option('--updates <n>', 'Q-learning: updates after each step of all places', wholeNumber(1))
    .option('--copy-every <n>', 'Q-learning: updates between copies to the target network', wholeNumber(1))
    .option('--episodes <n>', 'new episodes by which it is judged in the end', wholeNumber(1), 100)
    .option('--lockstep <n>', 'judge the first n updates node by node against the reference', wholeNumber(0), 0)
    .option('--checkpoint <file>', 'write the whole state here, some 30 times and on Ctrl-C (safetensors)')
    .option('--resume <file>', 'go on from such a file, to the same bits as if never interrupted')
    .addOption(backendOption())
    .addOption(longTimeoutOption('an update'))
    .addOption(deviceOption())
    .option('--json', 'the last line on standard output is an object with meanReturn; the rest goes to standard error')
    .addHelpText(
      'after',
      `
reinforce and actorCritic learn how likely each action is to be taken, dqn and
doubleDqn what it is worth. What is not given is a recipe's, which --json tells.`,
    )
    .action(async (agent: string, environment: string, options: AgentTrainingOptions) => {
      const rim = processRim()
      let interrupted = false
      // a second one ends the process, as it does without all this
      process.once('SIGINT', () => {
        interrupted = true
        complainTo(rim.err)('stops after this update; Ctrl-C again ends at once')
      })
      end(
        await trainAgentAt(
          { ...rim, interrupted: () => interrupted, args: process.argv.slice(2) },
          agent,
          environment,
          options,
        ),
      )
    })
