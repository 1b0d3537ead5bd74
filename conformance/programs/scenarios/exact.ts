import type { OpName } from '../../../spec/catalogue.js'
import { getOrThrow } from '../../../spec/error.js'
import type { Program, ProgramNode } from '../../../spec/program.js'
import { checkProgram } from '../../../spec/program.js'
import type { Shape } from '../../../spec/tensor.js'
import { sizeOf } from '../../../spec/tensor.js'

/** What no order of additions rounds in a program of small integers: told from the program, before any number is drawn. */

/** No number of a value that is fed is larger. */
const largestFed = 2

const mostOf = (most: ReadonlyMap<string, number>, name: string | undefined): number =>
  name === undefined ? 0 : (most.get(name) ?? largestFed)

export const layers: readonly OpName[] = ['conv2d', 'convTranspose2d', 'dense']
const copies: readonly OpName[] = ['relu', 'concat', 'maxPool2d', 'flatten', 'reshape']

/** What the numbers of a node's values are at most, the magnitudes of all terms added; Infinity, where it rounds. */
export const magnitudeOf = (
  { op, direction, inputs, cotangents }: ProgramNode,
  output: string,
  most: ReadonlyMap<string, number>,
  shapeOf: (name: string) => Shape,
): number => {
  const of = (name: string): number => mostOf(most, inputs[name])
  const shape = (name: string): Shape => shapeOf(inputs[name] as string)
  const largest = Math.max(0, ...Object.values(inputs).map((name) => mostOf(most, name)))
  if (direction === 'forward') {
    if (copies.includes(op)) return largest
    if (op === 'add') return of('a') + of('b')
    if (op === 'mul') return of('a') * of('b')
    if (op === 'scaleChannels') return of('x') * of('s')
    if (op === 'dropout') return 2 * of('x')
    if (!layers.includes(op)) return Infinity
    const terms = sizeOf(shape('w')) / (shape('w')[op === 'convTranspose2d' ? 1 : 0] as number)
    return terms * of('x') * of('w') + of('b')
  }
  const [y = ''] = Object.values(cotangents)
  const dy = mostOf(most, y)
  if (copies.includes(op) || op === 'add') return dy
  if (op === 'mul') return dy * of(output === 'a' ? 'b' : 'a')
  if (op === 'dropout') return 2 * dy
  if (op === 'scaleChannels') return output === 'x' ? dy * of('s') : dy * of('x') * sizeOf(shape('x').slice(2))
  if (!layers.includes(op)) return Infinity
  if (output === 'x') return dy * of('w') * sizeOf(shape('w'))
  return dy * (output === 'w' ? of('x') : 1) * Math.max(sizeOf(shapeOf(y)), sizeOf(shape('x')))
}

// of 24 bits, some are left
export const exactUpTo = 2 ** 23

/** The values of a program that no order of additions rounds. */
export const exactIn = (of: Program): ReadonlySet<string> => {
  const { shapes } = getOrThrow(checkProgram(of))
  const most = of.nodes.reduce<ReadonlyMap<string, number>>(
    (soFar, each) =>
      new Map([
        ...soFar,
        ...Object.entries(each.outputs).map(([output, value]) => {
          const magnitude = magnitudeOf(each, output, soFar, (name) => shapes[name] as Shape)
          return [value, magnitude <= exactUpTo ? magnitude : Infinity] as const
        }),
      ]),
    new Map(),
  )
  return new Set([...most].flatMap(([value, magnitude]) => (magnitude <= exactUpTo ? [value] : [])))
}
