import type { PlainKernel } from '../../spec/fromKernels.js'
import type { Tensor } from '../../spec/tensor.js'

/**
 * conv2d of 3×3 filters by Winograd's transforms in f32 (Winograd, "Arithmetic Complexity of Computations", 1980; Lavin
 * and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016): tiles of m×m outputs as Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A.
 */

type Matrix = readonly (readonly number[])[]

interface Transforms {
  readonly m: 2 | 4
  readonly A: Matrix
  readonly G: Matrix
  readonly B: Matrix
}

/** F(2, 3) and F(4, 3), each matrix transposed as the formula has it. */
export const transforms: Readonly<Record<'F(2,3)' | 'F(4,3)', Transforms>> = {
  'F(2,3)': {
    m: 2,
    A: [
      [1, 1, 1, 0],
      [0, 1, -1, -1],
    ],
    G: [
      [1, 0, 0],
      [0.5, 0.5, 0.5],
      [0.5, -0.5, 0.5],
      [0, 0, 1],
    ],
    B: [
      [1, 0, -1, 0],
      [0, 1, 1, 0],
      [0, -1, 1, 0],
      [0, 1, 0, -1],
    ],
  },
  'F(4,3)': {
    m: 4,
    A: [
      [1, 1, 1, 1, 1, 0],
      [0, 1, -1, 2, -2, 0],
      [0, 1, 1, 4, 4, 0],
      [0, 1, -1, 8, -8, 1],
    ],
    G: [
      [1 / 4, 0, 0],
      [-1 / 6, -1 / 6, -1 / 6],
      [-1 / 6, 1 / 6, -1 / 6],
      [1 / 24, 1 / 12, 1 / 6],
      [1 / 24, -1 / 12, 1 / 6],
      [0, 0, 1],
    ],
    B: [
      [4, 0, -5, 0, 1, 0],
      [0, -4, -4, 1, 1, 0],
      [0, 4, -4, -1, 1, 0],
      [0, -2, -1, 2, 1, 0],
      [0, 2, -1, -2, 1, 0],
      [0, 4, 0, -5, 0, 1],
    ],
  },
}

const f32 = Math.fround

const times = (left: Matrix, right: Matrix): Matrix =>
  left.map((row) =>
    (right[0] ?? []).map((_, j) => row.reduce((sum, value, k) => f32(sum + f32(f32(value) * (right[k]?.[j] ?? 0))), 0)),
  )
const flipped = (of: Matrix): Matrix => (of[0] ?? []).map((_, j) => of.map((row) => row[j] ?? 0))
const both = (by: Matrix, of: Matrix): Matrix => times(times(by, of), flipped(by))

const matrix = (n: number, f: (i: number, j: number) => number): Matrix =>
  Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => f(i, j)))

/** A kernel of conv2d that takes 3×3 filters of stride and dilation 1 by transforms, and all others as `kernel` does. */
export const byTransforms = ({ m, A, G, B }: Transforms, kernel: PlainKernel): PlainKernel => ({
  ...kernel,
  forward: (attrs, inputs, sizes) => {
    const { x, w, b } = inputs as { readonly x: Tensor; readonly w: Tensor; readonly b?: Tensor }
    const { stride, dilation, padding, groups } = attrs as Readonly<Record<string, readonly number[]>> & {
      readonly groups: number
    }
    const size = (letter: string): number => sizes[letter] as number
    if (size('KH') !== 3 || size('KW') !== 3 || [...(stride ?? []), ...(dilation ?? [])].some((n) => n !== 1))
      return kernel.forward(attrs, inputs, sizes)
    const [N, C, O, Cg, H, W, Ho, Wo] = ['N', 'C', 'O', 'Cg', 'H', 'W', 'Ho', 'Wo'].map(size) as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ]
    const [top, , left] = padding as readonly [number, number, number, number]
    const pixel = (n: number, c: number, i: number, j: number): number =>
      i < 0 || j < 0 || i >= H || j >= W ? 0 : (x.data[((n * C + c) * H + i) * W + j] as number)
    const filters = Array.from({ length: O * Cg }, (_, at) =>
      both(
        G,
        matrix(3, (i, j) => w.data[9 * at + 3 * i + j] as number),
      ),
    )
    const y = new Float64Array(N * O * Ho * Wo)
    for (let n = 0; n < N; n++)
      for (let r = 0; r < Ho; r += m)
        for (let s = 0; s < Wo; s += m) {
          const tiles = Array.from({ length: C }, (_, c) =>
            both(
              B,
              matrix(m + 2, (i, j) => pixel(n, c, r + i - top, s + j - left)),
            ),
          )
          for (let o = 0; o < O; o++) {
            const first = Cg * Math.floor((o * groups) / O)
            const products = matrix(m + 2, (i, j) => {
              let sum = 0
              for (let c = 0; c < Cg; c++)
                sum = f32(sum + f32((filters[o * Cg + c]?.[i]?.[j] ?? 0) * (tiles[first + c]?.[i]?.[j] ?? 0)))
              return sum
            })
            both(A, products).forEach((row, i) =>
              row.forEach((value, j) => {
                if (r + i < Ho && s + j < Wo)
                  y[((n * O + o) * Ho + r + i) * Wo + s + j] = f32(value + (b?.data[o] ?? 0))
              }),
            )
          }
        }
    return { y: { shape: [N, O, Ho, Wo], data: y } }
  },
})
