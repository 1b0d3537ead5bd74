import { describe, expect, test } from 'vitest'
import type { Direction, OpName } from '../../spec/catalogue.js'
import type { Shape } from '../../spec/tensor.js'
import { scheduled } from '../cases.js'
import type { Form } from '../form.js'
import { questionTable } from '../table.js'

const asked = (op: OpName, direction: Direction): readonly Form[] => scheduled(questionTable, op, direction).telling()
const listOf = (form: Form, name: string, otherwise: Shape): Shape => (form.attrs[name] ?? otherwise) as Shape
const shapeOf = (form: Form, name: string): Shape => form.shapes[name] as Shape

/** How many different fours there are of what is read of each form. */
const different = (forms: readonly Form[], read: (form: Form) => readonly (string | undefined)[]): number =>
  new Set(forms.flatMap((form) => (read(form).includes(undefined) ? [] : [read(form).join('; ')]))).size

const known = <A>(of: readonly A[], value: A): A | undefined => (of.includes(value) ? value : undefined)
const filters = ['3,3', '1,1', '2,2', '5,5', '1,3', '3,1', '3,2', '2,3']
const steps = ['1,1', '2,2', '1,2', '2,1']
const images = ['7,7', '6,6', '9,5', '5,8', '5,12', '12,5']

describe.each(['forward', 'backward'] as const)('conv2d %s', (direction) => {
  const forms = asked('conv2d', direction)
  const filterOf = (form: Form) => known(filters, shapeOf(form, 'w').slice(2).join())
  const stepOf = (form: Form) => known(steps, listOf(form, 'stride', [1, 1]).join())
  const imageOf = (form: Form) => known(images, shapeOf(form, 'x').slice(2).join())
  const channelsOf = (form: Form) => {
    const [groups, [, C], [O]] = [form.attrs['groups'] ?? 1, shapeOf(form, 'x'), shapeOf(form, 'w')]
    return known(['1,3,5', '1,1,1', '1,1,3', '1,3,1', '1,8,8', '4,4,4', '2,4,6'], [groups, C, O].join())
  }

  test('every filter meets every step, image, and number of channels and filters at once', () => {
    expect(different(forms, (form) => [filterOf(form), stepOf(form), imageOf(form), channelsOf(form)])).toBe(
      8 * 4 * 6 * 7,
    )
  })

  test('every filter that is not padded, or by one all round, meets every step and number of channels', () => {
    const paddingOf = (form: Form) => known(['0,0,0,0', '1,1,1,1'], listOf(form, 'padding', [0, 0, 0, 0]).join())
    expect(different(forms, (form) => [filterOf(form), stepOf(form), paddingOf(form), channelsOf(form)])).toBe(
      8 * 4 * 2 * 7,
    )
  })
})

describe.each(['maxPool2d', 'avgPool2d'] as const)('%s', (op) => {
  test.each(['forward', 'backward'] as const)(
    '%s: every window meets every step, image, and one map or several at once',
    (direction) => {
      const maps = ['1,1', '1,3', '3,1', '2,3']
      const read = (form: Form): readonly (string | undefined)[] => [
        known(['2,2', '3,3', '1,2', '2,1', '3,2', '4,4'], listOf(form, 'window', []).join()),
        known(steps, listOf(form, 'stride', listOf(form, 'window', [])).join()),
        known(images, shapeOf(form, 'x').slice(2).join()),
        known(maps, shapeOf(form, 'x').slice(0, 2).join()),
      ]
      expect(different(asked(op, direction), read)).toBe(6 * 4 * 6 * 4)
    },
  )
})

test('pieces of one before larger ones are joined along every axis of every rank, two to five of them', () => {
  const read = (form: Form): readonly (string | undefined)[] => {
    const pieces = Object.values(form.shapes)
    const [first = []] = pieces
    const axis = Number(form.attrs['axis'] ?? 1)
    const extents = pieces.map((piece) => piece[axis] ?? 0)
    const grows = extents[0] === 1 && extents.slice(1).every((extent) => extent > 1)
    return [
      grows && first.length <= 4 && axis >= 0 ? `${axis} of ${first.length}` : undefined,
      known(['2', '3', '4', '5'], String(pieces.length)),
    ]
  }
  for (const direction of ['forward', 'backward'] as const)
    expect(different(asked('concat', direction), read)).toBeGreaterThanOrEqual(10 * 4)
})

test.each(['softmax', 'logSoftmax'] as const)('%s: along each axis, whichever of the others are one', (op) => {
  const read = (form: Form): readonly (string | undefined)[] => {
    const x = shapeOf(form, 'x')
    const axis = Number(form.attrs['axis'] ?? -1)
    return [
      x.length >= 1 && x.length <= 4 && axis >= 0 ? `${axis} of ${x.length}` : undefined,
      x.map((extent) => (extent === 1 ? '1' : 'n')).join(''),
    ]
  }
  for (const direction of ['forward', 'backward'] as const)
    expect(different(asked(op, direction), read)).toBe([1, 2, 3, 4].reduce((n, rank) => n + rank * 2 ** rank, 0))
})

test.each(['softmax', 'logSoftmax', 'softmaxCrossEntropy'] as const)(
  '%s: short and long rows lie wholly below −104, and wholly above 89',
  (op) => {
    for (const direction of ['forward', 'backward'] as const)
      for (const mean of [-110, 110]) {
        const lengths = asked(op, direction)
          .filter(({ fills }) =>
            Object.values(fills).some((fill) => typeof fill === 'object' && 'mean' in fill && fill.mean === mean),
          )
          .map(({ shapes }) => Object.values(shapes)[0]?.at(-1) ?? 0)
        expect(lengths).toEqual(expect.arrayContaining([4, 16, 65, 257, 1030]))
      }
  },
)
