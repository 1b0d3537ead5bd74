import type { Formula, Kernel, Launch, Slot } from './kernel.js'
import { elementwise, kernel } from './kernel.js'

/**
 * Kernels that make each element of what they write of the same element of what they read. The code has one function of
 * plain numbers, in the letters of the formula:
 *
 *   fn at(x: f32, dy: f32) -> Values { return Values(dy * x); }     reads x and dy, writes dx
 *
 * `Values` has a field for each tensor that is written, in their order. What is in `shared` is one number for all elements,
 * and comes last. Of the code two kernels are made:
 *
 *   single    an invocation for each element: what to read, and what any number of elements and any binding takes
 *   vectors   four vectors of four elements for each invocation: memory moves more at once, and the cost of an invocation is
 *             shared. A workgroup takes 256 neighbouring vectors, of which neighbouring invocations take neighbours
 */
export interface Mapping {
  readonly formula: Formula
  readonly single: Kernel
  readonly vectors: Kernel
}

type MappingText = Pick<Kernel, 'name' | 'reads' | 'writes' | 'code'> &
  Partial<Pick<Kernel, 'params' | 'dims'>> & { readonly shared?: readonly string[] }

const lanes = ['x', 'y', 'z', 'w'] as const

const singleFrame = (reads: readonly string[], writes: readonly string[], shared: readonly string[]): string => `
fn element(i: u32) {
  let values = at(${[...reads.map((name) => `${name}(i)`), ...shared.map((name) => `${name}(0u)`)].join(', ')});
  ${writes.map((name) => `set_${name}(i, values.${name});`).join('\n  ')}
}
`

const vectorFrame = (
  reads: readonly string[],
  writes: readonly string[],
  shared: readonly string[],
  index = '0u',
): string => `
fn element(i: u32) {
  let first = i / 64u * 256u + i % 64u;
  for (var four = first; four < min(first + 256u, dims.vectors); four += 64u) {
    ${shared.map((name) => `let one_${name} = ${name}(${index});`).join('\n    ')}
    ${reads.map((name) => `let four_${name} = ${name}(four);`).join('\n    ')}
    ${lanes
      .map(
        (lane) =>
          `let values_${lane} = at(${[...reads.map((name) => `four_${name}.${lane}`), ...shared.map((name) => `one_${name}`)].join(', ')});`,
      )
      .join('\n    ')}
    ${writes
      .map((name) => `set_${name}(four, vec4<f32>(${lanes.map((lane) => `values_${lane}.${name}`).join(', ')}));`)
      .join('\n    ')}
  }
}
`

/** The kernels of a formula. */
export const mappingOf = (formula: Formula): Mapping => {
  const { name, reads, shared, writes, dims, params, at } = formula
  const text = { writes, params, reads: [...reads, ...shared] }
  const values = `\nstruct Values { ${writes.map((written) => `${written}: f32`).join(', ')} }\n`
  return {
    formula,
    single: kernel({ ...text, name, dims, code: `${values}${singleFrame(reads, writes, shared)}${at}` }),
    vectors: kernel({
      ...text,
      name: `${name}.vectors`,
      dims: [...dims, 'vectors'],
      vectors: [...reads, ...writes],
      code: `${values}${vectorFrame(reads, writes, shared)}${at}`,
    }),
  }
}

export const mapping = ({ code, shared = [], dims = [], params = [], ...text }: MappingText): Mapping =>
  mappingOf({ ...text, shared, dims, params, at: code })

/** Fewer vectors than fill a few workgroups are not worth a kernel of their own. */
const fewest = 1024

/** The launch of a mapping over so many elements, in the form that suits their number. */
export const mapOver = (
  { formula, single, vectors }: Mapping,
  count: number,
  bind: Readonly<Record<string, Slot>>,
  params: Readonly<Record<string, number>> = {},
  dims: Readonly<Record<string, number>> = {},
): Launch => {
  const each = elementwise(single, count, bind, params, dims)
  const mapped = { formula, count }
  const plain: Launch = {
    ...each,
    mapped,
    // what is shared is the same one number whichever elements a part has
    outer: {
      extent: count,
      dims: [],
      slices: Object.fromEntries([...vectors.vectors].map((name) => [name, 1])),
    },
  }
  if (count % 4 !== 0 || count < fewest) return plain
  return {
    kernel: vectors,
    bind,
    count: Math.ceil(count / 1024) * 64,
    dims: { ...dims, vectors: count / 4 },
    params,
    mapped,
    orElse: plain,
  }
}

/**
 * A formula over the tensors of several owners that lie side by side, each from a multiple of `block` vectors on, whose
 * shared numbers differ: `owner` says for each block where its owner's are.
 */
const sideBySide = (formula: Formula): Kernel => {
  const { vectors } = mappingOf(formula)
  const { reads, shared, writes, at } = formula
  const values = `\nstruct Values { ${writes.map((name) => `${name}: f32`).join(', ')} }\n`
  return {
    ...vectors,
    name: `${formula.name}.sideBySide`,
    reads: [...vectors.reads, 'owner'],
    dims: [...vectors.dims, 'block'],
    code: `${values}${vectorFrame(reads, writes, shared, 'u32(owner(four / dims.block))')}${at}`,
  }
}

/** The launch of a formula over `count` elements, a whole number of blocks, of several owners side by side. */
export const mapSideBySide = (
  formula: Formula,
  count: number,
  block: number,
  { bind, params, dims }: Pick<Launch, 'bind' | 'params' | 'dims'>,
): Launch => {
  if (formula.shared.length === 0) return mapOver(mappingOf(formula), count, bind, params, dims)
  return {
    kernel: sideBySide(formula),
    bind: { ...bind, owner: 'tmp:owner' },
    count: Math.ceil(count / 1024) * 64,
    dims: { ...dims, vectors: count / 4, block: block / 4 },
    params,
  }
}
