import { either as E } from 'fp-ts'
import type { OpName } from '../spec/catalogue.js'
import { opOf } from '../spec/catalogue.js'
import { measure } from './coverage/extents.js'
import type { Fill, Form } from './form.js'

/**
 * What the failures of a line have in common. A backend is seldom wrong everywhere: it is wrong where there is a
 * dilation, where an axis is longer than 512, where a NaN comes in. Traits of a case are what can be said of it in a few
 * words; failures are laid in groups by the trait, or the two, that tell them best from the cases that passed.
 */

/** Something that is so of a case, in words that follow “cases with”. */
export type Trait = string

/** A case that was answered, and how. */
export interface Outcome {
  readonly form: Form
  /** in what way it failed, or undefined where it did not */
  readonly way: string | undefined
}

/** Failures that belong together. */
export interface Group {
  /** what they have in common, or undefined where nothing simple tells them from the cases that passed */
  readonly traits: readonly Trait[]
  /** the failures, by their places among the outcomes */
  readonly failures: readonly number[]
  /** how many cases have those traits, failed or not */
  readonly of: number
}

const large = [16, 32, 64, 128, 256, 384, 512, 768, 1024, 2048, 4096, 65535] as const

const extentTraits = (name: string, extent: number): readonly Trait[] => [
  ...(extent <= 9 ? [`${name} = ${extent}`] : []),
  ...(extent > 1 ? [`${name} > 1`] : []),
  ...[2, 4, 8].flatMap((tile) => (extent > tile && extent % tile !== 0 ? [`${name} no multiple of ${tile}`] : [])),
  ...(extent > 8 && extent % 16 === 8 ? [`${name} an odd multiple of 8`] : []),
  ...large.filter((size) => extent > size).map((size) => `${name} > ${size.toLocaleString('en-US')}`),
  ...large
    .filter((size) => extent >= size / 2 && extent <= size)
    .map((size) => `${name} ≤ ${size.toLocaleString('en-US')}`),
]

const valueTraits = (name: string, value: unknown): readonly Trait[] => {
  if (!Array.isArray(value)) return [`${name} = ${String(value)}`]
  const list = value as readonly number[]
  const most = list.reduce((a, b) => Math.max(a, b), 0)
  const sides = list.length % 2 === 0 && name.toLowerCase().includes('padding')
  return [
    ...(most > 0 && sides ? [`${name} > 0`] : []),
    ...(!sides && most > 1 ? [`${name} > 1`] : []),
    ...(!sides && most > 2 ? [`${name} > 2`] : []),
    ...(new Set(list).size > 1 ? [`unequal ${name}`] : []),
  ]
}

const fillNames: Readonly<Partial<Record<string, string>>> = {
  lone: 'a lone number among zeros',
  outlier: 'one number far above the others',
  largestLast: 'the largest last',
}

const fillText = (fill: Fill): string =>
  typeof fill === 'string'
    ? (fillNames[fill] ?? `${fill} numbers`)
    : 'constant' in fill
      ? `${fill.constant} throughout`
      : 'mean' in fill
        ? `numbers about ${fill.mean} ± ${fill.scale}`
        : 'numbers of its own'

/** Everything that can be said of a form in a few words. */
export const traitsOf = (op: OpName, form: Form): readonly Trait[] => {
  const spec = opOf(op)
  const decoded = spec.attrs.decode(form.attrs)
  const attrs = E.isRight(decoded) ? Object.entries(decoded.right) : []
  const measured = measure(op, form)
  const extents = E.isRight(measured) ? Object.entries(measured.right.extents) : []
  const groups = attrs.find(([name]) => name === 'groups')?.[1]
  const channels = E.isRight(measured) ? measured.right.extents['C'] : undefined
  const optional = Object.entries(spec.inputs).flatMap(([name, axes]) => ('optional' in axes ? [name] : []))
  const ranks = Object.values(form.shapes).map(({ length }) => length)
  return [
    ...attrs.filter(([name]) => name !== 'groups').flatMap(([name, value]) => valueTraits(name, value)),
    ...(typeof groups === 'number' && groups > 1 ? ['groups > 1'] : []),
    ...(typeof groups === 'number' && groups > 1 && groups === channels ? ['one group per channel'] : []),
    ...extents.flatMap(([name, extent]) => extentTraits(name, extent)),
    ...optional.map((name) => (form.shapes[name] === undefined ? `no ${name}` : `${name} given`)),
    ...(extents.length === 0 || 'first' in Object.fromEntries(extents) ? [`rank ${Math.max(0, ...ranks)}`] : []),
    ...(ranks.every((rank) => rank === 0) ? ['scalars'] : []),
    ...Object.entries(form.fills).map(([name, fill]) => `${name} of ${fillText(fill)}`),
    ...(form.given === undefined ? [] : [`cotangents of ${form.given.join(', ')} only`]),
    ...(form.wanted === undefined ? [] : [`${form.wanted.join(', ')} wanted only`]),
  ]
}

// a trait tells failures where at most this share of the cases that have it passed
const mostPassed = 0.1
// of the cases so many failed that none of them needs telling apart
const nearlyAll = 0.75
// groups of their own, and failures that no group took
const mostGroups = 4

interface Told {
  readonly traits: readonly Trait[]
  readonly failures: readonly number[]
  readonly of: number
}

// traits together tell at most, and so many combinations are looked at further
const mostTraits = 3
const beam = 24

interface Shared {
  readonly traits: readonly Trait[]
  readonly cases: readonly number[]
  /** of them, failures that are in no group yet */
  readonly fresh: readonly number[]
  /** of them, failures */
  readonly failed: number
}

// failures that are met, by how purely: what both many failures and few others have
const merit = ({ cases, fresh, failed }: Shared): number => (fresh.length * failed) / cases.length

const tells = ({ cases, failed }: Shared): boolean => cases.length - failed <= mostPassed * cases.length

/** Traits, then two and three of them together, that hardly a case that passed has. */
const sharesOf = (
  traits: readonly (readonly Trait[])[],
  open: ReadonlySet<number>,
  failed: ReadonlySet<number>,
): readonly Told[] => {
  const having = new Map<Trait, number[]>()
  traits.forEach((list, at) =>
    list.forEach((trait) => {
      const cases = having.get(trait)
      if (cases === undefined) having.set(trait, [at])
      else cases.push(at)
    }),
  )
  const partial = (names: readonly Trait[], cases: readonly number[]): Shared => ({
    traits: names,
    cases,
    fresh: cases.filter((at) => open.has(at)),
    failed: cases.filter((at) => failed.has(at)).length,
  })
  const singles = [...having]
    .map(([trait, cases]) => partial([trait], cases))
    .filter(({ fresh }) => fresh.length > 0)
    .sort((a, b) => merit(b) - merit(a))
  const sets = new Map([...having].map(([trait, cases]) => [trait, new Set(cases)]))
  let level: readonly Shared[] = singles
  const found: Shared[] = level.filter(tells)
  for (let depth = 2; depth <= mostTraits; depth++) {
    const seen = new Set<string>()
    level = level
      .filter((one) => !tells(one))
      .slice(0, beam)
      .flatMap((one) =>
        singles.flatMap(({ traits: [other = ''] }) => {
          const names = [...one.traits, other].sort()
          if (one.traits.includes(other) || seen.has(names.join())) return []
          seen.add(names.join())
          const both = partial(
            names,
            one.cases.filter((at) => sets.get(other)?.has(at)),
          )
          return both.fresh.length > 0 ? [both] : []
        }),
      )
      .sort((a, b) => merit(b) - merit(a))
    found.push(...level.filter(tells))
  }
  return found.map(({ traits: names, cases, fresh }) => ({ traits: names, failures: fresh, of: cases.length }))
}

// more failures first, then fewer words, then the narrower description
const better = (a: Told, b: Told): number =>
  b.failures.length - a.failures.length || a.traits.length - b.traits.length || a.of - b.of

const among = (op: OpName, outcomes: readonly Outcome[], failed: ReadonlySet<number>): readonly Group[] => {
  const traits = outcomes.map(({ form, way }, at) => (way === undefined || failed.has(at) ? traitsOf(op, form) : []))
  const asked = traits.filter((list) => list.length > 0).length
  // where most fail, all that failures have in common is that they were asked
  let open = failed.size >= nearlyAll * asked ? new Set<number>() : failed
  const rest = new Set(open.size === 0 ? failed : [])
  const groups: Group[] = []
  while (open.size > 0 && groups.length < mostGroups) {
    const [best] = [...sharesOf(traits, open, failed)].sort(better)
    if (best === undefined) break
    groups.push(best)
    open = new Set([...open].filter((at) => !best.failures.includes(at)))
  }
  open.forEach((at) => rest.add(at))
  return [...groups, ...(rest.size === 0 ? [] : [{ traits: [], failures: [...rest], of: asked }])]
}

/**
 * The failures of a line in groups, the largest first: those that fail alike, and of them those that share a trait, or
 * two, that hardly a case that passed has. What is left is a group without traits.
 */
export const groupsOf = (op: OpName, outcomes: readonly Outcome[]): readonly Group[] => {
  const ways = [...new Set(outcomes.flatMap(({ way }) => (way === undefined ? [] : [way])))]
  return ways
    .flatMap((way) => among(op, outcomes, new Set(outcomes.flatMap((one, at) => (one.way === way ? [at] : [])))))
    .sort((a, b) => b.failures.length - a.failures.length)
}
