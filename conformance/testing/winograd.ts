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

/** The same of the gradient of x, which is a convolution of dy by each filter turned round, of the outputs into the channels. */
export const backByTransforms = (by: Transforms, kernel: PlainKernel): PlainKernel => ({
  ...kernel,
  backward: (attrs, inputs, cotangents, sizes) => {
    const plain = (kernel as Required<PlainKernel>).backward(attrs, inputs, cotangents, sizes)
    const { w } = inputs as { readonly w: Tensor }
    const { y: dy } = cotangents as { readonly y: Tensor }
    const { stride, dilation, padding, groups } = attrs as Readonly<Record<string, readonly number[]>> & {
      readonly groups: number
    }
    const [O = 0, C = 0, KH, KW] = w.shape
    const usual = KH === 3 && KW === 3 && groups === 1 && [...(stride ?? []), ...(dilation ?? [])].every((n) => n === 1)
    if (!usual || (padding ?? []).some((n) => n > 2) || plain['x'] === undefined) return plain
    const turned = Array.from({ length: C * O * 9 }, (_, at) => {
      const [c, o, tap] = [Math.floor(at / (9 * O)), Math.floor(at / 9) % O, at % 9]
      return w.data[(o * C + c) * 9 + 8 - tap] as number
    })
    const [N, , Ho, Wo] = dy.shape
    const [, , H, W] = plain['x'].shape
    const { y } = byTransforms(by, kernel).forward(
      { ...attrs, padding: (padding ?? []).map((n) => 2 - n) },
      { x: dy, w: { shape: [C, O, 3, 3], data: turned } },
      {
        N: N as number,
        C: O,
        Cg: O,
        O: C,
        KH: 3,
        KW: 3,
        H: Ho as number,
        W: Wo as number,
        Ho: H as number,
        Wo: W as number,
        rest: [],
      },
    )
    return { ...plain, x: y }
  },
})

interface Complex {
  readonly re: Float32Array
  readonly im: Float32Array
}

/** Σ_k x[k]·e^(±2πi jk/n) along rows and then along columns of an n×n plane, in f32. */
const fourier = ({ re, im }: Complex, n: number, sign: 1 | -1): Complex => {
  const along = (x: Complex, step: number, stride: number): Complex => {
    const [a, b] = [new Float32Array(n * n), new Float32Array(n * n)]
    for (let line = 0; line < n; line++)
      for (let j = 0; j < n; j++) {
        let [p, q] = [0, 0]
        for (let k = 0; k < n; k++) {
          const [c, s] = [f32(Math.cos((2 * Math.PI * j * k) / n)), f32(sign * Math.sin((2 * Math.PI * j * k) / n))]
          const at = line * stride + k * step
          p = f32(p + f32(f32((x.re[at] as number) * c) - f32((x.im[at] as number) * s)))
          q = f32(q + f32(f32((x.re[at] as number) * s) + f32((x.im[at] as number) * c)))
        }
        a[line * stride + j * step] = p
        b[line * stride + j * step] = q
      }
    return { re: a, im: b }
  }
  return along(along({ re, im }, 1, n), n, 1)
}

/** A kernel of conv2d of stride 1 that goes by the discrete Fourier transform of planes of up to `most` a side. */
export const byFourier = (most: number, kernel: PlainKernel): PlainKernel => ({
  ...kernel,
  forward: (attrs, inputs, sizes) => {
    const { x, w, b } = inputs as { readonly x: Tensor; readonly w: Tensor; readonly b?: Tensor }
    const { stride, dilation, padding, groups } = attrs as Readonly<Record<string, readonly number[]>> & {
      readonly groups: number
    }
    const size = (letter: string): number => sizes[letter] as number
    const [N, C, O, Cg, H, W, KH, KW, Ho, Wo] = ['N', 'C', 'O', 'Cg', 'H', 'W', 'KH', 'KW', 'Ho', 'Wo'].map(size) as [number, number, number, number, number, number, number, number, number, number] // prettier-ignore
    const [top = 0, bottom = 0, left = 0, right = 0] = padding ?? []
    const n = Math.max(H + top + bottom, W + left + right)
    if (n > most || KH * KW === 1 || [...(stride ?? []), ...(dilation ?? [])].some((step) => step !== 1))
      return kernel.forward(attrs, inputs, sizes)
    const plane = (of: (i: number, j: number) => number): Complex =>
      fourier(
        {
          re: Float32Array.from({ length: n * n }, (_, at) => of(Math.floor(at / n), at % n)),
          im: new Float32Array(n * n),
        },
        n,
        -1,
      )
    const maps = Array.from({ length: N * C }, (_, nc) =>
      plane((i, j) =>
        i < top || j < left || i >= top + H || j >= left + W
          ? 0
          : (x.data[(nc * H + i - top) * W + j - left] as number),
      ),
    )
    const filters = Array.from({ length: O * Cg }, (_, oc) =>
      plane((i, j) => (i < KH && j < KW ? (w.data[(oc * KH + i) * KW + j] as number) : 0)),
    )
    const y = new Float64Array(N * O * Ho * Wo)
    for (let image = 0; image < N; image++)
      for (let o = 0; o < O; o++) {
        const first = Cg * Math.floor((o * groups) / O)
        const [re, im] = [new Float32Array(n * n), new Float32Array(n * n)]
        for (let c = 0; c < Cg; c++) {
          const [p, q] = [maps[image * C + first + c] as Complex, filters[o * Cg + c] as Complex]
          // by the conjugate: a correlation
          for (let at = 0; at < n * n; at++) {
            const [a, d, e, f] = [p.re[at], p.im[at], q.re[at], q.im[at]] as [number, number, number, number]
            re[at] = f32((re[at] as number) + f32(f32(a * e) + f32(d * f)))
            im[at] = f32((im[at] as number) + f32(f32(d * e) - f32(a * f)))
          }
        }
        const back = fourier({ re, im }, n, 1)
        for (let i = 0; i < Ho; i++)
          for (let j = 0; j < Wo; j++)
            y[((image * O + o) * Ho + i) * Wo + j] = f32(
              f32((back.re[i * n + j] as number) / (n * n)) + (b?.data[o] ?? 0),
            )
      }
    return { y: { shape: [N, O, Ho, Wo], data: y } }
  },
})
