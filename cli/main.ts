#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import type { Subcommand } from './command.js'
import { exit } from './exit.js'
import { version } from './version.js'

interface Entry {
  /** what help says of it; one without is for the command's own use */
  readonly summary?: string
  readonly load: () => Promise<Subcommand>
}

/** Every subcommand, one file each, loaded when it is asked for: `etalon eval` starts without what `verify` needs. */
const subcommands: Readonly<Record<string, Entry>> = {
  verify: {
    summary: 'hold a backend against the reference',
    load: async () => (await import('./verify.js')).verifyCommand,
  },
  part: { load: async () => (await import('./part.js')).partCommand },
  zoo: {
    summary: 'hold a backend against the reference on whole networks, node by node',
    load: async () => (await import('./zoo.js')).zooCommand,
  },
  localize: {
    summary: 'which op of a network is wrong: of the zoo, of a program or an ONNX model',
    load: async () => (await import('./localize.js')).localizeCommand,
  },
  adjudicate: {
    summary: 'which of several answers to a case are right, and by how much the others are wrong',
    load: async () => (await import('./adjudicate.js')).adjudicateCommand,
  },
  merge: {
    summary: 'lay the reports of the shards of a run together',
    load: async () => (await import('./merge.js')).mergeCommand,
  },
  compare: {
    summary: 'what two reports differ in: newly failing, newly passing, drifted',
    load: async () => (await import('./compare.js')).compareCommand,
  },
  report: {
    summary: 'a stored report as a page, as JUnit’s XML, or for GitHub Actions',
    load: async () => (await import('./report.js')).reportCommand,
  },
  replay: { summary: 'run one case of verify again', load: async () => (await import('./replay.js')).replayCommand },
  train: {
    summary: 'train a network on the device, on digits',
    load: async () => (await import('./train.js')).trainCommand,
  },
  search: {
    summary: 'look for hyperparameters: trials are trainings, judged by validation digits',
    load: async () => (await import('./search.js')).searchCommand,
  },
  trial: { load: async () => (await import('./trial.js')).trialCommand },
  'train-agent': {
    summary: 'train an agent on the device, in a grid, on a cart with a pole, at catch',
    load: async () => (await import('./trainAgent.js')).trainAgentCommand,
  },
  lesson: {
    summary: 'what the course says about learning, seen on digits',
    load: async () => (await import('./lesson.js')).lessonCommand,
  },
  eval: {
    summary: 'answer requests for single ops: a JSON line in, a JSON line out',
    load: async () => (await import('./eval.js')).evalCommand,
  },
  tolerance: {
    summary: 'what a test may ask of an op at a shape, in f32, tf32, bf16 or f16',
    load: async () => (await import('./tolerance.js')).toleranceCommand,
  },
  golden: {
    summary: 'the oracle’s answers in a file: record them, hold a backend or a version to them',
    load: async () => (await import('./golden.js')).goldenCommand,
  },
  bench: {
    summary: 'time answers already found right, side by side with other libraries',
    load: async () => (await import('./bench.js')).benchCommand,
  },
  tune: {
    summary: 'measure which kernels win on this adapter, and keep that for the other commands',
    load: async () => (await import('./tune.js')).tuneCommand,
  },
  explain: {
    summary: "an op's formula with numbers put in, step by step",
    load: async () => (await import('./explain.js')).explainCommand,
  },
  describe: {
    summary: 'a network layer by layer: shapes, parameters, multiply-adds, receptive fields',
    load: async () => (await import('./describe.js')).describeCommand,
  },
  list: {
    summary: 'the catalogue: ops, their inputs, attributes and outputs, and which backend has them',
    load: async () => (await import('./list.js')).listCommand,
  },
  backends: {
    summary: 'the backends that can be held: installed or how to install, version, ops',
    load: async () => (await import('./adapterList.js')).adapterListCommand,
  },
}

// help is written for terminals of 80 columns, and for what is narrower
const helpWidth = 80

const fresh = (name: string): Command =>
  new Command(name)
    .exitOverride()
    .showHelpAfterError(`(${name} --help says how it is used)`)
    .configureHelp({ helpWidth: Math.min(process.stdout.isTTY ? process.stdout.columns : helpWidth, helpWidth) })
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'etalon: ')) })

/** The command without a subcommand: help, version, and the message for what it does not know. */
const frame = (): Command =>
  Object.entries(subcommands).reduce<Command>(
    (program, [name, { summary }]) => {
      if (summary !== undefined) program.command(name).description(summary)
      return program
    },
    fresh('etalon')
      .description('The standard that neural-network backends are held against.')
      .version(version())
      .helpCommand(false)
      .addHelpText(
        'after',
        '\nExit codes: 0 ok, 1 not conformant, 2 usage, 3 no backend could start,\n4 the oracle failed its own check, 5 newly failing or slower,\n130 broken off by Ctrl-C',
      ),
  )

const run = async ([name = '', ...rest]: readonly string[]): Promise<void> => {
  if (name === 'help') return run([...rest.slice(0, 1), '--help'])
  const entry = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined
  if (entry === undefined) {
    await frame().parseAsync([...(name === '' ? [] : [name]), ...rest], { from: 'user' })
    return
  }
  const command = fresh(`etalon ${name}`).description(entry.summary ?? '')
  const subcommand = await entry.load()
  subcommand(command, (code) => {
    unfinished = false
    process.exitCode = code
  })
  unfinished = true
  await command.parseAsync([...rest], { from: 'user' }).finally(() => {
    unfinished = false
  })
  leave(process.exitCode === exit.interrupted || process.exitCode === exit.brokenPipe ? 0 : lingering)
}

// a backend from outside may end the process, or leave it nothing to wait for: neither says that anything is right or wrong
let unfinished = false
process.on('exit', (code) => {
  if (!unfinished || (code !== exit.ok && code !== exit.notConformant)) return
  console.error('etalon: the process ended before the command did; this is no verdict')
  process.exitCode = exit.noBackend
})

// a backend from outside may leave timers, sockets or processes behind that keep this one from ending
const lingering = 3000

/** Ends the process where it does not end by itself, once all that was written is read. */
const leave = (after: number): void => {
  setTimeout(() => {
    const unread = process.stdout.destroyed ? 0 : process.stdout.writableLength
    if (unread + process.stderr.writableLength > 0) leave(lingering)
    else process.exit()
  }, after).unref()
}

// where nobody reads any more there is nothing to work for; a command that has files to write hears of it itself
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') {
    if (process.stdout.listenerCount('error') === 1) process.exit(exit.brokenPipe)
    return
  }
  console.error(`etalon: the results cannot be written: ${error.message}`)
  process.exit(exit.usage)
})

/** What was left out of an installation, as `npm install --omit=optional` leaves out what few commands want. */
const missingPackage = (thrown: unknown): string | undefined =>
  thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_MODULE_NOT_FOUND'
    ? /^Cannot find package '([^']+)'/.exec(thrown.message)?.[1]
    : undefined

run(process.argv.slice(2)).catch((thrown: unknown) => {
  if (thrown instanceof CommanderError) {
    process.exitCode = thrown.exitCode === 0 ? exit.ok : exit.usage
    return
  }
  const missing = missingPackage(thrown)
  if (missing !== undefined) {
    console.error(`etalon: this takes the package ${missing}, which is not installed: npm install ${missing}`)
    process.exitCode = exit.usage
    return
  }
  // a bug in Etalon: no verdict of any kind, least of all "not conformant"
  console.error(thrown)
  process.exitCode = exit.oracleFailed
})
