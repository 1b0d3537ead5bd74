import type { Draws } from '../../spec/philox.js'
import type { Fill, Form } from '../form.js'

/** Words for the cases that are drawn. */

/** So many extents from 1 to `most`. */
export const extents = (draw: Draws, count: number, most = 6): readonly number[] =>
  Array.from({ length: count }, () => draw.integer(1, most))

/** Extents from 1 to `most`, from `fewest` to `highest` of them. */
export const anyShape = (
  draw: Draws,
  [fewest, highest]: readonly [number, number] = [0, 4],
  most = 6,
): readonly number[] => extents(draw, draw.integer(fewest, highest), most)

/** What a drawn case is made of, drawn in this order; of a list of fills one is picked. */
export interface Choices {
  readonly attrs?: (draw: Draws) => Form['attrs']
  readonly shapes: (draw: Draws) => Form['shapes']
  readonly fills: Readonly<Record<string, Fill | readonly Fill[]>>
}

const isList = (fill: Fill | readonly Fill[]): fill is readonly Fill[] => Array.isArray(fill)

/** A case with attributes, shapes and fills of one's choice. */
export const drawn =
  ({ attrs, shapes, fills }: Choices) =>
  (draw: Draws): Form => ({
    attrs: attrs?.(draw) ?? {},
    shapes: shapes(draw),
    fills: Object.fromEntries(
      Object.entries(fills).map(([name, fill]) => [name, isList(fill) ? draw.pick(fill) : fill]),
    ),
  })
