import { mutants, variants } from './index.js'
import type { Family } from './mutant.js'
import { families } from './mutant.js'
import type { Recorded } from './recorded.js'

/** What came of the faults, counted. */
export interface Tally {
  readonly family: Family | 'all'
  readonly tried: number
  /** rejected by the suite; a backend that hangs or ends its process gives no answer, which is none that passes */
  readonly rejected: number
  /** told beside the verdict, and rejected by a strict run: what is lost of NaN and the infinities */
  readonly told: number
  /** passed, and no answer can show them */
  readonly equivalent: number
  /** passed, though an answer could show them */
  readonly missed: number
  /** of those that are not equivalent, rejected by the two usual rules */
  readonly absolute: number
  readonly relative: number
}

/** One tally a family, and one of them all. */
export const tallies = (recorded: Recorded): readonly Tally[] => {
  const tally = (family: Family | 'all'): Tally => {
    const tried = mutants.filter((each) => (family === 'all' || each.family === family) && recorded[each.id])
    const passed = tried.filter(({ id }) => recorded[id]?.verdict === 'passed')
    const equivalent = passed.filter((each) => each.equivalent !== undefined).length
    const others = tried.filter((each) => each.equivalent === undefined)
    const told = tried.filter(({ id }) => recorded[id]?.verdict === 'told').length
    return {
      family,
      tried: tried.length,
      rejected: tried.length - passed.length - told,
      told,
      equivalent,
      missed: passed.length - equivalent,
      absolute: others.filter(({ id }) => recorded[id]?.absolute).length,
      relative: others.filter(({ id }) => recorded[id]?.relative).length,
    }
  }
  return [...(Object.keys(families) as Family[]), 'all' as const].map(tally).filter(({ tried }) => tried > 0)
}

/** Whether a variant fared as what is right has to: special values lost are told beside the verdict, and fail nothing. */
export const stands = (recorded: Recorded, id: string): boolean =>
  ['passed', 'told'].includes(recorded[id]?.verdict ?? 'rejected')

export const summary = (recorded: Recorded): string => {
  const tried = variants.filter(({ id }) => recorded[id])
  return [
    `${'family'.padEnd(14)}   tried rejected   told equivalent missed | 1e-3 absolute, relative`,
    ...tallies(recorded).map(({ family, tried, rejected, told, equivalent, missed, absolute, relative }) =>
      [
        family.padEnd(14),
        ...[tried, rejected, told, equivalent, missed, absolute, relative].map((n) => String(n).padStart(7)),
      ].join(' '),
    ),
    `correct variants: ${tried.length} tried, ${tried.filter(({ id }) => stands(recorded, id)).length} passed`,
  ].join('\n')
}
