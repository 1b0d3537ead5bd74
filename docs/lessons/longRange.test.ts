import { either as E } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import { reference } from '../../reference/index.js'
import { rnnClassifier } from '../../spec/networks/recurrent.js'
import type { Tensor } from '../../spec/tensor.js'
import { tensor } from '../../spec/tensor.js'
import { gradientAlong, sequences } from './longRange.js'

describe('sequences', () => {
  const { x, target } = sequences('test', 7, 20).at(Array.from({ length: 20 }, (_, i) => i))
  const lettersOf = ({ data }: Tensor, row: number, length: number): readonly number[] =>
    Array.from({ length }, (_, i) => data[row * length + i] as number)

  test('begin with a letter of the first half, which is the class, and go on with the second half', () => {
    expect(x.shape).toEqual([7, 20, 8])
    for (let n = 0; n < 20; n++) {
      const first = lettersOf(x, n, 8)
      expect(first.slice(0, 4)).toEqual(lettersOf(target, n, 4))
      expect(first.reduce((a, b) => a + b)).toBe(1)
      for (let t = 1; t < 7; t++) expect(lettersOf(x, t * 20 + n, 8).indexOf(1)).toBeGreaterThanOrEqual(4)
    }
  })

  test('are the same whichever are asked for with them', () => {
    const alone = sequences('test', 7, 20).at([13]).x
    expect(Array.from({ length: 7 }, (_, t) => lettersOf(alone, t, 8))).toEqual(
      Array.from({ length: 7 }, (_, t) => lettersOf(x, t * 20 + 13, 8)),
    )
  })
})

test('the gradient along a sequence falls by the factor that a linear memory has', async () => {
  // one unit whose state is nearly h′ = r·h + x: small weights keep tanh on its straight part, so that |∂loss/∂x[t]|
  // is r to the power of the steps behind t
  const r = 0.5
  const parameters = {
    'rnn.wIh': tensor(
      [1, 8],
      Array.from({ length: 8 }, () => 1e-4),
    ),
    'rnn.wHh': tensor([1, 1], [r]),
    'rnn.b': tensor([1], [0]),
    'fc.w': tensor([4, 1], [1, -1, 0, 0]),
    'fc.b': tensor([4], [0, 0, 0, 0]),
  }
  const network = (batch: number) => rnnClassifier(batch, { length: 6, inputs: 8, hidden: 1, classes: 4 })
  const made = await gradientAlong(reference, network, parameters, sequences('r', 6, 5))()
  if (E.isLeft(made)) throw new Error(made.left.message)
  const along = made.right
  expect(along).toHaveLength(6)
  for (const t of [1, 2, 3, 4, 5]) expect((along[t - 1] as number) / (along[t] as number)).toBeCloseTo(r, 5)
})
