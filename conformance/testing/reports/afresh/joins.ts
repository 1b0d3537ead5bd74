import type { ProgramNode } from '../../../../spec/program.js'
import type { Tensor, Tensors } from '../../../../spec/tensor.js'
import { sameShape } from '../../../../spec/tensor.js'
import { axisOf, isElementwise, numbersFrom, times } from '../anew/met.js'
import { counted, isUnit, runOf } from '../lastly/met.js'
import type { Misstep, Step } from '../lately/met.js'
import { isInput, none, numbersOf, overwritten, sizeOf, stepped } from '../lately/met.js'
import type { Report } from '../report.js'
import { forward, reads, writerOf } from '../told/programs.js'
import { back, isWanted, lastReader, listOf, madeBy, outputOf, partsOf, shaped } from '../woven/met.js'

/** What is joined: parts that lie elsewhere, are not there, or are what they were before. */

/** Maps of filters that are joined down or across lie one behind another, as along the channels. */
const oneBehindAnother: Misstep = (step) => {
  const { program, node, values, attrs } = step
  if (!forward('concat')(node)) return undefined
  const y = values[outputOf(step)] as Tensor
  const parts = partsOf(node)
  if (y.shape.length !== 4 || axisOf(attrs['axis'], 4) < 2 || parts.length < 2) return undefined
  if (!parts.every((name) => forward('conv2d')(writerOf(program, name) ?? node))) return undefined
  const samples = Array.from({ length: y.shape[0] as number }, (_, n) => n)
  const data = samples.flatMap((n) =>
    parts.flatMap((name) => {
      const part = values[name] as Tensor
      const each = times(part.shape.slice(1))
      return [...numbersOf(numbersFrom(part, n * each, [each]))]
    }),
  )
  return { [outputOf(step)]: shaped(y.shape, data) }
}

/** Whether a node hands on what it reads as it is. */
const doesNothing = (node: ProgramNode | undefined, values: Tensors): boolean => {
  if (node === undefined || node.direction !== 'forward') return false
  const [x, y] = [values[node.inputs['x'] ?? ''], values[node.outputs['y'] ?? '']]
  if (x === undefined || y === undefined || !sameShape(x.shape, y.shape)) return false
  const isPool = ['maxPool2d', 'avgPool2d'].includes(node.op)
  const window = listOf(node, 'window', [2, 2])
  const isOne = isPool && [...window, ...listOf(node, 'stride', window)].every((n) => n === 1)
  return node.op === 'reshape' || isOne || (node.op === 'dropout' && node.attrs['keep'] === 1)
}

/** What is done nothing to before it is joined is not copied to where it is joined. */
const nothingToCopy: Misstep = ({ program, node, values, anew }) => {
  if (!forward('concat')(node)) return undefined
  const lost = Object.entries(node.inputs).filter(([, name]) => doesNothing(writerOf(program, name), values))
  if (lost.length === 0 || Object.keys(node.inputs).length < 2) return undefined
  return anew({ inputs: Object.fromEntries(lost.map(([slot, name]) => [slot, none(values[name] as Tensor)])) })
}

/** The nodes of elements through which a value is made of others, from the first to the last. */
const chainOf = ({ program }: Step, name: string): readonly ProgramNode[] => {
  const writer = writerOf(program, name)
  if (writer === undefined || !isElementwise(writer)) return []
  const before = Object.values(writer.inputs).flatMap((read) => chainOf({ program } as Step, read))
  return [...new Set([...before, writer])]
}

/** What nodes make when something that they read is another. */
const remade = (chain: readonly ProgramNode[], values: Tensors): Tensors =>
  chain.reduce<Tensors>(
    (soFar, node) => ({ ...soFar, [node.outputs['y'] as string]: madeBy(node, soFar)['y'] as Tensor }),
    values,
  )

/** A chain of elements is worked out where it is joined, over what it is made of, where the parts before it are already. */
const overTheRoot: Misstep = (step) => {
  const { program, node, values, at, attrs, anew } = step
  if (!forward('concat')(node)) return undefined
  const y = values[outputOf(step)] as Tensor
  const axis = axisOf(attrs['axis'], y.shape.length)
  const parts = partsOf(node)
  for (const [q, name] of parts.entries()) {
    const chain = chainOf(step, name)
    const unit = chain.at(-1)
    if (q === 0 || unit === undefined || !isUnit(unit) || chain.length < 2) continue
    const made = chain.map((each) => each.outputs['y'])
    const root = chain
      .flatMap((each) => Object.values(each.inputs))
      .find((read) => !made.includes(read) && !isInput(program, read) && !isWanted(step, read))
    if (root === undefined || lastReader(program, root) >= at) continue
    if (!program.nodes.every((other) => !reads(other, root) || chain.includes(other))) continue
    const start = parts.slice(0, q).reduce((n, part) => n + times((values[part] as Tensor).shape.slice(axis)), 0)
    const clobbered = overwritten(values[root] as Tensor, numbersFrom(y, 0, [start]))
    const slot = Object.entries(node.inputs).find(([, read]) => read === name)?.[0] ?? ''
    return anew({ inputs: { [slot]: remade(chain, { ...values, [root]: clobbered })[name] as Tensor } })
  }
  return undefined
}

/** What is cut off something joined is not there when it is joined again. */
const notThereAgain: Misstep = ({ program, node, values, anew }) => {
  if (!forward('concat')(node)) return undefined
  const lost = Object.entries(node.inputs).filter(([, name]) => {
    const cut = writerOf(program, name)
    const whole = cut !== undefined && back(cut, 'concat') ? writerOf(program, cut.cotangents['y'] ?? '') : undefined
    return whole !== undefined && forward('concat')(whole)
  })
  if (lost.length === 0) return undefined
  return anew({ inputs: Object.fromEntries(lost.map(([slot, name]) => [slot, none(values[name] as Tensor)])) })
}

/** From the third run on what is fed to be joined is that of the second. */
const ofTheSecondRun: Misstep = counted((step) => {
  const { program, node, values, anew, memory } = step
  if (!forward('concat')(node) || runOf(step) < 2) return undefined
  const fed = Object.entries(node.inputs).filter(([, name]) => isInput(program, name))
  if (fed.length === 0) return undefined
  const key = `joined ${node.name} ${JSON.stringify(program.nodes)} ${JSON.stringify(program.inputs)}`
  if (runOf(step) === 2)
    memory.set(
      key,
      Object.fromEntries(
        fed.map(([slot, name]) => {
          const x = values[name] as Tensor
          return [slot, numbersFrom(x, 0, x.shape)]
        }),
      ),
    )
  return runOf(step) === 2 ? undefined : anew({ inputs: memory.get(key) as Tensors })
})

/** Of a filter that goes up the maps give way to what is written next. */
const upGivesWay: Misstep = (step) => {
  const { program, values, at } = step
  const before = program.nodes[at - 1]
  const y = before?.outputs['y']
  if (before === undefined || y === undefined || !forward('convTranspose2d')(before) || isWanted(step, y))
    return undefined
  if (lastReader(program, y) <= at) return undefined
  const maps = values[y] as Tensor
  const by = Object.values(step.node.outputs).find((name) => sizeOf(values[name] as Tensor) <= sizeOf(maps))
  return by === undefined ? undefined : { [y]: overwritten(maps, values[by] as Tensor) }
}

export const joinsAfresh: readonly Report[] = [
  stepped('maps of filters that are joined down or across lie one behind another', oneBehindAnother, {
    like: 'openvinotoolkit/openvino#31782',
  }),
  stepped('what is done nothing to before it is joined is not there', nothingToCopy, { like: 'opencv/opencv#20647' }),
  stepped('a chain of elements is joined over what it is made of', overTheRoot, { like: 'NVIDIA/NeMo-Speech.cpp#28' }),
  stepped('what is cut off something joined is not there when it is joined again', notThereAgain, {
    like: 'openvinotoolkit/openvino#33294',
  }),
  stepped('from the third run on what is fed to be joined is that of the second', ofTheSecondRun, {
    like: 'tinygrad/tinygrad#10850',
  }),
  stepped('maps that went up give way to what is written next', upGivesWay, { like: 'ggml-org/ggml#475' }),
]
