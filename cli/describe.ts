import { Option } from 'commander'
import { either as E, function as F } from 'fp-ts'
import type { DeviceChoice } from '../accelerated/index.js'
import type { DeviceMemory } from '../spec/backend.js'
import type { Result } from '../spec/error.js'
import type { Figures, LayerFigures } from '../spec/networks/describe.js'
import { describeNetwork } from '../spec/networks/describe.js'
import { recurrentOps } from '../spec/networks/network.js'
import type { AskedOfRecurrent } from '../spec/networks/zoo.js'
import { hasAuxiliaries, isRecurrent, networkNamed, networkNames, variantsOf } from '../spec/networks/zoo.js'
import { exitOfOpening } from './backends.js'
import type { Subcommand } from './command.js'
import { networkMemory, printNetworkMemory } from './deviceMemory.js'
import type { ExitCode } from './exit.js'
import { forPage, writable, writeWhole } from './file.js'
import { firstFilters, layoutOf } from './filterPage.js'
import { exit } from './exit.js'
import { bidirectionalOption, cellOption, layersOption, wholeNumber } from './options.js'
import type { Screen } from './terminal.js'
import { complainTo, inkFor } from './terminal.js'

interface Options extends Pick<AskedOfRecurrent, 'cell' | 'layers' | 'bidirectional'> {
  readonly variant?: string
  readonly aux?: boolean
  readonly batch?: number
  readonly device?: DeviceChoice
  readonly json?: boolean
  /** a state dict, as safetensors */
  readonly weights?: string
  /** the filters of the first layer go here, as a page */
  readonly filters?: string
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

/**
 * Writes a network in numbers, or says why there is none; of a device's memory only where somebody knows how programs lie in
 * it. What does not fit there says so in place of the figure.
 */
export const describeAt = (
  { out, err, memory }: { readonly out: Screen; readonly err: Screen; readonly memory?: DeviceMemory },
  name: string,
  { json, device: _, weights: _weights, filters: _filters, ...wanted }: Options,
): ExitCode => {
  const figures = F.pipe(
    networkNamed(name, wanted),
    E.flatMap((network) => describeNetwork(name, network)),
  )
  if (E.isLeft(figures)) {
    complainTo(err)(`${figures.left.code}: ${figures.left.message}`)
    return exit.usage
  }
  const taken = memory === undefined ? undefined : networkMemory(memory, name, wanted)
  if (json === true) {
    const deviceMemory =
      taken === undefined ? {} : { deviceMemory: E.isLeft(taken) ? { refused: taken.left } : taken.right }
    out.write(`${JSON.stringify({ ...figures.right, ...deviceMemory })}\n`)
    return exit.ok
  }
  out.write(table(figures.right, inkFor(out).strong, out.columns ?? 80))
  if (taken !== undefined)
    out.write(
      `${E.isLeft(taken) ? `memory on a device: ${taken.left.code}: ${taken.left.message}` : printNetworkMemory(taken.right, wanted.batch ?? 1)}\n`,
    )
  return exit.ok
}

/**
 * Draws the filters of a network's first layer out of a state dict, and says what they are.
 *
 * Errors  those of `firstFilters`, of `networkNamed`, and of writing the page
 */
const drawFilters = async (
  name: string,
  weights: string,
  page: string,
  { json: _, device: _device, weights: _weights, filters: _filters, ...wanted }: Options,
): Promise<Result<string>> => {
  const network = networkNamed(name, wanted)
  if (E.isLeft(network)) return network
  const fits = forPage('--filters', page)
  if (E.isLeft(fits)) return fits
  const target = await writable(page)
  if (E.isLeft(target)) return target
  const filters = await firstFilters(network.right, weights)
  if (E.isLeft(filters)) return filters
  const { sectionsPage } = await import('../docs/lessons/page.js')
  const { title, sections, line } = layoutOf(name, filters.right)
  const written = await writeWhole(target.right, sectionsPage(title, sections))
  return E.map(() => `${line}: ${page}`)(written)
}

/** How programs lie in the memory of the device that is asked for, or of a GPU of these years. */
const memoryFor = async (device: DeviceChoice | undefined): Promise<Result<DeviceMemory>> => {
  const { memoryOfStep, openWebGpu, roomyLimits } = await import('../accelerated/index.js')
  if (device === undefined)
    return E.right({ ofStep: memoryOfStep(roomyLimits), most: () => ({ allocated: 0, predicted: 0 }) })
  const opened = await openWebGpu(device)()
  if (E.isRight(opened)) await opened.right.close()
  return E.map(({ memory }: { readonly memory: DeviceMemory }) => memory)(opened)
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
    .argument(
      '<network>',
      'the name of a network, such as alexnet, or one that is written down, such as net:relu-6c5-m-16c3r-m-32f',
    )
    .option('--variant <name>', 'another form of the network than its first')
    .addOption(cellOption())
    .addOption(layersOption())
    .addOption(bidirectionalOption())
    .option('--aux', 'with the auxiliary classifiers that it has in training')
    .addOption(new Option('--batch <n>', 'examples at once (default: 1)').argParser(wholeNumber(1)))
    .addOption(
      new Option(
        '--device <kind>',
        'whose memory is spoken of, with the kernels that suit it: gpu, software or auto, as it is opened here (default: a GPU with buffers of up to 4 GiB)',
      ).choices(['auto', 'gpu', 'software']),
    )
    .option('--json', 'as one JSON object')
    .option('--weights <file>', 'a state dict (safetensors, by PyTorch’s names or ours), of which --filters draws')
    .option('--filters <file>', 'draw the filters of the first layer, as a page (.html), out of --weights')
    .addHelpText('after', `\nNetworks, the first variant being the default:\n${choices()}`)
    .action(async (name: string, options: Options) => {
      const screens = { out: process.stdout, err: process.stderr }
      const memory = await memoryFor(options.device)
      if (E.isLeft(memory)) {
        complainTo(process.stderr)(`${memory.left.code}: ${memory.left.message}`)
        return finish(exitOfOpening(memory.left))
      }
      const { weights, filters } = options
      if ((weights === undefined) !== (filters === undefined)) {
        complainTo(process.stderr)('--weights and --filters go together: whose filters, and where to')
        return finish(exit.usage)
      }
      const code = describeAt({ ...screens, memory: memory.right }, name, options)
      if (code !== exit.ok || weights === undefined || filters === undefined) return finish(code)
      const drawn = await drawFilters(name, weights, filters, options)
      if (E.isLeft(drawn)) {
        complainTo(process.stderr)(`${drawn.left.code}: ${drawn.left.message}`)
        return finish(exit.usage)
      }
      ;(options.json === true ? process.stderr : process.stdout).write(`${drawn.right}\n`)
      return finish(code)
    })
