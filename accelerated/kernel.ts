/**
 * A kernel is one uninterrupted piece of WGSL in the letters of its formula, and what it needs around it. Bindings, the
 * uniform block and the entry point are generated from this description, so packing on the TypeScript side cannot drift.
 *
 *   x(i)          element i of a tensor that is read            set_y(i, v)   writes element i
 *                 a tensor that is read and written has both, in one binding: it changes in place
 *   dims.N        an integer below 2³¹ of the uniform block     params.eta    an f32 of it
 *   dims.key0     a word: any integer below 2³²
 *
 * Per 'element' the code has `fn element(i: u32)`, called for every i < dims.count. Per 'workgroup' it has
 * `fn group(g: u32, lane: u32)`, called by all lanes of one workgroup for every g < dims.count; per 'subgroup' the same,
 * and the workgroup is one subgroup of that many lanes.
 */
export interface Kernel {
  readonly name: string
  readonly per: 'element' | 'workgroup' | 'subgroup'
  readonly reads: readonly string[]
  readonly writes: readonly string[]
  /** what it writes and then reads again: x(i) and set_x(i, v), but nothing is there before */
  readonly rereads: readonly string[]
  readonly dims: readonly string[]
  readonly words: readonly string[]
  readonly params: readonly string[]
  /** the tensors that are seen as vectors of four elements: x(i) is the i-th vector. Each lies whole in one binding */
  readonly vectors: readonly string[]
  /** what is written in the place of what is read, by name: such a pair is one binding */
  readonly inPlace: Readonly<Record<string, string>>
  /** invocations in a workgroup */
  readonly workgroup: number
  readonly code: string
  /** the same by tiles in a workgroup's memory, as workgroupTile.ts has them */
  readonly shared?: Sharing
}

/** A kernel by tiles in a workgroup's memory: of how many a launch of such dims comes to, and whether they have enough to do. */
export interface Sharing {
  readonly kernel: Kernel
  readonly tiles: (dims: Launch['dims']) => number
  readonly pays: (dims: Launch['dims']) => boolean
}

type KernelText = Pick<Kernel, 'name' | 'reads' | 'writes' | 'code'> & Partial<Kernel>

export const kernel = (text: KernelText): Kernel => ({
  per: 'element',
  dims: [],
  words: [],
  params: [],
  rereads: [],
  vectors: [],
  inPlace: {},
  workgroup: 64,
  ...text,
})

/** How a tensor is bound: in so many segments of `segment` elements each, its first element at `base` of the first. */
export interface Access {
  readonly segments: number
  /** whether the binding starts before the tensor's first element, as an aligned window may */
  readonly based: boolean
}

export const whole: Access = { segments: 1, based: false }

/** The tensors of a kernel, in the order of their bindings; one that changes in place comes once. */
export const tensorsOf = ({ reads, writes, inPlace }: Kernel): readonly string[] => [
  ...new Set([...reads, ...writes.filter((name) => inPlace[name] === undefined)]),
]

/** Whether a kernel writes the binding of this name. */
export const writesTo = ({ writes, inPlace }: Kernel, name: string): boolean =>
  writes.some((written) => (inPlace[written] ?? written) === name)

const indices = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i)

// one function to read or write a tensor, whether it lies in one binding or in several; `of` names the binding
const accessor = (name: string, of: string, type: string, access: Access, segment: number, writes: boolean): string => {
  const at = access.based ? `i + dims.base_${of}` : 'i'
  const place = (s: number, index: string): string =>
    writes ? `${of}_${s}[${index}] = value;` : `return ${of}_${s}[${index}];`
  const head = writes ? `fn set_${name}(i: u32, value: ${type})` : `fn ${name}(i: u32) -> ${type}`
  if (access.segments === 1) return `${head} { ${place(0, at)} }`
  const inside = `(${at}) % ${segment}u`
  const cases = indices(access.segments - 1).map((s) => `    case ${s}u { ${place(s, inside)} }`)
  return [
    `${head} {`,
    `  switch (${at}) / ${segment}u {`,
    ...cases,
    `    default { ${place(access.segments - 1, inside)} }`,
    '  }',
    '}',
  ].join('\n')
}

/** The names of the uniform block's fields, in order: the count, dims, words, window bases, then the f32 ones. */
export const blockFields = (kernel: Kernel, access: Readonly<Record<string, Access>>): readonly string[] => [
  'count',
  ...kernel.dims,
  ...kernel.words,
  ...tensorsOf(kernel)
    .filter((name) => access[name]?.based)
    .map((name) => `base_${name}`),
]

const entry = ({ per, workgroup }: Kernel): string => `
@compute @workgroup_size(${workgroup})
fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(${per === 'subgroup' ? 'subgroup_invocation_id' : 'local_invocation_index'}) lane: u32) {
  let g = id.x + groups.x * (id.y + groups.y * id.z);
  ${per !== 'element' ? 'if (g < dims.count) { group(g, lane); }' : `let i = g * ${workgroup}u + lane;\n  if (i < dims.count) { element(i); }`}
}
`

/** The whole shader: generated declarations, then the kernel's own text. Its text is its cache key. */
export const shaderOf = (kernel: Kernel, access: Readonly<Record<string, Access>>, segment: number): string => {
  const tensors = tensorsOf(kernel)
  const typeOf = (name: string): string => (kernel.vectors.includes(name) ? 'vec4<f32>' : 'f32')
  const of = (name: string): Access => access[name] ?? whole
  const bindings = tensors.flatMap((name) => {
    const mode = writesTo(kernel, name) ? 'read_write' : 'read'
    return indices(of(name).segments).map((s) => `var<storage, ${mode}> ${name}_${s}: array<${typeOf(name)}>;`)
  })
  return [
    `// ${kernel.name}`,
    ...(kernel.per === 'subgroup' ? ['enable subgroups;'] : []),
    `struct Dims { ${blockFields(kernel, access)
      .map((name) => `${name}: u32`)
      .join(', ')} }`,
    ...(kernel.params.length > 0
      ? [`struct Params { ${kernel.params.map((name) => `${name}: f32`).join(', ')} }`]
      : []),
    `@group(0) @binding(0) var<uniform> dims: Dims;`,
    ...(kernel.params.length > 0 ? [`@group(0) @binding(1) var<uniform> params: Params;`] : []),
    ...bindings.map((text, i) => `@group(0) @binding(${i + 2}) ${text}`),
    ...[...kernel.reads, ...kernel.rereads].map((name) => accessor(name, name, typeOf(name), of(name), segment, false)),
    ...kernel.writes.map((name) => {
      const place = kernel.inPlace[name] ?? name
      return accessor(name, place, typeOf(name), of(place), segment, true)
    }),
    entry(kernel),
    kernel.code,
  ].join('\n')
}

/** The name of the kernel that a shader is of: its first line. */
export const kernelNameOf = (shader: string): string => shader.slice('// '.length, shader.indexOf('\n'))

/**
 * Where a binding's elements are: an op's own tensor, scratch that lives as long as the node runs, or one of the same op in
 * the other direction on the same inputs: backward, an output or scratch of the forward one, where the request says that it
 * is saved or kept; forward, a cotangent or gradient of the backward one, where the request says that both may be made at once.
 */
export type Slot =
  `${'in' | 'cot' | 'out' | 'grad' | 'saved' | 'kept' | 'reversedCot' | 'reversedGrad'}:${string}` | `tmp:${string}`
export const input = (name: string): Slot => `in:${name}`
export const cotangent = (name: string): Slot => `cot:${name}`
export const output = (name: string): Slot => `out:${name}`
export const gradient = (name: string): Slot => `grad:${name}`
export const scratch = (name: string): Slot => `tmp:${name}`
export const savedOutput = (name: string): Slot => `saved:${name}`
export const keptScratch = (name: string): Slot => `kept:${name}`
export const reversedCotangent = (name: string): Slot => `reversedCot:${name}`
export const reversedGradient = (name: string): Slot => `reversedGrad:${name}`

/**
 * What every element of the tensors that are written is of the same element of those that are read, and of numbers that are
 * shared by all: `fn at(…) -> Values`, as map.ts says. A launch of one can go over several tensors side by side, in the
 * place of what it reads, or at the end of another kernel.
 */
export interface Formula {
  readonly name: string
  readonly reads: readonly string[]
  readonly shared: readonly string[]
  readonly writes: readonly string[]
  readonly dims: readonly string[]
  readonly params: readonly string[]
  readonly at: string
}

/**
 * Work that falls apart along an outermost axis: units 0 … extent − 1, of which unit u reads and writes only elements
 * u·slice … (u+1)·slice − 1 of each tensor named in `slices`, of which the last may end early. Such a launch can be split
 * to fit a binding.
 */
export interface Outer {
  readonly extent: number
  /** the dims that count units, which a split launch sees smaller */
  readonly dims: readonly string[]
  /** the dim that says which unit comes first, 0 but in a later part of a split launch */
  readonly first?: string
  /** how many elements so many units make; absent, each unit makes as many */
  readonly count?: (units: number) => number
  readonly slices: Readonly<Record<string, number>>
}

/** One dispatch as data: a kernel, what its bindings are, and its numbers. */
export interface Launch {
  readonly kernel: Kernel
  readonly bind: Readonly<Record<string, Slot>>
  /** how many elements (or workgroups) there are */
  readonly count: number
  readonly dims: Readonly<Record<string, number>>
  readonly params: Readonly<Record<string, number>>
  readonly outer?: Outer
  /** what to launch where a tensor takes several bindings: some texts grow too long with a choice at every load, and vectors
   *  are seen in one binding only */
  readonly orElse?: Launch
  /** the formula that it goes over so many elements with, if it is one */
  readonly mapped?: { readonly formula: Formula; readonly count: number }
}

/** What a node comes to: launches in order, and the scratch that they share, in elements. */
export interface Lowered {
  readonly launches: readonly Launch[]
  readonly scratch: Readonly<Record<string, number>>
  /** forward, whether they do all that the same op backward is for as well */
  readonly reverses?: boolean
}

/** Launches in order, those left out that are undefined; what comes to several brings its scratch along. */
export const launches = (...list: readonly (Launch | Lowered | undefined)[]): Lowered => {
  const parts = list
    .filter((part) => part !== undefined)
    .map((part): Lowered => ('launches' in part ? part : { launches: [part], scratch: {} }))
  return {
    launches: parts.flatMap(({ launches }) => launches),
    scratch: Object.assign({}, ...parts.map(({ scratch }) => scratch)) as Lowered['scratch'],
  }
}

/** The launch of an elementwise kernel: element i of every binding belongs to element i. */
export const elementwise = (
  kernel: Kernel,
  count: number,
  bind: Readonly<Record<string, Slot>>,
  params: Readonly<Record<string, number>> = {},
  dims: Readonly<Record<string, number>> = {},
): Launch => ({
  kernel,
  bind,
  count,
  dims,
  params,
  outer: { extent: count, dims: [], slices: Object.fromEntries(Object.keys(bind).map((name) => [name, 1])) },
})
