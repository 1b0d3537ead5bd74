import { either as E } from 'fp-ts'
import { lowerings } from '../accelerated/table.js'
import type { Ink } from '../conformance/text.js'
import { plain } from '../conformance/text.js'
import type { Entry } from '../docs/catalogue.js'
import { entries, showDefault, showEnds } from '../docs/catalogue.js'
import { reference } from '../reference/index.js'
import type { Direction } from '../spec/catalogue.js'
import { parseOpName } from '../spec/catalogue.js'
import type { EtalonError, Result } from '../spec/error.js'
import type { Subcommand } from './command.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'
import type { Screen } from './terminal.js'
import { complainTo, inkFor } from './terminal.js'

/** A line of `etalon list --json`. */
export interface Listed extends Entry {
  readonly backends: Readonly<Record<'reference' | 'webgpu', readonly Direction[]>>
}

/** Every op of the catalogue as a plain value. */
export const listing = (): readonly Listed[] =>
  entries().map((entry) => ({
    ...entry,
    backends: {
      reference: entry.directions.filter((direction) => reference.supports(entry.op, direction)),
      webgpu: entry.directions.filter((direction) => direction in lowerings[entry.op]),
    },
  }))

/** An op in lines for people. */
export const paragraph = (op: Listed, ink: Ink = plain): string => {
  const rows: readonly (readonly [string, string])[] = [
    ['formula', op.formula],
    [
      'shapes',
      `${showEnds(op.inputs, op.variadic)} → ${showEnds(op.outputs)}${op.outputs.some(({ varies }) => varies) ? ' by default' : ''}`,
    ],
    ...op.attributes.map(
      (attribute) => ['attribute', `${attribute.name} (${showDefault(attribute)}): ${attribute.wanted}`] as const,
    ),
    [
      'gradients',
      op.differentiable.length === 0 ? 'none' : op.variadic === undefined ? op.differentiable.join(', ') : 'all',
    ],
    ['second', op.second ? 'derivatives of the gradients, made of catalogue ops, on either backend' : 'none'],
    ...Object.entries(op.backends).map(([name, directions]) => [name, directions.join(', ') || 'none'] as const),
    ['source', op.source],
    ['explain', `etalon explain ${op.op}${op.directions.includes('backward') ? ' [--direction backward]' : ''}`],
  ]
  return [
    `${ink.strong(op.op)} ${ink.faint(op.family)}`,
    ...rows.map(([label, text]) => `  ${ink.faint(label.padEnd(10))} ${text}`),
  ].join('\n')
}

const shown = (directions: readonly Direction[], among: readonly Direction[]): string =>
  directions.length === 0
    ? 'none'
    : among
        .map((direction) => (directions.includes(direction) ? (direction === 'forward' ? 'fwd' : 'bwd') : '–'))
        .join(' ')

const names = (tensors: readonly { readonly name: string; readonly optional?: boolean }[]): string =>
  tensors.map(({ name, optional }) => `${name}${optional === true ? '?' : ''}`).join(', ')

// conv2d: x, w, b? → y  (stride, padding, dilation, groups)
const signature = (op: Listed): string =>
  [
    `${names(op.inputs)}${op.variadic === undefined ? '' : `, ${op.variadic}1, …`} → ${names(op.outputs)}`,
    ...(op.attributes.length === 0
      ? []
      : [`(${op.attributes.map((each) => ('required' in each ? `${each.name}!` : each.name)).join(', ')})`]),
  ].join('  ')

/** The catalogue as a table, a line of so many columns for each op, and what there is in all. */
export const overview = (ops: readonly Listed[], width = 100, ink: Ink = plain): string => {
  const longest = ops.reduce((most, { op }) => Math.max(most, op.length), 0)
  const line = (op: string, reference: string, webgpu: string, second: string, rest: string): string => {
    const text = [op.padEnd(longest), reference.padEnd(9), webgpu.padEnd(7), second.padEnd(3), rest].join('  ')
    return text.length <= width ? text : `${text.slice(0, width - 1)}…`
  }
  const families = [...new Set(ops.map(({ family }) => family))]
  const directions = ops.reduce((n, op) => n + op.directions.length, 0)
  const on = (name: 'reference' | 'webgpu'): number => ops.reduce((n, op) => n + op.backends[name].length, 0)
  return [
    ink.faint(line('', 'reference', 'webgpu', '2nd', 'inputs → outputs  (attributes; ! is required)')),
    ...families.flatMap((family) => [
      ink.strong(family),
      ...ops
        .filter((op) => op.family === family)
        .map((op) =>
          line(
            op.op,
            shown(op.backends.reference, op.directions),
            shown(op.backends.webgpu, op.directions),
            op.second ? 'yes' : '–',
            signature(op),
          ),
        ),
    ]),
    '',
    `${ops.length} ops, ${directions} with their directions; reference has ${on('reference')} of these, webgpu ${on('webgpu')}`,
    `${ops.filter(({ second }) => second).length} have second derivatives (2nd), made of these`,
    ink.faint('etalon list OP says all about one op, etalon explain OP puts numbers into its formula'),
  ].join('\n')
}

const chosenOf = (asked: readonly string[]): Result<readonly Listed[]> =>
  asked.reduce<Result<readonly Listed[]>>((soFar, name) => {
    const op = parseOpName(name)
    if (E.isLeft(soFar)) return soFar
    if (E.isLeft(op)) return op
    return E.right([...soFar.right, ...listing().filter((each) => each.op === op.right)])
  }, E.right([]))

/** Writes the catalogue, or some ops of it. */
export const listAt = (
  { out, err }: { readonly out: Screen; readonly err: Screen },
  asked: readonly string[],
  json: boolean,
): ExitCode => {
  const ink = inkFor(out)
  const chosen: E.Either<EtalonError, readonly Listed[]> = asked.length === 0 ? E.right(listing()) : chosenOf(asked)
  if (E.isLeft(chosen)) {
    complainTo(err)(`${chosen.left.code}: ${chosen.left.message}`)
    return exit.usage
  }
  const ops = chosen.right
  out.write(
    json
      ? ops.map((op) => `${JSON.stringify(op)}\n`).join('')
      : asked.length === 0
        ? `${overview(ops, out.columns ?? 120, ink)}\n`
        : `${ops.map((op) => paragraph(op, ink)).join('\n\n')}\n`,
  )
  return exit.ok
}

/** `etalon list`: the catalogue in a table, or all about the ops named. */
export const listCommand: Subcommand = (command, finish) =>
  void command
    .argument('[op...]', 'ops to say all about')
    .option('--json', 'a JSON object a line, one for each op')
    .action((asked: readonly string[], { json }: { readonly json?: boolean }) =>
      finish(listAt({ out: process.stdout, err: process.stderr }, asked, json === true)),
    )
