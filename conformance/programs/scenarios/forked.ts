import type { OpName } from '../../../spec/catalogue.js'
import type { ProgramNode } from '../../../spec/program.js'
import type { Act } from '../scenario.js'
import type { Link } from './behind.js'
import { firsts, images, inChains, link } from './behind.js'
import { node } from './making.js'

/**
 * What two or more read, or is joined twice: what makes one kernel of two, or lets a value lie in a part of another one, has to
 * leave alone there what the others read.
 */

const layers = ['3×3', '3×3 without a bias', '1×1', 'grouped', 'turned'] as const
const sums = [
  link('add', (a) => ({ a, b: 'other' })),
  link('mul', (a) => ({ a, b: 'other' })),
  link('concat', (x0) => ({ x0, x1: 'other' }), { axis: 1 }),
] as const

// what is read by several: a layer, a sum of two of them, of a layer and of what is fed, of what is fed alone
const forks = (at: string): readonly (readonly ProgramNode[])[] => {
  const made = (name: string, { op, inputs, attrs }: Link, of: string): ProgramNode =>
    node(`${name} ${at}`, op, inputs(of), attrs)
  return [
    ...layers.map((layer) => [made(layer, firsts[layer], 'x')]),
    ...(['add', 'mul'] as const).flatMap((op) => [
      ...(['3×3', '1×1', 'turned'] as const).map((layer) => [
        made(`${layer} ${op}`, firsts[layer], 'x'),
        made(`${layer} ${op} one`, firsts['3×3'], 'other'),
        node(`${op} of ${layer} and one ${at}`, op, { a: `${layer} ${op} ${at}`, b: `${layer} ${op} one ${at}` }),
      ]),
      [
        made(`one ${op}`, firsts['1×1'], 'x'),
        node(`${op} of one and other ${at}`, op, { a: `one ${op} ${at}`, b: 'other' }),
      ],
      [node(`${op} of what is fed ${at}`, op, { a: 'x', b: 'other' })],
    ]),
  ]
}

const nameOf = (nodes: readonly ProgramNode[]): string => nodes.at(-1)?.name ?? ''

/** A value that a rectifier reads, and before or behind it something else as well. */
export const forked = (W: number, seed: string): readonly Act[] => {
  const rectified = (of: string): ProgramNode => node(`${of}, rectified`, 'relu', { x: of })
  return (['before', 'behind'] as const).flatMap((where) =>
    sums.flatMap((sum) => {
      const chains = forks('').flatMap((nodes) => {
        const of = nameOf(nodes)
        const other = node(`${of}, ${sum.op}`, sum.op, sum.inputs(of), sum.attrs)
        const both = where === 'before' ? [other, rectified(of)] : [rectified(of), other]
        return [...both.map((one) => [one])].map((one, i) => (i === 0 ? [...nodes, ...one] : one))
      })
      return inChains(images(W), chains, `${seed} ${where} ${sum.op}`)
    }),
  )
}

/** Every pair of axes of a join of a join, the inner one first, in the middle or last. */
export const joinedTwice = (W: number, seed: string): readonly Act[] => {
  const axes = [0, 1, 2, 3]
  const chains = axes.flatMap((inner) =>
    axes.flatMap((outer) =>
      [0, 1, 2].map((place): readonly ProgramNode[] => {
        const called = `${inner} in ${outer}, at ${place}`
        const join = (name: string, axis: number, parts: readonly string[]): ProgramNode =>
          node(name, 'concat', Object.fromEntries(parts.map((part, i) => [`x${i}`, part])), { axis })
        const alike = [`as it, ${called}`, `as it too, ${called}`]
        const parts = alike.toSpliced(place, 0, `inner ${called}`)
        return [
          join(`inner ${called}`, inner, ['x', 'other']),
          // in the shape of the inner one, made by something else
          ...alike.map((name, i) => join(`${name}, before`, inner, i === 0 ? ['other', 'x'] : ['x', 'x'])),
          ...alike.map((name) => node(name, 'relu', { x: `${name}, before` })),
          join(`outer ${called}`, outer, parts),
        ]
      }),
    ),
  )
  return inChains({ x: [2, W, 2, 2], other: [2, W, 2, 2] }, chains, seed)
}

const later: readonly (readonly [
  name: string,
  op: OpName,
  read: (skip: string, sum: string) => ProgramNode['inputs'],
])[] = [
  ['first', 'concat', (skip, sum) => ({ x0: skip, x1: sum })],
  ['last', 'concat', (skip, sum) => ({ x0: sum, x1: skip })],
  ['alone', 'concat', (skip) => ({ x0: 'x', x1: skip })],
  ['by a layer', 'conv2d', (skip) => ({ x: skip, w: 'w' })],
  ['twice', 'mul', (skip) => ({ a: skip, b: skip })],
]

/** A layer and its unit with what goes around them added or multiplied, which is read once more later: joined, filtered, squared. */
export const readLater = (W: number, seed: string): readonly Act[] =>
  (['other', 'made'] as const).flatMap((skipped) =>
    inChains(
      images(W),
      (['3×3', '1×1', 'turned'] as const).flatMap((layer) =>
        (['add', 'mul'] as const).flatMap((op) =>
          later.map(([name, behind, read]): readonly ProgramNode[] => {
            const called = `${layer}, ${op}, ${name}`
            const skip = skipped === 'made' ? `skip ${called}` : 'other'
            const first: Link = firsts[layer]
            const start = skipped === 'made' ? skip : 'x'
            return [
              ...(skipped === 'made' ? [node(skip, 'add', { a: 'x', b: 'other' })] : []),
              node(`layer ${called}`, first.op, first.inputs(start), first.attrs),
              node(`unit ${called}`, 'relu', { x: `layer ${called}` }),
              node(`sum ${called}`, op, { a: `unit ${called}`, b: skip }),
              node(`later ${called}`, behind, read(skip, `sum ${called}`), behind === 'concat' ? { axis: 1 } : behind === 'conv2d' ? { padding: [1, 1, 1, 1] } : {}), // prettier-ignore
            ]
          }),
        ),
      ),
      `${seed} ${skipped}`,
    ),
  )
