import { Option } from 'commander'
import { either as E, function as F } from 'fp-ts'
import type { Figures, LayerFigures } from '../spec/networks/describe.js'
import { describeNetwork } from '../spec/networks/describe.js'
import type { RecurrentOp } from '../spec/networks/network.js'
import { recurrentOps } from '../spec/networks/network.js'
import { hasAuxiliaries, isRecurrent, networkNamed, networkNames, variantsOf } from '../spec/networks/zoo.js'
import type { Subcommand } from './command.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'
import { wholeNumber } from './options.js'
import type { Screen } from './terminal.js'
import { complainTo, inkFor } from './terminal.js'

interface Options {
  readonly variant?: string
  readonly cell?: RecurrentOp
  readonly layers?: number
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

/** A network as a table: names to the left, numbers to the right, totals below. */
export const table = ({ layers, totals }: Figures, strong: (text: string) => string): string => {
  const rows = layers.map(rowOf)
  const total = ['total', '', '', grouped(totals.parameters), grouped(totals.multiplyAdds), '']
  const widths = heads.map((head, at) =>
    Math.max(...[head, ...[...rows, total].map((row) => row[at] ?? '')].map((text) => text.length)),
  )
  const line = (row: readonly string[]): string =>
    row
      .map((text, at) => (at < 3 ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd()
  return [strong(line(heads)), ...rows.map(line), strong(line(total))].map((text) => `${text}\n`).join('')
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
  out.write(json === true ? `${JSON.stringify(figures.right)}\n` : table(figures.right, inkFor(out).strong))
  return exit.ok
}

const choices = (): string =>
  networkNames
    .map((name) =>
      [
        `  ${name}`,
        ...(variantsOf(name).length > 0 ? [`--variant ${variantsOf(name).join('|')}`] : []),
        ...(hasAuxiliaries(name) ? ['--aux'] : []),
        ...(isRecurrent(name) ? [`--cell ${recurrentOps.join('|')}`, '--layers <n>'] : []),
      ].join('  '),
    )
    .join('\n')

/** `etalon describe NAME`: a network layer by layer, in numbers. */
export const describeCommand: Subcommand = (command, finish) =>
  void command
    .argument('<network>', 'the name of a network, such as alexnet')
    .option('--variant <name>', 'another form of the network than its first')
    .addOption(new Option('--cell <op>', 'the cell of a recurrent network').choices([...recurrentOps]))
    .addOption(new Option('--layers <n>', 'how many recurrent layers on top of each other').argParser(wholeNumber(1)))
    .option('--aux', 'with the auxiliary classifiers that it has in training')
    .addOption(new Option('--batch <n>', 'examples at once (default: 1)').argParser(wholeNumber(1)))
    .option('--json', 'as one JSON object')
    .addHelpText('after', `\nNetworks, the first variant being the default:\n${choices()}`)
    .action((name: string, options: Options) =>
      finish(describeAt({ out: process.stdout, err: process.stderr }, name, options)),
    )
