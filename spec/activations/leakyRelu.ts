import { attributes, finite, withDefault } from '../attributes.js'
import { epsilon, tau } from '../bound.js'
import { zipFields } from '../field.js'
import type { Kink } from '../kink.js'
import { kink } from '../kink.js'
import { defineOp, nothingToDerive, slide } from '../op.js'

/**
 * The leaky rectified linear unit.
 *
 *   y = x where x > 0, else α·x,   dx = dy where x > 0, else α·dy
 *
 * The slide's max(αx, x) is this for α ≤ 1; above 1 it would leak on the other side. The derivative at 0 is α, which is
 * kink "left" as well; with "right" it is 1. Any finite α will do: 0 is `relu`, 1 the identity, −1 the magnitude.
 *
 * The default is the slide's 0.1. PyTorch's LeakyReLU and ONNX's LeakyRelu have 0.01, tf.nn.leaky_relu 0.2, Keras' layer
 * 0.3: hand alpha over when comparing with them. A slope of its own for each channel, as PReLU learns it, is another op.
 *
 * Shapes  x [...]  →  y [...]
 * Units   y carries the unit of x; alpha is a plain number
 * Bound   0 where x > 0: a comparison and a copy. Elsewhere one product, ε
 * Admits  max(x, αx), where α is from 0 to 1
 * Source  slide "Activation functions"; the side of 0 and NaN, which comes through, as in PyTorch's LeakyReLU
 */
export const leakyRelu = defineOp({
  family: 'activation',
  formula: String.raw`y = \begin{cases} x & x > 0 \\ \alpha x & x \le 0 \end{cases}`,
  source: slide('Activation functions'),
  attrs: attributes({ alpha: withDefault(finite, 0.1), kink }),
  inputs: { x: ['...'] },
  outputs: { y: ['...'] },
  differentiable: ['x'],
  derive: nothingToDerive,
  bound: ({ attrs, inputs, valuesOf }) => ({
    y: zipFields([inputs.x, valuesOf(attrs, inputs).y], ofBranch('catalogue')),
  }),
  boundBackward: ({ attrs, inputs, cotangents, gradientsOf }) => ({
    x: zipFields([inputs.x, gradientsOf(attrs, inputs, cotangents).x], ofBranch(attrs.kink)),
  }),
})

const ofBranch =
  (kink: Kink) =>
  (x: number, result: number): number =>
    x > 0 || (x === 0 && kink === 'right') ? 0 : epsilon * Math.abs(result) + tau
