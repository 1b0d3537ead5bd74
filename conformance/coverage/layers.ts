import { either as E } from 'fp-ts'
import type { AttributeValue } from '../../spec/attributes.js'
import type { OpName } from '../../spec/catalogue.js'
import { networkNamed, networkNames, variantsOf } from '../../spec/networks/zoo.js'
import { checkProgram } from '../../spec/program.js'
import type { Shape } from '../../spec/tensor.js'
import type { Fill, Form } from '../form.js'
import { measure } from './extents.js'

/** Layers of networks at full size, each as a case of its own: those of the zoo, and of networks that people run. */

// numbers that a layer of such inputs has: variances are positive, targets weights, and carried states neither grow nor vanish
const fillOf = (name: string, shape: Shape): Fill => {
  const columns = shape.at(-1) ?? 1
  switch (name) {
    case 'runningVar':
      return 'positive'
    case 'prediction':
      return 'probability'
    case 'target':
      return 'distribution'
    case 'wIh':
      return { mean: 0, scale: 1 / Math.sqrt(columns + 3) }
    case 'wHh':
      return { mean: 0, scale: 1 / (2 * columns + 2) }
    default:
      return 'normal'
  }
}

interface Layer {
  readonly op: OpName
  readonly form: Form
}

const layer = (
  name: string,
  op: OpName,
  attrs: Readonly<Record<string, AttributeValue>>,
  shapes: Readonly<Record<string, Shape>>,
): Layer => ({
  op,
  form: {
    name,
    attrs,
    shapes,
    fills: Object.fromEntries(
      Object.entries(shapes)
        .map(([input, shape]) => [input, fillOf(input, shape)] as const)
        .filter(([, fill]) => fill !== 'normal'),
    ),
  },
})

/** Each layer of the zoo once, by its first place. */
const ofTheZoo = (): readonly Layer[] =>
  networkNames
    .flatMap((name) =>
      (variantsOf(name).length === 0 ? [name] : variantsOf(name)).map((variant) => [name, variant] as const),
    )
    .flatMap(([name, variant]) => {
      const network = networkNamed(name, name === variant ? {} : { variant })
      if (E.isLeft(network)) return []
      const checked = checkProgram(network.right.program)
      if (E.isLeft(checked)) return []
      return checked.right.nodes.map(({ node }) =>
        layer(
          `${variant === name ? name : `${name} (${variant})`}: ${node.name}`,
          node.op,
          node.attrs as Readonly<Record<string, AttributeValue>>,
          Object.fromEntries(
            Object.entries(node.inputs).map(([input, value]) => [input, checked.right.shapes[value] as Shape]),
          ),
        ),
      )
    })

// a convolution of square filters that keeps the size at stride 1
const convolved = (
  name: string,
  [C, O, H]: readonly [number, number, number],
  { K = 3, stride = 1, dilation = 1, groups = 1, batch = 1, bias = false } = {},
): Layer => {
  const pad = (dilation * (K - 1)) / 2
  return layer(
    name,
    'conv2d',
    {
      stride: [stride, stride],
      dilation: [dilation, dilation],
      groups,
      padding: [Math.floor(pad), Math.ceil(pad), Math.floor(pad), Math.ceil(pad)],
    },
    { x: [batch, C, H, H], w: [O, C / groups, K, K], ...(bias ? { b: [O] } : {}) },
  )
}

const separable = (network: string, C: number, O: number, H: number, { K = 3, stride = 1, dilation = 1 } = {}) => [
  convolved(`${network}: depthwise ${K}×${K} of ${C} at ${H}, stride ${stride}, dilation ${dilation}`, [C, C, H], {
    K,
    stride,
    dilation,
    groups: C,
  }),
  convolved(`${network}: 1×1, ${C} to ${O} at ${H / stride}`, [C, O, H / stride], { K: 1 }),
]

const transposed = (
  name: string,
  [C, O, H]: readonly [number, number, number],
  K: number,
  stride: number,
  padding: number,
): Layer =>
  layer(
    name,
    'convTranspose2d',
    { stride: [stride, stride], padding: [padding, padding, padding, padding] },
    { x: [1, C, H, H], w: [C, O, K, K], b: [O] },
  )

const product = (name: string, N: number, I: number, O: number): Layer =>
  layer(name, 'dense', {}, { x: [N, I], w: [O, I], b: [O] })

const ofTheWild: readonly Layer[] = [
  convolved('MobileNet v1: first layer', [3, 32, 224], { stride: 2 }),
  ...separable('MobileNet v1', 32, 64, 112),
  ...separable('MobileNet v1', 64, 128, 112, { stride: 2 }),
  ...separable('MobileNet v1', 512, 512, 14),
  ...separable('MobileNet v1', 512, 1024, 14, { stride: 2 }),
  ...separable('MobileNet v2', 24, 24, 56),
  ...separable('MobileNet v2', 144, 32, 56, { stride: 2 }),
  ...separable('MobileNet v2', 960, 320, 7),
  ...separable('EfficientNet-B0', 240, 40, 28, { K: 5 }),
  ...separable('EfficientNet-B0', 672, 192, 14, { K: 5, stride: 2 }),
  ...separable('EfficientNet-B0', 1152, 320, 7),
  layer('EfficientNet-B0: squeeze and excitation', 'scaleChannels', {}, { x: [1, 1152, 7, 7], s: [1, 1152] }),
  ...separable('DeepLab v3+', 2048, 256, 33, { dilation: 6 }),
  ...separable('DeepLab v3+', 2048, 256, 33, { dilation: 12 }),
  convolved('DeepLab v3: 3×3, dilation 12', [2048, 256, 33], { dilation: 12 }),
  convolved('DeepLab v3: 3×3, dilation 18', [512, 256, 33], { dilation: 18 }),
  convolved('U-Net: 3×3 at 572', [1, 64, 572], { bias: true }),
  convolved('U-Net: 3×3 of 512 at 64', [512, 512, 64], { bias: true }),
  transposed('U-Net: up from 1024', [1024, 512, 28], 2, 2, 0),
  layer('U-Net: a skip joined', 'concat', { axis: 1 }, { x0: [1, 512, 56, 56], x1: [1, 512, 56, 56] }),
  transposed('DCGAN: from noise', [100, 1024, 1], 4, 1, 0),
  transposed('DCGAN: 4 to 8', [1024, 512, 4], 4, 2, 1),
  transposed('DCGAN: 32 to 64', [128, 3, 32], 4, 2, 1),
  convolved('ResNeXt: 32 groups', [128, 128, 56], { groups: 32 }),
  convolved('ConvNeXt: depthwise 7×7', [96, 96, 56], { K: 7, groups: 96, bias: true }),
  product('a transformer: queries, keys and values of 197 patches', 197, 768, 2304),
  product('a transformer: up', 128, 768, 3072),
  product('a transformer: down', 128, 3072, 768),
  product('a transformer: 512 tokens to a vocabulary', 8, 768, 30522),
  layer('a transformer: attention of 12 heads over 197 patches', 'softmax', { axis: -1 }, { x: [12, 197, 197] }),
  layer('a language model: shares of a vocabulary', 'logSoftmax', { axis: -1 }, { x: [16, 30522] }),
  layer(
    'a speech network: rnn, 100 frames',
    'rnn',
    {},
    { x: [100, 1, 161], h0: [1, 512], wIh: [512, 161], wHh: [512, 512], b: [512] },
  ),
  layer(
    'a speech network: lstm, 100 frames',
    'lstm',
    {},
    {
      x: [100, 2, 80],
      h0: [2, 256],
      c0: [2, 256],
      wIh: [1024, 80],
      wHh: [1024, 256],
      b: [1024],
    },
  ),
  layer(
    'WaveNet: dilation 512',
    'conv1d',
    { dilation: [512], padding: [512, 0] },
    { x: [1, 32, 16000], w: [64, 32, 2], b: [64] },
  ),
  layer(
    'a speech network: 1-D, stride 2',
    'conv1d',
    { stride: [2], padding: [1, 1] },
    { x: [1, 80, 3000], w: [384, 80, 3], b: [384] },
  ),
]

let known: ReadonlyMap<OpName, readonly Form[]> | undefined

/** The layers of an op, each once. */
export const layersOf = (op: OpName): readonly Form[] => {
  if (known === undefined) {
    const byOp = new Map<OpName, Map<string, Form>>()
    for (const { op, form } of [...ofTheZoo(), ...ofTheWild]) {
      const ofOp = byOp.get(op) ?? new Map<string, Form>()
      byOp.set(op, ofOp)
      const key = JSON.stringify([form.attrs, form.shapes])
      if (!ofOp.has(key)) ofOp.set(key, form)
    }
    known = new Map([...byOp].map(([op, forms]) => [op, [...forms.values()]]))
  }
  return known.get(op) ?? []
}

const soon = { multiplyAdds: 3e7, elements: 260_000, steps: 64 } as const
const mostSoon = 40

/**
 * The layers, by their numbers, of which a software adapter makes each in some tenths of a second; where they are many, some
 * of them evenly.
 */
export const soonOf = (op: OpName): readonly number[] => {
  const numbers = layersOf(op).flatMap((form, at) => {
    const measured = measure(op, form)
    return E.isRight(measured) &&
      measured.right.multiplyAdds <= soon.multiplyAdds &&
      measured.right.elements <= soon.elements &&
      measured.right.steps <= soon.steps
      ? [at]
      : []
  })
  const each = Math.max(1, numbers.length / mostSoon)
  return numbers.filter((_, i) => Math.floor(i / each) > Math.floor((i - 1) / each))
}
