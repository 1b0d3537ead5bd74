import { Option } from 'commander'
import { either as E } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { DeviceChoice } from '../accelerated/index.js'
import { loadFormulas } from '../docs/explain/formulas.js'
import { formulaText } from '../docs/explain/page.js'
import { lessonNamed, lessons } from '../docs/lessons/index.js'
import type { Lesson } from '../docs/lessons/lesson.js'
import { lessonSummary, wrapped } from '../docs/lessons/summary.js'
import type { EtalonError } from '../spec/error.js'
import { etalonError } from '../spec/error.js'
import { countOf } from '../training/dataset.js'
import type { Subcommand } from './command.js'
import type { Digits } from './dataset.js'
import { digitsFrom } from './dataset.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'
import { forPage, writable, writeWhole } from './file.js'
import { aboveZero, deviceOption, wholeNumber } from './options.js'
import type { Rim } from './rim.js'
import { processRim } from './rim.js'
import { bar, complainTo, inkFor, statusLine } from './terminal.js'

export interface LessonOptions {
  readonly data?: string
  /** the page goes here */
  readonly out?: string
  readonly seed: number
  readonly size: number
  readonly device: DeviceChoice
  readonly json?: true
}

/** All that a lesson meets of the world. */
export interface LessonRim extends Omit<Rim, 'table' | 'oracle'> {
  readonly load: (options: LessonOptions) => taskEither.TaskEither<EtalonError, Digits>
}

// as many as the lessons ask for, at most
const generated = { train: 8000, test: 2000 }

/** The command again, as it was given. */
const commandOf = (name: string, { data, seed, size, device }: LessonOptions): string =>
  [
    `etalon lesson ${name}`,
    ...(data === undefined ? [] : [`--data ${data}`]),
    `--seed ${seed}`,
    ...(size === 1 ? [] : [`--size ${size}`]),
    ...(device === 'auto' ? [] : [`--device ${device}`]),
  ].join(' ')

/** What lessons there are, and what each asks. */
export const listLessons = ({ out }: Pick<Rim, 'out'>, json: boolean): ExitCode => {
  const ink = inkFor(out)
  const width = Math.min(Math.max(out.columns ?? 100, 60), 120) - 2
  out.write(
    json
      ? `${JSON.stringify(lessons.map(({ name, title, question, source }) => ({ name, title, question, source })))}\n`
      : lessons
          .map(({ name, question }) => `${ink.strong(name)}\n  ${wrapped(question, width).replaceAll('\n', '\n  ')}\n`)
          .join(''),
  )
  return exit.ok
}

/** Gives a lesson on the backend that `rim` opens, and says on its streams what came of it. */
export const giveLesson = async (rim: LessonRim, lesson: Lesson, options: LessonOptions): Promise<ExitCode> => {
  const { out, err, now } = rim
  const { name, title, ops } = lesson
  const { seed, size, json } = options
  const status = statusLine(err)
  const say = (text: string): void => void (json === true ? err : out).write(`${text}\n`)
  const refuse = ({ code, message }: EtalonError): ExitCode => {
    status.clear()
    complainTo(err)(`${code}: ${message}`)
    return code === 'BackendUnavailable' || code === 'DeviceLost' || code === 'LimitExceeded'
      ? exit.noBackend
      : exit.usage
  }

  // whether there is a place for the page is asked before the work
  const fit = options.out === undefined ? E.right(undefined) : forPage('--out', options.out)
  if (E.isLeft(fit)) return refuse(fit.left)
  const target = options.out === undefined ? undefined : await writable(options.out)
  if (target !== undefined && E.isLeft(target)) return refuse(target.left)
  status.show('reading the digits …')
  const loaded = await rim.load(options)()
  if (E.isLeft(loaded)) return refuse(loaded.left)
  status.show('opening a device …')
  const opened = await rim.open(options.device)()
  if (E.isLeft(opened)) return refuse(opened.left)
  const backend = opened.right
  const { fingerprint } = backend
  const started = now()
  const findings = await lesson
    .run({
      backend,
      digits: loaded.right,
      seed,
      size,
      tell: (part, what) => status.show(`${bar(part)} ${what}`),
    })()
    .finally(() => backend.close())
  status.clear()
  if (E.isLeft(findings)) return refuse(findings.left)

  const seconds = (now() - started) / 1000
  const { train, test } = loaded.right
  const facts = [
    `On ${fingerprint['description'] ?? backend.name} (${fingerprint['kind'] ?? backend.name}), in ${seconds.toFixed(0)} s.`,
    ...(lesson.readsDigits === false
      ? []
      : [
          `Of ${countOf(train)} training and ${countOf(test)} test digits, ${options.data === undefined ? `generated from seed ${seed}` : `from ${options.data}`}.`,
        ]),
  ]
  const told = { lesson, findings: findings.right }
  const columns = Math.min(Math.max(out.columns ?? 100, 60), 120)
  say(lessonSummary(told, inkFor(json === true ? err : out), columns))
  say(facts.join('\n'))
  if (target !== undefined) {
    const all = await loadFormulas()
    const formulas = Object.fromEntries(ops.map((op) => [op, formulaText(all, op, 'forward')]))
    // a library that draws is loaded by who wants a picture
    const { lessonPage } = await import('../docs/lessons/page.js')
    const page = lessonPage({ ...told, formulas, command: commandOf(name, options), facts })
    const written = await writeWhole(target.right, page)
    if (E.isLeft(written)) return refuse(written.left)
    say(`The page with its pictures: ${options.out}`)
  }
  if (json === true) {
    const { figures } = findings.right
    out.write(`${JSON.stringify({ lesson: name, title, seed, size, seconds, figures, fingerprint })}\n`)
  }
  return exit.ok
}

/** `etalon lesson`: what the course says about learning, seen on digits. */
export const lessonCommand: Subcommand = (command, end) =>
  void command
    .argument('[name]', 'the lesson; without one, they are listed')
    .option('--data <dir>', 'a folder of IDX files, plain or gzipped (MNIST’s form); without it, generated digits')
    .option('--out <file>', 'write the lesson with its pictures here, as a page that needs nothing else (HTML)')
    .option('--seed <n>', 'of the first weights, the order and the generated digits', wholeNumber(0), 1)
    .addOption(
      new Option('--size <share>', 'how many digits and steps, where 1 is as taught').argParser(aboveZero).default(1),
    )
    .addOption(deviceOption())
    .option('--json', 'the last line on standard output is an object with the figures; the rest goes to standard error')
    .action(async (name: string | undefined, options: LessonOptions) => {
      const rim = processRim()
      if (name === undefined) return end(listLessons(rim, options.json === true))
      const lesson = lessonNamed(name)
      if (lesson !== undefined)
        return end(await giveLesson({ ...rim, load: (options) => digitsFrom(options, generated) }, lesson, options))
      const { code, message } = etalonError(
        'AttributeOutOfRange',
        `there is no lesson ${JSON.stringify(name)}; there are ${lessons.map((each) => each.name).join(', ')}`,
      )
      complainTo(rim.err)(`${code}: ${message}`)
      return end(exit.usage)
    })
