import { InvalidArgumentError, Option } from 'commander'
import { either as E } from 'fp-ts'
import type { Shard } from '../conformance/shards.js'
import type { OpName } from '../spec/catalogue.js'
import { opNames, parseOpName } from '../spec/catalogue.js'
import { recurrentOps } from '../spec/networks/network.js'
import { backendNames, backendProblem } from './backends.js'

/** An option's whole number from `least` up. */
export const wholeNumber =
  (least: number) =>
  (text: string): number => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least)
      throw new InvalidArgumentError(`A whole number of at least ${least} is wanted.`)
    return value
  }

/** An option's number from 0 up that f32 can hold. */
export const atLeastZero = (text: string): number => {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(Math.fround(value)) || value < 0)
    throw new InvalidArgumentError('A number of at least 0 is wanted.')
  return value
}

/** An option's share: a number from 0 up and below 1. */
const shareBelowOne = (text: string): number => {
  const value = atLeastZero(text)
  if (value >= 1) throw new InvalidArgumentError('A share of at least 0 and below 1 is wanted.')
  return value
}

/** An option's number above 0 that f32 can hold. */
export const aboveZero = (text: string): number => {
  const value = atLeastZero(text)
  if (value === 0) throw new InvalidArgumentError('A number above 0 is wanted.')
  return value
}

/** What a recurrent network may be asked for, by the same words wherever one is named. */
export const cellOption = (): Option =>
  new Option('--cell <op>', 'the cell of a recurrent network').choices([...recurrentOps])
export const layersOption = (): Option =>
  new Option('--layers <n>', 'how many recurrent layers on top of each other').argParser(wholeNumber(1))
export const bidirectionalOption = (): Option =>
  new Option('--bidirectional', 'each recurrent layer reads the sequence from its end as well')
export const dropoutOption = (): Option =>
  new Option(
    '--dropout <share>',
    'the share of what goes from one recurrent layer to the next that training leaves out',
  ).argParser(shareBelowOne)

const meansAny = /[*?]/

// * stands for any letters, ? for one
const patternOf = (text: string): RegExp =>
  new RegExp(
    `^${text
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  )

/** An option's ops, by name, with commas between; `*` and `?` stand for any letters, as in `conv*,*Pool2d`. */
export const opList = (text: string): readonly OpName[] => [
  ...new Set(
    text.split(',').flatMap((part): readonly OpName[] => {
      const name = part.trim()
      if (meansAny.test(name)) {
        const found = opNames.filter((op) => patternOf(name).test(op))
        if (found.length === 0)
          throw new InvalidArgumentError(`no op is called ${name}; there are ${opNames.join(', ')}.`)
        return found
      }
      const op = parseOpName(name)
      if (E.isLeft(op)) throw new InvalidArgumentError(op.left.message.replace(/[^?]$/, '$&.'))
      return [op.right]
    }),
  ),
]

const mostShards = 1000

/** An option's part of a run, as in `2/8`. */
export const shardText = (text: string): Shard => {
  const [, index, of] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number)
  if (index === undefined || of === undefined || index < 1 || index > of || of > mostShards)
    throw new InvalidArgumentError(`A part is wanted such as 2/8, the second of eight; at most ${mostShards} parts.`)
  return { index, of }
}

export const deviceOption = (): Option =>
  new Option('--device <choice>', 'auto: a GPU, else what the system offers, else the embedded adapter')
    .choices(['auto', 'gpu', 'software'])
    .default('auto')

/** An option's backend: a name, the path of a file, or `exec:COMMAND`. */
export const backendText = (text: string): string => {
  const problem = backendProblem(text)
  if (problem !== undefined) throw new InvalidArgumentError(`${problem}.`)
  return text
}

export const backendOption = (): Option =>
  new Option(
    '--backend <which>',
    `a name (${backendNames.join(', ')}), the path of a file that exports one (./mine.ts), or exec:COMMAND, a program that answers questions`,
  )
    .argParser(backendText)
    .default('webgpu')

export const caseTimeoutOption = (): Option =>
  new Option('--case-timeout <seconds>', 'how long an answer may take; a case without one by then is a failure')
    .argParser(aboveZero)
    .default(30)

/** What another backend than our own may take over a whole network or a step of training, in seconds. */
export const longTimeout = 600

export const longTimeoutOption = (what: string): Option =>
  new Option(
    '--case-timeout <seconds>',
    `how long ${what} may take; by default ${longTimeout} on any backend but our own`,
  ).argParser(aboveZero)
