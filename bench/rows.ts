import { median, quantile } from './statistics.js'

/** How a contender did on a workload. Times are milliseconds a run. */
export interface Row {
  readonly workload: string
  readonly subject: string
  /** the adapter that it computes on, or the processor */
  readonly adapter: string
  /** timed: the answer was right; wrong: it was not, and nothing was timed; refused: it could not be had */
  readonly outcome: 'timed' | 'wrong' | 'refused'
  readonly reason?: string
  readonly errorOverBound?: number
  readonly coldMs?: number
  /** the samples of each round */
  readonly rounds: readonly (readonly number[])[]
  readonly multiplyAdds?: number
  readonly bytes?: number
  /** of the device's memory that the work holds at once, where its backend says so */
  readonly memoryBytes?: number
}

/** What an adapter can do at most, as measured in the same run. */
export interface Peak {
  /** 10⁹ operations a second, two for each multiply-add, in registers */
  readonly gflops: number
  /** 10⁹ bytes a second, read and written */
  readonly gbps: number
}

/** What a row's samples come to, beside those of the others on the same workload. */
export interface Figures {
  readonly medianMs: number
  readonly p10Ms: number
  readonly p90Ms: number
  readonly gflops?: number
  readonly gbps?: number
  /**
   * the time that the adapter's limits would leave, max(operations ÷ peak, bytes ÷ peak), over the time taken (Williams,
   * Waterman and Patterson, "Roofline", 2009)
   */
  readonly shareOfPeak?: number
  /** the median of the fastest other over one's own: above 1 one is ahead of all others */
  readonly ratioToBestPeer?: number
  /** the same of each round, in which both took their turn at nearly the same time */
  readonly roundRatios: readonly number[]
}

const samplesOf = ({ rounds }: Row): readonly number[] => rounds.flat()

/** Whether a row has a time. */
export const isTimed = (row: Row): boolean => row.outcome === 'timed' && samplesOf(row).length > 0

const middleOf = (row: Row): number => median(samplesOf(row))

/** The fastest other row of the same workload. */
const bestOther = (row: Row, rows: readonly Row[]): Row | undefined =>
  rows
    .filter((other) => other !== row && other.workload === row.workload && isTimed(other))
    .reduce<Row | undefined>(
      (best, other) => (best === undefined || middleOf(other) < middleOf(best) ? other : best),
      undefined,
    )

/** The figures of a row, if it has any. */
export const figuresOf = (row: Row, rows: readonly Row[], peak?: Peak): Figures | undefined => {
  if (!isTimed(row)) return undefined
  const samples = samplesOf(row)
  const medianMs = median(samples)
  const { multiplyAdds = 0, bytes } = row
  const limits =
    peak === undefined
      ? []
      : [
          ...(multiplyAdds > 0 ? [(2 * multiplyAdds) / peak.gflops / 1e6] : []),
          ...(bytes === undefined ? [] : [bytes / peak.gbps / 1e6]),
        ]
  const other = bestOther(row, rows)
  return {
    medianMs,
    p10Ms: quantile(samples, 0.1),
    p90Ms: quantile(samples, 0.9),
    ...(multiplyAdds > 0 ? { gflops: (2 * multiplyAdds) / medianMs / 1e6 } : {}),
    ...(bytes === undefined ? {} : { gbps: bytes / medianMs / 1e6 }),
    ...(limits.length > 0 ? { shareOfPeak: Math.max(...limits) / medianMs } : {}),
    ...(other === undefined ? {} : { ratioToBestPeer: middleOf(other) / medianMs }),
    roundRatios:
      other === undefined
        ? []
        : row.rounds.flatMap((own, i) => {
            const theirs = other.rounds[i] ?? []
            return own.length === 0 || theirs.length === 0 ? [] : [median(theirs) / median(own)]
          }),
  }
}
