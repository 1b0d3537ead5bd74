import type { Tensor, Tensors } from '../../../../spec/tensor.js'
import type { Asked, Harm, Plain } from '../report.js'
import { asIfGiven, changed } from '../report.js'
import { cotangentOf } from '../novel/met.js'
import { input, stepsOf } from '../public/met.js'

/** As users told them of the backends they use, a batch of its own: each with the thread that it comes from. */

export const f32 = Math.fround
/** Where e to that power is beyond f32. */
export const overflow = 88.73

/** What a loss is pulled by at an element, of so many that a mean divides by. */
export const share = (asked: Asked, at: number, n: number): number => {
  const dy = cotangentOf(asked)
  if (asked.attrs['reduction'] === 'none') return dy[at] as number
  return (dy[0] as number) / (asked.attrs['reduction'] === 'mean' ? n : 1)
}

/** A loss from those of its elements or rows. */
export const reduced =
  (own: (asked: Asked) => readonly number[]): Harm =>
  (asked, plain) => {
    const each = own(asked)
    const sum = each.reduce((a, b) => a + b, 0)
    const whole = asked.attrs['reduction'] === 'mean' ? sum / each.length : sum
    const right = plain()['loss'] as Tensor
    return {
      loss: changed(right, (_, __, at) => (asked.attrs['reduction'] === 'none' ? (each[at] as number) : whole)),
    }
  }

/** The answer to some steps of a series from a state. */
export const scanned = (asked: Asked, plain: Plain, from: number, to: number, more: Tensors = {}): Tensors =>
  plain({ inputs: { ...asked.inputs, x: stepsOf(input(asked, 'x'), from, to), ...more } })

/** Gates read from other gates: the rows of each as many as units. */
export const gates = (order: readonly number[], ...names: readonly string[]): Harm =>
  asIfGiven((asked) =>
    Object.fromEntries(
      names.map((name) => {
        const tensor = input(asked, name)
        const each = tensor.data.length / order.length
        return [
          name,
          changed(tensor, (_, __, at) => {
            const gate = order[Math.floor(at / each)] as number
            return Number(tensor.data[gate * each + (at % each)])
          }),
        ]
      }),
    ),
  )
