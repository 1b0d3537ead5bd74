import { either as E, function as F } from 'fp-ts'
import type { OpName } from '../../spec/catalogue.js'
import { opOf } from '../../spec/catalogue.js'
import type { Attributes } from '../../spec/attributes.js'
import type { AnyOp, AnySizes } from '../../spec/op.js'
import { inputsAmong, resolve } from '../../spec/op.js'
import type { Shape } from '../../spec/tensor.js'
import { sizeOf } from '../../spec/tensor.js'
import type { Form } from '../form.js'

/** What a form comes to: its extents by axis letter, and what it takes to work it out. */
export interface Measured {
  /** by the letters of the op's inputs; `first` and `last` are the ends of a run of axes */
  readonly extents: Readonly<Record<string, number>>
  /** multiply-adds of forward, taps of all windows, or comparisons with neighbours; 0 where the op has none of them */
  readonly multiplyAdds: number
  /** elements of the largest tensor */
  readonly elements: number
  readonly steps: number
  /** steps of all sequences together, where they have more than one */
  readonly turns: number
  /** what tiles are laid over in a product of images and filters, or nothing where there is none */
  readonly tiled?: Tiled
}

/** Numbers of rows, columns and terms of the products that a convolution is made of, forward and back. */
export interface Tiled {
  readonly filters: number
  readonly channels: number
  readonly positions: number
  readonly pixels: number
  readonly filterTaps: number
  readonly channelTaps: number
}

const tiledOf = (groups: unknown, sizes: AnySizes): Tiled | undefined => {
  const size = (...letters: readonly string[]): number =>
    letters.reduce((n, letter) => n * (typeof sizes[letter] === 'number' ? sizes[letter] : 1), 1)
  if (typeof groups !== 'number') return undefined
  const [filters, channels, taps] = [size('O') / groups, size('C') / groups, size('KH', 'KW', 'K')]
  return {
    filters,
    channels,
    positions: size('N', 'Ho', 'Wo', 'Lo'),
    pixels: size('N', 'H', 'W', 'L'),
    filterTaps: filters * taps,
    channelTaps: channels * taps,
  }
}

const letters = (op: OpName, form: Form): readonly string[] => [
  ...new Set(
    Object.values(inputsAmong(opOf(op), Object.keys(form.shapes)))
      .flatMap((axes) => ('optional' in axes ? axes.optional : axes))
      .filter((axis) => !axis.startsWith('...')),
  ),
]

const tapsOf = (
  op: AnyOp,
  attrs: Attributes,
  sizes: AnySizes,
  shapes: Readonly<Record<string, Shape>>,
  outputs: Readonly<Record<string, Shape>>,
): number => {
  const windows = op.windows?.(attrs, sizes) ?? []
  const neighbours = op.neighbours?.(attrs, sizes) ?? 1
  const elements = (all: Readonly<Record<string, Shape>>): number =>
    Object.values(all).reduce((n, shape) => Math.max(n, sizeOf(shape)), 0)
  return windows.length > 0
    ? windows.reduce((n, { window }) => n * window, elements(outputs))
    : neighbours > 1
      ? elements(shapes) * neighbours
      : 0
}

/** Errors: whatever the op refuses of the form. */
export const measure = (op: OpName, form: Form) =>
  F.pipe(
    opOf(op).attrs.decode(form.attrs),
    E.flatMap((attrs) => resolve(opOf(op), attrs, form.shapes)),
    E.map(({ attrs, sizes, outputs }): Measured => {
      const tiled = tiledOf(attrs['groups'], sizes)
      const steps = typeof sizes['T'] === 'number' ? sizes['T'] : 1
      const run = (sizes['x0'] as Shape | undefined) ?? sizes.rest
      return {
        extents: {
          ...Object.fromEntries(
            letters(op, form)
              .filter((letter) => typeof sizes[letter] === 'number')
              .map((letter) => [letter, sizes[letter] as number]),
          ),
          ...(run.length === 0 ? {} : { first: run[0] as number, last: run.at(-1) as number }),
        },
        multiplyAdds: opOf(op).multiplyAdds?.(sizes) ?? tapsOf(opOf(op), attrs, sizes, form.shapes, outputs),
        elements: [...Object.values(form.shapes), ...Object.values(outputs)]
          .map(sizeOf)
          .reduce((a, b) => Math.max(a, b), 1),
        steps,
        turns: steps === 1 ? 1 : steps * (typeof sizes['N'] === 'number' ? sizes['N'] : 1),
        ...(tiled === undefined ? {} : { tiled }),
      }
    }),
  )
