import { readFileSync } from 'node:fs'
import { Option } from 'commander'
import { either as E, function as F } from 'fp-ts'
import { questionTable } from '../conformance/table.js'
import type { Example } from '../docs/explain/example.js'
import { exampleOf } from '../docs/explain/example.js'
import { loadFormulas } from '../docs/explain/formulas.js'
import type { Chosen } from '../docs/explain/page.js'
import { page } from '../docs/explain/page.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { parseOpName } from '../spec/catalogue.js'
import type { Result } from '../spec/error.js'
import { ensure, etalonError, fail, show } from '../spec/error.js'
import type { Subcommand } from './command.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'
import { parseRequest } from './protocol.js'
import type { Screen } from './terminal.js'
import { complainTo, inkFor } from './terminal.js'

interface Options {
  readonly direction?: Direction
  readonly input?: string
  readonly at?: string
}

/**
 * The question that `--input` asks: a request of the oracle protocol, but for what the command line says already.
 *
 * Errors  MalformedRequest – no JSON object, or another op or direction than the command line's; else the protocol's
 */
export const questionFrom = (op: OpName, direction: Direction | undefined, text: string): Result<Example> =>
  F.pipe(
    E.tryCatch(
      () => JSON.parse(text) as unknown,
      (thrown) => etalonError('MalformedRequest', `the input is not JSON: ${(thrown as Error).message}`),
    ),
    E.flatMap((value) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? E.right(value as Readonly<Record<string, unknown>>)
        : fail('MalformedRequest', `the input is ${show(value)}; it must be an object of attrs, inputs and cotangents`),
    ),
    E.tap(({ op: other = op }) =>
      ensure(other === op, 'MalformedRequest', `the input is about ${show(other)}; the command line says ${op}`),
    ),
    E.tap(({ direction: other = direction }) =>
      ensure(
        direction === undefined || other === direction,
        'MalformedRequest',
        `the input's direction is ${show(other)}; the command line says ${direction}`,
      ),
    ),
    E.flatMap((members) =>
      E.tryCatch(
        () => JSON.stringify({ ...members, op, direction: members['direction'] ?? direction ?? 'forward' }),
        () => etalonError('MalformedRequest', 'the input nests too deeply'),
      ),
    ),
    E.flatMap((line) =>
      F.pipe(
        parseRequest(line),
        E.mapLeft(({ error }) => error),
      ),
    ),
    E.map(({ question }) => ({ question, about: '' })),
  )

/**
 * `0,1` or `w:0,1` or `w`: an element, of each answer that has it or of one.
 *
 * Errors  MalformedRequest – none of the three
 */
export const chosenFrom = (text: string | undefined): Result<Chosen> => {
  if (text === undefined) return E.right({})
  const match = /^(?:([A-Za-z]\w*)(?::|$))?(?:\[?(\d+(?:,\d+)*)\]?)?$/.exec(text)
  return text === '' || match === null
    ? fail('MalformedRequest', `--at is ${show(text)}; it must be an index such as 0,1, an answer such as w, or w:0,1`)
    : E.right({
        ...(match[1] === undefined ? {} : { output: match[1] }),
        ...(match[2] === undefined ? {} : { index: match[2].split(',').map(Number) }),
      })
}

// "-" is standard input
const readInput = (given: string): Result<string> =>
  given !== '-'
    ? E.right(given)
    : E.tryCatch(
        () => readFileSync(0, 'utf8'),
        (thrown) => etalonError('FileUnreadable', `standard input cannot be read: ${(thrown as Error).message}`),
      )

/** Writes the page about an op, or says why there is none. */
export const explainAt = async (
  { out, err }: { readonly out: Screen; readonly err: Screen },
  name: string,
  { direction, input, at }: Options,
): Promise<ExitCode> => {
  const ink = inkFor(out)
  const formulas = await loadFormulas()
  const text = F.pipe(
    parseOpName(name),
    E.bindTo('op'),
    E.bind('chosen', () => chosenFrom(at)),
    E.bind('example', ({ op }) =>
      input === undefined
        ? exampleOf(questionTable, op, direction ?? 'forward')
        : F.pipe(
            readInput(input),
            E.flatMap((text) => questionFrom(op, direction, text)),
          ),
    ),
    E.flatMap(({ chosen, example: { question, about } }) =>
      page(formulas, question, { chosen, about, width: Math.min(Math.max(out.columns ?? 100, 60), 120), pen: ink }),
    ),
  )
  if (E.isLeft(text)) {
    complainTo(err)(`${text.left.code}: ${text.left.message}`)
    return exit.usage
  }
  out.write(text.right)
  return exit.ok
}

/** `etalon explain OP`: its formula with numbers put in. */
export const explainCommand: Subcommand = (command, finish) =>
  void command
    .argument('<op>', 'the name of an op, such as conv2d')
    .addOption(
      new Option('--direction <direction>', 'the op itself or its gradients (default: forward)').choices([
        'forward',
        'backward',
      ]),
    )
    .option(
      '--input <json>',
      'attrs, inputs and cotangents as in a request to etalon eval; - reads them from standard input (default: a worked example)',
    )
    .option('--at <place>', 'the element to explain: an index such as 0,1, an answer such as w, or w:0,1')
    .addHelpText(
      'after',
      `
Example:
  etalon explain softmax --at 2 \\
    --input '{"inputs":{"x":{"shape":[3],"data":[1,2,3]}}}'`,
    )
    .action(async (name: string, options: Options) =>
      finish(await explainAt({ out: process.stdout, err: process.stderr }, name, options)),
    )
