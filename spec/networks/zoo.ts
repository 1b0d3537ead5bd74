import { either as E, function as F } from 'fp-ts'
import type { Result } from '../error.js'
import { ensure, fail, show } from '../error.js'
import { alexnet } from './alexnet.js'
import { architectureNetwork, isArchitecture, parseArchitecture } from './architecture.js'
import { cellNetwork, isCell, parseCell } from './cell.js'
import { autoencoder } from './autoencoder.js'
import { bnInception } from './bnInception.js'
import { dqn } from './dqn.js'
import { gan } from './gan.js'
import { googlenet } from './googlenet.js'
import { inceptionResnetV2 } from './inceptionResnetV2.js'
import { inceptionV3 } from './inceptionV3.js'
import { inceptionV4 } from './inceptionV4.js'
import { lenet5 } from './lenet5.js'
import { mlp } from './mlp.js'
import type { Mode, Network, RecurrentOp } from './network.js'
import { inference } from './network.js'
import { perceptron } from './perceptron.js'
import type { AskedOfSequence } from './recurrent.js'
import { lstmClassifier, rnnClassifier } from './recurrent.js'
import {
  preactResnet152,
  preactResnet18,
  preactResnet200,
  preactResnet50,
  resnet101,
  resnet152,
  resnet18,
  resnet34,
  resnet50,
  seResnet152,
  seResnet50,
  senet154,
} from './resnet.js'
import { vgg16, vgg19 } from './vgg.js'
import { zfnet } from './zfnet.js'

/** What a recurrent network can be asked for beside a name, as PyTorch's modules are. */
export interface AskedOfRecurrent {
  /** another cell than its own */
  readonly cell?: RecurrentOp
  /** how many layers on top of each other: 1 */
  readonly layers?: number
  /** whether each layer reads the sequence from its end as well: no */
  readonly bidirectional?: boolean
  /** the share of what is handed from layer to layer that training leaves out: 0 */
  readonly dropout?: number
}

/** What the zoo can be asked for beside a name. */
export interface Wanted extends AskedOfRecurrent {
  readonly variant?: string
  /** with the auxiliary classifiers that the network has in training */
  readonly aux?: boolean
  readonly batch?: number
  readonly mode?: Mode
}

/** Of what is asked, what is of recurrent networks alone; nothing of it where nothing is asked. */
export const askedOfRecurrent = ({
  cell,
  layers,
  bidirectional,
  dropout,
}: { readonly [K in keyof AskedOfRecurrent]?: AskedOfRecurrent[K] | undefined }): AskedOfRecurrent => ({
  ...(cell === undefined ? {} : { cell }),
  ...(layers === undefined ? {} : { layers }),
  ...(bidirectional === undefined ? {} : { bidirectional }),
  ...(dropout === undefined ? {} : { dropout }),
})

/** The same in words. */
export const recurrentInWords = ({ cell, layers, bidirectional, dropout }: AskedOfRecurrent): readonly string[] => [
  ...(cell === undefined ? [] : [cell]),
  ...(layers === undefined ? [] : [`${layers} ${layers === 1 ? 'layer' : 'layers'}`]),
  ...(bidirectional === true ? ['both directions'] : []),
  ...(dropout === undefined ? [] : [`dropout ${dropout}`]),
]

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

/** What a network is trained with on digits, unless it is told otherwise. */
export interface LearningRecipe {
  readonly optimizer: 'momentum' | 'adam'
  /** the first rate of that optimizer, which falls to 0 with the last step */
  readonly learningRate: number
  /** examples in a step */
  readonly batch: number
  /** what the first weights are drawn from, as `initialParameters` has it */
  readonly init: { readonly kind: 'scaled' } | { readonly kind: 'orthogonal'; readonly inputs: number }
  /** where one epoch of 10,000 digits does not do for nine of ten: what to ask for beside, either of these */
  readonly beside?: readonly string[]
}

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
  readonly recipe: LearningRecipe
}

/** LeNet-5's rate of gradient descent with momentum. */
const lenetRate = 0.015

const byMomentum = (rateFactor: number): Pick<Learning, 'rateFactor' | 'recipe'> => ({
  rateFactor,
  recipe: { optimizer: 'momentum', learningRate: lenetRate * rateFactor, batch: 32, init: { kind: 'scaled' } },
})

const classifying: Learning = {
  losses: ['softmaxCrossEntropy', 'hinge', 'mse', 'bceWithLogits'],
  readsDigits: false,
  ...byMomentum(1),
}
const readingDigits = (rateFactor = 1): Learning => ({ ...classifying, readsDigits: true, ...byMomentum(rateFactor) })

// 1/√(T·I) would be 1/28 of a digit's 28 rows of 28 pixels, and a little less than that learns best
const orthogonal = { kind: 'orthogonal', inputs: 0.03 } as const

/**
 * How recurrent layers learn, by their cell.
 *
 * The state is carried on by orthogonal matrices, which keep what has been read (Saxe et al., 2014; Le, Jaitly and Hinton,
 * 2015, have the identity for rectified units, which learns less here: tanh levels what one direction adds up). Weights of
 * the input are small beside, lest 28 rows drive every unit to its ends. Adam (Kingma and Ba, 2015) goes by the sign of a
 * gradient more than by its size, so that one that grows on its way back through time does no harm and none has to be
 * clipped. Small batches make enough steps of 10,000 digits. An rnn of 64 units then comes to eight or nine digits of ten,
 * as its first weights fall out, by whatever rate, batch and clipping was tried: what it wants is gates.
 */
const recurrentLearning: Readonly<Record<RecurrentOp, Pick<Learning, 'rateFactor' | 'recipe'>>> = {
  rnn: {
    rateFactor: 3,
    recipe: {
      optimizer: 'adam',
      learningRate: 0.0012,
      batch: 8,
      init: orthogonal,
      beside: ['--cell gru'],
    },
  },
  lstm: { rateFactor: 20, recipe: { optimizer: 'adam', learningRate: 0.005, batch: 16, init: orthogonal } },
  gru: { rateFactor: 20, recipe: { optimizer: 'adam', learningRate: 0.005, batch: 16, init: orthogonal } },
}

/** What is known of a network beside its layers. */
interface Entry {
  /** the first is what it is unless it is asked for another; none: it has only one form */
  readonly variants: readonly string[]
  readonly hasAux: boolean
  /** the cell of its recurrent layers, where it has such; they may be of another cell, and several */
  readonly cell?: RecurrentOp
  readonly of: (
    batch: number,
    asked: { readonly variant: string; readonly aux: boolean; readonly mode: Mode } & AskedOfRecurrent,
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
  own: RecurrentOp,
  of: (batch: number, asked: AskedOfSequence) => Network,
  trial: Trial,
): Entry => ({
  variants: [],
  hasAux: false,
  cell: own,
  of: (batch, { mode, dropout = 0, cell, layers, bidirectional }) =>
    of(batch, { mode, keep: 1 - dropout, ...askedOfRecurrent({ cell, layers, bidirectional }) }),
  trial,
  learning: { ...readingDigits(), ...recurrentLearning[own] },
})

/** Every network by its name. */
export const zoo = {
  perceptron: inOneForm(perceptron, small(3), { ...readingDigits(), losses: ['bceWithLogits'] }),
  mlp: inForms(['narrow', 'wide'], mlp, small(3), readingDigits(10)),
  lenet5: inForms(['padded', 'unpadded'], lenet5, small(2), readingDigits()),
  alexnet: inForms(['one-tower', 'two-tower', 'torchvision'], alexnet, large),
  zfnet: inOneForm(zfnet, large),
  vgg16: inForms(['paper', 'torchvision'], vgg16, large),
  vgg19: inForms(['paper', 'torchvision'], vgg19, large),
  googlenet: inFormsWithAux(['paper', 'torchvision'], googlenet, large),
  bnInception: inForms(['ported', 'paper'], bnInception, large),
  // its auxiliary classifier has batch norm on maps of 1×1: of one image there would be no variance
  inceptionV3: inFormsWithAux([], inceptionV3, { ...large, batchWithAux: 2 }),
  inceptionV4: inOneForm(inceptionV4, large),
  inceptionResnetV2: inOneForm(inceptionResnetV2, large),
  resnet18: inForms(['torchvision', 'paper'], resnet18, large),
  resnet34: inForms(['torchvision', 'paper'], resnet34, large),
  resnet50: inForms(['torchvision', 'paper'], resnet50, large),
  resnet101: inForms(['torchvision', 'paper'], resnet101, large),
  resnet152: inForms(['torchvision', 'paper'], resnet152, large),
  preactResnet18: inOneForm(preactResnet18, large),
  preactResnet50: inOneForm(preactResnet50, large),
  preactResnet152: inOneForm(preactResnet152, large),
  preactResnet200: inOneForm(preactResnet200, large),
  seResnet50: inForms(['biased', 'unbiased'], seResnet50, large),
  seResnet152: inForms(['biased', 'unbiased'], seResnet152, large),
  senet154: inOneForm(senet154, large),
  dqn: inOneForm(dqn, large),
  autoencoder: inOneForm(autoencoder, small(2), { ...readingDigits(30), losses: ['mse', 'bce'] }),
  // two networks that learn against each other, which one loss does not say: `adversarialStep`
  gan: inOneForm(gan, small(2), { ...classifying, losses: [] }),
  rnnClassifier: ofSequences('rnn', rnnClassifier, small(3)),
  lstmClassifier: ofSequences('lstm', lstmClassifier, small(3)),
} as const satisfies Readonly<Record<string, Entry>>

export type NetworkName = keyof typeof zoo
export const networkNames = Object.keys(zoo) as readonly NetworkName[]
export const isNetworkName = (name: string): name is NetworkName => Object.hasOwn(zoo, name)

/** The variants of a network; the first is what it is unless it is asked for another. */
export const variantsOf = (name: NetworkName): readonly string[] => zoo[name].variants

/** Whether a network has auxiliary classifiers. */
export const hasAuxiliaries = (name: NetworkName): boolean => zoo[name].hasAux

/** The cell of a network's recurrent layers, unless it is asked for another; of one without such layers none. */
export const cellOf = (name: NetworkName): RecurrentOp | undefined => {
  const { cell }: Entry = zoo[name]
  return cell
}

/** Whether a network may be asked for with another cell or several layers. */
export const isRecurrent = (name: NetworkName): boolean => cellOf(name) !== undefined

/** How a network is tried whole, and with how many examples at once. */
export const trialOf = (
  name: NetworkName,
  { aux = false }: Pick<Wanted, 'aux'> = {},
): { readonly isSmall: boolean; readonly batch: number } => {
  const { isSmall, batch, batchWithAux = batch }: Trial = zoo[name].trial
  return { isSmall, batch: aux ? batchWithAux : batch }
}

/** How a network learns, unless it is told otherwise; one of recurrent layers as suits their cell. */
export const learningOf = (name: NetworkName, { cell }: Pick<AskedOfRecurrent, 'cell'> = {}): Learning => ({
  ...zoo[name].learning,
  ...(cell === undefined || !isRecurrent(name) ? {} : recurrentLearning[cell]),
})

/**
 * Errors  AttributeOutOfRange – no network has the name
 */
export const parseNetworkName = (name: string): Result<NetworkName> =>
  isNetworkName(name)
    ? E.right(name)
    : fail('AttributeOutOfRange', `there is no network ${show(name)}; there are ${networkNames.join(', ')}`)

/** Whether a network's name is the network itself, written down. */
export const isWrittenDown = (name: string): boolean => isArchitecture(name) || isCell(name)

const writtenDown = (name: string): Result<(batch: number, mode: Mode) => Network> =>
  isCell(name)
    ? F.pipe(
        parseCell(name),
        E.map((cell) => (batch: number, mode: Mode) => cellNetwork(batch, cell, mode)),
      )
    : F.pipe(
        parseArchitecture(name),
        E.map((architecture) => (batch: number, mode: Mode) => architectureNetwork(batch, architecture, mode)),
      )

/** The network whose recipe a network is learnt by: its own, and LeNet-5's of an architecture that is written down. */
export const learnsAs = (name: string): Result<NetworkName> =>
  isWrittenDown(name)
    ? F.pipe(
        writtenDown(name),
        E.map((): NetworkName => 'lenet5'),
      )
    : parseNetworkName(name)

/**
 * A network by its name.
 *
 * Errors  AttributeOutOfRange – a network, a variant, or auxiliary classifiers that there are none of; what is of recurrent
 *         layers asked of a network without; dropout between layers of which there is one, or of all
 */
export const networkNamed = (
  name: string,
  { variant, aux = false, batch = 1, mode = inference, ...asked }: Wanted = {},
): Result<Network> => {
  if (isWrittenDown(name))
    return F.pipe(
      ensure(
        variant === undefined && !aux && Object.keys(askedOfRecurrent(asked)).length === 0,
        'AttributeOutOfRange',
        `${name} is written down whole: it has no variants, auxiliary classifiers nor recurrent layers`,
      ),
      E.flatMap(() => writtenDown(name)),
      E.map((build) => build(batch, mode)),
    )
  const parsed = parseNetworkName(name)
  if (E.isLeft(parsed)) return parsed
  const { variants, hasAux, of }: Entry = zoo[parsed.right]
  const recurrent = askedOfRecurrent(asked)
  const { dropout = 0, layers = 1 } = recurrent
  if (variant !== undefined && !variants.includes(variant))
    return fail(
      'AttributeOutOfRange',
      `${name} has no variant ${show(variant)}; ${variants.length === 0 ? 'it has none' : `it has ${variants.join(', ')}`}`,
    )
  if (aux && !hasAux) return fail('AttributeOutOfRange', `${name} has no auxiliary classifiers`)
  if (Object.keys(recurrent).length > 0 && !isRecurrent(parsed.right))
    return fail(
      'AttributeOutOfRange',
      `${name} has no recurrent layers: cell, layers, directions and dropout between layers are for ${networkNames.filter(isRecurrent).join(' and ')}`,
    )
  if (!(dropout >= 0 && dropout < 1))
    return fail('AttributeOutOfRange', `dropout is ${dropout}; it must be at least 0 and below 1`)
  if (dropout > 0 && layers === 1)
    return fail('AttributeOutOfRange', `dropout is between layers, and ${name} has one; ask for several`)
  return E.right(of(batch, { variant: variant ?? variants[0] ?? '', aux, mode, ...recurrent }))
}
