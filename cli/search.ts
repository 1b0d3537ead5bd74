import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { Option } from 'commander'
import { either as E, function as F } from 'fp-ts'
import type { Shard } from '../conformance/shards.js'
import type { EtalonError, Result } from '../spec/error.js'
import { ensure, etalonError, fail, within } from '../spec/error.js'
import { learnsAs } from '../spec/networks/zoo.js'
import { keyOf } from '../spec/philox.js'
import type { Effort, Outcome, SearcherName, Trial } from '../training/search/searchers.js'
import { bestOf, importanceOf, lossOf, parseOutcome, searcherNames, searcherOf } from '../training/search/searchers.js'
import type { Setting, Space } from '../training/search/space.js'
import { parseSpace } from '../training/search/space.js'
import type { Subcommand } from './command.js'
import type { ExitCode } from './exit.js'
import { exit, exitOfWork } from './exit.js'
import type { Target } from './file.js'
import { readText, writable, writeWhole } from './file.js'
import { backendOption, deviceOption, shardText, wholeNumber } from './options.js'
import type { Rim } from './rim.js'
import { processRim } from './rim.js'
import type { SearchManner } from './searchTrial.js'
import { recipesOf, searchable } from './searchTrial.js'
import { bar, complainTo } from './terminal.js'
import { voiceOf } from './voice.js'
import type { FromTrials, ToTrials } from './trial.js'

export interface SearchOptions extends Omit<SearchManner, 'states' | 'network'> {
  readonly space: string
  /** outcomes go here, and come from here where it is there already */
  readonly trialsFile: string
  readonly searcher: SearcherName
  readonly trials: number
  readonly epochs: number
  readonly eta: number
  readonly jobs: number
  readonly shard?: Shard
  /** outcomes of other shards */
  readonly merge?: readonly string[]
  readonly json?: true
}

/** A process that runs trials, one at a time. */
export interface Worker {
  /** what came of it; `died` where the process went away */
  readonly run: (trial: Trial) => Promise<Result<Outcome> | 'died'>
  readonly end: () => void
}

export interface SearchRim extends Pick<Rim, 'out' | 'err' | 'listen'> {
  readonly startWorker: (manner: SearchManner) => Promise<Result<Worker>>
}

/** The command itself once more, as a process that runs trials. */
export const startWorker = (manner: SearchManner): Promise<Result<Worker>> => {
  const child = fork(process.argv[1] as string, ['trial'], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const say = (message: ToTrials): void => {
    if (child.connected) child.send(message)
  }
  let answer: (outcome: Result<Outcome> | 'died') => void = () => undefined
  let gone = false
  return new Promise((resolve) => {
    const died = (): void => {
      gone = true
      resolve(fail('Died', 'a process that runs trials ended before it began'))
      answer('died')
    }
    child.on('error', died)
    child.on('exit', died)
    child.on('message', (message: FromTrials) => {
      if (message.is === 'refused') resolve(E.left(message.error))
      else if (message.is === 'outcome') answer(message.outcome)
      else
        resolve(
          E.right({
            run: (trial) =>
              new Promise((told) => {
                answer = told
                if (gone) told('died')
                else say({ is: 'trial', trial })
              }),
            end: () => void child.kill('SIGKILL'),
          }),
        )
    })
    say({ is: 'manner', manner })
  })
}

/** What must agree between files of outcomes that are laid together. */
type Head = Readonly<Record<'network' | 'searcher', string>> &
  Readonly<Record<'trials' | 'epochs' | 'eta' | 'seed' | 'validation', number>> & { readonly space: Space }

const jsonOf = (line: string): Result<unknown> =>
  E.tryCatch(
    (): unknown => JSON.parse(line),
    () => etalonError('FormatInvalid', 'a line is no JSON'),
  )

/** The outcomes in a file of a search: its head in the first line, one to a line behind it. */
const outcomesIn = async (file: string, head: Head): Promise<Result<readonly Outcome[]>> =>
  F.pipe(
    await readText(file),
    E.flatMap((text) => {
      const [first = '', ...lines] = text.split('\n').filter((line) => line !== '')
      return F.pipe(
        ensure(
          first === JSON.stringify(head),
          'FormatInvalid',
          'its outcomes are of another search: network, space, searcher, trials, epochs, η, seed and validation are to be the same',
        ),
        E.flatMap(() =>
          F.pipe(
            lines,
            E.traverseArray((line) => F.pipe(jsonOf(line), E.flatMap(parseOutcome))),
          ),
        ),
      )
    }),
    E.mapLeft(within(file)),
  )

const unique = (outcomes: readonly Outcome[]): readonly Outcome[] => [
  ...new Map(outcomes.map((one) => [one.id, one])).values(),
]

const isIn =
  (shard: Shard | undefined) =>
  ({ id }: Trial): boolean =>
    shard === undefined || keyOf(id)[0] % shard.of === shard.index - 1

const short = (value: unknown): string =>
  typeof value === 'number' ? String(Number(value.toPrecision(4))) : String(value)

const inWords = (setting: Setting): string =>
  Object.entries(setting)
    .map(([name, value]) => `${name} ${short(value)}`)
    .join(', ')

const flagOf = (name: string): string => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

/** The command that trains such a setting, and reads the test digits. */
const commandFor = (network: string, { setting, budget }: Outcome, { data, seed, validation }: SearchOptions): string =>
  [
    `etalon train ${network}`,
    ...Object.entries(setting).flatMap(([name, value]) =>
      value === true ? [flagOf(name)] : value === false ? [] : [`${flagOf(name)} ${value}`],
    ),
    `--schedule constant --epochs ${budget} --validation ${validation} --seed ${seed}`,
    ...(data === undefined ? [] : [`--data ${data}`]),
  ].join(' ')

// a trial that takes its process down twice does so by itself
const lives = 2

interface Work {
  readonly known: readonly Outcome[]
  readonly error?: EtalonError
}

/** Runs what the searcher has next, so many at a time, until nothing is left that this shard may do, or it is stopped. */
const work = async (
  rim: SearchRim,
  manner: SearchManner,
  jobs: number,
  next: (known: readonly Outcome[]) => readonly Trial[],
  begun: readonly Outcome[],
  keep: (known: readonly Outcome[], outcome: Outcome) => Promise<Result<void>>,
  stopped: () => boolean,
): Promise<Work> => {
  let known = begun
  let error: EtalonError | undefined
  let writing = Promise.resolve()
  const running = new Set<string>()
  const workers: (Worker | undefined)[] = Array.from({ length: jobs })
  let wake: () => void = () => undefined
  const one = async (at: number, trial: Trial): Promise<void> => {
    let outcome: Result<Outcome> | 'died' = 'died'
    for (let life = 0; life < lives && outcome === 'died' && !stopped(); life++) {
      if (workers[at] === undefined) {
        const started = await rim.startWorker(manner)
        if (E.isLeft(started)) {
          outcome = started
          break
        }
        workers[at] = started.right
      }
      outcome = await workers[at].run(trial)
      if (outcome === 'died') workers[at] = undefined
    }
    if (outcome === 'died') {
      if (stopped()) return
      outcome = E.right({ ...trial, loss: 'failed', reason: `Died: its process ended, ${lives} times` })
    }
    if (E.isLeft(outcome)) {
      error ??= outcome.left
      return
    }
    const { right } = outcome
    known = [...known, right]
    // one writes at a time, and each all that is known by then
    writing = writing.then(async () => {
      const written = await keep(known, right)
      if (E.isLeft(written)) error ??= written.left
    })
    await writing
  }
  const tasks = new Map<number, Promise<void>>()
  while (error === undefined && !stopped()) {
    const open = next(known).filter(({ id }) => !running.has(id))
    const free = workers.findIndex((_, at) => !tasks.has(at))
    const [trial] = open
    if (trial === undefined && tasks.size === 0) break
    if (trial === undefined || free < 0) {
      await Promise.race([...tasks.values(), new Promise<void>((resolve) => (wake = resolve))])
      continue
    }
    running.add(trial.id)
    tasks.set(
      free,
      one(free, trial).finally(() => {
        running.delete(trial.id)
        tasks.delete(free)
        wake()
      }),
    )
  }
  workers.forEach((worker) => worker?.end())
  await Promise.all(tasks.values())
  return { known, ...(error === undefined ? {} : { error }) }
}

/** Searches, and says on its streams what came of it. */
export const searchAt = async (rim: SearchRim, network: string, options: SearchOptions): Promise<ExitCode> => {
  const { out, err } = rim
  const { json, shard, jobs, searcher: name, seed, trials, epochs, eta, validation, merge = [] } = options
  const { ink, status, say, refuse } = voiceOf(
    rim,
    json,
    ({ code, message }: EtalonError) => `${code}: ${message}`,
    exitOfWork,
  )
  const read = await readText(options.space)
  const effort: Effort = { trials, budget: epochs, eta, seed }
  const asked = F.pipe(
    learnsAs(network),
    E.flatMap(() => read),
    E.flatMap((text) =>
      F.pipe(
        jsonOf(text),
        E.mapLeft(() => etalonError('FormatInvalid', 'it is no JSON')),
        E.flatMap(parseSpace),
        E.tap(recipesOf),
        E.mapLeft(within(options.space)),
      ),
    ),
    E.bindTo('space'),
    E.bind('searcher', ({ space }) => searcherOf(name, space, effort)),
  )
  if (E.isLeft(asked)) return refuse(asked.left)
  const { space, searcher } = asked.right
  const head: Head = { network, searcher: name, trials, epochs, eta, seed, validation, space }
  const target = await writable(options.trialsFile)
  if (E.isLeft(target)) return refuse(target.left)
  const exists = E.isRight(await readText(options.trialsFile))
  const files = [...(exists ? [options.trialsFile] : []), ...merge]
  const found = E.sequenceArray(await Promise.all(files.map((file) => outcomesIn(file, head))))
  if (E.isLeft(found)) return refuse(found.left)
  const begun = unique(found.right.flat())
  const write = (to: Target, known: readonly Outcome[]): Promise<Result<void>> =>
    writeWhole(to, `${[head, ...known].map((line) => JSON.stringify(line)).join('\n')}\n`)
  const laid = await write(target.right, begun)
  if (E.isLeft(laid)) return refuse(laid.left)
  if (begun.length > 0) say(`goes on from ${begun.length} trials`)
  const stop = { interrupted: false }
  const unlisten = rim.listen?.(() => (stop.interrupted = true))
  let least = Math.min(Infinity, ...begun.map(lossOf))
  const manner: SearchManner = { ...options, network, states: `${options.trialsFile}.states` }
  const { known, error } = await work(
    rim,
    manner,
    jobs,
    (known) => searcher.next(known).filter(isIn(shard)),
    begun,
    async (known, outcome) => {
      least = Math.min(least, lossOf(outcome))
      say(
        `${outcome.id.padEnd(22)} ${(outcome.loss === 'failed' ? 'failed' : outcome.loss.toFixed(4)).padStart(8)}  ${
          outcome.loss === 'failed' ? (outcome.reason ?? '') : inWords(outcome.setting)
        }`,
      )
      status.show(`${bar(Math.min(known.length / Math.max(trials, known.length + 1), 1))} least ${least.toFixed(4)}`)
      return write(target.right, known)
    },
    () => stop.interrupted,
  )
  unlisten?.()
  status.clear()
  if (stop.interrupted) {
    say(`broken off after ${known.length} trials; the same command goes on from ${options.trialsFile}`)
    return exit.interrupted
  }
  if (error !== undefined) {
    const code = refuse(error)
    complainTo(err)(`nothing is lost: the same command goes on from ${options.trialsFile}`)
    return code
  }
  const left = searcher.next(known).length
  if (left > 0 && shard !== undefined) {
    say(
      `${known.length} trials are done; ${left} are for other shards. --merge lays their files beside this one, and goes on.`,
    )
    return exit.ok
  }
  const best = bestOf(known)
  if (E.isLeft(best)) return refuse(best.left)
  const importance = importanceOf(space, known.filter(({ budget }) => budget === best.right.budget)) // prettier-ignore
  say('')
  say(ink.strong(`the best of ${known.length} trials: ${best.right.id}, ${lossOf(best.right).toFixed(4)}`))
  say(inWords(best.right.setting))
  say('')
  say('how much of the differences each parameter explains by itself')
  Object.entries(importance)
    .toSorted(([, a], [, b]) => b - a)
    .forEach(([name, share]) => say(`  ${name.padEnd(14)} ${(100 * share).toFixed(0).padStart(3)} %`))
  say('')
  say('No test digit was looked at. This trains it, and reads them:')
  say(`  ${commandFor(network, best.right, options)}`)
  if (json === true)
    out.write(
      `${JSON.stringify({ network, searcher: name, trials: known.length, failed: known.filter(({ loss }) => loss === 'failed').length, best: best.right, importance })}\n`,
    )
  return exit.ok
}

/** `etalon search NETWORK`: hyperparameters, by trainings on digits that are judged by validation digits. */
export const searchCommand: Subcommand = (command, end) =>
  void command
    .argument('<network>', 'a network that digits can be put to, as of train')
    .requiredOption('--space <file>', 'what is searched: JSON, a parameter each (see below)')
    .requiredOption(
      '--trials-file <file>',
      'outcomes go here, a line each; where it is there, the search goes on from it',
    )
    .addOption(new Option('--searcher <name>', 'how').choices([...searcherNames]).default('random'))
    .option('--trials <n>', 'how many settings; of hyperband its brackets say', wholeNumber(1), 16)
    .option('--epochs <n>', 'of a whole trial', wholeNumber(1), 9)
    .option('--eta <n>', 'of halving and hyperband: one of so many goes on', wholeNumber(2), 3)
    .option('--validation <n>', 'so many training digits judge, and are not learnt', wholeNumber(1), 500)
    .option('--data <dir>', 'a folder of IDX files, plain or gzipped (MNIST’s form); without it, generated digits')
    .option('--seed <n>', 'of the settings, the first weights, the order and the digits', wholeNumber(0), 1)
    .option('--jobs <n>', 'so many processes side by side', wholeNumber(1), 1)
    .addOption(new Option('--shard <i/n>', 'only such a part of the trials, as in 2/8').argParser(shardText))
    .option('--merge <files...>', 'outcomes of other shards of this search, to go on from as well')
    .addOption(backendOption())
    .addOption(deviceOption())
    .option('--json', 'the last line on standard output is an object with the best; the rest goes to standard error')
    .addHelpText(
      'after',
      `
A space, of parameters that train has:
  {"learningRate": {"kind": "real", "from": 1e-4, "to": 1, "log": true},
   "batch": {"kind": "choice", "values": [16, 32, 64]}}
There are ${searchable.slice(0, 7).join(', ')},
${searchable.slice(7).join(', ')}. A trial is judged by
the share of the validation digits that it reads wrongly, or by its loss where
it is no classifier. Its rate is constant, so that what goes on goes on to the
same bits; trials that were killed do. This machine has ${availableParallelism()} cores.`,
    )
    .action(async (network: string, options: SearchOptions) =>
      end(await searchAt({ ...processRim(), startWorker }, network, options)),
    )
