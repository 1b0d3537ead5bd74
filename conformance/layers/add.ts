import { generate } from '../../spec/tensor.js'
import { elementwiseCorners } from '../elementwise.js'
import { invariant, named } from '../laws.js'
import type { Questions } from '../questions.js'
import { form } from '../questions.js'

const pairOf = (...shape: readonly number[]) => ({ a: shape, b: shape })

export const add: Questions = {
  corners: [
    ...elementwiseCorners(['a', 'b']),
    form('opposites cancel', {}, pairOf(17), { a: { constant: 1.5 }, b: { constant: -1.5 } }),
  ],
  random: (draw) => {
    const shape = Array.from({ length: draw.integer(0, 5) }, () => draw.integer(1, 5))
    return { attrs: {}, shapes: pairOf(...shape), fills: { a: draw.pick(['normal', 'small', 'wide']), b: 'normal' } }
  },
  laws: [
    invariant('the order of the two changes nothing', 'y', (sample) => ({
      ...sample,
      inputs: { a: named(sample.inputs, 'b'), b: named(sample.inputs, 'a') },
    })),
    {
      name: 'zero adds nothing',
      claims: ({ attrs, inputs }, ask) => {
        const a = named(inputs, 'a')
        const answer = ask('forward', attrs, { a, b: generate(a.shape, () => 0) })
        return answer._tag === 'Left'
          ? answer
          : {
              _tag: 'Right',
              right: [{ got: named(answer.right.values, 'y'), want: a, allowed: generate(a.shape, () => 0) }],
            }
      },
    },
  ],
  worked: [],
  faults: [
    {
      name: 'difference',
      direction: 'forward',
      find: 'a + b, a, b',
      replace: 'a - b, a, b',
      unseenAt: form('', {}, pairOf(1), { b: { constant: 2 ** -20 } }),
    },
    { name: 'dropped skip', direction: 'backward', find: 'b: dy', replace: 'b: zip((a) => a - a, dy, dy)' },
    { name: 'sign of the skip', direction: 'backward', find: 'a: dy', replace: 'a: zip((a) => -a, dy, dy)' },
  ],
}
