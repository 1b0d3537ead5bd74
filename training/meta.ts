import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { Backend } from '../spec/backend.js'
import { differentiate, gradientName } from '../spec/differentiate.js'
import type { EtalonError, Result } from '../spec/error.js'
import { ensure } from '../spec/error.js'
import type { Network } from '../spec/networks/network.js'
import type { LossName } from '../spec/networks/zoo.js'
import type { Draws } from '../spec/philox.js'
import type { Program, ProgramNode } from '../spec/program.js'
import { checkProgram } from '../spec/program.js'
import type { Value } from '../spec/second/values.js'
import { plus, scaled } from '../spec/second/values.js'
import { writtenDown } from '../spec/second/written.js'
import type { Shape, Tensor, Tensors } from '../spec/tensor.js'
import { generate, scalar, zipTensors } from '../spec/tensor.js'
import type { Optimizer } from './step.js'
import { attributesOf, keptBy, keptShape, lossProgram, nextOf, stateName, updateOf } from './step.js'

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

type Names = Readonly<Record<string, string>>

const same = (names: readonly string[]): Names => Object.fromEntries(names.map((name) => [name, name]))

/** A program's nodes under names of their own, but for the values that `known` names. */
const under = (prefix: string, { nodes }: Program, known: Names): readonly ProgramNode[] => {
  const name = (value: string): string => known[value] ?? `${prefix}.${value}`
  const all = (names: Names): Names => Object.fromEntries(Object.entries(names).map(([k, value]) => [k, name(value)]))
  return nodes.map((node) => ({
    ...node,
    name: `${prefix}.${node.name}`,
    inputs: all(node.inputs),
    cotangents: all(node.cotangents),
    outputs: all(node.outputs),
  }))
}

/** The parameters after one more step, and the nodes that make them. */
interface Stepped {
  readonly nodes: readonly ProgramNode[]
  readonly parameters: Names
}

const one = 'support.one'

/**
 * The steps of a task and the gradient of its query's loss, as a program. `support` and `query` are one network, for as many
 * examples as each has.
 *
 * Feeds   support.x, support.target, query.x, query.target, the parameters, and 1 for each of `ones`
 * Errors  AttributeOutOfRange – fewer than 0 steps or a rate that is no number; NoBackward – of the second order, an op of the
 *         network without a second derivative; and what `lossProgram` and `differentiate` refuse
 */
export const taskProgram = (
  support: Network,
  query: Network,
  { loss, steps, rate }: InnerSteps,
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
    E.bind('inner', () => lossProgram(support, { loss })),
    E.bind('asked', () => lossProgram(query, { loss })),
    E.bind('step', ({ inner }) => differentiate({ ...inner, carry: {} }, 'loss', names)),
    // what the network itself is fed, or keeps, it has in every step
    E.let('own', ({ inner }) =>
      Object.keys(inner.inputs).filter((name) => name !== 'x' && name !== 'target' && !names.includes(name)),
    ),
    E.let('walk', ({ step, own }) =>
      Array.from({ length: steps }, (_, k) => k + 1).reduce<Stepped>(
        ({ nodes, parameters }, k) => {
          const prefix = `step${k}`
          const known = { ...same(own), ...parameters, x: 'support.x', target: 'support.target', [step.seed]: one }
          const next = names.map((name) => {
            const { shape } = support.parameters[name] as { readonly shape: Shape }
            const at = (value: string): Value => ({ name: value, shape })
            const moved = plus(
              at(parameters[name] as string),
              scaled(-Math.fround(rate), at(`${prefix}.${step.gradients[name]}`)),
            )
            const written = writtenDown(`${prefix}.${name}`, [moved])
            return { name, nodes: written.nodes, value: written.nameOf(moved) }
          })
          return {
            nodes: [...nodes, ...under(prefix, step.program, known), ...next.flatMap((each) => each.nodes)],
            parameters: Object.fromEntries(next.map(({ name, value }) => [name, value])),
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
        nodes: [...walk.nodes, ...under('query', asked, known)],
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
export const taskFeeds = ({ ones }: TaskProgram, { support, query }: Task, parameters: Tensors): Tensors => ({
  ...parameters,
  'support.x': support.x,
  'support.target': support.target,
  'query.x': query.x,
  'query.target': query.target,
  ...Object.fromEntries(ones.map((name) => [name, scalar(1)])),
})

/** How θ itself is learnt. */
export interface MetaMethod extends InnerSteps {
  readonly algorithm: MetaAlgorithm
  /** what makes a step of the mean gradient; of Reptile, whose gradient is θ − θ_K, `sgd` gives the plain rule */
  readonly optimizer: Optimizer
  /** β */
  readonly metaRate: number
}

/** The parameters and what the optimizer keeps of them, after so many steps; and the mean loss of the last step's queries. */
export interface MetaState {
  readonly state: Tensors
  readonly loss: number
}

/** Learning over batches of tasks, ready to run. */
export interface MetaLearner {
  readonly begun: (parameters: Tensors) => MetaState
  readonly step: (
    backend: Backend,
    before: MetaState,
    tasks: readonly Task[],
  ) => taskEither.TaskEither<EtalonError, MetaState>
}

const meanOf = (gradients: readonly Tensors[]): Tensors =>
  Object.fromEntries(
    Object.keys(gradients[0] ?? {}).map((name) => {
      const [first, ...rest] = gradients.map((each) => each[name] as Tensor) as [Tensor, ...Tensor[]]
      const sum = rest.reduce((a, b) => zipTensors([a, b], (a, b) => a + b), first)
      return [name, generate(sum.shape, (i) => Math.fround((sum.data[i] as number) / gradients.length))]
    }),
  )

const gradientFeed = (parameter: string): string => gradientName(parameter)

/** The optimizer's step on all parameters at once, from gradients that are fed. */
const updateProgram = (network: Network, optimizer: Optimizer): Result<Program> => {
  const shapes = Object.entries(network.parameters).map(([name, { shape }]) => [name, shape] as const)
  const kept = shapes.flatMap(([name, shape]) =>
    keptBy(optimizer).map((input) => [stateName(name, input), keptShape(optimizer, input, shape)] as const),
  )
  return F.pipe(
    attributesOf(optimizer),
    E.map((attrs): Program => ({
      inputs: {
        ...Object.fromEntries(kept),
        ...Object.fromEntries(shapes.map(([name, shape]) => [gradientFeed(name), shape])),
        learningRate: [],
      },
      nodes: shapes.map(([name]) => updateOf(optimizer, attrs)(name, gradientFeed(name))),
      outputs: kept.map(([value]) => nextOf(value)),
      carry: {},
    })),
    E.tap(checkProgram),
  )
}

/**
 * A meta-learner: each step takes θ and a batch of tasks to the next θ, and nothing else changes.
 *
 * Errors  as `taskProgram`'s, and what the optimizer refuses; of a step ShapeMismatch – a task with another number of
 *         examples than the networks are for; MissingInput – a step without tasks
 */
export const metaLearner = (support: Network, query: Network, method: MetaMethod): Result<MetaLearner> => {
  const { algorithm, optimizer, metaRate } = method
  const names = Object.keys(support.parameters)
  return F.pipe(
    E.Do,
    E.bind('task', () => taskProgram(support, query, method, algorithm === 'maml' ? 'second' : 'first')),
    E.bind('update', () => updateProgram(support, optimizer)),
    E.map(({ task, update }): MetaLearner => {
      const found = algorithm === 'reptile' ? task.adapted : task.gradients
      const asked = [...new Set([...Object.values(found), task.loss])]
      const gradientsOf =
        (backend: Backend, state: Tensors) =>
        (each: Task): taskEither.TaskEither<EtalonError, { readonly gradients: Tensors; readonly loss: number }> => {
          const parameters = Object.fromEntries(names.map((name) => [name, state[name] as Tensor]))
          return F.pipe(
            backend.run(task.program, taskFeeds(task, each, parameters), asked),
            TE.map((values) => ({
              loss: values[task.loss]?.data[0] as number,
              gradients: Object.fromEntries(
                names.map((name) => {
                  const value = values[found[name] as string] as Tensor
                  return [
                    name,
                    algorithm === 'reptile' ? zipTensors([state[name] as Tensor, value], (a, b) => a - b) : value,
                  ]
                }),
              ),
            })),
          )
        }
      return {
        begun: (parameters) => ({
          loss: NaN,
          state: {
            ...parameters,
            ...Object.fromEntries(
              Object.entries(update.inputs).flatMap(([name, shape]) =>
                name in parameters || name === 'learningRate' || names.some((each) => name === gradientFeed(each))
                  ? []
                  : [[name, generate(shape, () => 0)]],
              ),
            ),
          },
        }),
        step: (backend, { state }, tasks) =>
          F.pipe(
            ensure(tasks.length > 0, 'MissingInput', 'a step of meta-learning wants at least one task'),
            TE.fromEither,
            TE.flatMap(() => F.pipe(tasks, TE.traverseSeqArray(gradientsOf(backend, state)))),
            TE.flatMap((each) => {
              const mean = meanOf(each.map(({ gradients }) => gradients))
              const feeds = {
                ...state,
                ...Object.fromEntries(names.map((name) => [gradientFeed(name), mean[name] as Tensor])),
                learningRate: scalar(Math.fround(metaRate)),
              }
              return F.pipe(
                backend.run(update, feeds),
                TE.map((values) => ({
                  loss: each.reduce((sum, { loss }) => sum + loss, 0) / each.length,
                  state: Object.fromEntries(Object.keys(state).map((name) => [name, values[nextOf(name)] as Tensor])),
                })),
              )
            }),
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
