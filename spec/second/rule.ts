import type { Attributes } from '../attributes.js'
import type { OpName } from '../catalogue.js'
import type { NodeAttributes, SomeValues, Value, Values } from './values.js'
import { backward, constant, forward, summed } from './values.js'

/** An op's backward, as its reverse sees it. */
export interface Reversed {
  readonly op: OpName
  /** with defaults filled in; 1 stands for what is fed */
  readonly attrs: Attributes
  /** as they are given, for calls of the same op */
  readonly given: NodeAttributes
  readonly inputs: Values
  readonly cotangents: Values
  /** v, by the inputs whose gradients it multiplies; one that is missing counts as zeros */
  readonly directions: SomeValues
}

/** The gradients of Σ ⟨v, gradient⟩; one that is missing is 0. */
export interface Gradients {
  readonly inputs: SomeValues
  readonly cotangents: SomeValues
}

export type Rule = (reversed: Reversed) => Gradients

/** v, or zeros in the shape of what it belongs to. */
export const orZeros = (direction: Value | undefined, like: Value): Value => direction ?? constant(0, like)

/**
 * An op that is linear in all of its inputs together: y = L x, dx = Lᵀ dy. So ⟨v, dx⟩ = ⟨L v, dy⟩, whatever x is.
 */
export const linear: Rule = ({ op, given, inputs, directions }) => {
  const all = Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, orZeros(directions[name], x)]))
  return { inputs: {}, cotangents: forward(op, all, given) }
}

/**
 * An op that is linear in each of two inputs, y = B(p, q) + b: dp and dq pair dy with one of them, so that
 * Σ ⟨v, gradient⟩ = ⟨B(v_p, q) + B(p, v_q) + v_b, dy⟩, of which each part is the op itself or its backward.
 */
export const bilinear =
  (first: string, second: string): Rule =>
  ({ op, given, inputs, cotangents, directions }) => {
    const [p, q] = [inputs[first] as Value, inputs[second] as Value]
    const [vp, vq, vb] = [directions[first], directions[second], directions['b']]
    const pulled = (of: string, others: SomeValues): Value | undefined =>
      backward(op, { [first]: p, [second]: q, ...others }, cotangents, given)[of]
    return {
      inputs: {
        [first]: vq && pulled(first, { [second]: vq }),
        [second]: vp && pulled(second, { [first]: vp }),
      },
      cotangents: {
        y: summed(
          vp && forward(op, { [first]: vp, [second]: q }, given)['y'],
          (vq ?? vb) && forward(op, { [first]: p, [second]: orZeros(vq, q), ...(vb && { b: vb }) }, given)['y'],
        ),
      },
    }
  }

/**
 * An elementwise function of x alone: dx = f′(x)·dy, so that Σ ⟨v, dx⟩ has the gradient f″(x)·(v·dy) with respect to x, which
 * `curve` makes of v·dy, and f′(x)·v with respect to dy, the backward under v.
 */
export const elementwise =
  (
    curve: (reversed: Reversed, x: Value, weight: () => Value) => Value | undefined,
    product: (a: Value, b: Value) => Value,
  ): Rule =>
  (reversed) => {
    const { op, given, inputs, cotangents, directions } = reversed
    const v = directions['x'] as Value
    return {
      inputs: { x: curve(reversed, inputs['x'] as Value, () => product(v, cotangents['y'] as Value)) },
      cotangents: { y: backward(op, inputs, { y: v }, given)['x'] },
    }
  }
