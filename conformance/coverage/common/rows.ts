import type { OpName } from '../../../spec/catalogue.js'
import type { Shape } from '../../../spec/tensor.js'
import type { Form } from '../../form.js'
import type { Row } from '../covering.js'
import { formOf } from '../miniature/forms.js'
import type { Drawn, Subject } from '../subject.js'
import { factor } from '../subject.js'
import type { Table } from './arrays.js'
import { named, of, rowsOf } from './arrays.js'

/** What is joined or goes along an axis, whichever axes have an extent of 1, and rows wholly far from 0. */

const ranks = [1, 2, 3, 4] as const
const everyAxis = ranks.flatMap((rank) => Array.from({ length: rank }, (_, axis) => `${axis} of ${rank}`))

/** The extents of so many pieces along their axis. */
const pieces: Table<(count: number) => Shape> = {
  alike: (count) => Array.from({ length: count }, () => 3),
  'one before more': (count) => Array.from({ length: count }, (_, q) => (q === 0 ? 1 : 4)),
  'one behind more': (count) => Array.from({ length: count }, (_, q) => (q === count - 1 ? 1 : 4)),
  ones: (count) => Array.from({ length: count }, () => 1),
  growing: (count) => Array.from({ length: count }, (_, q) => q + 2),
  eights: (count) => Array.from({ length: count }, () => 8),
  'four over sixteens': (count) => Array.from({ length: count }, () => 180),
}
const others: Table<Shape> = { odd: [3, 5, 3, 7], ones: [1, 1, 1, 1], fours: [4, 8, 4, 4], 'one before': [1, 3, 2, 5] }

export const concat = (): readonly Form[] =>
  rowsOf(
    'concat',
    3,
    [
      factor('axis', ...everyAxis),
      factor('inputs', '2', '1', '3', '4', '5'),
      named('pieces', pieces),
      named('others', others),
    ],
    (row) => {
      const [axis = 0, rank = 1] = (row['axis'] ?? '').split(' of ').map(Number)
      const beside = of(others, row, 'others').slice(0, rank)
      return formOf(
        { axis },
        Object.fromEntries(
          of(
            pieces,
            row,
            'pieces',
          )(Number(row['inputs'])).map((extent, q) => [
            `x${q}`,
            beside.map((other, at) => (at === axis ? extent : other)),
          ]),
        ),
      )
    },
  )

const product = (lists: readonly (readonly number[])[]): readonly Shape[] =>
  lists.reduce<readonly Shape[]>((all, list) => all.flatMap((before) => list.map((at) => [...before, at])), [[]])

// 1, odd, and a multiple of four, no two axes alike
const odd = [3, 5, 7, 9, 3]
const fours = [8, 4, 16, 12, 4]

/** Every shape of a rank whose extents are 1 or odd; up to three axes, multiples of four as well. */
const shapesOf = (rank: number): readonly Shape[] =>
  product(Array.from({ length: rank }, (_, at) => [1, odd[at] as number, ...(rank <= 3 ? [fours[at] as number] : [])]))

/** Along each axis of each rank. */
export const alongAnAxis = (): readonly Form[] =>
  ranks.flatMap((rank) =>
    shapesOf(rank).flatMap((x) => Array.from({ length: rank }, (_, axis) => formOf({ axis }, { x }))),
  )

/** Each axis of an op 1, odd, or a multiple of four. */
export const everyExtent = ({ few, factors, ladder, form }: Subject, plain: (fixed: Row) => Row): readonly Form[] => {
  const ranked = factors.find(({ name }) => name === 'rank' || name === 'axes')
  const own = Object.keys(few).filter((name) => name in ladder && !/^(first|last)$/.test(name))
  const listed = Object.keys(few).filter((name) => /^d\d$/.test(name))
  const behind: readonly (readonly [Row, readonly string[]])[] =
    ranked === undefined
      ? [[plain({}), [...own, ...listed]]]
      : ranked.classes.map((choice) => [
          plain({ [ranked.name]: choice }),
          [...(ranked.name === 'axes' ? ['N', 'C'] : []), ...listed.slice(0, Number(choice))],
        ])
  return behind.flatMap(([row, names]) =>
    shapesOf(names.length).map((extents) =>
      form(row, { ...leastOf(few), ...Object.fromEntries(names.map((name, at) => [name, extents[at] as number])) }),
    ),
  )
}

const leastOf = (few: Subject['few']): Drawn =>
  Object.fromEntries(Object.keys(few).map((name) => [name, name === 'key0' || name === 'key1' ? 7 : 2]))

// the largest of a row is none of its zeros: at −104 an exponential in f32 is 0, at 89 it is Infinity
const rowLengths = [4, 5, 16, 65, 130, 257, 1030] as const
/** Rows of all lengths wholly far below 0, and far above. */
export const farRows = (op: OpName): readonly Form[] =>
  rowLengths.flatMap((C) =>
    [1, 4, 9].flatMap((N) =>
      [-110, -1000, 110, 1000].map((mean) => {
        const far = { mean, scale: 3 }
        return op === 'softmax' || op === 'logSoftmax'
          ? formOf({}, { x: [N, C] }, { x: far })
          : formOf({}, { logits: [N, C], target: [N, C] }, { logits: far, target: 'oneHot' })
      }),
    ),
  )
/** The ops that go by rows and take exponentials. */
export const rowOps: readonly OpName[] = ['softmax', 'logSoftmax', 'softmaxCrossEntropy']
