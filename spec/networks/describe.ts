import { either as E, function as F } from 'fp-ts'
import { opOf } from '../catalogue.js'
import type { OpName } from '../catalogue.js'
import type { Result } from '../error.js'
import type { Axes, InputAxes, WindowOn } from '../op.js'
import type { CheckedNode } from '../program.js'
import { checkProgram } from '../program.js'
import type { Shape } from '../tensor.js'
import { sizeOf } from '../tensor.js'
import type { Network } from './network.js'
import { parameterCount } from './network.js'

/** A layer of a network in numbers. */
export interface LayerFigures {
  readonly name: string
  readonly op: OpName
  readonly output: Shape
  readonly parameters: number
  readonly multiplyAdds: number
  /** in pixels of x, a number if it is square, else one for each axis; null where an output has no place in the image */
  readonly receptiveField: number | readonly number[] | null
}

/** A network in numbers. */
export interface Figures {
  readonly name: string
  readonly layers: readonly LayerFigures[]
  readonly totals: { readonly parameters: number; readonly multiplyAdds: number }
}

/** What one output sees on one axis of x, and how far apart in x neighbouring outputs lie. */
interface Sight {
  readonly field: number
  readonly jump: number
}

/**
 * The sight behind a window. A window of span s = dilation·(window − 1) + 1 joins s inputs that lie `jump` apart; an
 * output of a transposed one is reached by ⌈s/stride⌉, and its neighbours lie closer.
 *
 *   field′ = field + (s − 1)·jump,   jump′ = jump·stride
 *   field′ = field + (⌈s/stride⌉ − 1)·jump,   jump′ = jump/stride   transposed
 */
const behind = ({ field, jump }: Sight, { window, stride, dilation, transposed }: WindowOn): Sight => {
  const span = dilation * (window - 1) + 1
  return transposed === true
    ? { field: field + (Math.ceil(span / stride) - 1) * jump, jump: jump / stride }
    : { field: field + (span - 1) * jump, jump: jump * stride }
}

const lettersOf = (axes: InputAxes | undefined): Axes =>
  axes === undefined ? [] : 'optional' in axes ? axes.optional : axes

// outputs lie where the inputs lie: same axes by their letters, or inputs joined along another axis than those of space
const keepsPlaces = ({ node, outputs }: CheckedNode, first: Shape): boolean => {
  const { inputs, outputs: written, variadic } = opOf(node.op)
  const [axes] = Object.values(written)
  return variadic !== undefined
    ? Object.values(outputs)[0]?.slice(2).join() === first.slice(2).join()
    : typeof axes !== 'function' && axes?.join() === lettersOf(Object.values(inputs)[0]).join()
}

type Sights = Readonly<Record<string, readonly Sight[]>>

// of several inputs the widest sight counts; one without a place, such as the gate of scaleChannels, is passed over
const sightOf = (
  checked: CheckedNode,
  known: Sights,
  shapes: Readonly<Record<string, Shape>>,
): readonly Sight[] | undefined => {
  const { node, attrs, sizes } = checked
  const op = opOf(node.op)
  const read = Object.values(node.inputs).flatMap((value) => (Object.hasOwn(known, value) ? [known[value] ?? []] : []))
  const [seen] = read
  if (seen === undefined) return undefined
  const windows = op.windows?.(attrs, sizes)
  if (windows !== undefined) return windows.map((window, axis) => behind(seen[axis] as Sight, window))
  return keepsPlaces(checked, shapes[Object.values(node.inputs)[0] as string] as Shape)
    ? seen.map((_, axis) => ({
        field: Math.max(...read.map((sights) => sights[axis]?.field ?? 0)),
        jump: Math.max(...read.map((sights) => sights[axis]?.jump ?? 0)),
      }))
    : undefined
}

const shown = (sights: readonly Sight[] | undefined): LayerFigures['receptiveField'] => {
  if (sights === undefined) return null
  const fields = sights.map(({ field }) => field)
  return fields.every((field) => field === fields[0]) ? (fields[0] ?? null) : fields
}

// x [N,C,…] of rank 3 is a signal where a convolution reads it, and else a sequence, whose steps are no places
const startOf = ({ program }: Network): Sights => {
  const x = program.inputs['x'] ?? []
  const isSignal = program.nodes.some(({ op, inputs }) => op === 'conv1d' && inputs['x'] === 'x')
  return x.length > 3 || (x.length === 3 && isSignal) ? { x: x.slice(2).map(() => ({ field: 1, jump: 1 })) } : {}
}

/**
 * A network in numbers, layer by layer: what each gives, learns and computes, and how much of x one of its outputs sees.
 *
 * Multiply-adds are the products of a weight and a value of convolutions, dense and recurrent layers, forward, for the
 * whole batch; zeros of the padding count, additions of biases, normalization and pooling do not. Parameters are what is
 * learnt: batch norm's γ and β, and not its running statistics. A receptive field may reach beyond the image.
 *
 * Errors  what `checkProgram` refuses, with the layer's name in front
 */
export const describeNetwork = (name: string, network: Network): Result<Figures> =>
  F.pipe(
    checkProgram(network.program),
    E.map(({ nodes, shapes }) => {
      const { layers } = nodes.reduce<{ readonly layers: readonly LayerFigures[]; readonly sights: Sights }>(
        ({ layers, sights }, checked) => {
          const { node, sizes } = checked
          const value = Object.values(node.outputs)[0] as string
          const sight = sightOf(checked, sights, shapes)
          const own = Object.values(node.inputs).flatMap((input) => network.parameters[input] ?? [])
          return {
            layers: [
              ...layers,
              {
                name: node.name,
                op: node.op,
                output: shapes[value] as Shape,
                parameters: own.reduce((n, { shape }) => n + sizeOf(shape), 0),
                // what is multiplied by a constant is only put elsewhere
                multiplyAdds: own.length === 0 ? 0 : (opOf(node.op).multiplyAdds?.(sizes) ?? 0),
                receptiveField: shown(sight),
              },
            ],
            sights: sight === undefined ? sights : { ...sights, [value]: sight },
          }
        },
        { layers: [], sights: startOf(network) },
      )
      return {
        name,
        layers,
        totals: {
          parameters: parameterCount(network),
          multiplyAdds: layers.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0),
        },
      }
    }),
  )
