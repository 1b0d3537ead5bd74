import type { Attributes } from '../../../../spec/attributes.js'
import type { Tensor } from '../../../../spec/tensor.js'
import type { Asked, Harm } from '../report.js'
import { changed } from '../report.js'
import { valuesOf } from '../together/met.js'
import { having } from '../triggers/met.js'

/**
 * What a long axis or many numbers take together with something else that is seldom: attributes that only the first dispatch is
 * given, data that is all one special value, one of an op's inputs as long as no network has it.
 */

/** Behind so many numbers the answer to the question with other attributes. */
export const behindUsually =
  (n: number, usual: (asked: Asked) => Attributes): Harm =>
  (asked, plain) => {
    const other = plain({ attrs: { ...asked.attrs, ...usual(asked) } })
    return Object.fromEntries(
      Object.entries(plain()).map(([name, tensor]) => [
        name,
        changed(tensor, (v, _, at) => (at < n ? v : ((other[name] as Tensor).data[at] as number))),
      ]),
    )
  }

/** An input whose gradient is made again from a product with it: none where it is 0. */
export const noGradientWhere0 =
  (input: string): Harm =>
  (asked, plain) => {
    const values = valuesOf(asked.inputs[input] as Tensor)
    const answer = plain()
    return having(answer, {
      [input]: changed(answer[input] as Tensor, (v, _, at) => (values[at] === 0 ? 0 : v)),
    })
  }
