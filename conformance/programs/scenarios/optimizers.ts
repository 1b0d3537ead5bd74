import type { OpName } from '../../../spec/catalogue.js'
import type { ProgramNode } from '../../../spec/program.js'
import type { Shape } from '../../../spec/tensor.js'
import type { Attrs, Named, Shapes } from './making.js'
import { node } from './making.js'

/** Steps of optimizers, on states that go by the names of their weights. */

export interface Optimizer {
  readonly op: OpName
  readonly attrs: Attrs
  /** what it keeps beside the weight, by its input; what is called a variance is fed no number below 0 */
  readonly kept: Named
}

const rate = { learningRate: 0.5 }
const moments = { m: 'm', v: 'variance', step: 'steps' }
export const optimizers = {
  sgd: { op: 'sgd', attrs: rate, kept: {} },
  momentum: { op: 'momentum', attrs: { ...rate, momentum: 0.5 }, kept: { velocity: 'velocity' } },
  adagrad: { op: 'adagrad', attrs: rate, kept: { accumulator: 'variance' } },
  rmsprop: { op: 'rmsprop', attrs: { ...rate, decay: 0.5 }, kept: { meanSquare: 'variance' } },
  adadelta: {
    op: 'adadelta',
    attrs: { decay: 0.5 },
    kept: { meanSquare: 'variance', meanSquareDelta: 'variance too' },
  },
  adam: { op: 'adam', attrs: { ...rate, beta1: 0.5, beta2: 0.75 }, kept: moments },
  adamw: { op: 'adamw', attrs: { ...rate, beta1: 0.5, beta2: 0.75 }, kept: moments },
} as const satisfies Readonly<Record<string, Optimizer>>

/** What the next step has in the place of a state. */
export const next = (name: string): string => `${name} next`

/** The states that an optimizer keeps of a weight, by its inputs. */
export const keptOf = ({ kept }: Optimizer, w: string): Named =>
  Object.fromEntries(Object.entries(kept).map(([slot, name]) => [slot, `${name} of ${w}`]))

/** The shapes of what an optimizer keeps of some weights, by name. */
export const keptShapes = (optimizer: Optimizer, weights: readonly string[], shapes: Shapes): Shapes =>
  Object.fromEntries(
    weights.flatMap((w) =>
      Object.entries(keptOf(optimizer, w)).map(
        ([slot, name]) => [name, slot === 'step' ? [] : (shapes[w] as Shape)] as const,
      ),
    ),
  )

/** A step of a weight by a gradient, with some attributes of its own; some things may be read under other names. */
export const update = (
  optimizer: Optimizer,
  w: string,
  g: string,
  attrs: Attrs = {},
  instead: Named = {},
): ProgramNode => {
  // prettier-ignore
  const kept = keptOf(optimizer, w)
  const outputs = Object.fromEntries(Object.entries({ w, ...kept }).map(([slot, name]) => [slot, next(name)]))
  return node(`update of ${w}`, optimizer.op, { w, g, ...kept, ...instead }, { ...optimizer.attrs, ...attrs }, outputs)
}

/** What an update makes of states: what takes the place of each, by its name. */
export const carryOf = ({ inputs, outputs }: ProgramNode): Named =>
  Object.fromEntries(Object.entries(outputs).map(([slot, value]) => [inputs[slot] as string, value]))
