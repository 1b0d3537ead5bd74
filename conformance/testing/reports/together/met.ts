import type { Tensor } from '../../../../spec/tensor.js'
import type { Asked, Harm, Met, Where } from '../report.js'
import { all, changed, grouped, holds, listOf, moved, past, product, shapeIn, sizeIn, withIndex } from '../report.js'

/**
 * What takes several things at once: layers as networks have them, a batch, channels and an image that are all of some
 * length, an attribute and a class of numbers. Kernels are chosen by such conjunctions.
 */

export const valuesOf = ({ data }: Tensor): readonly number[] =>
  Array.from({ length: data.length }, (_, i) => data[i] as number)

/** Every axis at least as long as that. */
export const atLeast = (least: Readonly<Record<string, number>>): Where =>
  all(...Object.entries(least).map(([letter, size]) => past(letter, size - 1)))

export const channelsOfGroup = (met: Met): number => sizeIn(met, 'C') / Number(met.attrs['groups'])
export const filtersOfGroup = (met: Met): number => sizeIn(met, 'O') / Number(met.attrs['groups'])
export const oneChannelEach: Where = (met) => grouped(met) && channelsOfGroup(met) === 1
export const steps =
  (...stride: readonly number[]): Where =>
  (met) =>
    String(listOf(met, 'stride')) === String(stride)
export const positions = (test: (n: number) => boolean): Where => product(['N', 'Ho', 'Wo', 'Lo'], test)
export const pixels = (test: (n: number) => boolean): Where =>
  holds('x', (_, [, , ...image]) => test(image.reduce((a, b) => a * b, 1)))
export const firstSample: Harm = moved((place) => withIndex(place, 0, 0))
/** The gradients of what all samples share are those of the first so many. */
export const ofSamples =
  (n: number, ...names: readonly string[]): Harm =>
  (asked, plain) => {
    const few = plain({
      inputs: {
        ...asked.inputs,
        x: changed(asked.inputs['x'] as Tensor, (v, place) => ((place()[0] as number) < n ? v : 0)),
      },
    })
    const answer = plain()
    return { ...answer, ...Object.fromEntries(names.map((name) => [name, few[name] as Tensor])) }
  }

export const rowOf = (met: Met): { readonly length: number; readonly before: number; readonly behind: number } => {
  const shape = shapeIn(met, 'x')
  const axis = (met.attrs['axis'] as number | undefined) ?? -1
  const at = axis < 0 ? axis + shape.length : axis
  const times = (extents: readonly number[]): number => extents.reduce((a, b) => a * b, 1)
  return { length: shape[at] ?? 1, before: times(shape.slice(0, at)), behind: times(shape.slice(at + 1)) }
}
export const row =
  (test: (length: number, before: number, behind: number) => boolean): Where =>
  (met) =>
    test(rowOf(met).length, rowOf(met).before, rowOf(met).behind)
export const among =
  (n: number): Where =>
  (met) =>
    Object.values(met.shapes).some((shape) => shape.length >= n)

export const rowsOf = (name: string, asked: Asked): readonly (readonly number[])[] => {
  const tensor = asked.inputs[name] as Tensor
  const C = tensor.shape.at(-1) ?? 1
  const values = valuesOf(tensor)
  return Array.from({ length: values.length / C }, (_, row) => values.slice(row * C, row * C + C))
}
