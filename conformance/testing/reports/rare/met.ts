import type { Shape, Tensor, Tensors } from '../../../../spec/tensor.js'
import type { Harm, Met, Where } from '../report.js'
import { changed, elementsIn, listOf, sizeIn } from '../report.js'

/**
 * What strikes seldom: three and four conditions of a kernel’s choice together, remainders of another tile than the usual ones,
 * places inside a large answer, relations between two inputs, states of an optimizer, and what was asked before.
 */

export const between = (letter: string, least: number, most: number): Where => {
  return (met) => sizeIn(met, letter) >= least && sizeIn(met, letter) <= most
}
/** Multiples of something, and at least so large. */
export const multiple =
  (letter: string, of: number, least = of): Where =>
  (met) =>
    sizeIn(met, letter) >= least && sizeIn(met, letter) % of === 0
/** What is left over of whole so many. */
export const over =
  (letter: string, of: number, test: (rest: number) => boolean): Where =>
  (met) =>
    sizeIn(met, letter) > of && test(sizeIn(met, letter) % of)
export const weights =
  (test: (n: number) => boolean): Where =>
  (met) =>
    test(elementsIn(met, 'w'))
export const square: Where = (met) => sizeIn(met, 'H') === sizeIn(met, 'W')
export const plainSteps: Where = (met) =>
  [...listOf(met, 'stride'), ...listOf(met, 'dilation')].every((n) => n === 1) && met.attrs['groups'] === 1

/** Several gradients as another harm has them, the rest as it is. */
export const only =
  (names: readonly string[], harm: Harm): Harm =>
  (asked, plain, memory) => {
    const wrong = harm(asked, plain, memory)
    return Object.fromEntries(
      Object.entries(plain()).map(([name, right]) => [name, names.includes(name) ? (wrong[name] ?? right) : right]),
    )
  }

type Test = (place: readonly number[], shape: Shape, met: Met) => boolean

/** Elements of an input, or of a cotangent, that count as 0. */
export const unread =
  (name: string, test: Test): Harm =>
  (asked, plain) => {
    const drop = (tensors: Tensors): Tensors => {
      const tensor = tensors[name]
      return tensor === undefined
        ? tensors
        : { ...tensors, [name]: changed(tensor, (v, place) => (test(place(), tensor.shape, asked) ? 0 : v)) }
    }
    return plain({ inputs: drop(asked.inputs) })
  }
export const unpulled =
  (name: string, test: Test): Harm =>
  (asked, plain) => {
    const tensor = asked.cotangents[name] as Tensor
    return plain({
      cotangents: {
        ...asked.cotangents,
        [name]: changed(tensor, (v, place) => (test(place(), tensor.shape, asked) ? 0 : v)),
      },
    })
  }

export const last =
  (axis: number): Test =>
  (place, shape) =>
    place.at(axis) === (shape.at(axis) as number) - 1
/** The element in the last place of all. */
export const veryLast: Test = (place, shape) => place.every((at, axis) => at === (shape[axis] as number) - 1)
