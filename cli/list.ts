import type { Command } from 'commander'
import pc from 'picocolors'
import { lowerings } from '../accelerated/table.js'
import { reference } from '../reference/index.js'
import type { Attribute, AttributeValue, Attributes } from '../spec/attributes.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { opNames, opOf, questions } from '../spec/catalogue.js'
import type { Axes, InputAxes } from '../spec/op.js'
import { showAxes } from '../spec/op.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'

/** What an attribute is when a request leaves it out. */
type Default = { readonly default: AttributeValue } | { readonly sameAs: string } | { readonly required: true }

/** A line of `etalon list --json`. */
export interface Listed {
  readonly op: OpName
  readonly family: string
  readonly source: string
  readonly formula: string
  readonly inputs: readonly { readonly name: string; readonly axes: Axes; readonly optional: boolean }[]
  readonly attributes: readonly ({ readonly name: string; readonly wanted: string } & Default)[]
  /** axes as they are for the attributes' defaults; `varies`: attributes can change which axes there are */
  readonly outputs: readonly { readonly name: string; readonly axes: Axes; readonly varies: boolean }[]
  readonly differentiable: readonly string[]
  readonly directions: readonly Direction[]
  readonly backends: Readonly<Record<'reference' | 'webgpu', readonly Direction[]>>
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

const listed = (op: OpName): Listed => {
  const { family, source, formula, inputs, attrs, outputs, differentiable } = opOf(op)
  const attributes = attrs.names.map((name, at) => {
    const attribute = attrs.fields[name] as Attribute<AttributeValue>
    return { name, wanted: attribute.wanted, ...defaultOf(attribute, attrs.names.slice(0, at)) }
  })
  const defaults: Attributes = Object.fromEntries(
    attributes.flatMap((attribute) => ('default' in attribute ? [[attribute.name, attribute.default] as const] : [])),
  )
  const directions = questions.filter((question) => question.op === op).map(({ direction }) => direction)
  return {
    op,
    family,
    source,
    formula,
    inputs: Object.entries(inputs).map(([name, axes]) => ({ name, ...optionalAxes(axes) })),
    attributes,
    outputs: Object.entries(outputs).map(([name, axes]) =>
      typeof axes === 'function'
        ? { name, axes: axes(defaults as never), varies: true }
        : { name, axes, varies: false },
    ),
    differentiable,
    directions,
    backends: {
      reference: directions.filter((direction) => reference.supports(op, direction)),
      webgpu: directions.filter((direction) => direction in lowerings[op]),
    },
  }
}

/** Every op of the catalogue as a plain value. */
export const listing = (): readonly Listed[] => opNames.map(listed)

const showDefault = (attribute: Default): string =>
  'default' in attribute
    ? JSON.stringify(attribute.default)
    : 'sameAs' in attribute
      ? `as ${attribute.sameAs}`
      : 'required'

/** An op in lines for people. */
export const paragraph = (op: Listed): string => {
  const ends = (tensors: readonly { readonly name: string; readonly axes: Axes; readonly optional?: boolean }[]) =>
    tensors.map(({ name, axes, optional }) => `${name}${optional ? '?' : ''}${showAxes(axes)}`).join(', ')
  const rows: readonly (readonly [string, string])[] = [
    [
      'shapes',
      `${ends(op.inputs)} → ${ends(op.outputs)}${op.outputs.some(({ varies }) => varies) ? ' by default' : ''}`,
    ],
    ...op.attributes.map(
      (attribute) => ['attribute', `${attribute.name} (${showDefault(attribute)}): ${attribute.wanted}`] as const,
    ),
    ['gradients', op.differentiable.length === 0 ? 'none' : op.differentiable.join(', ')],
    ...Object.entries(op.backends).map(([name, directions]) => [name, directions.join(', ') || 'none'] as const),
    ['source', op.source],
  ]
  return [
    `${pc.bold(op.op)} ${pc.dim(op.family)}`,
    ...rows.map(([label, text]) => `  ${pc.dim(label.padEnd(10))} ${text}`),
  ].join('\n')
}

/** `etalon list`. */
export const listCommand = (command: Command, finish: (code: ExitCode) => void): void => {
  command.option('--json', 'a JSON object a line, one for each op').action(({ json }: { readonly json?: boolean }) => {
    const lines = listing().map((op) => (json === true ? `${JSON.stringify(op)}\n` : `${paragraph(op)}\n\n`))
    process.stdout.write(lines.join(''))
    finish(exit.ok)
  })
}
