import { either as E } from 'fp-ts'
import type { CheckedNode, CheckedProgram } from '../../spec/program.js'
import type { Tensors } from '../../spec/tensor.js'
import { sizeOf } from '../../spec/tensor.js'
import type { Launch, Lowered, Slot } from '../kernel.js'
import type { Binding, Plan, PlanLimits, PlannedLaunch } from '../plan.js'
import { lowerNode } from '../plan.js'

/**
 * A plan read again from its own data, without the code that made it: does it keep to the limits, and does every launch
 * find in its buffers the values that the program says it reads? What is wrong comes back as sentences; none is a pass.
 */

/** A tensor of a planned launch: its bindings in order, and where in the first of them it starts, in elements. */
interface View {
  readonly bindings: readonly Binding[]
  readonly base: number
  /** elements from `base` to the end of the last binding */
  readonly elements: number
}

const fieldsOf = (shader: string, struct: string): readonly string[] =>
  new RegExp(`struct ${struct} \\{ (.*?) \\}`)
    .exec(shader)?.[1]
    ?.split(', ')
    .map((field) => field.split(':')[0] as string) ?? []

const declared = (shader: string): readonly { readonly name: string; readonly mode: string }[] =>
  [...shader.matchAll(/@binding\(\d+\) var<storage, (\w+)> (\w+)_\d+:/g)].map(([, mode, name]) => ({
    name: name as string,
    mode: mode as string,
  }))

/** The tensors of a launch by the kernel's names for them. */
export const viewsOf = ({ shader, bindings, dims }: PlannedLaunch): Readonly<Record<string, View>> => {
  const names = declared(shader).map(({ name }) => name)
  const fields = fieldsOf(shader, 'Dims')
  return Object.fromEntries(
    [...new Set(names)].map((name) => {
      const own = bindings.filter((_, i) => names[i] === name)
      const base = dims[fields.indexOf(`base_${name}`)] ?? 0
      return [name, { bindings: own, base, elements: own.reduce((n, { size }) => n + size / 4, 0) - base }]
    }),
  )
}

/** The kernel of a launch, by the first line of its text. */
export const kernelOf = ({ shader }: PlannedLaunch): string => (shader.split('\n')[0] as string).slice('// '.length)

const fitsLimits =
  ({ buffers }: Plan, limits: PlanLimits) =>
  (launch: PlannedLaunch): readonly string[] => {
    const { bindings, dims, modes, params, shader, workgroups } = launch
    const counted = fieldsOf(shader, 'Dims')
    const fed = dims[0] as number
    const size = Number(/@workgroup_size\((\d+)\)/.exec(shader)?.[1])
    const invocations = workgroups.reduce((a, b) => a * b, 1) * (shader.includes('group(g, lane)') ? 1 : size)
    const written = new Set(bindings.filter(({ writes }) => writes).map(({ buffer }) => buffer))
    const ranges = bindings.filter(({ writes }) => writes)
    const wrong: readonly (readonly [boolean, string])[] = [
      [bindings.length > limits.maxStorageBuffersPerShaderStage, `${bindings.length} bindings`],
      [
        workgroups.some((n) => !Number.isInteger(n) || n < 1 || n > limits.maxComputeWorkgroupsPerDimension),
        `workgroups ${workgroups.join('×')}`,
      ],
      [counted[0] !== 'count' || invocations < fed, `${invocations} invocations for a count of ${fed}`],
      [dims.length !== counted.length, `${dims.length} dims for ${counted.length} fields`],
      [params.length !== fieldsOf(shader, 'Params').length, `${params.length} params`],
      [dims.some((n) => !Number.isInteger(n) || n < 0 || n >= 2 ** 32), `dims ${dims.join(' ')}`],
      [params.some((n) => typeof n !== 'number'), `params ${params.join(' ')}`],
      [
        declared(shader)
          .map(({ mode }) => mode)
          .join() !== modes.join(),
        `modes ${modes.join()}`,
      ],
      [
        bindings.some(({ writes }, i) => writes !== (modes[i] === 'read_write')),
        'a binding is written that the shader reads, or the other way round',
      ],
      [
        bindings.some(({ buffer, writes }) => !writes && written.has(buffer)),
        'a buffer is bound to be read and to be written',
      ],
      [
        ranges.some((a, i) =>
          ranges.some(
            (b, j) => i < j && a.buffer === b.buffer && a.offset < b.offset + b.size && b.offset < a.offset + a.size,
          ),
        ),
        'two bindings write one range',
      ],
      ...bindings.flatMap(({ buffer, offset, size }): readonly (readonly [boolean, string])[] => [
        [size < 4 || size % 4 !== 0 || size > limits.maxStorageBufferBindingSize, `a binding of ${size} bytes`],
        [offset % limits.minStorageBufferOffsetAlignment !== 0, `a binding at byte ${offset}`],
        [offset + size > (buffers[buffer]?.bytes ?? 0), `bytes ${offset} to ${offset + size} of buffer ${buffer}`],
      ]),
    ]
    return wrong.filter(([is]) => is).map(([, what]) => `${launch.node}, ${kernelOf(launch)}: ${what}`)
  }

// ---- what lies in each buffer, launch by launch ------------------------------------------------------------------

/** Whose numbers stand in a buffer: a value of the program, something of one node's own, or nobody's: zeros. */
const ownerOf = ({ node }: CheckedNode, slot: Slot): string | undefined => {
  const [kind, name] = slot.split(':') as [string, string]
  const named = { in: node.inputs, cot: node.cotangents, out: node.outputs, grad: node.outputs, tmp: {} }[kind]
  const value = (named as Readonly<Record<string, string>>)[name]
  return value !== undefined
    ? `value ${value}`
    : kind === 'in' || kind === 'cot'
      ? undefined
      : `${slot} of node ${node.name}`
}

const elementsOf = (checked: CheckedProgram, { node, outputs }: CheckedNode, { scratch }: Lowered, slot: Slot) => {
  const [kind, name] = slot.split(':') as [string, string]
  const shapeOf = (value: string | undefined) => checked.shapes[value ?? '']
  const shape = { in: shapeOf(node.inputs[name]), cot: shapeOf(node.cotangents[name]), out: outputs[name] }[kind]
  if (kind === 'tmp') return scratch[name] as number
  return sizeOf(shape ?? (kind === 'grad' ? shapeOf(node.inputs[name]) : undefined) ?? [])
}

/** What is wrong with a plan for a program: empty, if nothing is. */
export const audit = (
  checked: CheckedProgram,
  feeds: Tensors,
  watch: readonly string[],
  plan: Plan,
  limits: PlanLimits,
): readonly string[] => {
  const { program } = checked
  const problems: string[] = plan.launches.flatMap(fitsLimits(plan, limits))
  const holds = new Map<number, string>(Object.entries(plan.feeds).map(([name, at]) => [at, `value ${name}`]))
  const everWritten = new Set(plan.launches.flatMap((l) => l.bindings.flatMap((b) => (b.writes ? [b.buffer] : []))))
  let at = 0

  // the parts of one launch, until they have written all of what it writes
  const partsOf = (launch: Launch, total: (name: string) => number): readonly PlannedLaunch[] => {
    const [first = ''] = launch.kernel.writes
    const parts: PlannedLaunch[] = []
    let done = 0
    while (done < total(first) && at < plan.launches.length) {
      const part = plan.launches[at++] as PlannedLaunch
      parts.push(part)
      done += viewsOf(part)[first]?.elements ?? total(first)
    }
    if (done !== total(first)) problems.push(`${launch.kernel.name}: its parts write ${done} of ${total(first)}`)
    return parts
  }

  checked.nodes.forEach((node) => {
    const result = lowerNode(node, feeds, limits)
    if (E.isLeft(result)) throw new Error(result.left.message)
    const lowered = result.right
    lowered.launches.forEach((launch) => {
      const slotOf = (name: string): Slot => launch.bind[name] as Slot
      const total = (name: string): number => elementsOf(checked, node, lowered, slotOf(name))
      const parts = partsOf(launch, total)
      const place = `${node.node.name}, ${launch.kernel.name}`
      parts.forEach((part) => {
        if (part.node !== node.node.name || kernelOf(part) !== launch.kernel.name)
          problems.push(`${place}: found ${part.node}, ${kernelOf(part)} in its place`)
        const views = viewsOf(part)
        fieldsOf(part.shader, 'Dims').forEach((name, i) => {
          if ((part.dims[i] as number) >= 2 ** 31 && !launch.kernel.words.includes(name))
            problems.push(`${place}: ${name} is ${part.dims[i]}`)
        })
        launch.kernel.reads.forEach((name) => {
          const owner = ownerOf(node, slotOf(name))
          views[name]?.bindings.forEach(({ buffer }) => {
            const found = holds.get(buffer)
            if (found !== owner) problems.push(`${place} reads ${name}: wants ${owner}, finds ${found}`)
            if (owner === undefined && everWritten.has(buffer)) problems.push(`${place}: ${name} is no zero`)
          })
        })
      })
      launch.kernel.writes.forEach((name) => {
        const owner = ownerOf(node, slotOf(name)) as string
        const starts = parts.flatMap((part) => {
          const view = viewsOf(part)[name]
          return (view?.bindings ?? []).slice(0, 1).map(({ buffer, offset }) => ({
            buffer,
            from: offset / 4 + (view?.base ?? 0),
            elements: view?.elements ?? 0,
          }))
        })
        starts.reduce((next, { from, elements }) => {
          if (from !== next) problems.push(`${place} writes ${name}: element ${next} is passed over for ${from}`)
          return next + elements
        }, 0)
        const buffers = new Set(starts.map(({ buffer }) => buffer))
        if (buffers.size !== 1) problems.push(`${place} writes ${name} to ${buffers.size} buffers`)
        const [buffer] = [...buffers]
        if (buffer !== undefined) {
          if (Object.values(plan.feeds).includes(buffer)) problems.push(`${place} writes over a feed`)
          holds.set(buffer, owner)
        }
      })
    })
  })

  if (at !== plan.launches.length) problems.push(`${plan.launches.length - at} launches belong to no node`)
  plan.buffers.forEach(({ bytes }, i) => {
    if (bytes > limits.maxBufferSize || bytes % 4 !== 0) problems.push(`buffer ${i} has ${bytes} bytes`)
  })
  watch.forEach((name) => {
    const found = holds.get(plan.reads[name]?.buffer ?? -1)
    if (found !== `value ${name}`) problems.push(`watching ${name} finds ${found}`)
  })
  plan.carries.forEach(({ from, to }) => {
    if (from === to) problems.push(`buffer ${to} is copied to itself`)
    const found = holds.get(from)
    if (found !== undefined) holds.set(to, found)
    else holds.delete(to)
  })
  Object.entries(program.carry).forEach(([to, from]) => {
    const buffer = plan.feeds[to]
    const found = to === from ? `value ${to}` : holds.get(buffer ?? -1)
    if (found !== `value ${from}`) problems.push(`${to} becomes ${found}; it should become ${from}`)
  })
  return problems
}
