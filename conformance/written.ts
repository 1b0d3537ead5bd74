import { either as E } from 'fp-ts'
import type { Fingerprint } from '../spec/backend.js'
import { parseProgram } from '../spec/program.js'
import type { Covered } from './coverage/covered.js'
import type { Diagnosis } from './diagnosis.js'
import type { Case } from './form.js'
import { jsonText, parseCase, parseCases } from './form.js'
import type { Report, Verdict } from './line.js'
import type { ToldRepeats } from './probeReport.js'
import { printDifference, printProgramFailure, printSequence } from './probeReport.js'
import type { Place, Told, ToldGroup, ToldLine } from './failureReport.js'
import { printGroup } from './failureReport.js'
import { plain } from './text.js'
import type { About } from './reportJson.js'
import { jsonLine, jsonProgramLine, jsonSummary } from './reportJson.js'

/**
 * A report as its lines of JSON say it, read by whatever makes a page, a table or a file of it: one that was stored, or
 * merged from several, is as good as one that was just made.
 */

/** A number, or the word for one that JSON has not. */
export type Figure = number | string

export interface WrittenWorst {
  readonly ratio: Figure
  readonly error: Figure
  readonly bound: Figure
  readonly output: string
  readonly index: readonly number[]
  /** the case; of a program, the act and the node */
  readonly case?: string | undefined
}

/** What came and what was wanted. */
export interface WrittenJudgement {
  readonly output: string
  readonly index: readonly number[]
  readonly got: Figure
  readonly want: Figure
  readonly error?: Figure | undefined
  readonly bound?: Figure | undefined
  readonly ratio?: Figure | undefined
  readonly walks?: readonly WrittenWalk[] | undefined
  readonly problem?: string | undefined
  readonly late?: boolean | undefined
}

export interface WrittenFailure extends WrittenJudgement {
  readonly id: string
  readonly smallestId: string
  /** a case as `printCase` prints it */
  readonly smallest: unknown
}

/** An output whose errors stray too far. */
export interface WrittenWalk {
  readonly output: string
  readonly rms: Figure
  readonly max: Figure
  readonly limits: { readonly rms: Figure; readonly max: Figure }
}

export interface WrittenGroup {
  readonly traits: readonly string[]
  readonly failed: number
  readonly of: number
  readonly failure: WrittenFailure
  readonly diagnosis?: Diagnosis | undefined
  readonly snippet?: string | undefined
}

/** What a ledger of known failures says. */
export interface WrittenKnown {
  readonly reason: string
  readonly expires: string
  readonly traits?: readonly string[] | undefined
}

export interface WrittenLine {
  readonly op: string
  readonly direction: string
  readonly backend: string
  readonly translates?: readonly string[] | undefined
  readonly cases: number
  readonly refused: number
  readonly unsupported?: Readonly<Record<string, number>> | undefined
  readonly unasked?: number | undefined
  readonly failed: number
  readonly verdict: Verdict
  readonly judged: number
  readonly of: number
  readonly held: number
  readonly transformed?: number | undefined
  readonly covered?: Covered | undefined
  readonly worst?: WrittenWorst | undefined
  /** root mean square of error ÷ bound */
  readonly rms?: Figure | undefined
  readonly walk?: { readonly rms: Figure; readonly max: Figure; readonly judged: boolean } | undefined
  readonly repeats?:
    | {
        readonly asked: number
        readonly differed: number
        readonly failed: number
        readonly difference?:
          | {
              readonly case: unknown
              readonly output: string
              readonly index: readonly number[]
              readonly first: Figure
              readonly again: Figure
            }
          | undefined
      }
    | undefined
  readonly sequence?:
    (WrittenJudgement & { readonly cases: readonly unknown[]; readonly note?: string | undefined }) | undefined
  readonly nonFinite: string
  readonly grade?: string | undefined
  readonly groups?: readonly WrittenGroup[] | undefined
  /** what a ledger of known failures says of it, and is so */
  readonly expected?: readonly WrittenKnown[] | undefined
  /** what a ledger says of it, and is not so */
  readonly unexpected?: readonly WrittenKnown[] | undefined
  /** how long it took, where that is known */
  readonly seconds?: number | undefined
}

export interface WrittenProgram {
  readonly program: string
  readonly about: string
  readonly backend: string
  readonly cases: number
  readonly refused: number
  readonly unsupported?: string | undefined
  readonly failed: number
  readonly verdict: Verdict
  readonly judged: number
  readonly of: number
  readonly worst?: WrittenWorst | undefined
  readonly failure?:
    | {
        readonly at: string
        readonly node?: string | undefined
        readonly message: string
        readonly program: unknown
      }
    | undefined
  readonly seconds?: number | undefined
}

export interface WrittenSummary {
  readonly verdict: 'conformant' | 'not-conformant' | 'not-run'
  readonly backend: string
  readonly seed: number
  readonly profile: string
  readonly rounding: string
  readonly seconds: number
  readonly fingerprint: Fingerprint
  /** why not all was asked */
  readonly stopped?: string | undefined
  /** the command that replays a case */
  readonly replay?: string | undefined
}

export interface WrittenReport {
  readonly lines: readonly WrittenLine[]
  readonly programs: readonly WrittenProgram[]
  readonly summary: WrittenSummary
}

/** A report as it is written, with what its summary says of the run. */
export const written = (report: Report, seconds: number, about: About = {}): WrittenReport => ({
  lines: report.lines.map(jsonLine),
  programs: (report.programs ?? []).map(jsonProgramLine),
  summary: jsonSummary(report, seconds, about).summary,
})

/** Where a report's failures were seen. */
export const placeOf = ({ summary: { fingerprint, replay } }: WrittenReport): Place => ({
  fingerprint,
  ...(replay === undefined ? {} : { command: replay }),
})

/** What a figure is. */
export const figure = (value: Figure | undefined): number => (value === undefined ? NaN : Number(value))

const toldOf = ({ output, index, got, want, problem, late, walks = [], ...rest }: WrittenJudgement): Told => ({
  worst: {
    output,
    index,
    got: figure(got),
    want: figure(want),
    error: rest.error === undefined ? Math.abs(figure(got) - figure(want)) : figure(rest.error),
    bound: figure(rest.bound),
    ratio: figure(rest.ratio),
  },
  walks: walks.map((walk) => ({
    output: walk.output,
    rms: figure(walk.rms),
    max: figure(walk.max),
    limits: { rms: figure(walk.limits.rms), max: figure(walk.limits.max) },
    within: false,
  })),
  ...(problem === undefined ? {} : { problem }),
  ...(late === undefined ? {} : { late }),
})

/** A case of a written report, or nothing where it is of another version of the suite. */
export const caseOf = (value: unknown): Case | undefined => {
  const read = parseCase(jsonText(value))
  return E.isRight(read) ? read.right : undefined
}

/** Cases in a row. */
export const casesOf = (values: readonly unknown[]): readonly Case[] => {
  const read = parseCases(jsonText(values))
  return E.isRight(read) ? read.right : []
}

const toldGroups = (groups: readonly WrittenGroup[]): readonly ToldGroup[] =>
  groups.flatMap(({ failure, traits, failed, of, diagnosis, snippet }) => {
    const smallest = caseOf(failure.smallest)
    return smallest === undefined
      ? []
      : [
          {
            traits,
            failed,
            of,
            failure: { id: failure.id, smallest, judgement: toldOf(failure) },
            ...(diagnosis === undefined ? {} : { diagnosis }),
            ...(snippet === undefined ? {} : { snippet }),
          },
        ]
  })

/** A written line as its failures are told: as far as its cases can be read, which those of another version may not. */
export const toldLine = (line: WrittenLine): ToldLine & ToldRepeats => {
  const { backend, cases, translates, transformed, groups = [], sequence, repeats } = line
  const asked = sequence === undefined ? [] : casesOf(sequence.cases)
  const difference = repeats?.difference
  const differs = difference === undefined ? undefined : caseOf(difference.case)
  return {
    backend,
    cases,
    ...(translates === undefined ? {} : { translates }),
    ...(transformed === undefined ? {} : { transformed }),
    groups: toldGroups(groups),
    ...(sequence === undefined || asked.length === 0
      ? {}
      : {
          sequence: {
            cases: asked,
            judgement: toldOf(sequence),
            ...(sequence.note === undefined ? {} : { note: sequence.note }),
          },
        }),
    ...(repeats === undefined || difference === undefined || differs === undefined
      ? {}
      : {
          repeats: {
            asked: repeats.asked,
            differed: repeats.differed,
            difference: {
              asked: differs,
              output: difference.output,
              index: difference.index,
              first: figure(difference.first),
              again: figure(difference.again),
            },
          },
        }),
  }
}

/** All that is told of a line’s failures, one text each. */
export const failuresOf = (line: WrittenLine, place: Place, snippets = true): readonly string[] => {
  const told = toldLine(line)
  const unread = (line.groups ?? []).length - told.groups.length
  return [
    ...told.groups.map((group) => printGroup(group, told, place, plain, snippets)),
    ...(unread === 0 ? [] : [`${line.op} ${line.direction}: ${unread} more, of cases that this version cannot read`]),
    printSequence(told, place),
    line.verdict === 'not-deterministic' ? printDifference(told, place) : '',
  ].filter((text) => text !== '')
}

/** What a program went wrong by, where it did: with the program, as far as this version can read it. */
export const failureOfProgram = ({ program: name, about, failure }: WrittenProgram, place: Place): string => {
  if (failure === undefined) return ''
  const { at, message } = failure
  const program = parseProgram(failure.program)
  return E.isLeft(program)
    ? `program ${name}: ${about}\n    ${at}: ${message}`
    : printProgramFailure({ program: name, about, failure: { at, message, program: program.right } }, place)
}
