import { expect, test } from 'vitest'
import type { Direction, OpName } from '../../spec/catalogue.js'
import { questions } from '../../spec/catalogue.js'
import { sizeOf } from '../../spec/tensor.js'
import { caseAt, indicesOf, scheduled } from '../cases.js'
import type { Form } from '../form.js'
import { acceptable, numbersIn } from '../form.js'
import { questionTable } from '../table.js'
import { ampleOf } from './ample.js'
import { measure } from './extents.js'
import { getOrThrow } from '../../spec/error.js'

const standardOf = (op: OpName, direction: Direction): readonly Form[] =>
  indicesOf(questionTable, op, direction, 'standard', 0).map(
    (index) => caseAt(questionTable, op, direction, 1, index).form,
  )

test('ample cases are accepted, stay within what a standard run takes, and are the same each time', () => {
  for (const { op, direction } of questions) {
    const forms = ampleOf(op, direction, false, () => [])
    expect(forms.filter((form) => !acceptable(op, form))).toEqual([])
    for (const form of forms) {
      expect(numbersIn(form)).toBeLessThan(4_000_000)
      expect(getOrThrow(measure(op, form)).multiplyAdds).toBeLessThan(2e8)
    }
    expect(ampleOf(op, direction, false, () => [])).toEqual(forms)
  }
})

test('every case of a standard run is one that its op accepts', () => {
  for (const { op, direction } of questions)
    expect(
      scheduled(questionTable, op, direction)
        .telling()
        .filter((form) => !acceptable(op, form)),
    ).toEqual([])
})

// each as networks have them, and as no ladder and no layer in small has them
test.each(['forward', 'backward'] as const)(
  'a standard run asks of layers as large as people train them, %s',
  (direction) => {
    const convolved = standardOf('conv2d', direction).filter(({ shapes: { x = [], w = [] }, attrs }) => {
      const [N = 0, , H = 0, W = 0] = x
      const [O = 0, channels = 0, KH] = w
      return KH === 3 && N >= 8 && H * W >= 196 && O >= 32 && channels >= 16 && String(attrs['stride']) === '1,1'
    })
    expect(convolved.length).toBeGreaterThan(1)
    const multiplied = standardOf('dense', direction).filter(({ shapes: { x = [], w = [] } }) => {
      const [N = 0, I = 0] = x
      return N >= 32 && I >= 784 && (w[0] ?? 0) >= 784
    })
    expect(new Set(multiplied.map(({ shapes }) => 'b' in shapes)).size).toBe(2)
    const normalized = standardOf('batchNormTraining', direction).filter(({ shapes: { x = [] } }) => {
      const [N = 0, C = 0, ...image] = x
      return N >= 8 && C >= 64 && sizeOf(image) >= 49
    })
    expect(normalized.length).toBeGreaterThan(1)
    const added = standardOf('add', direction).filter(({ shapes: { a = [] } }) => a.length === 4 && sizeOf(a) > 2 ** 16)
    expect(added.length).toBeGreaterThan(1)
  },
)
