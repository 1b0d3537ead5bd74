import { attributes, inWords, pair, required, share, withDefault, word } from '../attributes.js'
import { gamma, tau } from '../bound.js'
import type { Field } from '../field.js'
import { mapField } from '../field.js'
import { reciprocal } from '../host.js'
import { defineOp, nothingToDerive, slide } from '../op.js'

// 0 where nothing is rounded: what is dropped is 0, and 1/keep and products with it are exact for keep = 1, ½, ¼, …
const ofScaled = (keep: number, y: Field): Field => {
  const isExact = Math.fround(reciprocal(keep)) * keep === 1
  return mapField((v) => (isExact || v === 0 ? 0 : gamma(1.5) * Math.abs(v) + tau), y)
}

/**
 * Inverted dropout: each element is kept with probability `keep` and then grows by 1/keep, so that its expected value stays.
 *
 *   y = x·m/keep,   dx = dy·m/keep
 *
 * m[i], for element i in row-major order, is drawn by counter, the same for every backend: with Philox4x32-10 at counter
 * (⌊i/4⌋, step, stream, 0) under `key`, key[0] being its first word, m[i] is 1 where, in integers,
 *
 *   word i mod 4  <  ⌈keep·2³²⌉
 *
 * and 0 elsewhere; for keep = 1 all are kept. Backward draws the mask again: nothing is saved. `step` is what changes from
 * one training step to the next, `stream` tells the dropouts of one network apart; `key` is the seed.
 *
 * keep is the share that stays: 1 − p of PyTorch, 1 − rate of Keras, 1 − ratio of ONNX. Like theirs, this dropout is inverted,
 * so there is nothing to do at inference. The paper of Srivastava et al. and AlexNet leave x·m in training and take keep·x
 * at inference (AlexNet: one half): that is keep·y here. As in PyTorch, Infinity or NaN times a 0 of the mask is NaN.
 *
 * Shapes  x [...]  →  y [...]
 * Units   y carries x's; keep is a share; key, step and stream are words
 * Errors  AttributeOutOfRange – keep outside (0, 1], or a word that is no integer from 0 to 2³² − 1
 * Bound   the mask is exact. 1/keep is rounded on the host, to nearest (ε/2), and the product once, either way (ε): the ε|y|
 *         of two roundings to nearest, and half an ε more where a device rounds otherwise; 0 for keep a power of 2
 * Admits  x·m·(1/keep)
 * Source  slide "Regularization – Dropout"; Philox: Salmon et al. 2011
 */
export const dropout = defineOp({
  family: 'layer',
  formula: String.raw`y_i = \frac{m_i}{\mathrm{keep}}\, x_i,\qquad m_i = \begin{cases} 1 & w_i < \lceil \mathrm{keep} \cdot 2^{32} \rceil \\ 0 & \text{else} \end{cases}`,
  source: slide('Regularization – Dropout'),
  attrs: attributes({
    keep: withDefault(share, 0.5),
    key: inWords(required(pair(word))),
    step: inWords(withDefault(word, 0)),
    stream: inWords(withDefault(word, 0)),
  }),
  inputs: { x: ['...'] },
  outputs: { y: ['...'] },
  differentiable: ['x'],
  derive: nothingToDerive,
  bound: ({ attrs, inputs, valuesOf }) => ({ y: ofScaled(attrs.keep, valuesOf(attrs, inputs).y) }),
  boundBackward: ({ attrs, inputs, cotangents, gradientsOf }) => ({
    x: ofScaled(attrs.keep, gradientsOf(attrs, inputs, cotangents).x),
  }),
})
