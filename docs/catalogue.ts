import type { Attribute, AttributeValue, Attributes } from '../spec/attributes.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { opNames, opOf, questions } from '../spec/catalogue.js'
import { hasSecond } from '../spec/second/index.js'
import type { Axes, InputAxes } from '../spec/op.js'
import { showAxes } from '../spec/op.js'

/** What an attribute is when a request leaves it out. */
export type Default = { readonly default: AttributeValue } | { readonly sameAs: string } | { readonly required: true }

/** An op of the catalogue as a plain value. */
export interface Entry {
  readonly op: OpName
  readonly family: string
  readonly source: string
  readonly formula: string
  readonly inputs: readonly { readonly name: string; readonly axes: Axes; readonly optional: boolean }[]
  /** for x0, x1, …: the letter before the number */
  readonly variadic?: string
  readonly attributes: readonly ({ readonly name: string; readonly wanted: string } & Default)[]
  /** axes as they are for the attributes' defaults; `varies`: attributes can change which axes there are */
  readonly outputs: readonly { readonly name: string; readonly axes: Axes; readonly varies: boolean }[]
  readonly differentiable: readonly string[]
  readonly directions: readonly Direction[]
  /** whether its gradients can be differentiated once more */
  readonly second: boolean
}

const optionalAxes = (axes: InputAxes): { readonly axes: Axes; readonly optional: boolean } =>
  'optional' in axes ? { axes: axes.optional, optional: true } : { axes, optional: false }

// a default that is another attribute's value is recognised by giving it one to repeat
const defaultOf = ({ byDefault }: Attribute<AttributeValue>, before: readonly string[]): Default => {
  if (byDefault === undefined) return { required: true }
  const value = byDefault({}) as AttributeValue | undefined
  if (value !== undefined) return { default: value }
  const sameAs = before.find((name) => (byDefault({ [name]: true }) as AttributeValue | undefined) === true)
  return sameAs === undefined ? { required: true } : { sameAs }
}

const entryOf = (op: OpName): Entry => {
  const { family, source, formula, inputs, variadic, attrs, outputs, differentiable } = opOf(op)
  const attributes = attrs.names.map((name, at) => {
    const attribute = attrs.fields[name] as Attribute<AttributeValue>
    return { name, wanted: attribute.wanted, ...defaultOf(attribute, attrs.names.slice(0, at)) }
  })
  const defaults: Attributes = Object.fromEntries(
    attributes.flatMap((attribute) => ('default' in attribute ? [[attribute.name, attribute.default] as const] : [])),
  )
  return {
    op,
    family,
    source,
    formula,
    inputs: Object.entries(inputs).map(([name, axes]) => ({ name, ...optionalAxes(axes) })),
    ...(variadic === undefined ? {} : { variadic }),
    attributes,
    outputs: Object.entries(outputs).map(([name, axes]) =>
      typeof axes === 'function'
        ? { name, axes: axes(defaults as never), varies: true }
        : { name, axes, varies: false },
    ),
    differentiable,
    directions: questions.filter((question) => question.op === op).map(({ direction }) => direction),
    second: hasSecond(op),
  }
}

/** Every op there is, in the catalogue's order. */
export const entries = (): readonly Entry[] => opNames.map(entryOf)

export const showDefault = (attribute: Default): string =>
  'default' in attribute
    ? JSON.stringify(attribute.default)
    : 'sameAs' in attribute
      ? `as ${attribute.sameAs}`
      : 'required'

/** `x[N,C,H,W], b?[O]` */
export const showEnds = (
  tensors: readonly { readonly name: string; readonly axes: Axes; readonly optional?: boolean }[],
  variadic?: string,
): string =>
  [
    ...tensors.map(({ name, axes, optional }) => `${name}${optional === true ? '?' : ''}${showAxes(axes)}`),
    ...(variadic === undefined ? [] : [`${variadic}1, …`]),
  ].join(', ')

/** The folder of a family's files. */
export const folderOf: Readonly<Record<string, string>> = {
  activation: 'activations',
  layer: 'layers',
  normalizer: 'normalizers',
  loss: 'losses',
  optimizer: 'optimizers',
}
