import { either as E, function as F } from 'fp-ts'
import type { Tensor } from '../../../spec/tensor.js'
import { mapTensor, sizeOf, sumOf, zipTensors } from '../../../spec/tensor.js'
import type { Near, Read, Way } from './near.js'
import { added, cotangent, owned } from './near.js'
import { rowsOf, sharesOf } from './shares.js'

/** Losses and their gradients, of scores that are off by b at most and targets that are known. */

/** What a loss is off by, of what each row or element is off by. */
const reduced = (read: Read, each: readonly number[], shape: Tensor['shape']): Tensor => {
  const { reduction } = read.attrs
  if (reduction === 'none') return { shape, data: Float64Array.from(each) }
  const sum = sumOf(each)
  return { shape: [], data: Float64Array.of(reduction === 'mean' ? sum / each.length : sum) }
}

/** A loss whose rows or elements are each off by so much. */
const losing =
  (each: (read: Read) => readonly number[]): Way =>
  (read) =>
    F.pipe(
      owned(read),
      E.map(({ loss }) => {
        const { value, bound } = loss as Near
        const off = reduced(read, each(read), value.shape)
        return { loss: added(value, bound, off) }
      }),
    )

const boundsOf = (read: Read, slot: string): readonly (readonly number[])[] =>
  rowsOf({ ...read, values: read.bounds }, slot)

/** (|y − ŷ| + b)² for (y − ŷ)²: farther off above than below. */
export const mse: Way = (read) => {
  const { prediction, target } = read.values as { readonly prediction: Tensor; readonly target: Tensor }
  const far = zipTensors(
    [prediction, target, read.bounds['prediction'] as Tensor, read.bounds['target'] as Tensor],
    (y, t, b, c) => Math.abs(y - t) + b + c,
  )
  return F.pipe(
    E.Do,
    E.bind('own', () => owned(read)),
    E.bind('upper', () => read.of({ prediction: far, target: mapTensor(() => 0, target) })),
    E.map(({ own, upper }) => {
      const [{ value, bound }, most] = [own['loss'] as Near, upper['loss'] as Near]
      const rounded = zipTensors([bound, most.bound], Math.max)
      return {
        loss: added(
          value,
          rounded,
          zipTensors([most.value, value], (a, b) => Math.max(0, a - b)),
        ),
      }
    }),
  )
}

/** Each logit is weighed by σ(x) − t, between −t and 1 − t: max(|t|, |1 − t|)·b */
export const bceWithLogits = losing((read) => {
  const { data } = read.values['target'] as Tensor
  return Array.from({ length: data.length }, (_, i) => {
    const t = data[i] as number
    return Math.max(Math.abs(t), Math.abs(1 - t)) * (read.bounds['logits']?.data[i] as number)
  })
})

/** Σ t·(log Σ e^x − x): |Σ t|·B + Σ |t|·b, B being the largest b of the row. */
export const softmaxCrossEntropy = losing((read) => {
  const bounds = boundsOf(read, 'logits')
  return rowsOf(read, 'target').map((t, n) => {
    const b = bounds[n] as readonly number[]
    return Math.abs(sumOf(t)) * Math.max(0, ...b) + sumOf(t.map((one, c) => Math.abs(one) * (b[c] as number)))
  })
})

/** p·(e^2B − 1)·|Σ t|·(|d| + bd) + |p·Σ t − t|·bd for (p·Σ t − t)·d */
export const softmaxCrossEntropyBack: Way = (read) =>
  F.pipe(
    owned(read),
    E.map(({ logits }) => {
      const { value, bound } = logits as Near
      const [x, bounds] = [rowsOf(read, 'logits'), boundsOf(read, 'logits')]
      const { reduction } = read.attrs
      const [d, ofD] = [read.values[cotangent('loss')] as Tensor, read.bounds[cotangent('loss')] as Tensor]
      const rows = reduction === 'mean' ? x.length : 1
      const off = rowsOf(read, 'target').flatMap((t, n) => {
        const p = sharesOf(x[n] as readonly number[])
        const [T, growth] = [sumOf(t), Math.expm1(2 * Math.max(0, ...(bounds[n] as readonly number[])))]
        const at = reduction === 'none' ? n : 0
        const [size, b] = [Math.abs(d.data[at] as number), ofD.data[at] as number]
        return t.map((one, c) => {
          const share = p[c] as number
          return (share * growth * Math.abs(T) * (size + b) + Math.abs(share * T - one) * b) / rows
        })
      })
      return { logits: added(value, bound, { shape: value.shape, data: Float64Array.from(off) }) }
    }),
  )

/** Σ_c |t_c|·Σ_j (b_j + b_c) for margins that each go up and down with two scores. */
export const hinge = losing((read) => {
  const bounds = boundsOf(read, 'scores')
  return rowsOf(read, 'target').map((t, n) => {
    const b = bounds[n] as readonly number[]
    const all = sumOf(b)
    return sumOf(t.map((one, c) => Math.abs(one) * (all + (b.length - 2) * (b[c] as number))))
  })
})

/** |log p − log p′| ≤ −log(1 − b/p) */
const ofLogarithm = (weight: number, p: number, b: number): number =>
  weight === 0 || b === 0 ? 0 : b < p ? -Math.abs(weight) * Math.log1p(-b / p) : Infinity

/** Σ_c of each row. */
export const cce = losing((read) => {
  const [p, bounds] = [rowsOf(read, 'prediction'), boundsOf(read, 'prediction')]
  return rowsOf(read, 'target').map((t, n) =>
    sumOf(t.map((one, c) => ofLogarithm(one, Number(p[n]?.[c]), Number(bounds[n]?.[c])))),
  )
})

/** Of either answer, by how likely it was said to be. */
export const bce = losing((read) => {
  const [p, t, b] = ([read.values['prediction'], read.values['target'], read.bounds['prediction']] as readonly Tensor[]).map(({ data }) => data) // prettier-ignore
  return Array.from({ length: t?.length ?? 0 }, (_, i) => {
    const [share, target, off] = [Number(p?.[i]), Number(t?.[i]), Number(b?.[i])]
    return ofLogarithm(target, share, off) + ofLogarithm(1 - target, 1 - share, off)
  })
})

/** Whether what is said to be likely stays between 0 and 1, and targets are. */
export const areShares = ({ values, bounds }: Read): boolean => {
  const [p, t, b] = [values['prediction'], values['target'], bounds['prediction']] as readonly Tensor[]
  return Array.from({ length: sizeOf(p?.shape ?? []) }, (_, i) => i).every((i) => {
    const [share, target, off] = [Number(p?.data[i]), Number(t?.data[i]), Number(b?.data[i])]
    return share - off > 0 && (share + off < 1 || off === 0) && target >= 0 && target <= 1
  })
}

/** Whether what is said to be likely stays above 0. */
export const isOfPositive = ({ values, bounds }: Read): boolean => {
  const [p, b] = [values['prediction'], bounds['prediction']] as readonly Tensor[]
  return Array.from({ length: sizeOf(p?.shape ?? []) }, (_, i) => i).every(
    (i) => Number(p?.data[i]) > Number(b?.data[i]),
  )
}
