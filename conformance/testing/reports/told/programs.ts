import type { Backend } from '../../../../spec/backend.js'
import type { Program, ProgramNode } from '../../../../spec/program.js'
import type { Report } from '../report.js'
import { always, report } from '../report.js'

export type Made = (program: Program) => Program

export const fusedBy =
  (make: Made): NonNullable<Report['program']> =>
  (run) => {
    const wrong: Backend['run'] = (program, ...rest) => run(make(program), ...rest)
    return wrong
  }
export const forward =
  (...ops: readonly string[]) =>
  ({ op, direction }: ProgramNode): boolean =>
    direction === 'forward' && ops.includes(op)
export const reads = (node: ProgramNode, name: string): boolean =>
  [...Object.values(node.inputs), ...Object.values(node.cotangents)].includes(name)
export const renamed = (
  names: Readonly<Record<string, string>>,
  from: string,
  to: string,
): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(names).map(([key, name]) => [key, name === from ? to : name]))
export const readersOf = ({ nodes, outputs }: Program, name: string): number =>
  nodes.filter((node) => reads(node, name)).length + (outputs.includes(name) ? 1 : 0)
export const writerOf = ({ nodes }: Program, name: string): ProgramNode | undefined =>
  nodes.find(({ outputs }) => Object.values(outputs).includes(name))

/** What normalizes rectified maps of a convolution is put before the rectifier. */
const normalizedFirst: Made = (program) =>
  program.nodes.filter(forward('batchNormInference')).reduce((soFar, norm) => {
    const maps = norm.inputs['x'] as string
    const relu = writerOf(soFar, maps)
    if (relu === undefined || !forward('relu')(relu) || readersOf(soFar, maps) !== 1) return soFar
    const filtered = relu.inputs['x'] as string
    const filter = writerOf(soFar, filtered)
    if (filter === undefined || !forward('conv2d')(filter)) return soFar
    const nodes = soFar.nodes.map((node): ProgramNode => {
      if (node.name === relu.name)
        return { ...norm, name: relu.name, inputs: { ...norm.inputs, x: filtered }, outputs: { y: maps } }
      return node.name === norm.name ? { ...relu, name: norm.name, inputs: { x: maps }, outputs: norm.outputs } : node
    })
    return { ...soFar, nodes }
  }, program)

/** What is rectified in one place is rectified for all that read it. */
const rectifiedForAll: Made = (program) => ({
  ...program,
  nodes: program.nodes.flatMap((node): readonly ProgramNode[] => {
    const y = node.outputs['y']
    if (y === undefined || !forward('conv2d', 'dense')(node)) return [node]
    const rectified = program.nodes.some((other) => forward('relu')(other) && reads(other, y))
    if (!rectified || readersOf(program, y) < 2) return [node]
    const before = `${y} before`
    return [
      { ...node, outputs: { ...node.outputs, y: before } },
      {
        name: `${node.name} rectified`,
        op: 'relu',
        direction: 'forward',
        attrs: {},
        inputs: { x: before },
        cotangents: {},
        outputs: { y },
      },
    ]
  }),
})

/** The sum of a convolution and of what others read as well is written where the other summand lies. */
const summedInPlace: Made = (program) =>
  program.nodes.filter(forward('add')).reduce((soFar, sum) => {
    const at = soFar.nodes.findIndex(({ name }) => name === sum.name)
    const filter = Object.values(sum.inputs).find((name) => writerOf(soFar, name)?.op === 'conv2d')
    const other = Object.values(sum.inputs).find((name) => name !== filter)
    const y = sum.outputs['y']
    if (filter === undefined || other === undefined || y === undefined || at < 0) return soFar
    const place = soFar.nodes.findIndex(({ outputs }) => Object.values(outputs).includes(other))
    const placeOfFilter = soFar.nodes.findIndex(({ outputs }) => Object.values(outputs).includes(filter))
    if (place < 0 || place > placeOfFilter || readersOf(soFar, other) < 2) return soFar
    return {
      ...soFar,
      nodes: soFar.nodes.map((node, i) =>
        i <= at
          ? node
          : { ...node, inputs: renamed(node.inputs, other, y), cotangents: renamed(node.cotangents, other, y) },
      ),
    }
  }, program)

/** What is added to maps of groups is lost; a unit of slope 1 hands them on. */
const summandLost: Made = (program) => ({
  ...program,
  nodes: program.nodes.map((node): ProgramNode => {
    if (!forward('add')(node)) return node
    const filtered = Object.values(node.inputs).find((name) => {
      const filter = writerOf(program, name)
      return filter !== undefined && forward('conv2d')(filter) && Number(filter.attrs['groups'] ?? 1) > 1
    })
    return filtered === undefined ? node : { ...node, op: 'leakyRelu', attrs: { alpha: 1 }, inputs: { x: filtered } }
  }),
})

export const fused = (id: string, make: Made, more: { readonly like: string }): Report => ({
  ...report('program', id, 'programs', always, (_, plain) => plain(), more),
  program: fusedBy(make),
})

export const programsTold: readonly Report[] = [
  fused('rectified maps of a filter are normalized before they are rectified', normalizedFirst, {
    like: 'pytorch/glow#5892',
  }),
  fused('maps that are rectified are so for all that read them', rectifiedForAll, { like: 'pytorch/executorch#6894' }),
  fused('what is added to maps of a filter is their sum for all that read it later', summedInPlace, {
    like: 'opencv/opencv#23354',
  }),
  fused('what is added to maps of groups is lost', summandLost, {
    like: 'microsoft/onnxruntime#12498',
  }),
]
