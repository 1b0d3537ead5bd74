import type { CheckedNode } from '../spec/program.js'
import { isProcessor } from './subgroupTile.js'

/**
 * What was found out about a device beside its limits: which kernels win there, and which its driver refuses. A value: plans
 * take it like a limit, and without it choose by the limits alone.
 */
export interface Tuning {
  /** the way in which products of a class are made, where it is not the one that the limits suggest */
  readonly choices: Readonly<Record<string, Way>>
  /** kernels that no plan has, by name */
  readonly refused: readonly string[]
}

export const untuned: Tuning = { choices: {}, refused: [] }

/**
 * How the products of a node are made: by `lanes` of a subgroup, where the device has such as there are kernels for; by `tiles`
 * in the registers of an invocation; or by tiles in the memory that a workgroup has, `shared`.
 */
export const ways = ['lanes', 'tiles', 'shared'] as const
export type Way = (typeof ways)[number]

/** The way that a device's limits suggest: processors have lanes of one small number, and GPUs memory near to a workgroup. */
export const suggested = (subgroupSize: number | undefined, isGpu: boolean): Way =>
  isGpu ? 'shared' : isProcessor(subgroupSize) ? 'lanes' : 'tiles'

// a way that is not the one the limits suggest has to win by so much, so that noise decides nothing
const lead = 1.1

/** The fastest way by the milliseconds that each took, but the usual one where none is faster by a tenth. */
export const winner = (ms: Readonly<Record<Way, number>>, usual: Way): Way => {
  const best = ways.reduce((a, b) => (ms[b] < ms[a] ? b : a))
  return ms[usual] > lead * ms[best] ? best : usual
}

// a product of so many or fewer rows, columns or terms is of the first, the second … magnitude
const magnitudes = [
  ['tiny', 7],
  ['small', 31],
  ['medium', 127],
  ['large', Infinity],
] as const

const magnitudeOf = (extent: number): string => magnitudes.find(([, most]) => extent <= most)?.[0] as string

/** Rows, columns and terms of the product that a node comes to, forward. */
const productOf = ({ node, sizes, attrs }: CheckedNode): readonly [string, number, number, number] | undefined => {
  const of = (name: string): number => (sizes as Readonly<Record<string, number>>)[name] ?? 1
  const groups = typeof attrs['groups'] === 'number' ? attrs['groups'] : 1
  if (node.op === 'dense') return ['product', of('N'), of('O'), of('I')]
  if (node.op === 'conv1d' || node.op === 'conv2d')
    return [
      'convolution',
      of('O') / groups,
      of('N') * of('Ho') * of('Wo') * of('Lo'),
      of('Cg') * of('KH') * of('KW') * of('K'),
    ]
  return node.op === 'convTranspose2d'
    ? ['convolution', of('O') / groups, of('N') * of('Ho') * of('Wo'), (of('C') / groups) * of('KH') * of('KW')]
    : undefined
}

/** The class of products that a node's are of: `convolution forward, medium × large, large terms`; undefined for what is none. */
export const shapeClassOf = (checked: CheckedNode): string | undefined => {
  const product = productOf(checked)
  if (product === undefined) return undefined
  const [kind, rows, columns, terms] = product
  return `${kind} ${checked.node.direction}, ${magnitudeOf(rows)} × ${magnitudeOf(columns)}, ${magnitudeOf(terms)} terms`
}
