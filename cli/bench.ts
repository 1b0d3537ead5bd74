import { cpus } from 'node:os'
import { writeFile } from 'node:fs/promises'
import { either as E, function as F } from 'fp-ts'
import { Argument } from 'commander'
import type { DeviceChoice } from '../accelerated/index.js'
import type { Judge, StepJudge } from '../bench/onBackend.js'
import { forwardOnBackend, onBackend, stepOnBackend } from '../bench/onBackend.js'
import { jsonRow, printRows } from '../bench/print.js'
import { tfjsOnProcessor } from '../bench/tfjs.js'
import type { Contender, Row } from '../bench/time.js'
import { time } from '../bench/time.js'
import { imageNetworks, lenetStep, onDevice, onProcessor } from '../bench/workloads.js'
import type { Expected } from '../conformance/judge.js'
import { expect, judge } from '../conformance/judge.js'
import { everyValue, lockstep } from '../conformance/lockstep.js'
import { printFingerprint } from '../conformance/report.js'
import { oracle, reference } from '../reference/index.js'
import { anyOrder } from '../spec/bound.js'
import type { Result } from '../spec/error.js'
import type { Fields } from '../spec/field.js'
import type { Depth } from '../spec/op.js'
import type { Question } from '../spec/program.js'
import { guarded } from '../conformance/guarded.js'
import { deviceProblem, exitOfOpening, openBackend } from './backends.js'
import type { Subcommand } from './command.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'
import { backendOption, deviceOption, wholeNumber } from './options.js'
import { closing } from './rim.js'
import { inkFor, statusLine } from './terminal.js'

const groups = ['reference', 'webgpu', 'networks'] as const
type Group = (typeof groups)[number]

interface Options {
  readonly rounds: number
  readonly sampleTime: number
  readonly device: DeviceChoice
  readonly backend: string
  readonly json?: string
}

const only = (names: readonly string[], fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name)))

/** Judges answers by the bound; the reference is asked each question once, however many answers there are to it. */
const judgeAt = (depth: Depth): Judge => {
  const known = new Map<Question, Result<Expected>>()
  return (question, answer) => {
    const expected = known.get(question) ?? expect(oracle, question, depth)
    known.set(question, expected)
    const asked = Object.keys(answer)
    return F.pipe(
      expected,
      E.map(({ values, bounds }) =>
        judge({
          oracle,
          question,
          expected: { values: only(asked, values), bounds: only(asked, bounds) },
          answer,
        }),
      ),
      E.map(({ worst }) => worst.ratio),
    )
  }
}

const stepJudgeAt = (depth: Depth): StepJudge => ({
  watch: everyValue,
  judge: (program, values) =>
    F.pipe(
      lockstep(oracle, program, values, depth),
      E.map(({ findings }) =>
        findings
          .map(({ judgement: { problem, worst } }) => (problem === undefined ? worst.ratio : Infinity))
          .reduce((a, b) => Math.max(a, b), 0),
      ),
    ),
})

const processor = (): string => {
  const all = cpus()
  return `${all[0]?.model ?? 'unknown'} (${all.length})`
}

const run = async (asked: readonly Group[], options: Options): Promise<ExitCode> => {
  const problem = deviceProblem(options.device, options.backend)
  if (problem !== undefined) {
    process.stderr.write(`etalon: ${problem}\n`)
    return exit.usage
  }
  const ink = inkFor(process.stdout)
  const status = statusLine()
  const timing = {
    rounds: options.rounds,
    sampleTime: options.sampleTime,
    clock: () => performance.now(),
    watch: status.show,
  }
  const lines: string[] = []
  const rows: Row[] = []
  const show = async (contenders: readonly Contender[]): Promise<void> => {
    const some = await time(contenders, timing)
    status.clear()
    process.stdout.write(`${printRows(some)}\n\n`)
    rows.push(...some)
    lines.push(...some.map((row) => JSON.stringify(jsonRow(row))))
  }
  // whoever names a backend wants that one timed
  const byDefault: readonly Group[] = options.backend === 'webgpu' ? ['reference', 'webgpu'] : ['webgpu']
  const wanted = (group: Group): boolean => (asked.length === 0 ? byDefault : asked).includes(group)
  const about: Record<string, unknown> = { processor: processor(), node: process.version, rounds: options.rounds }

  if (wanted('reference')) {
    const workload = onProcessor()
    const judge = judgeAt(reference.depth ?? anyOrder)
    const peer = await tfjsOnProcessor(workload, judge)
    about['tfjs'] = E.isRight(peer) ? peer.right.version : 'not installed'
    process.stdout.write(`reference beside TensorFlow.js on\n${printFingerprint(about as never, ink)}\n\n`)
    if (E.isLeft(peer)) process.stderr.write(`etalon: ${peer.left.message}\n`)
    await show([onBackend(reference, workload, judge), ...(E.isRight(peer) ? [peer.right.contender] : [])])
  }
  // large networks take minutes to draw, judge and run on a processor, so they are timed for who names them
  const onTheDevice = (['webgpu', 'networks'] as const).filter((group) =>
    group === 'networks' ? asked.includes(group) : wanted(group),
  )
  if (onTheDevice.length > 0) {
    const opened = await openBackend(options.device, options.backend)()
    if (E.isLeft(opened)) {
      process.stderr.write(`etalon: ${opened.left.code}: ${opened.left.message}\n`)
      return exitOfOpening(opened.left)
    }
    // copies take time, and ours keeps the contract
    const backend = options.backend === 'webgpu' ? opened.right : guarded(opened.right, { copying: false })
    about['fingerprint'] = backend.fingerprint
    process.stdout.write(`${ink.strong(backend.name)} on\n${printFingerprint(backend.fingerprint, ink)}\n\n`)
    const depth = backend.depth ?? anyOrder
    const judge = judgeAt(depth)
    if (onTheDevice.includes('webgpu'))
      await show([
        ...onDevice().map((workload) => onBackend(backend, workload, judge)),
        stepOnBackend(backend, lenetStep(64), stepJudgeAt(depth)),
      ])
    // one at a time, for what is large
    if (onTheDevice.includes('networks'))
      for (const workload of imageNetworks()) await show([forwardOnBackend(backend, workload, stepJudgeAt(depth))])
    await closing({ err: process.stderr }, backend)
  }
  if (options.json !== undefined) {
    try {
      await writeFile(options.json, `${[...lines, JSON.stringify({ summary: about })].join('\n')}\n`)
    } catch (reason) {
      process.stderr.write(`etalon: ${options.json} cannot be written: ${String(reason)}\n`)
      return exit.usage
    }
  }
  return rows.some(({ outcome }) => outcome === 'wrong') ? exit.notConformant : exit.ok
}

/** `etalon bench`: right answers first, then how long they take. */
export const benchCommand: Subcommand = (command, end) =>
  void command
    .addArgument(
      new Argument(
        '[groups...]',
        'what to time: the reference beside a peer, ops on the backend, whole networks on it; the first two if none is named',
      ).choices(groups),
    )
    .option('--rounds <n>', 'samples of each contender', wholeNumber(1), 7)
    .option('--sample-time <ms>', 'how long a sample takes, at least one run', wholeNumber(0), 300)
    .addOption(backendOption())
    .addOption(deviceOption())
    .option('--json <file>', 'a line of JSON for each row, then the device and versions')
    .action(async (asked: readonly Group[], options: Options) => end(await run(asked, options)))
