import { either as E, function as F } from 'fp-ts'
import type { OpName } from '../catalogue.js'
import type { Result } from '../error.js'
import { brief, ensure, fail } from '../error.js'
import type { Block, Mode, Network } from './network.js'
import {
  chain,
  convolution,
  fullyConnected,
  identity,
  inference,
  keepingSize,
  plainLayer,
  residual,
  sequential,
} from './network.js'

/** One part of an architecture, in its order. */
export type Part =
  /** filters that keep the image's size, a shortcut around them or not, and the activation */
  | { readonly kind: 'convolution'; readonly filters: number; readonly size: number; readonly skip: boolean }
  /** 2×2, each way halved */
  | { readonly kind: 'maxPool2d' | 'avgPool2d' }
  /** a hidden layer of so many units, and the activation */
  | { readonly kind: 'dense'; readonly units: number }

/** A network of the catalogue's blocks for images of 28×28 and ten classes, as a value. */
export interface Architecture {
  readonly activation: Activation
  readonly parts: readonly Part[]
}

export const activations = ['relu', 'tanh', 'elu', 'sigmoid'] as const satisfies readonly OpName[]
export type Activation = (typeof activations)[number]

const start = 'net:'

/** Whether a network's name is an architecture written down. */
export const isArchitecture = (name: string): boolean => name.startsWith(start)

/** An architecture as a network's name: `net:relu-6c5-m-16c3r-a-32f`, of which `r` is a shortcut. */
export const architectureName = ({ activation, parts }: Architecture): string =>
  `${start}${[
    activation,
    ...parts.map((part) =>
      part.kind === 'convolution'
        ? `${part.filters}c${part.size}${part.skip ? 'r' : ''}`
        : part.kind === 'dense'
          ? `${part.units}f`
          : part.kind === 'maxPool2d'
            ? 'm'
            : 'a',
    ),
  ].join('-')}`

const partOf = (text: string): Result<Part> => {
  const [, filters, size, skip] = /^([1-9]\d{0,3})c([1-9])(r?)$/.exec(text) ?? []
  const [, units] = /^([1-9]\d{0,3})f$/.exec(text) ?? []
  if (text === 'm') return E.right({ kind: 'maxPool2d' })
  if (text === 'a') return E.right({ kind: 'avgPool2d' })
  if (units !== undefined) return E.right({ kind: 'dense', units: Number(units) })
  if (filters !== undefined && Number(size) % 2 === 1)
    return E.right({ kind: 'convolution', filters: Number(filters), size: Number(size), skip: skip === 'r' })
  return fail(
    'AttributeOutOfRange',
    `${brief(text, 20)}: wanted FILTERScSIZE with an odd size, r behind it for a shortcut, m, a or UNITSf`,
  )
}

// 28 can be halved so often, and has whole pixels left
const mostPools = 4

/**
 * The architecture of such a name.
 *
 * Errors  AttributeOutOfRange – an activation or a part that there is none of, a convolution or a pool behind a hidden layer,
 *         or more pools than 28 pixels have halves
 */
export const parseArchitecture = (name: string): Result<Architecture> => {
  const [first = '', ...rest] = name.slice(start.length).split('-')
  const activation = activations.find((one) => one === first)
  if (activation === undefined)
    return fail('AttributeOutOfRange', `${brief(name)}: begins with ${start} and one of ${activations.join(', ')}`)
  return F.pipe(
    rest,
    E.traverseArray(partOf),
    E.tap((parts) => {
      const firstDense = parts.findIndex(({ kind }) => kind === 'dense')
      return ensure(
        firstDense < 0 || parts.slice(firstDense).every(({ kind }) => kind === 'dense'),
        'AttributeOutOfRange',
        `${brief(name)}: hidden layers come last`,
      )
    }),
    E.tap((parts) =>
      ensure(
        parts.filter(({ kind }) => kind === 'maxPool2d' || kind === 'avgPool2d').length <= mostPools,
        'AttributeOutOfRange',
        `${brief(name)}: 28 pixels can be halved ${mostPools} times`,
      ),
    ),
    E.map((parts) => ({ activation, parts })),
  )
}

interface Built {
  readonly block: Block
  readonly channels: number
  readonly side: number
  /** behind `flatten`: the numbers of an image */
  readonly flat?: number
}

const withPart = ({ block, channels, side, flat }: Built, part: Part, at: number, activation: Activation): Built => {
  const name = `${at + 1}`
  switch (part.kind) {
    case 'convolution': {
      const { filters, size, skip } = part
      const main = chain(
        convolution(`conv${name}`, [channels, filters], [size, size], { padding: keepingSize(size) }),
        plainLayer(`act${name}`, activation),
      )
      // a shortcut to another number of maps is a 1×1 convolution
      const shortcut = channels === filters ? identity : convolution(`short${name}`, [channels, filters], [1, 1])
      return { block: chain(block, skip ? residual(main, shortcut, `add${name}`) : main), channels: filters, side }
    }
    case 'dense': {
      const inputs = flat ?? channels * side * side
      return {
        block: chain(
          block,
          ...(flat === undefined ? [plainLayer('flat', 'flatten')] : []),
          fullyConnected(`fc${name}`, inputs, part.units),
          plainLayer(`act${name}`, activation),
        ),
        channels,
        side,
        flat: part.units,
      }
    }
    case 'maxPool2d':
    case 'avgPool2d':
      return {
        block: chain(block, plainLayer(`pool${name}`, part.kind)),
        channels,
        side: Math.floor(side / 2),
      }
  }
}

/** The network of an architecture: x [N,1,28,28] to ten logits. */
export const architectureNetwork = (
  batch: number,
  { activation, parts }: Architecture,
  mode: Mode = inference,
): Network => {
  const { block, channels, side, flat } = parts.reduce<Built>(
    (built, part, at) => withPart(built, part, at, activation),
    { block: identity, channels: 1, side: 28 },
  )
  return sequential(
    [batch, 1, 28, 28],
    [
      chain(
        block,
        ...(flat === undefined ? [plainLayer('flat', 'flatten')] : []),
        fullyConnected('logits', flat ?? channels * side * side, 10),
      ),
    ],
    mode,
  )
}
