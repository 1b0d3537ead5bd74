import { either as E, function as F } from 'fp-ts'
import type { Section } from '../docs/lessons/lesson.js'
import { images, text } from '../docs/lessons/lesson.js'
import { decodeSafetensors, numbersOf } from '../formats/safetensors.js'
import { torchNameOf } from '../formats/torch.js'
import type { Result } from '../spec/error.js'
import { ensure, fail, within } from '../spec/error.js'
import type { Network } from '../spec/networks/network.js'
import type { Shape, Tensor } from '../spec/tensor.js'
import { generate, sameShape, showShape } from '../spec/tensor.js'
import { readBytes } from './tensorFile.js'

/** The filters of a network's first convolution, [O, C, KH, KW], and what their tensor is called in the file. */
export interface FirstFilters {
  readonly name: string
  readonly w: Tensor
}

/**
 * The filters of a network's first layer, out of a state dict. Nothing else of the file is looked at.
 *
 * Errors  FileUnreadable, FormatInvalid – of the file; ShapeMismatch – filters of another shape, or a network whose first
 *         layer has none; MissingInput – a file without them
 */
export const firstFilters = async (network: Network, file: string): Promise<Result<FirstFilters>> => {
  const first = network.program.nodes.find(({ op, inputs }) => op === 'conv2d' && Object.values(inputs).includes('x'))
  const own = first?.inputs['w']
  const shape = own === undefined ? undefined : network.parameters[own]?.shape
  if (own === undefined || shape === undefined)
    return fail('ShapeMismatch', 'the network’s first layer has no filters: no convolution reads x')
  const bytes = await readBytes(file)
  return F.pipe(
    bytes,
    E.flatMap((read) => F.pipe(decodeSafetensors(read), E.mapLeft(within(file)))),
    E.flatMap(({ tensors }) => {
      const names = [torchNameOf(own), own]
      const found = tensors.find(({ name }) => names.includes(name))
      return found === undefined
        ? fail(
            'MissingInput',
            `${file}: no tensor is called ${[...new Set(names)].join(' or ')}; it has ${tensors
              .slice(0, 6)
              .map(({ name }) => name)
              .join(', ')}${tensors.length > 6 ? ' …' : ''}`,
          )
        : F.pipe(
            ensure(
              sameShape(found.shape, shape),
              'ShapeMismatch',
              `${file}: ${found.name} is ${showShape(found.shape)}; this network’s is ${showShape(shape)}`,
            ),
            E.flatMap(() => F.pipe(numbersOf(found), E.mapLeft(within(file)))),
            E.map((w) => ({ name: found.name, w })),
          )
    }),
  )
}

const perRow = (count: number): number => (count <= 8 ? count : count % 12 === 0 ? 12 : 8)

/** Each filter as a picture: three channels as its colours, each filter between its own ends; of other depths a row each. */
export const layoutOf = (
  network: string,
  { name, w }: FirstFilters,
): { readonly title: string; readonly sections: readonly Section[]; readonly line: string } => {
  const [count, channels, height, width] = w.shape as Shape & readonly [number, number, number, number]
  const picture = (from: number, depth: number) =>
    generate(depth === 1 ? [height, width] : [depth, height, width], (i) => w.data[from * height * width + i] as number)
  const inColour = channels === 3
  const pictures = inColour
    ? Array.from({ length: count }, (_, o) => ({ pixels: picture(o * 3, 3) }))
    : Array.from({ length: count * channels }, (_, at) => ({ pixels: picture(at, 1) }))
  const wide = inColour || channels === 1 ? perRow(pictures.length) : channels
  const line = `the ${count} filters of ${height}×${width} of the first layer, ${name}`
  return {
    title: `What ${network} looks for first: its ${count} filters of ${height}×${width}`,
    line,
    sections: [
      images(line, {
        colours: inColour ? 'rgb' : 'signed',
        zoom: Math.max(2, Math.round(48 / width)),
        rows: Array.from({ length: Math.ceil(pictures.length / wide) }, (_, row) => ({
          pictures: pictures.slice(row * wide, (row + 1) * wide),
        })),
      }),
      text(
        inColour
          ? 'Each filter’s three channels are its red, green and blue; its least number is dark, its largest bright. Grey grounds are numbers in the middle.'
          : 'Red above 0, blue below, white at 0, each filter by its own largest number.',
      ),
    ],
  }
}
