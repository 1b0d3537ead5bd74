import type { ReadLine } from '../../conformance/reportCodec.js'
import type { Direction, OpName } from '../../spec/catalogue.js'
import type { Cause, CauseClass } from './causes.js'
import type { Disagreement, Recording } from './record.js'
import { causeOf } from './triage.js'

/** What the scoreboard tells, before it is laid out as a page. */

/** A library, and the backends by which it is held. */
export interface Library {
  readonly page: string
  readonly name: string
  readonly has: (backend: string) => boolean
}

export const libraries: readonly Library[] = [
  { page: 'etalon', name: 'Etalon', has: (backend) => backend === 'webgpu' || backend === 'plain-f32' },
  { page: 'tfjs', name: 'TensorFlow.js', has: (backend) => backend.startsWith('tfjs-') },
  { page: 'jax-js', name: 'jax-js', has: (backend) => backend.startsWith('jax-js-') },
  {
    page: 'onnxruntime-web',
    name: 'ONNX Runtime on the web',
    has: (backend) => backend.startsWith('onnxruntime-web'),
  },
  { page: 'pytorch', name: 'PyTorch', has: (backend) => backend === 'pytorch' },
]

/** Columns have room for two letters. */
export const shortNames: Readonly<Record<string, string>> = {
  webgpu: 'EW',
  'plain-f32': 'EP',
  'tfjs-cpu': 'TC',
  'tfjs-wasm': 'TW',
  'tfjs-webgpu': 'TG',
  'jax-js-cpu': 'JC',
  'jax-js-wasm': 'JW',
  'jax-js-webgpu': 'JG',
  'onnxruntime-web': 'OR',
  'onnxruntime-webgpu': 'OG',
  pytorch: 'PT',
}

/** A disagreement with its backend, and whose it is. */
export interface Seen extends Disagreement {
  readonly backend: string
  readonly replay: string
}

/** A cause with all that was seen of it. */
export interface Told {
  readonly id: string
  readonly cause: Cause
  readonly seen: readonly Seen[]
}

/** Causes in the order of the classes, those with the most seen first. */
export const classes: readonly CauseClass[] = ['defect', 'accuracy', 'convention', 'ours']

export const classNames: Readonly<Record<CauseClass, string>> = {
  defect: 'Defects',
  accuracy: 'Accuracy',
  convention: 'Conventions',
  ours: 'Mistakes of ours',
}

/** What the disagreements of some records come down to. Those that nobody has looked at are left out. */
export const toldOf = (recordings: readonly Recording[]): readonly Told[] => {
  const found = new Map<string, { readonly cause: Cause; readonly seen: readonly Seen[] }>()
  for (const { backend, report, disagreements } of recordings)
    for (const one of disagreements) {
      const known = causeOf(backend, one.key)
      if (known === undefined) continue
      const seen = { ...one, backend, replay: report.summary.replay ?? `etalon replay --backend ${backend}` }
      found.set(known.id, { cause: known, seen: [...(found.get(known.id)?.seen ?? []), seen] })
    }
  return [...found]
    .map(([id, told]) => ({ id, ...told }))
    .sort((a, b) => classes.indexOf(a.cause.class) - classes.indexOf(b.cause.class) || b.seen.length - a.seen.length)
}

export const lineOf = ({ report }: Recording, op: OpName, direction: Direction): ReadLine | undefined =>
  report.lines.find((line) => line.op === op && line.direction === direction)

/** How much a disagreement shows: the less, the better it is to be shown. */
const sizeOf = ({ group, at }: Disagreement): number => JSON.stringify(group?.failure.smallest ?? at).length

/** The smallest case that shows a cause. */
export const smallestOf = ({ seen }: Told): Seen => [...seen].sort((a, b) => sizeOf(a) - sizeOf(b))[0] as Seen

/** The line or the program of a disagreement, in words. */
export const placeOf = ({ at }: Disagreement): string =>
  'program' in at ? `program ${at.program}` : `${at.op} ${at.direction}`

/** How many groups of failures a record has, and how many of them were explained. */
export const diagnosedOf = ({ report }: Recording): { readonly groups: number; readonly diagnosed: number } => {
  const groups = report.lines.flatMap((line) => line.groups ?? [])
  return { groups: groups.length, diagnosed: groups.filter(({ diagnosis }) => diagnosis !== undefined).length }
}

/** How many lines have a grade. */
export const gradesOf = ({ report }: Recording): Readonly<Record<'A' | 'B' | 'C', number>> => {
  const count = (letter: string): number => report.lines.filter(({ grade }) => grade === letter).length
  return { A: count('A'), B: count('B'), C: count('C') }
}
