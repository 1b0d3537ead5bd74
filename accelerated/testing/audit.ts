import { either as E } from 'fp-ts'
import type { CheckedNode, CheckedProgram } from '../../spec/program.js'
import type { Tensors } from '../../spec/tensor.js'
import { sizeOf } from '../../spec/tensor.js'
import { copy } from '../copy.js'
import type { Launch, Lowered, Slot } from '../kernel.js'
import { counterpartsAt, relationsOf } from '../arrange.js'
import type { Counterparts } from '../arrange.js'
import type { PlanLimits } from '../limits.js'
import type { Binding, Plan, PlannedLaunch } from '../plan.js'
import { lowerAll } from '../plan.js'

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
const ownerOf = (
  { node }: CheckedNode,
  { twin, reversal }: Counterparts,
  slot: Slot | undefined,
): string | undefined => {
  const [kind, name] = (slot ?? ':').split(':') as [string, string]
  if (reversal !== undefined && kind === 'reversedCot') return ownerOf(reversal, {}, `cot:${name}`)
  if (reversal !== undefined && kind === 'reversedGrad') return ownerOf(reversal, {}, `grad:${name}`)
  if (kind === 'kept') return `tmp:${name} of node ${twin?.checked.node.name}`
  const saved = twin?.checked.node.outputs ?? {}
  const named = { in: node.inputs, cot: node.cotangents, out: node.outputs, grad: node.outputs, tmp: {}, saved }[kind]
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

/** Elements of a buffer, and whose numbers they are. */
interface Held {
  readonly buffer: number
  readonly from: number
  readonly to: number
  readonly owner: string
}

/** One launch of a node as the lowering has it. */
interface Asked {
  readonly launch: Launch
  readonly owner: (tensor: string) => string | undefined
  readonly elements: (tensor: string) => number
}

const isCopy = ({ mapped }: Launch): boolean => mapped?.formula === copy.formula

/** The binding that a tensor is written to, by name: its own, or that of what it takes the place of. */
const writtenAs = ({ shader }: PlannedLaunch, name: string): string | undefined =>
  new RegExp(String.raw`fn set_${name}\(i: u32, value: [^)]*\) (?:->[^{]*)?\{[^}]*?\b(\w+)_\d+\[`).exec(shader)?.[1]

/** What is wrong with a plan for a program: empty, if nothing is. `plain` says that it was made to be so. */
export const audit = (
  checked: CheckedProgram,
  feeds: Tensors,
  watch: readonly string[],
  plan: Plan,
  limits: PlanLimits,
  plain = false,
): readonly string[] => {
  const { program, nodes, shapes } = checked
  const problems: string[] = plan.launches.flatMap(fitsLimits(plan, limits))
  const everWritten = new Set(plan.launches.flatMap((l) => l.bindings.flatMap((b) => (b.writes ? [b.buffer] : []))))
  const inputs = Object.entries(plan.feeds).map(([name, { buffer, offset }]): Held => ({
    buffer,
    from: offset / 4,
    to: offset / 4 + sizeOf(shapes[name] ?? []),
    owner: `value ${name}`,
  }))
  inputs.forEach((a, i) =>
    inputs.slice(i + 1).forEach((b) => {
      if (a.buffer === b.buffer && a.from < b.to && b.from < a.to) problems.push(`${a.owner} and ${b.owner} overlap`)
    }),
  )

  // what is asked, launch by launch, and which of it is done
  const relations = relationsOf(checked, plain)
  const asked = new Map<string, Asked>()
  const lowered = lowerAll(nodes, feeds, limits, relations)
  if (E.isLeft(lowered)) throw new Error(lowered.left.message)
  lowered.right.forEach((own, at) => {
    const node = nodes[at] as CheckedNode
    const others = counterpartsAt(nodes, lowered.right, relations, at)
    own.launches.forEach((launch, k) => {
      const slotOf = (tensor: string): Slot | undefined => launch.bind[tensor]
      asked.set(`${k} of ${node.node.name}`, {
        launch,
        owner: (tensor) => ownerOf(node, others, slotOf(tensor)),
        elements: (tensor) => {
          const value = ownerOf(node, others, slotOf(tensor))
          return value?.startsWith('value ') === true
            ? sizeOf(shapes[value.slice('value '.length)] ?? [])
            : elementsOf(checked, node, own, slotOf(tensor) ?? 'tmp:')
        },
      })
    })
  })
  const done = new Set(plan.launches.flatMap(({ does }) => does.map(({ node, launch }) => `${launch} of ${node}`)))
  const same = new Map<string, string>()
  const known = (owner: string | undefined): string | undefined =>
    owner === undefined ? undefined : (same.get(owner) ?? owner)
  asked.forEach(({ launch, owner }, name) => {
    if (done.has(name)) return
    const [x, y] = isCopy(launch) ? [owner('x'), owner('y')] : []
    if (x !== undefined && y !== undefined) same.set(y, known(x) as string)
    else problems.push(`${name}, ${launch.kernel.name}: nobody does it`)
  })

  let held: readonly Held[] = inputs
  const hold = (next: Held): void => {
    const spared = held.filter(({ buffer, from, to }) => buffer !== next.buffer || from >= next.to || to <= next.from)
    held = [...spared, next]
  }
  const find = (buffer: number, from: number, to: number): string | undefined =>
    held.find((one) => one.buffer === buffer && one.from <= from && to <= one.to)?.owner

  // the parts of a launch follow each other and do the same
  const lots = plan.launches.reduce<PlannedLaunch[][]>((lots, launch) => {
    const before = lots.at(-1)?.at(-1)
    if (before !== undefined && JSON.stringify(before.does) === JSON.stringify(launch.does)) lots.at(-1)?.push(launch)
    else lots.push([launch])
    return lots
  }, [])
  const seen = new Set<string>()
  lots.forEach((parts) => {
    const [one] = parts as [PlannedLaunch]
    const inside = new Set<string>()
    const writes: {
      readonly place: string
      readonly tensor: string
      readonly first: number
      readonly owner: string
      readonly elements: number
    }[] = []
    one.does.forEach(({ node, launch: k, prefix, first }) => {
      const name = `${k} of ${node}`
      const place = `${name}, ${kernelOf(one)}`
      const what = asked.get(name)
      if (seen.has(name)) problems.push(`${name} is done twice`)
      seen.add(name)
      if (what === undefined) {
        problems.push(`${place}: nobody asks for it`)
        return
      }
      const { launch, owner, elements } = what
      const formulas = [launch, launch.orElse].flatMap((of) =>
        of === undefined ? [] : [of.kernel.name, of.mapped?.formula.name ?? of.kernel.name],
      )
      const named = kernelOf(one)
        .split('+')
        .flatMap((part) => [part, part.replace(/\.(vectors|sideBySide)$/, '')])
      if (!named.some((part) => formulas.includes(part))) problems.push(`${place}: should be ${launch.kernel.name}`)
      launch.kernel.reads.forEach((tensor) => {
        const wanted = known(owner(tensor))
        if (prefix !== '' && wanted !== undefined && inside.has(wanted)) {
          if (viewsOf(one)[`${prefix}made`] !== undefined)
            writes.push({ place, tensor: `${prefix}made`, first: 0, owner: wanted, elements: elements(tensor) })
          return
        }
        parts.forEach((part) => {
          const view = viewsOf(part)[`${prefix}${tensor}`]
          if (view === undefined) problems.push(`${place} reads ${tensor}: there is no such binding`)
          view?.bindings.forEach(({ buffer, offset, size }, b) => {
            const from = offset / 4 + (b === 0 ? view.base : 0) + first
            const shared = launch.mapped?.formula.shared.includes(tensor) === true
            const to =
              one.does.length > 1 && prefix === '' && first + elements(tensor) <= size / 4
                ? from + elements(tensor)
                : (offset + size) / 4
            // what each of several shares stands in a table
            if (shared && one.shader.includes('owner_0')) return
            const found = find(buffer, from, Math.max(to, from))
            if (found !== wanted) problems.push(`${place} reads ${tensor}: wants ${wanted}, finds ${found}`)
            if (wanted === undefined && everWritten.has(buffer)) problems.push(`${place}: ${tensor} is no zero`)
          })
        })
      })
      launch.kernel.writes.forEach((tensor) => {
        const own = known(owner(tensor)) as string
        const binding = writtenAs(one, `${prefix}${tensor}`)
        if (binding === undefined || viewsOf(one)[binding] === undefined) inside.add(own)
        else writes.push({ place, tensor: binding, first, owner: own, elements: elements(tensor) })
      })
    })
    writes.forEach(({ place, tensor, first, owner, elements }) => {
      const starts = parts.flatMap((part) => {
        const view = viewsOf(part)[tensor]
        return (view?.bindings ?? []).slice(0, 1).map(({ buffer, offset }) => ({
          buffer,
          from: offset / 4 + (view?.base ?? 0),
          elements: view?.elements ?? 0,
        }))
      })
      starts.reduce((next, { from, elements }) => {
        if (from !== next) problems.push(`${place} writes ${tensor}: element ${next} is passed over for ${from}`)
        return next + elements
      }, starts[0]?.from ?? 0)
      const total = starts.reduce((n, { elements }) => n + elements, 0)
      const fits = one.does.length > 1 && first + elements <= total
      if (total !== elements && !fits) problems.push(`${place}: its parts write ${total} of ${elements}`)
      if (new Set(starts.map(({ buffer }) => buffer)).size !== 1)
        problems.push(`${place} writes ${tensor} to several buffers`)
      const [start] = starts
      if (start === undefined) return
      const from = start.from + first
      const over = inputs.filter((of) => of.buffer === start.buffer && of.from < from + elements && from < of.to)
      over.forEach((of) => {
        const input = of.owner.slice('value '.length)
        if (`value ${program.carry[input]}` !== owner || of.from !== from)
          problems.push(`${place} writes over ${input}`)
      })
      hold({ buffer: start.buffer, from, to: from + elements, owner })
    })
  })

  plan.buffers.forEach(({ bytes, holds }, i) => {
    if (bytes > limits.maxBufferSize || bytes % 4 !== 0) problems.push(`buffer ${i} has ${bytes} bytes`)
    if (holds !== undefined && (everWritten.has(i) || holds.length * 4 > bytes)) problems.push(`table ${i} is no table`)
  })
  watch.forEach((name) => {
    const read = plan.reads[name]
    const length = sizeOf(shapes[name] ?? [])
    const among = read?.before === true ? inputs : held
    const found = among.find(
      ({ buffer, from, to }) => buffer === read?.buffer && from === read.offset / 4 && to - from >= length,
    )?.owner
    if (found !== known(`value ${name}`)) problems.push(`watching ${name} finds ${found}`)
  })
  plan.carries.forEach(({ from, to, bytes }) => {
    if (from.buffer === to.buffer) problems.push(`buffer ${to.buffer} is copied to itself`)
    const found = find(from.buffer, from.offset / 4, (from.offset + bytes) / 4)
    hold({ buffer: to.buffer, from: to.offset / 4, to: (to.offset + bytes) / 4, owner: found ?? 'nobody' })
  })
  Object.entries(program.carry).forEach(([to, from]) => {
    const place = plan.feeds[to]
    const found =
      to === from
        ? `value ${to}`
        : place === undefined
          ? undefined
          : find(place.buffer, place.offset / 4, place.offset / 4 + sizeOf(shapes[to] ?? []))
    if (found !== known(`value ${from}`)) problems.push(`${to} becomes ${found}; it should become ${from}`)
  })
  return problems
}
