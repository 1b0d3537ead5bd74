import { sizeOf } from '../../spec/tensor.js'
import { cotangent, elementwise, gradient, input, kernel, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'

/** y = a·b */
export const mulForward = kernel({
  name: 'mul.forward',
  reads: ['a', 'b'],
  writes: ['y'],
  code: /* wgsl */ `
fn element(i: u32) { set_y(i, a(i) * b(i)); }
`,
})

export const forward: Lower<'mul'> = ({ sizes }) =>
  launches(elementwise(mulForward, sizeOf(sizes.rest), { a: input('a'), b: input('b'), y: output('y') }))

const other = { a: 'b', b: 'a' } as const

/** da = dy·b, db = dy·a: the product again, of the cotangent and the other factor */
export const backward: Lower<'mul'> = ({ sizes, wants }) =>
  launches(
    ...(['a', 'b'] as const).filter(wants).map((name) =>
      elementwise(mulForward, sizeOf(sizes.rest), {
        a: cotangent('y'),
        b: input(other[name]),
        y: gradient(name),
      }),
    ),
  )
