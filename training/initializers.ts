import type { Key } from '../spec/philox.js'
import { draws } from '../spec/philox.js'
import type { Shape, Tensor } from '../spec/tensor.js'
import { filled, generate, sizeOf } from '../spec/tensor.js'

/** How many inputs feed one output of some weights, and how many outputs one input feeds. */
export interface Fans {
  readonly fanIn: number
  readonly fanOut: number
}

/**
 * The fans of weights [O,I], of a filter [O,C/g,…] or of any others whose first axis counts outputs:
 *
 *   fanIn = C/g·Π window        fanOut = O/g·Π window
 *
 * A group's inputs reach only the outputs of their group, so both count one group; PyTorch's init does not know of groups
 * and takes fanOut = O·Π window, which is the same for g = 1. Of a transposed filter [C,O/g,…] PyTorch takes the first
 * axis for outputs as well; its own fans are these two exchanged. A vector counts as [n, 1].
 */
export const fansOf = (shape: Shape, groups = 1): Fans => {
  const [outputs = 1, inputs = 1, ...window] = shape
  return { fanIn: inputs * sizeOf(window), fanOut: (outputs / groups) * sizeOf(window) }
}

/**
 * Normal numbers of mean 0.
 *
 *   w[i] = f32(σ·√(−2·ln(1 − u))·cos(2π·u′)),   u and u′ the uniform draws 2i and 2i + 1 under the key, from [0, 1)
 *
 * Source  Box and Muller, "A note on the generation of random normal deviates", 1958; AlexNet's σ is 0.01
 */
const normal = (key: Key, shape: Shape, sigma: number): Tensor => {
  const draw = draws(key)
  return generate(shape, () => Math.fround(draw.normal() * sigma))
}

/**
 * Uniform numbers from −a to a.
 *
 *   w[i] = f32((2u − 1)·a),   u the i-th uniform draw under the key, from [0, 1)
 */
const uniform = (key: Key, shape: Shape, a: number): Tensor => {
  const draw = draws(key)
  return generate(shape, () => Math.fround((2 * draw.uniform() - 1) * a))
}

/** The squares [H,H] of weights [k·H,H], each by its place. */
const squares = (shape: Shape, square: (block: number, H: number) => readonly (readonly number[])[]): Tensor => {
  const [rows = 1, H = 1] = shape
  const blocks = Array.from({ length: Math.ceil(rows / H) }, (_, block) => square(block, H))
  return generate(shape, (at) => Math.fround(blocks[Math.floor(at / (H * H))]?.[Math.floor(at / H) % H]?.[at % H] ?? 0))
}

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, v, i) => sum + v * (b[i] as number), 0)

/** What is left of a row without its shares of the others, which are orthonormal. */
const apartFrom = (row: readonly number[], others: readonly (readonly number[])[]): readonly number[] =>
  others.reduce((left, other) => {
    const share = dot(left, other)
    return left.map((v, i) => v - share * (other[i] as number))
  }, row)

/**
 * A random orthogonal matrix for each square of weights [k·H,H].
 *
 *   rows q[r] = u[r]/‖u[r]‖,   u[r] = a[r] − Σ_{s<r} (a[r]·q[s])·q[s],   a normal
 *
 * Gram and Schmidt's, of normal rows: all orthogonal matrices are equally likely. Each row is gone over twice, which leaves
 * no more of the others than roundings do.
 *
 * Source  Stewart, "The efficient generation of random orthogonal matrices", 1980
 */
const orthogonal = (key: Key, shape: Shape): Tensor => {
  const draw = draws(key)
  return squares(shape, (_, H) =>
    Array.from({ length: H }, () => Array.from({ length: H }, () => draw.normal())).reduce<
      readonly (readonly number[])[]
    >((basis, drawn) => {
      const row = apartFrom(apartFrom(drawn, basis), basis)
      const length = Math.sqrt(dot(row, row))
      return [...basis, row.map((v) => v / length)]
    }, []),
  )
}

/** The identity matrix for each square of weights [k·H,H]. */
const identities = (_: Key, shape: Shape): Tensor =>
  squares(shape, (_, H) => Array.from({ length: H }, (_, r) => Array.from({ length: H }, (_, c) => (r === c ? 1 : 0))))

/**
 * First values of weights in f32, a pure function of a key: the same on every machine, independent under different keys.
 *
 *   zeros, ones      0 and 1, whatever the key
 *   normal           normal, mean 0, standard deviation σ
 *   xavierUniform    uniform from −a to a, a = √(6/(fanIn + fanOut))
 *   xavierNormal     normal, σ = √(2/(fanIn + fanOut))
 *   orthogonal       a random orthogonal matrix for each square [H,H] of weights [k·H,H]
 *   identities       the identity matrix for each, whatever the key
 *   heNormal         normal, σ = √(2/fanIn), before a ReLU: "Xavier/2" on the slides, whose Xavier is σ = √(1/fanIn)
 *
 * PyTorch's layers start otherwise: uniform with a = 1/√fanIn, biases too (kaiming_uniform_ with a = √5). TensorFlow's
 * normal initializers cut off beyond two σ; these do not.
 *
 * Shapes  any; fans are those of the shape unless others are given, see `fansOf`
 * Units   the weights'
 * Source  Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010); He et
 *         al., "Delving deep into rectifiers" (2015)
 */
export const initializers = {
  zeros: (_: Key, shape: Shape): Tensor => filled(shape, 0),
  ones: (_: Key, shape: Shape): Tensor => filled(shape, 1),
  normal,
  orthogonal,
  identities,
  xavierUniform: (key: Key, shape: Shape, { fanIn, fanOut }: Fans = fansOf(shape)): Tensor =>
    uniform(key, shape, Math.sqrt(6 / (fanIn + fanOut))),
  xavierNormal: (key: Key, shape: Shape, { fanIn, fanOut }: Fans = fansOf(shape)): Tensor =>
    normal(key, shape, Math.sqrt(2 / (fanIn + fanOut))),
  heNormal: (key: Key, shape: Shape, { fanIn }: Fans = fansOf(shape)): Tensor =>
    normal(key, shape, Math.sqrt(2 / fanIn)),
} as const
