import { either as E } from 'fp-ts'
import type { Backend } from '../../../spec/backend.js'
import { anyOrder } from '../../../spec/bound.js'
import type { OpName } from '../../../spec/catalogue.js'
import { opOf } from '../../../spec/catalogue.js'
import type { Oracle } from '../../../spec/oracle.js'
import { answersOf, oneNode } from '../../../spec/program.js'
import type { Shape } from '../../../spec/tensor.js'
import type { Form } from '../../form.js'
import { realise } from '../../form.js'
import { expectWhole } from '../../judge.js'
import { right } from '../shaken.js'
import type { linesOf } from './mutant.js'

/**
 * The two rules that most suites go by, for comparison: one fixed small shape for each op, default attributes, standard
 * normal numbers, all gradients at once, and an answer is right where |got − want| is at most 10⁻³, or at most
 * 10⁻³·|want| + 10⁻⁷.
 */

/** How long an axis is by its letter; a run of axes is [3,5], with a map's rows and columns [5,6] behind channels. */
const extents: Readonly<Record<string, number>> = {
  ...{ N: 2, C: 4, H: 5, W: 6, L: 7, O: 4, Cg: 4, Og: 4, KH: 3, KW: 3, K: 3, I: 6, T: 3, G: 20, M: 3, D: 4 },
}
// a gate's rows are H: of four gates, or of three
const extentOf = (op: OpName, axis: string): number =>
  axis === 'G' && (op === 'gru' || op === 'gruCell') ? 15 : (extents[axis] as number)

const attributes: Readonly<Partial<Record<OpName, Form['attrs']>>> = {
  dropout: { key: [1, 2] },
  reshape: { shape: [5, 3] },
  l2Penalty: { beta: 0.1 },
  ...Object.fromEntries(
    ['sgd', 'momentum', 'adagrad', 'rmsprop', 'adadelta', 'adam', 'adamw'].map((op) => [op, { learningRate: 0.01 }]),
  ),
}

const probabilities = { prediction: 'probability', target: 'probability' } as const
const fills: Readonly<Partial<Record<OpName, Form['fills']>>> = {
  bce: probabilities,
  bceWithLogits: { target: 'probability' },
  cce: { prediction: 'distribution', target: 'oneHot' },
  softmaxCrossEntropy: { target: 'oneHot' },
  hinge: { target: 'oneHot' },
  batchNormTraining: { runningVar: 'positive' },
  batchNormInference: { runningVar: 'positive' },
  adagrad: { accumulator: 'positive' },
  rmsprop: { meanSquare: 'positive' },
  adadelta: { meanSquare: 'positive', meanSquareDelta: 'positive' },
  adam: { v: 'positive', step: { constant: 3 } },
  adamw: { v: 'positive', step: { constant: 3 } },
}

const shapeOf = (op: OpName, axes: readonly string[]): Shape =>
  axes.flatMap((axis) => (axis.startsWith('...') ? (axes.length > 1 ? [5, 6] : [3, 5]) : [extentOf(op, axis)]))

/** The one case by which the two rules judge an op. */
export const smallForm = (op: OpName): Form => {
  const { inputs, variadic } = opOf(op)
  const shapes = Object.entries(inputs).map(
    ([name, axes]) => [name, shapeOf(op, 'optional' in axes ? axes.optional : axes)] as const,
  )
  return {
    attrs: attributes[op] ?? {},
    shapes: Object.fromEntries(variadic === undefined ? shapes : [...shapes, [`${variadic}1`, [3, 2]]]),
    fills: fills[op] ?? {},
  }
}

const within = (got: number, want: number, allowed: number): boolean =>
  Object.is(got, want) || Math.abs(got - want) <= allowed

/** Whether each of the two rules rejects a backend, by what it answers about some ops and directions. */
export const usually = async (
  backend: Backend,
  oracle: Oracle,
  lines: ReturnType<typeof linesOf>,
): Promise<{ readonly absolute: boolean; readonly relative: boolean }> => {
  let [absolute, relative] = [false, false]
  for (const { op, direction } of lines) {
    const question = right(realise({ op, direction, seed: `usual ${op} ${direction}`, form: smallForm(op) }))
    const { values } = right(expectWhole(oracle, question, anyOrder))
    const { program, feeds } = oneNode(question)
    const answered = await backend
      .run(program, feeds)()
      .catch(() => undefined)
    if (answered === undefined || E.isLeft(answered)) {
      absolute = relative = true
      continue
    }
    const answers = answersOf(answered.right)
    for (const [name, { data: want }] of Object.entries(values)) {
      const got = answers[name]?.data
      for (let i = 0; i < want.length; i++) {
        const [g, w] = [got?.[i] ?? NaN, want[i] as number]
        absolute ||= !within(g, w, 1e-3)
        relative ||= !within(g, w, 1e-7 + 1e-3 * Math.abs(w))
      }
    }
  }
  return { absolute, relative }
}
