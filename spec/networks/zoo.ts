import { either as E } from 'fp-ts'
import type { Result } from '../error.js'
import { fail, show } from '../error.js'
import { alexnet } from './alexnet.js'
import { autoencoder } from './autoencoder.js'
import { gan } from './gan.js'
import { googlenet } from './googlenet.js'
import { inceptionV3 } from './inceptionV3.js'
import { lenet5 } from './lenet5.js'
import { mlp } from './mlp.js'
import type { Mode, Network, RecurrentOp } from './network.js'
import { inference } from './network.js'
import { perceptron } from './perceptron.js'
import { lstmClassifier, rnnClassifier } from './recurrent.js'
import { resnet101, resnet152, resnet18, resnet34, resnet50, seResnet50 } from './resnet.js'
import { vgg16, vgg19 } from './vgg.js'
import { zfnet } from './zfnet.js'

/** What the zoo can be asked for beside a name. */
export interface Wanted {
  readonly variant?: string
  /** with the auxiliary classifiers that the network has in training */
  readonly aux?: boolean
  readonly batch?: number
  readonly mode?: Mode
  /** of a recurrent network: another cell than its own, and how many layers it has */
  readonly cell?: RecurrentOp
  readonly layers?: number
}

/** How a network is tried whole, forward and backward. */
interface Trial {
  /** small ones always are, the others where they are asked for */
  readonly isSmall: boolean
  /** with so many examples at once */
  readonly batch: number
  /** and with so many where it has its auxiliary classifiers */
  readonly batchWithAux?: number
}

// with the batches of what is small no axis is like another, and batch norm has something to average
const small = (batch: number): Trial => ({ isSmall: true, batch })
const large: Trial = { isSmall: false, batch: 1 }

/** A loss of a network's output and a target of the same shape, which a training makes small. */
export type LossName = 'softmaxCrossEntropy' | 'hinge' | 'mse' | 'bce' | 'bceWithLogits' | 'cce'

/** How a network learns, unless it is told otherwise. */
interface Learning {
  /** the losses that suit what it answers, its own first; none suits what one loss cannot train */
  readonly losses: readonly LossName[]
  /** whether it reads digits: images [N,1,28,28], their pixels in a row, or their rows one after the other */
  readonly readsDigits: boolean
  /**
   * Its first rate of gradient descent, plain or with momentum, over LeNet-5's. There the rate multiplies the gradient
   * itself and has to suit its size: sigmoids and gates make it small, and so does a mean over pixels
   */
  readonly rateFactor: number
}

const classifying: Learning = {
  losses: ['softmaxCrossEntropy', 'hinge', 'mse', 'bceWithLogits'],
  readsDigits: false,
  rateFactor: 1,
}
const readingDigits = (rateFactor = 1): Learning => ({ ...classifying, readsDigits: true, rateFactor })

/** What is known of a network beside its layers. */
interface Entry {
  /** the first is what it is unless it is asked for another; none: it has only one form */
  readonly variants: readonly string[]
  readonly hasAux: boolean
  /** whether it reads sequences by recurrent layers, which may be others and several */
  readonly isRecurrent?: true
  readonly of: (
    batch: number,
    asked: { readonly variant: string; readonly aux: boolean; readonly mode: Mode } & Pick<Wanted, 'cell' | 'layers'>,
  ) => Network
  readonly trial: Trial
  readonly learning: Learning
}

const inOneForm = (
  of: (batch: number, asked: { readonly mode: Mode }) => Network,
  trial: Trial,
  learning: Learning = classifying,
): Entry => ({ variants: [], hasAux: false, of, trial, learning })

const inForms = <const V extends readonly string[]>(
  variants: V,
  of: (batch: number, asked: { readonly variant: V[number]; readonly mode: Mode }) => Network,
  trial: Trial,
  learning: Learning = classifying,
): Entry => ({ variants, hasAux: false, of, trial, learning })

const inFormsWithAux = <const V extends readonly string[]>(
  variants: V,
  of: (batch: number, asked: { readonly variant: V[number]; readonly aux: boolean; readonly mode: Mode }) => Network,
  trial: Trial,
): Entry => ({ variants, hasAux: true, of, trial, learning: classifying })

const ofSequences = (
  of: (batch: number, asked: { readonly mode: Mode } & Pick<Wanted, 'cell' | 'layers'>) => Network,
  trial: Trial,
  learning: Learning,
): Entry => ({ variants: [], hasAux: false, isRecurrent: true, of, trial, learning })

/** Every network by its name. */
export const zoo = {
  perceptron: inOneForm(perceptron, small(3), { losses: ['bceWithLogits'], readsDigits: true, rateFactor: 1 }),
  mlp: inForms(['narrow', 'wide'], mlp, small(3), readingDigits(10)),
  lenet5: inForms(['padded', 'unpadded'], lenet5, small(2), readingDigits()),
  alexnet: inForms(['one-tower', 'two-tower', 'torchvision'], alexnet, large),
  zfnet: inOneForm(zfnet, large),
  vgg16: inForms(['paper', 'torchvision'], vgg16, large),
  vgg19: inForms(['paper', 'torchvision'], vgg19, large),
  googlenet: inFormsWithAux(['paper', 'torchvision'], googlenet, large),
  // its auxiliary classifier has batch norm on maps of 1×1: of one image there would be no variance
  inceptionV3: inFormsWithAux([], inceptionV3, { ...large, batchWithAux: 2 }),
  resnet18: inForms(['torchvision', 'paper'], resnet18, large),
  resnet34: inForms(['torchvision', 'paper'], resnet34, large),
  resnet50: inForms(['torchvision', 'paper'], resnet50, large),
  resnet101: inForms(['torchvision', 'paper'], resnet101, large),
  resnet152: inForms(['torchvision', 'paper'], resnet152, large),
  seResnet50: inForms(['biased', 'unbiased'], seResnet50, large),
  autoencoder: inOneForm(autoencoder, small(2), { losses: ['mse', 'bce'], readsDigits: true, rateFactor: 30 }),
  // two networks that learn against each other, which one loss does not say: `adversarialStep`
  gan: inOneForm(gan, small(2), { losses: [], readsDigits: false, rateFactor: 1 }),
  rnnClassifier: ofSequences(rnnClassifier, small(3), readingDigits(3)),
  lstmClassifier: ofSequences(lstmClassifier, small(3), readingDigits(20)),
} as const satisfies Readonly<Record<string, Entry>>

export type NetworkName = keyof typeof zoo
export const networkNames = Object.keys(zoo) as readonly NetworkName[]
export const isNetworkName = (name: string): name is NetworkName => Object.hasOwn(zoo, name)

/** The variants of a network; the first is what it is unless it is asked for another. */
export const variantsOf = (name: NetworkName): readonly string[] => zoo[name].variants

/** Whether a network has auxiliary classifiers. */
export const hasAuxiliaries = (name: NetworkName): boolean => zoo[name].hasAux

/** Whether a network may be asked for with another cell or several layers. */
export const isRecurrent = (name: NetworkName): boolean => zoo[name].isRecurrent === true

/** How a network is tried whole, and with how many examples at once. */
export const trialOf = (
  name: NetworkName,
  { aux = false }: Pick<Wanted, 'aux'> = {},
): { readonly isSmall: boolean; readonly batch: number } => {
  const { isSmall, batch, batchWithAux = batch }: Trial = zoo[name].trial
  return { isSmall, batch: aux ? batchWithAux : batch }
}

/** How a network learns, unless it is told otherwise. */
export const learningOf = (name: NetworkName): Learning => zoo[name].learning

/**
 * Errors  AttributeOutOfRange – no network has the name
 */
export const parseNetworkName = (name: string): Result<NetworkName> =>
  isNetworkName(name)
    ? E.right(name)
    : fail('AttributeOutOfRange', `there is no network ${show(name)}; there are ${networkNames.join(', ')}`)

/**
 * A network by its name.
 *
 * Errors  AttributeOutOfRange – a network, a variant, or auxiliary classifiers that there are none of; a cell or layers of a
 *         network that is not recurrent
 */
export const networkNamed = (
  name: string,
  { variant, aux = false, batch = 1, mode = inference, cell, layers }: Wanted = {},
): Result<Network> => {
  const parsed = parseNetworkName(name)
  if (E.isLeft(parsed)) return parsed
  const { variants, hasAux, of }: Entry = zoo[parsed.right]
  if (variant !== undefined && !variants.includes(variant))
    return fail(
      'AttributeOutOfRange',
      `${name} has no variant ${show(variant)}; ${variants.length === 0 ? 'it has none' : `it has ${variants.join(', ')}`}`,
    )
  if (aux && !hasAux) return fail('AttributeOutOfRange', `${name} has no auxiliary classifiers`)
  if ((cell !== undefined || layers !== undefined) && !isRecurrent(parsed.right))
    return fail(
      'AttributeOutOfRange',
      `${name} has no recurrent layers: a cell and how many layers are for ${networkNames.filter(isRecurrent).join(' and ')}`,
    )
  const recurrent = { ...(cell === undefined ? {} : { cell }), ...(layers === undefined ? {} : { layers }) }
  return E.right(of(batch, { variant: variant ?? variants[0] ?? '', aux, mode, ...recurrent }))
}
