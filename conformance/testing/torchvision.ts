import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import * as t from 'io-ts'
import { decodeSafetensors, numbersOf } from '../../formats/safetensors.js'
import type { Safetensors } from '../../formats/safetensors.js'
import type { Network } from '../../spec/networks/network.js'
import { stateDictNames } from '../../formats/torch.js'
import type { ProgramNode } from '../../spec/program.js'
import type { Numbers, Shape, Tensor } from '../../spec/tensor.js'
import { sizeOf, tensor } from '../../spec/tensor.js'
import { right } from './shaken.js'

/** What torchvision saved and answered; how, and by which recipe, says formats/fixtures/torchvision.py. */
const folder = new URL('../../formats/fixtures/torchvision/', import.meta.url)
const read = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, folder)))

const outputs = right(decodeSafetensors(read('outputs.safetensors')))
const metadata = outputs.metadata ?? {}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** The hash of the file that torchvision's state dict was saved as. */
export const hashOf = (network: string): string | undefined => metadata[`sha256 ${network}`]

/** The hash of the names, dtypes and shapes of a further state dict. */
export const listingOf = (network: string): string | undefined => metadata[`names ${network}`]

const caseCodec = t.strict({
  network: t.string,
  from: t.string,
  shape: t.readonlyArray(t.number),
  to: t.string,
})

/** A value of a network that was fed, one that was asked, and what the witness answered. */
export interface WitnessCase extends t.TypeOf<typeof caseCodec> {
  readonly answer: Tensor
}

export const cases: readonly WitnessCase[] = outputs.tensors.map((stored) => ({
  ...right(caseCodec.decode(JSON.parse(metadata[`case ${stored.name}`] ?? 'null'))),
  answer: right(numbersOf(stored)),
}))

// ---- the recipe ---------------------------------------------------------------------------------------------------

/** u of the recipe, numbers from −1 on and below 1 by name and place, times a scale and added to an offset. */
const drawn = (name: string, size: number, scale = 1, offset = 0): Float32Array => {
  let seed = 0x811c9dc5
  for (const byte of new TextEncoder().encode(name)) seed = Math.imul(seed ^ byte, 0x01000193)
  const values = new Float32Array(size)
  for (let i = 0; i < size; i++) {
    let x = (seed + Math.imul(i, 0x9e3779b9)) | 0
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d)
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b)
    values[i] = offset + (scale * (((x ^ (x >>> 16)) >>> 16) - 32768)) / 32768
  }
  return values
}

/** An image, or another value to feed. */
export const drawnTensor = (name: string, shape: Shape): Tensor =>
  tensor(shape, Float64Array.from(drawn(name, sizeOf(shape))))

/** A tensor of a state dict. */
const made = (name: string, shape: Shape): Float32Array => {
  const size = sizeOf(shape)
  if (shape.length > 1) {
    const inputs = sizeOf(shape.slice(1))
    const e = Array.from({ length: 32 }, (_, e) => e).find((e) => 12 * 4 ** e >= inputs) ?? 0
    return drawn(name, size, 2 ** -e)
  }
  return /(weight|running_var)$/.test(name) ? drawn(name, size, 1 / 2, 1) : drawn(name, size, 1 / 4)
}

const headerCodec = t.record(
  t.string,
  t.strict({ dtype: t.string, shape: t.readonlyArray(t.number), data_offsets: t.tuple([t.number, t.number]) }),
)

/** The entries of the header of a state dict's file, as torchvision's was saved. */
const entriesOf = (header: Uint8Array): t.TypeOf<typeof headerCodec> => {
  const { __metadata__: _, ...entries } = JSON.parse(new TextDecoder().decode(header)) as Record<string, unknown>
  return right(headerCodec.decode(entries))
}

/** A state dict's dtypes and shapes by name, without its numbers. */
export const savedShapes = (
  network: string,
): Readonly<Record<string, { readonly dtype: string; readonly shape: Shape }>> => entriesOf(read(`${network}.header`))

/** The file that PyTorch saved, made anew: its header as it was, its numbers by the recipe. */
export const savedFile = (network: string): Uint8Array => {
  const header = read(`${network}.header`)
  const entries = Object.entries(entriesOf(header))
  const start = 8 + header.length
  const file = new Uint8Array(start + Math.max(...entries.map(([, { data_offsets }]) => data_offsets[1])))
  new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true)
  file.set(header, 8)
  entries.forEach(([name, { dtype, shape, data_offsets }]) => {
    const numbers = dtype === 'I64' ? BigInt64Array.of(7n) : made(name, shape)
    file.set(new Uint8Array(numbers.buffer), start + data_offsets[0])
  })
  return file
}

/** Of a saved state dict, by the recipe, only what a part of the network reads. */
export const savedPart = (network: string, part: Network): Safetensors => {
  const read = new Set(Object.values(stateDictNames(part)).flat())
  return {
    tensors: Object.entries(savedShapes(network))
      .filter(([name]) => read.has(name))
      .map(([name, { shape }]) => {
        const bytes: Numbers = new Uint8Array(made(name, shape).buffer)
        return { name, dtype: 'F32', shape, bytes }
      }),
  }
}

// ---- parts of a network ------------------------------------------------------------------------------------------

/**
 * A network from the value `from`, given as its input `from` in the shape told, to the value `to`: the nodes between, and
 * the parameters that they read. Shapes are the program's own business, so x may be of another size than the network's.
 */
export const partOf = (network: Network, { from, shape, to }: Pick<WitnessCase, 'from' | 'shape' | 'to'>): Network => {
  const writer = new Map(
    network.program.nodes.flatMap((node) => Object.values(node.outputs).map((value) => [value, node] as const)),
  )
  const needed = new Set<ProgramNode>()
  const visit = (value: string): void => {
    const node = value === from ? undefined : writer.get(value)
    if (node === undefined || needed.has(node)) return
    needed.add(node)
    Object.values(node.inputs).forEach(visit)
  }
  visit(to)
  const nodes = network.program.nodes.filter((node) => needed.has(node))
  const read = new Set(nodes.flatMap(({ inputs }) => Object.values(inputs)))
  const only = <V>(all: Readonly<Record<string, V>>): Readonly<Record<string, V>> =>
    Object.fromEntries(Object.entries(all).filter(([name]) => read.has(name)))
  const { x: _, ...numbers } = network.program.inputs
  return {
    program: { inputs: { ...only(numbers), [from]: shape }, nodes, outputs: [to], carry: {} },
    parameters: only(network.parameters),
    kept: only(network.kept),
    output: to,
    auxiliaries: [],
  }
}
