import type { Program } from '../../spec/program.js'
import type { Tensors } from '../../spec/tensor.js'

/** What is done with a program, one act after the other. */
export type Act =
  | { readonly what: 'run'; readonly program: Program; readonly feeds: Tensors; readonly watch?: readonly string[] }
  /** a session is opened under a name, with its state */
  | { readonly what: 'open'; readonly session: string; readonly program: Program; readonly state: Tensors }
  /**
   * `ahead`: feeds of the step to come, which go up while this one runs, one after the other, of which the last count;
   * `beside`: begun before what the step before it answers is asked for. Both where the session has that. `atOnce`: asked for
   * before whatever stands before it is answered, as any session allows
   */
  | {
      readonly what: 'step'
      readonly session: string
      readonly feeds: Tensors
      readonly ahead?: readonly Tensors[]
      readonly beside?: boolean
      readonly watch?: readonly string[]
      readonly atOnce?: boolean
    }
  /** another program is run on a session's state */
  | {
      readonly what: 'run on'
      readonly session: string
      readonly program: Program
      readonly feeds: Tensors
      readonly watch?: readonly string[]
      readonly atOnce?: boolean
    }
  /** a session's state is brought back */
  | { readonly what: 'state'; readonly session: string; readonly atOnce?: boolean }

/** A small program, and what is done with it to find out whether a backend runs it right. */
export interface Scenario {
  readonly name: string
  /** what it finds out */
  readonly about: string
  /** the program of its first act */
  readonly program: Program
  readonly acts: readonly Act[]
}

/** A scenario of some acts. */
export const scenario = (name: string, about: string, program: Program, acts: readonly Act[]): Scenario => ({
  name,
  about,
  program,
  acts,
})
