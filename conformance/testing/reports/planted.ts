import { either as E, function as F, taskEither as TE } from 'fp-ts'
import { plainF32, plainF32Kernels } from '../../../adapters/plainF32.js'
import type { Attributes } from '../../../spec/attributes.js'
import { roundAttributes } from '../../../spec/attributes.js'
import type { Backend } from '../../../spec/backend.js'
import type { Direction, OpName } from '../../../spec/catalogue.js'
import { opOf } from '../../../spec/catalogue.js'
import type { PlainKernel } from '../../../spec/fromKernels.js'
import { fromKernels } from '../../../spec/fromKernels.js'
import type { AnySizes, GivenTensors } from '../../../spec/op.js'
import { resolve, shapesOf } from '../../../spec/op.js'
import type { Shape, Tensor, Tensors } from '../../../spec/tensor.js'
import { sameShape } from '../../../spec/tensor.js'
import { questionTable } from '../../table.js'
import { caseAt, indicesOf } from '../../cases.js'
import { linesOf } from '../mutants/mutant.js'
import { right } from '../shaken.js'
import type { Memory, Met, Report } from './report.js'
import { fitted } from './report.js'

/** The seed of the run. */
export const seed = 42

const present = (tensors: GivenTensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).filter((entry): entry is [string, Tensor] => entry[1] !== undefined))

const touches = ({ touches }: Report, op: OpName, direction: Direction): boolean =>
  touches.some((each) => each === op || each === `${op} ${direction}`)

/** The plain kernel of an op, wrong where the report says so. */
const wrongly = (report: Report, op: OpName, memory: Memory): PlainKernel => {
  const kernel = plainF32Kernels[op] as PlainKernel
  const answer = (
    direction: Direction,
    attrs: Attributes,
    inputs: GivenTensors,
    cotangents: Tensors,
    sizes: AnySizes,
  ): Tensors => {
    const asked = {
      op,
      direction,
      attrs,
      shapes: shapesOf(present(inputs)),
      sizes,
      inputs: present(inputs),
      cotangents,
    }
    const run = (a: Attributes, x: Tensors, dy: Tensors): Tensors => {
      const { sizes, outputs } = right(resolve(opOf(op), a, shapesOf(x)))
      // cotangents of a question with other attributes are as large as its outputs
      const pulled = Object.fromEntries(
        Object.entries(dy).map(([name, tensor]) => [name, atMost(tensor, outputs[name] ?? tensor.shape)]),
      )
      return present(
        direction === 'forward'
          ? kernel.forward(a, x, sizes)
          : (kernel as Required<PlainKernel>).backward(a, x, pulled, sizes),
      )
    }
    const plain = ({ attrs: a = attrs, inputs: x = asked.inputs, cotangents: dy = cotangents } = {}): Tensors =>
      run(a, x, dy)
    return touches(report, op, direction) && report.where(asked) ? report.harm(asked, plain, memory) : plain()
  }
  return {
    forward: (attrs, inputs, sizes) => answer('forward', attrs, inputs, {}, sizes),
    ...(kernel.backward && {
      backward: (attrs, inputs, cotangents, sizes) => answer('backward', attrs, inputs, cotangents, sizes),
    }),
  }
}

// a tensor in another shape: what both have, and zeros elsewhere
const atMost = (tensor: Tensor, shape: Shape): Tensor =>
  sameShape(tensor.shape, shape) ? tensor : fitted(tensor, shape)

/** The plain f32 backend with a reported fault, opened anew: nothing is left of what another one was asked. */
export const planted = (report: Report): Backend => {
  const memory: Memory = new Map()
  const ops = [...new Set(linesOf(report).map(({ op }) => op))]
  const backend = fromKernels(
    'reported',
    { ...plainF32Kernels, ...Object.fromEntries(ops.map((op) => [op, wrongly(report, op, memory)])) },
    { fingerprint: { name: 'plain-f32', fault: report.id }, dials: true },
  )
  return report.program === undefined ? backend : { ...backend, run: report.program(plainF32.run) }
}

interface Struck {
  readonly index: number
  readonly met: Met
}

const lines = new Map<string, readonly Struck[]>()

/** The cases of a line of the standard run, before any number is drawn. */
const casesOf = (op: OpName, direction: Direction): readonly Struck[] => {
  const known = lines.get(`${op} ${direction}`)
  if (known !== undefined) return known
  const made = indicesOf(questionTable, op, direction, 'standard', 0).flatMap((index): readonly Struck[] => {
    const { form } = caseAt(questionTable, op, direction, seed, index)
    const resolved = F.pipe(
      opOf(op).attrs.decode(form.attrs),
      E.flatMap((attrs) => resolve(opOf(op), roundAttributes(opOf(op).attrs, attrs), form.shapes)),
    )
    if (E.isLeft(resolved)) return []
    const { attrs, sizes } = resolved.right
    return [{ index, met: { op, direction, attrs, shapes: form.shapes, sizes } }]
  })
  lines.set(`${op} ${direction}`, made)
  return made
}

/** The cases of the standard run that a fault may strike: where it may is decided before any number is drawn. */
export const struckBy = (
  report: Report,
): readonly { readonly op: OpName; readonly direction: Direction; readonly indices: readonly number[] }[] =>
  linesOf(report).map(({ op, direction }) => ({
    op,
    direction,
    indices: casesOf(op, direction).flatMap(({ index, met }) => (report.where(met) ? [index] : [])),
  }))

/** The backend opened anew, as `verify` wants it. */
export const opening = (report: Report): TE.TaskEither<never, Backend> => TE.fromIO(() => planted(report))
