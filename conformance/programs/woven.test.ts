import { describe, expect, test } from 'vitest'
import { plainF32 } from '../../adapters/plainF32.js'
import { oracle } from '../../reference/index.js'
import type { Backend } from '../../spec/backend.js'
import { getOrThrow } from '../../spec/error.js'
import type { Program, ProgramNode } from '../../spec/program.js'
import { checkProgram } from '../../spec/program.js'
import { narrowed } from './narrow.js'
import { probeProgram } from './probe.js'
import type { Scenario } from './scenario.js'
import { node, program } from './scenarios/making.js'
import { exactIn } from './scenarios/exact.js'
import { meetingsOf } from './scenarios/meetings.js'
import { forked, joinedTwice } from './scenarios/forked.js'
import { manyReaders, woven, wovenBack } from './scenarios/woven.js'

const programsOf = ({ acts }: Pick<Scenario, 'acts'>): readonly Program[] =>
  acts.flatMap((act) => (act.what === 'run' ? [act.program] : []))
const meetings = (programs: readonly Program[]): ReadonlySet<string> =>
  new Set(programs.flatMap((one) => [...meetingsOf(one).keys()]))

describe('programs drawn at random', () => {
  const [forward, back] = [programsOf(woven(1)), programsOf(wovenBack(1))]

  test('follow from the seed, and are others at another', () => {
    expect(programsOf(woven(1))).toEqual(forward)
    expect(programsOf(woven(2))).not.toEqual(forward)
  })

  test('are the same nodes in both widths, so that only extents differ', () => {
    for (const [i, large] of forward.entries()) {
      const small = forward[i - 1]
      // the fourth of five is the wide one
      if (i % 5 !== 3 || small === undefined) continue
      // new shapes and groups go by channels
      const fixed = ({ nodes }: Program): readonly ProgramNode[] => nodes.map((one) => ({ ...one, attrs: {} }))
      expect(fixed(large)).toEqual(fixed(small))
      expect(Object.keys(large.inputs)).toEqual(Object.keys(small.inputs))
      expect(large.inputs).not.toEqual(small.inputs)
    }
  })

  test('bring together what kernels are made one of: layers, units, sums and joins, whoever else reads what is between', () => {
    const met = meetings(forward)
    const layers = ['conv2d', 'convTranspose2d', 'dense']
    const pairs = layers.flatMap((layer) =>
      ['relu.x', 'add.a', 'add.b', 'mul.a', 'mul.b', 'concat 1.x0', 'concat 1.x1'].flatMap((next) => [
        `${layer} → ${next}`,
        `${layer} → ${next}, read elsewhere`,
      ]),
    )
    // those that are drawn too seldom are asked for by themselves, behind layers and forked
    expect(pairs.filter((each) => met.has(each)).length).toBeGreaterThan(0.75 * pairs.length)
    for (const op of ['add', 'mul', 'concat 1']) expect([...met]).toContain(`one value twice → ${op}`)
    // chosen, they bring more together than as many that are not
    expect(met.size).toBeGreaterThan(1000)
  })

  test('have gradients of what is read twice, in one node and in two', () => {
    const met = [...meetings(back)]
    for (const op of ['add back', 'mul back', 'dense back']) expect(met).toContain(`one value twice → ${op}`)
    expect(met.some((each) => /^one value twice → concat back \d/.test(each))).toBe(true)
    // gradients of several readers are added up, and go further back
    expect(met.some((each) => /^add → .* back\.dy/.test(each))).toBe(true)
  })

  test('answer what no order of additions rounds, or what rounds once behind that', () => {
    for (const one of [...forward, ...back]) {
      const exact = exactIn(one)
      for (const output of one.outputs) {
        const writer = one.nodes.find(({ outputs }) => Object.values(outputs).includes(output)) as ProgramNode
        const reads = Object.values(writer.inputs).filter((name) => !(name in one.inputs))
        expect(exact.has(output) || reads.every((name) => exact.has(name)), output).toBe(true)
      }
    }
  })

  test('a sum too long for f32 is not exact', () => {
    const of = (W: number): Program =>
      program(
        { x: [2, W], w: [W, W] },
        [node('h', 'dense', { x: 'x', w: 'w' }), node('hh', 'mul', { a: 'h', b: 'h' }), node('t', 'tanh', { x: 'x' })],
        ['hh'],
      )
    expect([...exactIn(of(9))]).toEqual(['h', 'hh'])
    // (4·2,000)² is beyond 2²³
    expect([...exactIn(of(2000))]).toEqual(['h'])
  })

  test('of many readers each is one more gradient to be added', () => {
    const sums = programsOf(manyReaders(1)).map(
      ({ nodes }) => nodes.filter(({ op, name }) => op === 'add' && name.startsWith('d.')).length,
    )
    expect(new Set(sums)).toEqual(new Set([2, 3, 4, 5, 6, 7, 8, 16]))
  })
})

describe('what is read by several, or joined twice', () => {
  test('is a layer or a sum of layers that a rectifier reads, before another reader and behind one', () => {
    const met = [...meetings(programsOf({ acts: forked(3, 'one') }))]
    for (const of of ['conv2d', 'convTranspose2d', 'add', 'mul'])
      for (const other of ['add', 'mul', 'concat 1']) {
        const both = ['relu', other].toSorted().join(' and ')
        expect(met, of).toContain(`${both} read ${of}`)
      }
  })

  test('is a join of a join along every two axes, which nothing else reads', () => {
    const met = meetings(programsOf({ acts: joinedTwice(3, 'one') }))
    for (const inner of [0, 1, 2, 3])
      for (const outer of [0, 1, 2, 3])
        for (const place of [0, 1, 2]) expect([...met]).toContain(`concat ${inner} → concat ${outer}.x${place}`)
  })
})

/** Plain f32, with another program run in place of what is asked. */
const rewriting = (instead: (of: Program) => Program): Backend => ({
  ...plainF32,
  run: (of, feeds, watch) => plainF32.run(instead(of), feeds, watch),
})

describe('a program that went wrong is told by what it takes', () => {
  test('is two nodes where a product behind a convolution is added', async () => {
    const added = rewriting((of) => ({
      ...of,
      nodes: of.nodes.map((one) =>
        one.op === 'mul' && one.direction === 'forward' && of.nodes.some(({ op, outputs }) => op === 'conv2d' && Object.values(outputs).includes(one.inputs['a'] ?? '')) // prettier-ignore
          ? { ...one, op: 'add' }
          : one,
      ),
    }))
    const { failure, verdict } = getOrThrow(await probeProgram(added, oracle, woven(1))())
    expect(verdict).toBe('not-conformant')
    const told = failure!.program
    expect(told.nodes.map(({ op }) => op)).toEqual(['conv2d', 'mul'])
    expect(failure!.node).toBe(told.nodes[1]!.name)
    expect(getOrThrow(checkProgram(told)).nodes.length).toBe(2)
    expect(failure!.message).toMatch(/^node mul \d+ \(mul forward\): mul \d+\[.*\] is -?\d+, must be -?\d+/)
  })

  const chain = program(
    { x: [2] },
    ['a', 'b', 'c', 'd', 'e'].map((name, i, all) => node(name, 'relu', { x: i === 0 ? 'x' : (all[i - 1] as string) })),
    ['e', 'b'],
  )
  const feeds = { x: { shape: [2], data: [1, 2] } }

  test('keeps the node, what the fault hangs on, and as little else as is known', async () => {
    // wrong wherever c and e are
    const wrong = ({ program: { nodes } }: { readonly program: Program }) =>
      Promise.resolve(['c', 'e'].every((name) => nodes.some((one) => one.name === name)) ? 'wrong' : undefined)
    const known = Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [name, feeds.x]))
    const told = await narrowed({ program: chain, feeds }, 'e', known, wrong)
    expect(told?.found).toBe('wrong')
    expect(told?.program.nodes.map(({ name }) => name)).toEqual(['c', 'e'])
    expect(told?.program.inputs).toEqual({ b: [2], d: [2] })
    expect(told?.program.outputs).toEqual(['e'])
    // of what is not known, what writes it stays
    const all = await narrowed({ program: chain, feeds }, 'e', {}, wrong)
    expect(all?.program.nodes.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  test('is told whole where it is right by itself', async () => {
    expect(await narrowed({ program: chain, feeds }, 'e', {}, () => Promise.resolve(undefined))).toBeUndefined()
  })
})
