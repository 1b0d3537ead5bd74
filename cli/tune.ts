import { either as E } from 'fp-ts'
import type { DeviceChoice } from '../accelerated/index.js'
import { ways } from '../accelerated/tuning.js'
import type { Measured } from '../accelerated/tune.js'
import type { Fingerprint } from '../spec/backend.js'
import { exitOfOpening } from './backends.js'
import type { Subcommand } from './command.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'
import { deviceOption } from './options.js'
import type { Screen } from './terminal.js'
import { bar, complainTo, inkFor, statusLine } from './terminal.js'
import { keepTuning, tuningFileOf, tuningPath, tuningVariable } from './tuningFile.js'

interface Options {
  readonly device: DeviceChoice
  readonly file?: string
  readonly json?: boolean
}

const inMs = (ms: number): string => (ms < 10 ? ms.toFixed(2) : ms.toFixed(1))

/** What was measured, a class a line; the way that wins beside the times. */
export const tuningTable = (
  measured: readonly Measured[],
  strong: (text: string) => string = (text) => text,
): string => {
  const rows = measured.map(({ shapeClass, ms, way }) => [shapeClass, ...ways.map((one) => inMs(ms[one])), way])
  const heads = ['class of products, milliseconds', ...ways, 'taken']
  const widths = heads.map((head, at) =>
    Math.max(...[head, ...rows.map((row) => row[at] ?? '')].map(({ length }) => length)),
  )
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) =>
        at === 0 || at === cells.length - 1 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0),
      )
      .join('  ')
      .trimEnd()
  return [strong(line(heads)), ...rows.map(line)].join('\n')
}

/** Writes what was measured to a file, and says so. */
export const keepAt = async (
  { out, err }: { readonly out: Screen; readonly err: Screen },
  fingerprint: Fingerprint,
  measured: readonly Measured[],
  { file = tuningPath(fingerprint), json }: Pick<Options, 'file' | 'json'>,
  own = tuningPath(fingerprint),
): Promise<ExitCode> => {
  const content = tuningFileOf(fingerprint, measured)
  const kept = await keepTuning(file, content)
  if (E.isLeft(kept)) {
    complainTo(err)(`${kept.left.code}: ${kept.left.message}`)
    return exit.usage
  }
  if (json === true) {
    out.write(`${JSON.stringify({ ...content, file })}\n`)
    return exit.ok
  }
  out.write(
    measured.length === 0
      ? `${String(fingerprint['description'] ?? '')}: products are made in one way only, and there is nothing to choose\n`
      : `${tuningTable(measured, inkFor(out).strong)}\n`,
  )
  out.write(
    file === own
      ? `kept in ${file}\nfor every command here on this adapter; ${tuningVariable}=off leaves it out\n`
      : `kept in ${file}; ${tuningVariable}=${file} takes it\n`,
  )
  return exit.ok
}

/** `etalon tune`: measures which kernels win on this adapter, and keeps that for the commands that use it. */
export const tuneCommand: Subcommand = (command, end) =>
  void command
    .addOption(deviceOption())
    .option('--file <file>', 'keep it here in place of the user’s cache folder')
    .option('--json', 'what is kept as one JSON object on standard output')
    .addHelpText(
      'after',
      `
Products of matrices and convolutions can be made by the lanes of a subgroup, by
tiles in registers, or by tiles in the memory that a workgroup shares. Without a
measurement the adapter’s facts decide; with one the fastest of each class of
shapes is taken, if it is a tenth faster. What was measured counts for this
adapter, its driver, Dawn and this version alone.
${tuningVariable}=FILE takes another file, ${tuningVariable}=off none.`,
    )
    .action(async (options: Options) => {
      const { acquireDevice } = await import('../accelerated/index.js')
      const { tuneOn } = await import('../accelerated/tune.js')
      const screens = { out: process.stdout, err: process.stderr }
      const acquired = await acquireDevice(options.device)()
      if (E.isLeft(acquired)) {
        complainTo(screens.err)(`${acquired.left.code}: ${acquired.left.message}`)
        return end(exitOfOpening(acquired.left))
      }
      const status = statusLine(screens.err)
      const measured = await tuneOn(acquired.right, (what, done) => status.show(`${bar(done)} ${what}`))()
      status.clear()
      await acquired.right.release()
      if (E.isLeft(measured)) {
        complainTo(screens.err)(`${measured.left.code}: ${measured.left.message}`)
        return end(exit.noBackend)
      }
      return end(await keepAt(screens, acquired.right.fingerprint, measured.right, options))
    })
