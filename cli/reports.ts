import { appendFile, stat } from 'node:fs/promises'
import { either as E } from 'fp-ts'
import { annotations, jobSummary, largestSummary } from '../conformance/github.js'
import { junitXml } from '../conformance/junit.js'
import { reportPage } from '../conformance/page.js'
import type { WrittenReport } from '../conformance/written.js'
import type { Result } from '../spec/error.js'
import { fail } from '../spec/error.js'
import type { Target } from './file.js'
import { writable, writeWhole } from './file.js'

/** Reports for people and for systems of continuous integration, beside the text and the lines of JSON. */
export interface ReportOptions {
  /** a file for JUnit's XML */
  readonly junit?: string
  /** a file for a page of HTML */
  readonly html?: string
  /** annotations and the summary of a job: as GitHub Actions has them, by default where it runs this */
  readonly github?: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

/** Where the reports go that were asked for. */
export interface Reports {
  readonly files: readonly {
    readonly target: Target
    readonly make: (report: WrittenReport) => string
  }[]
  readonly annotated: boolean
  /** the file of GitHub's that the summary is added to */
  readonly summary?: string
}

const makers = { junit: junitXml, html: reportPage } as const

const canAppend = (file: string): Promise<boolean> =>
  appendFile(file, '').then(
    () => true,
    () => false,
  )

/**
 * Finds out whether all that is asked for can be written.
 *
 * Errors  FileUnreadable – a file that cannot be written, or one that two reports would go to
 */
export const reportsFor = async (
  options: ReportOptions & { readonly json?: string | true },
  env: Environment,
): Promise<Result<Reports>> => {
  const { github, json } = options
  const annotated = github ?? env['GITHUB_ACTIONS'] === 'true'
  const files: Reports['files'][number][] = []
  const taken = typeof json === 'string' ? await writable(json) : undefined
  const names = taken !== undefined && E.isRight(taken) ? [taken.right.file] : []
  for (const kind of ['junit', 'html'] as const) {
    const name = options[kind]
    if (name === undefined) continue
    const target = await writable(name)
    if (E.isLeft(target)) return target
    if (target.right.plain && names.includes(target.right.file))
      return fail('FileUnreadable', `${name} cannot be written: it is to have another report`)
    names.push(target.right.file)
    files.push({ target: target.right, make: makers[kind] })
  }
  const summary = annotated ? env['GITHUB_STEP_SUMMARY'] : undefined
  if (summary === undefined || summary === '') return E.right({ files, annotated })
  if (await canAppend(summary)) return E.right({ files, annotated, summary })
  // who asked for it hears of it; where it goes without saying it is done without
  return github === true
    ? fail('FileUnreadable', `GITHUB_STEP_SUMMARY, ${summary}, cannot be written`)
    : E.right({ files, annotated })
}

/**
 * Writes the reports; `say` is given the lines that GitHub reads.
 *
 * Errors  FileUnreadable – one could not be written
 */
export const writeReports = async (
  { files, annotated, summary }: Reports,
  report: WrittenReport,
  say: (line: string) => void,
): Promise<Result<void>> => {
  if (annotated) annotations(report).forEach(say)
  for (const { target, make } of files) {
    const done = await writeWhole(target, make(report))
    if (E.isLeft(done)) return done
  }
  if (summary !== undefined) {
    try {
      const { size } = await stat(summary)
      await appendFile(summary, jobSummary(report, Math.max(0, largestSummary - size)))
    } catch (error) {
      return fail(
        'FileUnreadable',
        `${summary} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
  }
  return E.right(undefined)
}
