import type { Tensor } from '../../../../spec/tensor.js'
import { yOf } from '../lastly/met.js'
import type { Misstep } from '../lately/met.js'
import { isInput, numbersOf, onlyFrom, stepped } from '../lately/met.js'
import type { Report } from '../report.js'
import { changed } from '../report.js'
import { forward, writerOf } from '../told/programs.js'
import { given, listOf, outputOf, sides } from '../woven/met.js'

/** Products, filters and pools that are made one with what stands before or behind them. */

/** What multiplies a product with biases goes into the product, behind which the biases are added as they are. */
const biasesAsTheyAre: Misstep = (step) => {
  const { program, node, values } = step
  if (!forward('mul')(node)) return undefined
  for (const { one, other } of sides(node)) {
    const product = onlyFrom(program, one, 'dense')
    const b = values[product?.inputs['b'] ?? '']
    if (b === undefined || !isInput(program, other)) continue
    const factor = values[other] as Tensor
    const y = outputOf(step)
    return {
      [y]: changed(
        values[y] as Tensor,
        (v, place, at) => v + Number(b.data[place()[1] ?? 0]) * (1 - Number(factor.data[at])),
      ),
    }
  }
  return undefined
}

/** The factors of a norm go through the ReLU behind it into the filter behind that, those below 0 as well. */
const factorsThroughTheUnit: Misstep = ({ program, node, values, anew }) => {
  if (!forward('conv2d')(node)) return undefined
  const relu = onlyFrom(program, node.inputs['x'] as string, 'relu')
  const norm = relu === undefined ? undefined : onlyFrom(program, relu.inputs['x'] as string, 'batchNormInference')
  if (relu === undefined || norm === undefined) return undefined
  const [u, gamma] = [values[relu.inputs['x'] as string] as Tensor, values[norm.inputs['gamma'] as string] as Tensor]
  return anew({
    inputs: {
      x: changed(u, (v, place) => (Number(gamma.data[place()[1] ?? 0]) < 0 ? Math.min(0, v) : Math.max(0, v))),
    },
  })
}

/** Rows of pooled maps begin at multiples of 32 for the product behind them. */
const rowsOf32: Misstep = ({ program, node, values, anew }) => {
  if (!forward('dense')(node)) return undefined
  const flat = onlyFrom(program, node.inputs['x'] as string, 'flatten', 'reshape')
  if (flat === undefined || onlyFrom(program, flat.inputs['x'] as string, 'avgPool2d') === undefined) return undefined
  const x = values[node.inputs['x'] as string] as Tensor
  const [N = 1, I = 1] = x.shape
  const stride = Math.ceil(I / 32) * 32
  if (N < 2 || stride === I) return undefined
  const data = numbersOf(x)
  return anew({ inputs: { x: changed(x, (_, place) => data[(place()[0] ?? 0) * stride + (place()[1] ?? 0)] ?? 0) } })
}

/** Where each axis of maps is once their channels are last, if its number stays as it was. */
const axisAsItWas = [0, 2, 3, 1]

/** Shares directly behind a filter are taken channels last, along the axis of the number that they have map by map. */
const sharesChannelsLast: Misstep = ({ program, node, values, attrs, anew }) => {
  if (!forward('softmax', 'logSoftmax')(node)) return undefined
  const x = node.inputs['x'] as string
  if (onlyFrom(program, x, 'conv2d') === undefined) return undefined
  const { length } = (values[x] as Tensor).shape
  const axis = Number(attrs['axis'])
  return anew({ attrs: { ...attrs, axis: axisAsItWas[axis < 0 ? axis + length : axis] as number } })
}

/** A filter over what is joined, to which a part of that is added, is written over the part while it still reads there. */
const overAPart: Misstep = (step) => {
  const { program, node, values } = step
  if (!forward('add')(node)) return undefined
  for (const { one, other } of sides(node)) {
    const filter = onlyFrom(program, one, 'conv2d')
    const joint = filter === undefined ? undefined : writerOf(program, filter.inputs['x'] as string)
    if (filter === undefined || joint === undefined || !forward('concat')(joint)) continue
    if (!Object.values(joint.inputs).includes(other) || isInput(program, other)) continue
    if (Number(joint.attrs['axis'] ?? 1) !== 1) continue
    const parts = Object.values(joint.inputs)
    const start = parts
      .slice(0, parts.indexOf(other))
      .reduce((n, name) => n + ((values[name] as Tensor).shape[1] as number), 0)
    return { [outputOf(step)]: summedWhileRead(step, filter, start) }
  }
  return undefined
}
const summedWhileRead = (step: Parameters<Misstep>[0], filter: Parameters<typeof listOf>[0], start: number): Tensor => {
  const { values } = step
  const sum = values[outputOf(step)] as Tensor
  const C = sum.shape[1] as number
  const x = given({ ...step, node: filter }, 'x')
  const [, all = 1, H = 1, W = 1] = x.shape
  const data = numbersOf(sum)
  const overwritten = changed(x, (v, place) => {
    const [n = 0, c = 0, i = 0, j = 0] = place()
    return c >= start && c < start + C ? (data[((n * C + c - start) * H + i) * W + j] as number) : v
  })
  const before = values[filter.outputs['y'] as string] as Tensor
  const after = made(step, filter, overwritten)
  // the first map is there before anything is overwritten
  return all === C
    ? sum
    : changed(sum, (v, place, at) => (place()[1] === 0 ? v : v + (after[at] as number) - Number(before.data[at])))
}
const made = ({ values }: Parameters<Misstep>[0], filter: Parameters<typeof listOf>[0], x: Tensor): readonly number[] =>
  numbersOf(yOf(filter, values, { x }))

export const fusionsAfresh: readonly Report[] = [
  stepped('what multiplies a product with biases does not multiply the biases', biasesAsTheyAre, {
    like: 'openxla/xla#46110',
  }),
  stepped('factors of a norm go through a ReLU into the filter behind it', factorsThroughTheUnit, {
    like: 'apache/tvm#2426',
  }),
  stepped('rows of pooled maps begin at multiples of 32 in front of a product', rowsOf32, {
    like: 'pytorch/pytorch#179931',
  }),
  stepped('shares behind a filter are taken along the axis of that number channels last', sharesChannelsLast, {
    like: 'apache/tvm#9078',
  }),
  stepped('a filter over what is joined is written over the part that is added to it', overAPart, {
    like: 'openvinotoolkit/openvino#6193',
  }),
]
