import { lowerings } from '../accelerated/table.js'
import { adapters } from '../adapters/index.js'
import { versionOf } from '../adapters/installed.js'
import { plainF32 } from '../adapters/plainF32.js'
import type { Ink } from '../conformance/text.js'
import { plain } from '../conformance/text.js'
import type { Adapter } from '../spec/adapter.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { hasBackward, opNames } from '../spec/catalogue.js'
import type { Subcommand } from './command.js'
import type { ExitCode } from './exit.js'
import { exit } from './exit.js'
import type { Screen } from './terminal.js'
import { inkFor } from './terminal.js'

/** A line of `etalon backends --json`. */
export interface ListedBackend {
  readonly name: string
  readonly about: string
  /** the version of the library that was found, null where it is missing; ours have none of their own */
  readonly installed: string | null
  /** what installs it, where anything must be */
  readonly install: string | null
  readonly packages: Readonly<Record<string, string>>
  /** the ops that it answers, each with its directions */
  readonly ops: Readonly<Partial<Record<OpName, readonly Direction[]>>>
}

const coverageOf = (supports: Adapter['supports']): ListedBackend['ops'] =>
  Object.fromEntries(
    opNames.flatMap((op) => {
      const directions = (hasBackward(op) ? (['forward', 'backward'] as const) : (['forward'] as const)).filter(
        (direction) => supports(op, direction),
      )
      return directions.length === 0 ? [] : [[op, directions] as const]
    }),
  )

/** The version of an adapter's library; with several packages that of the first, once all are there. */
const foundOf = async ({ packages, found }: Adapter): Promise<string | undefined> => {
  if (found !== undefined) return found()
  const versions = Object.keys(packages).map(versionOf)
  return versions.includes(undefined) ? undefined : versions[0]
}

const ownBackends: readonly ListedBackend[] = [
  {
    name: 'webgpu',
    about: "Etalon's own kernels on WebGPU",
    supports: (op: OpName, direction: Direction) => direction in lowerings[op],
  },
  { name: 'plain-f32', about: "a textbook's loops in f32", supports: plainF32.supports },
].map(({ supports, ...own }) => ({
  ...own,
  installed: 'with etalon',
  install: null,
  packages: {},
  ops: coverageOf(supports),
}))

/** Every backend that can be named, and what there is of it on this machine. */
export const backendListing = async (among: readonly Adapter[] = adapters): Promise<readonly ListedBackend[]> => [
  ...ownBackends,
  ...(await Promise.all(
    among.map(async (adapter) => ({
      name: adapter.name,
      about: adapter.about,
      installed: (await foundOf(adapter)) ?? null,
      install: adapter.install,
      packages: adapter.packages,
      ops: coverageOf(adapter.supports),
    })),
  )),
]

// words in lines of at most so many characters, a word that is longer on a line of its own
const wrapped = (text: string, width: number): readonly string[] =>
  text.split(' ').reduce<readonly string[]>((lines, word) => {
    const last = lines.at(-1)
    return last !== undefined && last.length + 1 + word.length <= width
      ? [...lines.slice(0, -1), `${last} ${word}`]
      : [...lines, word]
  }, [])

const count = (ops: ListedBackend['ops'], direction: Direction): number =>
  Object.values(ops).filter((directions) => directions.includes(direction)).length

const width = 80
const indent = '    '

/** The backends as a table of lines of at most 80 characters; under each that is missing, how to install it. */
export const backendTable = (listed: readonly ListedBackend[], ink: Ink = plain): string => {
  const longest = listed.reduce((most, { name }) => Math.max(most, name.length), 0)
  const columns = (name: string, installed: string, forward: string, backward: string, about: string): string =>
    `${name.padEnd(longest)}  ${installed.padEnd(13)} ${forward.padStart(7)} ${backward.padStart(8)}  ${about}`
  const backward = opNames.filter(hasBackward).length
  return [
    ink.faint(columns('', 'installed', 'forward', 'backward', '')).trimEnd(),
    ...listed.flatMap(({ name, about, installed, install, ops }) => [
      columns(
        name,
        (installed ?? 'no').slice(0, 13),
        String(count(ops, 'forward')),
        String(count(ops, 'backward')),
        // what does not fit is below
        about.length <= width - longest - 34 ? about : '',
      ).trimEnd(),
      ...(about.length <= width - longest - 34
        ? []
        : wrapped(about, width - indent.length).map((line) => indent + line)),
      ...(installed === null && install !== null
        ? wrapped(install, width - indent.length).map((line) => ink.faint(indent + line))
        : []),
    ]),
    '',
    ...wrapped(
      `Ops forward, of ${opNames.length}, and backward, of ${backward}. A library that is installed is held by its name: etalon verify --backend NAME`,
      width,
    ).map((line) => ink.faint(line)),
  ].join('\n')
}

/** Writes the backends that there are. */
export const listBackendsAt = async (
  out: Screen,
  json: boolean,
  among: readonly Adapter[] = adapters,
): Promise<ExitCode> => {
  const listed = await backendListing(among)
  out.write(json ? listed.map((one) => `${JSON.stringify(one)}\n`).join('') : `${backendTable(listed, inkFor(out))}\n`)
  return exit.ok
}

/** `etalon backends`: what can be held against the reference, what is installed, and how to install the rest. */
export const adapterListCommand: Subcommand = (command, finish) =>
  void command
    .option('--json', 'a JSON object a line, one for each backend')
    .action(async ({ json }: { readonly json?: boolean }) =>
      finish(await listBackendsAt(process.stdout, json === true)),
    )
