import { either as E, function as F } from 'fp-ts'
import type { Result } from '../spec/error.js'
import { ensure, fail } from '../spec/error.js'
import type { Network } from '../spec/networks/network.js'
import { checkProgram } from '../spec/program.js'
import type { Shape, Tensor } from '../spec/tensor.js'
import { generate, sameShape, showShape, tensor } from '../spec/tensor.js'

/** How images and their classes are put to a network. */
export interface Arrangement {
  /** the images as they are; the pixels of each in a row; or its rows one after the other, as a sequence */
  readonly input: 'images' | 'vectors' | 'rows'
  /** the classes; one class against all others; or the images themselves, which are to be drawn again */
  readonly target: 'classes' | 'images' | { readonly class: number }
}

const layouts = ['images', 'vectors', 'rows'] as const

const shapeAs = (input: Arrangement['input'], [N = 1, C = 1, H = 1, W = 1]: Shape): Shape =>
  input === 'images' ? [N, C, H, W] : input === 'vectors' ? [N, C * H * W] : [H, N, C * W]

/**
 * Images as a network reads them.
 *
 *   images   x[n,c,i,j]
 *   vectors  v[n, (c·H + i)·W + j] = x[n,c,i,j]
 *   rows     s[i, n, c·W + j] = x[n,c,i,j]: row i is what a sequence is at its step i
 *
 * Shapes  x [N,C,H,W]  →  [N,C,H,W], [N,C·H·W] or [H,N,C·W]
 */
export const imagesAs = (input: Arrangement['input'], x: Tensor): Tensor => {
  const shape = shapeAs(input, x.shape)
  if (input !== 'rows') return tensor(shape, x.data)
  const [N = 1, C = 1, H = 1, W = 1] = x.shape
  return generate(shape, (flat) => {
    const [i, n, c, j] = [
      Math.floor(flat / (N * C * W)),
      Math.floor(flat / (C * W)) % N,
      Math.floor(flat / W) % C,
      flat % W,
    ]
    return x.data[((n * C + c) * H + i) * W + j] as number
  })
}

/**
 * Images and classes as a network is fed them, and is wanted to answer.
 *
 * Shapes  x [N,C,H,W]  target [N,classes], one-hot  →  x as `imagesAs` has it; target [N,classes], [N,1] or [N,C,H,W]
 */
export const arranged = (
  { input, target: wanted }: Arrangement,
  { x, target }: { readonly x: Tensor; readonly target: Tensor },
): { readonly x: Tensor; readonly target: Tensor } => {
  const [N = 1, classes = 1] = target.shape
  const answer = (): Tensor => {
    if (wanted === 'classes') return target
    if (wanted === 'images') return x
    return generate([N, 1], (n) => target.data[n * classes + wanted.class] as number)
  }
  return { x: imagesAs(input, x), target: answer() }
}

/**
 * The way in which images, and of how many classes, can be put to a network: what it reads is their shape in one of the
 * three layouts, and what it answers tells classes apart, says yes or no to the class `one`, or is an image again.
 *
 * Shapes  images [N,C,H,W], N being the batch that the network is for
 * Errors  ShapeMismatch – the network reads or answers something else; and what `checkProgram` refuses of it
 */
export const arrangementFor = (
  name: string,
  { program, output }: Network,
  { images, classes, one = 0 }: { readonly images: Shape; readonly classes: number; readonly one?: number },
): Result<Arrangement> => {
  const [N = 1] = images
  const x = program.inputs['x'] ?? []
  const input = layouts.find((layout) => sameShape(shapeAs(layout, images), x))
  return F.pipe(
    input === undefined
      ? fail(
          'ShapeMismatch',
          `${name} reads x ${showShape(x)}; the data are images ${showShape(images)}, which can also be read as vectors ${showShape(shapeAs('vectors', images))} or row by row as ${showShape(shapeAs('rows', images))}`,
        )
      : E.right(input),
    E.bindTo('input'),
    E.bind('checked', () => checkProgram(program)),
    E.bind('target', ({ checked: { shapes } }): Result<Arrangement['target']> => {
      const answered = shapes[output] as Shape
      if (sameShape(answered, [N, classes])) return E.right('classes')
      if (sameShape(answered, images)) return E.right('images')
      if (sameShape(answered, [N, 1]))
        return F.pipe(
          ensure(
            Number.isInteger(one) && one >= 0 && one < classes,
            'AttributeOutOfRange',
            `the class ${one} is none of 0 … ${classes - 1}`,
          ),
          E.map(() => ({ class: one })),
        )
      return fail(
        'ShapeMismatch',
        `${name} answers ${showShape(answered)}; wanted ${showShape([N, classes])} for classes, ${showShape([N, 1])} for one of them, or ${showShape(images)} for images`,
      )
    }),
    E.map(({ input, target }) => ({ input, target })),
  )
}
