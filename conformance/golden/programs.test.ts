import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { oracle, run } from '../../reference/index.js'
import type { Differentiated } from '../../spec/differentiate.js'
import type { Tensor } from '../../spec/tensor.js'
import { mapTensors, sameShape } from '../../spec/tensor.js'
import { ratioOf } from '../judge.js'
import { differentiated, feedsOf, keepingOnly } from '../testing/programs.js'
import { deviations, right } from '../testing/shaken.js'
import type { GoldenProgram } from './read.js'
import { parsePrograms } from './read.js'

const programs = right(parsePrograms(readFileSync(new URL('programs.json', import.meta.url), 'utf8')))

/**
 * What is wrong with a program's values and gradients, against another library's. What roundings may come to is allowed
 * twice, once for the oracle's and once for the witness's.
 */
const complaints = (golden: GoldenProgram, { program, gradients }: Differentiated): readonly string[] => {
  const wanted: Readonly<Record<string, Tensor>> = {
    ...golden.values,
    ...golden.updated,
    ...Object.fromEntries(Object.entries(golden.gradients).map(([name, value]) => [gradients[name] as string, value])),
  }
  const feeds = feedsOf(golden)
  const ours = right(run(program, feeds, Object.keys(wanted)))
  const allowed = deviations(oracle, program, feeds, ours)
  return Object.entries(wanted).flatMap(([name, want]) => {
    const got = ours[name] as Tensor
    if (!sameShape(want.shape, got.shape)) return [`${name} has shape ${got.shape.join()}, not ${want.shape.join()}`]
    return Array.from({ length: want.data.length }, (_, i) => i).flatMap((i) => {
      const [w, g] = [want.data[i] as number, got.data[i] as number]
      const tolerance = 2 * (allowed[name]?.data[i] as number)
      return ratioOf(g, w, tolerance) <= 1
        ? []
        : [`${name}[${i}]: the witness has ${w}, the oracle ${g}, allowed is ${tolerance}`]
    })
  })
}

describe('the oracle agrees with another library: whole programs', () => {
  it.each(programs)('$name', (golden) => {
    expect(complaints(golden, right(differentiated(golden)))).toEqual([])
  })

  it('three training steps are among them, each starting where the one before ended', () => {
    const steps = programs.filter(({ updates }) => updates !== undefined)
    expect(steps).toHaveLength(3)
    steps.slice(1).forEach(({ feeds }, i) => {
      const state = Object.entries(steps[i]?.updated ?? {}).map(([name, value]) => [name.replace(/\.next$/, ''), value])
      expect(feeds).toMatchObject(Object.fromEntries(state))
    })
  })
})

describe('golden programs: the comparison sees', () => {
  const residual = programs.find(({ name }) => name.includes('residual')) as GoldenProgram

  it.each(['a', 'b'] as const)('a skip connection whose gradient is dropped, summand %s kept', (summand) => {
    const planted = keepingOnly(summand, 'relu1', right(differentiated(residual)))
    const wrong = new Set(complaints(residual, planted).map((text) => text.replace(/\[.*/, '')))
    // what lies before the skip is wrong, and nothing else
    expect([...wrong].sort()).toEqual(['d.conv1.w', 'd.norm.beta', 'd.norm.gamma', 'd.x'])
  })

  it('every gradient one part in a billion away', () => {
    const moved = mapTensors((v) => v * (1 + 1e-9), residual.gradients)
    const reverse = right(differentiated(residual))
    const wrong = new Set(
      complaints({ ...residual, gradients: moved }, reverse).map((text) => text.replace(/\[.*/, '')),
    )
    expect([...wrong].sort()).toEqual(Object.values(reverse.gradients).sort())
  })

  it('a step whose velocity was forgotten', () => {
    const step = programs.find(({ name }) => name.includes('step 2 of 3')) as GoldenProgram
    const { program, ...reverse } = right(differentiated(step))
    const nodes = program.nodes.map((node) =>
      node.op === 'momentum' ? { ...node, attrs: { ...node.attrs, momentum: 0 } } : node,
    )
    expect(complaints(step, { ...reverse, program: { ...program, nodes } }).length).toBeGreaterThan(0)
  })
})
