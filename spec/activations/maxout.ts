import { noAttributes } from '../attributes.js'
import { gamma, gridOf, tau } from '../bound.js'
import type { Field } from '../field.js'
import { element, field, mapField, once, zipFields } from '../field.js'
import { defineOp, nothingToDerive, slide } from '../op.js'
import type { Shape, Tensor } from '../tensor.js'
import { generate, magnitudes, sizeOf, zeros, zipTensors } from '../tensor.js'

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
  bound: ({ attrs, inputs, sizes: { N, O }, valuesOf }) => {
    const pieces = piecesOf(inputs, (given) => valuesOf(attrs, given).y)
    return {
      y: field([N, O], (i) => {
        const most = largest(pieces, ({ a }) => element(a, i))
        const highest = largest(pieces, ({ a, e }) => element(a, i) + element(e, i))
        const surely = largest(pieces, ({ a, e }) => element(a, i) - element(e, i))
        return Math.max(highest - most, most - surely) + tau
      }),
    }
  },
  boundBackward: ({ attrs, inputs, cotangents: { y: dy }, sizes: { N, O, I }, depth, valuesOf, gradientsOf }) => {
    const { x, w } = inputs
    const pieces = piecesOf(inputs, (given) => valuesOf(attrs, given).y)
    const first = firstLargest(pieces, [N, O])
    const surely = field([N, O], (i) => largest(pieces, ({ a, e }) => element(a, i) - element(e, i)))
    const rivals = pieces.map((_, k) => rivalOf(pieces, first, surely, k))
    const isRival = (k: number, i: number): boolean => element(rivals[k] as Field, i) > 0
    const isOpen = (i: number): boolean => rivals.some((rival) => element(rival, i) > 0)
    const mayBe = (k: number, i: number): boolean => element(first, i) === k || isRival(k, i)
    // a piece by itself is dense: its gradients, all by magnitude, if it takes the cotangents at these places; where none
    // is taken in a row or a column there is nothing to add up
    const gradients = (weights: () => Tensor, takes: (i: number) => boolean): Given => {
      const some = mapField((dy, i) => (takes(i) ? Math.abs(dy) : 0), dy)
      const inRow = once((n) => indices(O).some((o) => element(some, n * O + o) !== 0))
      const inColumn = once((o) => indices(N).some((n) => element(some, n * O + o) !== 0))
      const all = once(() => gradientsOf(attrs, magnitudes({ x, w: weights(), b: zeros([1, O]) }), { y: some }))
      return {
        x: field([N, I], (i) => (inRow(Math.floor(i / I)) ? element(all(0).x, i) : 0)),
        w: field([1, O, I], (i) => (inColumn(Math.floor(i / I)) ? element(all(0).w, i) : 0)),
        b: field([1, O], (o) => (inColumn(o) ? element(all(0).b, o) : 0)),
      }
    }
    const taken = pieces.map((_, k) =>
      gradients(
        () => pieceOf(k, w),
        (i) => mayBe(k, i),
      ),
    )
    const undecided = pieces.map((_, k) =>
      gradients(
        () => pieceOf(k, w),
        (i) => isOpen(i) && mayBe(k, i),
      ),
    )
    // where piece k may stand for the oracle's, j, what differs is the weights
    const exchanged = pieces.flatMap((_, k) =>
      pieces.map((_, j) => {
        const difference = (): Tensor => zipTensors([pieceOf(j, w), pieceOf(k, w)], (a, b) => a - b)
        return gradients(difference, (i) => element(first, i) === j && isRival(k, i)).x
      }),
    )
    const allowed = (roundings: number, terms: Field, exchanged: Field): Field =>
      zipFields([terms, exchanged], (terms, exchanged) => gamma(roundings) * terms + exchanged + tau)
    const ofPieces = (name: 'w' | 'b', roundings: number): Field => {
      const all = (gradients: readonly Given[]): Field =>
        stacked(
          inputs[name].shape,
          gradients.map((of) => of[name]),
        )
      return allowed(roundings, all(taken), all(undecided))
    }
    return {
      x: allowed(O, sumOfFields(taken.map(({ x }) => x)), sumOfFields(exchanged)),
      w: ofPieces('w', depth(N) + 1),
      b: ofPieces('b', depth(N)),
    }
  },
  multiplyAdds: ({ N, K, O, I }) => N * K * O * I,
})

/** One affine piece's values a [N,O], and how far f32 may be from each. */
interface Piece {
  readonly a: Field
  readonly e: Field
}

interface Given {
  readonly x: Field
  readonly w: Field
  readonly b: Field
}

const indices = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i)

const sumOfFields = (fields: readonly Field[]): Field =>
  field((fields[0] as Field).shape, (i) => fields.reduce((sum, x) => sum + element(x, i), 0))

/** The k-th slice along the first axis, and the tensor of such slices. */
const pieceOf = (k: number, { shape: [, ...rest], data }: Tensor): Tensor => {
  const size = sizeOf(rest)
  return generate([1, ...rest], (i) => data[k * size + i] as number)
}

const stacked = (shape: Shape, slices: readonly Field[]): Field => {
  const size = sizeOf(shape.slice(1))
  return field(shape, (i) => element(slices[Math.floor(i / size)] as Field, i % size))
}

const largest = (pieces: readonly Piece[], f: (piece: Piece) => number): number =>
  pieces.reduce((most, piece) => Math.max(most, f(piece)), -Infinity)

// each piece alone is a maxout as well, of which `valuesOf` knows the values
const piecesOf = (
  inputs: Readonly<Record<'x' | 'w' | 'b', Tensor>>,
  valuesOf: (given: Readonly<Record<'x' | 'w' | 'b', Tensor>>) => Field,
): readonly Piece[] => {
  const { x, w, b } = inputs
  const grid = Math.min(gridOf(x) * gridOf(w), gridOf(b))
  const roundings = gamma((x.shape[1] as number) + 1)
  return Array.from({ length: w.shape[0] as number }, (_, k) => {
    const given = { x, w: pieceOf(k, w), b: pieceOf(k, b) }
    return {
      a: valuesOf(given),
      e: mapField((size) => (size <= 2 ** 24 * grid ? 0 : roundings * size + tau), valuesOf(magnitudes(given))),
    }
  })
}

/** Which piece the oracle takes for the largest. */
const firstLargest = (pieces: readonly Piece[], shape: Shape): Field =>
  field(shape, (i) => {
    const most = largest(pieces, ({ a }) => element(a, i))
    return Math.max(
      pieces.findIndex(({ a }) => element(a, i) === most),
      0,
    )
  })

/** 1 where f32 may find piece k to be the largest, and the oracle another; else 0. */
const rivalOf = (pieces: readonly Piece[], first: Field, surely: Field, k: number): Field =>
  mapField((j, i) => {
    const [{ a, e }, taken] = [pieces[k] as Piece, pieces[j] as Piece]
    const reaches = k !== j && element(a, i) + element(e, i) >= element(surely, i)
    // two that are both exact are decided, a tie by the order
    return reaches && element(e, i) + element(taken.e, i) > 0 ? 1 : 0
  }, first)
