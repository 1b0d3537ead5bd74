import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { Backend, Session } from '../spec/backend.js'
import { sessionOf } from '../spec/backend.js'
import type { EtalonError, Result } from '../spec/error.js'
import type { Program, Question } from '../spec/program.js'
import { answersOf, oneNode } from '../spec/program.js'
import type { Tensors } from '../spec/tensor.js'
import { scalar } from '../spec/tensor.js'
import { describeNetwork } from '../spec/networks/describe.js'
import { initialKept } from '../spec/networks/network.js'
import { initialParameters } from '../training/initialize.js'
import { initialState, stepFeeds, trainingStep } from '../training/step.js'
import type { Contender, Ready } from './time.js'
import type { ForwardWorkload, StepWorkload, Workload } from './workloads.js'

/** Holds an answer to a question against the reference: the worst error ÷ bound over the answer's tensors. */
export type Judge = (question: Question, answer: Tensors) => Result<number>

/** Holds a whole run of a program, every value of it, against the reference, node by node. */
export interface StepJudge {
  readonly watch: (program: Program) => readonly string[]
  readonly judge: (program: Program, values: Tensors) => Result<number>
}

/** One number up, one number back: whoever waits for it waits for all that was asked before. */
const tick: Program = {
  inputs: { tick: [] },
  nodes: [
    {
      name: 'tock',
      op: 'relu',
      direction: 'forward',
      attrs: {},
      inputs: { x: 'tick' },
      cotangents: {},
      outputs: { y: 'tock' },
    },
  ],
  outputs: ['tock'],
  carry: {},
}

const repeating =
  (session: Session, once: () => taskEither.TaskEither<EtalonError, unknown>): Ready['repeat'] =>
  (times) =>
  async () => {
    for (let run = 0; run < times; run++) {
      const outcome = await once()()
      if (E.isLeft(outcome)) return outcome
    }
    return F.pipe(
      await session.run(tick, { tick: scalar(1) }, ['tock'])(),
      E.map(() => undefined),
    )
  }

/** A program without nodes whose state is the operands: a session keeps them where the backend computes. */
const keeping = (feeds: Tensors): Program => ({
  inputs: Object.fromEntries(Object.entries(feeds).map(([name, { shape }]) => [name, shape])),
  nodes: [],
  outputs: [],
  carry: Object.fromEntries(Object.keys(feeds).map((name) => [name, name])),
})

/** The one-node program of a question, with only the results that are asked for. */
const asking = ({ question, results }: Workload): { readonly program: Program; readonly feeds: Tensors } => {
  const { program, feeds } = oneNode(question)
  const wanted = results.map((name) => `out.${name}`)
  return {
    program: {
      ...program,
      outputs: wanted,
      nodes: program.nodes.map((node) => ({
        ...node,
        outputs: Object.fromEntries(Object.entries(node.outputs).filter(([, value]) => wanted.includes(value))),
      })),
    },
    feeds,
  }
}

/** A backend on one op: the operands stay with it, and nothing comes back while the clock runs. */
export const onBackend = (backend: Backend, workload: Workload, judge: Judge): Contender => {
  const { program, feeds } = asking(workload)
  return {
    workload: workload.name,
    name: backend.name,
    multiplyAdds: workload.multiplyAdds,
    open: F.pipe(
      sessionOf(backend, keeping(feeds), feeds),
      TE.map((session) => ({
        check: F.pipe(
          session.run(program, {}),
          TE.flatMapEither((values) => judge(workload.question, answersOf(values))),
        ),
        repeat: repeating(session, () => session.run(program, {}, [])),
        close: session.close,
      })),
    ),
  }
}

/** A backend on a training step with momentum: the batch goes up with every step, and nothing comes back. */
export const stepOnBackend = (
  backend: Backend,
  { name, network, learningRate, ...batch }: StepWorkload,
  { watch, judge }: StepJudge,
): Contender => ({
  workload: name,
  name: backend.name,
  open: F.pipe(
    TE.fromEither(trainingStep(network, { momentum: Math.fround(0.9), weightDecay: 0 })),
    TE.bindTo('program'),
    TE.bind('session', ({ program }) => sessionOf(backend, program, initialState(initialParameters(network, 1)))),
    TE.map(({ program, session }) => {
      const feeds = stepFeeds({ ...batch, learningRate })
      return {
        check: F.pipe(
          session.step(feeds, watch(program)),
          TE.flatMapEither((values) => judge(program, { ...feeds, ...values })),
        ),
        repeat: repeating(session, () => session.step(feeds, [])),
        close: session.close,
      }
    }),
  ),
})

/** A backend on a network forward: weights and images stay with it, and nothing comes back while the clock runs. */
export const forwardOnBackend = (
  backend: Backend,
  { name, network, x }: ForwardWorkload,
  { watch, judge }: StepJudge,
): Contender => {
  const { program } = network
  const figures = describeNetwork(name, network)
  return {
    workload: name,
    name: backend.name,
    ...(E.isRight(figures) ? { multiplyAdds: figures.right.totals.multiplyAdds } : {}),
    open: () => {
      // drawn when it is this one's turn: the weights of all together would fill the memory
      const feeds = { x, ...initialParameters(network, 1), ...initialKept(network) }
      return F.pipe(
        sessionOf(backend, keeping(feeds), feeds),
        TE.map((session) => ({
          check: F.pipe(
            session.run(
              program,
              {},
              watch(program).filter((value) => !(value in feeds)),
            ),
            TE.flatMapEither((values) => judge(program, { ...feeds, ...values })),
          ),
          repeat: repeating(session, () => session.run(program, {}, [])),
          close: session.close,
        })),
      )()
    },
  }
}
