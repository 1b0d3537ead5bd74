import { sizeOf } from '../../spec/tensor.js'
import { cotangent, gradient, input, launches, output } from '../kernel.js'
import type { Lower } from '../lower.js'
import { mapOver, mapping } from '../map.js'

/** y = a·b */
export const mulForward = mapping({
  name: 'mul.forward',
  reads: ['a', 'b'],
  writes: ['y'],
  code: /* wgsl */ `
fn at(a: f32, b: f32) -> Values { return Values(a * b); }
`,
})

export const forward: Lower<'mul'> = ({ sizes }) =>
  launches(mapOver(mulForward, sizeOf(sizes.rest), { a: input('a'), b: input('b'), y: output('y') }))

const other = { a: 'b', b: 'a' } as const

/** da = dy·b, db = dy·a: the product again, of the cotangent and the other factor */
export const backward: Lower<'mul'> = ({ sizes, wants }) =>
  launches(
    ...(['a', 'b'] as const).filter(wants).map((name) =>
      mapOver(mulForward, sizeOf(sizes.rest), {
        a: cotangent('y'),
        b: input(other[name]),
        y: gradient(name),
      }),
    ),
  )
