import type { Direction, OpName } from '../../../spec/catalogue.js'
import { opNames, questions } from '../../../spec/catalogue.js'

/**
 * A mutant is one of our backends with a fault of the kind that kernel authors commit, as data: a text of its source and
 * what stands there instead. The suite has to reject it; a variant changes how an answer is made and not what it is, and
 * the suite has to let it pass.
 */

/** The kinds of fault. */
export const families = {
  tail: 'what tiles leave over: dropped, read twice, or written past the end',
  extent: 'wrong past 16, 64, 256, 512, 4,096 or 65,535 of something only',
  index: 'a wrong place: axes swapped, an offset lost, the wrong side, one too far',
  group: 'groups and channels mixed up, or wrong in groups only',
  batch: 'right for the first of a batch only',
  attribute: 'an attribute ignored, or right at its default only',
  formula: 'a factor, a sign or a term of the formula',
  divisor: 'a mean over the wrong number',
  boundary: 'ties, corners and comparisons: strict for not strict',
  epsilon: 'ε in the wrong place, or lost',
  gate: 'gates swapped, or of the wrong function',
  time: 'states and corrections of the wrong step',
  stale: 'a sum that does not start at zero, or memory that is not what it should be',
  barrier: 'lanes that do not wait for one another, or sums of a workgroup that miss some',
  precision: 'f16, bf16 or tf32 inside, digits lost by cancellation, or an unstable formula',
  'not a number': 'NaN and the infinities lost, or made of finite numbers',
  subset: 'wrong for some of the wanted outputs or given cotangents only',
  repeated: 'right the first time, wrong later',
  plan: 'bindings, uniform blocks, pipelines and dispatches mixed up',
} as const
export type Family = keyof typeof families

/** A text of a source file, and what stands there instead. */
export interface Edit {
  /** from the root of the repository */
  readonly file: string
  /** occurs once, or so many times that `nth`, from 0, says which */
  readonly find: string
  readonly replace: string
  readonly nth?: number
}

/** What a backend is asked to find a fault: an op in both its directions, or in one, or the small programs. */
export type Touched = OpName | `${OpName} ${Direction}` | 'programs'

/** A device other than the embedded one as it is: one whose subgroups no kernel is written for, or one of 1 KiB a binding. */
export type Flavour = 'no subgroups' | 'small bindings' | 'a GPU'

interface Changed {
  /** `file: what is wrong` in a few words, the file without its ending */
  readonly id: string
  readonly edits: readonly Edit[]
  readonly touches: readonly Touched[]
  readonly on?: Flavour
}

export interface Mutant extends Changed {
  readonly family: Family
  /** why no answer can show it, where none can */
  readonly equivalent?: string
  /** what would have to be asked to see it, where the default run does not */
  readonly unseen?: string
}

/** Another right way to make the same answers. */
export type Variant = Changed

/** Which backend a change is made to: the one whose room the file is in. */
export type Room = 'accelerated' | 'adapters'
export const roomOf = ({ edits }: Changed): Room => {
  const rooms = new Set(edits.map(({ file }) => file.split('/')[0] as Room))
  if (rooms.size !== 1) throw new Error(`${edits.map(({ file }) => file).join(' and ')} are not of one backend`)
  return [...rooms][0] as Room
}

interface More {
  readonly nth?: number
  readonly on?: Flavour
  readonly equivalent?: string
  readonly unseen?: string
  /** further texts that the fault needs, in the same file unless they name another */
  readonly and?: readonly (Omit<Edit, 'file'> & { readonly file?: string })[]
}

/** Mutants of one file: its path without the ending, then of each the family, what is wrong, what it touches, and the text. */
export const mutantsOf =
  (path: string) =>
  (
    family: Family,
    what: string,
    touches: Touched | readonly Touched[],
    find: string,
    replace: string,
    { nth, and = [], ...more }: More = {},
  ): Mutant => {
    const file = `${path}.ts`
    return {
      id: `${path}: ${what}${more.on === undefined ? '' : `, ${more.on}`}`,
      family,
      edits: [
        { file, find, replace, ...(nth === undefined ? {} : { nth }) },
        ...and.map((edit) => ({ file, ...edit })),
      ],
      touches: typeof touches === 'string' ? [touches] : touches,
      ...more,
    }
  }

/** The ops and directions that a change touches, in the order of the catalogue. */
export const linesOf = ({ touches }: Pick<Changed, 'touches'>): typeof questions =>
  questions.filter(({ op, direction }) => touches.some((each) => each === op || each === `${op} ${direction}`))

/** Whether the small programs are asked of a change. */
export const asksPrograms = ({ touches }: Pick<Changed, 'touches'>): boolean => touches.includes('programs')

/** Every op: for what all of them share. */
export const everyOp: readonly Touched[] = opNames

const timesIn = (text: string, part: string): number => text.split(part).length - 1

/** What is wrong with an edit's text in a file, if anything is. */
export const problemOf = ({ file, find, nth }: Edit, text: string): string | undefined => {
  const times = timesIn(text, find)
  return times === 0
    ? `${file} has no such text: ${find}`
    : nth === undefined && times > 1
      ? `${file} has ${times} times the text ${find}: say which`
      : nth !== undefined && nth >= times
        ? `${file} has ${times} times the text ${find}; there is no number ${nth}`
        : undefined
}

/** A file's text after the edits of it, one after the other. A text that is gone is an error. */
export const edited = (text: string, edits: readonly Edit[]): string =>
  edits.reduce((soFar, edit) => {
    const problem = problemOf(edit, soFar)
    if (problem !== undefined) throw new Error(problem)
    const parts = soFar.split(edit.find)
    const before = (edit.nth ?? 0) + 1
    return `${parts.slice(0, before).join(edit.find)}${edit.replace}${parts.slice(before).join(edit.find)}`
  }, text)
