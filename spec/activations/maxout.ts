import { noAttributes } from '../attributes.js'
import { gamma, tau } from '../bound.js'
import { defineOp, nothingToDerive, slide } from '../op.js'
import type { Shape, Tensor } from '../tensor.js'
import { generate, magnitudes, mapTensor, mapTensors, sizeOf, sumOf, zeros, zipTensors } from '../tensor.js'

/**
 * Maxout: the largest of K affine pieces for every output.
 *
 *   a[n,k,o] = b[k,o] + Σ_i w[k,o,i] · x[n,i],   y[n,o] = max_k a[n,k,o]
 *   with κ[n,o] the first k whose a is largest:
 *   dx[n,i] = Σ_o w[κ[n,o],o,i] · dy[n,o]
 *   dw[k,o,i] = Σ_n dy[n,o] · x[n,i] over the samples n with κ[n,o] = k,   db[k,o] = Σ_n dy[n,o] over the same
 *
 * A tie goes to the lowest k, all of it, as with PyTorch's max along an axis; its amax would share the gradient out
 * evenly. With one piece it is `dense`; with a second piece of zeros its relu, and with one of α times the first its leaky
 * relu. The published layer's pieces are K linear maps side by side: [K,O,I] is its weights, whichever axis k is stored
 * on. NaN exceeds every number; of several, the lowest k has the gradient.
 *
 * Shapes  x [N,I]  w [K,O,I]  b [K,O]  →  y [N,O]
 * Units   y and b carry the unit of w·x
 * Errors  ShapeMismatch – x and w disagree in I, or w and b in K or O
 * Bound   a errs as dense does, e = γ(I + 1) of the terms' magnitudes, but not at all where every term is a multiple of
 *         one power of two q and the magnitudes sum to 2²⁴·q at most: then no order of additions rounds, and ties are
 *         ties. y lies between the largest a − e and the largest a + e. A piece may be the largest, in f32, if its a + e
 *         reaches the largest a − e; where several may, the gradient of any of them is right, and what lies between
 *         theirs and the oracle's is allowed. dx: that, and O products, γ(O). dw: that, a product and a sum over the
 *         batch, of the depth that the backend declares; db: that sum without a product
 * Source  slide "Activation functions"; Goodfellow et al., "Maxout Networks" (2013)
 */
export const maxout = defineOp({
  family: 'activation',
  formula: String.raw`y_{no} = \max_k \Big( b_{ko} + \sum_i w_{koi}\, x_{ni} \Big)`,
  source: slide('Activation functions'),
  attrs: noAttributes,
  inputs: { x: ['N', 'I'], w: ['K', 'O', 'I'], b: ['K', 'O'] },
  outputs: { y: ['N', 'O'] },
  differentiable: ['x', 'w', 'b'],
  derive: nothingToDerive,
  bound: ({ attrs, inputs, sizes: { N, O }, exact }) => {
    const pieces = piecesOf(inputs, (given) => exact(attrs, given).y)
    return {
      y: generate([N, O], (i) => {
        const most = largest(pieces, ({ a }) => at(a, i))
        const highest = largest(pieces, ({ a, e }) => at(a, i) + at(e, i))
        const surely = largest(pieces, ({ a, e }) => at(a, i) - at(e, i))
        return Math.max(highest - most, most - surely) + tau
      }),
    }
  },
  boundBackward: ({ attrs, inputs, cotangents: { y: dy }, sizes: { N, O }, depth, exact, exactBackward }) => {
    const { x, w } = inputs
    const pieces = piecesOf(inputs, (given) => exact(attrs, given).y)
    const first = firstLargest(pieces, [N, O])
    const surely = generate([N, O], (i) => largest(pieces, ({ a, e }) => at(a, i) - at(e, i)))
    const rivals = pieces.map((_, k) => rivalOf(pieces, first, surely, k))
    const open = rivals.reduce(plus)
    const mayBe = (k: number, i: number): boolean => at(first, i) === k || at(rivals[k] as Tensor, i) > 0
    // a piece by itself is dense: its gradients, all by magnitude, if it takes the cotangents at these places
    const gradients = (weights: Tensor, takes: (i: number) => boolean) => {
      const given = magnitudes({ x, w: weights, b: zeros([1, O]) })
      const some = mapTensor((dy, i) => (takes(i) ? Math.abs(dy) : 0), dy)
      return sumOf(some.data) === 0 ? mapTensors(() => 0, given) : exactBackward(attrs, given, { y: some })
    }
    const taken = pieces.map((_, k) => gradients(pieceOf(k, w), (i) => mayBe(k, i)))
    const undecided = pieces.map((_, k) => gradients(pieceOf(k, w), (i) => at(open, i) > 0 && mayBe(k, i)))
    // where piece k may stand for the oracle's, j, what differs is the weights
    const exchanged = rivals.flatMap((rival, k) =>
      sumOf(rival.data) === 0
        ? []
        : pieces.map((_, j) => {
            const difference = zipTensors([pieceOf(j, w), pieceOf(k, w)], (a, b) => a - b)
            return gradients(difference, (i) => at(first, i) === j && at(rival, i) > 0).x
          }),
    )
    const allowed = (roundings: number, terms: Tensor, exchanged: Tensor): Tensor =>
      zipTensors([terms, exchanged], (terms, exchanged) => gamma(roundings) * terms + exchanged + tau)
    const ofPieces = (name: 'w' | 'b', roundings: number): Tensor => {
      const all = (gradients: readonly Given[]): Tensor =>
        stacked(
          inputs[name].shape,
          gradients.map((of) => of[name]),
        )
      return allowed(roundings, all(taken), all(undecided))
    }
    return {
      x: allowed(O, taken.map(({ x }) => x).reduce(plus), exchanged.reduce(plus, zeros(x.shape))),
      w: ofPieces('w', depth(N) + 1),
      b: ofPieces('b', depth(N)),
    }
  },
  multiplyAdds: ({ N, K, O, I }) => N * K * O * I,
})

/** One affine piece's values a [N,O], and how far f32 may be from each. */
interface Piece {
  readonly a: Tensor
  readonly e: Tensor
}

interface Given {
  readonly x: Tensor
  readonly w: Tensor
  readonly b: Tensor
}

const at = ({ data }: Tensor, i: number): number => data[i] as number

const plus = (a: Tensor, b: Tensor): Tensor => zipTensors([a, b], (a, b) => a + b)

/** The k-th slice along the first axis, and the tensor of such slices. */
const pieceOf = (k: number, { shape: [, ...rest], data }: Tensor): Tensor => {
  const size = sizeOf(rest)
  return generate([1, ...rest], (i) => data[k * size + i] as number)
}

const stacked = (shape: Shape, slices: readonly Tensor[]): Tensor => {
  const size = sizeOf(shape.slice(1))
  return generate(shape, (i) => at(slices[Math.floor(i / size)] as Tensor, i % size))
}

const largest = (pieces: readonly Piece[], f: (piece: Piece) => number): number =>
  pieces.reduce((most, piece) => Math.max(most, f(piece)), -Infinity)

/** The largest power of two, from 1 down to 2⁻²⁰, of which q and every element are multiples; 0 if there is none. */
const gridOf = (x: Tensor): number => Array.from(x.data).reduce(finer, 1)
const finer = (q: number, value: number): number => (value % q === 0 ? q : q > 2 ** -20 ? finer(q / 2, value) : 0)

// each piece alone is a maxout as well, of which `valuesOf` knows the values
const piecesOf = (inputs: Given, valuesOf: (given: Given) => Tensor): readonly Piece[] => {
  const { x, w, b } = inputs
  const grid = Math.min(gridOf(x) * gridOf(w), gridOf(b))
  const roundings = gamma((x.shape[1] as number) + 1)
  return Array.from({ length: w.shape[0] as number }, (_, k) => {
    const given = { x, w: pieceOf(k, w), b: pieceOf(k, b) }
    return {
      a: valuesOf(given),
      e: mapTensor((size) => (size <= 2 ** 24 * grid ? 0 : roundings * size + tau), valuesOf(magnitudes(given))),
    }
  })
}

/** Which piece the oracle takes for the largest: the first NaN, if there is one. */
const firstLargest = (pieces: readonly Piece[], shape: Shape): Tensor =>
  generate(shape, (i) => {
    const most = largest(pieces, ({ a }) => at(a, i))
    return Math.max(
      pieces.findIndex(({ a }) => at(a, i) === most || Number.isNaN(at(a, i))),
      0,
    )
  })

/** 1 where f32 may find piece k to be the largest, and the oracle another; else 0. */
const rivalOf = (pieces: readonly Piece[], first: Tensor, surely: Tensor, k: number): Tensor =>
  mapTensor((j, i) => {
    const [{ a, e }, taken] = [pieces[k] as Piece, pieces[j] as Piece]
    const reaches = k !== j && at(a, i) + at(e, i) >= at(surely, i)
    // two that are both exact are decided, a tie by the order
    return reaches && at(e, i) + at(taken.e, i) > 0 ? 1 : 0
  }, first)
