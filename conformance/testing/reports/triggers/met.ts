import type { Tensor } from '../../../../spec/tensor.js'
import type { Met, Report } from '../report.js'
import { asIf, is, listOf, report } from '../report.js'

/**
 * Each with the trigger that one report names: a remainder that strides leave, an attribute that is 0 and counts as none, an
 * image on its side, a bias that the question before had, inputs of zeros.
 */

export const padding = (met: Met): readonly number[] => listOf(met, 'padding')

/** The answer with one of its parts made from others. */
export const having = (answer: Readonly<Record<string, Tensor>>, part: Readonly<Record<string, Tensor>>) => ({
  ...answer,
  ...part,
})

/** The attribute counts as not given where it is 0. */
export const noneIf0 = (
  id: string,
  touches: Report['touches'],
  attribute: string,
  usual: number,
  more: Parameters<typeof report>[5] = {},
): Report =>
  report(
    'attributes',
    id,
    touches,
    is(attribute, 0),
    asIf(() => ({ [attribute]: usual })),
    more,
  )
