import { opOf } from '../../../spec/catalogue.js'
import type { Shape } from '../../../spec/tensor.js'
import type { Act } from '../scenario.js'
import type { Attrs, Shapes } from './making.js'
import { inSteps, node, reading } from './making.js'
import { carryOf, keptShapes, next, optimizers, update } from './optimizers.js'

/** What an attribute of an optimizer is where it is another than that of the update beside it. */
const others: Attrs = {
  learningRate: 0.25,
  momentum: 0.25,
  nesterov: true,
  decay: 0.75,
  beta1: 0.25,
  beta2: 0.5,
  epsilon: 0.5,
  weightDecay: 0.125,
}

/** Steps of weights of one shape by one optimizer, of which each is set as the first one is in all but one attribute. */
export const alikeButForOne = (W: number, seed: string): readonly Act[] =>
  Object.entries(optimizers).flatMap(([name, optimizer]) => {
    const own = Object.entries(others).filter(([attr]) => opOf(optimizer.op).attrs.names.includes(attr))
    const weights = ['w', ...own.map(([attr]) => `w of another ${attr}`)]
    const shape: Shape = [3, W]
    const shapes: Shapes = Object.fromEntries(weights.flatMap((w) => [w, `x of ${w}`]).map((value) => [value, shape]))
    const gradients = weights.map((w) => node(`g of ${w}`, 'add', { a: `x of ${w}`, b: `x of ${w}` }))
    const updates = [{}, ...own.map(([attr, value]) => ({ [attr]: value }))].map((attrs, i) =>
      update(optimizer, weights[i] as string, `g of ${weights[i] as string}`, attrs),
    )
    const carry = Object.assign({}, ...updates.map(carryOf)) as Readonly<Record<string, string>>
    const states: Shapes = { ...shapes, ...keptShapes(optimizer, weights, shapes) }
    // what is answered has no place among what is renewed together
    const outputs = [`g of ${weights[0] as string}`]
    return inSteps(reading(states, [...gradients, ...updates], outputs, carry), `${seed} ${name}`)
  })

/** Steps of weights at rates and decays of their own, which all count by one number. */
export const countedTogether = (W: number, seed: string): readonly Act[] =>
  [optimizers.adam, optimizers.adamw].flatMap((optimizer) => {
    const own = Object.entries(others).filter(([attr]) => opOf(optimizer.op).attrs.names.includes(attr))
    const weights = ['w', ...own.map(([attr]) => `w of another ${attr}`)]
    const shape: Shape = [3, W]
    const updates = [{}, ...own.map(([attr, value]) => ({ [attr]: value }))].map((attrs, i) => {
      const w = weights[i] as string
      return update(optimizer, w, `g of ${w}`, attrs, { step: 'steps' })
    })
    const shapes: Shapes = {
      ...Object.fromEntries(weights.flatMap((w) => [w, `g of ${w}`]).map((value) => [value, shape])),
      ...keptShapes(optimizer, weights, Object.fromEntries(weights.map((w) => [w, shape]))),
      steps: [],
    }
    // the first counts for all
    const carry = Object.assign({}, ...updates.toReversed().map(carryOf)) as Readonly<Record<string, string>>
    return inSteps(reading(shapes, updates, weights.map(next), carry), `${seed} ${optimizer.op}`)
  })
