import type { Images } from '../formats/idx.js'
import { classCount } from '../formats/idx.js'
import type { Draws } from '../spec/philox.js'
import { draws, keyOf } from '../spec/philox.js'
import type { Dataset } from './dataset.js'

/** Rows and columns of a generated digit. */
export const digitSize = 28

/** A place on the pen's way, in a box of width and height 1, y pointing down; `true` marks a corner. */
type Place = readonly [x: number, y: number, corner?: true]

/** What the pen draws between being set down and lifted. */
type Stroke = readonly Place[]

type Glyph = readonly Stroke[]

/** The ways in which each digit is written, 0 to 9. */
// prettier-ignore
const glyphs: readonly (readonly Glyph[])[] = [
  [ // 0: round, narrow, with ends that overlap
    [[[.55, .02], [.2, .15], [.05, .5], [.2, .85], [.5, .98], [.8, .85], [.95, .5], [.8, .15], [.5, .03]]],
    [[[.6, .05], [.3, .2], [.2, .55], [.32, .88], [.55, .97], [.75, .8], [.8, .45], [.7, .15], [.5, .04]]],
    [[[.75, .12], [.45, .02], [.12, .25], [.06, .6], [.3, .95], [.65, .95], [.92, .62], [.85, .25], [.6, .05], [.4, .1]]],
  ],
  [ // 1: a line, a slanted line, with a serif, with serif and foot
    [[[.5, 0], [.5, .5], [.5, 1]]],
    [[[.65, 0], [.52, .5], [.38, 1]]],
    [[[.25, .25], [.55, 0, true], [.55, .5], [.55, 1]]],
    [[[.25, .22], [.52, 0, true], [.52, .5], [.52, 1]], [[.2, 1], [.85, 1]]],
  ],
  [ // 2: with a sharp heel, with a loop, with a wavy foot
    [[[.1, .25], [.3, .03], [.7, .05], [.85, .3], [.6, .6], [.08, .97, true], [.95, .95]]],
    [[[.12, .22], [.4, .02], [.78, .12], [.75, .45], [.45, .75], [.15, .95], [.05, .82], [.25, .75], [.55, .88], [.95, .95]]],
    [[[.1, .15], [.5, .02], [.85, .2], [.65, .5], [.2, .85], [.1, .98, true], [.5, .92], [.92, 1]]],
  ],
  [ // 3: round, flat-topped, with a shallow waist
    [[[.1, .15], [.45, 0], [.82, .18], [.7, .42], [.4, .48, true], [.75, .55], [.9, .78], [.55, 1], [.08, .88]]],
    [[[.1, .03], [.85, .03, true], [.4, .42, true], [.8, .5], [.92, .75], [.6, .98], [.08, .9]]],
    [[[.15, .1], [.6, .02], [.85, .22], [.6, .45], [.35, .5], [.55, .5], [.85, .65], [.82, .88], [.45, 1], [.1, .9]]],
  ],
  [ // 4: open, closed, open and curved
    [[[.2, 0], [.1, .52, true], [.95, .5]], [[.75, .05], [.72, .5], [.7, 1]]],
    [[[.72, 1], [.72, .5], [.72, 0, true], [.05, .65, true], [.98, .65]]],
    [[[.15, .05], [.08, .42], [.35, .56], [.85, .45]], [[.85, 0], [.78, .5], [.7, 1]]],
  ],
  [ // 5: the hat last, in one stroke, like an S
    [[[.25, .05], [.2, .45, true], [.55, .38], [.9, .6], [.75, .92], [.4, 1], [.08, .88]], [[.25, .05], [.9, .02]]],
    [[[.9, .03], [.25, .05, true], [.18, .45, true], [.6, .4], [.88, .65], [.65, .96], [.1, .95]]],
    [[[.9, .05], [.45, .03], [.2, .22], [.45, .43], [.8, .6], [.78, .88], [.4, 1], [.1, .9]]],
  ],
  [ // 6: round, with a straight back, hooked at the top
    [[[.75, .02], [.35, .25], [.1, .6], [.2, .92], [.55, 1], [.85, .8], [.75, .55], [.45, .5], [.15, .7]]],
    [[[.55, 0], [.25, .4], [.12, .75], [.35, .98], [.7, .95], [.85, .72], [.6, .52], [.2, .68]]],
    [[[.85, .1], [.6, 0], [.25, .3], [.12, .68], [.3, .97], [.65, .95], [.78, .72], [.55, .55], [.2, .72]]],
  ],
  [ // 7: plain, with a bar, with a serif, with a wavy top
    [[[.08, .05], [.9, .04, true], [.6, .45], [.4, 1]]],
    [[[.08, .05], [.9, .04, true], [.6, .48], [.42, 1]], [[.25, .5], [.85, .48]]],
    [[[.08, .2], [.1, .03, true], [.9, .05, true], [.55, .5], [.42, 1]]],
    [[[.05, .14], [.3, .03], [.6, .1], [.92, .03, true], [.6, .5], [.45, 1]]],
  ],
  [ // 8: in one stroke, of two rings, from the waist
    [[[.8, .12], [.45, 0], [.15, .2], [.4, .43], [.8, .65], [.8, .92], [.45, 1], [.12, .85], [.25, .6], [.65, .4], [.85, .2], [.75, .08]]],
    [
      [[.5, 0], [.22, .1], [.22, .36], [.5, .47], [.78, .36], [.78, .1], [.5, 0]],
      [[.5, .47], [.14, .6], [.12, .9], [.5, 1], [.88, .9], [.86, .6], [.5, .47]],
    ],
    [[[.5, .48], [.2, .28], [.35, .02], [.7, .03], [.8, .25], [.5, .5], [.2, .72], [.25, .96], [.65, 1], [.85, .78], [.5, .48]]],
  ],
  [ // 9: with a bent stem, with a curled tail, of a ring and a stem
    [[[.85, .2], [.5, .02], [.15, .2], [.2, .48], [.55, .52], [.85, .22, true], [.8, .6], [.7, 1]]],
    [[[.82, .25], [.55, .02], [.18, .15], [.15, .42], [.5, .52], [.82, .25, true], [.85, .6], [.7, .95], [.3, 1], [.12, .88]]],
    [[[.8, .1], [.4, .05], [.12, .3], [.35, .52], [.8, .35]], [[.82, .05], [.78, .5], [.72, 1]]],
  ],
]

const between = (low: number, high: number, { uniform }: Draws): number => low + (high - low) * uniform()

// about normal, mean 0 and deviation 1, never beyond ±3: the sum of three uniforms. No logarithm, no cosine (see `digits`)
const bell = ({ uniform }: Draws): number => 2 * (uniform() + uniform() + uniform()) - 3

/** How far apart the ways lie in which one character is written. */
interface Manner {
  /** of the warp's six terms and of the shear, deviations */
  readonly warp: number
  readonly shear: number
  /** width ÷ height, from and to */
  readonly width: readonly [from: number, to: number]
  /** how far places wobble at most, of the unit box */
  readonly wobble: number
  /** laid out as MNIST's digits: as large as a box of so many pixels holds, and centred by the ink's mass; else as they fall */
  readonly box?: number
}

const ofDigits: Manner = { warp: 0.16, shear: 0.16, width: [0.5, 0.85], wobble: 0.045 }

/** Where a writer's hand takes a place of the unit box, in pixels. */
type Hand = (x: number, y: number) => readonly [column: number, row: number]

// a quadratic warp of the box, then size, shear, rotation and shift
const handOf = ({ warp, shear: sheared, width: [narrow, wide] }: Manner, d: Draws): Hand => {
  const [a, b, c, e, f, g] = [0, 0, 0, 0, 0, 0].map(() => warp * bell(d)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const height = between(16, 21, d)
  const width = height * between(narrow, wide, d)
  const shear = 0.12 + sheared * bell(d)
  // t = tan(θ/2): cos θ = (1 − t²)/(1 + t²), sin θ = 2t/(1 + t²); |t| ≤ 0.1317 is |θ| ≤ 15°
  const t = between(-0.1317, 0.1317, d)
  const [cos, sin] = [(1 - t * t) / (1 + t * t), (2 * t) / (1 + t * t)]
  const [column, row] = [between(-2.5, 2.5, d), between(-2.5, 2.5, d)]
  const centre = (digitSize - 1) / 2
  return (x, y) => {
    const [u, v] = [x - 0.5, y - 0.5]
    const across = width * (u + a * u * v + b * v * v + c * u * u)
    const down = height * (v + e * u * v + f * u * u + g * v * v)
    const leaning = across - shear * down
    return [centre + column + cos * leaning - sin * down, centre + row + sin * leaning + cos * down]
  }
}

// the curve through the places: Catmull and Rom's spline, broken at corners; x0 y0 x1 y1 … in pixels
const pathOf = (stroke: Stroke, hand: Hand): readonly number[] => {
  const steps = 5
  const last = stroke.length - 1
  const path: number[] = [...hand((stroke[0] as Place)[0], (stroke[0] as Place)[1])]
  for (let i = 0; i < last; i++) {
    const [from, to] = [stroke[i] as Place, stroke[i + 1] as Place]
    const before = i === 0 || from[2] === true ? from : (stroke[i - 1] as Place)
    const after = i + 1 === last || to[2] === true ? to : (stroke[i + 2] as Place)
    const along = (axis: 0 | 1, s: number): number => {
      const [p, q, r, w] = [before[axis], from[axis], to[axis], after[axis]]
      return q + 0.5 * s * (r - p + s * (2 * p - 5 * q + 4 * r - w + s * (3 * (q - r) + w - p)))
    }
    for (let step = 1; step <= steps; step++) path.push(...hand(along(0, step / steps), along(1, step / steps)))
  }
  return path
}

type Canvas = Float64Array

// ink along a path: each pixel keeps the most that any segment covers it, with an edge one pixel wide
const ink = (canvas: Canvas, path: readonly number[], startRadius: number, endRadius: number): void => {
  const segments = path.length / 2 - 1
  for (let s = 0; s < segments; s++) {
    const [x0, y0, x1, y1] = [path[2 * s], path[2 * s + 1], path[2 * s + 2], path[2 * s + 3]] as [
      number,
      number,
      number,
      number,
    ]
    const radius = startRadius + ((endRadius - startRadius) * s) / segments
    const reach = radius + 0.5
    const [dx, dy] = [x1 - x0, y1 - y0]
    const square = dx * dx + dy * dy
    const [left, right] = [
      Math.max(0, Math.ceil(Math.min(x0, x1) - reach)),
      Math.min(digitSize - 1, Math.floor(Math.max(x0, x1) + reach)),
    ]
    const [top, bottom] = [
      Math.max(0, Math.ceil(Math.min(y0, y1) - reach)),
      Math.min(digitSize - 1, Math.floor(Math.max(y0, y1) + reach)),
    ]
    for (let i = top; i <= bottom; i++) {
      for (let j = left; j <= right; j++) {
        const along = square === 0 ? 0 : Math.min(1, Math.max(0, ((j - x0) * dx + (i - y0) * dy) / square))
        const [ex, ey] = [j - x0 - along * dx, i - y0 - along * dy]
        const distance = ex * ex + ey * ey
        if (distance >= reach * reach) continue
        const cover = Math.min(1, reach - Math.sqrt(distance))
        const at = i * digitSize + j
        if (cover > (canvas[at] as number)) canvas[at] = cover
      }
    }
  }
}

// one axis of a blur by (side, 1 − 2·side, side); outside the image is paper
const blurred = (canvas: Canvas, side: number, stride: number): Canvas =>
  canvas.map((value, at) => {
    const place = stride === 1 ? at % digitSize : Math.floor(at / digitSize)
    const before = place === 0 ? 0 : (canvas[at - stride] as number)
    const after = place === digitSize - 1 ? 0 : (canvas[at + stride] as number)
    return (1 - 2 * side) * value + side * (before + after)
  })

/** Paths that fill a box of so many pixels along their longer side, with the middle of their length at a place. */
const laidOut = (paths: readonly (readonly number[])[], box: number, [x, y]: readonly [number, number]) => {
  const extents = [0, 1].map((axis) => {
    const along = paths.flatMap((path) => path.filter((_, i) => i % 2 === axis))
    return Math.max(...along) - Math.min(...along)
  })
  const scale = box / Math.max(...extents, 1)
  const segments = paths.flatMap((path) =>
    Array.from({ length: path.length / 2 - 1 }, (_, s) => {
      const [x0, y0, x1, y1] = path.slice(2 * s, 2 * s + 4) as [number, number, number, number]
      const length = Math.sqrt((x1 - x0) * (x1 - x0) + (y1 - y0) * (y1 - y0))
      return { length, x: (x0 + x1) / 2, y: (y0 + y1) / 2 }
    }),
  )
  const whole = segments.reduce((sum, { length }) => sum + length, 0)
  const middle = (axis: 'x' | 'y'): number => segments.reduce((sum, s) => sum + s.length * s[axis], 0) / whole
  const [across, down] = [middle('x'), middle('y')]
  return paths.map((path) => path.map((v, i) => (i % 2 === 0 ? x + scale * (v - across) : y + scale * (v - down))))
}

const draw = (glyph: Glyph, d: Draws, manner = ofDigits): Canvas => {
  const canvas = new Float64Array(digitSize * digitSize)
  const hand = handOf(manner, d)
  const wobble = between(0.01, manner.wobble, d)
  const radius = between(0.55, 1.75, d)
  const strokes = glyph.map((stroke) => ({
    path: pathOf(
      stroke.map(([x, y, ...corner]): Place => [x + wobble * bell(d), y + wobble * bell(d), ...corner]),
      hand,
    ),
    radii: [radius * between(0.8, 1.2, d), radius * between(0.8, 1.2, d)] as const,
  }))
  const paths = strokes.map(({ path }) => path)
  const { box } = manner
  const place = (): number => (digitSize - 1) / 2 + between(-0.7, 0.7, d)
  const placed = box === undefined ? paths : laidOut(paths, box - 2 * radius, [place(), place()])
  strokes.forEach(({ radii }, s) => ink(canvas, placed[s] as readonly number[], ...radii))
  const side = between(0.03, 0.2, d)
  const strength = between(0.7, 1.15, d)
  return blurred(blurred(canvas, side, 1), side, digitSize).map((v) => Math.round(255 * Math.min(1, strength * v)))
}

// strokes through places that lie apart, some of them corners: what a pen does, and no digit in particular
const invented = (d: Draws): Glyph => {
  const place = (): Place => {
    const [x, y] = [d.uniform(), d.uniform()]
    return d.uniform() < 0.25 ? [x, y, true] : [x, y]
  }
  const after = ([x, y]: Place, left = 20): Place => {
    const next = place()
    return left === 0 || (next[0] - x) ** 2 + (next[1] - y) ** 2 > 0.12 ? next : after([x, y], left - 1)
  }
  const stroke = (): Stroke =>
    Array.from({ length: d.integer(1, 4) }).reduce<Stroke>(
      (places) => [...places, after(places.at(-1) as Place)],
      [place()],
    )
  return Array.from({ length: d.integer(1, 2) }, stroke)
}

// one is written in more different ways than a digit is, so that what stays the same is what has to be learnt
const ofCharacters: Manner = { warp: 0.24, shear: 0.25, width: [0.4, 0.95], wobble: 0.07, box: 20 }

/**
 * Characters that nobody writes, made from a seed: classes to learn to tell apart where the digits themselves are not to be
 * seen. Each is drawn by the pen of `digits`, under hands that differ more, and laid out as MNIST's digits are: in a box of
 * 20 × 20 pixels, centred by mass.
 *
 * Shapes  count classes of images [each, 28, 28]
 * Units   as of `digits`
 */
export const characters = (seed: number, count: number, each: number): readonly Images[] => {
  const pixels = digitSize * digitSize
  return Array.from({ length: count }, (_, at) => {
    const d = draws(keyOf(`characters ${seed}`), at)
    const glyph = invented(d)
    const bytes = new Uint8Array(each * pixels)
    for (let n = 0; n < each; n++) bytes.set(draw(glyph, d, ofCharacters), n * pixels)
    return { shape: [each, digitSize, digitSize], bytes }
  })
}

/**
 * Handwritten-like digits made from a seed, for use where no data set is at hand.
 *
 * A digit is one of a few ways of writing its class – strokes through places that wobble – under a hand that warps,
 * leans, turns (±15°), sizes and shifts it, drawn with a pen of varied width and ink and slightly blurred. Digit i is a
 * function of (seed, split, i) alone: Philox stream i under a key of seed and split. A larger set begins with the
 * smaller one, and 'train' and 'test' share nothing but the distribution. Only + − × ÷ and √ are used past the draws,
 * which IEEE 754 rounds in one way, so every machine makes the same bytes.
 *
 * Shapes  images [count, 28, 28]  labels [count], count an integer of at least 1
 * Units   grey levels, 0 (paper) … 255 (ink)
 * Source  made for Etalon; 28 × 28 and the grey levels as in MNIST
 */
export const digits = (seed: number, count: number, split: 'train' | 'test'): Dataset => {
  const key = keyOf(`digits ${split} ${seed}`)
  const pixels = digitSize * digitSize
  const bytes = new Uint8Array(count * pixels)
  const labels = new Uint8Array(count)
  for (let n = 0; n < count; n++) {
    const d = draws(key, n)
    const label = d.integer(0, classCount - 1)
    labels[n] = label
    bytes.set(draw(d.pick(glyphs[label] as readonly Glyph[]), d), n * pixels)
  }
  return { images: { shape: [count, digitSize, digitSize], bytes }, labels }
}
