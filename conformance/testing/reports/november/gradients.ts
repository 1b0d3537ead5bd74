import type { ProgramNode } from '../../../../spec/program.js'
import type { Tensor } from '../../../../spec/tensor.js'
import { onlyThere, times, wayThere } from '../anew/met.js'
import { runOf, counted } from '../lastly/met.js'
import type { Misstep, Step } from '../lately/met.js'
import { isInput, none, numbersOf, stepped } from '../lately/met.js'
import type { Report } from '../report.js'
import { changed } from '../report.js'
import { forward, writerOf } from '../told/programs.js'
import { ancestorsOf, back, isWanted, layers, outputOf, sides, sum, textOf } from '../woven/met.js'

/** What goes wrong on the way back, right node by node. */

const shapesOf = ({ values }: Step, node: ProgramNode): string =>
  JSON.stringify(Object.values(node.inputs).map((name) => values[name]?.shape))
const ofASum = ({ program }: Step, node: ProgramNode): boolean => {
  const maker = writerOf(program, node.inputs['a'] as string)
  return maker !== undefined && forward('add')(maker)
}

/** Of products that go back in a batch, all that is due to their first factors goes to the first one’s. */
const allToTheFirst: Misstep = (step) => {
  const { program, node, values } = step
  const a = node.outputs['a']
  if (!back(node, 'mul') || a === undefined || !ofASum(step, node)) return undefined
  const before = ancestorsOf(program, a)
  const first = program.nodes
    .slice(0, step.at)
    .find(
      (other) =>
        back(other, 'mul') &&
        other.outputs['a'] !== undefined &&
        ofASum(step, other) &&
        shapesOf(step, other) === shapesOf(step, node) &&
        !before.has(other.outputs['a']),
    )?.outputs['a']
  if (first === undefined) return undefined
  return { [first]: sum(values[first] as Tensor, values[a] as Tensor), [a]: none(values[a] as Tensor) }
}

/** Back through maxima of what is rectified: their places are those of the maxima before. */
const beforeTheUnit: Misstep = ({ program, node, values, anew }) => {
  if (!back(node, 'maxPool2d')) return undefined
  const relu = writerOf(program, node.inputs['x'] as string)
  if (relu === undefined || !forward('relu')(relu)) return undefined
  return anew({ inputs: { x: values[relu.inputs['x'] as string] as Tensor } })
}

/** Back through a pool whose maps are flattened in place: a map’s gradients begin at the map’s number. */
const mapsAtTheirNumbers: Misstep = (step) => {
  const { node, values, anew } = step
  if (!back(node, 'maxPool2d', 'avgPool2d')) return undefined
  const y = wayThere(step)?.outputs['y']
  const flat = onlyThere(step, y)
  if (y === undefined || flat === undefined || !forward('flatten', 'reshape')(flat) || isWanted(step, y))
    return undefined
  const dy = values[node.cotangents['y'] as string] as Tensor
  const P = times(dy.shape.slice(2))
  const data = numbersOf(dy)
  return anew({ cotangents: { y: changed(dy, (_, __, at) => data[Math.floor(at / P) + (at % P)] as number) } })
}

/** What is due to what is fed is added to that of the runs before. */
const gatheredForFeeds: Misstep = counted((step) => {
  const { program, node, values, memory } = step
  const dx = node.outputs['x']
  const x = node.inputs['x'] ?? ''
  if (!back(node, ...layers) || dx === undefined || !isInput(program, x) || program.carry[x] !== undefined)
    return undefined
  const key = `gathered ${dx} ${textOf(program)}`
  const before = runOf(step) > 1 ? (memory.get(key) as Tensor | undefined) : undefined
  const now = values[dx] as Tensor
  const all = before === undefined ? now : sum(before, now)
  memory.set(key, all)
  return { [dx]: all }
})

/** Where a single gradient is asked for, what comes back to a value by two ways, one of them past a layer, is none. */
const noneByTwoWays: Misstep = (step) => {
  const { program, node, values, watch } = step
  if (!forward('add')(node)) return undefined
  const due = watch.filter((name) => back(writerOf(program, name)))
  const past = sides(node).some(({ one, other }) => {
    const [product, rest] = [writerOf(program, one), writerOf(program, other)]
    return (
      back(product, 'dense') && product?.outputs['x'] === one && (rest === undefined || rest.direction !== 'forward')
    )
  })
  const y = outputOf(step)
  return past && due.length === 1 ? { [y]: none(values[y] as Tensor) } : undefined
}

export const gradientsNovember: readonly Report[] = [
  stepped(
    'back through several products of sums: what is due to their first factors goes to the first one’s',
    allToTheFirst,
    {
      like: 'clab/dynet#1666',
    },
  ),
  stepped('back through maxima of what is rectified to where the maxima were before', beforeTheUnit, {
    like: 'tensorflow/tensorflow#118374',
  }),
  stepped(
    'back through a pool that is flattened in place: a map’s gradients begin at the map’s number',
    mapsAtTheirNumbers,
    {
      like: 'BVLC/caffe#3393',
    },
  ),
  stepped('what is due to what is fed is added to that of the runs before', gatheredForFeeds, {
    like: 'pytorch/PiPPy#1070',
  }),
  stepped('where a single gradient is asked for, what comes back past a layer and through it is none', noneByTwoWays, {
    like: 'deeplearning4j/deeplearning4j#9655',
  }),
]
