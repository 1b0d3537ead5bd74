import type { Formula, Kernel, Launch } from './kernel.js'
import { kernel } from './kernel.js'
import { mapOver, mappingOf } from './map.js'

/**
 * A formula at the end of the launch that makes what it reads: what would be written and read again stays where it is. The
 * numbers are the same, since every one goes through the same operations.
 */

const escaped = (name: string): string => name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)

/** A formula's text with a prefix before each name that it has for itself: functions, integers, parameters. */
const renamed = ({ at, dims, params }: Formula, prefix: string): string => {
  const functions = [...at.matchAll(/\bfn (\w+)/g)].map(([, name]) => name as string)
  const globals = [...at.matchAll(/\b(?:const|var<\w+>|struct|alias) (\w+)/g)].map(([, name]) => name as string)
  const own = [...new Set([...functions, ...globals, 'Values'])].map(escaped).join('|')
  return at
    .replaceAll(new RegExp(String.raw`(?<!\.)\b(${own})\b`, 'g'), `${prefix}$1`)
    .replaceAll(/\b(dims|params)\.(\w+)/g, (whole, block: string, field: string) =>
      (block === 'dims' ? dims : params).includes(field) ? `${block}.${prefix}${field}` : whole,
    )
}

const prefixed = <A>(prefix: string, values: Readonly<Record<string, A>>): Readonly<Record<string, A>> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}${name}`, value]))

/** What a formula is to do at the end: what it reads of `made`, and its numbers. */
export interface Ending {
  readonly formula: Formula
  /** which of its tensors are what the launch makes */
  readonly of: readonly string[]
  readonly dims: Launch['dims']
  readonly params: Launch['params']
  /** what all its tensors and numbers are called in the launch that is made: the prefix before their names */
  readonly prefix: string
  /** whether what the launch makes is wanted as well */
  readonly kept: boolean
  /** what the formula writes in the place of what it reads */
  readonly inPlace: Kernel['inPlace']
}

const declaredValues = ({ writes }: Formula, prefix: string): string =>
  `struct ${prefix}Values { ${writes.map((name) => `${name}: f32`).join(', ')} }`

/** The name under which a tensor that is kept stands beside what was made of it. */
export const keptName = (prefix: string): string => `${prefix}made`

// another formula: of what both read, what the second writes, and where it is kept what the first writes
const composed = (first: Formula, made: string, { formula, of, prefix, kept }: Ending): Formula => {
  const others = formula.reads.filter((name) => !of.includes(name))
  const rest = first.writes.filter((name) => name !== made)
  const writes = [...rest, ...(kept ? [keptName(prefix)] : []), ...formula.writes.map((name) => `${prefix}${name}`)]
  const reads = [...first.reads, ...others.map((name) => `${prefix}${name}`)]
  const shared = [...first.shared, ...formula.shared.map((name) => `${prefix}${name}`)]
  const given = (names: readonly string[]): string => names.join(', ')
  const inner = `${prefix}of_`
  const results = [
    ...rest.map((name) => `first.${name}`),
    ...(kept ? [`first.${made}`] : []),
    ...formula.writes.map((name) => `second.${name}`),
  ]
  return {
    name: `${first.name}+${formula.name}`,
    reads,
    shared,
    writes,
    dims: [...first.dims, ...formula.dims.map((name) => `${prefix}${name}`)],
    params: [...first.params, ...formula.params.map((name) => `${prefix}${name}`)],
    at: `
${declaredValues(first, inner)}
${renamed({ ...first, dims: [], params: [] }, inner)}
${declaredValues(formula, prefix)}
${renamed(formula, prefix)}
fn at(${given([...reads, ...shared].map((name) => `${name}: f32`))}) -> Values {
  let first = ${inner}at(${given([...first.reads, ...first.shared])});
  let second = ${prefix}at(${given([
    ...formula.reads.map((name) => (of.includes(name) ? `first.${made}` : `${prefix}${name}`)),
    ...formula.shared.map((name) => `${prefix}${name}`),
  ])});
  return Values(${given(results)});
}
`,
  }
}

// any other kernel: what it would write goes through the formula first
const ended = (first: Kernel, made: string, ending: Ending): Kernel => {
  const { formula, of, prefix, kept } = ending
  const others = formula.reads.filter((name) => !of.includes(name))
  const reads = [...first.reads, ...[...others, ...formula.shared].map((name) => `${prefix}${name}`)]
  const writes = first.writes.flatMap((name) =>
    name !== made ? [name] : [...(kept ? [keptName(prefix)] : []), ...formula.writes.map((name) => `${prefix}${name}`)],
  )
  const asVectors = first.vectors.includes(made)
  const given = (lane: string): string =>
    [
      ...formula.reads.map((name) => (of.includes(name) ? `value${lane}` : `own_${name}${lane}`)),
      ...formula.shared.map((name) => `${prefix}${name}(0u)`),
    ].join(', ')
  const lanes = asVectors ? ['x', 'y', 'z', 'w'] : ['']
  const at = (lane: string): string => (lane === '' ? '' : `.${lane}`)
  const result = (name: string): string =>
    asVectors ? `vec4<f32>(${lanes.map((lane) => `of_${lane}.${name}`).join(', ')})` : `of_.${name}`
  return kernel({
    ...first,
    name: `${first.name}+${formula.name}`,
    reads,
    writes,
    inPlace: { ...first.inPlace, ...placesOf(ending) },
    vectors: [
      ...first.vectors,
      ...(asVectors ? [...others, ...formula.writes].map((name) => `${prefix}${name}`) : []),
      ...(asVectors && kept ? [keptName(prefix)] : []),
    ],
    dims: [...first.dims, ...formula.dims.map((name) => `${prefix}${name}`)],
    params: [...first.params, ...formula.params.map((name) => `${prefix}${name}`)],
    code: `${first.code}
${declaredValues(formula, prefix)}
${renamed(formula, prefix)}
fn set_${made}(i: u32, value: ${asVectors ? 'vec4<f32>' : 'f32'}) {
  ${kept ? `set_${keptName(prefix)}(i, value);` : ''}
  ${others.map((name) => `let own_${name} = ${prefix}${name}(i);`).join('\n  ')}
  ${lanes.map((lane) => `let of_${lane} = ${prefix}at(${given(at(lane))});`).join('\n  ')}
  ${formula.writes.map((name) => `set_${prefix}${name}(i, ${result(name)});`).join('\n  ')}
}
`,
  })
}

const placesOf = ({ inPlace, prefix }: Ending): Kernel['inPlace'] =>
  Object.fromEntries(Object.entries(inPlace).map(([to, from]) => [`${prefix}${to}`, `${prefix}${from}`]))

/** A launch that writes some of its tensors in the place of others. */
export const putInPlace = (launch: Launch, inPlace: Kernel['inPlace']): Launch => ({
  ...launch,
  kernel: { ...launch.kernel, inPlace },
  ...(launch.orElse === undefined ? {} : { orElse: putInPlace(launch.orElse, inPlace) }),
})

/**
 * A launch with a formula at its end, over what it writes as `made`, or undefined where it cannot be: its kernel reads again
 * what it writes, or writes it in the place of what it was, where it has to be whoever else reads it.
 */
export const withEnding = (launch: Launch, made: string, ending: Ending): Launch | undefined => {
  const { kernel: first, mapped, bind, outer, orElse } = launch
  const { formula, of, prefix, kept } = ending
  if (made in first.inPlace) return undefined
  const name = (tensor: string): string => `${prefix}${tensor}`
  const { [made]: slot, ...rest } = bind
  const others = formula.reads.filter((tensor) => !of.includes(tensor))
  // what the slots are only the plan knows, which binds values
  const bound = Object.fromEntries(
    [...others, ...formula.shared, ...formula.writes].map((tensor) => [name(tensor), `tmp:${name(tensor)}` as const]),
  )
  const together = {
    bind: { ...rest, ...(kept && slot !== undefined ? { [keptName(prefix)]: slot } : {}), ...bound },
    dims: { ...launch.dims, ...prefixed(prefix, ending.dims) },
    params: { ...launch.params, ...prefixed(prefix, ending.params) },
  }
  if (mapped !== undefined) {
    const formulaOfBoth = composed(mapped.formula, made, ending)
    const { vectors: _, ...dims } = together.dims
    return putInPlace(mapOver(mappingOf(formulaOfBoth), mapped.count, together.bind, together.params, dims), {
      ...first.inPlace,
      ...placesOf(ending),
    })
  }
  if (first.reads.includes(made) || first.rereads.includes(made)) return undefined
  const plain = orElse === undefined ? undefined : withEnding(orElse, made, ending)
  if (orElse !== undefined && plain === undefined) return undefined
  const slice = outer?.slices[made]
  const { [made]: _, ...slices } = outer?.slices ?? {}
  return {
    ...launch,
    ...together,
    kernel: ended(first, made, ending),
    ...(outer === undefined
      ? {}
      : {
          outer: {
            ...outer,
            slices: {
              ...slices,
              ...(slice === undefined
                ? {}
                : Object.fromEntries(
                    [...others.map(name), ...formula.writes.map(name), ...(kept ? [keptName(prefix)] : [])].map(
                      (tensor) => [tensor, slice],
                    ),
                  )),
            },
          },
        }),
    ...(plain === undefined ? {} : { orElse: plain }),
  }
}
