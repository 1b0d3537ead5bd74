import { either as E } from 'fp-ts'
import { expect, test } from 'vitest'
import type { Result } from '../spec/error.js'
import { convolution, fullyConnected, sequential } from '../spec/networks/network.js'
import type { Program } from '../spec/program.js'
import { checkProgram } from '../spec/program.js'
import { zeros } from '../spec/tensor.js'
import { kernelNameOf } from './kernel.js'
import type { PlanLimits } from './limits.js'
import { roomyLimits } from './limits.js'
import { plan } from './plan.js'
import { shapeClassOf, untuned } from './tuning.js'

const right = <A>(result: Result<A>): A => {
  if (E.isLeft(result)) throw new Error(`${result.left.code}: ${result.left.message}`)
  return result.right
}

const onProcessor: PlanLimits = { ...roomyLimits, subgroupSize: 8 }
const kernels = ({ program }: { readonly program: Program }, limits: PlanLimits): readonly string[] =>
  right(
    plan(
      right(checkProgram(program)),
      Object.fromEntries(Object.entries(program.inputs).map(([name, shape]) => [name, zeros(shape)])),
      program.outputs,
      limits,
    ),
  ).launches.map(({ shader }) => kernelNameOf(shader))

const dense = sequential([64, 400], [fullyConnected('fc', 400, 120)])
const classes = right(checkProgram(dense.program)).nodes.map(shapeClassOf)

test('a product has a class by its rows, columns and terms', () => {
  expect(classes).toEqual(['product forward, medium × medium, large terms'])
  const conv = sequential([4, 32, 28, 28], [convolution('conv', [32, 64], [3, 3])])
  expect(right(checkProgram(conv.program)).nodes.map(shapeClassOf)).toEqual([
    'convolution forward, medium × large, large terms',
  ])
})

test('plans take what a tuning says of a class, and what the limits suggest where it says nothing', () => {
  const byLanes = kernels(dense, onProcessor)
  const byTiles = kernels(dense, roomyLimits)
  expect(byLanes).not.toEqual(byTiles)
  const tuned = (shapeClass: string): readonly string[] =>
    kernels(dense, { ...onProcessor, tuning: { ...untuned, choices: { [shapeClass]: 'tiles' } } })
  expect(tuned(classes[0] ?? '')).toEqual(byTiles)
  expect(tuned('product forward, tiny × tiny, tiny terms')).toEqual(byLanes)
  expect(kernels(dense, { ...onProcessor, tuning: { ...untuned, refused: byLanes } })).toEqual(byTiles)
})
