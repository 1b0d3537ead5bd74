import { describe, expect, test } from 'vitest'
import type { Launch } from '../../accelerated/kernel.js'
import { sharedTile } from '../../accelerated/workgroupTile.js'
import type { Direction, OpName } from '../../spec/catalogue.js'
import { opOf } from '../../spec/catalogue.js'
import { caseAt, indicesOf } from '../cases.js'
import type { Form } from '../form.js'
import { questionTable } from '../table.js'
import type { Planned } from '../testing/lowered.js'
import { devices, launchesOf } from '../testing/lowered.js'
import { right } from '../testing/shaken.js'

/** Every kernel that convolutions and pools are lowered to, on devices of every kind, and what the standard run asks of it. */

const numbersOf = (value: unknown): readonly number[] =>
  (Array.isArray(value) ? value : []).filter((one): one is number => typeof one === 'number')

/** What a form has that kernels get wrong. */
const traitsOf = (op: OpName, { attrs, shapes }: Form): readonly string[] => {
  const decoded = right(opOf(op).attrs.decode(attrs))
  const padding = numbersOf(decoded['padding'])
  const above1 = (name: string): boolean => numbersOf(decoded[name]).some((n) => n > 1)
  return [
    ...(above1('stride') ? ['a stride'] : []),
    ...(above1('dilation') ? ['a dilation'] : []),
    ...(typeof decoded['groups'] === 'number' && decoded['groups'] > 1 ? ['groups'] : []),
    ...(new Set(padding).size > 1 ? ['unequal padding'] : []),
    ...((shapes['x']?.[0] ?? 1) > 1 ? ['a batch'] : []),
  ]
}

const wanted: Readonly<Partial<Record<OpName, readonly string[]>>> = {
  conv2d: ['a stride', 'a dilation', 'groups', 'unequal padding', 'a batch'],
  conv1d: ['a stride', 'a dilation', 'groups', 'unequal padding', 'a batch'],
  convTranspose2d: ['a stride', 'a dilation', 'groups', 'unequal padding', 'a batch'],
  maxPool2d: ['a stride', 'unequal padding', 'a batch'],
  avgPool2d: ['a stride', 'unequal padding', 'a batch'],
}

/**
 * What a kernel is not held to here: windows that tile an image have no padding; sums of parts know of no convolution; and
 * blocks.test.ts asks of blocks what few cases of the schedule are large enough for.
 */
const isExcused = (name: string, trait: string): boolean =>
  (name.includes('.pairs') && trait === 'unequal padding') || name.includes('.parts') || name.includes('.blocks')

interface Met {
  readonly traits: Set<string>
  /** by the name of a number that a kernel tiles, the remainders of its tile */
  readonly remainders: Map<string, Set<number>>
  cases: number
}

/** The numbers that a kernel lays its tile over, each with what the tile has of it. */
const tiledBy = ({ kernel, dims }: Launch): readonly (readonly [string, number, number])[] => {
  if (!kernel.name.includes('.tiled')) return []
  const size = (...letters: readonly string[]): number => letters.reduce((n, letter) => n * (dims[letter] ?? 1), 1)
  const taps = size('KH', 'KW')
  const filters = size('O') / size('groups')
  // `.tiled.8x2` has eight lanes of two rows and four columns each; `.tiled` four rows of four columns; `.shared` sixteen of
  // those each way, of which the last lines are cut as those of one are
  const [, lanes, each] = /\.(\d+)x(\d+)$/.exec(kernel.name) ?? []
  const [rows, columns] = lanes === undefined ? [4, 4] : [Number(lanes) * Number(each), 4 * Number(lanes)]
  const samples = lanes === undefined ? 1 : size('N')
  const [down, across] =
    kernel.name.startsWith('conv2d.forward') || kernel.name.startsWith('convTranspose2d.forward')
      ? [filters, samples * size('Ho', 'Wo')]
      : kernel.name.startsWith('conv2d.backward.x')
        ? [size('Cg'), samples * size('H', 'W')]
        : [filters, size('Cg') * taps]
  return [
    ['rows', down, rows],
    ['columns', across, columns],
    ...(kernel.name.startsWith('conv2d.backward.w') ? [['terms', size('N', 'Ho', 'Wo'), 4] as const] : []),
    ...(kernel.name.endsWith('.shared')
      ? [
          [
            'terms',
            kernel.name.startsWith('conv2d.backward.w')
              ? size('N', 'Ho', 'Wo')
              : (kernel.name.startsWith('conv2d.forward') ? size('Cg') : filters) * taps,
            sharedTile.terms,
          ] as const,
        ]
      : []),
  ]
}

const nameOn = ({ kernel }: Launch, { subgroupSize, isGpu }: Planned): string =>
  isGpu === true
    ? `${kernel.name} on a GPU`
    : subgroupSize === undefined
      ? kernel.name
      : `${kernel.name} on subgroups of ${subgroupSize}`

const meet = (op: OpName, direction: Direction): ReadonlyMap<string, Met> => {
  const met = new Map<string, Met>()
  for (const index of indicesOf(questionTable, op, direction, 'standard', 0)) {
    const { form } = caseAt(questionTable, op, direction, 1, index)
    const traits = traitsOf(op, form)
    for (const device of devices)
      for (const launch of launchesOf(op, direction, form, device)) {
        const name = nameOn(launch, device)
        const here = met.get(name) ?? {
          traits: new Set<string>(),
          remainders: new Map<string, Set<number>>(),
          cases: 0,
        }
        met.set(name, here)
        here.cases++
        traits.forEach((trait) => here.traits.add(trait))
        for (const [number, extent, tile] of tiledBy(launch)) {
          const key = `${number} by ${tile}`
          const remainders = here.remainders.get(key) ?? new Set<number>()
          here.remainders.set(key, remainders)
          remainders.add(extent % tile)
        }
      }
  }
  return met
}

/** Forms of so many rows and columns: of filters and positions, and of channels and pixels or taps. */
const sweep = (op: OpName): readonly Form[] => {
  const plain = (rows: number, columns: number): readonly Form[] => {
    const one = (C: number, O: number, W: number, K: number): Form =>
      op === 'conv1d'
        ? { attrs: {}, shapes: { x: [1, C, W], w: [O, C, K] }, fills: {} }
        : op === 'conv2d'
          ? { attrs: {}, shapes: { x: [1, C, 1, W], w: [O, C, 1, K] }, fills: {} }
          : { attrs: {}, shapes: { x: [1, C, 1, W], w: [C, O, 1, K] }, fills: {} }
    return [one(rows, rows, columns, 1), one(columns, rows, 8, 1), one(rows, columns, 8, 1)]
  }
  const counts = (most: number) => Array.from({ length: most }, (_, i) => i + 1)
  return [
    ...counts(40).flatMap((rows) => [5, 67].flatMap((columns) => plain(rows, columns))),
    ...counts(140).flatMap((columns) => [4, 7, 20].flatMap((rows) => plain(rows, columns))),
  ]
}

/** The remainders that a kernel can meet at all, for some are chosen only where there are few rows. */
const possibleRemainders = (op: OpName, direction: Direction): ReadonlyMap<string, ReadonlySet<number>> => {
  const possible = new Map<string, Set<number>>()
  for (const form of op.startsWith('conv') ? sweep(op) : [])
    for (const device of devices)
      for (const launch of launchesOf(op, direction, form, device))
        for (const [number, extent, tile] of tiledBy(launch)) {
          const key = `${nameOn(launch, device)} ${number} by ${tile}`
          possible.set(key, (possible.get(key) ?? new Set()).add(extent % tile))
        }
  return possible
}

describe.each(Object.keys(wanted) as readonly (keyof typeof wanted)[])('%s', (op) => {
  test.each(['forward', 'backward'] as const)('%s: every kernel meets all that kernels get wrong', (direction) => {
    const met = meet(op, direction)
    const missing = [...met].flatMap(([name, { traits, cases }]) =>
      (wanted[op] ?? [])
        .filter((trait) => !traits.has(trait) && !isExcused(name, trait))
        .map((trait) => `${name} (${cases} cases): ${trait}`),
    )
    expect(missing).toEqual([])
    const possible = possibleRemainders(op, direction)
    // four of five of what a kernel can leave, where it is chosen often: the schedule knows sizes, not kernels
    const unmet = [...met].flatMap(([name, { remainders, cases }]) =>
      [...remainders].flatMap(([key, found]) => {
        const all = [...(possible.get(`${name} ${key}`) ?? [])]
        const left = all.filter((remainder) => !found.has(remainder))
        return cases < 20 || left.length <= all.length / 5
          ? []
          : [`${name} (${cases} cases): ${key} never leaves ${left.join(', ')}`]
      }),
    )
    expect(unmet).toEqual([])
  })
})
