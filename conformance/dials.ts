import type { AttributeValue } from '../spec/attributes.js'
import type { Backend } from '../spec/backend.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import type { Question } from '../spec/program.js'

/** Dials: attributes that stand for conventions in which libraries lawfully differ. */

/** A dial's values, the catalogue's own first. */
export type Dials = Readonly<Record<string, readonly AttributeValue[]>>

const kinks: Dials = { kink: ['catalogue', 'left', 'right'] }
const ties: Dials = { ties: ['first', 'last', 'share'] }
const roundingUp: Dials = { ceilMode: [false, true] }
const inTheRoot: Dials = { epsilonInside: [false, true] }

const dials: Readonly<Partial<Record<OpName, Dials>>> = {
  relu: kinks,
  leakyRelu: kinks,
  elu: kinks,
  hinge: kinks,
  maxPool2d: { ...ties, ...roundingUp },
  avgPool2d: { countIncludePad: [false, true], ...roundingUp },
  maxout: ties,
  adagrad: inTheRoot,
  rmsprop: inTheRoot,
  batchNormTraining: { runningVariance: ['unbiased', 'biased'] },
}

/** The dials of an op. */
export const dialsOf = (op: OpName): Dials => dials[op] ?? {}

/** The dials that say something of gradients alone: forward they make no difference, and are not asked. */
export const ofGradients: readonly string[] = Object.keys({ ...kinks, ...ties })

/** What is asked of every backend: it changes what an op computes anywhere, and libraries have it as an argument. */
const everyones: readonly string[] = ['countIncludePad', 'runningVariance', 'ceilMode']

/** Whether other values of a dial than the catalogue's are asked only of who has it. */
export const asksOthers = (dial: string): boolean => !everyones.includes(dial)

/** A backend of which is known which dials make no difference to it. */
export type Dialled = Backend & { readonly ignores?: Readonly<Partial<Record<OpName, readonly string[]>>> }

/** The dial that a question asks at a value which the backend need not take, if there is one. */
export const alienDial = (
  { dials: takes, conventions, ignores }: Pick<Dialled, 'dials' | 'conventions' | 'ignores'>,
  { op, attrs }: { readonly op: OpName; readonly attrs: Question['attrs'] },
): string | undefined =>
  takes === true
    ? undefined
    : Object.entries(dialsOf(op)).find(
        ([name, [own]]) =>
          asksOthers(name) &&
          (takes === false || ignores?.[op]?.includes(name) === true) &&
          attrs[name] !== undefined &&
          attrs[name] !== own &&
          attrs[name] !== conventions?.[op]?.[name],
      )?.[0]

/** The dials of an op whose value a backend declares to be another than the catalogue's, in a direction where it shows. */
export const ownValues = (
  conventions: Backend['conventions'],
  op: OpName,
  direction: Direction,
): readonly (readonly [dial: string, value: AttributeValue])[] =>
  Object.entries(dialsOf(op)).flatMap(([dial, [usual]]) => {
    const value = conventions?.[op]?.[dial]
    return value === undefined || value === usual || (direction === 'forward' && ofGradients.includes(dial))
      ? []
      : [[dial, value] as const]
  })

const otherThanOwn = 'other than the catalogue’s'

/** Why such a case is not asked. */
export const reasonOf = (dial: string): string => `${dial} ${otherThanOwn}`

/** Whether a case was not asked for a dial. */
export const isOfDial = (reason: string): boolean => reason.endsWith(otherThanOwn)
