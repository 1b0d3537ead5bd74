import { either as E, function as F } from 'fp-ts'
import type { Result } from '../spec/error.js'
import { ensure } from '../spec/error.js'
import type { Key } from '../spec/philox.js'
import { draws } from '../spec/philox.js'
import type { Shape, Tensor } from '../spec/tensor.js'
import { generate, showShape } from '../spec/tensor.js'

/**
 * A way of showing an image as it might have been as well.
 *
 *   flip    mirrored left to right, with probability one half: not for digits or letters
 *   shift   moved by up to `most` pixels down or up, and right or left; `fill` comes in where the image leaves
 *   crop    a window of `size` [rows, columns] at a place of its own; where nothing is learned, at the centre
 */
export type Augmentation =
  | { readonly kind: 'flip' }
  | { readonly kind: 'shift'; readonly most: number; readonly fill?: number }
  | { readonly kind: 'crop'; readonly size: readonly [number, number] }

/** Where image n's pixel (i, j) comes from. */
interface Look {
  readonly top: number
  readonly left: number
  readonly mirrored: boolean
}

const looking = (x: Tensor, [H, W]: readonly [number, number], looks: readonly Look[], fill: number): Tensor => {
  const [N = 1, C = 1, rows = 1, cols = 1] = x.shape
  return generate([N, C, H, W], (flat) => {
    const { top, left, mirrored } = looks[Math.floor(flat / (C * H * W))] as Look
    const [plane, i, j] = [Math.floor(flat / (H * W)), (Math.floor(flat / W) % H) + top, flat % W]
    const column = mirrored ? cols - 1 - (j + left) : j + left
    return i < 0 || i >= rows || column < 0 || column >= cols
      ? fill
      : (x.data[(plane * rows + i) * cols + column] as number)
  })
}

const sizeOfImages = ({ shape }: Tensor): readonly [number, number] => [shape[2] as number, shape[3] as number]
const count = ({ shape }: Tensor): number => shape[0] as number

/**
 * The shape of images after they were augmented.
 *
 * Shapes  [N,C,H,W]  →  [N,C,H,W], H and W the last crop's
 * Errors  ShapeMismatch – no images, or a crop that is larger than they are
 */
export const augmentedShape = (augmentations: readonly Augmentation[], images: Shape): Result<Shape> =>
  augmentations.reduce<Result<Shape>>(
    (soFar, one) =>
      F.pipe(
        soFar,
        E.tap((shape) =>
          ensure(
            shape.length === 4,
            'ShapeMismatch',
            `augmentation by ${one.kind}: images [N,C,H,W] are wanted; the examples are ${showShape(shape)}`,
          ),
        ),
        E.flatMap(([N = 1, C = 1, H = 1, W = 1]) => {
          const [rows, cols] = one.kind === 'crop' ? one.size : [H, W]
          return F.pipe(
            ensure(
              rows <= H && cols <= W,
              'ShapeMismatch',
              `a crop of ${rows}×${cols} is larger than images of ${H}×${W}`,
            ),
            E.map(() => [N, C, rows, cols]),
          )
        }),
      ),
    E.right(images),
  )

const unmoved: Look = { top: 0, left: 0, mirrored: false }

/**
 * A batch of images as one step sees it: each image its own way, by draws in order from stream `step` under the key.
 * A pure function of both, on the host: every backend is fed the same.
 *
 * Shapes  x [N,C,H,W]  →  the same, or [N,C,…size] of a crop no larger than the image
 */
export const augment = (augmentation: Augmentation, key: Key, step: number, x: Tensor): Tensor => {
  const { integer } = draws(key, step)
  const [H, W] = sizeOfImages(x)
  const looks = (one: () => Look): readonly Look[] => Array.from({ length: count(x) }, one)
  switch (augmentation.kind) {
    case 'flip':
      return looking(
        x,
        [H, W],
        looks(() => ({ ...unmoved, mirrored: integer(0, 1) === 1 })),
        0,
      )
    case 'shift': {
      const { most, fill = 0 } = augmentation
      const moved = looks(() => ({ top: integer(-most, most), left: integer(-most, most), mirrored: false }))
      return looking(x, [H, W], moved, fill)
    }
    case 'crop': {
      const [rows, cols] = augmentation.size
      const placed = looks(() => ({ top: integer(0, H - rows), left: integer(0, W - cols), mirrored: false }))
      return looking(x, [rows, cols], placed, 0)
    }
  }
}

/** The same images where nothing is learned: as they are, or cropped at the centre, ⌊(H − rows)/2⌋ from the top. */
export const unaugmented = (augmentation: Augmentation, x: Tensor): Tensor => {
  if (augmentation.kind !== 'crop') return x
  const [[H, W], [rows, cols]] = [sizeOfImages(x), augmentation.size]
  const centre = { top: Math.floor((H - rows) / 2), left: Math.floor((W - cols) / 2), mirrored: false }
  return looking(
    x,
    [rows, cols],
    Array.from({ length: count(x) }, () => centre),
    0,
  )
}
