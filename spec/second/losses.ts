import { sizeOf } from '../tensor.js'
import type { Reversed, Rule } from './rule.js'
import type { Value } from './values.js'
import {
  apply,
  backward,
  constant,
  minus,
  oneMinus,
  plus,
  pull,
  rowMaxima,
  rowProducts,
  scaledRows,
  shaped,
  times,
} from './values.js'

/**
 * Losses. Each is Σ of terms, of which `dloss` weighs every one: by one number over all (the mean's 1/n with it), or a
 * number for each term with reduction "none". The gradient is dloss·slope, so that Σ ⟨v, gradient⟩ has the gradient ⟨v, slope⟩
 * with respect to dloss, over what each of its elements weighs.
 */
interface Weighing {
  /** v·dloss, spread over the terms, the mean's division included */
  readonly weighed: (v: Value) => Value
  /** the gradient with respect to dloss */
  readonly collected: Value
}

const weighing = ({ op, attrs, given, inputs, cotangents, directions }: Reversed, of: string): Weighing => {
  const [dloss, v] = [cotangents['loss'] as Value, directions[of] as Value]
  const slope = backward(op, inputs, { loss: constant(1, dloss) }, given)[of] as Value
  const [terms, n] = [sizeOf(dloss.shape), rowsOf(op, v)]
  return {
    weighed: (u) =>
      attrs['reduction'] === 'none'
        ? scaledRows(terms, dloss, u)
        : // β·u·dloss
          (backward('l2Penalty', { w: u }, { loss: dloss }, { beta: attrs['reduction'] === 'mean' ? 1 / n : 1 })[
            'w'
          ] as Value),
    collected: rowProducts(dloss, v, slope),
  }
}

// what the mean divides by: rows of classes, or elements
const rowsOf = (op: Reversed['op'], { shape }: Value): number =>
  op === 'cce' || op === 'softmaxCrossEntropy' || op === 'hinge' ? (shape[0] as number) : sizeOf(shape)

/** The slope is 2·(p − t), of which v goes through as p without t. */
export const mse: Rule = (reversed) => {
  const { given, cotangents, directions } = reversed
  const v = directions['prediction'] as Value
  return {
    inputs: { prediction: backward('mse', { prediction: v, target: constant(0, v) }, cotangents, given)['prediction'] },
    cotangents: { loss: weighing(reversed, 'prediction').collected },
  }
}

/** The slope is w itself, times β. */
export const l2Penalty: Rule = ({ given, inputs, cotangents, directions }) => {
  const [w, dloss, v] = [inputs['w'] as Value, cotangents['loss'] as Value, directions['w'] as Value]
  const slope = backward('l2Penalty', { w }, { loss: constant(1, dloss) }, given)['w'] as Value
  return {
    inputs: { w: backward('l2Penalty', { w: v }, cotangents, given)['w'] },
    cotangents: { loss: rowProducts(dloss, v, slope) },
  }
}

/** Straight between its corners. */
export const hinge: Rule = (reversed) => ({
  inputs: {},
  cotangents: { loss: weighing(reversed, 'scores').collected },
})

/** The slope is σ(x) − t. */
export const bceWithLogits: Rule = (reversed) => {
  const { weighed, collected } = weighing(reversed, 'logits')
  const v = reversed.directions['logits'] as Value
  return {
    inputs: { logits: pull('sigmoid', 'x', { x: reversed.inputs['logits'] as Value }, weighed(v)) },
    cotangents: { loss: collected },
  }
}

/** The slope is p·T − t with T = Σ t of a row: the softmax's own, of v times T. */
export const softmaxCrossEntropy: Rule = (reversed) => {
  const { attrs, inputs, cotangents, directions } = reversed
  const [x, t, dloss] = [inputs['logits'] as Value, inputs['target'] as Value, cotangents['loss'] as Value]
  const v = directions['logits'] as Value
  const N = x.shape[0] as number
  const totals = rowProducts(rowMaxima(N, t), t, constant(1, t))
  const { weighed, collected } = weighing(reversed, 'logits')
  const weights = attrs['reduction'] === 'none' ? times(totals, dloss) : undefined
  const spread = weights === undefined ? weighed(scaledRows(N, totals, v)) : scaledRows(N, weights, v)
  return {
    inputs: { logits: pull('softmax', 'x', { x }, spread) },
    cotangents: { loss: collected },
  }
}

/** −t/p, and 0 where t is 0, whatever p is: as `cce` has it, of rows with one class each. */
const share = (t: Value, p: Value): Value => {
  const n = sizeOf(p.shape)
  const inputs = { prediction: shaped([n, 1], p), target: shaped([n, 1], t) }
  const loss = constant(1, shaped([n], p))
  return shaped(p.shape, backward('cce', inputs, { loss }, { reduction: 'none' })['prediction'] as Value)
}

/** t/p², the slope of −t/p: its product with −1/p, where t is not 0. */
const bend = (t: Value, p: Value): Value => times(share(t, p), share(whereNotZero(t), p))

// 1 − step(−|t|)
const whereNotZero = (t: Value): Value =>
  oneMinus(apply('step', { x: minus(apply('leakyRelu', { x: t }, { alpha: -1 })) }))

export const cce: Rule = (reversed) => {
  const { weighed, collected } = weighing(reversed, 'prediction')
  const { prediction: p, target: t } = reversed.inputs as Readonly<Record<string, Value>>
  const v = reversed.directions['prediction'] as Value
  return {
    inputs: { prediction: times(weighed(v), bend(t as Value, p as Value)) },
    cotangents: { loss: collected },
  }
}

/** The slope is −t/p + (1 − t)/(1 − p). */
export const bce: Rule = (reversed) => {
  const { weighed, collected } = weighing(reversed, 'prediction')
  const { prediction: p, target: t } = reversed.inputs as Readonly<Record<string, Value>>
  const v = reversed.directions['prediction'] as Value
  const bends = plus(bend(t as Value, p as Value), bend(oneMinus(t as Value), oneMinus(p as Value)))
  return { inputs: { prediction: times(weighed(v), bends) }, cotangents: { loss: collected } }
}
