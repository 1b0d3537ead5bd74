import { sizeOf } from '../../spec/tensor.js'
import { copy } from '../copy.js'
import { cotangent, elementwise, gradient, input, kernel, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'

/** y = a + b */
export const addForward = kernel({
  name: 'add.forward',
  reads: ['a', 'b'],
  writes: ['y'],
  code: /* wgsl */ `
fn element(i: u32) { set_y(i, a(i) + b(i)); }
`,
})

export const forward: Lower<'add'> = ({ sizes }) =>
  launches(elementwise(addForward, sizeOf(sizes.rest), { a: input('a'), b: input('b'), y: output('y') }))

/** da = dy, db = dy */
export const backward: Lower<'add'> = ({ sizes, wants }) =>
  launches(
    ...['a', 'b']
      .filter(wants)
      .map((name) => elementwise(copy, sizeOf(sizes.rest), { x: cotangent('y'), y: gradient(name) })),
  )
