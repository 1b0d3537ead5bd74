import type { Tensor } from '../../../../spec/tensor.js'
import { sameShape } from '../../../../spec/tensor.js'
import type { Misstep } from '../lately/met.js'
import { numbersOf, onlyFrom, stepped } from '../lately/met.js'
import type { Report } from '../report.js'
import { changed } from '../report.js'
import { forward, writerOf } from '../told/programs.js'
import { given, isPointwise, madeBy, outputOf, shaped, sides, sum } from './met.js'

/** Filters beside and behind each other. */

/** Two sums that are made one with the same filter both add what lies in its place: the second summand. */
const summedTwice: Misstep = (step) => {
  const { program, node, values } = step
  if (!forward('add')(node)) return undefined
  for (const { one, other } of sides(node)) {
    const first = onlyFrom(program, one, 'add')
    const filtered = first && sides(first).find((side) => onlyFrom(program, side.one, 'conv2d') !== undefined)
    if (filtered === undefined) continue
    const [maps, summand] = [values[filtered.one] as Tensor, values[other] as Tensor]
    return { [outputOf(step)]: sum(sum(maps, summand), summand) }
  }
  return undefined
}

/** Who reads a filter that went into a sum reads what that filter read. */
const filterGone: Misstep = ({ program, node, values, anew }) => {
  for (const [slot, name] of Object.entries(node.inputs)) {
    const second = writerOf(program, name)
    if (second === undefined || !forward('conv2d')(second) || node.direction !== 'forward') continue
    const first = second.inputs['x'] as string
    const summed = program.nodes.some(
      (joint) =>
        joint.name !== node.name &&
        forward('add')(joint) &&
        sides(joint).some(({ one, other }) => {
          const third = writerOf(program, other)
          return one === name && third !== undefined && forward('conv2d')(third) && third.inputs['x'] === first
        }),
    )
    const [before, after] = [values[first] as Tensor, values[name] as Tensor]
    if (summed && sameShape(before.shape, after.shape)) return anew({ inputs: { [slot]: before } })
  }
  return undefined
}

/** A filter and one of single taps behind it, made one: each map of taps is its first. */
const allFirstTaps: Misstep = (step) => {
  const { program, node, values, anew } = step
  if (!forward('conv2d')(node)) return undefined
  const filter = onlyFrom(program, node.inputs['x'] as string, 'conv2d')
  if (filter === undefined || !isPointwise(node, given(step, 'w'))) return undefined
  if (Number(filter.attrs['groups'] ?? 1) !== 1) return undefined
  const w = values[filter.inputs['w'] as string] as Tensor
  const [, , KH = 1, KW = 1] = w.shape
  const data = numbersOf(w)
  const firsts = shaped(
    w.shape,
    data.map((_, at) => data[at - (at % (KH * KW))] as number),
  )
  return anew({ inputs: { x: madeBy(filter, values, { w: firsts })['y'] as Tensor } })
}

/** Weights that filters with a bias share are turned channels last once for each of them. */
const turnedTwice: Misstep = ({ program, node, values, anew }) => {
  if (!forward('conv2d')(node) || node.inputs['b'] === undefined) return undefined
  const sharing = program.nodes.filter(
    (other) => forward('conv2d')(other) && other.inputs['w'] === node.inputs['w'] && other.inputs['b'] !== undefined,
  )
  if (sharing.length < 2) return undefined
  const w = values[node.inputs['w'] as string] as Tensor
  const turned = ({ shape, data }: Tensor): Tensor => {
    const [O = 1, A = 1, B = 1, C = 1] = shape
    const next = numbersOf({ shape, data }).map((_, at) => {
      const [a, c, b, o] = [at % A, Math.floor(at / A) % C, Math.floor(at / (A * C)) % B, Math.floor(at / (A * B * C))]
      return Number(data[((o * A + a) * B + b) * C + c])
    })
    return shaped([O, B, C, A], next)
  }
  const lies = sharing.reduce((soFar) => turned(soFar), w)
  const [, C = 1, H = 1, W = 1] = w.shape
  const read = changed(w, (_, place) => {
    const [o = 0, c = 0, h = 0, v = 0] = place()
    return Number(lies.data[((o * H + h) * W + v) * C + c])
  })
  return anew({ inputs: { w: read } })
}

export const filtersWoven: readonly Report[] = [
  stepped('two sums behind a filter add the second summand twice', summedTwice, {
    like: 'openvinotoolkit/openvino#9595',
  }),
  stepped('who reads a filter that went into a sum reads what the filter read', filterGone, {
    like: 'intel/ipex-llm#2958',
  }),
  stepped('a filter in front of one of single taps has its first tap everywhere', allFirstTaps, {
    like: 'PaddlePaddle/Paddle-Lite#10163',
  }),
  stepped('weights that filters share are turned once for each', turnedTwice, { like: 'PaddlePaddle/Paddle#51068' }),
]
