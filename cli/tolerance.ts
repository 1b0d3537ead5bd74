import { InvalidArgumentError, Option } from 'commander'
import { either as E, function as F } from 'fp-ts'
import type { Precision } from '../conformance/precision.js'
import { precisions } from '../conformance/precision.js'
import type { Ink } from '../conformance/text.js'
import { plain } from '../conformance/text.js'
import type { Customary, DataKind, Range, Tolerances, Tolerated, ToleranceQuestion } from '../conformance/tolerance.js'
import { dataKinds, tolerancesOf } from '../conformance/tolerance.js'
import { oracle } from '../reference/index.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { hasBackward, opOf, parseOpName } from '../spec/catalogue.js'
import type { Result } from '../spec/error.js'
import { ensure, etalonError, fail, show } from '../spec/error.js'
import { inputsAmong } from '../spec/op.js'
import type { Shape } from '../spec/tensor.js'
import { showShape } from '../spec/tensor.js'
import type { Subcommand } from './command.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'
import { wholeNumber } from './options.js'
import type { Screen } from './terminal.js'
import { complainTo, inkFor } from './terminal.js'

type Shapes = Readonly<Record<string, Shape>>

interface Options {
  readonly shapes?: Shapes
  readonly attrs?: string
  readonly precision: Precision
  readonly direction: Direction
  readonly data: DataKind
  readonly depth?: number
  readonly seed: number
  readonly json?: boolean
}

const extentsOf = (text: string): Shape | undefined =>
  text === 'scalar' ? [] : /^\d+(x\d+)*$/.test(text) ? text.split('x').map(Number) : undefined

/** `x=8x64,w=10x64,step=scalar` */
export const parseShapes = (text: string): Shapes =>
  Object.fromEntries(
    text.split(',').map((part) => {
      const [, name, extents] = /^\s*([A-Za-z]\w*)=(\S+)\s*$/.exec(part) ?? []
      const shape = extentsOf(extents ?? '')
      if (name === undefined || shape === undefined)
        throw new InvalidArgumentError(`It is ${show(part)} where NAME=8x64, or NAME=scalar, is wanted.`)
      return [name, shape]
    }),
  )

/**
 * What is asked, the shapes of scalars filled in.
 *
 * Errors  UnknownOp, NoBackward; MalformedRequest – attrs that are no JSON object; whatever the op refuses of them
 */
export const questionOf = (name: string, options: Options): Result<ToleranceQuestion> =>
  F.pipe(
    parseOpName(name),
    E.bindTo('op'),
    E.tap(({ op }) =>
      ensure(options.direction === 'forward' || hasBackward(op), 'NoBackward', `${op} has no backward`),
    ),
    E.bind('given', () => parseAttrs(options.attrs ?? '{}')),
    E.bind('attrs', ({ op, given }) => opOf(op).attrs.decode(given)),
    E.map(({ op, attrs }) => ({
      op,
      direction: options.direction,
      attrs,
      shapes: { ...(options.shapes ?? {}), ...scalarsOf(op) },
      data: options.data,
      asked: { precision: options.precision, ...(options.depth === undefined ? {} : { depth: options.depth }) },
      seed: options.seed,
    })),
  )

const parseAttrs = (text: string): Result<Readonly<Record<string, unknown>>> =>
  F.pipe(
    E.tryCatch(
      () => JSON.parse(text) as unknown,
      (thrown) => etalonError('MalformedRequest', `--attrs is not JSON: ${(thrown as Error).message}`),
    ),
    E.flatMap((value) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? E.right(value as Readonly<Record<string, unknown>>)
        : fail('MalformedRequest', `--attrs is ${show(value)}; it must be an object such as {"stride":[2,2]}`),
    ),
  )

// an input without axes has one shape only
const scalarsOf = (op: OpName): Shapes =>
  Object.fromEntries(
    Object.entries(inputsAmong(opOf(op), [])).flatMap(([name, axes]): readonly (readonly [string, Shape])[] =>
      Array.isArray(axes) && axes.length === 0 ? [[name, []]] : [],
    ),
  )

// ---- for people ----------------------------------------------------------------------------------------------------

const digits = (x: number): string =>
  x === 0 || !Number.isFinite(x)
    ? x === Infinity
      ? 'no limit'
      : String(x)
    : x >= 1e-3 && x < 1e5
      ? String(Number(x.toPrecision(2)))
      : x.toExponential(1).replace('.0e', 'e').replace('e+', 'e')

const percent = (share: number): string => `${digits(100 * share)} %`

const range = ({ median, largest }: Range, write: (x: number) => string): string =>
  `${write(median)} at the median, ${write(largest)} at most`

const hides = ({ hidden, hiddenTerms }: Pick<Customary, 'hidden' | 'hiddenTerms'>, terms?: number): string =>
  `an error of ${percent(hidden)} of a usual value passes` +
  (hiddenTerms === undefined || terms === undefined
    ? ''
    : `,\n      which is ${digits(hiddenTerms)} of one of its ${terms} terms`)

const customaryText = (pair: Customary, terms: number | undefined): readonly string[] => [
  `    rtol = ${digits(pair.rtol)}, atol = ${digits(pair.atol)} (${pair.whose})`,
  pair.flaky > 0
    ? `      may fail a right kernel, at ${percent(pair.flaky)} of the elements`
    : `      never fails one here; ${hides(pair, terms)}`,
]

const answerText = (
  { answer, shape, value, terms, sum, bound, ofValue, ofSum, unbounded, elements, tolerance, customary }: Tolerated,
  ink: Ink,
): readonly string[] => [
  '',
  ink.strong(`${answer} ${showShape(shape)}`),
  `  usual |value|     ${digits(value)}`,
  ...(terms === undefined || sum === undefined ? [] : [`  usual Σ|terms|    ${digits(sum)}, of ${terms} terms`]),
  `  bound             ${range(bound, digits)}`,
  `  bound ÷ |value|   ${range(ofValue, percent)}`,
  ...(ofSum === undefined ? [] : [`  bound ÷ Σ|terms|  ${range(ofSum, percent)}`]),
  ...(tolerance === undefined
    ? [
        `  no one tolerance: ${percent(unbounded / elements)} of the elements have no bound, since a number`,
        "    on the way to them may be past the precision's range",
      ]
    : bound.largest === 0
      ? ['  nothing is rounded: rtol = 0, atol = 0']
      : [
          '  one tolerance for all, which never fails a right kernel on such data',
          ink.strong(`    rtol = ${digits(tolerance.rtol)}, atol = ${digits(tolerance.atol)}`),
          `      ${hides(tolerance, terms)}`,
        ]),
  ...(bound.largest === 0
    ? []
    : ['  beside it, what tests often ask', ...customary.flatMap((pair) => customaryText(pair, terms))]),
]

/** The page about a shape. */
export const tolerancePage = (
  { op, direction, shapes, data, asked: { precision, depth } }: ToleranceQuestion,
  { draws, answers }: Tolerances,
  ink: Ink = plain,
): string =>
  `${[
    `${ink.strong(`${op} ${direction}`)} in ${precision}, additions ${depth === undefined ? 'in any order' : `at most ${depth} deep`}`,
    ink.faint(
      `  ${Object.entries(shapes)
        .map(([name, shape]) => `${name} ${showShape(shape)}`)
        .join('  ')}`,
    ),
    ink.faint(`  ${data} numbers, ${draws} draws`),
    ...answers.flatMap((answer) => answerText(answer, ink)),
    '',
    ink.faint('A bound for each element sees more: etalon eval answers it, clients/python asks.'),
  ].join('\n')}\n`

/** Writes what a test may ask, or says why there is no such shape. */
export const toleranceAt = (
  { out, err }: { readonly out: Screen; readonly err: Screen },
  name: string,
  options: Options,
): ExitCode => {
  const found = F.pipe(
    questionOf(name, options),
    E.bindTo('question'),
    E.bind('tolerances', ({ question }) => tolerancesOf(oracle, question)),
  )
  if (E.isLeft(found)) {
    complainTo(err)(`${found.left.code}: ${found.left.message}`)
    return exit.usage
  }
  const { question, tolerances } = found.right
  out.write(
    options.json === true
      ? `${JSON.stringify({ ...question, ...tolerances }, (_, value: unknown) => (value === Infinity ? 'Infinity' : value))}\n`
      : tolerancePage(question, tolerances, inkFor(out)),
  )
  return exit.ok
}

/** `etalon tolerance OP`: what a test may ask of an op at a shape, where it has one tolerance for all elements. */
export const toleranceCommand: Subcommand = (command, finish) =>
  void command
    .argument('<op>', 'the name of an op, such as conv2d')
    .requiredOption('--shapes <shapes>', 'the inputs: x=8x64,w=10x64; NAME=scalar for one number', parseShapes)
    .option('--attrs <json>', 'attributes, such as {"stride":[2,2]} (default: their defaults)')
    .addOption(
      new Option('--precision <name>', 'what the code under test computes in').choices(precisions).default('f32'),
    )
    .addOption(
      new Option('--direction <direction>', 'the op or its gradients')
        .choices(['forward', 'backward'])
        .default('forward'),
    )
    .addOption(
      new Option('--data <kind>', 'the numbers that the test has').choices(Object.keys(dataKinds)).default('normal'),
    )
    .addOption(
      new Option('--depth <n>', 'how deep additions nest at most (default: any order)').argParser(wholeNumber(0)),
    )
    .addOption(new Option('--seed <s>', 'of the numbers drawn').argParser(wholeNumber(0)).default(1))
    .option('--json', 'as one JSON object')
    .addHelpText(
      'after',
      `
Numbers
  normal     standard normal           positive   ½ + |normal|
  integers   from −8 to 8              wide       normal, times 10
What has a domain of its own, such as a target or a variance, keeps to it.

Example
  etalon tolerance conv2d --shapes x=1x64x14x14,w=64x64x3x3 --precision bf16`,
    )
    .action((name: string, options: Options) =>
      finish(toleranceAt({ out: process.stdout, err: process.stderr }, name, options)),
    )
