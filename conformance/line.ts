import type { Fingerprint } from '../spec/backend.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import type { Profile } from './cases.js'
import type { Covered } from './coverage/covered.js'
import type { Diagnosis } from './diagnosis.js'
import type { Findings } from './findings.js'
import type { Grade } from './grade.js'
import type { Trait } from './groups.js'
import type { Worst } from './judge.js'
import type { Lost, NonFinite } from './nonFinite.js'
import type { Rounding } from './probe.js'
import type { ProgramLine } from './programs/probe.js'
import type { Repeats } from './repetition.js'

/** What a run finds: a line for each op and direction, and the report of all of them. */

/**
 * What is found of an op in a direction. All that is wrong is wrong by another convention (`convention`), or for want of
 * digits (`inaccurate`), or otherwise (`not-conformant`).
 */
export type Verdict =
  'conformant' | 'inaccurate' | 'convention' | 'not-conformant' | 'not-deterministic' | 'unsupported' | 'not-run'

/** A case that a backend got wrong, and the smallest one like it that it gets wrong too. */
export type Failure = NonNullable<Findings['failure']>

/** Failures of a line that have something in common, and the smallest case of them. */
export interface FailureGroup {
  /** in words that follow “cases with”; none where nothing simple tells them from the cases that passed */
  readonly traits: readonly Trait[]
  readonly failed: number
  /** cases with these traits, failed or not */
  readonly of: number
  readonly failure: Failure
  /** what all of them might be instead, where anything that is known gives their answers */
  readonly diagnosis?: Diagnosis
  /** a program in the backend's own API that shows it, where the backend has one */
  readonly snippet?: string
}

/** An entry of a ledger of known failures that is about a line: why it is there, and until when. */
export interface Known {
  readonly reason: string
  /** an ISO date, the last day on which it counts */
  readonly expires: string
  /** the traits of the failures that it is about, where it is not about all of the line's */
  readonly traits?: readonly Trait[]
}

/** The answer to one op in one direction. */
export interface Line {
  readonly op: OpName
  readonly direction: Direction
  readonly backend: string
  /** what stands between the op and the backend's own call */
  readonly translates?: readonly string[]
  /** cases asked and answered */
  readonly cases: number
  /** cases that the backend refused for a limit of its device: neither right nor wrong */
  readonly refused: number
  /** cases that the backend says are not its own, by the reason that it gives: neither right nor wrong */
  readonly unsupported?: Readonly<Record<string, number>>
  /** cases that were not asked, after some had no answer in time */
  readonly unasked?: number
  readonly verdict: Verdict
  /** elements judged, of so many that the answers have: large outputs are judged by some of theirs */
  readonly judged: number
  readonly of: number
  /** elements of outputs judged in part that are held all the same, by sums over their channels */
  readonly held: number
  readonly worst?: Worst
  /** the case of the worst element */
  readonly worstCase?: string
  /** root mean square of error ÷ bound, over the elements whose bound is above 0 */
  readonly rms?: number
  /** Gate S over the cases that have it: the worst grades of large outputs, and of small ones of all cases joined */
  readonly walk?: { readonly rms: number; readonly max: number; readonly judged: boolean }
  readonly failed: number
  /** cases that err as a convolution by transforms does, which is right: among them integers that came out with fractions */
  readonly transformed?: number
  /** what the cases that were answered cover */
  readonly covered?: Covered
  /** what failed, by what the cases have in common, the most first */
  readonly groups: readonly FailureGroup[]
  /** the first group's */
  readonly failure?: Failure
  readonly nonFinite: NonFinite
  /** the first NaN or infinity that was lost, if any was */
  readonly lost?: Lost
  /** how accurate it is beside a textbook's loops in f32 */
  readonly grade?: Grade
  /** part of the cases asked again: how many answers differ in bits from the first, how many are out of bounds */
  readonly repeats?: Omit<Repeats, 'suspect'>
  /** a case that failed only after others, and the fewest that show it */
  readonly sequence?: Findings['sequence']
  /** the entries of a ledger by which all that is wrong here is known: the run does not fail for it */
  readonly expected?: readonly Known[]
  /** the entries of a ledger that say of something that it fails, and it does not: the run fails for it */
  readonly unexpected?: readonly Known[]
  /** how long it took */
  readonly seconds?: number
}

/** How many cases of a line are not the backend's own. */
export const notItsOwn = ({
  unsupported = {},
}: {
  readonly unsupported?: Readonly<Record<string, number>> | undefined
}): number => Object.values(unsupported).reduce((n, count) => n + count, 0)

export interface Report {
  readonly backend: string
  readonly fingerprint: Fingerprint
  readonly rounding: Rounding
  readonly seed: number
  readonly profile: Profile
  readonly lines: readonly Line[]
  /** small programs, where the scope leaves nothing out */
  readonly programs?: readonly ProgramLine[]
}
