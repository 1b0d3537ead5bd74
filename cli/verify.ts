import { rename, rm, writeFile } from 'node:fs/promises'
import { either as E } from 'fp-ts'
import { InvalidArgumentError, Option } from 'commander'
import pc from 'picocolors'
import type { DeviceChoice } from '../accelerated/index.js'
import { openWebGpu } from '../accelerated/index.js'
import {
  conforms,
  jsonLine,
  jsonSummary,
  plain,
  printFailure,
  printFingerprint,
  printHead,
  printLine,
  printTotals,
  type Ink,
} from '../conformance/report.js'
import { checkOracle } from '../conformance/selfCheck.js'
import { questionTable } from '../conformance/table.js'
import type { Line, Progress, Report } from '../conformance/verify.js'
import { verify as verifyBackend } from '../conformance/verify.js'
import { oracle } from '../reference/index.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { opNames, parseOpName } from '../spec/catalogue.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'
import type { Subcommand } from './main.js'

interface Options {
  readonly ops?: readonly OpName[]
  readonly direction?: Direction
  readonly runs: number
  readonly seed: number
  readonly device: DeviceChoice
  readonly json?: string | true
}

/** Ink for standard output: colours on a terminal, none elsewhere or under NO_COLOR. */
export const inkFor = (stream: NodeJS.WriteStream): Ink =>
  stream.isTTY && pc.isColorSupported ? { good: pc.green, bad: pc.red, faint: pc.dim, strong: pc.bold } : plain

/** An option's whole number from `least` up. */
export const wholeNumber =
  (least: number) =>
  (text: string): number => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least)
      throw new InvalidArgumentError(`A whole number of at least ${least} is wanted.`)
    return value
  }

const opList = (text: string): readonly OpName[] =>
  text.split(',').map((name) => {
    const op = parseOpName(name.trim())
    if (E.isLeft(op)) throw new InvalidArgumentError(op.left.message)
    return op.right
  })

export const deviceOption = (): Option =>
  new Option('--device <choice>', 'auto: a GPU, else what the system offers, else the embedded adapter')
    .choices(['auto', 'gpu', 'software'])
    .default('auto')

/** A line that is rewritten while work goes on; nothing where standard error is no terminal. */
export const statusLine = (stream: NodeJS.WriteStream = process.stderr) => ({
  show: (text: string): void => {
    if (stream.isTTY) stream.write(`\r\u001b[2K${text.slice(0, (stream.columns || 80) - 1)}`)
  },
  clear: (): void => {
    if (stream.isTTY) stream.write('\r\u001b[2K')
  },
})

const writeWhole = async (file: string, text: string): Promise<void> => {
  const draft = `${file}.${process.pid}.part`
  try {
    await writeFile(draft, text)
    await rename(draft, file)
  } catch (reason) {
    await rm(draft, { force: true })
    throw reason
  }
}

const complain = (text: string): void => {
  process.stderr.write(`etalon: ${text}\n`)
}

const run = async ({ ops, direction, runs, seed, device, json }: Options): Promise<ExitCode> => {
  const started = performance.now()
  const ink = inkFor(process.stdout)
  const status = statusLine()
  const text = (line: string): void => {
    if (json !== true) process.stdout.write(`${line}\n`)
  }
  if (typeof json === 'string') {
    // found out before the work, not after it
    try {
      await writeWhole(json, '')
    } catch (reason) {
      complain(`${json} cannot be written: ${reason instanceof Error ? reason.message : String(reason)}`)
      return exit.usage
    }
  }
  status.show('checking the oracle …')
  const findings = checkOracle(oracle, questionTable, ops ?? opNames)
  status.clear()
  if (findings.length > 0) {
    complain(`the oracle fails its own check, so it judges nobody:\n  ${findings.join('\n  ')}`)
    return exit.oracleFailed
  }
  const opened = await openWebGpu(device)()
  if (E.isLeft(opened)) {
    complain(`${opened.left.code}: ${opened.left.message}`)
    return exit.noBackend
  }
  const backend = opened.right
  text(`${ink.strong(backend.name)} on`)
  text(printFingerprint(backend.fingerprint, ink))
  text('')
  text(printHead(ink))
  const lines: string[] = []
  const watch = ({ op, direction, done, of, line }: Progress): void => {
    if (line === undefined) return status.show(`${op} ${direction}: case ${done} of ${of}`)
    status.clear()
    text(printLine(line, ink))
    const asJson = JSON.stringify(jsonLine(line))
    lines.push(asJson)
    if (json === true) process.stdout.write(`${asJson}\n`)
  }
  const scope = { runs, seed, ...(ops === undefined ? {} : { ops }), ...(direction === undefined ? {} : { direction }) }
  const report = await verifyBackend(backend, oracle, questionTable, scope, watch)()
  status.clear()
  await backend.close()
  if (E.isLeft(report)) {
    complain(`${report.left.code}: ${report.left.message}; this is no verdict`)
    return exit.noBackend
  }
  return finish(report.right, lines, (performance.now() - started) / 1000, ink, text, json)
}

const finish = async (
  report: Report,
  lines: readonly string[],
  seconds: number,
  ink: Ink,
  text: (line: string) => void,
  json: string | true | undefined,
): Promise<ExitCode> => {
  const failed = report.lines.filter(({ failure }: Line) => failure !== undefined)
  failed.forEach((line) => {
    text('')
    text(printFailure(line, ink))
  })
  text('')
  text(printTotals(report, seconds, ink))
  const summary = JSON.stringify(jsonSummary(report, seconds))
  if (json === true) process.stdout.write(`${summary}\n`)
  if (typeof json === 'string') await writeWhole(json, `${[...lines, summary].join('\n')}\n`)
  return conforms(report) ? exit.ok : exit.notConformant
}

/** `etalon verify`: the accelerated backend held against the reference, every op and direction. */
export const verify: Subcommand = (command, end) =>
  void command
    .option('--ops <a,b>', 'only these ops, by name, with commas between', opList)
    .addOption(new Option('--direction <direction>', 'only this direction').choices(['forward', 'backward']))
    .option('--runs <n>', 'how many drawn cases of each op and direction, beside the corners', wholeNumber(0), 40)
    .option('--seed <n>', 'seed of the drawn cases', wholeNumber(0), 1)
    .addOption(deviceOption())
    .option('--json [file]', 'a line of JSON per op and direction, then a summary; to standard output or a file')
    .action(async (options: Options) => end(await run(options)))
