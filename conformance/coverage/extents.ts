import { either as E, function as F } from 'fp-ts'
import type { OpName } from '../../spec/catalogue.js'
import { opOf } from '../../spec/catalogue.js'
import { inputsAmong, resolve } from '../../spec/op.js'
import type { Shape } from '../../spec/tensor.js'
import { sizeOf } from '../../spec/tensor.js'
import type { Form } from '../form.js'

/** What a form comes to: its extents by axis letter, and what it takes to work it out. */
export interface Measured {
  /** by the letters of the op's inputs; `first` and `last` are the ends of a run of axes */
  readonly extents: Readonly<Record<string, number>>
  /** multiply-adds of forward; 0 where the op has no weights */
  readonly multiplyAdds: number
  /** elements of the largest tensor */
  readonly elements: number
  readonly steps: number
}

const letters = (op: OpName, form: Form): readonly string[] => [
  ...new Set(
    Object.values(inputsAmong(opOf(op), Object.keys(form.shapes)))
      .flatMap((axes) => ('optional' in axes ? axes.optional : axes))
      .filter((axis) => !axis.startsWith('...')),
  ),
]

/** Errors: whatever the op refuses of the form. */
export const measure = (op: OpName, form: Form) =>
  F.pipe(
    opOf(op).attrs.decode(form.attrs),
    E.flatMap((attrs) => resolve(opOf(op), attrs, form.shapes)),
    E.map(({ sizes, outputs }): Measured => {
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
        multiplyAdds: opOf(op).multiplyAdds?.(sizes) ?? 0,
        elements: [...Object.values(form.shapes), ...Object.values(outputs)]
          .map(sizeOf)
          .reduce((a, b) => Math.max(a, b), 1),
        steps: typeof sizes['T'] === 'number' ? sizes['T'] : 1,
      }
    }),
  )
