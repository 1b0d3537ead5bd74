import { attributes, oneOf, withDefault } from '../attributes.js'
import { gamma, gridOf, tau } from '../bound.js'
import type { Field } from '../field.js'
import { element, field, mapField, once } from '../field.js'
import { divisionByCount } from '../layers/pool.js'
import { defineOp, nothingToDerive, slide } from '../op.js'
import type { Shape, Tensor } from '../tensor.js'
import { fold, generate, magnitudes, sizeOf, sumOf } from '../tensor.js'

/**
 * Maxout: the largest of K affine pieces for every output.
 *
 *   a[n,k,o] = b[k,o] + Σ_i w[k,o,i] · x[n,i],   y[n,o] = max_k a[n,k,o]
 *   with κ[n,o] the first k whose a is largest:
 *   dx[n,i] = Σ_o w[κ[n,o],o,i] · dy[n,o]
 *   dw[k,o,i] = Σ_n dy[n,o] · x[n,i] over the samples n with κ[n,o] = k,   db[k,o] = Σ_n dy[n,o] over the same
 *
 * A tie goes to the lowest k, all of it, as with PyTorch's max along an axis. With ties "last" it goes to the highest k, and
 * with "share" every one of m tied pieces has dy/m, as with PyTorch's amax and JAX's max. With one piece it is `dense`; with a second piece of zeros its relu, and with one of α times the first its leaky
 * relu. The published layer's pieces are K linear maps side by side: [K,O,I] is its weights, whichever axis k is stored
 * on. NaN exceeds every number; several tie as equal numbers do.
 *
 * Shapes  x [N,I]  w [K,O,I]  b [K,O]  →  y [N,O]
 * Units   y and b carry the unit of w·x
 * Errors  ShapeMismatch – x and w disagree in I, or w and b in K or O
 * Bound   a errs as dense does, e = γ(I + 1) of the terms' magnitudes, but not at all where every term is a multiple of
 *         one power of two q and the magnitudes sum to 2²⁴·q at most: then no order of additions rounds, and ties are
 *         ties. y lies between the largest a − e and the largest a + e. A piece may be the largest, in f32, if its a + e
 *         reaches the largest a − e; where several may, the gradient of any of them is right, and what lies between
 *         theirs and the oracle's is allowed. dx: that, and O products, γ(O). dw: that, a product and a sum over the
 *         batch, of the depth that the backend declares; db: that sum without a product. With "share" any of those that
 *         may be the largest may have a part, so dx may be off its mean of weights by as much as the furthest weight, and
 *         dw by the larger of a piece's share and what it lacks of the whole; then a division, and in dx a term for each
 *         piece that may have a part
 * Admits  products added in any order, fused into the sum, the bias first
 * Source  slide "Activation functions"; Goodfellow et al., "Maxout Networks" (2013)
 */
export const maxout = defineOp({
  family: 'activation',
  formula: String.raw`y_{no} = \max_k \Big( b_{ko} + \sum_i w_{koi}\, x_{ni} \Big)`,
  source: slide('Activation functions'),
  attrs: attributes({ ties: withDefault(oneOf('first', 'last', 'share'), 'first') }),
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
  boundBackward: ({ attrs, inputs, cotangents: { y: dy }, sizes: { N, K, O, I }, depth, valuesOf }) => {
    const pieces = piecesOf(inputs, (given) => valuesOf(attrs, given).y)
    const { taking, mayTake, isOpen } =
      attrs.ties === 'share' ? shared(pieces, [N, O]) : taken(pieces, [N, O], attrs.ties)
    const [x, w, size] = [inputs.x.data, inputs.w.data, magnitudes({ dy }).dy.data]
    const weight = (k: number, o: number, i: number): number => w[(k * O + o) * I + i] as number
    const division = attrs.ties === 'share' ? divisionByCount : 0
    // over the samples of which piece k may have the cotangent: the terms of its gradient, and what it may have or lack
    const ofPiece = (roundings: number, k: number, o: number, factor: (n: number) => number): number => {
      const sumOver = (part: (place: number) => number): number =>
        fold(N, 0, (sum, n) => {
          const share = part(n * O + o)
          return share === 0 ? sum : sum + share * (size[n * O + o] as number) * factor(n)
        })
      const terms = sumOver((place) => (mayTake(k, place) ? 1 : 0))
      const undecided = sumOver((place) =>
        isOpen(place) && mayTake(k, place) ? Math.max(taking(k, place), 1 - taking(k, place)) : 0,
      )
      return gamma(roundings) * terms + undecided + tau
    }
    const ofPieces = Array.from({ length: K }, (_, k) => k)
    const takers = once((place) => ofPieces.filter((k) => mayTake(k, place)))
    return {
      x: field([N, I], (at) => {
        const [n, i] = [Math.floor(at / I), at % I]
        const among = (o: number): readonly number[] => takers(n * O + o)
        const sumOver = (term: (o: number) => number): number =>
          fold(O, 0, (sum, o) => sum + (size[n * O + o] as number) * term(o))
        const terms = sumOver((o) => sumOf(among(o).map((k) => Math.abs(weight(k, o, i)))))
        // where other pieces may stand for the oracle's, what differs is the weights
        const exchanged = sumOver((o) => {
          if (!isOpen(n * O + o)) return 0
          const mean = sumOf(among(o).map((k) => taking(k, n * O + o) * weight(k, o, i)))
          return attrs.ties === 'share'
            ? among(o).reduce((most, k) => Math.max(most, Math.abs(mean - weight(k, o, i))), 0)
            : sumOf(among(o).map((k) => Math.abs(mean - weight(k, o, i))))
        })
        const parts = attrs.ties === 'share' ? fold(O, 0, (sum, o) => sum + among(o).length) : O
        return gamma(parts + division) * terms + exchanged + tau
      }),
      w: field([K, O, I], (at) => {
        const [k, o, i] = [Math.floor(at / (O * I)), Math.floor(at / I) % O, at % I]
        return ofPiece(depth(N) + 1 + division, k, o, (n) => Math.abs(x[n * I + i] as number))
      }),
      b: field([K, O], (at) => ofPiece(depth(N) + division, Math.floor(at / O), at % O, () => 1)),
    }
  },
  multiplyAdds: ({ N, K, O, I }) => N * K * O * I,
})

/** One affine piece's values a [N,O], and how far f32 may be from each. */
interface Piece {
  readonly a: Field
  readonly e: Field
}

/** The k-th slice along the first axis, and the tensor of such slices. */
const pieceOf = (k: number, { shape: [, ...rest], data }: Tensor): Tensor => {
  const size = sizeOf(rest)
  return generate([1, ...rest], (i) => data[k * size + i] as number)
}

const largest = (pieces: readonly Piece[], f: (piece: Piece) => number): number =>
  pieces.reduce((most, piece) => Math.max(most, f(piece)), -Infinity)

// each piece alone is a maxout as well, of which `valuesOf` knows the values
const piecesOf = (
  inputs: Readonly<Record<'x' | 'w' | 'b', Tensor>>,
  valuesOf: (given: Readonly<Record<'x' | 'w' | 'b', Tensor>>) => Field,
): readonly Piece[] => {
  const { x, w, b } = inputs
  const sizes = magnitudes(inputs)
  const grid = Math.min(gridOf(x) * gridOf(w), gridOf(b))
  const roundings = gamma((x.shape[1] as number) + 1)
  return Array.from({ length: w.shape[0] as number }, (_, k) => {
    const companion = valuesOf({ x: sizes.x, w: pieceOf(k, sizes.w), b: pieceOf(k, sizes.b) })
    return {
      a: valuesOf({ x, w: pieceOf(k, w), b: pieceOf(k, b) }),
      e: mapField((size) => (size <= 2 ** 24 * grid ? 0 : roundings * size + tau), companion),
    }
  })
}

/** Whom a cotangent goes to, at a place (n, o). */
interface Receivers {
  /** the oracle's share of it for piece k, from 0 to 1 */
  readonly taking: (k: number, place: number) => number
  /** whether piece k may have some of it in f32 */
  readonly mayTake: (k: number, place: number) => boolean
  /** whether f32 may decide otherwise than the oracle */
  readonly isOpen: (place: number) => boolean
}

const isLargest = (a: number, most: number): boolean => a === most || Number.isNaN(a)

/** One piece takes all of it: the first of the largest, or the last. */
const taken = (pieces: readonly Piece[], shape: Shape, ties: 'first' | 'last'): Receivers => {
  const one = largestPiece(pieces, shape, ties)
  const surely = field(shape, (i) => largest(pieces, ({ a, e }) => element(a, i) - element(e, i)))
  const rivals = pieces.map((_, k) => rivalOf(pieces, one, surely, k))
  const isRival = (k: number, i: number): boolean => element(rivals[k] as Field, i) > 0
  const open = field(shape, (i) => (rivals.some((rival) => element(rival, i) > 0) ? 1 : 0))
  return {
    taking: (k, i) => (element(one, i) === k ? 1 : 0),
    mayTake: (k, i) => element(one, i) === k || isRival(k, i),
    isOpen: (i) => element(open, i) > 0,
  }
}

/** All of the largest have an equal part of it; in f32 any of those that may be the largest, but all where all are exact. */
const shared = (pieces: readonly Piece[], shape: Shape): Receivers => {
  const most = field(shape, (i) => largest(pieces, ({ a }) => element(a, i)))
  const surely = field(shape, (i) => largest(pieces, ({ a, e }) => element(a, i) - element(e, i)))
  const isTied = (k: number, i: number): boolean => isLargest(element((pieces[k] as Piece).a, i), element(most, i))
  const tied = field(shape, (i) => pieces.filter((_, k) => isTied(k, i)).length)
  const mayTake = (k: number, i: number): boolean => {
    const { a, e } = pieces[k] as Piece
    return isTied(k, i) || element(a, i) + element(e, i) >= element(surely, i)
  }
  const open = field(shape, (i) => {
    const among = pieces.filter((_, k) => mayTake(k, i))
    return among.length > 1 && among.some(({ e }) => element(e, i) > 0) ? 1 : 0
  })
  return { taking: (k, i) => (isTied(k, i) ? 1 / element(tied, i) : 0), mayTake, isOpen: (i) => element(open, i) > 0 }
}

/** Which piece the oracle takes for the largest: the first NaN, or the last, if there is one. */
const largestPiece = (pieces: readonly Piece[], shape: Shape, ties: 'first' | 'last'): Field =>
  field(shape, (i) => {
    const most = largest(pieces, ({ a }) => element(a, i))
    const is = ({ a }: Piece): boolean => isLargest(element(a, i), most)
    return Math.max(ties === 'first' ? pieces.findIndex(is) : pieces.findLastIndex(is), 0)
  })

/** 1 where f32 may find piece k to be the largest, and the oracle another; else 0. */
const rivalOf = (pieces: readonly Piece[], first: Field, surely: Field, k: number): Field =>
  mapField((j, i) => {
    const [{ a, e }, taken] = [pieces[k] as Piece, pieces[j] as Piece]
    const reaches = k !== j && element(a, i) + element(e, i) >= element(surely, i)
    // two that are both exact are decided, a tie by the order
    return reaches && element(e, i) + element(taken.e, i) > 0 ? 1 : 0
  }, first)
