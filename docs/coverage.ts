import { indicesOf, profiles, scheduled } from '../conformance/cases.js'
import type { Covering } from '../conformance/coverage/covering.js'
import { rungs } from '../conformance/coverage/ladder.js'
import { questionTable } from '../conformance/table.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { hasBackward, opNames, questions } from '../spec/catalogue.js'

/** The page of what the suite asks: of every op the classes of its cases, how many cases there are, and what they cover. */

const cell = (text: string): string => text.replace(/([|*_<])/g, '\\$1')
const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map(row).join('\n')

const casesOf = (op: OpName, direction: Direction): readonly number[] =>
  profiles.map((profile) => indicesOf(questionTable, op, direction, profile, 0).length)

const countOf = (covering: Covering | undefined): string =>
  covering === undefined ? '–' : String(covering.tuples.feasible)

const extentsOf = (op: OpName, direction: Direction): string => {
  const { subject, climbing } = scheduled(questionTable, op, direction)
  const { beyond } = climbing()
  return Object.entries(subject.ladder)
    .map(([axis, end]) => {
      const all = rungs.filter(({ most }) => most <= end).length
      const left = beyond[axis]?.length ?? 0
      return `${axis} ${left === 0 ? all : `${all - left} of ${all}`} to ${end.toLocaleString('en-US')}`
    })
    .join(', ')
}

const section = (op: OpName): string => {
  const directions: readonly Direction[] = hasBackward(op) ? ['forward', 'backward'] : ['forward']
  const { factors } = scheduled(questionTable, op, directions.at(-1) as Direction).subject
  return [
    `## ${op}`,
    table(
      ['direction', 'quick', 'standard', 'wild', 'classes', 'pairs', 'triples', 'extents of each axis'],
      directions.map((direction) => {
        const { classes, pairs, triples } = scheduled(questionTable, op, direction)
        return [
          direction,
          ...casesOf(op, direction).map(String),
          countOf(classes()),
          countOf(pairs()),
          countOf(triples?.()),
          extentsOf(op, direction),
        ]
      }),
    ),
    factors.map(({ name, classes }) => `- ${cell(name)}: ${classes.map(cell).join(', ')}`).join('\n'),
  ].join('\n\n')
}

export const coveragePage = (generated: string): string => {
  const totals = profiles.map((_, at) =>
    questions.reduce((sum, { op, direction }) => sum + (casesOf(op, direction)[at] as number), 0),
  )
  return [
    '# What the suite asks',
    generated,
    `Cases differ in factors, each of some classes: the stride in 1, 2, 3, 4 and more than the filter, the groups in one,
several and one per channel, the numbers of a tensor in ordinary ones, one sign, a lone number among zeros. The standard run
has every two classes that can meet in some case, and every three of what makes up a convolution or a pool, strides and
dilations alike on both axes, by covering arrays. Layers as people use them are laid out one by one, as kernels are chosen
by several attributes and extents at once: every usual filter at every usual stride and dilation, in groups and not; the
most usual layers, products, cells and rows at extents of every octave, two long axes at a time. Every axis is as long as each rung of a ladder at least once: 1 to 9; below, at and above 16, 32, 64, 128, 256, 384,
512, 768, 1024, 2048, 4096 and 65,536; odd multiples of 8, 16, 32 and 64; and lengths in between, up to where it ends. Corners that are
named one by one come first; last come wide cases: rates, filters, strides and groups far past the usual, several axes long
at once, axes past 131,072, rows among many axes. By numbers from 1,000,000 on come telling cases, of a number and a place,
or an attribute and an extent, that no class brings together: a logit far above all others late in a long row, integers over
more than 65,536 terms, recurrent nets of 28 steps and 128 units at weights of ±1/√H, each of several pieces alone. Behind
them stand layers of networks in small, all of whose axes are of some length at once: every usual window in a batch of 17 with
18 channels and 20 filters, with 66 of either, over an image, from three channels into 66 and back; first and last layers;
products of few rows and of a thousand; cells of 33 rows and 129 units, sequences of a batch; rows in the middle and of
attention, maps of a batch, losses of 4,100 rows, six axes and seven. Then come mingled cases: each axis few, some or many
beside each other one, by triples, and windows, steps, groups and shapes of maps with them: a batch over three channels, many
channels of one pixel, images higher than wide, a thousand terms of 33 rows, windows wider than there are channels. After them
come bands of extents, whatever three axes can be at once where no case before them is so; shapes with their axes in each
other's place; and long sums of nothing but what comes last. Last stand every two classes at an axis of some dozens, hundreds
or a thousand numbers; layers as large as people train them, a batch of 16 through 64 maps of 14×14, all axes ample at once; layers of well-known
networks at the sizes and ratios that they have there; and plain numbers: zeros, ones, masks, one number throughout, factors of 1 and
states of 0, an identity, equal inputs, cotangents of ones, numbers beyond 65,504; every three remainders of axes by 4 and 8;
and numbers of a structure under every class: what training begins with, magnitudes about 2⁻¹⁴ and 2⁻³⁰, what a ReLU leaves,
what rises or falls, and rows of which the last number decides, or what no mask covers; and numbers with a pattern: matrices that are symmetrical, triangular or an identity with a bias, filters that shift and blur,
samples and channels that are alike, an input that is its own cotangent, whole numbers beyond 32 bits; and small layers by what
people write of them, any four of the very filter, step, padding, image and number of channels: a 3×2 filter padded by one all
round with a stride of 2, images of one pixel, of one row or one column, pieces of one before larger ones, rows wholly far below 0. Of the layers of the wild run the
standard one takes those that are soon made. Special values are put into small cases, infinities at
one place of two tensors, and NaN, or −∞ where it masks, into layers of some thousand numbers too, for which kernels of tiles are chosen. The wild run has layers of networks at full size as well. This page counts what can be
covered and is; a run says what the cases that its backend answered did cover.`,
    `All in all ${totals.map((count, at) => `${count.toLocaleString('en-US')} cases in the ${profiles[at] as string} run`).join(', ')}.`,
    ...opNames.map(section),
  ].join('\n\n')
}
