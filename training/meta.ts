import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { Backend, Session } from '../spec/backend.js'
import { sessionOf } from '../spec/backend.js'
import { differentiate, gradientName } from '../spec/differentiate.js'
import type { EtalonError, Result } from '../spec/error.js'
import { ensure } from '../spec/error.js'
import type { Network } from '../spec/networks/network.js'
import { initialKept } from '../spec/networks/network.js'
import type { LossName } from '../spec/networks/zoo.js'
import type { Draws } from '../spec/philox.js'
import type { Program, ProgramNode } from '../spec/program.js'
import { checkProgram } from '../spec/program.js'
import type { Value } from '../spec/second/values.js'
import { plus, scaled } from '../spec/second/values.js'
import { writtenDown } from '../spec/second/written.js'
import type { Shape, Tensor, Tensors } from '../spec/tensor.js'
import { generate, scalar } from '../spec/tensor.js'
import type { Names } from './placed.js'
import { placed, same } from './placed.js'
import type { Optimizer } from './step.js'
import { attributesOf, initialState, keptBy, keptShape, lossProgram, nextOf, stateName, updateOf } from './step.js'

/**
 * Learning to learn: parameters θ from which few steps of gradient descent on a few examples of a new task go far.
 *
 *   θ₀ = θ,   θ_{k+1} = θ_k − α·∇L_support(θ_k),   k < K
 *
 *   MAML              θ ← θ − β·mean over tasks of ∇_θ L_query(θ_K), through the steps: their gradients are differentiated
 *   first-order MAML  the same with ∇L_query at θ_K itself, as if the steps were a constant shift
 *   Reptile           θ ← θ + β·mean of (θ_K − θ), without a query
 *
 * What a task's steps come to is one program, which any backend runs; of MAML's, second derivatives and all.
 *
 * Source  Finn, Abbeel, Levine, "Model-agnostic meta-learning for fast adaptation of deep networks", 2017; Nichol, Achiam,
 *         Schulman, "On first-order meta-learning algorithms", 2018
 */
export type MetaAlgorithm = 'maml' | 'firstOrderMaml' | 'reptile'

export interface Examples {
  readonly x: Tensor
  readonly target: Tensor
}

/** What is learnt from, and what is asked after. */
export interface Task {
  readonly support: Examples
  readonly query: Examples
}

/** How a task is learnt from inside. */
export interface InnerSteps {
  readonly loss: LossName
  /** K */
  readonly steps: number
  /** α */
  readonly rate: number
  /**
   * the parameters that the steps move, or all. Of one step from a last layer of 0 that layer's are all: no gradient goes
   * through it. Few of them make steps cheap (Raghu et al., "Rapid learning or feature reuse?", 2020).
   */
  readonly moved?: readonly string[]
}

/** What a task's steps come to, and where that stands in the program. */
export interface TaskProgram {
  readonly program: Program
  /** θ_K, by parameter */
  readonly adapted: Readonly<Record<string, string>>
  /** the gradient of the query's loss with respect to θ, or to θ_K of the first order, by parameter */
  readonly gradients: Readonly<Record<string, string>>
  /** the query's loss at θ_K */
  readonly loss: string
  /** the scalars that are fed 1: cotangents of losses */
  readonly ones: readonly string[]
}

/** The parameters after one more step, and the nodes that make them. */
interface Stepped {
  readonly nodes: readonly ProgramNode[]
  readonly parameters: Names
}

const one = 'support.one'

interface InnerStep {
  readonly parameter: string
  readonly gradient: string
  readonly rate: number
}

interface Moved {
  readonly name: string
  readonly nodes: readonly ProgramNode[]
  /** the value that holds the parameter after the step */
  readonly value: string
}

/** A step as a sum, which can be differentiated. */
const steppedThrough = (
  prefix: string,
  name: string,
  { shape }: { readonly shape: Shape },
  { parameter, gradient, rate }: InnerStep,
): Moved => {
  const at = (value: string): Value => ({ name: value, shape })
  const moved = plus(at(parameter), scaled(-Math.fround(rate), at(gradient)))
  const written = writtenDown(`${prefix}.${name}`, [moved])
  return { name, nodes: written.nodes, value: written.nameOf(moved) }
}

/** The same by the optimizer's op, in one node: nothing of the first order goes through it. */
const steppedOnly = (prefix: string, name: string, { parameter, gradient, rate }: InnerStep): Moved => {
  const value = `${prefix}.${name}`
  const node: ProgramNode = {
    name: `${value}.step`,
    op: 'sgd',
    direction: 'forward',
    attrs: { learningRate: Math.fround(rate) },
    inputs: { w: parameter, g: gradient },
    cotangents: {},
    outputs: { w: value },
  }
  return { name, nodes: [node], value }
}

/**
 * The steps of a task and the gradient of its query's loss, as a program. `support` and `query` are one network, for as many
 * examples as each has.
 *
 * Feeds   support.x, support.target, query.x, query.target, the parameters, and 1 for each of `ones`
 * Errors  AttributeOutOfRange – fewer than 0 steps or a rate that is no number; MissingInput – moved parameters that the
 *         network has not; NoBackward – of the second order, an op of the
 *         network without a second derivative; and what `lossProgram` and `differentiate` refuse
 */
export const taskProgram = (
  support: Network,
  query: Network,
  { loss, steps, rate, moved = Object.keys(support.parameters) }: InnerSteps,
  order: 'first' | 'second',
): Result<TaskProgram> => {
  const names = Object.keys(support.parameters)
  return F.pipe(
    E.Do,
    E.tap(() =>
      ensure(
        Number.isSafeInteger(steps) && steps >= 0 && Number.isFinite(rate),
        'AttributeOutOfRange',
        `a task takes ${steps} steps at the rate ${rate}; a whole number of at least 0 and a finite rate are wanted`,
      ),
    ),
    E.tap(() => {
      const stranger = moved.find((name) => support.parameters[name] === undefined)
      return ensure(stranger === undefined, 'MissingInput', `moved: the network has no parameter ${stranger}`)
    }),
    E.bind('inner', () => lossProgram(support, { loss })),
    E.bind('asked', () => lossProgram(query, { loss })),
    E.bind('step', ({ inner }) => differentiate({ ...inner, carry: {} }, 'loss', moved)),
    // what the network itself is fed, or keeps, it has in every step
    E.let('own', ({ inner }) =>
      Object.keys(inner.inputs).filter((name) => name !== 'x' && name !== 'target' && !names.includes(name)),
    ),
    E.let('walk', ({ step, own }) =>
      Array.from({ length: steps }, (_, k) => k + 1).reduce<Stepped>(
        ({ nodes, parameters }, k) => {
          const prefix = `step${k}`
          const known = { ...same(own), ...parameters, x: 'support.x', target: 'support.target', [step.seed]: one }
          const next = moved.map((name) =>
            order === 'second'
              ? steppedThrough(prefix, name, support.parameters[name] as { readonly shape: Shape }, {
                  parameter: parameters[name] as string,
                  gradient: `${prefix}.${step.gradients[name]}`,
                  rate,
                })
              : steppedOnly(prefix, name, {
                  parameter: parameters[name] as string,
                  gradient: `${prefix}.${step.gradients[name]}`,
                  rate,
                }),
          )
          return {
            nodes: [...nodes, ...placed(prefix, step.program, known), ...next.flatMap((each) => each.nodes)],
            parameters: { ...parameters, ...Object.fromEntries(next.map(({ name, value }) => [name, value])) },
          }
        },
        { nodes: [], parameters: Object.fromEntries(names.map((name) => [name, name])) },
      ),
    ),
    E.bind('forward', ({ inner, asked, walk, own }) => {
      const known = { ...same(own), ...walk.parameters, x: 'query.x', target: 'query.target' }
      return E.right({
        inputs: {
          ...Object.fromEntries([...own, ...names].map((name) => [name, inner.inputs[name] as Shape])),
          'support.x': inner.inputs['x'] as Shape,
          'support.target': inner.inputs['target'] as Shape,
          'query.x': asked.inputs['x'] as Shape,
          'query.target': asked.inputs['target'] as Shape,
          [one]: [],
        },
        nodes: [...walk.nodes, ...placed('query', asked, known)],
        outputs: ['query.loss'],
        carry: {},
      } satisfies Program)
    }),
    E.bind('whole', ({ forward, walk }) =>
      differentiate(
        forward,
        'query.loss',
        order === 'second' ? names : names.map((name) => walk.parameters[name] as string),
      ),
    ),
    E.map(({ walk, whole }) => ({
      program: whole.program,
      adapted: walk.parameters,
      gradients: Object.fromEntries(
        names.map((name) => [
          name,
          whole.gradients[order === 'second' ? name : (walk.parameters[name] as string)] as string,
        ]),
      ),
      loss: 'query.loss',
      ones: [one, whole.seed],
    })),
  )
}

/** Feeds of a task's program, by its names. */
export const taskFeeds = ({ ones }: TaskProgram, task: Task, parameters: Tensors): Tensors => ({
  ...parameters,
  ...examplesOfTask(task),
  ...Object.fromEntries(ones.map((name) => [name, scalar(1)])),
})

/** How θ itself is learnt. */
export interface MetaMethod extends InnerSteps {
  readonly algorithm: MetaAlgorithm
  /** what makes a step of the mean gradient; of Reptile, whose gradient is θ − θ_K, `sgd` gives the plain rule */
  readonly optimizer: Optimizer
  /** β */
  readonly metaRate: number
  /** parameters of θ that stay as they are: a task's own steps move them, learning over tasks does not */
  readonly frozen?: readonly string[]
}

/** The parameters and what the optimizer keeps of them, after so many steps; and the mean loss of the last step's queries. */
export interface MetaState {
  readonly state: Tensors
  readonly loss: number
}

/** Learning over batches of tasks, ready to run. */
export interface MetaLearner {
  readonly begun: (parameters: Tensors) => MetaState
  /** a step as one program over so many tasks: the state is what it carries */
  readonly programOf: (tasks: number) => Result<MetaProgram>
  readonly step: (
    backend: Backend,
    before: MetaState,
    tasks: readonly Task[],
  ) => taskEither.TaskEither<EtalonError, MetaState>
  /** the same steps over so many tasks each, recorded once, with the state where the backend computes */
  readonly open: (backend: Backend, before: MetaState, tasks: number) => taskEither.TaskEither<EtalonError, MetaSession>
}

/** A step of meta-learning, over all tasks of a batch side by side. */
export interface MetaProgram {
  readonly program: Program
  /** the loss of each task's query */
  readonly losses: readonly string[]
  /** what it is fed beside the state */
  readonly feeds: (tasks: readonly Task[], metaRate: number) => Tensors
}

export interface MetaSession {
  /** takes a step, at the method's β or another, and answers the mean loss of its queries before it */
  readonly step: (tasks: readonly Task[], metaRate?: number) => taskEither.TaskEither<EtalonError, number>
  readonly state: taskEither.TaskEither<EtalonError, Tensors>
  readonly close: Session['close']
}

const share = 'share'
const inTask = (t: number, value: string): string => `task${t}.${value}`
const examplesOfTask = ({ support, query }: Task): Tensors => ({
  'support.x': support.x,
  'support.target': support.target,
  'query.x': query.x,
  'query.target': query.target,
})

/**
 * The step of a batch: every task from the same θ, the mean of what they ask for, and the optimizer's step. A share of 1/tasks
 * is the cotangent of each query's loss, so that the gradients add up to the mean's.
 */
const metaProgram = (
  support: Network,
  task: TaskProgram,
  { algorithm, optimizer, frozen = [] }: MetaMethod,
  tasks: number,
): Result<MetaProgram> => {
  const all = Object.entries(support.parameters).map(([name, { shape }]) => [name, shape] as const)
  const shapes = all.filter(([name]) => !frozen.includes(name))
  const kept = shapes.flatMap(([name, shape]) =>
    keptBy(optimizer).map((input) => [stateName(name, input), keptShape(optimizer, input, shape)] as const),
  )
  const found = algorithm === 'reptile' ? task.adapted : task.gradients
  const places = Array.from({ length: tasks }, (_, t) => t)
  const [inner, outer] = task.ones as readonly [string, string]
  const isExample = (name: string): boolean => /^(support|query)\.(x|target)$/.test(name)
  const shared = Object.entries(task.program.inputs).filter(([name]) => !isExample(name) && !task.ones.includes(name))
  const known = { ...same(shared.map(([name]) => name)), [inner]: inner, [outer]: share }
  const nameIn = (t: number, value: string): string => (known as Names)[value] ?? inTask(t, value)
  const gradientOf = (name: string, shape: Shape): Value => {
    const at = (value: string): Value => ({ name: value, shape })
    const sum = places.map((t) => at(nameIn(t, found[name] as string))).reduce((a, b) => plus(a, b))
    return algorithm === 'reptile' ? plus(at(name), scaled(-Math.fround(1 / tasks), sum)) : sum
  }
  return F.pipe(
    E.Do,
    E.tap(() => ensure(tasks > 0, 'MissingInput', 'a step of meta-learning wants at least one task')),
    E.bind('attrs', () => attributesOf(optimizer)),
    E.map(({ attrs }): MetaProgram => {
      const updates = shapes.flatMap(([name, shape]) => {
        const gradient = gradientOf(name, shape)
        const written = writtenDown(gradientName(name), [gradient])
        return [...written.nodes, updateOf(optimizer, attrs)(name, written.nameOf(gradient))]
      })
      const losses = places.map((t) => inTask(t, task.loss))
      return {
        program: {
          inputs: {
            ...Object.fromEntries(shared),
            ...Object.fromEntries(kept),
            ...Object.fromEntries(
              places.flatMap((t) =>
                Object.entries(task.program.inputs).flatMap(([name, shape]) =>
                  isExample(name) ? [[inTask(t, name), shape] as const] : [],
                ),
              ),
            ),
            [inner]: [],
            [share]: [],
            learningRate: [],
          },
          nodes: [...places.flatMap((t) => placed(`task${t}`, task.program, known)), ...updates],
          outputs: losses,
          carry: {
            ...Object.fromEntries(frozen.map((name) => [name, name])),
            ...Object.fromEntries(kept.map(([value]) => [value, nextOf(value)])),
          },
        },
        losses,
        feeds: (batch, metaRate) => ({
          ...initialKept(support),
          ...Object.fromEntries(
            batch.flatMap((each, t) =>
              Object.entries(examplesOfTask(each)).map(([name, value]) => [inTask(t, name), value] as const),
            ),
          ),
          [inner]: scalar(1),
          [share]: scalar(Math.fround(1 / tasks)),
          learningRate: scalar(Math.fround(metaRate)),
        }),
      }
    }),
    E.tap(({ program }) => checkProgram(program)),
  )
}

const meanLoss = ({ losses }: MetaProgram, values: Tensors): number =>
  losses.reduce((sum, name) => sum + (values[name]?.data[0] as number), 0) / losses.length

/**
 * A meta-learner: each step takes θ and a batch of tasks to the next θ, and nothing else changes.
 *
 * Errors  as `taskProgram`'s, and what the optimizer refuses; of a step ShapeMismatch – a task with another number of
 *         examples than the networks are for; MissingInput – a step without tasks, or with fewer than it is recorded for
 */
export const metaLearner = (support: Network, query: Network, method: MetaMethod): Result<MetaLearner> => {
  const { frozen = [] } = method
  return F.pipe(
    taskProgram(support, query, method, method.algorithm === 'maml' ? 'second' : 'first'),
    E.tap(() => attributesOf(method.optimizer)),
    E.tap(() => {
      const stranger = frozen.find((name) => support.parameters[name] === undefined)
      return ensure(stranger === undefined, 'MissingInput', `frozen: the network has no parameter ${stranger}`)
    }),
    E.map((task): MetaLearner => {
      const programOf = (tasks: number): Result<MetaProgram> => metaProgram(support, task, method, tasks)
      return {
        programOf,
        begun: (parameters) => ({
          loss: NaN,
          state: {
            ...parameters,
            ...initialState(
              Object.fromEntries(Object.entries(parameters).filter(([name]) => !frozen.includes(name))),
              method.optimizer,
            ),
          },
        }),
        step: (backend, { state }, tasks) =>
          F.pipe(
            TE.fromEither(programOf(tasks.length)),
            TE.flatMap((made) => {
              const { program, feeds, losses } = made
              const watch = [...new Set([...losses, ...Object.values(program.carry)])]
              return F.pipe(
                backend.run(program, { ...state, ...feeds(tasks, method.metaRate) }, watch),
                TE.map((values) => ({
                  loss: meanLoss(made, values),
                  state: Object.fromEntries(
                    Object.keys(state).map((name) => [name, values[program.carry[name] as string] as Tensor]),
                  ),
                })),
              )
            }),
          ),
        open: (backend, { state }, tasks) =>
          F.pipe(
            TE.fromEither(programOf(tasks)),
            TE.flatMap((made) =>
              F.pipe(
                sessionOf(backend, made.program, state),
                TE.map((session): MetaSession => ({
                  step: (batch, metaRate = method.metaRate) =>
                    F.pipe(
                      session.step(made.feeds(batch, metaRate), made.losses),
                      TE.map((values) => meanLoss(made, values)),
                    ),
                  state: session.state,
                  close: session.close,
                })),
              ),
            ),
          ),
      }
    }),
  )
}

/**
 * A sinusoid of Finn et al. 2017: amplitude uniform in [0.1, 5], phase in [0, π], x in [−5, 5]; so many points to learn
 * from, and so many others to be asked.
 */
export const sinusoid = (draw: Draws, shots: number, asked: number): Task => {
  const [amplitude, phase] = [0.1 + 4.9 * draw.uniform(), Math.PI * draw.uniform()]
  const points = (count: number): Examples => {
    const x = generate([count, 1], () => Math.fround(10 * draw.uniform() - 5))
    return { x, target: generate([count, 1], (i) => Math.fround(amplitude * Math.sin((x.data[i] as number) - phase))) }
  }
  return { support: points(shots), query: points(asked) }
}

/** Images of which few-shot tasks are made, by class: pixels [count, 1, H, W] each. */
export type Classes = readonly Tensor[]

/** How a few-shot task is laid out: `ways` classes, `shots` examples of each to learn from, `asked` others of each. */
export interface FewShot {
  readonly ways: number
  readonly shots: number
  readonly asked: number
}

/** So many different whole numbers below `count`, in the order in which they are drawn. */
const different = (draw: Draws, count: number, wanted: number): readonly number[] =>
  Array.from({ length: wanted }).reduce<{ readonly left: readonly number[]; readonly taken: readonly number[] }>(
    ({ left, taken }) => {
      const at = draw.integer(0, left.length - 1)
      return { left: left.toSpliced(at, 1), taken: [...taken, left[at] as number] }
    },
    { left: Array.from({ length: count }, (_, i) => i), taken: [] },
  ).taken

/**
 * A few-shot task: classes drawn, in a drawn order, so that a label means nothing beyond the task; of each some examples to
 * learn from and others to be asked. Targets are one-hot, [ways · examples, ways].
 *
 * Errors  AttributeOutOfRange – fewer classes than ways, a class with fewer examples than shots and asked ones, or counts that
 *         are no whole numbers of at least 1
 * Source  Vinyals et al., "Matching networks for one shot learning", 2016
 */
export const fewShot = (draw: Draws, classes: Classes, { ways, shots, asked }: FewShot): Result<Task> => {
  const least = Math.min(...classes.map(({ shape: [count = 0] }) => count))
  return F.pipe(
    ensure(
      [ways, shots, asked].every((count) => Number.isSafeInteger(count) && count >= 1),
      'AttributeOutOfRange',
      `a task of ${ways} ways, ${shots} shots and ${asked} asked; whole numbers of at least 1 are wanted`,
    ),
    E.flatMap(() =>
      ensure(
        classes.length >= ways,
        'AttributeOutOfRange',
        `a task of ${ways} ways wants as many classes; there are ${classes.length}`,
      ),
    ),
    E.flatMap(() =>
      ensure(
        least >= shots + asked,
        'AttributeOutOfRange',
        `a class has ${least} examples; a task of ${shots} shots and ${asked} asked wants ${shots + asked}`,
      ),
    ),
    E.map(() => {
      const chosen = different(draw, classes.length, ways).map((at) => {
        const images = classes[at] as Tensor
        return { images, places: different(draw, Math.min(images.shape[0] as number, 4096), shots + asked) }
      })
      const [, ...shape] = (classes[0] as Tensor).shape
      const pixels = shape.reduce((product, extent) => product * extent, 1)
      const examples = (from: number, count: number): Examples => ({
        x: generate([ways * count, ...shape], (flat) => {
          const example = Math.floor(flat / pixels)
          const { images, places } = chosen[Math.floor(example / count)] as (typeof chosen)[number]
          return images.data[(places[from + (example % count)] as number) * pixels + (flat % pixels)] as number
        }),
        target: generate([ways * count, ways], (flat) =>
          Math.floor(Math.floor(flat / ways) / count) === flat % ways ? 1 : 0,
        ),
      })
      return { support: examples(0, shots), query: examples(shots, asked) }
    }),
  )
}
