import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { EtalonError } from '../../spec/error.js'
import type { Tensor } from '../../spec/tensor.js'
import { generate, tensor } from '../../spec/tensor.js'
import type { AgentName, AgentProgress, AgentTraining, Recipe } from '../../training/agents/agent.js'
import { agentTrainingOf, isPolicy, numbersOf, shareOf } from '../../training/agents/agent.js'
import { cartpole } from '../../training/agents/cartpole.js'
import { catching } from '../../training/agents/catch.js'
import type { Environment, EnvironmentState } from '../../training/agents/environment.js'
import { keyAt } from '../../training/agents/environment.js'
import type { CellValue } from '../../training/agents/gridValues.js'
import { arrows, errorOfValues, gridValues } from '../../training/agents/gridValues.js'
import { gridMap, gridModel, gridworld } from '../../training/agents/gridworld.js'
import { recipeFor } from '../../training/agents/recipes.js'
import { largestOf } from '../../training/agents/returns.js'
import type { AgentEvaluation } from '../../training/agents/run.js'
import { answersOf, evaluateAgent, trainAgent } from '../../training/agents/run.js'
import { valueIteration } from '../../training/agents/valueIteration.js'
import { inTurn, partOf, sized } from './classroom.js'
import type { Classroom, Lesson, Picture, Section } from './lesson.js'
import { heading, images, lines, percent, table, text } from './lesson.js'

type Task<A> = taskEither.TaskEither<EtalonError, A>

interface Pupil {
  readonly agent: AgentName
  readonly environment: Environment
  /** in place of the recipe's, so that the lesson stays short */
  readonly steps?: number
  /** how long it takes beside the others */
  readonly weight: number
}

const called: Readonly<Record<AgentName, string>> = {
  reinforce: 'REINFORCE with a baseline',
  actorCritic: 'Actor-critic',
  dqn: 'DQN',
  doubleDqn: 'Double DQN',
}

const pupils: readonly Pupil[] = [
  { agent: 'actorCritic', environment: gridworld, steps: 40_000, weight: 2 },
  { agent: 'dqn', environment: gridworld, steps: 15_000, weight: 2 },
  { agent: 'doubleDqn', environment: gridworld, steps: 15_000, weight: 2 },
  { agent: 'reinforce', environment: cartpole, steps: 80_000, weight: 4 },
  { agent: 'actorCritic', environment: cartpole, steps: 120_000, weight: 6 },
  { agent: 'dqn', environment: cartpole, steps: 10_000, weight: 4 },
  { agent: 'doubleDqn', environment: cartpole, steps: 10_000, weight: 4 },
  { agent: 'dqn', environment: catching, steps: 12_000, weight: 4 },
]

const mostPlaces = 16

/** The recipe in this room: of a small one fewer places and rows, so that it runs anywhere. */
const recipeIn = (room: Classroom, { agent, environment, steps }: Pupil): Recipe => {
  const recipe = recipeFor(agent, environment, room.seed)
  const few = {
    // what is least comes to an update all the same
    steps: sized(room, steps ?? recipe.steps, isPolicy(recipe) ? 16 : recipe.batch),
    places: Math.min(recipe.places, sized(room, 10 * mostPlaces, 1)),
  }
  return isPolicy(recipe)
    ? { ...recipe, ...few }
    : { ...recipe, ...few, warmup: Math.min(recipe.warmup, few.steps / 2) }
}

interface Outcome {
  readonly pupil: Pupil
  readonly training: AgentTraining
  readonly progress: AgentProgress
  readonly evaluation: AgentEvaluation
  /** what it holds of the grid, where it learnt that */
  readonly cells: readonly CellValue[]
  /** pictures of one episode, where it learnt to catch */
  readonly frames: readonly Tensor[]
}

/** What became of an agent: nothing of one whose loss left the finite numbers. */
interface Taught {
  readonly pupil: Pupil
  readonly outcome?: Outcome
}

/** One episode by the largest answers, picture by picture. */
const framesOf = (
  room: Classroom,
  training: AgentTraining,
  tensors: Readonly<Record<string, Tensor>>,
  state: EnvironmentState,
  before: readonly Tensor[] = [],
): Task<readonly Tensor[]> => {
  const { environment, network } = training
  const [, height = 1, width = 1] = environment.shape
  const seen = [...before, tensor([height, width], environment.observe(state))]
  return F.pipe(
    answersOf(training, room.backend, tensors, [state]),
    TE.flatMap((answered) => {
      const action = largestOf(numbersOf(answered, network.output), 0, environment.actions)
      const { state: next, end } = environment.step(state, action, [0, 0])
      return end
        ? TE.right([...seen, tensor([height, width], environment.observe(next))])
        : framesOf(room, training, tensors, next, seen)
    }),
  )
}

const taughtIn =
  (whole: Classroom) =>
  (room: Classroom, pupil: Pupil): Task<Taught> =>
  async () => {
    const planned = agentTrainingOf(pupil.environment, recipeIn(whole, pupil))
    if (E.isLeft(planned)) return planned
    const training = planned.right
    const name = `${called[pupil.agent]} on ${pupil.environment.name}`
    const ended = await trainAgent(training, room.backend, {
      listen: async (event) => {
        if (event.kind === 'update')
          room.tell(
            shareOf(training, event.progress),
            `${name}: step ${event.progress.steps} of ${training.recipe.steps}, loss ${event.loss.toFixed(4)}`,
          )
        return E.right(undefined)
      },
    })()
    room.tell(1, `${name}: playing`)
    if (E.isLeft(ended)) return ended.left.why === 'error' ? E.left(ended.left.error) : E.right({ pupil })
    const { tensors, progress } = ended.right
    return F.pipe(
      TE.Do,
      TE.bind('evaluation', () => evaluateAgent(training, room.backend, tensors, sized(whole, 100, 2))),
      TE.bind('cells', (): Task<readonly CellValue[]> =>
        pupil.environment === gridworld ? gridValues(training, room.backend, tensors) : TE.right([]),
      ),
      TE.bind('frames', (): Task<readonly Tensor[]> =>
        pupil.environment === catching
          ? framesOf(room, training, tensors, catching.start(keyAt([0, 0], room.seed, 0, 0)))
          : TE.right([]),
      ),
      TE.map((found): Taught => ({ pupil, outcome: { pupil, training, progress, ...found } })),
    )()
  }

const [rows, columns] = [gridMap.length, gridMap[0]?.length ?? 0]

/** The grid as a picture of values; what one does not act from has its reward, and the wall 0. */
const valuePicture = (label: string, of: (cell: number) => number | undefined): Picture => ({
  label,
  pixels: generate([rows, columns], (i) => {
    const mark = gridMap[Math.floor(i / columns)]?.[i % columns]
    return mark === '+' ? 1 : mark === '-' ? -1 : (of(i) ?? 0)
  }),
})

const curvesOf = (caption: string, outcomes: readonly Outcome[], most: number): Section =>
  lines(caption, {
    x: { label: 'steps of the environment' },
    y: { label: 'mean return', to: most },
    lines: outcomes.map(({ pupil: { agent }, progress: { curve } }) => ({
      name: called[agent],
      points: curve.map(({ steps, mean }) => [steps, mean] as const),
    })),
  })

const gridSections = (outcomes: readonly Outcome[]): readonly Section[] => {
  const exact = outcomes[0]?.cells ?? []
  const closest = outcomes.reduce<Outcome | undefined>(
    (a, b) => (a === undefined || errorOfValues(b.cells) < errorOfValues(a.cells) ? b : a),
    undefined,
  )
  const costOf = ({ cells }: Outcome): number => Math.max(...cells.map(({ regret }) => regret))
  return [
    heading('A grid: what is learnt beside what is so'),
    table(
      'The value of each cell, by row and column, and what is done there',
      ['cell', 'exact', ...outcomes.map(({ pupil: { agent } }) => called[agent])],
      exact.map(({ cell, exact: value }, at) => [
        `${Math.floor(cell / columns) + 1}, ${(cell % columns) + 1}`,
        value.toFixed(3),
        ...outcomes.map(({ cells }) => {
          const found = cells[at]
          return `${found === undefined ? '' : arrows[found.action]} ${found?.learnt.toFixed(3)}`
        }),
      ]),
    ),
    images('Values: blue below 0, red above. The corner above is worth 1, the one below −1, the wall nothing', {
      colours: 'signed',
      range: [-1, 1],
      zoom: 24,
      rows: [
        {
          pictures: [
            valuePicture('exact', (cell) => exact.find((each) => each.cell === cell)?.exact),
            ...outcomes.map(({ pupil: { agent }, cells }) =>
              valuePicture(called[agent], (cell) => cells.find((each) => each.cell === cell)?.learnt),
            ),
          ],
        },
      ],
    }),
    text(
      ...outcomes.map(
        (one) =>
          `${called[one.pupil.agent]} is off by ${errorOfValues(one.cells).toFixed(3)} (root mean square), and ${costOf(one) < 1e-9 ? 'does the best everywhere' : `loses ${costOf(one).toFixed(3)} where it does worst`}.`,
      ),
      closest === undefined ? '' : `Nearest to the exact values is ${called[closest.pupil.agent]}.`,
      'An actor’s critic values what its actor does, draws that are not the best among it; Q-learning values the best that it knows of.',
    ),
  ]
}

const solved = 475

const poleSections = (outcomes: readonly Outcome[]): readonly Section[] => [
  heading('A pole on a cart: who learns it, and how steadily'),
  curvesOf('Mean return of the episodes while learning; 500 is the most there is', outcomes, 500),
  table(
    'Afterwards, on new episodes, when each does what it holds for best',
    ['agent', 'steps', 'updates', 'mean return', 'least', 'most'],
    outcomes.map(({ pupil: { agent }, progress, evaluation: { mean, returns } }) => [
      called[agent],
      progress.steps,
      progress.updates,
      mean.toFixed(1),
      Math.min(...returns),
      Math.max(...returns),
    ]),
  ),
  text(
    ...outcomes.map(({ pupil: { agent }, evaluation: { mean } }) =>
      mean >= solved
        ? `${called[agent]} keeps the pole up: ${mean.toFixed(1)} of 500, where ${solved} counts as solved.`
        : `${called[agent]} does not come to ${solved}: ${mean.toFixed(1)}.`,
    ),
    ...outcomes.flatMap(({ pupil: { agent }, progress: { curve } }) => {
      const best = Math.max(...curve.map(({ mean }) => mean))
      const last = curve.at(-1)?.mean ?? best
      return last < 0.7 * best
        ? [`${called[agent]} had been at ${best.toFixed(0)} on the way and fell to ${last.toFixed(0)}.`]
        : []
    }),
  ),
]

const catchSections = (outcomes: readonly Outcome[]): readonly Section[] =>
  outcomes.length === 0
    ? []
    : [
        heading('Catch, from pixels'),
        curvesOf('Mean return while learning: 1 is a catch, −1 a miss', outcomes, 1),
        ...outcomes.flatMap(({ pupil: { agent }, evaluation: { returns }, frames, training }) => {
          const share = returns.filter((total) => training.environment.success?.by(total)).length / returns.length
          return [
            text(
              `${called[agent]} catches ${percent(share)} of ${returns.length} new balls; nobody told it which pixels are ball and which are paddle.`,
            ),
            images('One ball, picture by picture', {
              colours: 'ink',
              range: [0, 1],
              zoom: 8,
              rows: [{ pictures: frames.map((pixels, step) => ({ label: `${step}`, pixels })) }],
            }),
          ]
        }),
      ]

export const reinforcement: Lesson = {
  name: 'reinforcement',
  title: 'Learning to act: rewards instead of answers',
  question: 'Nobody says which action would have been right, only, now and then, how good it was. Is that enough?',
  source:
    'slide "Deep reinforcement learning"; Sutton and Barto, 2018; Williams, 1992; Mnih et al., 2013, 2015 and 2016; van Hasselt et al., 2016; Barto, Sutton and Anderson, 1983',
  theory: [
    'An agent sees a state s, does an action a, gets a reward r and sees the next state s′. The value of a state is what can be had from it: V(s) = max_a E[r + γ·V(s′)], Bellman’s equation. Where all probabilities are known it can be solved by going through the states until nothing changes; an agent knows none of them and has to try.',
    'A policy’s gradient: ∇E[G] = E[(G − V(s))·∇log π(a|s)], whatever V is. REINFORCE takes the return G of whole episodes, and learns V as a baseline; an actor with a critic takes r + γ·V(s′) after a few steps, which is wrong as far as the critic is, and varies less. In ops it is the softmax’s cross-entropy with a target of G − V(s) at the action taken.',
    'Q-learning: Q(s, a) is drawn towards r + γ·max_a Q⁻(s′, a), over transitions drawn from a memory, by a target network Q⁻ that stands still for a while. The maximum of guesses is a guess that is too high; double Q-learning lets one network choose and the other value. Nothing says that this settles, and it does not always.',
  ],
  ops: ['softmaxCrossEntropy', 'logSoftmax', 'mse', 'adam'],
  readsDigits: false,
  next: [
    { idea: 'Other first weights and other draws.', command: 'etalon lesson reinforcement --seed 2' },
    {
      idea: 'One agent by itself, its first updates judged node by node.',
      command: 'etalon train-agent actorCritic cartpole --lockstep 2',
    },
    {
      idea: 'A target network that is copied at every update, so that it is none: does Q-learning still settle?',
      command: 'etalon train-agent dqn cartpole --copy-every 1',
    },
  ],
  run: (room) =>
    F.pipe(
      inTurn(partOf(room, 0, 1), pupils, taughtIn(room), ({ weight }) => weight),
      TE.bindTo('all'),
      TE.bind('solution', () =>
        TE.fromEither(valueIteration(gridModel, recipeFor('dqn', gridworld, room.seed).discount)),
      ),
      TE.map(({ all, solution: { sweeps } }) => {
        const outcomes = all.flatMap(({ outcome }) => (outcome === undefined ? [] : [outcome]))
        const lost = all.filter(({ outcome }) => outcome === undefined)
        const of = (environment: Environment): readonly Outcome[] =>
          outcomes.filter(({ pupil }) => pupil.environment === environment)
        return {
          done: [
            `Value iteration went through the ${gridModel.states.length} cells of the grid ${sweeps} times. ${outcomes.length} trainings: ${outcomes.map(({ pupil, progress }) => `${called[pupil.agent]} on ${pupil.environment.name}, ${progress.steps} steps`).join('; ')}. ${sized(room, 100, 2)} new episodes judge each.`,
          ],
          sections: [
            ...gridSections(of(gridworld)),
            ...poleSections(of(cartpole)),
            ...catchSections(of(catching)),
            ...(lost.length === 0
              ? []
              : [
                  text(
                    ...lost.map(
                      ({ pupil }) =>
                        `The loss of ${called[pupil.agent]} on ${pupil.environment.name} left the finite numbers, and nothing of it is shown.`,
                    ),
                  ),
                ]),
          ],
          figures: Object.fromEntries([
            ['sweeps of value iteration', sweeps],
            ...outcomes.flatMap(({ pupil: { agent, environment }, evaluation: { mean, returns }, cells, training }) => [
              [`mean return, ${agent} on ${environment.name}`, mean] as const,
              ...(cells.length === 0
                ? []
                : [[`error of values, ${agent} on gridworld`, errorOfValues(cells)] as const]),
              ...(training.environment.success === undefined
                ? []
                : [
                    [
                      `caught, ${agent}`,
                      returns.filter(training.environment.success.by).length / returns.length,
                    ] as const,
                  ]),
            ]),
          ]),
        }
      }),
    ),
}
