import { either as E } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import type { Kernel, Launch } from '../accelerated/kernel.js'
import { lowerNode } from '../accelerated/plan.js'
import { subgroupSizes } from '../accelerated/subgroupTile.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { opOf, questions } from '../spec/catalogue.js'
import type { Result } from '../spec/error.js'
import { cotangentNames, resolve } from '../spec/op.js'
import type { Question } from '../spec/program.js'
import { checkProgram, oneNode } from '../spec/program.js'
import type { Shape, Tensor } from '../spec/tensor.js'
import { sizeOf } from '../spec/tensor.js'
import { caseAt, caseCount, scheduled } from './cases.js'
import { questionTable } from './table.js'

const right = <A>(result: Result<A>): A => {
  if (E.isLeft(result)) throw new Error(`${result.left.code}: ${result.left.message}`)
  return result.right
}

/**
 * The sizes in which a kernel takes its work, read from its description and its text: a workgroup, the step of a loop,
 * the divisor by which a tile's corner is found.
 */
const tilesOf = ({ workgroup, code }: Kernel): readonly number[] => [
  ...new Set([workgroup, ...[...code.matchAll(/(?:\+=|\/) (\d+)u/g)].map(([, size]) => Number(size))]),
]

// only shapes matter here: nobody looks at the numbers
const hollow = (shape: Shape): Tensor => ({ shape, data: [] })

/** The corners of an op and direction. */
const cornersOf = (op: OpName, direction: Direction): readonly Question[] =>
  Array.from(
    { length: caseCount(questionTable, op, direction, 0) },
    (_, i) => caseAt(questionTable, op, direction, 7, i).form,
  ).map(({ attrs: given, shapes }) => {
    const spec = opOf(op)
    const attrs = right(spec.attrs.decode(given))
    const { outputs } = right(resolve(spec, attrs, shapes))
    const cotangents = direction === 'forward' ? [] : cotangentNames(spec)
    return {
      op,
      direction,
      attrs,
      inputs: Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, hollow(shape)])),
      cotangents: Object.fromEntries(cotangents.map((name) => [name, hollow(outputs[name]!)])),
    }
  })

// on devices of every kind: without subgroups of one size, with each size that kernels are written for, and on a GPU
const launchesOf = (question: Question): readonly Launch[] => {
  const { program, feeds } = oneNode(question)
  const devices = [{}, { isGpu: true }, ...subgroupSizes.map((subgroupSize) => ({ subgroupSize }))]
  return right(checkProgram(program)).nodes.flatMap((node) =>
    devices.flatMap((device) => right(lowerNode(node, feeds, device)).launches),
  )
}

/** How large a case is in every sense that a kernel may count in: extents, elements, and a launch's own numbers. */
const extentsOf = (question: Question): readonly number[] => [
  ...[...Object.values(question.inputs), ...Object.values(question.cotangents)].flatMap(({ shape }) => [
    ...shape,
    sizeOf(shape),
  ]),
  ...launchesOf(question).flatMap(({ count, dims }) => [count, ...Object.values(dims)]),
]

/** How large the tensors of telling cases are: of so many nobody makes launches here. */
const tellingExtents = (op: OpName, direction: Direction): readonly number[] =>
  scheduled(questionTable, op, direction)
    .telling()
    .flatMap(({ shapes }) => Object.values(shapes).flatMap((shape) => [...shape, sizeOf(shape)]))

describe('extents around the sizes that kernels work in', () => {
  test.each(questions.map(({ op, direction }) => [op, direction] as const))(
    '%s %s: some case is one less than each size, one is as much and one is one more',
    (op, direction) => {
      const asked = cornersOf(op, direction)
      const extents = new Set([...asked.flatMap(extentsOf), ...tellingExtents(op, direction)])
      const sizes = new Set(asked.flatMap(launchesOf).flatMap(({ kernel }) => tilesOf(kernel)))
      expect(sizes.size).toBeGreaterThan(0)
      const missing = [...sizes].flatMap((size) => [size - 1, size, size + 1].filter((n) => !extents.has(n)))
      expect(missing, `sizes ${[...sizes].join(', ')}`).toEqual([])
    },
  )
})
