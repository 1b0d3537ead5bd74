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
import { shapeClassOf, untuned, winner } from './tuning.js'

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

test.each([
  [{ lanes: 10, tiles: 9.5, shared: 30 }, 'lanes', 'lanes'],
  [{ lanes: 10, tiles: 9, shared: 30 }, 'lanes', 'tiles'],
  [{ lanes: 10, tiles: 9, shared: 8 }, 'lanes', 'shared'],
  [{ lanes: 10, tiles: 9, shared: 8 }, 'shared', 'shared'],
  [{ lanes: 7.9, tiles: 7.8, shared: 8 }, 'shared', 'shared'],
  [{ lanes: 7, tiles: 9, shared: 8 }, 'tiles', 'lanes'],
] as const)('of %j, %s being usual, %s wins', (ms, usual, way) => {
  expect(winner(ms, usual)).toBe(way)
})

test('a GPU makes products in the memory of its workgroups, whatever subgroups it has, unless told or refused', () => {
  const byTiles = kernels(dense, roomyLimits)
  for (const limits of [roomyLimits, { ...roomyLimits, subgroupSize: 32 }]) {
    const onGpu = { ...limits, isGpu: true }
    const shared = kernels(dense, onGpu)
    expect(shared).toEqual(byTiles.map((name) => `${name}.shared`))
    const choices = { [classes[0] ?? '']: 'tiles' } as const
    expect(kernels(dense, { ...onGpu, tuning: { ...untuned, choices } })).toEqual(byTiles)
    expect(kernels(dense, { ...onGpu, tuning: { ...untuned, refused: shared } })).toEqual(byTiles)
  }
  // a few rows leave most of a tile empty
  const few = sequential([8, 400], [fullyConnected('fc', 400, 120)])
  expect(kernels(few, { ...roomyLimits, isGpu: true })).toEqual(kernels(few, roomyLimits))
})

test('a tensor of several bindings is read by samples, in a workgroup’s memory as without it', () => {
  const long = sequential([1024, 400], [fullyConnected('fc', 400, 120)])
  const limits = { ...roomyLimits, maxStorageBufferBindingSize: 400 * 120 * 4, isGpu: true }
  const parts = kernels(long, limits)
  expect(parts.length).toBeGreaterThan(3)
  expect(new Set(parts)).toEqual(new Set(['dense.forward.tiled.shared']))
})
