import { sizeOf } from '../../spec/tensor.js'
import { copy } from '../copy.js'
import { cotangent, gradient, input, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'
import { mapOver, mapping } from '../map.js'

/** y = a + b */
export const addForward = mapping({
  name: 'add.forward',
  reads: ['a', 'b'],
  writes: ['y'],
  code: /* wgsl */ `
fn at(a: f32, b: f32) -> Values { return Values(a + b); }
`,
})

export const forward: Lower<'add'> = ({ sizes }) =>
  launches(mapOver(addForward, sizeOf(sizes.rest), { a: input('a'), b: input('b'), y: output('y') }))

/** da = dy, db = dy */
export const backward: Lower<'add'> = ({ sizes, wants }) =>
  launches(
    ...['a', 'b']
      .filter(wants)
      .map((name) => mapOver(copy, sizeOf(sizes.rest), { x: cotangent('y'), y: gradient(name) })),
  )
