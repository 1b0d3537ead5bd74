import { InvalidArgumentError, Option } from 'commander'
import { either as E } from 'fp-ts'
import type { OpName } from '../spec/catalogue.js'
import { parseOpName } from '../spec/catalogue.js'
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

/** An option's number above 0 that f32 can hold. */
export const aboveZero = (text: string): number => {
  const value = atLeastZero(text)
  if (value === 0) throw new InvalidArgumentError('A number above 0 is wanted.')
  return value
}

/** An option's ops, by name, with commas between. */
export const opList = (text: string): readonly OpName[] =>
  text.split(',').map((name) => {
    const op = parseOpName(name.trim())
    if (E.isLeft(op)) throw new InvalidArgumentError(`${op.left.message}.`)
    return op.right
  })

export const deviceOption = (): Option =>
  new Option('--device <choice>', 'auto: a GPU, else what the system offers, else the embedded adapter')
    .choices(['auto', 'gpu', 'software'])
    .default('auto')

/** An option's backend: a name, the path of a file, or `exec:COMMAND`. */
const backendText = (text: string): string => {
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
