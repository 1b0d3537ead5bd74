import type { Tensor } from '../../../../spec/tensor.js'
import type { Asked, Harm, Where } from '../report.js'
import { listOf, sizeIn } from '../report.js'
import { valuesOf } from '../together/met.js'

/**
 * Two or three ordinary facts together: what is left over of vectors of two, three and four, unequal padding with a stride, an
 * input that is not given with a number of groups, and numbers as training meets them.
 */

/** More than so many, and what is left over of them is one of these. */
export const leaves =
  (letter: string, of: number, ...rests: readonly number[]): Where =>
  (met) =>
    sizeIn(met, letter) > of && rests.includes(sizeIn(met, letter) % of)
/** Not given. */
export const without =
  (name: string): Where =>
  ({ shapes }) =>
    shapes[name] === undefined
export const groupsOf = ({ attrs }: Parameters<Where>[0]): number => Number(attrs['groups'])
/** The numbers of an attribute of one axis of two: down and across. */
export const pair = (met: Parameters<Where>[0], name: string): readonly [number, number] => {
  const [down = 1, across = down] = listOf(met, name)
  return [down, across]
}
export const when =
  (test: (asked: Asked) => boolean, harm: Harm): Harm =>
  (asked, plain, memory) =>
    test(asked) ? harm(asked, plain, memory) : plain()
export const values = (asked: Asked, name: string): readonly number[] => valuesOf(asked.inputs[name] as Tensor)
export const pulled = (asked: Asked, name: string): readonly number[] => {
  const tensor = asked.cotangents[name]
  return tensor === undefined ? [] : valuesOf(tensor)
}
