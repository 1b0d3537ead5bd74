import { either as E } from 'fp-ts'
import type { Result } from '../error.js'
import { fail } from '../error.js'
import { alexnet } from './alexnet.js'
import { autoencoder } from './autoencoder.js'
import { gan } from './gan.js'
import { googlenet } from './googlenet.js'
import { inceptionV3 } from './inceptionV3.js'
import { lenet5 } from './lenet5.js'
import { mlp } from './mlp.js'
import type { Mode, Network } from './network.js'
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
}

interface Animal {
  /** the first is what it is unless it is asked for another; none: it has only one form */
  readonly variants: readonly string[]
  readonly hasAux: boolean
  readonly of: (
    batch: number,
    asked: { readonly variant: string; readonly aux: boolean; readonly mode: Mode },
  ) => Network
}

const inOneForm = (of: (batch: number, asked: { readonly mode: Mode }) => Network): Animal => ({
  variants: [],
  hasAux: false,
  of,
})

const inForms = <const V extends readonly string[]>(
  variants: V,
  of: (batch: number, asked: { readonly variant: V[number]; readonly mode: Mode }) => Network,
): Animal => ({ variants, hasAux: false, of })

const inFormsWithAux = <const V extends readonly string[]>(
  variants: V,
  of: (batch: number, asked: { readonly variant: V[number]; readonly aux: boolean; readonly mode: Mode }) => Network,
): Animal => ({ variants, hasAux: true, of })

/** Every network by its name. */
export const zoo = {
  perceptron: inOneForm(perceptron),
  mlp: inForms(['narrow', 'wide'], mlp),
  lenet5: inForms(['padded', 'unpadded'], lenet5),
  alexnet: inForms(['one-tower', 'two-tower', 'torchvision'], alexnet),
  zfnet: inOneForm(zfnet),
  vgg16: inForms(['paper', 'torchvision'], vgg16),
  vgg19: inForms(['paper', 'torchvision'], vgg19),
  googlenet: inFormsWithAux(['paper', 'torchvision'], googlenet),
  inceptionV3: inFormsWithAux([], inceptionV3),
  resnet18: inForms(['torchvision', 'paper'], resnet18),
  resnet34: inForms(['torchvision', 'paper'], resnet34),
  resnet50: inForms(['torchvision', 'paper'], resnet50),
  resnet101: inForms(['torchvision', 'paper'], resnet101),
  resnet152: inForms(['torchvision', 'paper'], resnet152),
  seResnet50: inForms(['biased', 'unbiased'], seResnet50),
  autoencoder: inOneForm(autoencoder),
  gan: inOneForm(gan),
  rnnClassifier: inOneForm(rnnClassifier),
  lstmClassifier: inOneForm(lstmClassifier),
} as const satisfies Readonly<Record<string, Animal>>

export type NetworkName = keyof typeof zoo
export const networkNames = Object.keys(zoo) as readonly NetworkName[]
export const isNetworkName = (name: string): name is NetworkName => Object.hasOwn(zoo, name)

/** The variants of a network; the first is what it is unless it is asked for another. */
export const variantsOf = (name: NetworkName): readonly string[] => zoo[name].variants

/** Whether a network has auxiliary classifiers. */
export const hasAuxiliaries = (name: NetworkName): boolean => zoo[name].hasAux

/**
 * A network by its name.
 *
 * Errors  AttributeOutOfRange – a network, a variant, or auxiliary classifiers that there are none of
 */
export const networkNamed = (
  name: string,
  { variant, aux = false, batch = 1, mode = inference }: Wanted = {},
): Result<Network> => {
  if (!isNetworkName(name))
    return fail(
      'AttributeOutOfRange',
      `there is no network ${JSON.stringify(name)}; there are ${networkNames.join(', ')}`,
    )
  const { variants, hasAux, of }: Animal = zoo[name]
  if (variant !== undefined && !variants.includes(variant))
    return fail(
      'AttributeOutOfRange',
      `${name} has no variant ${JSON.stringify(variant)}; ${variants.length === 0 ? 'it has none' : `it has ${variants.join(', ')}`}`,
    )
  if (aux && !hasAux) return fail('AttributeOutOfRange', `${name} has no auxiliary classifiers`)
  return E.right(of(batch, { variant: variant ?? variants[0] ?? '', aux, mode }))
}
