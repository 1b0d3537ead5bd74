import fc from 'fast-check'
import { differentiate } from '../../../spec/differentiate.js'
import { getOrThrow } from '../../../spec/error.js'
import type { Program, ProgramNode } from '../../../spec/program.js'
import type { Shape, Tensors } from '../../../spec/tensor.js'
import type { Act, Scenario } from '../scenario.js'
import { scenario } from '../scenario.js'
import { fed, node, numbers, program, remembered, written } from './making.js'
import { mostMeeting } from './meetings.js'
import type { Thread } from './weaving.js'
import { bothWaysOf, forwardOf, reversedFrom, threads } from './weaving.js'

/** Programs drawn at random, of which those are asked in which most meets; each in one width, in another, and in the first again. */

const [narrow, wide] = [3, 8] as const

const feedsOf = ({ inputs }: Program, turn: string): Tensors => ({
  ...fed(inputs, Object.keys(inputs), turn),
  // a variance is no less than 0
  ...Object.fromEntries(
    Object.entries(inputs)
      .filter(([name]) => name.startsWith('variance'))
      .map(([name, shape]) => [name, numbers(`${turn} ${name}`, shape, 1)]),
  ),
})

/** All values watched, then the answers alone: with the same feeds, with others, in another width, and once more. */
const inTurns = ([small, large]: readonly [Program, Program], seed: string): readonly Act[] => {
  return [
    { what: 'run', program: small, feeds: feedsOf(small, `${seed} 1`), watch: written(small) },
    { what: 'run', program: small, feeds: feedsOf(small, `${seed} 1`) },
    { what: 'run', program: small, feeds: feedsOf(small, `${seed} 2`) },
    { what: 'run', program: large, feeds: feedsOf(large, `${seed} 3`) },
    { what: 'run', program: small, feeds: feedsOf(small, `${seed} 4`) },
  ]
}

/** Of so many drawn programs so many are asked. */
const drawn = 512

/** A scenario of the programs of those threads in which most meets. */
const wovenInto = (
  name: string,
  about: string,
  of: (by: readonly Thread[], widths: readonly number[]) => readonly Program[],
  [least, most]: readonly [number, number],
  count: number,
  seed: number,
): Scenario => {
  const all = fc.sample(threads(least, most), { seed, numRuns: drawn }).map((by) => of(by, [narrow, wide]) as readonly [Program, Program]) // prettier-ignore
  const acts = mostMeeting(all, ([small]) => small, count).flatMap((both, i) =>
    inTurns(both, `program ${name}, ${i}, ${seed}`),
  )
  return scenario(name, about, (acts[0] as Extract<Act, { readonly what: 'run' }>).program, acts)
}

export const woven = remembered((seed) =>
  wovenInto(
    'woven',
    'programs drawn at random: values read twice, joined, added and read again',
    forwardOf,
    [5, 8],
    40,
    seed,
  ),
)

export const wovenBack = remembered((seed) =>
  wovenInto('woven back', 'gradients of programs drawn at random', bothWaysOf, [3, 5], 24, seed),
)

/** A value that so many read, whose gradients are added up, and go on. */
const readBy = (readers: number, W: number): Program => {
  const names = Array.from({ length: readers }, (_, i) => `${i + 1}`)
  const nodes: readonly ProgramNode[] = [
    node('first', 'mul', { a: 'x', b: 'z' }),
    node('read by all', 'relu', { x: 'first' }),
    ...names.map((name) => node(`product ${name}`, 'mul', { a: 'read by all', b: `factor ${name}` })),
    ...names
      .slice(1)
      .map((name, i) =>
        node(`sum ${name}`, 'add', { a: i === 0 ? 'product 1' : `sum ${names[i]}`, b: `product ${name}` }),
      ),
  ]
  const inputs = Object.fromEntries(['x', 'z', ...names.map((name) => `factor ${name}`)].map((name) => [name, [2, W]]))
  const last = `sum ${readers}`
  return reversedFrom(program(inputs, nodes, [last]), last)
}

export const manyReaders = (seed: number): Scenario => {
  const acts = [3, 4, 5, 6, 7, 8, 9, 17].flatMap((readers) =>
    inTurns([readBy(readers, narrow), readBy(readers, wide)], `program many readers, ${readers}, ${seed}`),
  )
  return scenario('many readers', 'gradients of a value that three to seventeen read', readBy(3, narrow), acts)
}

/** Layers of a recurrent net on each other, a dropout between them, the states of the first handed on to the second. */
export const stacked = (W: number, seed: string): readonly Act[] => {
  const [T, N] = [3, 2]
  const nets = (['rnn', 'lstm', 'gru'] as const).map((op): Program => {
    const gates = { rnn: 1, lstm: 4, gru: 3 }[op]
    const bias = op === 'gru' ? ['bIh', 'bHh'] : ['b']
    const states = op === 'lstm' ? ['h', 'c'] : ['h']
    const layer = (name: string, x: string, from: (state: string) => string): ProgramNode =>
      node(
        name,
        op,
        {
          x,
          ...Object.fromEntries(states.map((state) => [`${state}0`, from(state)])),
          ...Object.fromEntries(['wIh', 'wHh', ...bias].map((weight) => [weight, `${name} ${weight}`])),
        },
        {},
        { y: name, ...Object.fromEntries(states.map((state) => [`${state}T`, `${name} ${state}T`])) },
      )
    const nodes = [
      layer('lower', 'x', (state) => `${state} before`),
      node('dropped', 'dropout', { x: 'lower' }, { keep: 0.5, key: [3, 4] }),
      layer('middle', 'dropped', (state) => `lower ${state}T`),
      node('skipping', 'add', { a: 'middle', b: 'lower' }),
      layer('upper', 'skipping', (state) => `${state} before`),
      node('both', 'concat', { x0: 'middle', x1: 'upper' }, { axis: 2 }),
    ]
    const weights = ['lower', 'middle', 'upper'].flatMap((name): readonly (readonly [string, Shape])[] => [
      [`${name} wIh`, [gates * W, W]],
      [`${name} wHh`, [gates * W, W]],
      ...bias.map((b) => [`${name} ${b}`, [gates * W]] as const),
    ])
    const of = program(
      {
        x: [T, N, W],
        ...Object.fromEntries(states.map((state) => [`${state} before`, [N, W]])),
        ...Object.fromEntries(weights),
      },
      nodes,
      ['both'],
    )
    const { program: there, gradients } = getOrThrow(differentiate(of, 'both', Object.keys(of.inputs)))
    return { ...there, outputs: ['both', ...new Set(Object.values(gradients))] }
  })
  // all of it rounds, so that all is looked at
  return nets.flatMap((net, i) =>
    [1, 2].map((turn): Act => ({
      what: 'run',
      program: net,
      feeds: Object.fromEntries(
        Object.entries(net.inputs).map(([name, shape]) => [name, numbers(`${seed} ${i} ${turn} ${name}`, shape)]),
      ),
      watch: written(net),
    })),
  )
}
