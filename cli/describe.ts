import { Option } from 'commander'
import { either as E, function as F } from 'fp-ts'
import type { Figures, LayerFigures } from '../spec/networks/describe.js'
import { describeNetwork } from '../spec/networks/describe.js'
import { recurrentOps } from '../spec/networks/network.js'
import type { AskedOfRecurrent } from '../spec/networks/zoo.js'
import { hasAuxiliaries, isRecurrent, networkNamed, networkNames, variantsOf } from '../spec/networks/zoo.js'
import type { Subcommand } from './command.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'
import { bidirectionalOption, cellOption, layersOption, wholeNumber } from './options.js'
import type { Screen } from './terminal.js'
import { complainTo, inkFor } from './terminal.js'

interface Options extends Pick<AskedOfRecurrent, 'cell' | 'layers' | 'bidirectional'> {
  readonly variant?: string
  readonly aux?: boolean
  readonly batch?: number
  readonly json?: boolean
}

const grouped = (count: number): string => count.toLocaleString('en-US')

const showField = (field: LayerFigures['receptiveField']): string =>
  field === null ? '' : typeof field === 'number' ? String(field) : field.join('×')

const heads = ['layer', 'op', 'output', 'parameters', 'multiply-adds', 'receptive field'] as const

const rowOf = ({ name, op, output, parameters, multiplyAdds, receptiveField }: LayerFigures): readonly string[] => [
  name,
  op,
  output.join('×'),
  parameters === 0 ? '' : grouped(parameters),
  multiplyAdds === 0 ? '' : grouped(multiplyAdds),
  showField(receptiveField),
]

// a column that has a short head where the long one does not fit
const shorter = heads.map((head) => (head === 'receptive field' ? 'field' : head))

/**
 * A network as a table: names to the left, numbers to the right, totals below. Where that is wider than so many columns,
 * the receptive field has a shorter head, and then names that are too long stand on a line of their own.
 */
export const table = (figures: Figures, strong: (text: string) => string, width = Number.POSITIVE_INFINITY): string => {
  const whole = tableOf(figures, strong, heads, width)
  return whole.fits ? whole.text : tableOf(figures, strong, shorter, width).text
}

const tableOf = (
  { layers, totals }: Figures,
  strong: (text: string) => string,
  heads: readonly string[],
  width: number,
): { readonly text: string; readonly fits: boolean } => {
  const rows = layers.map(rowOf)
  const total = ['total', '', '', grouped(totals.parameters), grouped(totals.multiplyAdds), '']
  const natural = heads.map((head, at) =>
    Math.max(...[head, ...[...rows, total].map((row) => row[at] ?? '')].map((text) => text.length)),
  )
  const gaps = 2 * (heads.length - 1)
  const others = natural.slice(1).reduce((n, one) => n + one, 0) + gaps
  const fits = others + (natural[0] ?? 0) <= width
  const widths = fits ? natural : [Math.max(width - others, 'layer'.length), ...natural.slice(1)]
  const line = ([name = '', ...row]: readonly string[]): string => {
    const [first = 0, ...rest] = widths
    const cells = row.map((text, at) => (at < 2 ? text.padEnd(rest[at] ?? 0) : text.padStart(rest[at] ?? 0)))
    const alone = name.length > first
    return `${alone ? `${name}\n` : ''}${[(alone ? '' : name).padEnd(first), ...cells].join('  ').trimEnd()}`
  }
  return {
    text: [strong(line(heads)), ...rows.map(line), strong(line(total))].map((text) => `${text}\n`).join(''),
    fits,
  }
}

/** Writes a network in numbers, or says why there is none. */
export const describeAt = (
  { out, err }: { readonly out: Screen; readonly err: Screen },
  name: string,
  { json, ...wanted }: Options,
): ExitCode => {
  const figures = F.pipe(
    networkNamed(name, wanted),
    E.flatMap((network) => describeNetwork(name, network)),
  )
  if (E.isLeft(figures)) {
    complainTo(err)(`${figures.left.code}: ${figures.left.message}`)
    return exit.usage
  }
  out.write(
    json === true ? `${JSON.stringify(figures.right)}\n` : table(figures.right, inkFor(out).strong, out.columns ?? 80),
  )
  return exit.ok
}

const choices = (): string =>
  networkNames
    .map((name) =>
      [
        `  ${name}`,
        ...(variantsOf(name).length > 0 ? [`--variant ${variantsOf(name).join('|')}`] : []),
        ...(hasAuxiliaries(name) ? ['--aux'] : []),
        ...(isRecurrent(name) ? [`--cell ${recurrentOps.join('|')}`, '--layers <n>', '--bidirectional'] : []),
      ].join('  '),
    )
    .join('\n')

/** `etalon describe NAME`: a network layer by layer, in numbers. */
export const describeCommand: Subcommand = (command, finish) =>
  void command
    .argument('<network>', 'the name of a network, such as alexnet')
    .option('--variant <name>', 'another form of the network than its first')
    .addOption(cellOption())
    .addOption(layersOption())
    .addOption(bidirectionalOption())
    .option('--aux', 'with the auxiliary classifiers that it has in training')
    .addOption(new Option('--batch <n>', 'examples at once (default: 1)').argParser(wholeNumber(1)))
    .option('--json', 'as one JSON object')
    .addHelpText('after', `\nNetworks, the first variant being the default:\n${choices()}`)
    .action((name: string, options: Options) =>
      finish(describeAt({ out: process.stdout, err: process.stderr }, name, options)),
    )
