import type { DeviceChoice } from '../../accelerated/index.js'
import type { Fingerprint } from '../../spec/backend.js'
import type { ExitCode } from '../exit.js'
import type { FromPart, ToPart } from '../partWork.js'

/** What Node and whoever works in a browser tell each other: what a part does, and what a replay does. */

/** What a browser cannot find out by itself. */
export interface Surroundings {
  /** what is known of the browser, for the fingerprint */
  readonly facts: Fingerprint
  /** versions of the libraries that are installed, by package */
  readonly versions: Readonly<Record<string, string>>
}

export type ToBrowser =
  | { readonly is: 'surroundings'; readonly surroundings: Surroundings }
  | {
      readonly is: 'replay'
      readonly texts: readonly string[]
      readonly device: DeviceChoice
      readonly backend: string
      readonly caseTimeout: number
      /** whether what is written is read on a terminal that has colours */
      readonly coloured: boolean
    }
  | ToPart

export type FromBrowser =
  | { readonly is: 'wrote'; readonly to: 'out' | 'err'; readonly text: string }
  | { readonly is: 'exit'; readonly code: ExitCode }
  | FromPart
