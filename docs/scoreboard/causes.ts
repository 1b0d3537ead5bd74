/** What a disagreement with the formula is, when somebody has looked at it. */
export type CauseClass = 'defect' | 'accuracy' | 'convention' | 'ours'

/** Why one or more libraries, ops or directions disagree, in our reading. */
export interface Cause {
  readonly class: CauseClass
  readonly library: string
  readonly title: string
  readonly reason: string
  /** the library's own documentation or tracker */
  readonly links?: readonly string[]
}

export const causes: Readonly<Record<string, Cause>> = {}
