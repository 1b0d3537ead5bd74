import type { AttrsOf, OpName } from '../spec/catalogue.js'
import { mostOverlaps } from '../spec/layers/window.js'
import type { Draws, Key } from '../spec/philox.js'
import { draws } from '../spec/philox.js'
import type { Question } from '../spec/program.js'
import type { Numbers, Shape, Tensor, Tensors } from '../spec/tensor.js'
import { indexOf, sizeOf } from '../spec/tensor.js'

/**
 * A small question of the same op whose answer is a part of a large one's: the same sums of the same numbers, as many
 * terms in each, so the same values and the same bounds.
 */
export interface Excerpt {
  readonly question: Question
  /** where in the large answer each element of the small one lies, by output; outputs left out are none of it */
  readonly places: Readonly<Record<string, Numbers>>
}

/** A row-major position in a shape. */
const positionOf = (shape: Shape, index: Shape): number =>
  shape.reduce((at, extent, axis) => at * extent + (index[axis] as number), 0)

/** An index in a shape: an end of each axis by the bits of `corner`. */
const cornerOf = (shape: Shape, corner: number): Shape =>
  shape.map((extent, axis) => ((corner >> axis) & 1) * (extent - 1))

/**
 * So many different indices in a shape, or all there are: its corners, then some on its borders, then anywhere, by
 * the draws.
 */
export const sampled = (draw: Draws, shape: Shape, count: number): readonly Shape[] => {
  const size = sizeOf(shape)
  if (size <= count) return Array.from({ length: size }, (_, at) => indexOf(shape, at))
  const found = new Set<number>()
  const corners = 2 ** shape.length
  for (let corner = 0; corner < corners && found.size < count; corner++)
    found.add(positionOf(shape, cornerOf(shape, corner)))
  for (let turn = 0; found.size < count && turn < 64 * count; turn++) {
    const index = shape.map((extent) => draw.integer(0, extent - 1))
    // every other one lies on a border, of each axis in turn
    const axis = (turn >> 2) % shape.length
    const end = turn & 2 ? (shape[axis] as number) - 1 : 0
    found.add(positionOf(shape, turn & 1 ? index : index.map((at, on) => (on === axis ? end : at))))
  }
  // where nearly all are wanted draws would take long to meet the last ones
  for (let at = 0; found.size < count; at++) found.add(at)
  return [...found].map((at) => indexOf(shape, at))
}

/** So many different numbers below an extent, or all of them, the first and the last among them, in order. */
const chosen = (draw: Draws, extent: number, count: number): readonly number[] =>
  sampled(draw, [extent], count)
    .map(([at]) => at as number)
    .toSorted((a, b) => a - b)

/** The tensor of a shape whose element at a position is that of another at `from`; 0 where that is negative. */
const gathered = (shape: Shape, { data }: Tensor, from: Numbers): Tensor => {
  const taken = new Float64Array(from.length)
  for (let i = 0; i < taken.length; i++) {
    const at = from[i] as number
    taken[i] = at < 0 ? 0 : (data[at] as number)
  }
  return { shape, data: taken }
}

/** Positions, one for each of an outer and an inner choice. */
const crossed = (outer: Numbers, inner: Numbers, f: (a: number, b: number) => number): Numbers => {
  const positions = new Float64Array(outer.length * inner.length)
  let at = 0
  for (let a = 0; a < outer.length; a++)
    for (let b = 0; b < inner.length; b++) positions[at++] = f(outer[a] as number, inner[b] as number)
  return positions
}

const listed = (count: number, f: (at: number) => number): Numbers =>
  Float64Array.from({ length: count }, (_, i) => f(i))

interface Asked {
  readonly question: Question
  /** the outputs that are judged, by the op's names */
  readonly outputs: readonly string[]
  readonly count: number
  readonly draw: Draws
}

type Excerpts = (asked: Asked) => readonly Excerpt[]

type Four = readonly [number, number, number, number]

const fourOf = ([a = 1, b = 1, c = 1, d = 1]: Shape = []): Four => [a, b, c, d]

const axesOf = ({ shape }: Tensor): Four => fourOf(shape)

const given = (tensors: Readonly<Record<string, Tensor | undefined>>): Tensors =>
  Object.fromEntries(Object.entries(tensors).filter((entry): entry is [string, Tensor] => entry[1] !== undefined))

// rows of x against rows of w: any rows of either make a smaller layer
const dense: Excerpts = ({ question, outputs, count, draw }) => {
  const { x, w, b } = question.inputs as { readonly x: Tensor; readonly w: Tensor; readonly b?: Tensor }
  const [N, I] = axesOf(x)
  const [O] = axesOf(w)
  const dy = question.cotangents['y']
  const shared = (extent: number, of: number): number => Math.min(extent, Math.max(16, Math.ceil(count / of)))
  const all = (extent: number): Numbers => listed(extent, (i) => i)
  const rows = chosen(draw, N, 16)
  const part = (rowsOf: Numbers, outputsOf: Numbers, inputsOf: Numbers, withBias: boolean): Question => ({
    ...question,
    inputs: given({
      x: gathered(
        [rowsOf.length, inputsOf.length],
        x,
        crossed(rowsOf, inputsOf, (n, i) => n * I + i),
      ),
      w: gathered(
        [outputsOf.length, inputsOf.length],
        w,
        crossed(outputsOf, inputsOf, (o, i) => o * I + i),
      ),
      b: b && withBias ? gathered([outputsOf.length], b, outputsOf) : undefined,
    }),
    cotangents: given({
      y:
        dy &&
        gathered(
          [rowsOf.length, outputsOf.length],
          dy,
          crossed(rowsOf, outputsOf, (n, o) => n * O + o),
        ),
    }),
  })
  if (question.direction === 'forward') {
    const some = chosen(draw, O, shared(O, rows.length))
    return [{ question: part(rows, some, all(I), true), places: { y: crossed(rows, some, (n, o) => n * O + o) } }]
  }
  const inputs = chosen(draw, I, shared(I, rows.length))
  const [outputsOfW, inputsOfW] = [chosen(draw, O, count), chosen(draw, I, shared(I, Math.min(O, count)))]
  return [
    ...(outputs.includes('x')
      ? [{ question: part(rows, all(O), inputs, false), places: { x: crossed(rows, inputs, (n, i) => n * I + i) } }]
      : []),
    ...(outputs.includes('w') || outputs.includes('b')
      ? [
          {
            question: part(all(N), outputsOfW, inputsOfW, true),
            places: {
              ...(outputs.includes('w') ? { w: crossed(outputsOfW, inputsOfW, (o, i) => o * I + i) } : {}),
              ...(outputs.includes('b') ? { b: outputsOfW } : {}),
            },
          },
        ]
      : []),
  ]
}

/** Which taps (k) of a window meet in a padded position, and from which output (i): position = i·stride + k·dilation. */
const meeting = (
  position: number,
  {
    taps,
    stride,
    dilation,
    count,
  }: { readonly taps: number; readonly stride: number; readonly dilation: number; readonly count: number },
): readonly (readonly [tap: number, output: number])[] =>
  Array.from({ length: taps }, (_, tap) => [tap, (position - tap * dilation) / stride] as const).flatMap(
    ([tap, output]) => (Number.isInteger(output) ? [[tap, output >= 0 && output < count ? output : -1] as const] : []),
  )

/**
 * Pieces of a convolution side by side, each a group of its own on an image of the size of one window, or of one pixel:
 * so every piece has the weights that it needs.
 */
const conv2d: Excerpts = ({ question, outputs, count, draw }) => {
  const { x, w, b } = question.inputs as { readonly x: Tensor; readonly w: Tensor; readonly b?: Tensor }
  const {
    stride: [sh, sw],
    padding: [top, bottom, left, right],
    dilation: [dh, dw],
    groups,
  } = question.attrs as AttrsOf<'conv2d'>
  const [N, C, H, W] = axesOf(x)
  const [O, Cg, KH, KW] = axesOf(w)
  const dy = question.cotangents['y']
  const Og = O / groups
  const Ho = Math.floor((H + top + bottom - dh * (KH - 1) - 1) / sh) + 1
  const Wo = Math.floor((W + left + right - dw * (KW - 1) - 1) / sw) + 1
  const xAt = (n: number, c: number, r: number, s: number): number =>
    r < 0 || r >= H || s < 0 || s >= W ? -1 : ((n * C + c) * H + r) * W + s
  const wAt = (o: number, c: number, kh: number, kw: number): number => ((o * Cg + c) * KH + kh) * KW + kw
  const yAt = (n: number, o: number, i: number, j: number): number =>
    i < 0 || j < 0 ? -1 : ((n * O + o) * Ho + i) * Wo + j
  const attrsOf = (pieces: number): Question['attrs'] => ({
    stride: [1, 1],
    padding: [0, 0, 0, 0],
    dilation: [1, 1],
    groups: pieces,
  })
  // so many of one kind for each of the others, that there are enough together
  const share = (extent: number, of: number): number => Math.min(extent, Math.max(16, Math.ceil(count / of)))

  if (question.direction === 'forward') {
    const spots = sampled(draw, [N, groups, Ho, Wo], Math.max(16, Math.ceil(count / Math.min(Og, 16))))
    const filters = spots.map(() => chosen(draw, Og, share(Og, spots.length)))
    const [P, k] = [spots.length, filters[0]?.length as number]
    const spotOf = (p: number): Four => fourOf(spots[p])
    const filterOf = (piece: number): number =>
      spotOf(Math.floor(piece / k))[1] * Og + (filters[Math.floor(piece / k)]?.[piece % k] as number)
    const taps = listed(KH * KW, (t) => t)
    return [
      {
        question: {
          ...question,
          attrs: attrsOf(P),
          inputs: given({
            x: gathered(
              [1, P * Cg, KH, KW],
              x,
              crossed(
                listed(P * Cg, (i) => i),
                taps,
                (pc, t) => {
                  const [n, g, i, j] = spotOf(Math.floor(pc / Cg))
                  const [kh, kw] = [Math.floor(t / KW), t % KW]
                  return xAt(n, g * Cg + (pc % Cg), i * sh + kh * dh - top, j * sw + kw * dw - left)
                },
              ),
            ),
            w: gathered(
              [P * k, Cg, KH, KW],
              w,
              crossed(
                listed(P * k, filterOf),
                listed(Cg * KH * KW, (i) => i),
                (o, i) => o * Cg * KH * KW + i,
              ),
            ),
            b: b && gathered([P * k], b, listed(P * k, filterOf)),
          }),
        },
        places: {
          y: listed(P * k, (piece) => {
            const [n, , i, j] = spotOf(Math.floor(piece / k))
            return yAt(n, filterOf(piece), i, j)
          }),
        },
      },
    ]
  }

  /** dx: a pixel of some channels, and every product that reaches it, each from a filter of its own */
  const ofX = (): Excerpt => {
    const spots = sampled(draw, [N, groups, H, W], Math.max(16, Math.ceil(count / Math.min(Cg, 16))))
    const channels = spots.map(() => chosen(draw, Cg, share(Cg, spots.length)))
    const [P, k] = [spots.length, channels[0]?.length as number]
    const [mh, mw] = [mostOverlaps(KH, sh, dh), mostOverlaps(KW, sw, dw)]
    const products = Og * mh * mw
    const wFrom = new Float64Array(P * products * k).fill(-1)
    const dyFrom = new Float64Array(P * products).fill(-1)
    spots.forEach((spot, p) => {
      const [n, g, r, s] = fourOf(spot)
      const rows = meeting(r + top, { taps: KH, stride: sh, dilation: dh, count: Ho })
      const columns = meeting(s + left, { taps: KW, stride: sw, dilation: dw, count: Wo })
      for (let o = 0; o < Og; o++)
        rows.forEach(([kh, i], a) =>
          columns.forEach(([kw, j], c) => {
            const product = (p * Og + o) * mh * mw + a * mw + c
            const filter = g * Og + o
            dyFrom[product] = yAt(n, filter, i, j)
            channels[p]?.forEach((channel, q) => {
              wFrom[product * k + q] = wAt(filter, channel, kh, kw)
            })
          }),
        )
    })
    return {
      question: {
        ...question,
        attrs: attrsOf(P),
        inputs: {
          x: { shape: [1, P * k, 1, 1], data: new Float64Array(P * k) },
          w: gathered([P * products, k, 1, 1], w, wFrom),
        },
        cotangents: given({ y: dy && gathered([1, P * products, 1, 1], dy, dyFrom) }),
      },
      places: {
        x: listed(P * k, (piece) => {
          const [n, g, r, s] = fourOf(spots[Math.floor(piece / k)])
          return xAt(n, g * Cg + (channels[Math.floor(piece / k)]?.[piece % k] as number), r, s)
        }),
      },
    }
  }

  const positions = listed(Ho * Wo, (i) => i)
  /** dy of some filters, whole images */
  const dyOf = (filters: Numbers): Tensor | undefined =>
    dy &&
    gathered(
      [N, filters.length, Ho, Wo],
      dy,
      crossed(
        crossed(
          listed(N, (n) => n),
          filters,
          (n, o) => n * O + o,
        ),
        positions,
        (no, ij) => no * Ho * Wo + ij,
      ),
    )

  /** dw: some filters, and some of their weights, each with the image that it is multiplied with as a channel of its own */
  const ofW = (): Excerpt => {
    const inGroups = chosen(draw, groups, Math.max(4, Math.ceil(count / (Og * Cg * KH * KW))))
    const per = Math.ceil(count / inGroups.length)
    const P = inGroups.length
    const filters = inGroups.map(() => chosen(draw, Og, Math.max(4, Math.ceil(per / (Cg * KH * KW)))))
    const k = filters[0]?.length as number
    const weights = inGroups.map(() => sampled(draw, [Cg, KH, KW], Math.ceil(per / k)))
    const T = weights[0]?.length as number
    const filterOf = (piece: number): number =>
      (inGroups[Math.floor(piece / k)] as number) * Og + (filters[Math.floor(piece / k)]?.[piece % k] as number)
    const weightOf = (piece: number): Four => fourOf(weights[Math.floor(piece / T)]?.[piece % T])
    const nOf = listed(N, (n) => n)
    const wFrom = crossed(
      listed(P * k, (i) => i),
      listed(T, (t) => t),
      (pq, t) => {
        const [c, kh, kw] = weightOf(Math.floor(pq / k) * T + t)
        return wAt(filterOf(pq), c, kh, kw)
      },
    )
    return {
      question: {
        ...question,
        attrs: attrsOf(P),
        inputs: {
          x: gathered(
            [N, P * T, Ho, Wo],
            x,
            crossed(
              crossed(
                nOf,
                listed(P * T, (i) => i),
                (n, pt) => n * P * T + pt,
              ),
              positions,
              (npt, ij) => {
                const [n, pt] = [Math.floor(npt / (P * T)), npt % (P * T)]
                const [c, kh, kw] = weightOf(pt)
                const channel = (inGroups[Math.floor(pt / T)] as number) * Cg + c
                return xAt(n, channel, Math.floor(ij / Wo) * sh + kh * dh - top, (ij % Wo) * sw + kw * dw - left)
              },
            ),
          ),
          w: gathered([P * k, T, 1, 1], w, wFrom),
        },
        cotangents: given({ y: dyOf(listed(P * k, filterOf)) }),
      },
      places: { w: wFrom },
    }
  }

  /** db reads neither weights nor images */
  const ofB = (): Excerpt => {
    const filters = chosen(draw, O, count)
    return {
      question: {
        ...question,
        attrs: attrsOf(1),
        inputs: {
          x: { shape: [N, 1, Ho, Wo], data: new Float64Array(N * Ho * Wo) },
          w: { shape: [filters.length, 1, 1, 1], data: new Float64Array(filters.length) },
          b: { shape: [filters.length], data: new Float64Array(filters.length) },
        },
        cotangents: given({ y: dyOf(filters) }),
      },
      places: { b: filters },
    }
  }
  return [
    ...(outputs.includes('x') ? [ofX()] : []),
    ...(outputs.includes('w') ? [ofW()] : []),
    ...(outputs.includes('b') ? [ofB()] : []),
  ]
}

const table: Readonly<Partial<Record<OpName, Excerpts>>> = { conv2d, dense }

/**
 * At least so many elements of each output of a large question, or all where there are fewer, its corners and borders
 * among them, as questions small enough for the oracle. Which, the key decides.
 */
export const excerptsOf = (
  question: Question,
  outputs: readonly string[],
  count: number,
  key: Key,
): readonly Excerpt[] => table[question.op]?.({ question, outputs, count, draw: draws(key) }) ?? []

/** The part of an answer that an excerpt asks for. */
export const excerpted = ({ places }: Excerpt, shapes: Tensors, answer: Tensors): Tensors =>
  given(
    Object.fromEntries(
      Object.entries(places).map(([name, from]) => [
        name,
        answer[name] && gathered(shapes[name]?.shape ?? [], answer[name], from),
      ]),
    ),
  )
