import { either as E, function as F } from 'fp-ts'
import type { Shape } from '../../spec/tensor.js'
import { sizeOf } from '../../spec/tensor.js'
import type { Fill, Form } from '../form.js'
import type { Law } from '../questions.js'
import { form, questionsAbout } from '../questions.js'
import { equal, exactly, named } from '../vocabulary/claims.js'
import { anyShape } from '../vocabulary/draws.js'
import { extremes } from '../vocabulary/elementwise.js'
import { adjointIn, linearIn } from '../vocabulary/laws.js'

const from = (name: string, x: Shape, shape: Shape, fill: Fill = 'normal'): Form =>
  form(name, { shape }, { x }, { x: fill })

const roundTrip: Law = {
  name: 'back to the first shape gives the numbers back, and so does backward',
  claims: ({ attrs, inputs }, ask) => {
    const x = named(inputs, 'x')
    return F.pipe(
      E.Do,
      E.bind('there', () => ask('forward', attrs, inputs)),
      E.bind('back', ({ there }) => ask('forward', { shape: x.shape }, { x: named(there.values, 'y') })),
      E.bind('gradient', ({ there }) => ask('backward', attrs, inputs, { y: named(there.values, 'y') })),
      E.map(({ back, gradient }) => [exactly(named(back.values, 'y'), x), exactly(named(gradient.values, 'x'), x)]),
    )
  },
}

const byWay: Law = {
  name: 'by way of one row is the same as at once',
  claims: ({ attrs, inputs }, ask) => {
    const x = named(inputs, 'x')
    return F.pipe(
      E.Do,
      E.bind('atOnce', () => ask('forward', attrs, inputs)),
      E.bind('flat', () => ask('forward', { shape: [sizeOf(x.shape)] }, inputs)),
      E.bind('then', ({ flat }) => ask('forward', attrs, { x: named(flat.values, 'y') })),
      E.map(({ atOnce, then }) => [equal('y', then, atOnce)]),
    )
  },
}

// the factors of a number, dealt out among some axes
const factors = (n: number, from = 2): readonly number[] =>
  n === 1 ? [] : n % from === 0 ? [from, ...factors(n / from, from)] : factors(n, from + 1)

export const reshape = questionsAbout('reshape', {
  corners: [
    from('a scalar', [], []),
    from('a scalar as a matrix', [], [1, 1]),
    from('one element as a scalar', [1, 1, 1], []),
    from('rank 5 to rank 1', [2, 1, 3, 1, 2], [12]),
    from('rank 1 to rank 6', [24], [2, 1, 3, 1, 1, 4]),
    from('15', [15], [3, 5]),
    from('17', [17], [17, 1]),
    from('63', [7, 9], [9, 7]),
    from('64', [64], [4, 4, 4]),
    from('65', [5, 13], [13, 5]),
    from('255', [15, 17], [17, 15]),
    from('256', [4, 64], [64, 4]),
    from('257', [257], [1, 257]),
    from('65,535', [65535], [255, 257]),
    from('65,537', [65537], [1, 65537]),
    from('more than one row of workgroups', [2048, 2049], [2049, 2048]),
    from('an image as a sequence of patches', [2, 3, 4, 4], [2, 16, 3]),
    from('a code as a decoder’s maps', [3, 64], [3, 4, 4, 4]),
    from('the same shape', [3, 4, 5], [3, 4, 5]),
    from('zeros of either sign, and the ends of the range', [2, 4], [4, 2], extremes),
  ],
  random: (draw) => {
    const x = anyShape(draw, [0, 5])
    const rank = draw.integer(1, 5)
    const dealt = factors(sizeOf(x)).map((factor) => ({ factor, axis: draw.integer(0, rank - 1) }))
    const shape = Array.from({ length: rank }, (_, at) =>
      dealt.reduce((extent, { factor, axis }) => (axis === at ? extent * factor : extent), 1),
    )
    return { attrs: { shape }, shapes: { x }, fills: { x: draw.pick(['normal', 'small', 'wide']) } }
  },
  laws: [linearIn('x'), adjointIn('x', 'y'), roundTrip, byWay],
  worked: [
    {
      name: 'rows of three as rows of two: nothing is transposed',
      attrs: { shape: [3, 2] },
      inputs: { x: { shape: [2, 3], data: [1, 2, 3, 4, 5, 6] } },
      outputs: { y: { shape: [3, 2], data: [1, 2, 3, 4, 5, 6] } },
      source: "PyTorch's reshape (row-major order)",
    },
    {
      name: 'and back',
      attrs: { shape: [3, 2] },
      inputs: { x: { shape: [2, 3], data: [0, 0, 0, 0, 0, 0] } },
      cotangents: { y: { shape: [3, 2], data: [1, 2, 3, 4, 5, 6] } },
      outputs: { x: { shape: [2, 3], data: [1, 2, 3, 4, 5, 6] } },
      source: "PyTorch's reshape (row-major order)",
    },
  ],
  faults: [
    {
      name: 'column-major order, as in Fortran',
      direction: 'forward',
      find: 'at1(x, p)',
      replace:
        'at1(x, ((p) => { const [rows = 1] = shape; const columns = x.data.length / rows; return (p % columns) * rows + Math.floor(p / columns) })(p))',
      unseenAt: from('', [6], [6]),
    },
    {
      name: 'one element on',
      direction: 'forward',
      find: 'at1(x, p)',
      replace: 'at1(x, (p + 1) % x.data.length)',
      unseenAt: from('', [4], [2, 2], { constant: 3 }),
    },
    {
      name: 'a copy that errs by 2⁻¹¹',
      direction: 'forward',
      find: 'at1(x, p)',
      replace: 'at1(x, p) * (1 + 2 ** -11)',
      unseenAt: from('', [2, 3], [3, 2]),
    },
    { name: 'x’s own shape', direction: 'forward', find: 'shape,', replace: 'x.shape,' },
    {
      name: 'the cotangents backwards',
      direction: 'backward',
      find: 'reshaped(x.shape, dy)',
      replace: 'reshaped(x.shape, tabulate1([sizeOf(x.shape)], (p) => at1(dy, sizeOf(x.shape) - 1 - p)))',
      unseenAt: form('', { shape: [3, 2] }, { x: [2, 3] }, { dy: { constant: 0.5 } }),
    },
    { name: 'dy’s own shape', direction: 'backward', find: 'x.shape, dy', replace: 'dy.shape, dy' },
    { name: 'x in place of its gradient', direction: 'backward', find: 'x.shape, dy', replace: 'x.shape, x' },
  ],
})
