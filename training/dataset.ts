import { either as E, function as F } from 'fp-ts'
import type { Images } from '../formats/idx.js'
import { checkLabels, classCount } from '../formats/idx.js'
import type { Result } from '../spec/error.js'
import { ensure, fail } from '../spec/error.js'
import type { Key } from '../spec/philox.js'
import { draws } from '../spec/philox.js'
import type { Numbers, Tensor } from '../spec/tensor.js'
import { generate } from '../spec/tensor.js'

/** Images with what they show: `labels[n]` is the class of image n. */
export interface Dataset {
  readonly images: Images
  readonly labels: Numbers
}

/** What pixels in [0, 1] are centred by and divided by. */
export interface Standardisation {
  readonly mean: number
  readonly std: number
}

/** A minibatch, ready to be fed: both tensors hold f32 values. */
export interface Batch {
  /** pixels, [B,1,H,W] */
  readonly x: Tensor
  /** one-hot classes, [B,10] unless there are other than ten */
  readonly target: Tensor
}

/** How many examples. */
export const countOf = ({ labels }: Dataset): number => labels.length

/**
 * Images and labels as one data set.
 *
 * Shapes  images [n, rows, cols]  labels [n]
 * Errors  FormatInvalid – the counts differ, the pixels do not fill the shape, or a label is outside 0 … 9
 */
export const pair = (images: Images, labels: Numbers): Result<Dataset> => {
  const [count, rows, cols] = images.shape
  return F.pipe(
    ensure(
      images.bytes.length === count * rows * cols,
      'FormatInvalid',
      `images: ${images.bytes.length} pixels; [n, rows, cols] = [${images.shape.join(', ')}] holds ${count * rows * cols}`,
    ),
    E.tap(() =>
      ensure(count === labels.length, 'FormatInvalid', `${count} images and ${labels.length} labels; n is one number`),
    ),
    E.tap(() => checkLabels(labels)),
    E.map(() => ({ images, labels })),
  )
}

/**
 * Mean and standard deviation of a set's pixels, to be fitted on the training set only and used for both.
 *
 *   mean = Σ v/255 / P        std = √(Σ (v/255 − mean)² / P),   P = n·rows·cols (biased: divided by P)
 *
 * Units   fractions of full ink. A set of one grey level has no spread; std is then 1, so that its pixels become 0.
 */
export const standardisationOf = ({ images: { bytes } }: Dataset): Standardisation => {
  const counts = new Float64Array(256)
  for (let i = 0; i < bytes.length; i++) counts[bytes[i] as number] = (counts[bytes[i] as number] as number) + 1
  const mean = counts.reduce((total, count, v) => total + count * (v / 255), 0) / bytes.length
  const variance = counts.reduce((total, count, v) => total + count * (v / 255 - mean) ** 2, 0) / bytes.length
  const oneLevel = counts.some((count) => count === bytes.length)
  return { mean, std: oneLevel ? 1 : Math.sqrt(variance) }
}

/**
 * The examples at the given positions, as tensors.
 *
 *   x[b,0,i,j] = f32((v/255 − mean)/std), v the pixel (i, j) of image indices[b]        target[b,c] = 1 if c is its label, else 0
 *
 * Shapes  indices [B]  →  x [B,1,H,W]  target [B,classes], ten unless it is said
 * Units   x counts standard deviations from the mean; with mean 0 and std 1 it is a fraction of full ink
 * Errors  none: indices are positions 0 … n−1 such as `shuffle` gives, and labels are below `classes`. Another one is a
 *         caller's bug, and throws.
 */
export const batch = (
  { images, labels }: Dataset,
  indices: Numbers,
  { mean, std }: Standardisation = { mean: 0, std: 1 },
  classes = classCount,
): Batch => {
  const [count, rows, cols] = images.shape
  const pixels = rows * cols
  const levels = Array.from({ length: 256 }, (_, v) => Math.fround((v / 255 - mean) / std))
  const stray = Array.from(indices).find((n) => !Number.isInteger(n) || n < 0 || n >= count)
  if (stray !== undefined) throw new RangeError(`index ${stray}; the data set has positions 0 … ${count - 1}`)
  const unfit = Array.from(indices).find((n) => (labels[n] as number) >= classes)
  if (unfit !== undefined) throw new RangeError(`label ${labels[unfit]}; there are ${classes} classes`)
  return {
    x: generate([indices.length, 1, rows, cols], (flat) => {
      const example = indices[Math.floor(flat / pixels)] as number
      return levels[images.bytes[example * pixels + (flat % pixels)] as number] as number
    }),
    target: generate([indices.length, classes], (flat) =>
      labels[indices[Math.floor(flat / classes)] as number] === flat % classes ? 1 : 0,
    ),
  }
}

/** The examples at the given positions, as a data set of their own. Positions as for `batch`. */
export const subset = ({ images: { shape, bytes }, labels }: Dataset, indices: Numbers): Dataset => {
  const [, rows, cols] = shape
  const pixels = rows * cols
  const chosen = new Uint8Array(indices.length * pixels)
  for (let i = 0; i < chosen.length; i++)
    chosen[i] = bytes[(indices[Math.floor(i / pixels)] as number) * pixels + (i % pixels)] as number
  return {
    images: { shape: [indices.length, rows, cols], bytes: chosen },
    labels: Uint8Array.from({ length: indices.length }, (_, i) => labels[indices[i] as number] as number),
  }
}

/**
 * The examples of some classes, as a data set of their own: of class `classes[k]` with k for its label, in the order in
 * which they come. `each` takes of every class the first so many. Without it, of every class there are `least` or more.
 *
 * Shapes  images [n, rows, cols]  labels [n], from 0 … classes.length − 1
 * Errors  AttributeOutOfRange – no class, a class named twice, `each` no integer of at least 1; a class with too few examples
 */
export const ofClasses = (
  dataset: Dataset,
  classes: readonly number[],
  { each, least = 1 }: { readonly each?: number; readonly least?: number } = {},
): Result<Dataset> => {
  const places = Array.from(dataset.labels).reduce<Map<number, number[]>>((soFar, label, at) => {
    const list = soFar.get(label)
    if (list === undefined) soFar.set(label, [at])
    else list.push(at)
    return soFar
  }, new Map())
  const found = (label: number): readonly number[] => places.get(label) ?? []
  const wanted = each ?? least
  const twice = classes.find((label, k) => classes.indexOf(label) < k)
  const short = classes.find((label) => found(label).length < wanted)
  if (classes.length === 0) return fail('AttributeOutOfRange', 'classes: at least one is wanted')
  if (twice !== undefined) return fail('AttributeOutOfRange', `classes: ${twice} is named twice`)
  if (each !== undefined && (!Number.isInteger(each) || each < 1))
    return fail('AttributeOutOfRange', `each is ${each}; wanted an integer of at least 1`)
  if (short !== undefined)
    return fail(
      'AttributeOutOfRange',
      `class ${short} has ${found(short).length} of ${countOf(dataset)} examples; wanted ${wanted} or more`,
    )
  const chosen = classes
    .flatMap((label, k) =>
      found(label)
        .slice(0, each)
        .map((at) => ({ at, k })),
    )
    .toSorted((a, b) => a.at - b.at)
  const { images } = subset(
    dataset,
    chosen.map(({ at }) => at),
  )
  return E.right({ images, labels: Uint8Array.from(chosen, ({ k }) => k) })
}

/**
 * The numbers 0 … count−1 in an order drawn from the key: Fisher and Yates's shuffle, from the last place down,
 * swapping place i with a place drawn from 0 … i. The same key gives the same order.
 *
 * Source  Durstenfeld, "Algorithm 235: Random permutation", 1964
 */
export const shuffle = (key: Key, count: number): Numbers => {
  const order = Uint32Array.from({ length: count }, (_, i) => i)
  const { integer } = draws(key)
  for (let i = count - 1; i > 0; i--) {
    const j = integer(0, i)
    ;[order[i], order[j]] = [order[j] as number, order[i] as number]
  }
  return order
}
