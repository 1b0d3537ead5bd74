import { either as E } from 'fp-ts'
import type { Backend } from '../spec/backend.js'
import type { Oracle } from '../spec/oracle.js'
import { showShape } from '../spec/tensor.js'
import { ask } from './ask.js'
import type { Case } from './form.js'
import type { Line } from './line.js'

/** The cases that blame a backend: of every group of a line's failures the smallest. */
export const casesThatBlame = (lines: readonly Pick<Line, 'groups'>[]): readonly Case[] =>
  lines.flatMap(({ groups }) => groups.map(({ failure }) => failure.smallest))

/**
 * What another implementation has to say of cases that blame a backend: those in which it answers otherwise than the oracle,
 * too, in words. The textbook's loops are written from the contract and not from the reference, so where both they and
 * the backend are out of bounds it is the oracle that is in doubt. What the other one refuses says nothing.
 *
 * Errors  none: what it cannot say is left out
 */
export const doubtsAbout = async (
  other: Backend,
  oracle: Oracle,
  cases: readonly Case[],
): Promise<readonly string[]> => {
  const opinions = await Promise.all(
    cases.map(async (one): Promise<readonly string[]> => {
      const asked = await ask(other, oracle, one)()
      const judgement = E.isRight(asked) ? asked.right.judgement : undefined
      if (judgement === undefined || judgement.problem !== undefined || judgement.worst.ratio <= 1) return []
      const { output, index, got, want } = judgement.worst
      // how something that is no finite number fares is told by itself, and loops in f32 may lose it
      if (!Number.isFinite(got) || !Number.isFinite(want)) return []
      return [
        `${one.op} ${one.direction}: in ${one.seed} ${output}${showShape(index)} is ${want}; ${other.name} answers ${got}, and is out of bounds as well`,
      ]
    }),
  )
  return opinions.flat()
}
